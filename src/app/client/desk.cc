#include "app/client/desk.h"

#include <algorithm>
#include <boost/json.hpp>

#include "app/client/answers.h"
#include "app/client/web_socket.h"
#include "base/rng.h"
#include "base/uuid.h"
#include "codec/crypto.h"
#include "codec/uri.h"

namespace tandem::cli {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto kRetry = 200ms;
constexpr auto kPing = 500ms;
constexpr int kSilentPings = 4;  // unanswered: the node is gone though its socket is open
constexpr auto kSignInMax = 8s;
constexpr auto kOrderMax = 10s;
constexpr int kOrderTries = 300;

const json::object& inner(const json::object& from, std::string_view name) {
  static const json::object none;
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : none;
}
const json::array& list(const json::object& from, std::string_view name) {
  static const json::array none;
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : none;
}
std::string fresh_uuid() {
  Uuid out;
  const std::string drawn = crypto::random_bytes(out.bytes.size());
  for (std::size_t n = 0; n < out.bytes.size(); ++n) out.bytes[n] = static_cast<std::uint8_t>(drawn[n]);
  out.bytes[6] = static_cast<std::uint8_t>((out.bytes[6] & 0x0F) | 0x40);
  out.bytes[8] = static_cast<std::uint8_t>((out.bytes[8] & 0x3F) | 0x80);
  return out.text();
}

class Client final : public Desk {
 public:
  Client(net::Loop& loop, http::Client& http, std::vector<Place> places, std::string user, std::string password,
         DeskEvents events)
      : loop_(loop),
        http_(http),
        places_(std::move(places)),
        user_(std::move(user)),
        password_(std::move(password)),
        events_(std::move(events)),
        desktop_(fresh_uuid()) {}

  void begin() {
    loop_.post([self = me()] { self->sign_in(); });
  }

  void status(const std::string& name, Done done) override {
    give({"PUT", "status", {{"status", name}}, std::move(done)});
  }
  void accept(const std::string& contact, Done done) override {
    give({"POST", "contacts/" + contact + "/accept", {}, std::move(done)});
  }
  void reject(const std::string& contact, Done done) override {
    give({"POST", "contacts/" + contact + "/reject", {}, std::move(done)});
  }
  void say(const std::string& contact, const std::string& words, Done done) override {
    give({"POST",
          "contacts/" + contact + "/messages",
          {{"content", words}, {"client_token", fresh_uuid()}},
          std::move(done)});
  }
  void end(const std::string& contact, Done done) override {
    give({"POST", "contacts/" + contact + "/end", {}, std::move(done)});
  }
  void transfer(const std::string& contact, const std::string& to, Done done) override {
    give({"POST",
          "contacts/" + contact + "/transfer",
          {{"quick_connect", to}, {"client_token", fresh_uuid()}},
          std::move(done)});
  }
  void consult(const std::string& contact, const std::string& to, Done done) override {
    give({"POST",
          "contacts/" + contact + "/consult",
          {{"quick_connect", to}, {"client_token", fresh_uuid()}},
          std::move(done)});
  }
  void confer(const std::string& contact, const std::string& how, Done done) override {
    json::object body;
    if (how == "leave") body["client_token"] = fresh_uuid();
    give({"POST", "contacts/" + contact + "/" + how, std::move(body), std::move(done)});
  }
  void complete(const std::string& contact, Done done) override {
    give({"POST", "contacts/" + contact + "/complete", {}, std::move(done)});
  }
  void shut(Done done) override {
    shutting_ = true;
    if (!signed_in_) {
      stop();
      if (done) done({});
      return;
    }
    post("sign-out", "POST", {}, [self = me(), done](const Result<http::Response>& response) {
      self->stop();
      if (!done) return;
      if (response && response->status == 200) return done({});
      done(fail(Errc::refused, response ? text(parse(response->body), "message") : "the region does not answer"));
    });
  }
  std::string region() const override { return places_[place_].name; }

 private:
  struct Order {
    std::string method;
    std::string path;
    json::object body;
    Done done;
    int tries = 0;
  };

  std::shared_ptr<Client> me() { return std::static_pointer_cast<Client>(shared_from_this()); }

