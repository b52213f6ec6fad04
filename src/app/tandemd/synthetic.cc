#include "app/tandemd/synthetic.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <deque>
#include <fstream>
#include <mutex>
#include <set>

#include "app/client/answers.h"
#include "app/client/desk.h"
#include "app/client/signed_request.h"
#include "app/client/web_socket.h"
#include "app/tandemd/synthetic_documents.h"
#include "codec/crypto.h"
#include "core/distribution/synthetic.h"
#include "io/password/password.h"

namespace tandem::app {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;
using cli::parse;
using cli::text;
using Moment = net::Clock::time_point;

constexpr auto kRoundMin = 3s;  // a round has one and a half intervals, but so long at least
constexpr auto kRoundMax = 15s;
constexpr auto kFailingMin = 5s;  // of three intervals
constexpr auto kGrace = 10s;      // after the start, or after a rest
constexpr auto kLook = 1s;        // at what the node is to do
constexpr auto kSlow = 3s;
constexpr auto kFetchMax = 10s;
constexpr int kRestMax = 10;   // looks; then the desktop is shut, whatever it has
constexpr int kPauseMax = 11;  // intervals that are left out after failures in a row

std::chrono::milliseconds ms(net::Clock::duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d);
}

json::object inner(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : json::object{};
}

std::string why_of(const Result<http::Response>& response) {
  if (!response) return response.error().detail;
  const json::object said = parse(response->body);
  for (const char* member : {"Message", "message", "detail"}) {
    if (const std::string words = text(said, member); !words.empty()) return words;
  }
  return "status " + std::to_string(response->status);
}

bool good(const Result<http::Response>& response) { return response && response->status == 200; }
// What the participant API says of a chat that has ended.
bool over(const Result<http::Response>& response) { return response && response->status == 403; }

const std::string kEnded = "the chat ended unanswered; look at the flow tandem-synthetic";

// Kept from one life to the next.
Result<std::string> secret_in(const std::string& file) {
  if (std::ifstream in(file); in) {
    std::string there;
    std::getline(in, there);
    if (there.size() >= 32) return there;
  }
  std::string fresh = crypto::base64(crypto::random_bytes(30));
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written = fd >= 0 && ::write(fd, fresh.data(), fresh.size()) == static_cast<ssize_t>(fresh.size());
  if (fd >= 0) ::close(fd);
  if (!written) return fail(Errc::denied, "cannot write " + file);
  return fresh;
}

}  // namespace

struct Synthetic::Impl {
  Impl(Options given, api::Host& of)
      : options(std::move(given)), host(of), own(distribution::synthetic_name(options.node)), loop("synthetic") {
    base = net::Clock::now();
    loop.post([this] { turn(); });
  }

  // -- the turns

  // What the node is to do, as its world has it.
  struct Duty {
    bool settled = false;
    bool rests = false;    // it drains or joins: nothing new belongs here
    bool active = false;   // as the others see it
    bool returns = false;  // it waits for one that is served
    [[nodiscard]] bool counts() const { return settled && active && !rests; }
    friend bool operator==(const Duty&, const Duty&) = default;
  };

  void turn() {
    loop.after(std::min<std::chrono::milliseconds>(options.every, kLook), [this] { turn(); });
    auto now = std::make_shared<Duty>();
    host.query(
        [now](const World& world, const Local& local) {
          const Sees sees = world.sees(local);
          const failover::MemberState state = world.failover().state(local.self);
          const bool drains = world.distribution().node(local.self).part() == 0 ||
                              world.distribution().region(local.region).part() == 0;
          now->settled = local.settled && local.may_ack;
          now->rests = drains || sees.members.find(local.self) == nullptr;
          now->active = state == failover::MemberState::active;
          now->returns = state == failover::MemberState::ready;
        },
        [this, now] { loop.post([this, now] { look(*now); }); });
  }

  void look(const Duty& now) {
    {
      const std::lock_guard lock(mutex);
      if (now.counts() && !duty.counts()) base = net::Clock::now() + kGrace;
      if (now.returns && !duty.returns) next = net::Clock::now();
      duty = now;
    }
    if (now.rests) return rest();
    resting = 0;
    if (!now.settled || net::Clock::now() < next) return;
    if (!made) return make();
    if (!desk) open_desk();
    if (round) return;  // it has its own time limit
    next = net::Clock::now() + options.every;
    begin();
  }

  // Everything is put away, so that a drain finds the node empty.
  void rest() {
    round.reset();
    put_away();
    next = {};
    pauses = 0;
    if (!desk) return;
    // Its after-contact work first: a desktop that is shut in the middle leaves it behind.
    if (++resting < kRestMax && !on_desk.empty()) return;
    desk->shut({});
    desk.reset();
    on_desk.clear();
  }

  // -- what it needs, made once

