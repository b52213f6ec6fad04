// Synthetic customers and agents, and what they say about how they were treated.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <future>
#include <thread>

#include <fmt/format.h>

#include "app/client/answers.h"
#include "app/client/desk.h"
#include "app/tandem/commands.h"
#include "app/tandem/customer.h"
#include "app/tandem/exit_codes.h"
#include "app/tandem/ops_client.h"
#include "app/tandem/table.h"
#include "codec/crypto.h"
#include "codec/uri.h"

namespace tandem::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kLeaveMax = 60s;  // for those who leave at the end, and for the last transcripts
constexpr auto kBusyMax = 60s;   // for one answer

// An agent of the run: takes what is offered, talks until enough was said, ends, and is ready for the next.
class Attendant : public std::enable_shared_from_this<Attendant> {
 public:
  Attendant(Stage& stage, std::string user) : stage_(stage), user_(std::move(user)) {}

  void start(const std::string& password, std::vector<Place> places) {
    DeskEvents events;
    events.on_signed_in = [self = shared_from_this()](const std::string&, const std::set<std::string>& contacts) {
      if (self->signed_in_) self->stage_.ledger.signed_in_again(self->user_, self->stage_.now());
      self->signed_in_ = true;
      std::set<std::string> serves;
      for (const std::string& contact : contacts) {
        if (self->talks_.contains(contact)) serves.insert(contact);
      }
      self->stage_.ledger.knows(self->user_, serves, self->stage_.now());
      self->desk_->status("Available", {});
    };
    events.on_contact = [self = shared_from_this()](const DeskContact& contact) { self->contact(contact); };
    events.on_item = [self = shared_from_this()](const DeskItem& item) { self->item(item); };
    events.on_lost = [self = shared_from_this()](const std::string&) {
      self->stage_.ledger.cut_off(self->user_, self->stage_.now());
    };
    events.on_refused = [self = shared_from_this()](const std::string& why) { self->refused_ = why; };
    desk_ = Desk::open(stage_.loop, stage_.http, std::move(places), user_, password, std::move(events));
  }
  void shut() {
    if (desk_) desk_->shut({});
  }
  [[nodiscard]] bool signed_in() const { return signed_in_; }
  [[nodiscard]] const std::string& refused() const { return refused_; }

 private:
  struct Talk {
    std::uint32_t said = 0;
    std::uint32_t heard = 0;
    bool ending = false;
  };

  void contact(const DeskContact& contact) {
    if (contact.state == "ringing") {
      desk_->accept(contact.id, {});
    } else if (contact.state == "connected") {
      if (talks_.contains(contact.id)) return;
      stage_.ledger.holds(user_, contact.id, stage_.now());
      speak(contact.id, talks_[contact.id]);
    } else if (contact.state == "after_contact_work") {
      forget(contact.id);
      desk_->complete(contact.id, {});
    } else {
      forget(contact.id);
    }
  }

  void forget(const std::string& contact) {
    talks_.erase(contact);
    stage_.ledger.holds_no_more(user_, contact, stage_.now());
  }

  void speak(const std::string& contact, Talk& talk) {
    ++talk.said;
    if (stage_.think.count() == 0) return say(contact);
    stage_.loop.after(stage_.think, [self = shared_from_this(), contact] {
      const auto at = self->talks_.find(contact);
      if (at != self->talks_.end() && !at->second.ending) self->say(contact);
    });
  }

  void say(const std::string& contact) {
    const std::string words = "Word " + std::to_string(++spoken_[contact]) + " of " + user_ + " to " + contact;
    desk_->say(contact, words, [self = shared_from_this(), contact, words](const Result<void>& done) {
      if (done) self->stage_.ledger.acknowledged(contact, words, self->stage_.now());
    });
  }

  void item(const DeskItem& item) {
    const auto at = talks_.find(item.contact);
    // What the customer told the flow was said before this agent came.
    if (at == talks_.end() || item.role != "CUSTOMER" || !item.content.starts_with("Reply ")) return;
    Talk& talk = at->second;
    ++talk.heard;
    if (talk.ending) return;
    if (talk.said < stage_.messages) return speak(item.contact, talk);
    talk.ending = true;
    desk_->end(item.contact, {});
  }

