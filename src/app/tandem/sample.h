// The sample contact centre: documents read from deploy/sample, with ids derived from their names.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "app/tandem/centre.h"
#include "base/error.h"

namespace tandem::cli {

class OpsClient;

struct SampleDocument {
  std::string kind;
  std::string name;
  Uuid id;
  std::map<std::string, std::string> set;  // as documents of the log have it; a password in the clear
};

[[nodiscard]] Uuid sample_id(const Uuid& instance, std::string_view kind, std::string_view name);

// The folder deploy/sample near this program. Errors: refused.
[[nodiscard]] Result<std::filesystem::path> sample_dir();
// In the order in which they can be created. Errors: not_found (a file), invalid, with the file and what is wrong.
[[nodiscard]] Result<std::vector<SampleDocument>> read_sample(const std::filesystem::path& dir, const Uuid& instance);

// Writes the access key and the documents into a centre that does not have them; what stands is left alone. `progress`
// is told the name of each before it is written. Errors: what the node says.
[[nodiscard]] Result<void> seed(const OpsClient& ops, const Centre& centre, const CentreNode& node, bool documents,
                                const std::function<void(const std::string&)>& progress);

}  // namespace tandem::cli
