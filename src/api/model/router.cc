#include "api/model/router.h"

#include "base/check.h"
#include "codec/uri.h"

namespace tandem::model {

Router::Router(const Description& description) {
  for (const Operation& operation : description.operations()) {
    Node* node = &root_;
    for (const std::string& segment : operation.segments) {
      if (segment.empty()) {
        if (!node->parameter) node->parameter = std::make_unique<Node>();
        node = node->parameter.get();
      } else {
        node = &node->words[segment];
      }
    }
    const bool fresh = node->by_method.emplace(operation.method, &operation).second;
    TANDEM_CHECK(fresh);  // two operations of one method and path: the description is wrong
  }
}

const Operation* Router::find(const Node& node, const Segments& segments, std::size_t at, std::string_view method) {
  if (at == segments.size()) {
    const auto found = node.by_method.find(method);
    return found == node.by_method.end() ? nullptr : found->second;
  }
  const std::string& segment = segments[at];
  if (segment.empty()) return nullptr;
  if (const auto word = node.words.find(segment); word != node.words.end()) {
    if (const Operation* operation = find(word->second, segments, at + 1, method)) return operation;
  }
  return node.parameter ? find(*node.parameter, segments, at + 1, method) : nullptr;
}

Result<Route> Router::route(std::string_view method, std::string_view target) const {
  const auto unknown = [] { return fail(Errc::not_found, "no operation has this method and path"); };
  const auto question = target.find('?');
  std::string_view path = target.substr(0, question);
  if (!path.starts_with('/')) return unknown();
  path.remove_prefix(1);
  // Longer than any template: no need to look. It also bounds the work a hostile path can cause.
  constexpr std::size_t kSegmentsMax = 16;
  Segments segments;
  for (;;) {
    const auto end = path.find('/');
    auto segment = uri::decode(path.substr(0, end));
    if (!segment) return fail(Errc::invalid, "the path is not well percent-encoded");
    segments.push_back(std::move(*segment));
    if (segments.size() > kSegmentsMax) return unknown();
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  Route route;
  route.operation = find(root_, segments, 0, method);
  if (route.operation == nullptr) return unknown();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (route.operation->segments[i].empty()) route.path.push_back(std::move(segments[i]));
  }
  if (question != std::string_view::npos) {
    auto query = uri::parse_query(target.substr(question + 1));
    if (!query) return fail(Errc::invalid, "the query is not well percent-encoded");
    route.query = std::move(*query);
  }
  return route;
}

}  // namespace tandem::model