  void post(const std::string& path, const std::string& method, const json::object& body,
            std::function<void(Result<http::Response>)> done, std::chrono::milliseconds timeout = kOrderMax) {
    http::Fetch fetch;
    fetch.url = places_[place_].url + "/agent/v1/" + path;
    fetch.method = method;
    fetch.ca_file = places_[place_].ca_file;
    fetch.headers = {{"content-type", "application/json"}};
    if (!token_.empty()) fetch.headers.emplace_back("authorization", "Bearer " + token_);
    if (method != "GET") fetch.body = json::serialize(body);
    fetch.timeout = timeout;
    http_.fetch(std::move(fetch), [&loop = loop_, done = std::move(done)](Result<http::Response> response) {
      loop.post([done, response = std::move(response)] { done(response); });
    });
  }

  // -- signing in

  void sign_in() {
    if (shutting_ || signing_in_) return;
    signing_in_ = true;
    signed_in_ = false;
    const std::uint64_t life = ++life_;
    json::object body{{"token", token_}};
    if (token_.empty()) body = {{"username", user_}, {"password", password_}, {"desktop", desktop_}};
    post(
        "sign-in", "POST", body,
        [self = me(), life](const Result<http::Response>& response) {
          self->signing_in_ = false;
          if (life != self->life_ || self->shutting_) return;
          if (response && response->status == 200) {
            self->token_ = text(parse(response->body), "token");
            self->said_lost_.clear();
            return self->listen(life);
          }
          const json::object said = response ? parse(response->body) : json::object{};
          const std::string code = text(said, "code");
          if (code == "wrong_credentials" || code == "invalid") {
            self->shutting_ = true;
            if (self->events_.on_refused) self->events_.on_refused(text(said, "message"));
            return;
          }
          if (response && response->status == 401)
            self->token_.clear();  // expired: the password still opens the desktop
          std::string why = self->region() + (response ? ": " + text(said, "message") : " does not answer");
          // A region that cannot be sure (no majority) is asked again before another one: all of them would ask the
          // same.
          const bool stay = response && code == "no_majority" && ++self->stayed_ < 3;
          if (!stay) {
            self->stayed_ = 0;
            self->place_ = (self->place_ + 1) % self->places_.size();
          }
          self->lost(std::move(why));
          self->loop_.after(kRetry, [self] { self->sign_in(); });
        },
        kSignInMax);
  }

  // Says it once for each reason: a search goes on for as long as it takes.
  void lost(std::string why) {
    if (!events_.on_lost || why == said_lost_) return;
    said_lost_ = why;
    events_.on_lost(why);
  }

  void listen(std::uint64_t life) {
    std::string url = places_[place_].url + "/agent/v1/events?token=" + uri::encode(token_);
    url.replace(0, 4, "ws");  // of http:// or https://
    WebSocket::Events events;
    events.on_text = [self = me(), life](const std::string& frame) {
      if (life == self->life_) self->frame(parse(frame));
    };
    events.on_closed = [self = me(), life](const std::string& why) {
      if (life != self->life_ || self->shutting_) return;
      self->dropped(self->region() + ": " + why);
    };
    unanswered_ = 0;
    socket_ = WebSocket::open(loop_, url, {}, std::move(events), places_[place_].ca_file);
    ping(life);
  }

  // The node is lost, or this process was told to come again. The desktop's own region is asked once more, at once: it
  // may only have been started anew.
  void dropped(std::string why) {
    ++life_;
    signed_in_ = false;
    if (socket_) socket_->close();
    socket_.reset();
    // A node that is silent may keep an order for as long as it likes; under its token it may be given twice.
    for (const auto& order : std::exchange(asked_, {})) waiting_.push_back(std::move(*order));
    lost(std::move(why));
    sign_in();
  }

  void ping(std::uint64_t life) {
    loop_.after(kPing, [self = me(), life] {
      if (life != self->life_ || self->shutting_ || !self->socket_) return;
      if (++self->unanswered_ > kSilentPings) {
        const std::string why = self->region() + " is silent";
        // Whoever did not answer for so long would not answer a sign-in either.
        self->place_ = (self->place_ + 1) % self->places_.size();
        return self->dropped(why);
      }
      self->socket_->send(R"({"type":"ping"})");
      self->ping(life);
    });
  }

  // -- events

