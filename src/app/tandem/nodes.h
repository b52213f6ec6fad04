// The processes of a centre's nodes on this machine: started, waited for, stopped.
#pragma once

#include <string>
#include <vector>

#include "app/tandem/centre.h"
#include "app/tandem/ops_client.h"
#include "app/tandem/processes.h"

namespace tandem::cli {

// What happens, line by line on stderr; nothing for programs.
class Told {
 public:
  explicit Told(bool quiet);
  void line(const std::string& text) const;
  // Replaces itself where there is a terminal.
  void progress(const std::string& text) const;
  void clear() const { progress(""); }

 private:
  bool quiet_;
  bool terminal_;
};

// The nodes of these names; all, when none is given. Errors: invalid.
[[nodiscard]] Result<std::vector<const CentreNode*>> chosen(const Centre& centre, const std::vector<std::string>& only);

struct Started {
  const CentreNode* node;
  Process process;
};
// Those that do not run yet, with the tandemd of `programs`: this program's own directory, or that of another version.
// Errors: those of `start`; denied.
[[nodiscard]] Result<std::vector<Started>> start_nodes(const Centre& centre,
                                                       const std::vector<const CentreNode*>& nodes,
                                                       const std::filesystem::path& programs = own_dir());
// Errors: refused (one ended, with the end of its log), timed_out.
[[nodiscard]] Result<void> wait_ready(const Centre& centre, const OpsClient& ops, const std::vector<Started>& started,
                                      const Told& told);
// Asks, and kills those that do not go; how many ran. Errors: timed_out.
[[nodiscard]] Result<std::size_t> stop_nodes(const Centre& centre, const std::vector<const CentreNode*>& nodes,
                                             bool kill, const Told& told);

// What `GET regions` says of a node; empty when it says nothing.
[[nodiscard]] json::object node_in(const json::object& regions, const std::string& name);
// Until nothing is left with the node, or until it serves; tells on the way what is left, or how far it is.
// Errors: timed_out.
[[nodiscard]] Result<void> wait_standing(const OpsClient& ops, const std::string& name, bool empty, const Told& told);

}  // namespace tandem::cli