  void make() {
    if (making) return;
    making = true;
    const auto secret = secret_in(options.data + "/synthetic.secret");
    if (!secret) return not_made(secret.error().detail);
    credentials = {"AKIATANDEMSYNTHETIC" + std::to_string(options.number.value()), *secret, ""};
    password = host.pseudonym("password of " + own).text();
    documents.clear();
    for (SyntheticDocument& each : synthetic_documents(options.instance, options.node, "")) {
      documents.push_back(std::move(each));
    }
    const json::object key{{"secret", "file:" + options.data + "/synthetic.secret"}, {"principal", own}};
    operate("PUT", "access-keys/" + credentials.access_key, key, [this](const Result<http::Response>& response) {
      if (!good(response)) return not_made("access key: " + why_of(response));
      make_next();
    });
  }

  // What stands is left as it is: it is the operator's.
  void make_next() {
    if (documents.empty()) {
      made = true;
      making = false;
      const std::lock_guard lock(mutex);
      base = net::Clock::now() + kGrace;
      return;
    }
    const std::string path = "documents/" + documents.front().kind + "/" + documents.front().id.text();
    operate("GET", path, {}, [this, path](const Result<http::Response>& found) {
      if (good(found)) {
        documents.pop_front();
        return make_next();
      }
      if (!found || found->status != 404) return not_made(path + ": " + why_of(found));
      SyntheticDocument& document = documents.front();
      if (document.kind == "user") {
        auto hash = password::hash_now(password);
        if (!hash) return not_made(hash.error().detail);
        document.set["password"] = std::move(*hash);
      }
      json::object set;
      for (const auto& [field, value] : document.set) set[field] = value;
      operate("PUT", path, {{"set", std::move(set)}}, [this, path](const Result<http::Response>& put) {
        // A status of this name by somebody else serves as well.
        const bool taken = put && put->status == 409 && documents.front().kind == "agent_status";
        if (!good(put) && !taken) return not_made(path + ": " + why_of(put));
        documents.pop_front();
        make_next();
      });
    });
  }

  void not_made(const std::string& why) {
    making = false;
    failed("what synthetic contacts need cannot be made: " + why);
  }

  // -- the agent

  void open_desk() {
    cli::DeskEvents events;
    events.on_signed_in = [this](const std::string&, const std::set<std::string>&) {
      agent_away.clear();
      chats.clear();  // they are told again
      on_desk.clear();
      desk->status("Available", [this](const Result<void>& done) {
        if (!done) agent_away = done.error().detail;
      });
    };
    events.on_contact = [this](const cli::DeskContact& contact) { on_contact(contact); };
    events.on_item = [this](const cli::DeskItem& item) {
      if (item.role == "CUSTOMER" && !item.content.empty() && !item.type.contains("event")) {
        desk->say(item.contact, "heard: " + item.content, {});
      }
    };
    events.on_lost = [this](const std::string& why) { agent_away = why; };
    const auto gone = [this](const std::string& why) {
      agent_away = why;
      desk.reset();  // the next turn opens another
    };
    events.on_refused = gone;
    events.on_closed = gone;
    desk = cli::Desk::open(loop, http, {{options.node, options.region, options.url, options.ca_file}}, own, password,
                           std::move(events));
  }

  void on_contact(const cli::DeskContact& contact) {
    if (contact.state == "gone") {
      on_desk.erase(contact.id);
    } else {
      on_desk.insert(contact.id);
    }
    if (contact.state == "ringing") {
      desk->accept(contact.id, {});
    } else if (contact.state == "connected" && contact.channel == "TASK") {
      desk->end(contact.id, [this, id = contact.id](const Result<void>& done) {
        if (!round) return;
        if (done) round->ended.insert(id);  // perhaps before its own start is answered
        match();
      });
    } else if (contact.state == "connected") {
      chats.insert(contact.id);
      end_others();
    } else if (contact.state == "after_contact_work") {
      chats.erase(contact.id);
      desk->complete(contact.id, {});
    } else if (contact.state == "gone") {
      chats.erase(contact.id);
    }
  }

  // What earlier rounds and lives left behind takes the agent's slots.
  void end_others() {
    if (chat.contact.empty() || !desk) return;
    for (const std::string& id : chats) {
      if (id != chat.contact) desk->end(id, {});
    }
  }

  void match() {
    if (!round || task.empty() || !round->ended.contains(task)) return;
    task.clear();
    round->task = true;
    finish();
  }

  // -- rounds

  struct Round {
    Moment begun;
    bool fresh = false;
    bool chat = false;  // served
    bool task = false;
    std::set<std::string> ended;  // tasks
    std::string word;
    std::string stage;
  };
  struct Chat {
    std::string contact;
    std::string token;  // of the connection
    std::shared_ptr<cli::WebSocket> socket;
  };

