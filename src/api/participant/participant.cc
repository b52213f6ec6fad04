#include "api/participant/participant.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <chrono>
#include <utility>
#include <vector>

#include "api/connect/operations/operations.h"
#include "api/participant/item.h"
#include "api/participant/sessions.h"
#include "codec/uri.h"

namespace tandem::api::participant {
namespace {

namespace json = boost::json;
using model::Answer;
using model::Call;
using model::Reply;

constexpr std::chrono::seconds kConnectionLife = std::chrono::hours(24);
constexpr std::chrono::seconds kSocketUrlLife = std::chrono::minutes(5);
constexpr std::int64_t kPageDefault = 10;
constexpr char kOver[] = "Access denied: the chat has ended.";

std::string text(const json::object& input, std::string_view member) {
  const json::value* value = input.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

Answer denied(const Call& call, std::string message) {
  return std::unexpected(model::declared_error(*call.operation, "AccessDeniedException", std::move(message)));
}
Answer invalid(const Call& call, std::string message) {
  return std::unexpected(model::declared_error(*call.operation, "ValidationException", std::move(message)));
}
// Better in a moment; clients try again. Answered with Retry-After.
Answer unavailable(std::string message) {
  return std::unexpected(model::ServiceError{
      .type = "ServiceUnavailableException", .status = 503, .message = std::move(message), .members = {}});
}

// What a refused order means to a chat client.
Answer refused(const Call& call, const Error& error) {
  switch (error.code) {
    case Errc::refused:
      return denied(call, kOver);
    case Errc::denied:
    case Errc::unauthenticated:
      return denied(call, "Access denied.");
    case Errc::invalid:
      return invalid(call, error.detail);
    case Errc::not_found:
      return unavailable("The chat is not known here yet; try again.");
    case Errc::corrupt:
    case Errc::internal:
      return std::unexpected(model::declared_error(*call.operation, "InternalServerException",
                                                   "Internal failure; the request id names it in the log."));
    default:
      return unavailable("The chat cannot be reached at the moment; try again.");
  }
}

// What the world knows of the chat that a token names.
struct Chat {
  bool known = false;
  bool over = false;
  ContactId initial;
  KeyId key;
  Text customer_name;
};

Chat look(const World& world, ContactId id) {
  const contact::Held* held = world.contacts().find(id);
  if (held == nullptr) return {};
  const contact::Contact& c = held->contact;
  return {true, over(c), c.initial, c.key, c.customer_name};
}

class Operations {
 public:
  explicit Operations(Host& host) : host_(host) {}

  void connect(const Call& call, Reply reply) const {
    const auto payload = host_.verify_token(kParticipantToken, text(call.input, "ParticipantToken"));
    auto ticket = payload ? Ticket::parse(*payload) : std::nullopt;
    if (!ticket) return reply(denied(call, "Access denied: the participant token is not valid."));
    bool socket = false;
    bool credentials = false;
    if (const json::value* types = call.input.if_contains("Type"); types != nullptr) {
      for (const json::value& type : types->as_array()) {
        if (type == "WEBRTC_CONNECTION") return reply(invalid(call, "WEBRTC_CONNECTION: this contact has no call."));
        socket = socket || type == "WEBSOCKET";
        credentials = credentials || type == "CONNECTION_CREDENTIALS";
      }
    } else if (!call.input.contains("ConnectParticipant")) {
      return reply(invalid(call, "Type or ConnectParticipant is needed."));
    }
    ask(
        host_, [id = ticket->contact](const World& world, const Local&) { return look(world, id); },
        [self = *this, call, ticket = *ticket, socket, credentials, reply = std::move(reply)](Chat chat) mutable {
          if (!chat.known) return reply(unavailable("The chat is not known here yet; try again."));
          if (chat.over) return reply(denied(call, kOver));
          ticket.initial = chat.initial;
          json::object out;
          if (socket) out["Websocket"] = self.websocket(ticket);
          if (credentials) {
            out["ConnectionCredentials"] = json::object{
                {"ConnectionToken", self.host_.sign_token(kConnectionToken, ticket.text(), kConnectionLife)},
                {"Expiry", self.expiry(kConnectionLife)}};
          }
          reply(std::move(out));
        });
  }

  void message(const Call& call, Reply reply) const {
    if (!is_message_type(text(call.input, "ContentType"))) {
      return reply(invalid(call, "ContentType is no type of message."));
    }
    say(call, std::move(reply), text(call.input, "Content"));
  }

  void event(const Call& call, Reply reply) const {
    const std::string type = text(call.input, "ContentType");
    const auto name = event_name(type);
    if (name == "connection.acknowledged") return say(call, std::move(reply), {});
    const bool receipt = name == "message.delivered" || name == "message.read";
    if (name != "typing" && !receipt) return reply(invalid(call, "ContentType is no event that a participant sends."));
    std::string content = text(call.input, "Content");
    if (receipt) {
      const auto parsed = parse_object(content);
      if (!parsed || text(*parsed, "messageId").empty()) {
        return reply(invalid(call, "Content of a receipt is {\"messageId\":\"...\"}."));
      }
    }
    pass(call, std::move(reply), std::move(content));
  }

  void disconnect(const Call& call, Reply reply) const {
    with_chat(call, std::move(reply),
              [self = *this](const Call& of, const Ticket& ticket, const Chat& chat, const Reply& then) {
                if (chat.over) return then(json::object{});
                const Uuid id = command_id(self.host_, "DisconnectParticipant", ticket.participant.text(),
                                           text(of.input, "ClientToken"));
                Command order{.id = id,
                              .verb = contact::End{ticket.contact, contact::Role::customer, "CUSTOMER_DISCONNECT"},
                              .arrival = true,
                              .keys = {}};
                self.host_.command(std::move(order), [of, then](const Result<tandem::Answer>& done) {
                  // Ended meanwhile by somebody else: what was asked for is so.
                  const bool so = done || done.error().code == Errc::refused;
                  then(so ? Answer(json::object{}) : refused(of, done.error()));
                });
              });
  }

  void transcript(const Call& call, Reply reply) const;

 private:
  using WithChat = std::function<void(const Call&, const Ticket&, const Chat&, const Reply&)>;

  // Runs `then` for a valid connection token whose chat is known here.
  void with_chat(const Call& call, Reply reply, WithChat then) const {
    const auto payload = host_.verify_token(kConnectionToken, text(call.input, "ConnectionToken"));
    const auto ticket = payload ? Ticket::parse(*payload) : std::nullopt;
    if (!ticket) return reply(denied(call, "Access denied: the connection token is not valid."));
    ask(
        host_, [id = ticket->contact](const World& world, const Local&) { return look(world, id); },
        [call, ticket = *ticket, reply = std::move(reply), then = std::move(then)](const Chat& chat) {
          if (!chat.known) return reply(unavailable("The chat is not known here yet; try again."));
          then(call, ticket, chat, reply);
        });
  }

  // Something the transcript keeps.
  void say(const Call& call, Reply reply, std::string content) const {
    with_chat(
        call, std::move(reply),
        [self = *this, content = std::move(content)](const Call& of, const Ticket& ticket, const Chat& chat,
                                                     const Reply& then) {
          if (chat.over) return then(denied(of, kOver));
          const Uuid id =
              command_id(self.host_, of.operation->name, ticket.participant.text(), text(of.input, "ClientToken"));
          contact::Item item;
          item.id = id;
          item.content_type = text(of.input, "ContentType");
          if (!content.empty()) item.content = self.host_.seal(chat.key, content);
          item.role = contact::Role::customer;
          item.participant = ticket.participant;
          item.display_name = chat.customer_name;
          Command order{.id = id, .verb = contact::Say{ticket.contact, std::move(item)}, .arrival = true, .keys = {}};
          self.host_.command(std::move(order), [of, then](const Result<tandem::Answer>& done) {
            if (!done) return then(refused(of, done.error()));
            then(json::object{{"Id", done->id.text()}, {"AbsoluteTime", iso_time(done->at)}});
          });
        });
  }

  // Something only those who are there now are shown.
  void pass(const Call& call, Reply reply, std::string content) const {
    with_chat(call, std::move(reply),
              [self = *this, content = std::move(content)](const Call& of, const Ticket& ticket, const Chat& chat,
                                                           const Reply& then) {
                if (chat.over) return then(denied(of, kOver));
                contact::Item item;
                item.id = self.host_.mint();
                item.content_type = text(of.input, "ContentType");
                item.content = Text::plain(content);
                item.role = contact::Role::customer;
                item.participant = ticket.participant;
                item.display_name = chat.customer_name;
                item.at = Hlc::at(self.host_.utc_ms());
                json::object out{{"Id", item.id.text()}, {"AbsoluteTime", iso_time(item.at)}};
                self.host_.pass_on(ticket.contact, std::move(item));
                then(std::move(out));
              });
  }

  [[nodiscard]] std::string expiry(std::chrono::seconds life) const {
    return iso_time(host_.utc_ms() + static_cast<std::uint64_t>(std::chrono::milliseconds(life).count()));
  }

  // The gateway's own address: whichever node owns the chat, its customer stays here.
  [[nodiscard]] json::object websocket(const Ticket& ticket) const {
    const Host::Identity& identity = host_.identity();
    const std::string token = host_.sign_token(kSocketToken, ticket.text(), kSocketUrlLife);
    const std::string url = std::string(identity.tls ? "wss://" : "ws://") + identity.public_host +
                            std::string(Sessions::kPath) + "?token=" + uri::encode(token);
    return {{"Url", url}, {"ConnectionExpiry", expiry(kSocketUrlLife)}};
  }

  Host& host_;
};

// -- GetTranscript

// Where a page begins and which way it goes.
struct Scan {
  bool forward = false;
  std::size_t max = kPageDefault;
  std::optional<Uuid> after;  // the last entry of the page before this one, by its NextToken
  std::optional<Uuid> from;   // inclusive, as are the two below
  std::optional<std::uint64_t> from_ms;
  std::optional<std::size_t> most_recent;
};

struct Page {
  bool known = false;
  bool found = true;  // what the scan begins at is in the transcript
  ContactId contact;
  ContactId initial;
  std::vector<contact::Item> items;  // oldest first
  bool more = false;
  Uuid last;  // scanned
};

// The index a scan begins at, or nothing when what it names is not there. Backward: everything below it.
std::optional<std::size_t> begin_of(const Scan& scan, const std::vector<const contact::Item*>& all) {
  const auto index_of = [&](const Uuid& id) -> std::optional<std::size_t> {
    const auto at = std::ranges::find_if(all, [&](const contact::Item* item) { return item->id == id; });
    if (at == all.end()) return std::nullopt;
    return static_cast<std::size_t>(at - all.begin());
  };
  if (scan.after) {
    const auto at = index_of(*scan.after);
    if (!at) return std::nullopt;
    return scan.forward ? *at + 1 : *at;
  }
  if (scan.from) {
    const auto at = index_of(*scan.from);
    if (!at) return std::nullopt;
    return scan.forward ? *at : *at + 1;
  }
  if (scan.from_ms) {
    const auto later = std::ranges::find_if(all, [&](const contact::Item* item) {
      const auto at = item->at.milliseconds();
      return scan.forward ? at >= *scan.from_ms : at > *scan.from_ms;
    });
    return static_cast<std::size_t>(later - all.begin());
  }
  if (scan.most_recent) {
    const std::size_t back = std::min(*scan.most_recent, all.size());
    return scan.forward ? all.size() - back : all.size() - (back > 0 ? back - 1 : 0);
  }
  return scan.forward ? 0 : all.size();
}

// Copies the page only, however long the transcript is.
Page read_page(const World& world, const Ticket& ticket, ContactId contact, const Scan& scan) {
  Page out;
  const contact::Held* held = world.contacts().find(contact);
  if (held == nullptr) return out;
  out.known = true;
  out.contact = contact;
  out.initial = held->contact.initial;
  out.found = out.initial == ticket.initial || contact == ticket.contact;
  if (!out.found) return out;
  const auto all = world.contacts().transcript(contact);
  const auto begin = begin_of(scan, all);
  out.found = begin.has_value();
  if (!out.found) return out;
  const std::size_t from = scan.forward ? *begin : *begin - std::min(scan.max, *begin);
  const std::size_t to = scan.forward ? std::min(all.size(), *begin + scan.max) : *begin;
  for (std::size_t i = from; i < to; ++i) out.items.push_back(*all[i]);
  out.more = scan.forward ? to < all.size() : from > 0;
  if (!out.items.empty()) out.last = scan.forward ? out.items.back().id : out.items.front().id;
  return out;
}

Result<Scan> scan_of(const json::object& input) {
  Scan out;
  out.forward = text(input, "ScanDirection") == "FORWARD";
  if (const json::value* max = input.if_contains("MaxResults"); max != nullptr && max->get_int64() > 0) {
    out.max = static_cast<std::size_t>(max->get_int64());
  }
  if (const std::string token = text(input, "NextToken"); !token.empty()) {
    out.after = parse_uuid(token);
    if (!out.after) return fail(Errc::invalid, "NextToken is not one of ours");
    return out;
  }
  const json::value* position = input.if_contains("StartPosition");
  if (position == nullptr) return out;
  const json::object& start = position->as_object();
  if (const std::string id = text(start, "Id"); !id.empty()) {
    out.from = parse_uuid(id);
    if (!out.from) return fail(Errc::invalid, "StartPosition.Id is no id of an entry");
  } else if (const std::string time = text(start, "AbsoluteTime"); !time.empty()) {
    out.from_ms = parse_iso_time(time);
    if (!out.from_ms) return fail(Errc::invalid, "StartPosition.AbsoluteTime is not like 2026-03-01T09:05:12.000Z");
  } else if (const json::value* recent = start.if_contains("MostRecent")) {
    out.most_recent = static_cast<std::size_t>(recent->get_int64());
  }
  return out;
}

void Operations::transcript(const Call& call, Reply reply) const {
  const auto payload = host_.verify_token(kConnectionToken, text(call.input, "ConnectionToken"));
  const auto ticket = payload ? Ticket::parse(*payload) : std::nullopt;
  if (!ticket) return reply(denied(call, "Access denied: the connection token is not valid."));
  const auto scan = scan_of(call.input);
  if (!scan) return reply(invalid(call, scan.error().detail));
  ContactId contact = ticket->contact;
  if (const std::string named = text(call.input, "ContactId"); !named.empty()) {
    const auto id = parse_uuid(named);
    if (!id) return reply(invalid(call, "ContactId is no id of a contact"));
    contact = ContactId{*id};
  }
  ask(
      host_,
      [ticket = *ticket, contact, scan = *scan](const World& world, const Local&) {
        return read_page(world, ticket, contact, scan);
      },
      [&host = host_, call, reply = std::move(reply)](const Page& page) {
        if (!page.known) return reply(unavailable("The chat is not known here yet; try again."));
        if (!page.found) return reply(invalid(call, "What the transcript is to begin at is not in this chat."));
        json::array items;
        for (const contact::Item& item : page.items) items.emplace_back(item_json(host, item, page.contact));
        // Newest first is the service's default; the chat library asks for ASCENDING.
        if (text(call.input, "SortOrder") != "ASCENDING") std::reverse(items.begin(), items.end());
        json::object out{{"InitialContactId", page.initial.value().text()}, {"Transcript", std::move(items)}};
        if (page.more) out["NextToken"] = page.last.text();
        reply(std::move(out));
      });
}

}  // namespace

Participant::Participant(Host& host)
    : host_(host), service_(operations::participant(), [&host](const std::string& request_id, const Error& mistake) {
        host.log("error", "participant answer of request " + request_id + ": " + mistake.detail);
      }) {
  const Operations operations(host);
  service_.on("CreateParticipantConnection",
              [operations](const Call& call, Reply reply) { operations.connect(call, std::move(reply)); });
  service_.on("SendMessage",
              [operations](const Call& call, Reply reply) { operations.message(call, std::move(reply)); });
  service_.on("SendEvent", [operations](const Call& call, Reply reply) { operations.event(call, std::move(reply)); });
  service_.on("GetTranscript",
              [operations](const Call& call, Reply reply) { operations.transcript(call, std::move(reply)); });
  service_.on("DisconnectParticipant",
              [operations](const Call& call, Reply reply) { operations.disconnect(call, std::move(reply)); });
}

void Participant::handle(const http::Request& request, std::string request_id, http::Respond respond) const {
  const model::Caller caller{.request_id = std::move(request_id), .region = host_.identity().region, .principal = {}};
  service_.handle(request, caller, [respond = std::move(respond)](http::Response response) {
    if (response.status == 503) response.headers.emplace_back("retry-after", "1");
    respond(std::move(response));
  });
}

}  // namespace tandem::api::participant
