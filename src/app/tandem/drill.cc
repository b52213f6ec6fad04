// A rehearsal of loss: people are played, faults are made and taken back, and a score is kept of what they were shown.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "app/client/answers.h"
#include "app/tandem/commands.h"
#include "app/tandem/drill_faults.h"
#include "app/tandem/drill_watch.h"
#include "app/tandem/exit_codes.h"
#include "app/tandem/ops_client.h"
#include "app/tandem/processes.h"
#include "app/tandem/table.h"
#include "codec/crypto.h"
#include "codec/uri.h"
#include "drill/limits.h"
#include "drill/report.h"
#include "drill/scenario.h"
#include "drill/score.h"
#include "io/log_sqlite/log.h"
#include "record/record.h"

namespace tandem::cli {
namespace {

namespace fs = std::filesystem;
using Clock = net::Clock;
using Ms = drill::Ms;
using namespace std::chrono_literals;

constexpr auto kSettleMax = 90s;
constexpr auto kSettleAborted = 10s;
constexpr std::uint32_t kDrainSeconds = 60;
constexpr std::size_t kSlotsOfAgent = 2;  // the routing profile `everything`
constexpr double kWordsOfChat = 2;
constexpr char kAgentsPrefix[] = "drive-";

// Ctrl-C and its like, taken between two steps. Blocked in every thread that starts later.
class Interrupts {
 public:
  Interrupts() {
    sigemptyset(&signals_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals_, number);
    ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~Interrupts() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;
  // Waits; true from the first signal on.
  bool pause(Ms time) {
    const timespec wait{time.count() / 1000, time.count() % 1000 * 1'000'000};
    interrupted_ = ::sigtimedwait(&signals_, nullptr, &wait) > 0 || interrupted_;
    return interrupted_;
  }
  [[nodiscard]] bool interrupted() const { return interrupted_; }

 private:
  sigset_t signals_{};
  sigset_t before_{};
  bool interrupted_ = false;
};

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

bool write_file(const fs::path& path, const std::string& words) {
  std::ofstream out(path, std::ios::binary);
  out << words;
  out.close();
  return !out.fail();
}

std::int64_t utc_now() {
  return std::chrono::duration_cast<Ms>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::size_t size_of(const json::object& from, std::string_view name) {
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_number() ? static_cast<std::size_t>(std::max(0.0, value->to_number<double>()))
                                                : 0;
}

// -- the scenario

Result<drill::Scenario> scenario_of(const Drill& order, const Centre& centre) {
  std::optional<drill::Scenario> found;
  for (drill::Scenario& each : drill::built_in()) {
    if (each.name == order.scenario) found = std::move(each);
  }
  if (!found) {
    const bool file = order.scenario.find('/') != std::string::npos || order.scenario.ends_with(".yaml");
    if (!file) return fail(Errc::invalid, "there is no scenario " + order.scenario + "; `tandem drill list` has them");
    const std::string words = read_file(order.scenario);
    if (words.empty()) return fail(Errc::refused, "cannot read " + order.scenario);
    auto read = drill::read_scenario(words);
    if (!read) return fail(Errc::invalid, order.scenario + ": " + read.error().detail);
    found = std::move(*read);
  } else if (!order.lasts.empty()) {
    const auto lasts = drill::read_time(order.lasts);
    if (!lasts) return std::unexpected(lasts.error());
    if (*lasts < 100ms) return fail(Errc::invalid, "a fault lasts 100ms at least");
    for (drill::Step& step : found->steps) step.lasts = std::max(*lasts - step.at, Ms{1000});
  }
  if (order.rate) found->rate = *order.rate;
  if (order.agents) found->agents = *order.agents;
  for (const auto& [typed, time] : {std::pair{&order.before, &found->before}, {&order.after, &found->after}}) {
    if (typed->empty()) continue;
    const auto read = drill::read_time(*typed);
    if (!read) return std::unexpected(read.error());
    if (*read < 0ms) return fail(Errc::invalid, "--before and --after are not negative");
    *time = *read;
  }
  std::vector<std::string> regions;
  for (const CentreNode* node : centre.regions()) {
    if (std::ranges::find(regions, node->region) == regions.end()) regions.push_back(node->region);
  }
  return drill::resolved(std::move(*found), regions, order.region.empty() ? regions.front() : order.region);
}

// -- what is there

struct Nodes {
  std::map<std::string, json::object> said;  // status by name
  std::vector<std::string> problems;
};

Nodes ask_nodes(const Centre& centre, const OpsClient& ops) {
  Nodes out;
  for (const CentreNode& node : centre.nodes) {
    auto said = ops.get(node, "status");
    if (!said) {
      out.problems.push_back(node.name() + ": " + said.error().detail);
      continue;
    }
    for (const json::value& problem : cli::list(*said, "problems")) {
      out.problems.push_back(node.name() + ": " + std::string(problem.get_string()));
    }
    out.said[node.name()] = std::move(*said);
  }
  return out;
}

Result<drill::CentreNow> look(const OpsClient& ops, const Nodes& nodes) {
  drill::CentreNow out;
  out.problems = nodes.problems;
  const auto regions = ops.get_from_any("regions");
  if (!regions) return std::unexpected(regions.error());
  for (const json::value& value : cli::list(*regions, "regions")) {
    const json::object& each = value.get_object();
    const std::string name = text(each, "region");
    const bool faults = std::ranges::all_of(nodes.said, [&name](const auto& said) {
      return text(said.second, "region") != name || flag(said.second, "faults");
    });
    out.regions.push_back({name, text(each, "standing"), size_of(each, "slots"),
                           size_of(each, "in_flow") + size_of(each, "waiting") + size_of(each, "connected"), faults});
  }
  const auto hub = nodes.said.find("hub");
  out.hub_faults = hub != nodes.said.end() && flag(hub->second, "faults");
  return out;
}

// Contacts and agents that were there before the drill's own people came.
std::size_t strangers(const OpsClient& ops, const drill::CentreNow& now) {
  std::size_t out = 0;
  for (const drill::RegionNow& region : now.regions) out += region.load;
  const auto agents = ops.get_from_any("agents");
  if (!agents) return out;
  for (const json::value& value : cli::list(*agents, "agents")) {
    if (value.is_object() && !text(value.get_object(), "name").starts_with(kAgentsPrefix)) ++out;
  }
  return out;
}

std::map<std::string, double> shares_now(const OpsClient& ops) {
  std::map<std::string, double> out;
  const auto got = ops.get_from_any("distribution/default");
  if (!got) return out;
  for (const json::value& group : cli::list(*got, "groups")) {
    for (const json::value& region : cli::list(group.get_object(), "regions")) {
      const json::value* now = region.get_object().if_contains("effective");
      if (now != nullptr && now->is_number()) out[text(region.get_object(), "region")] = now->to_number<double>();
    }
  }
  return out;
}

std::set<std::string> held_by(const OpsClient& ops, const CentreNode& asked, const std::set<std::string>& regions) {
  std::set<std::string> out;
  for (const std::string& region : regions) {
    std::string after;
    do {
      const auto page = ops.get(asked, "contacts?limit=1000&region=" + uri::encode(region) + after);
      if (!page) break;
      for (const json::value& contact : cli::list(*page, "contacts")) out.insert(text(contact.get_object(), "id"));
      const std::string next = text(*page, "next");
      after = next.empty() ? "" : "&after=" + uri::encode(next);
    } while (!after.empty());
  }
  return out;
}

// -- the drill's people: a program of its own

class People {
 public:
  [[nodiscard]] static Result<People> start(const Centre& centre, const drill::Scenario& scenario,
                                            const fs::path& directory) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(scenario.before + scenario.length() + scenario.after);
    std::string gateways = centre.gateway().url();
    if (scenario.every_gateway) {
      for (const CentreNode* node : centre.regions()) gateways += "," + node->url();
    }
    People out;
    out.events_ = directory / "events.jsonl";
    out.said_ = directory / "people.json";
    std::error_code ignored;
    fs::remove(out.events_, ignored);
    fs::remove(out.said_, ignored);
    const auto process =
        cli::start(own_dir() / "tandem",
                   {"drive", "--json", "--quiet", "--rate", fmt::format("{:g}", scenario.rate), "--agents",
                    std::to_string(scenario.agents), "--seconds", std::to_string(seconds.count()), "--think",
                    std::to_string(scenario.think.count()), "--drain", std::to_string(kDrainSeconds), "--gateway",
                    gateways, "--events", out.events_.string(), "--dir", centre.dir.string()},
                   out.said_);
    if (!process) return std::unexpected(process.error());
    out.process_ = *process;
    return out;
  }

  // Reads what was written since the last call.
  Result<void> read() {
    std::ifstream in(events_, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(read_));
    std::stringstream rest;
    rest << in.rdbuf();
    const std::string all = rest.str();
    std::size_t begin = 0;
    for (auto end = all.find('\n'); end != std::string::npos; end = all.find('\n', begin)) {
      const std::string line = all.substr(begin, end - begin);
      begin = end + 1;
      if (!begun_) {
        const auto first = drill::read_recording(line + "\n");
        if (!first) return std::unexpected(first.error());
        begun_ = first->begun;
        continue;
      }
      auto event = drill::read_line(line);
      if (!event) return std::unexpected(event.error());
      ledger_.replay(*event);
      events_read_.push_back(std::move(*event));
    }
    read_ += begin;
    return {};
  }

  [[nodiscard]] bool playing() const {
    return std::ranges::any_of(events_read_, [](const auto& e) { return e.what == drill::What::started; });
  }
  [[nodiscard]] const Process& process() const { return process_; }
  [[nodiscard]] bool live() const { return lives(process_); }
  void end_early() const { signal(process_, SIGTERM); }
  void kill() const {
    signal(process_, SIGKILL);
    static_cast<void>(wait_gone({process_}, 5s));
    static_cast<void>(bury(process_.pid));
  }
  [[nodiscard]] std::string last_words() const {
    std::string out;
    for (const std::string& line : last_lines(said_, 3)) out += (out.empty() ? "" : "; ") + line;
    return out;
  }
  [[nodiscard]] const std::optional<drill::Begun>& begun() const { return begun_; }
  [[nodiscard]] const std::vector<drill::Event>& events() const { return events_read_; }
  [[nodiscard]] drill::Ledger::Summary so_far() const { return ledger_.summary(false); }
  [[nodiscard]] Ms since_begun(Clock::time_point at) const {
    return std::chrono::duration_cast<Ms>(at.time_since_epoch()) - Ms{begun_ ? begun_->steady_ms : 0};
  }
  [[nodiscard]] std::vector<fs::path> files() const { return {events_, said_}; }

 private:
  Process process_;
  fs::path events_;
  fs::path said_;
  std::size_t read_ = 0;
  std::optional<drill::Begun> begun_;
  std::vector<drill::Event> events_read_;
  drill::Ledger ledger_;
};

// -- records of the decision

std::string position(const record::Record& r) {
  return fmt::format("node {}, incarnation {}, record {}", r.origin.value(), r.incarnation.value(), r.sequence.value());
}

std::string names(const Centre& centre, const std::vector<NodeId>& nodes) {
  std::string out;
  for (const NodeId node : nodes) {
    const CentreNode* known = centre.find(node);
    out += (out.empty() ? "" : ", ") + (known == nullptr ? std::to_string(node.value()) : known->name());
  }
  return out;
}

std::string name_of(const Centre& centre, NodeId node) { return names(centre, {node}); }

std::string region_of(const Centre& centre, NodeId node) {
  const CentreNode* known = centre.find(node);
  return known == nullptr ? std::string() : known->region;
}

std::string words_of(const Centre& centre, const failover::Rec& rec) {
  if (const auto* vote = std::get_if<failover::Vote>(&rec)) {
    std::string kinds;
    for (const auto& [is, name] : {std::pair{vote->peer_link, "no heartbeats"},
                                   {vote->api_probe, "no answer to probes"},
                                   {vote->clients, "clients fail"},
                                   {vote->self_report, "says so itself"}}) {
      if (is) kinds += std::string(kinds.empty() ? "" : ", ") + name;
    }
    return fmt::format("votes {} {}{}", name_of(centre, vote->subject), vote->down ? "down" : "up",
                       kinds.empty() ? "" : " (" + kinds + ")");
  }
  if (const auto* gone = std::get_if<failover::Evacuated>(&rec)) {
    return fmt::format("{} is evacuated, epoch {}; voters {}; survivors {}", name_of(centre, gone->subject),
                       gone->epoch, names(centre, gone->voters), names(centre, gone->survivors));
  }
  static constexpr const char* kStates[] = {"active", "evacuated", "recovering", "ready"};
  const auto& back = std::get<failover::Returned>(rec);
  return fmt::format("is {} again, epoch {}", kStates[static_cast<std::size_t>(back.state)], back.epoch);
}

struct Decided {
  std::vector<drill::Decision> decisions;
  std::optional<std::int64_t> voted;      // UTC; against one of the targets
  std::optional<std::int64_t> evacuated;  // likewise
};

Result<Decided> decided_since(const Centre& centre, const CentreNode& reader, const Vector& before,
                              std::int64_t fault_utc_ms, const std::set<std::string>& targets) {
  Decided out;
  const auto scanned = log_sqlite::scan(centre.data_dir(reader), before, [&](LogId, Sequence, std::string_view bytes) {
    const auto record = record::decode(bytes);
    if (!record) return;
    const auto* rec = std::get_if<failover::Rec>(&record->body);
    if (rec == nullptr) return;
    const auto at = static_cast<std::int64_t>(record->at.milliseconds());
    out.decisions.push_back({at, name_of(centre, record->origin), position(*record), words_of(centre, *rec)});
    if (at < fault_utc_ms) return;
    const auto earlier = [at](std::optional<std::int64_t>& of) {
      if (!of || at < *of) of = at;
    };
    const auto* vote = std::get_if<failover::Vote>(rec);
    if (vote != nullptr && vote->down && targets.contains(region_of(centre, vote->subject))) earlier(out.voted);
    const auto* gone = std::get_if<failover::Evacuated>(rec);
    if (gone != nullptr && targets.contains(region_of(centre, gone->subject))) earlier(out.evacuated);
  });
  if (!scanned) return std::unexpected(scanned.error());
  std::ranges::sort(out.decisions, {}, &drill::Decision::utc_ms);
  return out;
}

// -- the run

class Rehearsal {
 public:
  Rehearsal(const Drill& order, const Invocation& call, const Centre& centre, const OpsClient& ops,
            drill::Scenario scenario)
      : order_(order),
        call_(call),
        centre_(centre),
        ops_(ops),
        directory_(order.report.empty() ? centre.dir / "drill" / stamp(scenario.name) : fs::path(order.report)),
        faults_(centre, ops, centre.dir / "drill" / "active.json") {
    report_.scenario = std::move(scenario);
    report_.operator_name = "uid " + std::to_string(::getuid());
    for (const drill::Step& step : report_.scenario.steps) {
      if (!step.target.empty()) targets_.insert(step.target);
      if (drill::loses(step)) report_.incident.lost.insert(step.target);
    }
  }

