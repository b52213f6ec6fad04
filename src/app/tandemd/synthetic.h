// Synthetic contacts of this node: every few seconds it is a customer and an agent at its own public address, and so
// knows whether it serves (docs/decisions). A fresh chat and a fresh task run through the flow, the queue and the
// agent's desktop; between those, the chat that stands carries a word each way, which costs a fraction.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/host.h"
#include "cluster/frames.h"

namespace tandem::app {

inline constexpr int kSyntheticFreshEvery = 12;  // of so many rounds one is fresh

class Synthetic {
 public:
  struct Options {
    std::chrono::milliseconds every{};
    NodeId number;
    std::string node;     // name
    std::string region;   // that requests are signed for
    std::string url;      // where clients reach this node
    std::string ca_file;  // PEM, for https://
    Uuid instance;
    std::string data;  // directory for the secret of its access key
  };
  struct Reading {
    cluster::Synthetic said;  // for the others
    std::uint64_t served = 0;
    std::uint64_t failed = 0;
    std::string problem;  // in plain words; empty: none
  };

  // `host` outlives it; `stop` before the host stops.
  Synthetic(Options options, api::Host& host);
  ~Synthetic();
  Synthetic(const Synthetic&) = delete;
  Synthetic& operator=(const Synthetic&) = delete;

  void stop();
  [[nodiscard]] Reading reading() const;  // from any thread

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  bool stopped_ = false;
};

}  // namespace tandem::app
