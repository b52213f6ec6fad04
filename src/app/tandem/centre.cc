#include "app/tandem/centre.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>

#include "codec/crypto.h"
#include "io/key_store/key_store.h"
#include "io/net/socket.h"
#include "io/pki/pki.h"

namespace tandem::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint16_t kFirstPort = 7100;
constexpr std::uint16_t kPortStep = 10;    // from node to node
constexpr std::uint16_t kBlockStep = 500;  // to the next try for all of them
constexpr std::size_t kRegionsMax = 40;

// False also where nobody may look: what is done next to the file then says why not.
bool there(const fs::path& path) {
  std::error_code bad;
  return fs::exists(path, bad);
}

Result<void> make_dir(const fs::path& dir) {
  std::error_code bad;
  fs::create_directories(dir, bad);
  if (bad) return fail(Errc::denied, "cannot make " + dir.string() + ": " + bad.message());
  ::chmod(dir.c_str(), 0700);
  return {};
}

// In one step: a reader sees the old file or the new one.
Result<void> write_file(const fs::path& path, const std::string& text, mode_t mode) {
  const std::string next = path.string() + ".new";
  ::unlink(next.c_str());
  const int fd = ::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return fail(Errc::denied, "cannot write " + next);
  const bool whole = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool kept = ::fsync(fd) == 0;
  ::close(fd);
  if (!whole || !kept || ::rename(next.c_str(), path.c_str()) != 0) {
    return fail(Errc::refused, "cannot write " + path.string());
  }
  return {};
}

Result<void> make_secret(const fs::path& path, std::size_t bytes) {
  if (there(path)) return {};
  return write_file(path, crypto::base64url(crypto::random_bytes(bytes)) + "\n", 0600);
}

bool region_name(const std::string& text) {
  const bool plain =
      std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
  return plain && text.size() <= 32 && text.find('-') != std::string::npos && text.front() != '-' && text.back() != '-';
}

Result<void> issue_certificates(const Centre& centre) {
  const std::string dir = (centre.dir / "pki").string();
  if (!there(centre.dir / "pki" / "ca.pem")) {
    if (const auto made = pki::init(dir); !made) return std::unexpected(made.error());
  }
  for (const CentreNode& node : centre.nodes) {
    if (there(centre.dir / "pki" / (node.name() + ".pem"))) continue;
    const auto issued = pki::issue(dir, node.node, node.name(), {"localhost", "127.0.0.1"});
    if (!issued) return std::unexpected(issued.error());
  }
  return {};
}

}  // namespace

std::string default_dir() {
  if (const char* given = std::getenv("TANDEM_DIR"); given != nullptr && *given != '\0') return given;
  const char* home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') {
    const passwd* user = ::getpwuid(::getuid());
    home = user != nullptr ? user->pw_dir : "/tmp";
  }
  return std::string(home) + "/.tandem";
}

const CentreNode* Centre::find(std::string_view name) const {
  const auto at = std::ranges::find(nodes, name, [](const CentreNode& n) -> std::string_view { return n.name(); });
  return at == nodes.end() ? nullptr : &*at;
}

const CentreNode* Centre::find(NodeId node) const {
  const auto at = std::ranges::find(nodes, node, &CentreNode::node);
  return at == nodes.end() ? nullptr : &*at;
}

std::vector<const CentreNode*> Centre::regions() const {
  std::vector<const CentreNode*> out;
  for (const CentreNode& node : nodes) {
    if (!node.hub) out.push_back(&node);
  }
  return out;
}

std::string Centre::instance_arn(std::string_view region) const {
  return "arn:aws:connect:" + std::string(region) + ":" + account + ":instance/" + instance.text();
}

bool port_free(std::uint16_t port) { return net::listen_on("127.0.0.1", port).has_value(); }

Result<void> choose_ports(Centre& centre, const std::function<bool(std::uint16_t)>& free) {
  for (std::uint32_t first = kFirstPort; first < 30'000; first += kBlockStep) {
    bool all = true;
    for (std::size_t n = 0; n < centre.nodes.size() && all; ++n) {
      const auto port = static_cast<std::uint16_t>(first + n * kPortStep);
      centre.nodes[n].public_port = port;
      centre.nodes[n].peer_port = static_cast<std::uint16_t>(port + 1);
      all = free(port) && free(static_cast<std::uint16_t>(port + 1));
    }
    if (all) return {};
  }
  return fail(Errc::refused, "no free ports on 127.0.0.1 between 7100 and 30000");
}