  int go() {
    if (faults_.left_over()) {
      return complain({Errc::in_use, "another drill left a fault behind: `tandem drill --clean` takes it back"},
                      call_.json);
    }
    nodes_ = ask_nodes(centre_, ops_);
    auto now = look(ops_, nodes_);
    if (!now) return complain(now.error(), call_.json);
    now->strangers = strangers_ = strangers(ops_, *now);
    const bool cuts =
        std::ranges::any_of(report_.scenario.steps, [](const drill::Step& s) { return s.fault == drill::Fault::cut; });
    if (cuts) {
      if (const auto may = may_cut(centre_); !may) {
        now->may_cut = false;
        now->why_not = may.error().detail;
      }
    }
    may_cut_ = now->may_cut;
    if (order_.dry_run) return preview(*now);
    // Who answers comes with the drill, so capacity is judged when its people are there.
    drill::CentreNow before = *now;
    for (drill::RegionNow& region : before.regions) region.load = 0;
    const auto objecting = objections(before);
    if (const auto* no = drill::standing(objecting); no != nullptr) return refuse(*no);
    std::error_code bad;
    fs::create_directories(directory_, bad);
    if (bad) return complain({Errc::refused, "cannot make " + directory_.string() + ": " + bad.message()}, call_.json);
    auto people = People::start(centre_, report_.scenario, directory_);
    if (!people) return complain(people.error(), call_.json);
    const auto kept = faults_.people(people->process());
    const int code = kept ? with(*people) : complain(kept.error(), call_.json);
    if (people->live()) people->kill();
    faults_.people_ended();
    return code;
  }

