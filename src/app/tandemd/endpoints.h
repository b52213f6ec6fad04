// Everything a node answers over HTTP and WebSocket, as one handler.
#pragma once

#include <memory>

#include "codec/http.h"

namespace tandem::app {

class Runtime;

struct Endpoints {
  http::Handler handler;
  http::Accept accept;
  std::shared_ptr<void> keep;  // lives as long as requests may come
};

[[nodiscard]] Endpoints make_endpoints(Runtime& runtime);

}  // namespace tandem::app