Result<Centre> plan(const std::string& dir, const std::vector<std::string>& regions,
                    const std::function<bool(std::uint16_t)>& free) {
  if (regions.empty() || regions.size() > kRegionsMax) return fail(Errc::invalid, "a centre has 1 to 40 regions");
  Centre out;
  out.dir = fs::absolute(dir).lexically_normal();
  out.account = "123456789012";
  out.alias = "sample";
  // The same in every sample, so that what is written about it can name ids.
  out.instance = derive_uuid(Uuid{}, "tandem sample centre");
  out.access_key = "AKIATANDEMSAMPLE0001";
  out.nodes.push_back({NodeId{1}, "hub", true, 0, 0});
  std::map<std::string, int> nodes;
  for (const std::string& region : regions) {
    if (!region_name(region)) return fail(Errc::invalid, "'" + region + "' is not the name of an AWS region");
    const auto id = static_cast<std::uint16_t>(out.nodes.size() + 1);
    out.nodes.push_back({NodeId{id}, region, false, 0, 0});
    if (++nodes[region] > 1) out.nodes.back().called = region + "-" + std::to_string(nodes[region]);
  }
  if (const auto good = choose_ports(out, free); !good) return std::unexpected(good.error());
  return out;
}

Result<CentreNode> plan_node(const Centre& centre, NodeId node, const std::string& name, const std::string& region,
                             const std::function<bool(std::uint16_t)>& free) {
  if (!region_name(region)) return fail(Errc::invalid, "'" + region + "' is not the name of an AWS region");
  if (!region_name(name)) {
    return fail(Errc::invalid, "'" + name + "' is no name for a node: small letters, digits and '-', like us-east-1-2");
  }
  if (centre.find(name) != nullptr) return fail(Errc::invalid, "the centre has a node " + name + " already");
  CentreNode out{.node = node, .region = region, .joined = true};
  if (name != region) out.called = name;
  std::uint16_t last = kFirstPort;
  for (const CentreNode& each : centre.nodes) last = std::max(last, each.public_port);
  for (std::uint32_t port = last + kPortStep; port < 30'000; port += kPortStep) {
    out.public_port = static_cast<std::uint16_t>(port);
    out.peer_port = static_cast<std::uint16_t>(port + 1);
    if (free(out.public_port) && free(out.peer_port)) return out;
  }
  return fail(Errc::refused, "no free ports on 127.0.0.1 up to 30000");
}