 private:
  static std::string stamp(std::string name) {
    std::string out = drill::utc_words(utc_now());
    std::erase_if(out, [](char c) { return c == ':' || c == '.'; });
    std::ranges::replace(name, ' ', '-');
    return out + "-" + name;
  }

  void tell(const std::string& words) const {
    if (!call_.json) fmt::print(stderr, "{}\n", words);
  }
  void moment(Ms at, const std::string& words) {
    report_.moments.push_back({at, words});
    tell(fmt::format("{:>8} ms  {}", fault_made_ ? (at - report_.incident.fault).count() : 0, words));
  }

  [[nodiscard]] std::vector<drill::Objection> objections(const drill::CentreNow& now) const {
    return drill::objections(report_.scenario, now,
                             {.regions_max = order_.regions_max, .yes = order_.yes, .over = order_.over});
  }

  int refuse(const drill::Objection& no) const {
    const std::string how =
        no.absolute ? "" : (no.rule == drill::kStrangers ? "" : "; --override " + no.rule + " does it anyway");
    const std::string words = no.rule + ": " + no.text + how;
    if (call_.json) {
      fmt::print("{}\n", json::serialize(json::object{{"error", "refused"}, {"rule", no.rule}, {"detail", no.text}}));
    } else {
      fmt::print(stderr, "tandem: {}\n", words);
    }
    return no.rule == drill::kPermission ? kCannot : kRefused;
  }