  void frame(const json::object& event) {
    unanswered_ = 0;
    if (shutting_) return;  // the end of the desktop is no news to the one who asked for it
    const std::string type = text(event, "type");
    if (type == "hello") {
      hello(inner(event, "me"));
    } else if (type == "contact.offered") {
      show(inner(event, "contact"), "ringing");
    } else if (type == "contact.connected") {
      show(inner(event, "contact"), "connected");
    } else if (type == "contact.ended") {
      show(inner(event, "contact"), "after_contact_work");
    } else if (type == "contact.guest") {
      show(inner(event, "contact"), "guest");
    } else if (type == "contact.gone") {
      show(inner(event, "contact"), "gone");
    } else if (type == "items") {
      items(text(event, "contact"), list(event, "items"));
    } else if (type == "status") {
      status_changed(inner(event, "status"));
    } else if (type == "closed") {
      const std::string reason = text(event, "reason");
      if (reason.starts_with("signed ") || reason.find("another desktop") != std::string::npos) {
        stop();
        if (events_.on_closed) events_.on_closed(reason);
      } else {
        dropped(region() + ": " + reason);
      }
    }
  }

  void hello(const json::object& desk) {
    for (const json::value& value : list(inner(desk, "routing_profile"), "queues")) {
      queues_[text(value.as_object(), "id")] = text(value.as_object(), "name");
    }
    std::set<std::string> here;
    for (const json::value& value : list(desk, "contacts")) here.insert(text(value.as_object(), "id"));
    for (const json::value& value : list(desk, "guest_of")) here.insert(text(value.as_object(), "id"));
    for (const std::string& id : std::set<std::string>(contacts_)) {
      if (!here.contains(id)) show(json::object{{"id", id}}, "gone");
    }
    signed_in_ = true;
    if (events_.on_signed_in) events_.on_signed_in(region(), here);
    read_statuses(inner(desk, "status"));
    for (const json::value& value : list(desk, "contacts")) {
      const json::object& contact = value.as_object();
      const std::string state = text(contact, "state");
      show(contact, state == "offered" ? "ringing" : state);
    }
    for (const json::value& value : list(desk, "guest_of")) show(value.as_object(), "guest");
    for (auto& order : std::exchange(waiting_, {})) give(std::move(order));
  }

  // Events name a status by its id.
  void read_statuses(const json::object& now) {
    post("statuses", "GET", {}, [self = me(), now, life = life_](const Result<http::Response>& response) {
      if (life != self->life_ || self->shutting_) return;
      if (response && response->status == 200) {
        const json::object said = parse(response->body);
        for (const json::value& value : list(said, "statuses")) {
          self->statuses_[text(value.as_object(), "id")] = text(value.as_object(), "name");
        }
      }
      self->status_changed(now);
    });
  }

  // Told when it is another one: every step of a contact comes with the status as well.
  void status_changed(const json::object& status) {
    const std::string to = text(status, "move_to");
    const json::value* now = status.if_contains("move_now");
    if (now != nullptr && *now == true && to != region()) {
      auto at = std::ranges::find(places_, to, &Place::name);
      if (at == places_.end()) at = std::ranges::find(places_, to, &Place::region);
      if (at != places_.end()) {
        place_ = static_cast<std::size_t>(at - places_.begin());
        return dropped("the desktop at this region: a supervisor moves it to " + to);
      }
    }
    const auto name_of = [&](const json::object& one) {
      const auto name = statuses_.find(text(one, "id"));
      return name != statuses_.end() ? name->second : text(one, "type");
    };
    std::string words = name_of(status);
    if (const json::object next = inner(status, "next"); !next.empty()) {
      words += " until the last contact is done, then " + name_of(next);
    }
    if (const json::value* missed = status.if_contains("missed"); missed != nullptr && *missed == true) {
      words += " (a contact was missed: choose a status again)";
    }
    if (words == status_ || words.empty()) return;
    status_ = words;
    if (events_.on_status) events_.on_status(words);
  }

  void show(const json::object& contact, const std::string& state) {
    const std::string id = text(contact, "id");
    if (id.empty()) return;
    contacts_.insert(id);
    DeskContact out{id,
                    state,
                    text(contact, "channel"),
                    text(contact, "queue"),
                    text(inner(contact, "customer"), "name"),
                    text(contact, "state"),
                    !text(contact, "about").empty()};
    if (const auto name = queues_.find(out.queue); name != queues_.end()) out.queue = name->second;
    if (state == "gone") {
      contacts_.erase(id);
      shown_.erase(id);
    }
    if (events_.on_contact) events_.on_contact(out);
    // What was said before, here or in another region, is read once; what comes from now on is told.
    if (state == "connected" || state == "guest") read_transcript(id, 0);
  }