  Stage& stage_;
  std::string user_;
  std::shared_ptr<Desk> desk_;
  bool signed_in_ = false;
  std::string refused_;
  std::map<std::string, Talk> talks_;
  // Of every contact there ever was: one that comes back after a loss is told nothing that it has heard word for word,
  // which would look like a message kept twice.
  std::map<std::string, std::uint32_t> spoken_;
};

// What the run needs of the centre, found and made through the Connect API before the first chat.
class Preparation {
 public:
  Preparation(Stage& stage, std::function<void(const std::string&)> progress)
      : stage_(stage), progress_(std::move(progress)) {}

  Result<void> find_flow(const std::string& name) {
    const auto flows = all("/contact-flows-summary/", "ContactFlowSummaryList");
    if (!flows) return std::unexpected(flows.error());
    for (const json::value& value : *flows) {
      if (text(value.as_object(), "Name") == name) stage_.flow = text(value.as_object(), "Id");
    }
    if (stage_.flow.empty()) return fail(Errc::not_found, "the centre has no flow named '" + name + "'");
    return {};
  }

  // The users of the agents, made if they are not there. Their routing profile is the one of the sample that serves
  // every queue, else the first.
  Result<std::vector<std::string>> users(std::uint32_t count, const std::string& password) {
    const auto there = all("/users-summary/", "UserSummaryList");
    if (!there) return std::unexpected(there.error());
    const auto profiles = all("/routing-profiles-summary/", "RoutingProfileSummaryList");
    if (!profiles) return std::unexpected(profiles.error());
    const auto security = all("/security-profiles-summary/", "SecurityProfileSummaryList");
    if (!security) return std::unexpected(security.error());
    if (profiles->empty() || security->empty()) {
      return fail(Errc::not_found, "the centre has no routing profile or no security profile for the agents");
    }
    std::string profile = text(profiles->front().as_object(), "Id");
    for (const json::value& value : *profiles) {
      if (text(value.as_object(), "Name") == "everything") profile = text(value.as_object(), "Id");
    }
    std::set<std::string> names;
    for (const json::value& value : *there) names.insert(text(value.as_object(), "Username"));
    std::vector<std::string> out;
    for (std::uint32_t n = 1; n <= count; ++n) {
      out.push_back(fmt::format("drive-{:03}", n));
      if (names.contains(out.back())) continue;
      progress_(fmt::format("creating agent {} of {}", n, count));
      const json::object body{{"Username", out.back()},
                              {"Password", password},
                              {"IdentityInfo", {{"FirstName", "Driven"}, {"LastName", std::to_string(n)}}},
                              {"PhoneConfig", {{"PhoneType", "SOFT_PHONE"}}},
                              {"RoutingProfileId", profile},
                              {"SecurityProfileIds", {text(security->front().as_object(), "Id")}}};
      const auto made = ask("PUT", "/users/" + stage_.instance, json::serialize(body));
      if (!made) return std::unexpected(made.error());
    }
    return out;
  }

 private:
  Result<json::object> ask(const std::string& method, const std::string& target, const std::string& body) {
    Error last{Errc::unreachable, ""};
    // Whoever is busy is asked again for longer than whoever fails: a user's password takes its time.
    const auto patience = std::chrono::steady_clock::now() + kBusyMax;
    for (std::size_t n = 0, failures = 0; failures < 5; ++n) {
      const Place& gateway = stage_.gateways[n % stage_.gateways.size()];
      const auto response = fetch_now(stage_.http, signed_request(stage_, gateway, method, target, body));
      if (!response) {
        last = {Errc::unreachable, "nobody answers at " + gateway.url + " (" + response.error().detail + ")"};
      } else if (response->status == 200) {
        return json::parse(response->body).as_object();
      } else {
        last = {Errc::refused,
                method + " " + target + " was answered " + std::to_string(response->status) + ": " + response->body};
        if (response->status < 500 && response->status != 429) break;
      }
      const bool busy = response && response->status == 429 && std::chrono::steady_clock::now() < patience;
      if (!busy) ++failures;
      std::this_thread::sleep_for(200ms);
    }
    return std::unexpected(last);
  }