  int preview(drill::CentreNow now) const {
    // The drill's people as they would spread, on top of who is there.
    const std::size_t n = std::max<std::size_t>(now.regions.size(), 1);
    const double seconds = 0.3 + kWordsOfChat * static_cast<double>(report_.scenario.think.count()) / 1000;
    const double load = report_.scenario.rate * seconds;
    for (std::size_t i = 0; i < now.regions.size(); ++i) {
      const std::size_t agents = report_.scenario.agents / n + (i < report_.scenario.agents % n ? 1 : 0);
      now.regions[i].slots += agents * kSlotsOfAgent;
      now.regions[i].load += static_cast<std::size_t>(load / static_cast<double>(n) + 0.5);
    }
    const auto all = objections(now);
    if (call_.json) {
      json::array steps;
      for (const drill::Step& step : report_.scenario.steps) {
        steps.emplace_back(
            json::object{{"at_ms", step.at.count()}, {"for_ms", step.lasts.count()}, {"what", drill::words(step)}});
      }
      json::array regions;
      for (const drill::RegionNow& region : now.regions) {
        regions.emplace_back(json::object{{"region", region.name},
                                          {"standing", region.standing},
                                          {"expected_slots", region.slots},
                                          {"expected_load", region.load},
                                          {"lost", report_.incident.lost.contains(region.name)}});
      }
      json::array rules;
      for (const drill::Objection& each : all) {
        rules.emplace_back(json::object{
            {"rule", each.rule}, {"text", each.text}, {"absolute", each.absolute}, {"overridden", each.overridden}});
      }
      fmt::print("{}\n", json::serialize(json::object{{"scenario", report_.scenario.name},
                                                      {"steps", std::move(steps)},
                                                      {"regions", std::move(regions)},
                                                      {"objections", std::move(rules)},
                                                      {"would_run", drill::standing(all) == nullptr}}));
    } else {
      fmt::print("{}: {}\n\n", report_.scenario.name, report_.scenario.about);
      fmt::print("people   {} agents, {:g} chats a second, for {} before, {} after\n", report_.scenario.agents,
                 report_.scenario.rate, drill::time_words(report_.scenario.before),
                 drill::time_words(report_.scenario.after));
      for (const drill::Step& step : report_.scenario.steps) {
        fmt::print("at {:<6}{}\n", drill::time_words(step.at), drill::words(step));
      }
      Table table({"REGION", "STANDING", "EXPECTED SLOTS", "EXPECTED CONTACTS", ""});
      for (const drill::RegionNow& region : now.regions) {
        table.add({region.name, region.standing, std::to_string(region.slots), std::to_string(region.load),
                   report_.incident.lost.contains(region.name) ? "lost" : ""});
      }
      fmt::print("\n{}", table.text());
      for (const drill::Objection& each : all) {
        fmt::print("objects: {}: {}{}\n", each.rule, each.text,
                   each.absolute ? " (nobody overrides this)" : (each.overridden ? " (overridden)" : ""));
      }
      if (all.empty()) fmt::print("no rule objects\n");
    }
    const auto* no = drill::standing(all);
    return no == nullptr ? kDone : (no->rule == drill::kPermission ? kCannot : kRefused);
  }

