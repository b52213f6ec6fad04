// Commands on files: certificates and logs.
#include <boost/json.hpp>

#include <fmt/format.h>

#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"
#include "app/tandem/table.h"
#include "io/log_sqlite/log.h"
#include "io/pki/pki.h"

namespace tandem::cli {
namespace {

namespace json = boost::json;

// A file that is missing is this machine's trouble, no node's answer.
int cannot(Error error, bool as_json) {
  if (error.code == Errc::not_found) error.code = Errc::refused;
  return complain(error, as_json);
}

int issued(const pki::Issued& files, bool as_json) {
  if (as_json) {
    fmt::print("{}\n", json::serialize(json::object{{"cert", files.cert_file}, {"key", files.key_file}}));
  } else {
    fmt::print("certificate  {}\nprivate key  {}\n", files.cert_file, files.key_file);
  }
  return kDone;
}

std::string sequence_name(LogId log, Sequence sequence) {
  return fmt::format("node {}, incarnation {}, record {}", log.origin.value(), log.incarnation.value(),
                     sequence.value());
}

struct Looked {
  std::string name;
  std::string dir;
  Result<log_sqlite::Verified> found;
};

std::vector<std::string> damage_of(const log_sqlite::Verified& v) {
  std::vector<std::string> out;
  for (const auto& each : v.damaged) out.push_back("damaged: " + sequence_name(each.log, each.sequence));
  for (const KeyId key : v.keys_damaged) out.push_back("damaged: sealing key " + key.value().text());
  if (v.snapshots_damaged > 0) out.push_back("damaged: " + count(v.snapshots_damaged, "snapshot"));
  for (const std::string& each : v.structure) out.push_back("damaged: " + each);
  return out;
}

json::object to_json(const Looked& looked) {
  json::object out{{"name", looked.name}, {"dir", looked.dir}};
  if (!looked.found) {
    out["error"] = errc_name(looked.found.error().code);
    out["detail"] = looked.found.error().detail;
    return out;
  }
  const log_sqlite::Verified& v = *looked.found;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  json::array logs;
  for (const auto& one : v.logs) {
    records += one.records;
    bytes += one.bytes;
    logs.emplace_back(json::object{{"node", one.log.origin.value()},
                                   {"incarnation", std::to_string(one.log.incarnation.value())},
                                   {"truncated_to", one.base.value()},
                                   {"last", one.last.value()},
                                   {"records", one.records},
                                   {"bytes", one.bytes}});
  }
  out["whole"] = v.whole();
  out["records"] = records;
  out["bytes"] = bytes;
  out["keys"] = v.keys;
  out["keys_erased"] = v.keys_erased;
  out["snapshots"] = v.snapshots_whole;
  out["logs"] = std::move(logs);
  out["damage"] = json::value_from(damage_of(v));
  return out;
}

}  // namespace

int run(const PkiInit& init, const Invocation& call) {
  const auto made = pki::init(init.dir);
  return made ? issued(*made, call.json) : cannot(made.error(), call.json);
}

int run(const PkiIssue& issue, const Invocation& call) {
  const auto made = pki::issue(issue.dir, NodeId{issue.node}, issue.name, issue.hosts);
  return made ? issued(*made, call.json) : cannot(made.error(), call.json);
}

int run(const LogVerify& verify, const Invocation& call) {
  std::vector<Looked> all;
  if (!verify.dir.empty()) {
    all.push_back({verify.dir, verify.dir, log_sqlite::verify(verify.dir)});
  } else {
    const auto centre = existing_centre(call.dir);
    if (!centre) return complain(centre.error(), call.json);
    for (const CentreNode& node : centre->nodes) {
      const std::string dir = centre->data_dir(node).string();
      all.push_back({node.name(), dir, log_sqlite::verify(dir)});
    }
  }
  bool whole = true;
  json::array out;
  Table table({"LOG", "RECORDS", "BYTES", "LOGS", "KEYS", "SNAPSHOTS", "VERDICT"});
  std::vector<std::string> damage;
  for (const Looked& looked : all) {
    out.emplace_back(to_json(looked));
    if (!looked.found) {
      whole = false;
      table.add({looked.name, "-", "-", "-", "-", "-", looked.found.error().detail});
      continue;
    }
    const log_sqlite::Verified& v = *looked.found;
    whole = whole && v.whole();
    const json::object& said = out.back().get_object();
    table.add({looked.name, json::serialize(said.at("records")), json::serialize(said.at("bytes")),
               std::to_string(v.logs.size()), std::to_string(v.keys), std::to_string(v.snapshots_whole),
               v.whole() ? "whole" : "damaged"});
    for (const std::string& each : damage_of(v)) damage.push_back(looked.name + ": " + each);
  }
  if (call.json) {
    fmt::print("{}\n", json::serialize(json::object{{"whole", whole}, {"logs", std::move(out)}}));
  } else {
    fmt::print("{}", table.text());
    for (const std::string& each : damage) fmt::print("{}\n", each);
  }
  return whole ? kDone : kProblems;
}

}  // namespace tandem::cli
