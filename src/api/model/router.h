// Finds the operation a request is for. Works on the raw path and decodes what it finds in it, because a parameter may
// be a whole ARN with its slashes percent-encoded.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/model/description.h"
#include "base/error.h"

namespace tandem::model {

struct Route {
  const Operation* operation = nullptr;
  std::vector<std::string> path;                           // decoded, one per `operation->parameters`, in that order
  std::vector<std::pair<std::string, std::string>> query;  // decoded, in the order sent; names may repeat
};

class Router {
 public:
  // `description` must outlive the router.
  explicit Router(const Description& description);

  // `target` is the path and query as sent. A word of a template goes before a parameter in the same place.
  // Errors: not_found, no operation has this method and path; invalid, the target is not well percent-encoded.
  [[nodiscard]] Result<Route> route(std::string_view method, std::string_view target) const;

 private:
  struct Node {
    std::map<std::string, Node, std::less<>> words;
    std::unique_ptr<Node> parameter;
    std::map<std::string, const Operation*, std::less<>> by_method;
  };
  using Segments = std::vector<std::string>;
  static const Operation* find(const Node& node, const Segments& segments, std::size_t at, std::string_view method);

  Node root_;
};

}  // namespace tandem::model
