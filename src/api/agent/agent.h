// The HTTP requests of an agent's desktop.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/agent/view.h"
#include "api/common.h"
#include "api/host.h"
#include "api/passwords.h"
#include "codec/http.h"

namespace tandem::api::agent {

class Agent {
 public:
  Agent(Host& host, Passwords& passwords);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  static constexpr std::string_view kPrefix = "/agent/v1/";
  void handle(const http::Request& request, http::Respond respond) const;

  // What is served, as "POST /agent/v1/sign-in": a test holds the OpenAPI document to it.
  [[nodiscard]] std::vector<std::string> routes() const;

 private:
  struct Call {
    Badge badge;  // where the route asks for one
    boost::json::object body;
    http::Headers query;
    ContactId contact;  // of the path
  };
  struct Route {
    std::string method;
    std::string path;                   // "{id}" stands for a contact's id
    std::vector<std::string> segments;  // of the path
    bool signed_in = true;
    std::function<void(Call, http::Respond)> run;
  };
  void add(std::string method, std::string path, bool signed_in, std::function<void(Call, http::Respond)> run);
  [[nodiscard]] const Route* find(const http::Request& request, Call& call, bool& path_known) const;

  void sign_in(const Call& call, http::Respond respond) const;
  void check_password(const Call& call, http::Respond respond) const;
  void open_desktop(Badge badge, bool proved, http::Respond respond) const;
  void open_here(Badge badge, bool proved, http::Respond respond) const;
  void me(const Call& call, http::Respond respond, std::function<boost::json::object(const Desk&)> shape) const;
  void statuses(const Call& call, http::Respond respond) const;
  void set_status(const Call& call, http::Respond respond) const;
  void message(const Call& call, http::Respond respond) const;
  void event(const Call& call, http::Respond respond) const;
  void transcript(const Call& call, http::Respond respond) const;
  void history(const Call& call, http::Respond respond) const;
  void end(const Call& call, http::Respond respond) const;
  void profile(const Call& call, http::Respond respond) const;
  void change_profile(const Call& call, http::Respond respond) const;
  void with_profile(const Call& call, http::Respond respond,
                    std::function<void(const customer::Profile&, http::Respond)> then) const;
  void quick_connects(const Call& call, http::Respond respond) const;
  void transfer(const Call& call, http::Respond respond) const;
  void consult(const Call& call, http::Respond respond) const;
  void confer(const Call& call, bool join, http::Respond respond) const;
  void leave(const Call& call, http::Respond respond) const;
  // Whom the body names, found in the configuration; `make` turns that into the order, whose `made` the answer names.
  struct Destination {
    QueueId queue;
    FlowId flow;
  };
  struct HandOn {
    const char* operation;
    const char* made;
    Verb (*order)(ContactId contact, ContactId made, AgentId by, const Destination& to);
  };
  void hand_on(const Call& call, const HandOn& how, http::Respond respond) const;
  // Runs `then` when the desktop that asks is open here.
  void with_desk(const Call& call, http::Respond respond, std::function<void(Desk, http::Respond)> then) const;
  void order(Verb verb, http::Respond respond) const;

  Host& host_;
  Passwords& passwords_;
  std::vector<Route> routes_;
};

inline constexpr std::size_t kTokenBytesMax = 500;
// Empty when it is absent or no string.
[[nodiscard]] std::string text(const boost::json::object& body, std::string_view member);

// What an error of ours is to an agent.
[[nodiscard]] http::Response error_json(int status, std::string_view code, std::string_view message);
[[nodiscard]] http::Response error_json(const Error& error);
[[nodiscard]] http::Response not_yours();

// The document served at /agent/v1/openapi.json.
[[nodiscard]] std::string_view openapi();

}  // namespace tandem::api::agent
