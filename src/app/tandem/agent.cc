// An agent in a terminal: what happens is printed as it happens, orders are lines.
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <iostream>
#include <thread>

#include <fmt/format.h>

#include "app/client/desk.h"
#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"
#include "app/tandem/table.h"

namespace tandem::cli {
namespace {

namespace json = boost::json;

constexpr char kOrders[] =
    "  status NAME          available, break, offline, or another of the centre; with contacts open it is the next "
    "one\n"
    "  accept, reject       the contact that rings\n"
    "  say TEXT             to the customer; a line that is no order is said too\n"
    "  transfer NAME        hand it on to an agent or a queue; a quick connect's name or id\n"
    "  consult NAME         ask a colleague first; the customer is on hold until you swap or join\n"
    "  swap                 talk to the other of the two; `use ID` says whom a line goes to\n"
    "  join                 all three talk\n"
    "  leave                leave the conversation to the colleague\n"
    "  end                  the conversation\n"
    "  done                 with the work after it\n"
    "  contacts             what is on the desktop\n"
    "  use ID               talk to this one; the beginning of its id is enough\n"
    "  quit                 sign out and leave";

// Reads a line without showing it.
std::string read_hidden(const char* prompt) {
  fmt::print(stderr, "{}", prompt);
  termios before{};
  const bool terminal = ::tcgetattr(STDIN_FILENO, &before) == 0;
  if (terminal) {
    termios hidden = before;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  std::string out;
  std::getline(std::cin, out);
  if (terminal) {
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fmt::print(stderr, "\n");
  }
  return out;
}

// Everything of it is used on the loop's thread.
class Terminal : public std::enable_shared_from_this<Terminal> {
 public:
  explicit Terminal(bool as_json) : json_(as_json) {}

  std::shared_ptr<Desk> desk;
  std::promise<int> over;

  DeskEvents events() {
    DeskEvents out;
    const auto self = shared_from_this();
    out.on_signed_in = [self](const std::string& region, const std::set<std::string>& contacts) {
      self->tell({{"event", "signed_in"}, {"region", region}, {"contacts", contacts.size()}},
                 "signed in at " + region + (contacts.empty() ? "" : ", with " + count(contacts.size(), "contact")));
      if (!self->greeted_ && !self->json_)
        fmt::print("type help for the orders; `status available` to be offered contacts\n");
      self->greeted_ = true;
    };
    out.on_contact = [self](const DeskContact& contact) { self->contact(contact); };
    out.on_item = [self](const DeskItem& item) { self->item(item); };
    out.on_status = [self](const std::string& type) {
      self->tell({{"event", "status"}, {"status", type}}, "status: " + type);
    };
    out.on_lost = [self](const std::string& why) {
      self->tell({{"event", "lost"}, {"why", why}}, "lost " + why + "; trying on");
    };
    out.on_refused = [self](const std::string& why) {
      self->tell({{"event", "refused"}, {"why", why}}, why);
      self->leave(kRefused);
    };
    out.on_closed = [self](const std::string& why) {
      self->tell({{"event", "closed"}, {"why", why}}, "the desktop was closed: " + why);
      self->leave(kRefused);
    };
    return out;
  }

  void order(const std::string& line) {
    const auto space = line.find(' ');
    const std::string word = line.substr(0, space);
    const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
    if (line.empty()) return;
    if (word == "help" && rest.empty()) return tell({{"event", "help"}}, kOrders);
    if (word == "quit" && rest.empty()) return quit();
    if (word == "contacts" && rest.empty()) return list();
    if (word == "use") return use(rest);
    if (word == "status" && !rest.empty()) {
      std::string name = rest;
      name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
      return desk->status(name, answered("status " + name));
    }
    if (word == "accept" && rest.empty())
      return with("ringing", "rings", [&](const std::string& id) { desk->accept(id, answered("accepted")); });
    if (word == "reject" && rest.empty())
      return with("ringing", "rings", [&](const std::string& id) { desk->reject(id, answered("rejected")); });
    if (word == "end" && rest.empty())
      return with("connected", "is connected", [&](const std::string& id) { desk->end(id, answered("ended")); });
    if (word == "transfer" && !rest.empty()) {
      return with("connected", "is connected",
                  [&](const std::string& id) { desk->transfer(id, rest, answered("transferred to " + rest)); });
    }
    if (word == "consult" && !rest.empty()) {
      return with("connected", "is connected",
                  [&](const std::string& id) { desk->consult(id, rest, answered("asked " + rest)); });
    }
    if ((word == "swap" || word == "join" || word == "leave") && rest.empty()) {
      return with("connected", "is connected", [&](const std::string& id) { desk->confer(id, word, answered(word)); });
    }
    if (word == "done" && rest.empty()) {
      return with("after_contact_work", "has work left",
                  [&](const std::string& id) { desk->complete(id, answered("done")); });
    }
    const std::string words = word == "say" ? rest : line;
    if (words.empty()) return;
    const auto to = contacts_.find(current_);
    if (to != contacts_.end() && to->second.state == "guest") return desk->say(current_, words, answered(""));
    with("connected", "is connected", [&](const std::string& id) { desk->say(id, words, answered("")); });
  }

  void quit() {
    if (std::exchange(quitting_, true)) return;
    desk->shut([self = shared_from_this()](const Result<void>& done) {
      if (!done)
        self->tell({{"event", "not_signed_out"}, {"why", done.error().detail}},
                   "left without signing out: " + done.error().detail);
      self->leave(kDone);
    });
  }

 private:
  void tell(const json::object& event, const std::string& words) const {
    if (json_) {
      fmt::print("{}\n", json::serialize(event));
    } else {
      fmt::print("{}\n", words);
    }
    std::fflush(stdout);
  }

  Desk::Done answered(const std::string& words) {
    return [self = shared_from_this(), words](const Result<void>& done) {
      if (!done)
        return self->tell({{"event", "refused_order"}, {"why", done.error().detail}}, "no: " + done.error().detail);
      if (!words.empty()) self->tell({{"event", "ok"}, {"order", words}}, "ok: " + words);
    };
  }

  void contact(const DeskContact& contact) {
    const json::object event{{"event", "contact"},          {"contact", contact.id},  {"state", contact.state},
                             {"channel", contact.channel},  {"queue", contact.queue}, {"customer", contact.customer},
                             {"progress", contact.progress}};
    const std::string who =
        contact.channel + " " + contact.id.substr(0, 8) + (contact.customer.empty() ? "" : " with " + contact.customer);
    if (contact.state == "gone") {
      contacts_.erase(contact.id);
      return tell(event, "gone: " + contact.id.substr(0, 8));
    }
    contacts_[contact.id] = contact;
    if (contact.state == "guest") {
      const char* what = contact.consultation ? "consultation " : "the conversation you are asked about ";
      return tell(event, what + contact.id.substr(0, 8) + ": " + contact.progress);
    }
    current_ = contact.id;
    if (contact.state == "ringing") {
      tell(event, "RINGING: " + who + ", queue " + contact.queue + " (accept or reject)");
    } else if (contact.state == "connected") {
      tell(event, "connected: " + who);
    } else {
      tell(event, "ended: " + who + " (done, when the work after it is)");
    }
  }

  void item(const DeskItem& item) const {
    const bool message = item.type.starts_with("text/") || item.type == "application/json";
    tell({{"event", "item"},
          {"contact", item.contact},
          {"from", item.role},
          {"type", item.type},
          {"content", item.content}},
         "  " + item.role + ": " +
             (message ? item.content
                      : "[" +
                            item.type.substr(
                                item.type.rfind("event.") == std::string::npos ? 0 : item.type.rfind("event.") + 6) +
                            "]"));
  }

  template <class Do>
  void with(const std::string& state, const char* what, Do act) {
    std::string id;
    if (const auto now = contacts_.find(current_); now != contacts_.end() && now->second.state == state) id = current_;
    for (const auto& [other, contact] : contacts_) {
      if (id.empty() && contact.state == state) id = other;
    }
    if (id.empty())
      return tell({{"event", "refused_order"}, {"why", std::string("no contact ") + what}},
                  std::string("no contact ") + what);
    current_ = id;
    act(id);
  }

  void use(const std::string& start) {
    for (const auto& [id, contact] : contacts_) {
      if (id.ends_with(start) || id.starts_with(start)) {
        current_ = id;
        return tell({{"event", "ok"}, {"order", "use"}, {"contact", id}}, "talking to " + id);
      }
    }
    tell({{"event", "refused_order"}, {"why", "no such contact"}}, "no contact here begins with " + start);
  }

  void list() const {
    Table table({"CONTACT", "CHANNEL", "STATE", "QUEUE", "CUSTOMER"});
    json::array all;
    for (const auto& [id, contact] : contacts_) {
      table.add({id + (id == current_ ? " *" : ""), contact.channel, contact.state, contact.queue, contact.customer});
      all.emplace_back(json::object{{"contact", id}, {"state", contact.state}});
    }
    tell({{"event", "contacts"}, {"contacts", all}}, table.empty() ? "no contacts" : table.text());
  }

  void leave(int code) {
    if (left_) return;
    left_ = true;
    over.set_value(code);
  }

  bool json_;
  bool greeted_ = false;
  bool left_ = false;
  bool quitting_ = false;
  std::map<std::string, DeskContact> contacts_;
  std::string current_;
};

}  // namespace

int run(const Agent& agent, const Invocation& call) {
  const auto centre = existing_centre(call.dir);
  if (!centre) return complain(centre.error(), call.json);
  std::vector<Place> places;
  for (const CentreNode* node : centre->regions()) {
    const bool first = node->region == agent.region || node->name() == agent.region;
    places.insert(first ? places.begin() : places.end(), Place{node->name(), node->region, node->url()});
  }
  if (!agent.region.empty() && places.front().region != agent.region && places.front().name != agent.region) {
    return complain({Errc::invalid, "the centre has no region " + agent.region}, call.json);
  }
  std::string password = agent.password;
  if (const char* given = std::getenv("TANDEM_PASSWORD"); password.empty() && given != nullptr) password = given;
  if (password.empty()) password = read_hidden(("password of " + agent.user + ": ").c_str());

  net::Loop loop("desk");
  http::Client http;
  const auto terminal = std::make_shared<Terminal>(call.json);
  auto over = terminal->over.get_future();
  loop.post([&] { terminal->desk = Desk::open(loop, http, places, agent.user, password, terminal->events()); });
  // Lines are read here, so that the loop never waits for a person.
  bool quitting = false;
  std::string buffer;
  while (over.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
    pollfd in{quitting ? -1 : STDIN_FILENO, POLLIN, 0};
    if (::poll(&in, 1, 100) <= 0) continue;
    char bytes[4096];
    const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof bytes);
    if (got > 0) buffer.append(bytes, static_cast<std::size_t>(got));
    for (auto end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n')) {
      const std::string line = buffer.substr(0, end);
      buffer.erase(0, end + 1);
      loop.post([terminal, line] { terminal->order(line); });
    }
    if (got == 0) {
      quitting = true;  // the end of a script is the end of the shift
      loop.post([terminal] { terminal->quit(); });
    }
  }
  http.stop();
  loop.stop();
  return over.get();
}

}  // namespace tandem::cli