  Result<json::array> all(const std::string& path, std::string_view member) {
    json::array out;
    std::string next;
    do {
      std::string target = path + stage_.instance + "?maxResults=100";
      if (!next.empty()) target += "&nextToken=" + uri::encode(next);
      const auto page = ask("GET", target, "");
      if (!page) return std::unexpected(page.error());
      if (const json::value* list = page->if_contains(member); list != nullptr && list->is_array()) {
        for (const json::value& value : list->get_array()) out.push_back(value);
      }
      next = text(*page, "NextToken");
    } while (!next.empty());
    return out;
  }

  Stage& stage_;
  std::function<void(const std::string&)> progress_;
};

// Runs `work` on the loop and waits for what it returns.
template <class Work>
auto on_loop(net::Loop& loop, Work work) {
  using Found = decltype(work());
  auto found = std::make_shared<std::promise<Found>>();
  auto future = found->get_future();
  loop.post([found, work = std::move(work)]() mutable { found->set_value(work()); });
  return future.get();
}

// Whoever started this run wants it to end: no more chats, and everybody leaves.
std::atomic<bool> over_early = false;
void end_early(int) { over_early = true; }

class Run {
 public:
  Run(Stage& stage, const Drive& drive, bool quiet) : stage_(stage), drive_(drive), quiet_(quiet) {}

  Result<void> sign_in(const std::vector<std::string>& users, const std::string& password,
                       const std::vector<Place>& places) {
    on_loop(stage_.loop, [&] {
      for (std::size_t n = 0; n < users.size(); ++n) {
        std::vector<Place> mine = places;
        std::rotate(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(n % mine.size()), mine.end());
        agents_.push_back(std::make_shared<Attendant>(stage_, users[n]));
        agents_.back()->start(password, std::move(mine));
      }
      return true;
    });
    // Passwords are checked one after the other, and slowly on purpose.
    const auto until = net::Clock::now() + 30s + 5s * users.size();
    for (;;) {
      std::string refused;
      const std::size_t there = on_loop(stage_.loop, [&] {
        for (const auto& agent : agents_) {
          if (!agent->refused().empty()) refused = agent->refused();
        }
        return static_cast<std::size_t>(std::ranges::count_if(agents_, [](const auto& a) { return a->signed_in(); }));
      });
      if (!refused.empty()) return fail(Errc::unauthenticated, "an agent cannot sign in: " + refused);
      if (there == users.size()) return {};
      if (net::Clock::now() > until)
        return fail(Errc::timed_out, fmt::format("only {} of {} agents could sign in", there, users.size()));
      tell(fmt::format("signing in: {} of {} agents", there, users.size()));
      std::this_thread::sleep_for(100ms);
    }
  }

  Ledger::Summary play() {
    const auto begun = net::Clock::now();
    const auto total = static_cast<std::uint64_t>(std::llround(drive_.rate * drive_.seconds));
    std::uint64_t number = 0;
    while (number < std::max<std::uint64_t>(total, 1) && !over_early) {
      const auto due = begun + std::chrono::duration_cast<net::Clock::duration>(
                                   std::chrono::duration<double>(static_cast<double>(number) / drive_.rate));
      std::this_thread::sleep_until(due);
      ++number;
      stage_.loop.post([this, number] {
        std::erase_if(customers_, [](const auto& c) { return c->done(); });
        customers_.push_back(std::make_shared<Customer>(stage_, number));
        customers_.back()->start();
      });
      report("starting");
    }
    wait(std::chrono::seconds(drive_.drain_seconds), "finishing", false);
    on_loop(stage_.loop, [&] {
      for (const auto& customer : customers_) customer->leave();
      return true;
    });
    wait(kLeaveMax, "leaving", true);
    return on_loop(stage_.loop, [&] {
      for (const auto& agent : agents_) agent->shut();
      return stage_.ledger.summary(true);
    });
  }

  // Replaces itself on a terminal; elsewhere a line now and then.
  void tell(const std::string& words) {
    const bool terminal = ::isatty(STDERR_FILENO) != 0;
    const auto now = net::Clock::now();
    if (quiet_ || now - told_ < (terminal ? 100ms : 5000ms)) return;
    told_ = now;
    fmt::print(stderr, "{}{}{}", terminal ? "\r\033[K" : "", words, terminal ? "" : "\n");
  }
  void clear() const {
    if (!quiet_ && ::isatty(STDERR_FILENO) != 0) fmt::print(stderr, "\r\033[K");
  }

