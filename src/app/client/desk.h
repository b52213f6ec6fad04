// An agent's desktop, as a client of the agent API (/agent/v1). It stays one desktop wherever it is signed in: when its
// node is lost it signs in at the next region, under the same desktop token.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "io/http_client/client.h"
#include "io/net/loop.h"

namespace tandem::cli {

struct Place {
  std::string name;  // of the node
  std::string region;
  std::string url;      // http://host:port, or https://
  std::string ca_file;  // PEM, for https://; empty: the system's authorities
};

// A contact as the desktop shows it.
struct DeskContact {
  std::string id;
  std::string state;  // ringing, connected, after_contact_work; guest: without a slot; gone: it left this desktop
  std::string channel;
  std::string queue;
  std::string customer;
  std::string progress;       // of a guest: how far it is, as the agent API says it
  bool consultation = false;  // what is said there, a colleague hears
};

struct DeskItem {
  std::string contact;
  std::string id;
  std::string role;  // CUSTOMER, AGENT, SYSTEM
  std::string type;  // content type
  std::string content;
};

// All called on the loop's thread.
struct DeskEvents {
  // Signed in, for the first time or again; `contacts` are all that the desktop has.
  std::function<void(const std::string& region, const std::set<std::string>& contacts)> on_signed_in;
  std::function<void(const DeskContact&)> on_contact;
  std::function<void(const DeskItem&)> on_item;  // each item once
  std::function<void(const std::string& status)> on_status;
  std::function<void(const std::string& why)> on_lost;     // the node is gone; another one is being asked
  std::function<void(const std::string& why)> on_refused;  // the sign-in is refused: wrong password, unknown user
  std::function<void(const std::string& why)> on_closed;   // another desktop of this agent was opened
};

class Desk : public std::enable_shared_from_this<Desk> {
 public:
  using Done = std::function<void(Result<void>)>;
  // `places`: where to sign in, the first one first. `loop` and `http` outlive it.
  [[nodiscard]] static std::shared_ptr<Desk> open(net::Loop& loop, http::Client& http, std::vector<Place> places,
                                                  std::string user, std::string password, DeskEvents events);
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;
  virtual ~Desk() = default;

  // On the loop's thread. Orders that the node did not answer are repeated, under the same token, where the desktop is
  // signed in next; `done` learns of a refusal, or that the desk was shut.
  virtual void status(const std::string& name, Done done) = 0;
  virtual void accept(const std::string& contact, Done done) = 0;
  virtual void reject(const std::string& contact, Done done) = 0;
  virtual void say(const std::string& contact, const std::string& text, Done done) = 0;
  virtual void end(const std::string& contact, Done done) = 0;
  // `to`: id or name of a quick connect.
  virtual void transfer(const std::string& contact, const std::string& to, Done done) = 0;
  virtual void consult(const std::string& contact, const std::string& to, Done done) = 0;
  // `how`: swap, join or leave.
  virtual void confer(const std::string& contact, const std::string& how, Done done) = 0;
  virtual void complete(const std::string& contact, Done done) = 0;
  // Signs out and says nothing more.
  virtual void shut(Done done) = 0;
  [[nodiscard]] virtual std::string region() const = 0;

 protected:
  Desk() = default;
};

}  // namespace tandem::cli
