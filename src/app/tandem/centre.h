// A centre on this machine: one directory with everything its nodes need.
//
//   centre.yaml         the nodes and their ports; written once
//   centre.key          the secret that all nodes hold (0600)
//   access/ID.secret    secrets of access keys (0600)
//   pki/                a local authority and a certificate for each node
//   nodes/NAME/         settings.yaml and data/, the node's log
//   run/NAME.pid        who runs
//   logs/NAME.log       what the node says
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ids.h"

namespace tandem::cli {

struct CentreNode {
  NodeId node;
  std::string region;  // "hub" for the hub
  bool hub = false;
  std::uint16_t public_port = 0;
  std::uint16_t peer_port = 0;
  std::string called = {};  // empty: by its region
  bool joined = false;      // no founder: became a member later
  [[nodiscard]] const std::string& name() const { return called.empty() ? region : called; }
  // Where links that it opens come from, so that what is dropped between two nodes can be told from the rest.
  [[nodiscard]] std::string peer_from() const { return "127.0.0." + std::to_string(10 + node.value()); }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(public_port); }
  friend bool operator==(const CentreNode&, const CentreNode&) = default;
};

struct Centre {
  std::filesystem::path dir;
  std::string account;  // 12 digits
  Uuid instance;
  std::string alias;
  std::string access_key;
  std::uint32_t synthetic = 0;    // seconds between synthetic contacts of each node; 0: none
  std::string webhook;            // is told of problems; empty: nobody
  bool faults = false;            // drills may make disks slow or full and clocks wrong
  std::vector<CentreNode> nodes;  // the hub first
  std::vector<CentreNode> gone;   // members once; their ids are not given again

  [[nodiscard]] const CentreNode* find(std::string_view name) const;
  [[nodiscard]] const CentreNode* find(NodeId node) const;
  [[nodiscard]] const CentreNode& gateway() const { return nodes.front(); }
  [[nodiscard]] std::vector<const CentreNode*> regions() const;
  [[nodiscard]] std::string instance_arn(std::string_view region) const;

  [[nodiscard]] std::filesystem::path key_file() const { return dir / "centre.key"; }
  [[nodiscard]] std::filesystem::path secret_file() const { return dir / "access" / (access_key + ".secret"); }
  [[nodiscard]] std::filesystem::path settings_file(const CentreNode& n) const {
    return dir / "nodes" / n.name() / "settings.yaml";
  }
  [[nodiscard]] std::filesystem::path data_dir(const CentreNode& n) const { return dir / "nodes" / n.name() / "data"; }
  [[nodiscard]] std::filesystem::path pid_file(const CentreNode& n) const { return dir / "run" / (n.name() + ".pid"); }
  [[nodiscard]] std::filesystem::path log_file(const CentreNode& n) const { return dir / "logs" / (n.name() + ".log"); }
};

// TANDEM_DIR, else ~/.tandem.
[[nodiscard]] std::string default_dir();

// A hub and a node for each region, several for one that is named several times (REGION, REGION-2, ...), with ids from
// 1 and ports in blocks of ten from 7100 on; blocks in which a port is taken are passed over, all nodes together.
// Errors: invalid (a region's name, none, too many), refused (no free ports).
[[nodiscard]] Result<Centre> plan(const std::string& dir, const std::vector<std::string>& regions,
                                  const std::function<bool(std::uint16_t)>& port_free);
// One node more, with ports of its own. Errors: invalid (name, region), refused (no free ports).
[[nodiscard]] Result<CentreNode> plan_node(const Centre& centre, NodeId node, const std::string& name,
                                           const std::string& region,
                                           const std::function<bool(std::uint16_t)>& port_free);
// Gives all nodes new ports. Errors: refused.
[[nodiscard]] Result<void> choose_ports(Centre& centre, const std::function<bool(std::uint16_t)>& port_free);
[[nodiscard]] bool port_free(std::uint16_t port);  // on 127.0.0.1, now

// Errors: not_found (no centre in `dir`), denied (nobody may look), corrupt.
[[nodiscard]] Result<Centre> read_centre(const std::string& dir);
// For commands that need one: where there is no centre, nothing runs. Errors: unreachable, denied, corrupt.
[[nodiscard]] Result<Centre> existing_centre(const std::string& dir);
// Writes centre.yaml, keys, certificates and settings, whatever of it is missing; settings and centre.yaml always.
// Errors: denied, refused.
[[nodiscard]] Result<void> write_centre(const Centre& centre);
// Deletes what this program made in `dir`, and nothing else. Errors: denied.
[[nodiscard]] Result<void> delete_centre(const std::string& dir);

// The file that tandemd is started with.
[[nodiscard]] std::string settings_text(const Centre& centre, const CentreNode& node);

// Errors: not_found, denied (others may read it).
[[nodiscard]] Result<std::string> centre_key(const Centre& centre);
[[nodiscard]] Result<std::string> access_secret(const Centre& centre);

}  // namespace tandem::cli
