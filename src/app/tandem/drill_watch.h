// What the nodes of a centre say while a drill goes on: asked again and again on a thread of its own.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "app/tandem/ops_client.h"
#include "io/net/loop.h"

namespace tandem::cli {

class DrillWatch {
 public:
  struct Seen {
    net::Clock::time_point at;
    std::string words;
  };
  DrillWatch(const Centre& centre, const OpsClient& ops);
  ~DrillWatch();
  DrillWatch(const DrillWatch&) = delete;
  DrillWatch& operator=(const DrillWatch&) = delete;

  // The nodes of a region that a fault is made of are expected to be missed, and nobody believes what they say of
  // others.
  void expect(const std::string& region);
  // It may be slow or silent now and then; its silence is no trouble, and what it says of others does not count.
  void excuse(const std::string& region);
  void expect_no_more(const std::string& region);  // it may take a moment to come back, which is no trouble

  // Everything that was seen for the first time since the last call.
  [[nodiscard]] std::vector<Seen> news();
  // When a node first said that it does not reach one of the expected.
  [[nodiscard]] std::optional<net::Clock::time_point> missed() const;
  // A node that nobody expected to be missed is: in words.
  [[nodiscard]] std::optional<std::string> trouble() const;

 private:
  void run(const std::stop_token& stop);
  void look(const CentreNode& node);

  const Centre& centre_;
  const OpsClient& ops_;
  mutable std::mutex mutex_;
  std::set<std::string> expected_;
  std::set<std::string> excused_;
  std::vector<Seen> news_;
  std::set<std::string> told_;
  std::optional<net::Clock::time_point> missed_;
  std::map<std::string, net::Clock::time_point> worried_;  // about whom, since when
  std::optional<std::string> trouble_;
  std::jthread thread_;
};

}  // namespace tandem::cli