std::string settings_text(const Centre& centre, const CentreNode& self) {
  const auto own = [&](const fs::path& path) { return path.string(); };
  YAML::Emitter out;
  const auto pair = [&](const char* key, const auto& value) { out << YAML::Key << key << YAML::Value << value; };
  out << YAML::Comment("Written by `tandem up`: changes are overwritten.");
  out << YAML::BeginMap;
  pair("node", self.node.value());
  pair("region", self.region);
  pair("hub", self.hub);
  pair("data", own(centre.data_dir(self)));
  out << YAML::Key << "centre" << YAML::Value << YAML::BeginMap;
  out << YAML::Key << "account" << YAML::Value << YAML::DoubleQuoted << centre.account;
  pair("instance", centre.instance.text());
  pair("alias", centre.alias);
  pair("key", "file:" + own(centre.key_file()));
  out << YAML::EndMap;
  out << YAML::Key << "listen" << YAML::Value << YAML::BeginMap;
  pair("public", "127.0.0.1:" + std::to_string(self.public_port));
  pair("peer", "127.0.0.1:" + std::to_string(self.peer_port));
  pair("peer_from", self.peer_from());
  out << YAML::EndMap;
  out << YAML::Key << "peer_tls" << YAML::Value << YAML::BeginMap;
  pair("ca", own(centre.dir / "pki" / "ca.pem"));
  pair("cert", own(centre.dir / "pki" / (self.name() + ".pem")));
  pair("key", own(centre.dir / "pki" / (self.name() + ".key")));
  out << YAML::EndMap;
  out << YAML::Key << "members" << YAML::Value << YAML::BeginSeq;
  std::vector<CentreNode> listed = centre.nodes;
  std::ranges::copy_if(centre.gone, std::back_inserter(listed), [](const CentreNode& n) { return !n.joined; });
  for (const CentreNode& node : listed) {
    out << YAML::BeginMap;
    pair("node", node.node.value());
    pair("name", node.name());
    pair("region", node.region);
    pair("hub", node.hub);
    if (node.joined) pair("joined", true);
    pair("peer", "127.0.0.1:" + std::to_string(node.peer_port));
    pair("public", node.url());
    out << YAML::EndMap;
  }
  out << YAML::EndSeq;
  if (centre.synthetic > 0) pair("synthetic_every_s", centre.synthetic);
  if (!centre.webhook.empty()) {
    out << YAML::Key << "alerts" << YAML::Value << YAML::BeginMap;
    pair("webhook", centre.webhook);
    out << YAML::EndMap;
  }
  if (centre.faults) pair("faults", true);
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

Result<Centre> read_centre(const std::string& dir) {
  Centre out;
  out.dir = fs::absolute(dir).lexically_normal();
  const fs::path file = out.dir / "centre.yaml";
  std::error_code bad;
  const bool found = fs::exists(file, bad);
  if (bad) return fail(Errc::denied, "cannot look into " + out.dir.string() + ": " + bad.message());
  if (!found) return fail(Errc::not_found, "there is no centre in " + out.dir.string());
  try {
    const YAML::Node root = YAML::LoadFile(file.string());
    out.account = root["account"].as<std::string>();
    const auto instance = parse_uuid(root["instance"].as<std::string>());
    if (!instance) return fail(Errc::corrupt, file.string() + ": 'instance' is not a UUID");
    out.instance = *instance;
    out.alias = root["alias"].as<std::string>();
    out.access_key = root["access_key"].as<std::string>();
    if (root["synthetic"]) out.synthetic = root["synthetic"].as<std::uint32_t>();
    if (root["webhook"]) out.webhook = root["webhook"].as<std::string>();
    out.faults = root["faults"] && root["faults"].as<bool>();
    for (const YAML::Node& node : root["nodes"]) {
      const bool gone = node["gone"] && node["gone"].as<bool>();
      (gone ? out.gone : out.nodes)
          .push_back({NodeId{node["node"].as<std::uint16_t>()}, node["region"].as<std::string>(),
                      node["hub"].as<bool>(), node["public_port"].as<std::uint16_t>(),
                      node["peer_port"].as<std::uint16_t>(), node["name"] ? node["name"].as<std::string>() : "",
                      node["joined"] && node["joined"].as<bool>()});
    }
  } catch (const YAML::Exception& e) {
    return fail(Errc::corrupt, file.string() + ": " + e.what());
  }
  if (out.nodes.empty()) return fail(Errc::corrupt, file.string() + " names no nodes");
  return out;
}

Result<Centre> existing_centre(const std::string& dir) {
  auto centre = read_centre(dir);
  if (!centre && centre.error().code == Errc::not_found) {
    return fail(Errc::unreachable, centre.error().detail + "; `tandem up` makes one");
  }
  return centre;
}

Result<void> write_centre(const Centre& centre) {
  for (const char* sub : {"", "access", "run", "logs", "nodes"}) {
    if (const auto made = make_dir(centre.dir / sub); !made) return made;
  }
  if (const auto made = make_secret(centre.key_file(), 48); !made) return made;
  if (const auto made = make_secret(centre.secret_file(), 30); !made) return made;
  if (const auto issued = issue_certificates(centre); !issued) return issued;
  YAML::Emitter out;
  out << YAML::BeginMap;
  out << YAML::Key << "account" << YAML::Value << YAML::DoubleQuoted << centre.account;
  out << YAML::Key << "instance" << YAML::Value << centre.instance.text();
  out << YAML::Key << "alias" << YAML::Value << centre.alias;
  out << YAML::Key << "access_key" << YAML::Value << centre.access_key;
  if (centre.synthetic > 0) out << YAML::Key << "synthetic" << YAML::Value << centre.synthetic;
  if (!centre.webhook.empty()) out << YAML::Key << "webhook" << YAML::Value << centre.webhook;
  if (centre.faults) out << YAML::Key << "faults" << YAML::Value << true;
  out << YAML::Key << "nodes" << YAML::Value << YAML::BeginSeq;
  const auto list = [&](const CentreNode& node, bool gone) {
    out << YAML::BeginMap;
    out << YAML::Key << "node" << YAML::Value << node.node.value();
    if (!node.called.empty()) out << YAML::Key << "name" << YAML::Value << node.called;
    out << YAML::Key << "region" << YAML::Value << node.region;
    out << YAML::Key << "hub" << YAML::Value << node.hub;
    if (node.joined) out << YAML::Key << "joined" << YAML::Value << true;
    if (gone) out << YAML::Key << "gone" << YAML::Value << true;
    out << YAML::Key << "public_port" << YAML::Value << node.public_port;
    out << YAML::Key << "peer_port" << YAML::Value << node.peer_port;
    out << YAML::EndMap;
  };
  for (const CentreNode& node : centre.nodes) {
    if (const auto made = make_dir(centre.dir / "nodes" / node.name()); !made) return made;
    if (const auto made = write_file(centre.settings_file(node), settings_text(centre, node), 0600); !made) return made;
    list(node, false);
  }
  for (const CentreNode& node : centre.gone) list(node, true);
  out << YAML::EndSeq << YAML::EndMap;
  // Last: a directory without this file is no centre, and an interrupted first start begins again.
  return write_file(centre.dir / "centre.yaml", std::string(out.c_str()) + "\n", 0600);
}

Result<void> delete_centre(const std::string& dir) {
  std::error_code bad;
  for (const char* part : {"centre.yaml", "centre.key", "access", "pki", "nodes", "run", "logs", "drill"}) {
    fs::remove_all(fs::path(dir) / part, bad);
    if (bad) return fail(Errc::denied, "cannot delete " + (fs::path(dir) / part).string() + ": " + bad.message());
  }
  return {};
}

Result<std::string> centre_key(const Centre& centre) { return read_secret("file:" + centre.key_file().string()); }
Result<std::string> access_secret(const Centre& centre) { return read_secret("file:" + centre.secret_file().string()); }

}  // namespace tandem::cli