  // Takes back whatever stands, however the run ends.
  struct TakesBack {
    Rehearsal& run;
    ~TakesBack() {
      for (const std::string& words : run.faults_.take_back_all()) run.tell(words);
    }
  };

  int with(People& people) {
    tell("the people sign in");
    if (const auto ready = first_chats(people); !ready) return complain(ready.error(), call_.json);
    report_.begun = *people.begun();
    if (!wait(people, report_.scenario.before)) return stopped_before(people);
    nodes_ = ask_nodes(centre_, ops_);
    auto now = look(ops_, nodes_);
    if (!now) return complain(now.error(), call_.json);
    now->may_cut = may_cut_;
    report_.objections = objections(*now);
    if (const auto* no = drill::standing(report_.objections); no != nullptr) {
      people.end_early();
      wait_end(people);
      return refuse(*no);
    }
    const CentreNode* reader = reader_node();
    if (reader == nullptr) return complain({Errc::refused, "every node is a target, so nobody could tell"}, call_.json);
    const auto before = log_sqlite::reach(centre_.data_dir(*reader));
    if (!before) return complain(before.error(), call_.json);
    report_.incident.shares = shares_now(ops_);
    report_.incident.held = held_by(ops_, *reader, report_.incident.lost);
    {
      const TakesBack scope{*this};
      DrillWatch watch(centre_, ops_);
      steps(people, watch);
      after(people, watch);
      if (const auto at = watch.missed()) report_.incident.suspected = people.since_begun(*at);
    }
    return finish(people, *reader, *before);
  }

  Result<void> first_chats(People& people) {
    const auto until = Clock::now() + 60s + 5s * report_.scenario.agents;
    while (Clock::now() < until) {
      if (interrupts_.pause(50ms)) return fail(Errc::refused, "interrupted before anything was done");
      if (const auto read = people.read(); !read) return read;
      if (people.playing()) return {};
      if (!people.live()) return fail(Errc::refused, "the people ended: " + people.last_words());
    }
    return fail(Errc::timed_out, "the people are not ready: " + people.last_words());
  }

  // False when the drill is to end.
  bool wait(People& people, Ms time) {
    const auto until = Clock::now() + time;
    while (Clock::now() < until) {
      if (interrupts_.pause(20ms)) return false;
      static_cast<void>(people.read());
    }
    return true;
  }
  void wait_end(People& people) {
    const auto until = Clock::now() + std::chrono::seconds(kDrainSeconds + 75);
    while (people.live() && Clock::now() < until) {
      if (interrupts_.pause(50ms)) people.end_early();
      static_cast<void>(people.read());
    }
    static_cast<void>(people.read());
  }
  int stopped_before(People& people) {
    people.end_early();
    wait_end(people);
    return complain({Errc::refused, "interrupted before anything was done"}, call_.json);
  }

  [[nodiscard]] const CentreNode* reader_node() const {
    for (const CentreNode& node : centre_.nodes) {
      if (!targets_.contains(node.region)) return &node;
    }
    return nullptr;
  }

  // What ends a drill early: in words.
  std::optional<std::string> trouble(People& people, const DrillWatch& watch) {
    if (interrupts_.interrupted()) return "interrupted";
    if (const auto bad = watch.trouble()) return bad;
    if (!people.live()) return "the people ended: " + people.last_words();
    const auto so_far = people.so_far();
    if (so_far.doubled > 0) return fmt::format("{} contacts or messages are doubled", so_far.doubled);
    if (so_far.refused > 0) return fmt::format("{} chats were never answered", so_far.refused);
    if (so_far.lost_messages > 0) return fmt::format("{} messages are lost", so_far.lost_messages);
    return std::nullopt;
  }

