// What the APIs share: ids of commands, times, what a token says, questions to the world.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "api/host.h"
#include "codec/http.h"

namespace tandem::api {

// The same for the same caller and token at every node, so that a repeat is seen to be one; nobody else can guess it.
[[nodiscard]] Uuid command_id(std::string_view operation, std::string_view caller, std::string_view token);
// With the client's own token if there is one, else a fresh id: then every request is a new order.
[[nodiscard]] Uuid command_id(Host& host, std::string_view operation, std::string_view caller,
                              std::string_view client_token);

// 2026-03-01T09:05:12.000Z.
[[nodiscard]] std::string iso_time(std::uint64_t utc_ms);
[[nodiscard]] inline std::string iso_time(Hlc at) { return iso_time(at.milliseconds()); }
// What iso_time writes, with or without the fraction. Nothing for anything else.
[[nodiscard]] std::optional<std::uint64_t> parse_iso_time(std::string_view text);

// Asks the world on the loop; `done` gets what `question` returned, on any thread.
template <class Question, class Done>
void ask(Host& host, Question question, Done done) {
  using Found = decltype(question(std::declval<const World&>(), std::declval<const Local&>()));
  auto found = std::make_shared<std::optional<Found>>();
  host.query([found, question = std::move(question)](const World& world,
                                                     const Local& local) { found->emplace(question(world, local)); },
             [found, done = std::move(done)]() mutable { done(std::move(**found)); });
}

// The participant or connection token of a chat customer.
struct Ticket {
  ContactId contact;
  ContactId initial;  // first of the journey
  Uuid participant;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static std::optional<Ticket> parse(std::string_view text);
};
inline constexpr std::string_view kParticipantToken = "participant";
inline constexpr std::string_view kConnectionToken = "connection";
inline constexpr std::string_view kSocketToken = "socket";

// What an agent's client shows at every request.
struct Badge {
  AgentId agent;
  Uuid desktop;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static std::optional<Badge> parse(std::string_view text);
};
inline constexpr std::string_view kAgentToken = "agent";

// Over for this customer: nothing revives it.
[[nodiscard]] inline bool over(const contact::Contact& contact) { return contact.phase == contact::Phase::ended; }
// The words of a Text, or empty when its key is erased or not here yet.
[[nodiscard]] std::string words(Host& host, const Text& text);
// An event of the conversation, not something said: `application/vnd.amazonaws.connect.event.` before its name.
[[nodiscard]] bool is_event(std::string_view content_type);
// Its name: `typing`, `chat.ended`; empty for a message.
[[nodiscard]] std::string_view event_name(std::string_view content_type);
[[nodiscard]] std::string event_type(std::string_view name);
// What may be said in a chat.
[[nodiscard]] bool is_message_type(std::string_view content_type);
[[nodiscard]] const char* role_name(contact::Role role);  // CUSTOMER, AGENT, SYSTEM

// The object a body holds; nothing for anything else.
[[nodiscard]] std::optional<boost::json::object> parse_object(std::string_view body);
[[nodiscard]] http::Response json_response(int status, const boost::json::object& body);

// Every answer may be read by a page from anywhere: credentials travel in headers and bodies, never in cookies.
void allow_any_origin(http::Response& response);
[[nodiscard]] http::Response preflight(const http::Request& request);

}  // namespace tandem::api
