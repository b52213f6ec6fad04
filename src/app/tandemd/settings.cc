#include "app/tandemd/settings.h"

#include <yaml-cpp/yaml.h>

#include <fstream>

namespace tandem::app {
namespace {

struct Bad {
  std::string what;
};

YAML::Node need(const YAML::Node& at, const std::string& key) {
  if (!at.IsMap() || !at[key]) throw Bad{"'" + key + "' is missing"};
  return at[key];
}

template <class T>
T value(const YAML::Node& at, const std::string& key) {
  try {
    return need(at, key).as<T>();
  } catch (const YAML::Exception&) {
    throw Bad{"'" + key + "' has a value of the wrong kind"};
  }
}
template <class T>
T value_or(const YAML::Node& at, const std::string& key, T otherwise) {
  return at.IsMap() && at[key] ? value<T>(at, key) : otherwise;
}

Listen listen(const YAML::Node& at, const std::string& key) {
  const std::string text = value<std::string>(at, key);
  const auto colon = text.rfind(':');
  const int port = colon == std::string::npos ? -1 : std::atoi(text.c_str() + colon + 1);
  if (port < 0 || port > 65535) throw Bad{"'" + key + "' must be ADDRESS:PORT"};
  return {text.substr(0, colon), static_cast<std::uint16_t>(port)};
}

membership::Member member(const YAML::Node& at) {
  membership::Member m;
  m.node = NodeId{value<std::uint16_t>(at, "node")};
  m.region = value<std::string>(at, "region");
  m.hub = value_or(at, "hub", false);
  m.peer_address = value<std::string>(at, "peer");
  m.public_url = value<std::string>(at, "public");
  m.name = value_or<std::string>(at, "name", "");
  if (m.name == membership::name_of({.region = m.region, .hub = m.hub})) m.name.clear();  // as in lists without names
  return m;
}

void read_timers(const YAML::Node& at, Timers& timers) {
  const std::pair<const char*, std::chrono::milliseconds*> all[] = {
      {"offer_ms", &timers.offer},   {"ring_ms", &timers.ring},           {"move_ms", &timers.move},
      {"grace_ms", &timers.grace},   {"preferred_ms", &timers.preferred}, {"sign_in_ms", &timers.sign_in},
      {"attach_ms", &timers.attach}, {"catch_up_ms", &timers.catch_up},   {"fallback_ms", &timers.fallback},
      {"hold_ms", &timers.hold},     {"ready_ms", &timers.ready}};
  for (const auto& [name, timer] : all) {
    *timer = std::chrono::milliseconds(value_or<std::int64_t>(at, name, timer->count()));
    if (timer->count() < 1) throw Bad{std::string("'timers.") + name + "' must be at least 1"};
  }
}

Settings read(const YAML::Node& root) {
  Settings s;
  s.node = NodeId{value<std::uint16_t>(root, "node")};
  if (s.node == NodeId{}) throw Bad{"'node' must be at least 1"};
  s.region = value<std::string>(root, "region");
  s.hub = value_or(root, "hub", false);
  s.data = value<std::string>(root, "data");
  const YAML::Node centre = need(root, "centre");
  s.account = value<std::string>(centre, "account");
  const auto instance = parse_uuid(value<std::string>(centre, "instance"));
  if (!instance) throw Bad{"'centre.instance' is not a UUID"};
  s.instance = *instance;
  s.alias = value<std::string>(centre, "alias");
  s.centre_key = value<std::string>(centre, "key");
  const YAML::Node at = need(root, "listen");
  s.public_listen = listen(at, "public");
  s.peer_listen = listen(at, "peer");
  s.peer_from = value_or<std::string>(at, "peer_from", "");
  if (root["public_tls"]) {
    s.public_cert = value<std::string>(root["public_tls"], "cert");
    s.public_key = value<std::string>(root["public_tls"], "key");
  } else if (s.public_listen.address != "127.0.0.1" && s.public_listen.address != "::1") {
    throw Bad{"'public_tls' is missing: plain HTTP is served on loopback only"};
  }
  const YAML::Node peer = need(root, "peer_tls");
  s.peer_ca = value<std::string>(peer, "ca");
  s.peer_cert = value<std::string>(peer, "cert");
  s.peer_key = value<std::string>(peer, "key");
  bool listed = false;
  for (const YAML::Node& each : need(root, "members")) {
    const membership::Member m = member(each);
    listed = listed || (m.node == s.node && m.region == s.region && m.hub == s.hub);
    (value_or(each, "joined", false) ? s.others : s.members).push_back(m);
  }
  if (s.members.empty()) throw Bad{"'members' names nobody of the first list"};
  if (!listed) throw Bad{"'members' does not list this node with its region and role"};
  if (root["functions"]) {
    for (const auto& entry : root["functions"]) {
      s.functions[entry.first.as<std::string>()] = entry.second.as<std::string>();
    }
  }
  s.lambda_endpoint = value_or<std::string>(root, "lambda_endpoint", "");
  s.geo_ip = value_or<std::string>(root, "geo_ip", "");
  if (root["alerts"]) {
    s.webhook = value<std::string>(root["alerts"], "webhook");
    if (!s.webhook.starts_with("http://") && !s.webhook.starts_with("https://")) {
      throw Bad{"'alerts.webhook' is no http:// or https:// address"};
    }
  }
  s.log_level = value_or<std::string>(root, "log_level", "info");
  s.synthetic_every_s = value_or<std::uint32_t>(root, "synthetic_every_s", 0);
  if (s.synthetic_every_s > 3600) throw Bad{"'synthetic_every_s' is at most 3600"};
  s.free_bytes_min = value_or<std::uint64_t>(root, "free_bytes_min", s.free_bytes_min);
  s.faults = value_or(root, "faults", false);
  if (root["timers"]) read_timers(root["timers"], s.timers);
  return s;
}

}  // namespace

Result<Settings> read_settings(const std::string& path) {
  try {
    return read(YAML::LoadFile(path));
  } catch (const YAML::BadFile&) {
    return fail(Errc::not_found, "cannot read " + path);
  } catch (const YAML::Exception& e) {
    return fail(Errc::invalid, path + ": " + e.what());
  } catch (const Bad& bad) {
    return fail(Errc::invalid, path + ": " + bad.what);
  }
}

std::string warning_about(std::size_t members) {
  if (members != 2) return {};
  return "this centre has two members and no third: neither is ever declared lost by itself, and while one is away no "
         "desktop opens and no task or callback starts; a hub or a third region would change that";
}

}  // namespace tandem::app