  void hear(People& people, DrillWatch& watch) {
    static_cast<void>(people.read());
    for (const auto& seen : watch.news()) moment(people.since_begun(seen.at), seen.words);
  }

  void steps(People& people, DrillWatch& watch) {
    struct Act {
      Ms at;
      bool make;
      const drill::Step* step;
    };
    std::vector<Act> acts;
    for (const drill::Step& step : report_.scenario.steps) {
      acts.push_back({step.at, true, &step});
      acts.push_back({step.at + step.lasts, false, &step});
    }
    std::ranges::stable_sort(acts, {}, &Act::at);
    std::optional<Clock::time_point> first;
    for (const Act& act : acts) {
      while (first && Clock::now() < *first + act.at) {
        interrupts_.pause(20ms);
        hear(people, watch);
        if (auto bad = trouble(people, watch)) return abort(people, *bad);
      }
      const drill::Step& step = *act.step;
      if (act.make && !step.target.empty() && drill::loses(step)) watch.expect(step.target);
      if (act.make && step.target == "hub") watch.expect(step.target);
      if (act.make && !step.target.empty()) watch.excuse(step.target);
      const auto began = Clock::now();
      const auto done = act.make ? faults_.make(step) : faults_.take_back(step);
      const auto ended = Clock::now();
      if (act.make && !first) {
        first = began;
        report_.incident.fault = people.since_begun(began);
        fault_made_ = true;
      }
      // A region counts as back from when it is asked for: how long it takes to be ready is its own matter.
      if (!act.make) report_.incident.back = people.since_begun(began);
      moment(people.since_begun(act.make ? began : ended),
             done ? *done : "NOT DONE: " + drill::words(step) + ": " + done.error().detail);
      if (!done) return abort(people, done.error().detail);
      if (!act.make && !step.target.empty()) watch.expect_no_more(step.target);
    }
  }

  void abort(People& people, const std::string& why) {
    const auto at = Clock::now();
    report_.verdict = drill::Verdict::aborted;
    report_.why = why;
    moment(people.since_begun(at), "ABORTED: " + why);
    for (const std::string& words : faults_.take_back_all()) moment(people.since_begun(Clock::now()), words);
    if (report_.incident.back < people.since_begun(at)) report_.incident.back = people.since_begun(at);
    people.end_early();
  }

  void after(People& people, DrillWatch& watch) {
    const auto until = Clock::now() + report_.scenario.after;
    // A region that took long to start has used up the people's time: they may be done by now.
    while (report_.verdict != drill::Verdict::aborted && Clock::now() < until && people.live()) {
      interrupts_.pause(20ms);
      hear(people, watch);
      if (auto bad = trouble(people, watch)) abort(people, *bad);
    }
  }

  int finish(People& people, const CentreNode& reader, const Vector& before) {
    wait_end(people);
    // After real trouble nobody waits for what may not come.
    const bool aborted = report_.verdict == drill::Verdict::aborted;
    const auto settle_until = Clock::now() + (aborted ? kSettleAborted : kSettleMax);
    Nodes nodes = ask_nodes(centre_, ops_);
    left_ = left_of_people(nodes);
    while ((!nodes.problems.empty() || left_ > 0) && Clock::now() < settle_until && !interrupts_.pause(500ms)) {
      nodes = ask_nodes(centre_, ops_);
      left_ = left_of_people(nodes);
    }
    // What the nodes said a moment ago may not be on the reader's disk yet.
    interrupts_.pause(500ms);
    const std::int64_t fault_utc = report_.begun.utc_ms + report_.incident.fault.count();
    const auto decided = decided_since(centre_, reader, before, fault_utc, targets_);
    if (decided) {
      report_.decisions = decided->decisions;
      if (decided->voted) report_.incident.voted = Ms{*decided->voted - report_.begun.utc_ms};
      if (decided->evacuated) report_.incident.decided = Ms{*decided->evacuated - report_.begun.utc_ms};
    }
    report_.score = drill::score(people.events(), report_.incident, {}, true);
    judge(nodes, decided ? std::nullopt : std::optional(decided.error()));
    describe(nodes, people);
    return print();
  }

  // Contacts that are there though all of the drill's people have gone. With others about nobody can tell.
  std::size_t left_of_people(const Nodes& nodes) const {
    const auto now = look(ops_, nodes);
    std::size_t out = 0;
    for (const drill::RegionNow& region : now ? now->regions : std::vector<drill::RegionNow>{}) out += region.load;
    return strangers_ > 0 ? 0 : out;
  }

  void judge(const Nodes& nodes, const std::optional<Error>& unread) {
    if (report_.verdict == drill::Verdict::aborted) return;
    std::string why;
    const auto add = [&why](const std::string& words) { why += (why.empty() ? "" : "; ") + words; };
    if (report_.score.lost > 0) add(fmt::format("{} lost", report_.score.lost));
    if (report_.score.doubled > 0) add(fmt::format("{} doubled", report_.score.doubled));
    if (report_.score.people.started == 0) add("no chat was ever started");
    if (!nodes.problems.empty()) add("the centre is not well again: " + nodes.problems.front());
    if (left_ > 0) add(fmt::format("{} contacts are left over that nobody holds", left_));
    if (unread) add("the records of the decision cannot be read: " + unread->detail);
    if (faults_.standing()) add("a fault could not be taken back");
    if (!why.empty()) report_.verdict = drill::Verdict::failed;
    report_.why = why;
  }

