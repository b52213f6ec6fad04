// Everything a node answers over HTTP and WebSocket, as one handler.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "codec/http.h"

namespace tandem::app {

class Runtime;

struct Endpoints {
  http::Handler handler;
  http::Accept accept;
  // What is wrong, as `status` says it; `leads`: this node is the first of those that answer.
  std::function<void(std::function<void(std::vector<std::string>, bool leads)>)> problems;
  std::shared_ptr<void> keep;  // lives as long as requests may come
};

[[nodiscard]] Endpoints make_endpoints(Runtime& runtime);

}  // namespace tandem::app