  void read_transcript(const std::string& contact, int tries) {
    const std::uint64_t life = life_;
    post("contacts/" + contact + "/transcript?max=1000", "GET", {},
         [self = me(), life, contact, tries](const Result<http::Response>& response) {
           if (life != self->life_ || self->shutting_) return;
           if (response && response->status == 200) return self->items(contact, list(parse(response->body), "items"));
           if (response && response->status < 500) return;
           if (tries < 20)
             self->loop_.after(kRetry, [self, contact, tries] { self->read_transcript(contact, tries + 1); });
         });
  }

  void items(const std::string& contact, const json::array& all) {
    if (!contacts_.contains(contact)) return;
    for (const json::value& value : all) {
      const json::object& item = value.as_object();
      DeskItem out{contact, text(item, "id"), text(item, "from"), text(item, "content_type"), text(item, "content")};
      for (char& c : out.role) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      if (!out.id.empty() && shown_[contact].insert(out.id).second && events_.on_item) events_.on_item(out);
    }
  }

  // -- orders

  void give(Order order) {
    if (shutting_) {
      if (order.done) order.done(fail(Errc::shutting_down, "the desktop is closed"));
      return;
    }
    if (!signed_in_) {
      waiting_.push_back(std::move(order));
      return;
    }
    const auto kept = std::make_shared<Order>(std::move(order));
    asked_.push_back(kept);
    post(kept->path, kept->method, kept->body, [self = me(), kept](const Result<http::Response>& response) {
      if (std::erase(self->asked_, kept) == 0) return;  // given anew where the desktop went on
      if (response && response->status == 200) {
        if (kept->done) kept->done({});
        return;
      }
      const json::object said = response ? parse(response->body) : json::object{};
      const std::string code = text(said, "code");
      const bool again = !response || response->status >= 500 || response->status == 429 || response->status == 401 ||
                         code == "not_signed_in" || code == "elsewhere";
      if (again && ++kept->tries < kOrderTries) {
        self->loop_.after(kRetry, [self, kept] { self->give(std::move(*kept)); });
        return;
      }
      if (kept->done) kept->done(fail(Errc::refused, response ? text(said, "message") : "the region does not answer"));
    });
  }

  void stop() {
    shutting_ = true;
    ++life_;
    if (socket_) socket_->close();
    socket_.reset();
    for (const auto& order : std::exchange(asked_, {})) waiting_.push_back(std::move(*order));
    for (auto& order : std::exchange(waiting_, {})) {
      if (order.done) order.done(fail(Errc::shutting_down, "the desktop is closed"));
    }
    contacts_.clear();
    shown_.clear();
    // What the events hold may hold this.
    loop_.post([self = me()] { self->events_ = {}; });
  }

  net::Loop& loop_;
  http::Client& http_;
  std::vector<Place> places_;
  std::string user_;
  std::string password_;
  DeskEvents events_;
  std::string desktop_;
  std::string token_;
  std::size_t place_ = 0;
  int stayed_ = 0;
  std::uint64_t life_ = 0;  // of a sign-in: what belongs to an older one is not looked at
  bool signing_in_ = false;
  bool signed_in_ = false;
  bool shutting_ = false;
  std::string said_lost_;
  std::shared_ptr<WebSocket> socket_;
  int unanswered_ = 0;
  std::map<std::string, std::string> queues_;    // names by id
  std::map<std::string, std::string> statuses_;  // likewise
  std::string status_;
  std::set<std::string> contacts_;
  std::map<std::string, std::set<std::string>> shown_;
  std::vector<Order> waiting_;                 // for the next sign-in
  std::vector<std::shared_ptr<Order>> asked_;  // not answered yet
};

}  // namespace

std::shared_ptr<Desk> Desk::open(net::Loop& loop, http::Client& http, std::vector<Place> places, std::string user,
                                 std::string password, DeskEvents events) {
  auto out =
      std::make_shared<Client>(loop, http, std::move(places), std::move(user), std::move(password), std::move(events));
  out->begin();
  return out;
}

}  // namespace tandem::cli