 private:
  void report(const char* what) {
    if (quiet_ || net::Clock::now() - told_ < 500ms) return;
    const auto s = on_loop(stage_.loop, [&] { return stage_.ledger.summary(false); });
    const std::size_t open = on_loop(stage_.loop, [&] { return stage_.ledger.open(); });
    tell(fmt::format("{}: {} asked, {} started, {} open, {} served, {} messages, {} doubled", what, s.asked, s.started,
                     open, s.served, s.messages, s.doubled));
  }

  void wait(std::chrono::seconds longest, const char* what, bool leaving) {
    const auto until = net::Clock::now() + longest;
    while (net::Clock::now() < until && (leaving || !over_early)) {
      const bool all = on_loop(
          stage_.loop, [&] { return std::ranges::all_of(customers_, [](const auto& c) { return c->done(); }); });
      if (all) return;
      report(what);
      std::this_thread::sleep_for(50ms);
    }
  }

  Stage& stage_;
  const Drive& drive_;
  bool quiet_;
  std::vector<std::shared_ptr<Attendant>> agents_;
  std::vector<std::shared_ptr<Customer>> customers_;
  net::Clock::time_point told_{};
};

// The ledger's events in a file that others read while it grows.
class EventFile {
 public:
  Result<void> open(const std::string& path, Ledger& ledger) {
    out_.open(path);
    const auto ms_of = [](auto time) {
      return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
    };
    out_ << drill::to_line(drill::Begun{ms_of(net::Clock::now()), ms_of(std::chrono::system_clock::now())}) << '\n';
    if (!out_.flush()) return fail(Errc::refused, "cannot write " + path);
    ledger.pass_on([this](const drill::Event& event) {
      out_ << drill::to_line(event) << '\n';
      if (const auto now = net::Clock::now(); now - flushed_ > 50ms) {
        out_.flush();
        flushed_ = now;
      }
    });
    return {};
  }
  // False when something of it could not be written.
  bool close() {
    out_.close();
    return !out_.fail();
  }

 private:
  std::ofstream out_;
  net::Clock::time_point flushed_{};
};

json::value ms(const std::optional<Ledger::Ms>& wait) {
  return wait ? json::value(wait->count()) : json::value(nullptr);
}

// With the region that requests to each are signed for: its own, or for the hub and for addresses unknown here any.
std::vector<Place> gateways_of(const Drive& drive, const Centre& centre) {
  const std::string& any = centre.regions().front()->region;
  std::vector<Place> out;
  for (const std::string& url : drive.gateways) {
    const auto at = std::ranges::find(centre.nodes, url, &CentreNode::url);
    const bool known = at != centre.nodes.end();
    out.push_back({known ? at->name() : url, known && !at->hub ? at->region : any, url});
  }
  if (out.empty()) out.push_back({centre.gateway().name(), any, centre.gateway().url()});
  return out;
}

void print(const Ledger::Summary& s, bool as_json) {
  if (as_json) {
    const json::object out{{"asked", s.asked},
                           {"refused", s.refused},
                           {"started", s.started},
                           {"served", s.served},
                           {"abandoned", s.abandoned},
                           {"lost", s.lost},
                           {"lost_contacts", s.lost_contacts},
                           {"lost_messages", s.lost_messages},
                           {"doubled", s.doubled},
                           {"doubled_contacts", s.doubled_contacts},
                           {"doubled_messages", s.doubled_messages},
                           {"unchecked", s.unchecked},
                           {"messages", s.messages},
                           {"reattached", s.reattached},
                           {"signed_in_again", s.signed_in_again},
                           {"wait_p50_ms", ms(s.wait_p50)},
                           {"wait_p99_ms", ms(s.wait_p99)},
                           {"wait_max_ms", ms(s.wait_max)},
                           {"regions", json::value_from(s.regions)},
                           {"lost_ids", json::value_from(s.lost_ids)},
                           {"doubled_ids", json::value_from(s.doubled_ids)}};
    fmt::print("{}\n", json::serialize(out));
    return;
  }
  const auto wait = [](const std::optional<Ledger::Ms>& w) { return w ? duration(w->count()) : "-"; };
  Table table({"WHAT CUSTOMERS AND AGENTS WERE SHOWN", ""});
  table.add({"chats asked for", std::to_string(s.asked)});
  table.add({"  refused, never promised", std::to_string(s.refused)});
  table.add({"  started", std::to_string(s.started)});
  table.add({"served by an agent", std::to_string(s.served)});
  table.add({"left before an agent came", std::to_string(s.abandoned)});
  table.add({"messages acknowledged", std::to_string(s.messages)});
  table.add({"lost contacts", std::to_string(s.lost_contacts)});
  table.add({"lost messages", std::to_string(s.lost_messages)});
  table.add({"contacts with two agents at once", std::to_string(s.doubled_contacts)});
  table.add({"messages shown or kept twice", std::to_string(s.doubled_messages)});
  table.add({"transcripts that could not be read", std::to_string(s.unchecked)});
  table.add({"customers who had to connect again", std::to_string(s.reattached)});
  table.add({"agents who had to sign in again", std::to_string(s.signed_in_again)});
  for (const auto& [region, n] : s.regions) table.add({"began in " + region, std::to_string(n)});
  fmt::print("{}\nwait for an agent: p50 {}, p99 {}, longest {}\n", table.text(), wait(s.wait_p50), wait(s.wait_p99),
             wait(s.wait_max));
  for (const std::string& id : s.lost_ids) fmt::print("lost: {}\n", id);
  for (const std::string& id : s.doubled_ids) fmt::print("doubled: {}\n", id);
  fmt::print("{}\n", s.good() ? "nothing lost, nothing doubled" : "NOT GOOD: see above");
}

}  // namespace

