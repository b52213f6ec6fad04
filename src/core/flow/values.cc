#include "core/flow/values.h"

#include <algorithm>

namespace tandem::flow {
namespace {

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// ASCII only: a reference may stand right before a word of a script without spaces.
bool name_character(char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; }

// Reads the reference that begins at text[0] == '$'; returns how many bytes it takes, 0 when it is none.
std::size_t read_reference(std::string_view text, Reference& out) {
  std::size_t at = 1;
  while (at < text.size()) {
    std::size_t next = at;
    if (text[next] == '.') ++next;
    if (next >= text.size()) break;
    if (text[next] == '[') {
      const std::size_t open = next + 1;
      if (open >= text.size()) break;
      const char quote = text[open];
      if (quote == '\'' || quote == '"') {
        const std::size_t close = text.find(quote, open + 1);
        if (close == std::string_view::npos || close + 1 >= text.size() || text[close + 1] != ']') break;
        out.segments.emplace_back(text.substr(open + 1, close - open - 1));
        at = close + 2;
      } else {
        std::size_t close = open;
        while (close < text.size() && text[close] >= '0' && text[close] <= '9') ++close;
        if (close == open || close >= text.size() || text[close] != ']') break;
        out.segments.emplace_back(text.substr(open, close - open));
        at = close + 1;
      }
    } else if (next > at && name_character(text[next]) && (at > 1 || letter(text[next]))) {
      std::size_t end = next;
      while (end < text.size() && name_character(text[end])) ++end;
      out.segments.emplace_back(text.substr(next, end - next));
      at = end;
    } else {
      break;
    }
  }
  return out.segments.empty() ? 0 : at;
}

std::string joined(const std::vector<std::string>& segments, std::size_t from) {
  std::string out;
  for (std::size_t n = from; n < segments.size(); ++n) out += (n == from ? "" : ".") + segments[n];
  return out;
}

Text get(const std::map<std::string, Text>& values, const std::string& key) {
  const auto at = values.find(key);
  return at == values.end() ? Text{} : at->second;
}

std::string id_text(const Uuid& id) { return id.nil() ? "" : id.text(); }

std::string initiation_method(const contact::Contact& contact) {
  if (contact.is_callback()) return "CALLBACK";
  return contact.previous.value().nil() ? "API" : "TRANSFER";
}

std::string agent(const Sees& sees, const contact::Contact& contact, const std::string& field) {
  const config::Document* user = sees.config.find(config::Kind::user, contact.agent.value());
  if (user == nullptr) return "";
  if (field == "UserName") return user->get("username");
  if (field == "FirstName") return user->get("first_name");
  if (field == "LastName") return user->get("last_name");
  if (field == "ARN") return sees.instance_arn + "/agent/" + user->id.text();
  return "";
}

}  // namespace

std::string queue_name(const Sees& sees, QueueId queue) {
  const config::Document* document = sees.config.find(config::Kind::queue, queue.value());
  return document == nullptr ? "" : sees.config.served_name(*document);
}
std::string queue_arn(const Sees& sees, QueueId queue) {
  const std::string id = id_text(queue.value());
  return id.empty() ? "" : sees.instance_arn + "/queue/" + id;
}

const char* channel_name(contact::Channel channel) {
  switch (channel) {
    case contact::Channel::chat:
      return "CHAT";
    case contact::Channel::task:
      return "TASK";
    case contact::Channel::voice:
      return "VOICE";
  }
  return "CHAT";
}

std::string Reference::key() const {
  std::string out = "$";
  for (const std::string& segment : segments) {
    const bool name = !segment.empty() && std::ranges::all_of(segment, name_character) &&
                      (&segment != &segments.front() || letter(segment.front()));
    if (name) {
      out += "." + segment;
    } else if (segment.find('\'') == std::string::npos) {
      out += "['" + segment + "']";
    } else {
      out += "[\"" + segment + "\"]";
    }
  }
  return out;
}

std::vector<Piece> parse(std::string_view text) {
  std::vector<Piece> out;
  std::string words;
  while (!text.empty()) {
    Reference reference;
    const std::size_t taken = text.front() == '$' ? read_reference(text, reference) : 0;
    if (taken == 0) {
      const std::size_t next = std::min(text.find('$', 1), text.size());
      words.append(text.substr(0, next));
      text.remove_prefix(next);
      continue;
    }
    if (!words.empty()) out.push_back(Piece{std::move(words), std::nullopt});
    words.clear();
    out.push_back(Piece{"", std::move(reference)});
    text.remove_prefix(taken);
  }
  if (!words.empty()) out.push_back(Piece{std::move(words), std::nullopt});
  return out;
}

std::optional<Reference> whole(std::string_view text) {
  Reference reference;
  if (text.empty() || text.front() != '$' || read_reference(text, reference) != text.size()) return std::nullopt;
  return reference;
}

std::string render(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string out;
  for (const Piece& piece : parse(text)) {
    if (!piece.reference) {
      out += piece.words;
    } else if (const auto at = values.find(piece.reference->key()); at != values.end()) {
      out += at->second;
    }
  }
  return out;
}

std::vector<std::string> references(std::string_view text) {
  std::vector<std::string> out;
  for (const Piece& piece : parse(text)) {
    if (!piece.reference) continue;
    std::string key = piece.reference->key();
    if (std::ranges::find(out, key) == out.end()) out.push_back(std::move(key));
  }
  return out;
}

Text value(const Sees& sees, const contact::Contact& contact, const Reference& reference) {
  const std::vector<std::string>& path = reference.segments;
  const std::string& root = path.front();
  const std::string rest = joined(path, 1);
  const contact::Position& flow = contact.flow;
  if (root == "Attributes") return get(contact.attributes, rest);
  if (root == "External") return get(flow.external, rest);
  if (root == "Metrics") return get(flow.metrics, rest);
  if (root == "FlowAttributes") return get(flow.flow_attributes, rest);
  if (root == "StoredCustomerInput") return flow.stored_input;
  if (root == "ContactId") return Text::plain(contact.id.value().text());
  if (root == "InitialContactId") return Text::plain(id_text(contact.initial.value()));
  if (root == "PreviousContactId") return Text::plain(id_text(contact.previous.value()));
  if (root == "Task" && rest == "ContactId") return Text::plain(contact.id.value().text());
  if (root == "Channel") return Text::plain(channel_name(contact.channel));
  if (root == "InstanceARN") return Text::plain(sees.instance_arn);
  if (root == "AwsRegion") return Text::plain(sees.region);
  if (root == "InitiationMethod") return Text::plain(initiation_method(contact));
  if (root == "Name") return Text::plain(contact.name);
  if (root == "Description") return contact.description;
  if (root == "LanguageCode" || root == "CustomerId" || root == contact::kCallbackNumber)
    return get(contact.data, root);
  if (root == "References") return get(contact.data, "References." + rest);
  if (root == "SegmentAttributes" && rest == "connect:Subtype") {
    return contact.channel == contact::Channel::chat ? Text::plain("connect:Chat") : Text{};
  }
  if (root == "Queue" && rest == "Name") return Text::plain(queue_name(sees, contact.place.queue));
  if (root == "Queue" && rest == "ARN") return Text::plain(queue_arn(sees, contact.place.queue));
  if (root == "Agent") return Text::plain(agent(sees, contact, rest));
  if (root == "Loop" && path.size() == 3 && path[2] == "Index") {
    const auto at = flow.loops.find(path[1]);
    return at == flow.loops.end() || at->second == 0 ? Text{} : Text::plain(std::to_string(at->second - 1));
  }
  return {};
}

std::map<std::string, Text> contact_data(const Sees& sees, const contact::Contact& contact) {
  std::map<std::string, Text> out;
  const std::string self = contact.id.value().text();
  const auto or_self = [&](ContactId id) { return id.value().nil() ? self : id.value().text(); };
  out["Channel"] = Text::plain(channel_name(contact.channel));
  out["ContactId"] = Text::plain(self);
  out["InitialContactId"] = Text::plain(or_self(contact.initial));
  out["PreviousContactId"] = Text::plain(or_self(contact.previous));
  out["InitiationMethod"] = Text::plain(initiation_method(contact));
  out["InstanceARN"] = Text::plain(sees.instance_arn);
  if (!contact.name.empty()) out["Name"] = Text::plain(contact.name);
  if (!contact.description.bytes.empty()) out["Description"] = contact.description;
  if (!contact.place.queue.value().nil()) {
    out["Queue.ARN"] = Text::plain(queue_arn(sees, contact.place.queue));
    out["Queue.Name"] = Text::plain(queue_name(sees, contact.place.queue));
  }
  for (const auto& [name, words] : contact.data) {
    if (name != contact::kCallbackNumber) out[name] = words;  // the documented event has no place for it
  }
  for (const auto& [name, words] : contact.attributes) out["Attributes." + name] = words;
  return out;
}

std::optional<Uuid> id_of(std::string_view id_or_arn) {
  if (const auto slash = id_or_arn.rfind('/'); slash != std::string_view::npos) id_or_arn.remove_prefix(slash + 1);
  // A flow may be named with its version: <id>:$LATEST.
  if (const auto colon = id_or_arn.find(':'); colon != std::string_view::npos) id_or_arn = id_or_arn.substr(0, colon);
  return parse_uuid(id_or_arn);
}

}  // namespace tandem::flow