  void begin() {
    round = std::make_shared<Round>();
    round->begun = net::Clock::now();
    round->fresh = chat.contact.empty() || ++rounds % kSyntheticFreshEvery == 0;
    round->word = "word " + std::to_string(++words);
    const auto limit = std::clamp<std::chrono::milliseconds>(options.every * 3 / 2, kRoundMin, kRoundMax);
    loop.after(limit, [this, of = round] {
      if (round == of) failed(of->stage + (agent_away.empty() ? "" : " (its agent: " + agent_away + ")"));
    });
    if (!round->fresh) {
      round->task = true;
      return say();
    }
    put_away();
    start_chat();
    start_task();
  }

  [[nodiscard]] json::object start_body() const {
    return {{"InstanceId", options.instance.text()},
            {"ContactFlowId", synthetic_id(options.instance, "flow", distribution::kSynthetic).text()},
            {"Attributes", {{distribution::kSynthetic, synthetic_id(options.instance, "queue", own).text()}}}};
  }

  void start_chat() {
    round->stage = "a chat was started and not answered";
    json::object body = start_body();
    body["ParticipantDetails"] = {{"DisplayName", "Synthetic"}};
    connect_api("PUT", "/contact/chat", body, [this, of = round](const Result<http::Response>& response) {
      if (of != round) return;
      if (!good(response)) return failed("StartChatContact: " + why_of(response));
      const json::object said = parse(response->body);
      chat.contact = text(said, "ContactId");
      end_others();
      participant("connection", text(said, "ParticipantToken"),
                  {{"Type", json::array{"WEBSOCKET", "CONNECTION_CREDENTIALS"}}, {"ConnectParticipant", true}},
                  [this, of](const Result<http::Response>& connected) {
                    if (of != round) return;
                    if (over(connected)) return failed(kEnded);
                    if (!good(connected)) return failed("CreateParticipantConnection: " + why_of(connected));
                    const json::object way = parse(connected->body);
                    chat.token = text(inner(way, "ConnectionCredentials"), "ConnectionToken");
                    listen(text(inner(way, "Websocket"), "Url"));
                  });
    });
  }

  void listen(const std::string& url) {
    cli::WebSocket::Events events;
    events.on_text = [this, of = chat.contact](const std::string& frame) {
      if (of == chat.contact) heard(parse(frame));
    };
    events.on_closed = [this, of = chat.contact](const std::string& why) {
      if (of != chat.contact || chat.contact.empty()) return;
      lose_chat();
      if (round) failed("the customer's connection was closed: " + why);
    };
    chat.socket = cli::WebSocket::open(loop, url, {}, std::move(events), options.ca_file);
    chat.socket->send(R"({"topic":"aws/subscribe","content":{"topics":["aws/chat"]}})");
  }

  void heard(const json::object& frame) {
    const std::string topic = text(frame, "topic");
    if (topic == "aws/subscribe") return say();
    if (topic != "aws/chat") return;
    const json::object item = parse(text(frame, "content"));
    if (text(item, "ContentType").ends_with("chat.ended")) {
      lose_chat();
      if (!round) return;  // the next one is fresh
      return failed(kEnded);
    }
    if (!round || text(item, "ParticipantRole") != "AGENT" || text(item, "Content") != "heard: " + round->word) return;
    round->chat = true;
    finish();
  }

  void say() {
    if (!round || round->chat) return;
    round->stage = "a customer's word was not answered";
    participant("message", chat.token, {{"ContentType", "text/plain"}, {"Content", round->word}},
                [this, of = round](const Result<http::Response>& response) {
                  if (of != round || good(response)) return;
                  failed(over(response) ? kEnded : "SendMessage: " + why_of(response));
                });
  }

  void start_task() {
    json::object body = start_body();
    body["Name"] = distribution::kSynthetic;
    connect_api("PUT", "/contact/task", body, [this, of = round](const Result<http::Response>& response) {
      if (of != round) return;
      if (!good(response)) return failed("StartTaskContact: " + why_of(response));
      task = text(parse(response->body), "ContactId");
      match();
    });
  }

  void finish() {
    if (!round->chat || !round->task) {
      if (round->chat) round->stage = "a task was started and not answered";
      return;
    }
    const Moment end = net::Clock::now();
    const bool again = !problem.empty();
    {
      const std::lock_guard lock(mutex);
      ++served;
      last_begun = round->begun;
      last_end = end;
      took = ms(end - round->begun);
      problem.clear();
    }
    pauses = 0;
    round.reset();
    if (again) host.log("info", "synthetic contacts are served again");
  }

  // Ever fewer while it lasts: each leaves a contact behind.
  void failed(std::string why) {
    round.reset();
    put_away();
    pauses = std::min(2 * pauses + 1, kPauseMax);
    next = net::Clock::now() + options.every * (1 + pauses);
    const bool told = !problem.empty();
    {
      const std::lock_guard lock(mutex);
      ++failures;
      problem = why;
    }
    if (!told) host.log("warning", "a synthetic contact was not served: " + why);
  }

