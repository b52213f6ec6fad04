#include "app/tandem/sample.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "app/tandem/ops_client.h"
#include "app/tandem/processes.h"
#include "io/password/password.h"

namespace tandem::cli {
namespace {

namespace fs = std::filesystem;

struct Bad {
  std::string what;
};

// Which fields hold the name of another document, and of which kind.
struct Reference {
  std::string_view kind;
  std::string_view field;
  std::string_view to;
};
constexpr Reference kReferences[] = {
    {"queue", "hours", "hours"},
    {"routing_profile", "default_outbound_queue", "queue"},
    {"user", "routing_profile", "routing_profile"},
};

std::string read_text(const fs::path& file) {
  std::ifstream in(file);
  if (!in) throw Bad{"cannot read " + file.string()};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// {{queue:support}} becomes the queue's id.
std::string fill_in(std::string text, const Uuid& instance) {
  for (std::size_t from = 0; (from = text.find("{{", from)) != std::string::npos;) {
    const auto end = text.find("}}", from);
    const auto colon = text.find(':', from);
    if (end == std::string::npos || colon > end) throw Bad{"'{{' without a 'kind:name}}' after it"};
    const std::string kind = text.substr(from + 2, colon - from - 2);
    const std::string name = text.substr(colon + 1, end - colon - 1);
    text.replace(from, end + 2 - from, sample_id(instance, kind, name).text());
  }
  return text;
}

void read_fields(SampleDocument& out, const YAML::Node& node, const fs::path& dir, const Uuid& instance) {
  for (const auto& entry : node) {
    const auto field = entry.first.as<std::string>();
    const YAML::Node& value = entry.second;
    if (field == "content_file") {
      out.set["content"] = fill_in(read_text(dir / value.as<std::string>()), instance);
    } else if (field == "open") {
      for (const auto& day : value) {
        std::size_t n = 0;
        for (const auto& slice : day.second) {
          out.set["open." + day.first.as<std::string>() + "." + std::to_string(n++)] = slice.as<std::string>();
        }
      }
    } else if (field == "concurrency") {
      for (const auto& channel : value) {
        out.set["concurrency." + channel.first.as<std::string>()] = channel.second.as<std::string>();
      }
    } else if (field == "queues") {
      for (const auto& queue : value) {
        const std::string id = sample_id(instance, "queue", queue.first.as<std::string>()).text();
        for (const auto& channel : queue.second) {
          out.set["queue." + id + "." + channel.first.as<std::string>()] = channel.second.as<std::string>();
        }
      }
    } else if (field == "security") {
      for (const auto& profile : value) {
        out.set["security." + sample_id(instance, "security_profile", profile.as<std::string>()).text()] = "1";
      }
    } else {
      out.set[field] = value.as<std::string>();
    }
  }
  for (const Reference& reference : kReferences) {
    const auto at = out.set.find(std::string(reference.field));
    if (reference.kind == out.kind && at != out.set.end()) {
      at->second = sample_id(instance, reference.to, at->second).text();
    }
  }
}

void read_file(std::vector<SampleDocument>& out, const fs::path& file, const Uuid& instance) {
  const YAML::Node root = YAML::LoadFile(file.string());
  if (!root["apiVersion"] || root["apiVersion"].as<std::string>() != "tandem/v1") {
    throw Bad{"'apiVersion' must be tandem/v1"};
  }
  const auto kind = root["kind"].as<std::string>();
  for (const YAML::Node& node : root["documents"]) {
    SampleDocument& document = out.emplace_back();
    document.kind = kind;
    read_fields(document, node, file.parent_path(), instance);
    document.name = document.set[kind == "user" ? "username" : "name"];
    if (document.name.empty()) throw Bad{"a document without a name"};
    document.id = sample_id(instance, kind, document.name);
  }
}

}  // namespace

Uuid sample_id(const Uuid& instance, std::string_view kind, std::string_view name) {
  return derive_uuid(instance, "sample " + std::string(kind) + " " + std::string(name));
}

Result<fs::path> sample_dir() {
  if (const char* given = std::getenv("TANDEM_SAMPLE"); given != nullptr && *given != '\0') return fs::path(given);
  for (fs::path at = own_dir(); at.has_relative_path(); at = at.parent_path()) {
    std::error_code ignored;
    if (fs::exists(at / "deploy" / "sample" / "70-flows.yaml", ignored)) return at / "deploy" / "sample";
  }
  return fail(Errc::refused, "no deploy/sample in any folder above this program; TANDEM_SAMPLE may name it");
}

Result<std::vector<SampleDocument>> read_sample(const fs::path& dir, const Uuid& instance) {
  std::vector<fs::path> files;
  std::error_code bad;
  for (const auto& entry : fs::directory_iterator(dir, bad)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  if (bad || files.empty()) return fail(Errc::not_found, "no documents in " + dir.string());
  std::ranges::sort(files);  // their numbers say what must stand first
  std::vector<SampleDocument> out;
  for (const fs::path& file : files) {
    try {
      read_file(out, file, instance);
    } catch (const YAML::Exception& e) {
      return fail(Errc::invalid, file.string() + ": " + e.what());
    } catch (const Bad& e) {
      return fail(Errc::invalid, file.string() + ": " + e.what);
    }
  }
  return out;
}

Result<void> seed(const OpsClient& ops, const Centre& centre, const CentreNode& node, bool documents,
                  const std::function<void(const std::string&)>& progress) {
  const std::string marker = "documents/instance/" + centre.instance.text();
  const auto there = ops.get(node, marker);
  if (there) return {};
  if (there.error().code != Errc::not_found) return std::unexpected(there.error());

  progress("access key " + centre.access_key);
  const auto key = ops.put(node, "access-keys/" + centre.access_key,
                           {{"secret", "file:" + centre.secret_file().string()}, {"principal", "sample-operator"}});
  if (!key) return std::unexpected(key.error());

  std::vector<SampleDocument> all;
  if (documents) {
    const auto dir = sample_dir();
    if (!dir) return std::unexpected(dir.error());
    auto read = read_sample(*dir, centre.instance);
    if (!read) return std::unexpected(read.error());
    all = std::move(*read);
  }
  std::map<std::string, std::string> hashes;  // the sample's users share a password, and hashing takes its time
  for (SampleDocument& document : all) {
    progress(document.kind + " " + document.name);
    if (const auto password = document.set.find("password"); password != document.set.end()) {
      std::string& hash = hashes[password->second];
      if (hash.empty()) {
        auto hashed = password::hash_now(password->second);
        if (!hashed) return std::unexpected(hashed.error());
        hash = std::move(*hashed);
      }
      password->second = hash;
    }
    json::object set;
    for (const auto& [field, value] : document.set) set[field] = value;
    const auto put = ops.put(node, "documents/" + document.kind + "/" + document.id.text(), {{"set", std::move(set)}});
    if (!put) return fail(put.error().code, document.kind + " " + document.name + ": " + put.error().detail);
  }
  // Last: a centre that was interrupted half-way is completed by the next `up`.
  const auto done =
      ops.put(node, marker,
              {{"set", {{"alias", centre.alias}, {"account", centre.account}, {"sample", documents ? "1" : "0"}}}});
  if (!done) return std::unexpected(done.error());
  return {};
}

}  // namespace tandem::cli
