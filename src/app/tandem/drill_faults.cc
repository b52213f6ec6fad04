#include "app/tandem/drill_faults.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>

#include "app/client/answers.h"
#include "app/tandem/customer.h"
#include "app/tandem/processes.h"

extern char** environ;

namespace tandem::cli {
namespace {

namespace fs = std::filesystem;
using drill::Fault;
using drill::Step;
using namespace std::chrono_literals;

constexpr auto kStartMax = 120s;
constexpr auto kPeopleMax = 75s;  // for those who leave
constexpr auto kHookGrace = 30s;  // a fault in a node ends by itself, that long after the drill would have ended it

// No transition leads anywhere, and no block is one that exists.
constexpr char kBrokenFlow[] =
    R"({"Version":"2019-10-30","StartAction":"nowhere","Actions":[{"Identifier":"a","Type":"NoSuchBlock",)"
    R"("Parameters":{},"Transitions":{"NextAction":"b"}}]})";
// Good form, bad sense: whoever comes is sent away.
constexpr char kEndsAtOnce[] =
    R"({"Version":"2019-10-30","StartAction":"end","Actions":[{"Identifier":"end","Type":"DisconnectParticipant",)"
    R"("Parameters":{},"Transitions":{}}]})";
constexpr char kEndsName[] = "ends-at-once";

std::string table_name(const Centre& centre) { return "tandem_drill_" + std::to_string(centre.gateway().public_port); }

// Runs a program to its end. Errors: not_found; timed_out; refused, with the end of what it said.
Result<void> run_program(const fs::path& program, const std::vector<std::string>& arguments,
                         std::chrono::seconds most) {
  char name[] = "/tmp/tandem-drill-XXXXXX";
  const int fd = ::mkstemp(name);
  if (fd < 0) return fail(Errc::refused, "no temporary file can be made");
  ::close(fd);
  const fs::path said(name);
  const auto end = [&said](Result<void> out) {
    std::error_code ignored;
    fs::remove(said, ignored);
    return out;
  };
  std::vector<std::string> all{program.string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : all) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, name, O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  // Signals are blocked while a drill runs; who is started here, and whom that starts, are not to inherit it.
  posix_spawnattr_t how;
  posix_spawnattr_init(&how);
  posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&how, &none);
  pid_t pid = 0;
  const int bad = ::posix_spawn(&pid, program.c_str(), &files, &how, argv.data(), environ);
  posix_spawnattr_destroy(&how);
  posix_spawn_file_actions_destroy(&files);
  if (bad != 0) return end(fail(Errc::refused, "cannot start " + program.string()));
  // Its own id stays until it is buried, however short it lives.
  const auto until = std::chrono::steady_clock::now() + most;
  std::optional<std::string> how_it_ended;
  while (!(how_it_ended = bury(pid)) && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(5ms);
  if (!how_it_ended) {
    ::kill(pid, SIGKILL);
    while (!bury(pid)) std::this_thread::sleep_for(5ms);
    return end(fail(Errc::timed_out, program.filename().string() + " did not end"));
  }
  if (*how_it_ended == "ended with status 0") return end({});
  std::string words = program.filename().string() + " " + *how_it_ended;
  for (const std::string& line : last_lines(said, 3)) words += ": " + line;
  return end(fail(Errc::refused, words));
}

std::optional<fs::path> nft() {
  for (const char* path : {"/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return std::nullopt;
}

Result<void> run_nft(const std::string& rules) {
  const auto program = nft();
  if (!program) return fail(Errc::denied, "cutting links needs nftables, and there is no program nft");
  char name[] = "/tmp/tandem-drill-XXXXXX";
  const int fd = ::mkstemp(name);
  if (fd < 0) return fail(Errc::refused, "no temporary file can be made");
  const bool whole = ::write(fd, rules.data(), rules.size()) == static_cast<ssize_t>(rules.size());
  ::close(fd);
  auto done =
      whole ? run_program(*program, {"-f", name}, 10s) : fail(Errc::refused, "no temporary file can be written");
  std::error_code ignored;
  fs::remove(name, ignored);
  return done;
}

// An empty table first, so that the deletion never misses it.
std::string fresh_table(const std::string& name) {
  return fmt::format("table inet {0} {{}}\ndelete table inet {0}\n", name);
}

json::object to_object(const Step& step) {
  return {{"fault", drill::fault_name(step.fault)},
          {"target", step.target},
          {"link", step.link},
          {"way", drill::way_name(step.way)},
          {"at_ms", step.at.count()},
          {"for_ms", step.lasts.count()},
          {"by_ms", step.by.count()},
          {"flow", step.flow}};
}

std::optional<Step> to_step(const json::object& from) {
  Step out;
  const std::string fault = text(from, "fault");
  bool known = false;
  for (int n = 0; n <= static_cast<int>(Fault::last_); ++n) {
    if (fault != drill::fault_name(static_cast<Fault>(n))) continue;
    out.fault = static_cast<Fault>(n);
    known = true;
  }
  if (!known) return std::nullopt;
  const auto ms = [&](const char* name) {
    const json::value* value = from.if_contains(name);
    return std::chrono::milliseconds(value != nullptr && value->is_int64() ? value->get_int64() : 0);
  };
  const std::string way = text(from, "way");
  out.way = way == "in" ? drill::Way::in : (way == "out" ? drill::Way::out : drill::Way::both);
  out.target = text(from, "target");
  out.link = text(from, "link");
  out.flow = text(from, "flow");
  out.at = ms("at_ms");
  out.lasts = ms("for_ms");
  out.by = ms("by_ms");
  return out;
}

std::optional<Process> process_of(const json::object& from) {
  const json::value* pid = from.if_contains("pid");
  const json::value* started = from.if_contains("started");
  if (pid == nullptr || started == nullptr || !pid->is_number() || !started->is_number()) return std::nullopt;
  return Process{pid->to_number<int>(), started->to_number<std::uint64_t>()};
}

// A region's nodes, or the hub.
std::vector<const CentreNode*> nodes_of(const Centre& centre, const std::string& target) {
  std::vector<const CentreNode*> out;
  for (const CentreNode& node : centre.nodes) {
    if (node.region == target) out.push_back(&node);
  }
  return out;
}

bool hook(Fault fault) { return fault == Fault::slow_disk || fault == Fault::full_disk || fault == Fault::clock_jump; }

}  // namespace

Result<void> may_cut(const Centre& centre) {
  const auto tried = run_nft(fresh_table(table_name(centre)));
  if (tried) return {};
  return fail(Errc::denied, "links cannot be cut here, which takes root and nftables: " + tried.error().detail);
}

DrillFaults::DrillFaults(const Centre& centre, const OpsClient& ops, fs::path journal)
    : centre_(centre), ops_(ops), journal_(std::move(journal)) {
  std::ifstream in(journal_);
  std::stringstream all;
  all << in.rdbuf();
  const json::object said = parse(all.str());
  if (const json::value* people = said.if_contains("people"); people != nullptr && people->is_object()) {
    people_ = process_of(people->get_object());
  }
  for (const json::value& value : cli::list(said, "faults")) {
    if (!value.is_object()) continue;
    const json::object& each = value.get_object();
    const auto step = to_step(each);
    const json::value* saved = each.if_contains("saved");
    if (step)
      standing_.push_back({*step, saved != nullptr && saved->is_object() ? saved->get_object() : json::object{}});
  }
}

Result<void> DrillFaults::write_down() const {
  std::error_code bad;
  if (!left_over()) {
    fs::remove(journal_, bad);
    return {};
  }
  json::array all;
  for (const Standing& each : standing_) {
    json::object one = to_object(each.step);
    one["saved"] = each.saved;
    all.emplace_back(std::move(one));
  }
  json::object journal{{"faults", std::move(all)}};
  if (people_) journal["people"] = json::object{{"pid", people_->pid}, {"started", people_->started}};
  const std::string words = json::serialize(journal) + "\n";
  const std::string next = journal_.string() + ".new";
  const int fd = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool whole = fd >= 0 && ::write(fd, words.data(), words.size()) == static_cast<ssize_t>(words.size());
  const bool kept = whole && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  if (!kept || ::rename(next.c_str(), journal_.c_str()) != 0) {
    return fail(Errc::refused, "cannot write " + journal_.string() + ", so no fault is made");
  }
  return {};
}

Result<void> DrillFaults::people(const Process& process) {
  people_ = process;
  return write_down();
}

void DrillFaults::people_ended() {
  people_.reset();
  static_cast<void>(write_down());
}

std::string DrillFaults::end_people() {
  if (!people_) return "";
  const bool told = signal(*people_, SIGTERM);
  if (told && !wait_gone({*people_}, kPeopleMax)) signal(*people_, SIGKILL);
  people_ended();
  return told ? "the people have left" : "";
}

void DrillFaults::forget(const Step& step) {
  std::erase_if(standing_, [&](const Standing& each) { return each.step == step; });
}

Result<std::string> DrillFaults::make(const Step& step) {
  const auto nodes = nodes_of(centre_, step.target);
  if (nodes.empty() && step.fault != Fault::bad_deploy) return fail(Errc::invalid, "no node is at " + step.target);
  Standing fault{step, {}};
  std::vector<Process> processes;
  if (step.fault == Fault::kill || step.fault == Fault::freeze) {
    json::array saved;
    for (const CentreNode* node : nodes) {
      const auto process = running(centre_.pid_file(*node));
      if (!process) return fail(Errc::refused, node->name() + " does not run");
      processes.push_back(*process);
      saved.emplace_back(json::object{{"node", node->name()}, {"pid", process->pid}, {"started", process->started}});
    }
    fault.saved["processes"] = std::move(saved);
  }
  standing_.push_back(std::move(fault));
  if (step.fault == Fault::bad_deploy) return publish(standing_.back());
  if (const auto kept = write_down(); !kept) {
    standing_.pop_back();
    return std::unexpected(kept.error());
  }
  Result<void> done;
  if (step.fault == Fault::kill || step.fault == Fault::freeze) {
    for (const Process& process : processes) {
      if (!signal(process, step.fault == Fault::kill ? SIGKILL : SIGSTOP)) {
        done = fail(Errc::refused, "process " + std::to_string(process.pid) + " cannot be signalled");
      }
    }
  } else if (step.fault == Fault::cut) {
    done = drop_packets();
  } else {
    done = order_hooks(step.target);
  }
  if (done) return drill::words(step);
  // Half of it may be made.
  const auto back = take_back(step);
  return fail(done.error().code, done.error().detail + (back ? "" : "; and " + back.error().detail));
}

Result<std::string> DrillFaults::take_back(const Step& step) {
  const auto at = std::ranges::find(standing_, step, &Standing::step);
  if (at == standing_.end()) return std::string();
  Standing fault = *at;
  // Rules and hooks are set anew, as what is left wants it.
  if (step.fault == Fault::cut || hook(step.fault)) standing_.erase(at);
  auto done = undo(fault);
  if (done) {
    forget(step);
  } else if (step.fault == Fault::cut || hook(step.fault)) {
    standing_.push_back(std::move(fault));
  }
  static_cast<void>(write_down());
  return done;
}

std::vector<std::string> DrillFaults::take_back_all() {
  std::vector<std::string> out;
  std::vector<Step> steps;
  for (const Standing& each : standing_) steps.push_back(each.step);
  for (const Step& step : steps) {
    const auto done = take_back(step);
    out.push_back(done ? *done : "NOT TAKEN BACK: " + drill::words(step) + ": " + done.error().detail);
  }
  return out;
}

Result<std::string> DrillFaults::undo(const Standing& fault) {
  const Step& step = fault.step;
  if (step.fault == Fault::bad_deploy) {
    if (text(fault.saved, "content").empty()) return std::string("nothing was published that had to be rolled back");
    const auto back =
        connect("POST", "/contact-flows/" + centre_.instance.text() + "/" + text(fault.saved, "flow") + "/content",
                {{"Content", text(fault.saved, "content")}});
    if (!back) return std::unexpected(back.error());
    return std::string("the flow is rolled back");
  }
  if (step.fault == Fault::kill || step.fault == Fault::freeze) {
    std::string names;
    for (const json::value& value : cli::list(fault.saved, "processes")) {
      if (!value.is_object()) continue;
      const auto process = process_of(value.get_object());
      if (step.fault == Fault::freeze && process && signal(*process, SIGCONT)) continue;
      names += (names.empty() ? "" : ",") + text(value.get_object(), "node");
    }
    return names.empty() ? Result<std::string>(step.target + " goes on") : start_again(names);
  }
  if (step.fault == Fault::cut) {
    if (const auto done = drop_packets(); !done) return std::unexpected(done.error());
    return "nothing is dropped any more at " + step.target;
  }
  // A node that was started again since has no fault.
  const auto done = order_hooks(step.target);
  if (!done && done.error().code != Errc::unreachable) return std::unexpected(done.error());
  return step.target + " is without a fault";
}

Result<std::string> DrillFaults::start_again(const std::string& names) {
  const auto done =
      run_program(own_dir() / "tandem", {"up", "--detach", "--only", names, "--dir", centre_.dir.string()}, kStartMax);
  if (!done) return std::unexpected(done.error());
  return names + (names.find(',') == std::string::npos ? " is" : " are") + " started again";
}

Result<void> DrillFaults::drop_packets() const {
  const std::string table = table_name(centre_);
  std::string rules;
  const auto drop = [&rules](const std::string& match) { rules += "    " + match + " drop\n"; };
  // Whoever of the two opened the connection, packets from one to the other carry these.
  const auto one_way = [&drop](const CentreNode& from, const CentreNode& to) {
    drop(fmt::format("ip saddr {} tcp dport {}", from.peer_from(), to.peer_port));
    drop(fmt::format("ip daddr {} tcp sport {}", to.peer_from(), from.peer_port));
  };
  for (const Standing& each : standing_) {
    if (each.step.fault != Fault::cut) continue;
    const bool in = each.step.way != drill::Way::out;
    const bool out = each.step.way != drill::Way::in;
    for (const CentreNode* target : nodes_of(centre_, each.step.target)) {
      for (const CentreNode& other : centre_.nodes) {
        // Nodes of one region still reach each other.
        if (other.region == target->region || (!each.step.link.empty() && other.region != each.step.link)) continue;
        if (in) one_way(other, *target);
        if (out) one_way(*target, other);
      }
      if (!each.step.link.empty()) continue;
      if (in) drop(fmt::format("tcp dport {}", target->public_port));
      if (out) drop(fmt::format("tcp sport {}", target->public_port));
    }
  }
  std::string all = fresh_table(table);
  if (!rules.empty()) {
    all += fmt::format(
        "table inet {} {{\n  chain loopback {{\n    type filter hook input priority 0; policy accept;\n{}  }}\n}}\n",
        table, rules);
  }
  return run_nft(all);
}

Result<void> DrillFaults::order_hooks(const std::string& region) const {
  std::chrono::milliseconds lasts{};
  json::object body{{"commit_delay_ms", 0}, {"disk_full", false}, {"clock_ms", 0}};
  for (const Standing& each : standing_) {
    const Step& step = each.step;
    if (step.target != region || !hook(step.fault)) continue;
    lasts = std::max<std::chrono::milliseconds>(lasts, step.lasts + kHookGrace);
    if (step.fault == Fault::slow_disk) body["commit_delay_ms"] = step.by.count();
    if (step.fault == Fault::full_disk) body["disk_full"] = true;
    if (step.fault == Fault::clock_jump) body["clock_ms"] = step.by.count();
  }
  body["for_ms"] = lasts.count();
  Result<void> out;
  for (const CentreNode* node : nodes_of(centre_, region)) {
    if (const auto done = ops_.put(*node, "faults", body); !done) out = std::unexpected(done.error());
  }
  return out;
}

Result<json::object> DrillFaults::connect(const std::string& method, const std::string& path,
                                          const json::object& body) const {
  const auto secret = access_secret(centre_);
  if (!secret) return std::unexpected(secret.error());
  const CentreNode& node = *centre_.regions().front();
  auto fetch = signed_request(node.url(), node.region, {centre_.access_key, *secret, ""}, method, path,
                              method == "GET" ? "" : json::serialize(body));
  fetch.timeout = 5s;
  const auto answered = fetch_now(ops_.http(), std::move(fetch));
  if (!answered) return fail(Errc::unreachable, node.name() + " does not answer");
  if (answered->status != 200) {
    return fail(answered->status == 400 ? Errc::invalid : Errc::refused,
                fmt::format("{} {}", answered->status, answered->body.substr(0, 300)));
  }
  return parse(answered->body);
}

Result<std::string> DrillFaults::publish(Standing& fault) {
  const Step step = fault.step;
  const auto give_up = [&](const Error& error) -> Result<std::string> {
    forget(step);
    return std::unexpected(error);
  };
  std::string content = step.flow.empty() ? kBrokenFlow : (step.flow == kEndsName ? kEndsAtOnce : "");
  if (content.empty()) {
    std::ifstream in(step.flow);
    std::stringstream all;
    all << in.rdbuf();
    content = all.str();
    if (content.empty()) return give_up({Errc::refused, "cannot read " + step.flow});
  }
  const std::string instance = centre_.instance.text();
  const auto flows = connect("GET", "/contact-flows-summary/" + instance + "?maxResults=100", {});
  if (!flows) return give_up(flows.error());
  std::string id;
  for (const json::value& value : cli::list(*flows, "ContactFlowSummaryList")) {
    if (value.is_object() && text(value.get_object(), "Name") == "welcome") id = text(value.get_object(), "Id");
  }
  if (id.empty()) return give_up({Errc::not_found, "the centre has no flow named 'welcome'"});
  const auto flow = connect("GET", "/contact-flows/" + instance + "/" + id, {});
  if (!flow) return give_up(flow.error());
  const json::value* described = flow->if_contains("ContactFlow");
  const std::string before =
      described != nullptr && described->is_object() ? text(described->get_object(), "Content") : "";
  if (before.empty()) return give_up({Errc::refused, "the flow that stands cannot be read, so none is published"});
  fault.saved = {{"flow", id}, {"content", before}};
  if (const auto kept = write_down(); !kept) return give_up(kept.error());
  const auto published = connect("POST", "/contact-flows/" + instance + "/" + id + "/content", {{"Content", content}});
  if (published) return std::string("the broken flow GOT IN: nothing refused it");
  if (published.error().code == Errc::invalid) {
    fault.saved = json::object{};
    static_cast<void>(write_down());
    return "the broken flow was refused: " + published.error().detail;
  }
  // Whether it got in is not known: it is rolled back like one that did.
  return "publishing was not answered: " + published.error().detail;
}

}  // namespace tandem::cli
