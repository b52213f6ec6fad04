#include "app/tandemd/functions.h"

#include <boost/json.hpp>

#include "core/flow/view.h"

namespace tandem::app {
namespace {

namespace json = boost::json;

constexpr std::size_t kAnswerBytesMax = 32 * 1024;  // the service's limit on a function's answer

// {"a":{"b":1}} becomes {"a.b": "1"}: how flows refer to it.
void flatten(const std::string& name, const json::value& value, bool nested, std::map<std::string, std::string>& out,
             bool& good) {
  switch (value.kind()) {
    case json::kind::string:
      out[name] = std::string(value.get_string());
      return;
    case json::kind::null:
      out[name] = "";
      return;
    case json::kind::bool_:
      out[name] = value.get_bool() ? "true" : "false";
      return;
    case json::kind::object:
      if (!nested && !name.empty()) good = false;
      for (const auto& [key, inner] : value.get_object()) {
        flatten(name.empty() ? std::string(key) : name + "." + std::string(key), inner, nested, out, good);
      }
      return;
    case json::kind::array: {
      if (!nested) good = false;
      std::size_t n = 0;
      for (const json::value& inner : value.get_array()) {
        flatten(name + "." + std::to_string(n++), inner, nested, out, good);
      }
      return;
    }
    default:
      out[name] = json::serialize(value);
  }
}

// "Attributes.tier" goes into {"Attributes": {"tier": ...}}.
void put(json::object& into, const std::string& path, json::value value) {
  const auto dot = path.find('.');
  if (dot == std::string::npos) {
    into[path] = std::move(value);
    return;
  }
  json::value& inner = into[path.substr(0, dot)];
  if (!inner.is_object()) inner = json::object{};
  const std::string rest = path.substr(dot + 1);
  // Attribute names may hold dots themselves; only the first level of the event is nested.
  inner.get_object()[rest] = std::move(value);
}

}  // namespace

Functions::Functions(const Settings& settings, http::Client& client, KeyStore& keys, std::function<Mono()> mono,
                     std::function<Uuid()> mint, Give give, std::function<void(std::string_view, std::string)> log)
    : settings_(settings),
      client_(client),
      keys_(keys),
      mono_(std::move(mono)),
      mint_(std::move(mint)),
      give_(std::move(give)),
      log_(std::move(log)) {}

std::string Functions::address_of(const std::string& function) const {
  if (function.starts_with("http://") || function.starts_with("https://")) return function;
  if (const auto at = settings_.functions.find(function); at != settings_.functions.end()) return at->second;
  std::string name = function;
  if (const auto at = name.find(":function:"); at != std::string::npos) name = name.substr(at + 10);
  if (const auto at = settings_.functions.find(name); at != settings_.functions.end()) return at->second;
  if (settings_.lambda_endpoint.empty()) return {};
  if (const auto qualifier = name.find(':'); qualifier != std::string::npos) name = name.substr(0, qualifier);
  return settings_.lambda_endpoint + "/2015-03-31/functions/" + name + "/invocations";
}

std::string Functions::event_of(const InvokeFunction& effect) const {
  const auto text = [&](const Text& t) { return json::value(keys_.open(t).value_or("")); };
  json::object data{{"Attributes", json::object{}},
                    {"CustomerEndpoint", nullptr},
                    {"CustomerId", nullptr},
                    {"Description", nullptr},
                    {"LanguageCode", "en-US"},
                    {"Name", nullptr},
                    {"References", json::object{}},
                    {"SystemEndpoint", nullptr},
                    {"Queue", nullptr},
                    {"MediaStreams", {{"Customer", {{"Audio", nullptr}}}}}};
  for (const auto& [path, value] : effect.contact_data) put(data, path, text(value));
  json::object parameters;
  for (const auto& [name, value] : effect.parameters) parameters[name] = text(value);
  return json::serialize(
      json::object{{"Name", "ContactFlowEvent"},
                   {"Details", {{"ContactData", std::move(data)}, {"Parameters", std::move(parameters)}}}});
}

void Functions::invoke(InvokeFunction effect) { attempt(std::move(effect), 3); }

void Functions::attempt(InvokeFunction effect, int tries_left) {
  const Mono now = mono_();
  if (!effect.fence.stands(now)) {
    log_("warning",
         "dropped a function call of contact " + effect.fence.contact.value().text() + ": it came after its fence");
    return;
  }
  const std::string address = address_of(effect.function);
  if (address.empty()) {
    log_("warning", "no address is configured for function " + effect.function);
    give_back(effect, effect.key, fail(Errc::not_found, "no address"));
    return;
  }
  http::Fetch fetch;
  fetch.url = address;
  fetch.method = "POST";
  fetch.headers = {{"content-type", "application/json"}, {"x-tandem-once", effect.once.text()}};
  fetch.body = event_of(effect);
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(effect.fence.not_after - now);
  fetch.timeout = std::min(effect.limit, std::max(left, 1ms));
  client_.fetch(std::move(fetch), [this, effect, tries_left](Result<http::Response> response) mutable {
    // Throttling and server errors are tried again within the limit of the fence, as the service does.
    const bool again = response && (response->status == 429 || response->status >= 500);
    if (again && tries_left > 1) {
      attempt(std::move(effect), tries_left - 1);
      return;
    }
    give_back(effect, effect.key, std::move(response));
  });
}

void Functions::give_back(const InvokeFunction& effect, KeyId key, Result<http::Response> response) {
  flow::Returned returned;
  returned.visit = effect.visit;
  const bool answered = response && response->status >= 200 && response->status < 300 &&
                        http::find(response->headers, "x-amz-function-error") == nullptr &&
                        response->body.size() <= kAnswerBytesMax;
  if (answered) {
    boost::system::error_code bad;
    const json::value value = json::parse(response->body, bad);
    std::map<std::string, std::string> flat;
    returned.ok = !bad && (value.is_object() || effect.wants_json);
    if (returned.ok) flatten("", value, effect.wants_json, flat, returned.ok);
    for (const auto& [name, words] : flat) {
      if (key.value().nil()) {
        returned.values[name] = Text::plain(words);
      } else if (auto sealed = keys_.seal(key, words)) {
        returned.values[name] = std::move(*sealed);
      }
    }
    if (!returned.ok) returned.values.clear();
  } else if (!response) {
    log_("info", "function " + effect.function + " gave no answer: " + response.error().detail);
  }
  give_(Command{mint_(), FlowEvent{effect.fence.contact, std::move(returned)}, false, {}});
}

void Functions::resolve(Resolve effect) {
  if (!effect.fence.stands(mono_())) return;
  flow::Resolved resolved;
  resolved.visit = effect.visit;
  for (const auto& [reference, text] : effect.values) {
    if (auto plain = keys_.open(text)) resolved.plain[reference] = std::move(*plain);
  }
  for (const auto& [name, text] : effect.texts) {
    const std::string rendered = flow::render(text, resolved.plain);
    if (effect.key.value().nil()) {
      resolved.rendered[name] = Text::plain(rendered);
    } else if (auto sealed = keys_.seal(effect.key, rendered)) {
      resolved.rendered[name] = std::move(*sealed);
    }
  }
  give_(Command{mint_(), FlowEvent{effect.fence.contact, std::move(resolved)}, false, {}});
}

}  // namespace tandem::app
