// A local authority and the certificates of nodes, for centres that bring none of their own. Keys are EC P-256, files
// are PEM; a private key's file has mode 0600. A node's certificate names its id (SAN URI tandem:node:<id>), serves
// both ends of a link between nodes, and public listeners too.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace tandem::pki {

struct Issued {
  std::string cert_file;
  std::string key_file;
};

// Makes `dir` if need be, and in it ca.key and ca.pem, valid for ten years.
// Errors: already_exists (either file is there; nothing is touched), denied (permissions), refused (other disk
// trouble).
[[nodiscard]] Result<Issued> init(const std::string& dir);

// Makes <name>.key and <name>.pem in `dir`, signed by the authority there, valid for 825 days. `hosts`: DNS names and
// IP addresses that clients will use. `name`: letters, digits, '-', '_' and '.', not "ca". Errors: invalid (name, id 0,
// host), not_found (no authority in `dir`), already_exists, denied, refused.
[[nodiscard]] Result<Issued> issue(const std::string& dir, NodeId node, const std::string& name,
                                   const std::vector<std::string>& hosts);

}  // namespace tandem::pki
