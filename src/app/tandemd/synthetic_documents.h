// What synthetic contacts use: a flow and hours for all nodes, and for each node a queue, a routing profile and an
// agent of its own, so that none of them ever meets a real customer or agent.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/uuid.h"

namespace tandem::app {

struct SyntheticDocument {
  std::string kind;
  Uuid id;
  std::map<std::string, std::string> set;
};

[[nodiscard]] Uuid synthetic_id(const Uuid& instance, const std::string& kind, const std::string& name);
// In the order in which they can be made. `node`: its name; `password`: as the user's document keeps it.
[[nodiscard]] std::vector<SyntheticDocument> synthetic_documents(const Uuid& instance, const std::string& node,
                                                                 const std::string& password);

}  // namespace tandem::app