  void describe(const Nodes& after, const People& people) {
    for (const CentreNode& node : centre_.nodes) {
      const auto said = [&](const Nodes& of, const char* name) {
        const auto at = of.said.find(node.name());
        return at == of.said.end() ? std::string() : text(at->second, name);
      };
      const std::string build = said(after, "build");
      report_.nodes.push_back({node.name(), build.empty() ? said(nodes_, "build") : build, said(nodes_, "incarnation"),
                               said(after, "incarnation")});
      report_.files["settings of " + node.name()] = digest(centre_.settings_file(node));
    }
    for (const auto& [region, percent] : report_.incident.shares) {
      report_.configuration["share of " + region] = fmt::format("{:g} %", percent);
    }
    report_.configuration["instance"] = centre_.instance.text();
    report_.configuration["alias"] = centre_.alias;
    report_.configuration["regions that may be lost at once"] = std::to_string(order_.regions_max);
    for (const fs::path& file : people.files()) report_.files[file.filename().string()] = digest(file);
  }

  static std::string digest(const fs::path& file) { return crypto::hex(crypto::sha256(read_file(file))); }

  int print() const {
    const bool kept = write_file(directory_ / "report.json", drill::to_json(report_)) &&
                      write_file(directory_ / "report.md", drill::to_markdown(report_));
    std::ofstream history(centre_.dir / "drill" / "history.jsonl", std::ios::app);
    history << drill::to_history(report_, fs::absolute(directory_).string()) << '\n';
    history.close();
    if (!kept || history.fail())
      return complain({Errc::refused, "cannot write the report in " + directory_.string()}, call_.json);
    if (call_.json) {
      fmt::print("{}", drill::to_json(report_));
    } else {
      const drill::Score& s = report_.score;
      const auto time = [](const std::optional<Ms>& at) {
        return at ? fmt::format("{} ms", at->count()) : std::string("-");
      };
      fmt::print("\n{}{}\n", drill::verdict_name(report_.verdict), report_.why.empty() ? "" : ": " + report_.why);
      fmt::print("detect {}, decide {}, first served {}, normal {}; lost {}, doubled {}, delayed {}\n", time(s.detect),
                 time(s.decide), time(s.first_served), time(s.normal), s.lost, s.doubled, s.delayed);
      fmt::print("{}\n", (directory_ / "report.md").string());
    }
    switch (report_.verdict) {
      case drill::Verdict::passed:
        return kDone;
      case drill::Verdict::failed:
        return kProblems;
      case drill::Verdict::aborted:
        return kAborted;
    }
    return kFailed;
  }

