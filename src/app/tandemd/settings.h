// What a daemon is started with: one YAML file. Everything else is configuration of the centre and lives in its log.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "core/decision.h"
#include "core/membership/records.h"

namespace tandem::app {

struct Listen {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
};

struct Settings {
  NodeId node;
  std::string region;
  bool hub = false;
  std::string data;     // directory of the log
  std::string account;  // 12 digits
  Uuid instance;
  std::string alias;
  std::string centre_key;  // secret reference
  Listen public_listen;    // Connect, participant and agent API
  Listen peer_listen;
  std::string peer_from;    // address that this node's own links come from; empty: as the system chooses
  std::string public_cert;  // empty: plain HTTP, allowed on loopback only
  std::string public_key;
  std::string peer_ca;
  std::string peer_cert;
  std::string peer_key;
  std::vector<membership::Member> members;       // the first list
  std::vector<membership::Member> others;        // who joined later, and where they are
  std::map<std::string, std::string> functions;  // Lambda ARN or name -> http(s) address
  std::string lambda_endpoint;                   // base address of a Lambda invoke endpoint; empty: none
  std::string geo_ip;                            // MaxMind database: where callers' addresses are; empty: not known
  std::string webhook;                           // http(s) address that is told of problems; empty: none
  std::string log_level = "info";
  std::uint32_t synthetic_every_s = 0;  // synthetic contacts of this node; 0: none
  Timers timers;
  std::uint64_t free_bytes_min = 128U << 20;
  bool faults = false;  // operators may make this node's disk slow or full and its clock wrong: for drills
};

// Errors: not_found, invalid (with the key's path in `detail`).
[[nodiscard]] Result<Settings> read_settings(const std::string& path);

// What a centre of so many members cannot do by itself, for whoever starts it; empty: nothing to say.
[[nodiscard]] std::string warning_about(std::size_t members);

}  // namespace tandem::app