int run(const Drive& drive, const Invocation& call) {
  const auto centre = existing_centre(call.dir);
  if (!centre) return complain(centre.error(), call.json);
  const auto secret = access_secret(*centre);
  if (!secret) return complain(secret.error(), call.json);
  const bool quiet = drive.quiet || call.json;

  net::Loop loop("drive");
  http::Client http({.concurrent_max = 512, .waiting_max = 100'000});
  Ledger ledger;
  const std::string drawn = crypto::random_bytes(8);
  Rng rng;
  for (const char c : drawn) rng.state = rng.state << 8U | static_cast<std::uint8_t>(c);
  Stage stage{.loop = loop,
              .http = http,
              .ledger = ledger,
              .begun = net::Clock::now(),
              .gateways = gateways_of(drive, *centre),
              .credentials = {centre->access_key, *secret, ""},
              .instance = centre->instance.text(),
              .flow = {},
              .messages = drive.messages,
              .think = std::chrono::milliseconds(drive.think_ms),
              .rng = rng};
  // Known to nobody but who holds the access key, and the same at every run.
  const std::string password =
      "Drive-" + crypto::hex(crypto::hmac_sha256(*secret, "agents of tandem drive")).substr(0, 24) + "Z0";
  std::vector<Place> places;
  for (const CentreNode* node : centre->regions()) places.push_back({node->name(), node->region, node->url()});

  Run run(stage, drive, quiet);
  const auto stop = [&] {
    http.stop();
    loop.stop();
  };
  const auto fail_with = [&](const Error& error) {
    run.clear();
    stop();
    return complain(error, call.json);
  };
  EventFile events;
  if (!drive.events.empty()) {
    stage.begun = net::Clock::now();
    // A drill ends its people with this.
    ::signal(SIGTERM, end_early);
    if (const auto opened = events.open(drive.events, ledger); !opened) return fail_with(opened.error());
  }
  Preparation preparation(stage, [&](const std::string& what) { run.tell(what); });
  if (const auto flow = preparation.find_flow(drive.flow); !flow) return fail_with(flow.error());
  const auto users = preparation.users(drive.agents, password);
  if (!users) return fail_with(users.error());
  if (const auto ready = run.sign_in(*users, password, places); !ready) return fail_with(ready.error());
  const auto summary = run.play();
  if (!drive.ledger.empty()) {
    std::ofstream out(drive.ledger);
    for (const std::string& line : on_loop(loop, [&] { return ledger.lines(); })) out << line << '\n';
    if (!out.flush()) return fail_with({Errc::refused, "cannot write " + drive.ledger});
  }
  std::this_thread::sleep_for(300ms);  // the agents' sign-outs are on their way
  run.clear();
  stop();
  if (!drive.events.empty() && !events.close())
    return complain({Errc::refused, "cannot write " + drive.events}, call.json);
  print(summary, call.json);
  return summary.good() ? kDone : kProblems;
}

}  // namespace tandem::cli
