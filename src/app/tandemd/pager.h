// Brings alerts to a webhook: {"node", "name", "region", "at", "alerts": [{"key", "state", "severity", "text"}]}, until
// it answers with 2xx.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "app/tandemd/alerts.h"
#include "base/ids.h"
#include "io/http_client/client.h"

namespace tandem::app {

class Pager : public std::enable_shared_from_this<Pager> {
 public:
  struct Options {
    std::string url;
    NodeId node;
    std::string name;
    std::string region;
  };
  // `problems` asks the node what is wrong and may answer on any thread. `http` outlives every call.
  using Problems = std::function<void(std::function<void(std::vector<std::string>, bool leads)>)>;
  Pager(Options options, http::Client& http, Problems problems, std::function<Now()> clock,
        std::function<void(std::string)> warn);
  // Once a second; never waits.
  void look();

 private:
  void send();
  void sent(std::size_t count, const Result<http::Response>& answer);
  Options options_;
  http::Client& http_;
  Problems ask_;
  std::function<Now()> clock_;
  std::function<void(std::string)> warn_;
  std::mutex mutex_;
  Alerts alerts_;
  bool sending_ = false;
  int failures_ = 0;  // in a row
  Mono again_;        // not before
};

}  // namespace tandem::app