  const Drill& order_;
  const Invocation& call_;
  const Centre& centre_;
  const OpsClient& ops_;
  Interrupts interrupts_;
  fs::path directory_;
  DrillFaults faults_;
  drill::Report report_;
  std::set<std::string> targets_;
  Nodes nodes_;
  std::size_t strangers_ = 0;
  std::size_t left_ = 0;
  bool fault_made_ = false;
  bool may_cut_ = true;
};

// -- beside running one

int list_scenarios(const Invocation& call) {
  json::array all;
  Table table({"SCENARIO", "WHAT IT REHEARSES", "LASTS"});
  for (const drill::Scenario& each : drill::built_in()) {
    table.add({each.name, each.about, drill::time_words(each.length())});
    all.emplace_back(json::object{{"name", each.name}, {"about", each.about}, {"length_ms", each.length().count()}});
  }
  if (call.json) {
    fmt::print("{}\n", json::serialize(json::object{{"scenarios", std::move(all)}}));
  } else {
    fmt::print("{}", table.text());
  }
  return kDone;
}

int history(const Centre& centre, const Invocation& call) {
  std::ifstream in(centre.dir / "drill" / "history.jsonl");
  json::array all;
  Table table(
      {"AT", "SCENARIO", "REGIONS", "VERDICT", "DETECT", "DECIDE", "FIRST SERVED", "LOST", "DOUBLED", "REPORT"});
  for (std::string line; std::getline(in, line);) {
    json::object entry = parse(line);
    const json::value* scored = entry.if_contains("score");
    if (scored == nullptr || !scored->is_object()) continue;
    const auto cell = [&](const char* name) {
      const json::value* value = scored->get_object().if_contains(name);
      return value == nullptr || value->is_null() ? std::string("-") : json::serialize(*value);
    };
    std::string regions;
    for (const json::value& region : cli::list(entry, "regions")) {
      regions += (regions.empty() ? "" : ",") + std::string(region.get_string());
    }
    table.add({text(entry, "at"), text(entry, "scenario"), regions.empty() ? "-" : regions, text(entry, "verdict"),
               cell("detect_ms"), cell("decide_ms"), cell("first_served_ms"), cell("lost"), cell("doubled"),
               text(entry, "report")});
    all.emplace_back(std::move(entry));
  }
  if (call.json) {
    fmt::print("{}\n", json::serialize(json::object{{"drills", std::move(all)}}));
  } else {
    fmt::print("{}", table.empty() ? "no drill has been run here\n" : table.text());
  }
  return kDone;
}

// From the files of a report, without the centre.
int score_again(const Drill& order, const Invocation& call) {
  const fs::path directory = order.directory;
  const json::object said = parse(read_file(directory / "report.json"));
  const auto recording = drill::read_recording(read_file(directory / "events.jsonl"));
  if (said.empty()) return complain({Errc::refused, "there is no report.json in " + directory.string()}, call.json);
  if (!recording) return complain({Errc::refused, "events.jsonl: " + recording.error().detail}, call.json);
  drill::Incident incident;
  const auto ms = [](const json::object& from, const char* name) {
    const json::value* value = from.if_contains(name);
    return value != nullptr && value->is_int64() ? std::optional(Ms{value->get_int64()}) : std::nullopt;
  };
  incident.fault = ms(said, "fault_ms").value_or(0ms);
  incident.back = ms(said, "back_ms").value_or(0ms);
  for (const json::value& region : cli::list(said, "lost_regions")) incident.lost.emplace(region.get_string());
  for (const json::value& contact : cli::list(said, "held")) incident.held.emplace(contact.get_string());
  if (const json::value* shares = said.if_contains("shares"); shares != nullptr && shares->is_object()) {
    for (const auto& [region, percent] : shares->get_object()) incident.shares[region] = percent.to_number<double>();
  }
  // Of what the nodes decided the report is the record; it is not in the events.
  if (const json::value* scored = said.if_contains("score"); scored != nullptr && scored->is_object()) {
    if (const auto detect = ms(scored->get_object(), "detect_ms")) incident.suspected = incident.fault + *detect;
    if (const auto decide = ms(scored->get_object(), "decide_ms")) incident.decided = incident.fault + *decide;
  }
  const drill::Score score = drill::score(recording->events, incident, {}, true);
  drill::Report report;
  report.begun = recording->begun;
  report.incident = incident;
  report.score = score;
  const json::object again = parse(drill::to_json(report)).at("score").as_object();
  const json::value* before = said.if_contains("score");
  const bool same = before != nullptr && *before == json::value(again);
  if (call.json) {
    fmt::print("{}\n", json::serialize(json::object{{"score", again}, {"same", same}}));
  } else {
    fmt::print("{}\n{}\n", json::serialize(again),
               same ? "the same as in the report" : "NOT the same as in the report");
  }
  return same ? kDone : kProblems;
}

int clean(const Centre& centre, const OpsClient& ops, const Invocation& call) {
  DrillFaults faults(centre, ops, centre.dir / "drill" / "active.json");
  auto done = faults.take_back_all();
  if (const auto words = faults.end_people(); !words.empty()) done.push_back(words);
  if (call.json) {
    fmt::print("{}\n",
               json::serialize(json::object{{"taken_back", json::value_from(done)}, {"clean", !faults.left_over()}}));
  } else {
    for (const std::string& words : done) fmt::print("{}\n", words);
    if (done.empty()) fmt::print("no drill left anything\n");
  }
  return faults.left_over() ? kFailed : kDone;
}

}  // namespace

int run(const Drill& order, const Invocation& call) {
  if (order.scenario == "list") return list_scenarios(call);
  if (order.scenario == "score") return score_again(order, call);
  const auto centre = existing_centre(call.dir);
  if (!centre) return complain(centre.error(), call.json);
  if (order.scenario == "history") return history(*centre, call);
  if (order.scenario.empty() && !order.clean) {
    return complain({Errc::invalid, "which drill? `tandem drill list` has them"}, call.json);
  }
  std::error_code bad;
  fs::create_directories(centre->dir / "drill", bad);
  const auto turn = Turn::take(centre->dir / "drill" / "lock");
  if (!turn) return complain({Errc::in_use, "another drill runs in " + centre->dir.string()}, call.json);
  std::optional<Ms> every;
  if (!order.every.empty()) {
    const auto read = drill::read_time(order.every);
    if (!read || *read <= 0ms) return complain({Errc::invalid, "--every is a length of time: 60m"}, call.json);
    every = *read;
  }
  for (;;) {
    const auto ops = OpsClient::open(*centre);
    if (!ops) return complain(ops.error(), call.json);
    if (order.clean) return clean(*centre, *ops, call);
    auto scenario = scenario_of(order, *centre);
    if (!scenario) return complain(scenario.error(), call.json);
    const int code = Rehearsal(order, call, *centre, *ops, std::move(*scenario)).go();
    if (!every || code != kDone || order.dry_run) return code;
    Interrupts interrupts;
    if (interrupts.pause(*every)) return kDone;
  }
}

}  // namespace tandem::cli