  void lose_chat() {
    if (chat.socket) chat.socket->close();
    chat = {};
  }

  // Ends what was begun.
  void put_away() {
    if (!chat.token.empty()) participant("disconnect", chat.token, {}, [](const Result<http::Response>&) {});
    for (const std::string& contact : {chat.token.empty() ? chat.contact : std::string(), task}) {
      if (contact.empty()) continue;
      connect_api("POST", "/contact/stop", {{"InstanceId", options.instance.text()}, {"ContactId", contact}},
                  [](const Result<http::Response>&) {});
    }
    task.clear();
    lose_chat();
  }

  // -- requests

  using Answered = std::function<void(const Result<http::Response>&)>;
  void ask(http::Fetch fetch, Answered done) {
    fetch.timeout = kFetchMax;
    fetch.ca_file = options.ca_file;
    http.fetch(std::move(fetch), [this, done = std::move(done)](Result<http::Response> response) {
      loop.post([done, response = std::move(response)] { done(response); });
    });
  }
  void operate(const std::string& method, const std::string& path, const json::object& body, Answered done) {
    http::Fetch fetch;
    fetch.url = options.url + "/ops/v1/" + path;
    fetch.method = method;
    fetch.headers = {{"content-type", "application/json"},
                     {"authorization", "Bearer " + host.sign_token("ops", own, 60s)}};
    if (method != "GET") fetch.body = json::serialize(body);
    ask(std::move(fetch), std::move(done));
  }
  void connect_api(const std::string& method, const std::string& target, const json::object& body, Answered done) {
    ask(cli::signed_request(options.url, options.region, credentials, method, target, json::serialize(body)),
        std::move(done));
  }
  void participant(const std::string& what, const std::string& bearer, const json::object& body, Answered done) {
    http::Fetch fetch;
    fetch.url = options.url + "/participant/" + what;
    fetch.method = "POST";
    fetch.headers = {{"content-type", "application/json"}, {"x-amz-bearer", bearer}};
    fetch.body = json::serialize(body);
    ask(std::move(fetch), std::move(done));
  }

  [[nodiscard]] Reading reading() const {
    const std::lock_guard lock(mutex);
    const Moment now = net::Clock::now();
    const std::chrono::milliseconds wait = std::max<std::chrono::milliseconds>(3 * options.every, kFailingMin);
    Reading out;
    out.said.on = !duty.rests;
    out.said.served = last_begun.has_value();
    if (last_begun) out.said.ago = ms(now - *last_begun);
    out.said.took = took;
    out.said.failing = duty.counts() && now - std::max(base, last_end) > wait;
    out.served = served;
    out.failed = failures;
    if (out.said.failing) {
      out.problem = "synthetic contacts are not served by this node" +
                    (last_begun ? " for " + std::to_string(ms(now - last_end).count() / 1000) + " s"
                                : std::string(" since it started")) +
                    (problem.empty() ? "" : ": " + problem);
    } else if (out.said.on && took > kSlow) {
      out.problem = "this node is slow: its last synthetic contact took " + std::to_string(took.count()) + " ms";
    }
    return out;
  }

  const Options options;
  api::Host& host;
  const std::string own;  // name of what is this node's
  sigv4::Credentials credentials;
  std::string password;
  std::deque<SyntheticDocument> documents;  // that are to be made
  bool making = false;
  bool made = false;
  std::shared_ptr<cli::Desk> desk;
  std::set<std::string> on_desk;  // contacts that it has
  std::set<std::string> chats;    // of those, that are connected
  int resting = 0;                // looks in a row
  std::string agent_away;         // why; empty: it is there
  std::shared_ptr<Round> round;
  Chat chat;
  std::string task;
  int rounds = 0;
  std::uint64_t words = 0;
  Moment next;  // when a round may begin
  int pauses = 0;

  mutable std::mutex mutex;  // guards what follows
  Duty duty;
  Moment base;  // none is missed before
  std::optional<Moment> last_begun;
  Moment last_end;
  std::chrono::milliseconds took{};
  std::uint64_t served = 0;
  std::uint64_t failures = 0;
  std::string problem;

  http::Client http;
  net::Loop loop;
};

Synthetic::Synthetic(Options options, api::Host& host) : impl_(std::make_unique<Impl>(std::move(options), host)) {}
Synthetic::~Synthetic() { stop(); }

void Synthetic::stop() {
  if (std::exchange(stopped_, true)) return;
  impl_->http.stop();
  impl_->loop.stop();
}

Synthetic::Reading Synthetic::reading() const { return impl_->reading(); }

}  // namespace tandem::app
