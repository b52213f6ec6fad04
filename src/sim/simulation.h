// One seed from start to verdict: real nodes, and everything around them made here.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "fmt/format.h"
#include "node/node.h"
#include "record/record.h"
#include "sim/checkers.h"
#include "sim/clock.h"
#include "sim/coverage.h"
#include "sim/disk.h"
#include "sim/events.h"
#include "sim/faults.h"
#include "sim/options.h"
#include "sim/sample.h"

namespace tandem::sim {

class People;

struct TraceLine {
  Time at{};
  std::string text;
  std::vector<Uuid> about;  // empty: concerns everything
};

struct Outcome {
  std::vector<Violation> violations;
  Coverage coverage;
  std::uint64_t hash = 0;  // of everything that was written, sent and told, in order
  std::vector<TraceLine> trace;
  std::uint64_t events = 0;
  std::uint64_t records = 0;
  std::uint64_t contacts = 0;
  double simulated_seconds = 0;
  std::vector<Time> found_after;  // from each death to its evacuation
};

class Simulation {
 public:
  explicit Simulation(Options options);
  ~Simulation();
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  [[nodiscard]] Outcome run();

  // -- for people
  using OnReply = std::move_only_function<void(std::optional<Result<Answer>>)>;
  [[nodiscard]] std::size_t nodes() const { return hosts_.size(); }
  [[nodiscard]] const std::string& region(std::size_t node) const { return hosts_[node]->region; }
  [[nodiscard]] bool island(std::size_t node) const;  // every link of the node is cut, both ways
  // A region that has heard nobody for at least so long while nothing else was wrong with it.
  [[nodiscard]] bool alone_and_well(std::size_t node, Time since) const;
  // As the node itself knows: the contact lives there, and goes nowhere.
  [[nodiscard]] bool holds(std::size_t node, ContactId contact) const;
  // As the node itself knows: its region has its share of new contacts, and this one began nowhere yet.
  [[nodiscard]] bool may_begin(std::size_t node, ContactId contact) const;
  [[nodiscard]] std::uint64_t wall_milliseconds(std::size_t node) const {
    return hosts_[node]->clock.wall_milliseconds(events_.now());
  }
  [[nodiscard]] bool is_hub(std::size_t node) const { return hosts_[node]->hub; }
  // People are told its address: it is a member that does not come or go.
  [[nodiscard]] bool usable(std::size_t node) const;
  // A new connection would be taken.
  [[nodiscard]] bool answers(std::size_t node) const { return hosts_[node]->node != nullptr; }
  [[nodiscard]] std::uint64_t life(std::size_t node) const { return hosts_[node]->life; }
  // Asks a node; nothing comes back when the process dies or is silent for `limit`.
  void ask(std::size_t node, Command command, Time limit, OnReply on_reply);
  void query(std::size_t node, Query query);
  void open_session(std::size_t node, std::uint64_t number, ContactId contact);
  void close_session(std::size_t node, std::uint64_t number);
  [[nodiscard]] Events& events() { return events_; }
  [[nodiscard]] Rng& rng() { return rng_; }
  [[nodiscard]] const Sample& sample() const { return sample_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] Uuid new_id();
  [[nodiscard]] Coverage& coverage() { return coverage_; }
  [[nodiscard]] Time draw(Time least, Time most);
  // A line of the trace. `about` empty: it concerns everything.
  template <class... A>
  void say(std::vector<Uuid> about, fmt::format_string<A...> words, A&&... values) {
    if (options_.trace) write_line(std::move(about), fmt::format(words, std::forward<A>(values)...));
  }

  Verdict verdict;
  ToldIsKept told{verdict};
  OneDesktop one_desktop{verdict};
  OnePromise one_promise{verdict};
  WorkOnce work_once{verdict};
  Islands islands{verdict};
  TranscriptOnce transcript_once{verdict};
  Profiles profiles{verdict};
  Settled settled{verdict};

 private:
  struct Host {
    std::size_t index = 0;
    NodeId id;
    bool hub = false;
    std::string region;
    Clock clock;
    Disk disk;
    std::unique_ptr<Node> node;
    std::uint64_t life = 0;  // counts starts and deaths: what was planned for an earlier life is dropped
    Time born{};
    Time frozen_until{};
    std::vector<Input> backlog;
    Time wake_at = Time::max();
    Time woke_at{};
    int idle_wakes = 0;
    Time slow_disk_until{};
    Time troubled_until{};  // frozen, its disk slow or full, its clock in doubt
    Time island_since = Time::max();
    bool expected = true;  // it is there, or comes back by itself
    bool joins = false;    // it is of no first list
    bool served = false;   // it has joined once
    bool leaving = false;  // people use it no more
    bool in = false;       // it was a member, as far as it knew
    std::set<NodeId> admits;
    bool had_disk = false;  // its first start is on an empty disk that never held anything
    Time disk_lost_at = -1h;
    Incarnation incarnation;
    NodeCounters counted;  // what coverage has counted of this process
  };
  struct Link {
    bool up[2] = {false, false};  // as each end sees it: [0] the lower index
    std::uint64_t epoch = 0;
    bool dialling = false;
    std::array<Time, 2> last{};  // when the latest frame arrives, by direction
    std::array<int, 2> cut{};    // how many faults cut this direction
    std::array<std::vector<std::string>, 2> held{};
    Time base{};
    Time slow_until{};
    int slow_factor = 1;
    Time reorder_until{};
    Time repeat_until{};
  };
  struct Pending {
    OnReply on_reply;
    std::uint64_t number = 0;
  };

  // -- hosts
  void configure(std::size_t n);
  void boot(Host& host);
  void kill(Host& host, FaultKind how, Time lasts, bool silent);
  void feed(Host& host, Input input);
  void drain(Host& host, Outputs out);
  void plan_wake(Host& host);
  void plan_sync(Host& host);
  void synced(Host& host);
  void freeze(Host& host, Time lasts);
  void thaw(Host& host);
  void tell(Host& host, Out& out);
  [[nodiscard]] Host& host(NodeId id) { return *hosts_[id.value() - 1U]; }
  [[nodiscard]] bool frozen(const Host& host) const { return events_.now() < host.frozen_until; }

  // -- links
  [[nodiscard]] Link& link(std::size_t a, std::size_t b) { return links_.at(std::minmax(a, b)); }
  void send(Host& from, NodeId to, std::string bytes);
  void carry(std::size_t from, std::size_t to, std::string bytes);
  void deliver(std::size_t from, std::size_t to, std::uint64_t epoch, std::string bytes);
  void drop(std::size_t a, std::size_t b, bool tell_a, bool tell_b);
  void dial(std::size_t a, std::size_t b);
  void cut(std::size_t from, std::size_t to, Time lasts);
  void uncut(std::size_t from, std::size_t to);
  void mark_islands();
  void trouble(Host& host, Time lasts) { host.troubled_until = std::max(host.troubled_until, events_.now() + lasts); }
  void invoke(Host& host, InvokeFunction call, std::uint64_t life);
  void resolve(Host& host, Resolve ask, std::uint64_t life);

  // -- faults
  void strike(const Fault& fault);
  void aimed(Saga saga, NodeId at, NodeId other);
  void heal();
  void count_sagas(const Fault& fault);

  // -- members.cc
  void plan_members(Time faults_end);
  void join(Host& host);
  void propose(Host& host);
  void leave();
  void dismiss(Host& host);
  void gone(Host& host);
  void admit(Host& host, const std::vector<membership::Member>& members);
  [[nodiscard]] bool member(std::size_t node) const;  // as anybody else knows
  [[nodiscard]] std::size_t any_other(const Host& host);

  // -- drills.cc
  void plan_drills();
  void begin_drill(Struck& drill);
  [[nodiscard]] bool struck_alike(const Struck& by, std::size_t node) const;
  void jump_clock(Struck& drill, Host& host);
  void deploy_badly(Struck& drill);
  void deploy(const std::string& content);
  void ask_until_yes(const Command& command);
  void felt(Drill drill, std::size_t node);  // somebody at the node was hindered by such a fault
  void felt_cut(std::size_t from, std::size_t to);
  void count_drills();

  // -- evidence.cc: what nodes learn of each other beside their links, and rough weather
  void probe();
  [[nodiscard]] Time one_way(const Link& link);
  void noise();
  void pause_later(Host& host);
  void die();

  // -- what is observed
  void observe(Host& host, const record::Record& record);
  void compare_order(const Host& host, const routing::Matched& match);
  void shadow(Host& host, const Uuid& thing);
  void compare_shares(const Host& owner, const contact::Contact& contact);
  void observe_frames(Host& host, const std::vector<std::pair<NodeId, std::string>>& frames);
  void sample_worlds();
  void sample_owners();
  void final_checks();
  void count_counters(Host& host);
  [[nodiscard]] bool calm(Time since) const;
  void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001b3ULL + 0x9e3779b97f4a7c15ULL; }

  void write_line(std::vector<Uuid> about, std::string text);

  Options options_;
  Rng rng_;        // of the people and the schedule
  Rng world_rng_;  // of links and disks
  Events events_;
  Coverage coverage_;
  Sample sample_;
  std::vector<membership::Member> members_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::map<std::pair<std::size_t, std::size_t>, Link> links_;
  std::map<std::pair<std::size_t, Uuid>, Pending> pending_;
  std::uint64_t pendings_ = 0;
  std::unique_ptr<People> people_;
  Schedule schedule_;
  std::vector<Aim> armed_;
  std::vector<Struck> struck_;
  bool healing_ = false;
  bool leaves_ = false;
  bool people_still_ = false;
  int active_faults_ = 0;
  Time last_fault_{};
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  std::uint64_t records_ = 0;
  std::vector<TraceLine> trace_;

  Order order_{verdict};
  WorldsEqual worlds_equal_{verdict};
  OneOwner one_owner_{verdict};
  OneOutcome one_outcome_{verdict};
  OneUpstream one_upstream_{verdict};
  Fences fences_{verdict};
  Shadows shadows_{verdict};
  GlobalOrder global_order_{verdict};
  SharesHeld shares_{verdict};
  std::map<std::tuple<NodeId, std::string, Hlc>, Time> drain_known_;  // by a node, of a region and its order
  Evacuations evacuations_{verdict};
  // As the latest record of each agent's desk at a node says.
  std::map<std::pair<NodeId, AgentId>, std::map<ContactId, presence::Slot>> slots_;
  std::unordered_map<Uuid, std::pair<AgentId, ContactId>> accepts_;
  std::set<std::tuple<NodeId, std::uint64_t, NodeId>> detached_;  // gateway, session, node it told to let go
  Time disk_lost_at_ = -1h;
};

}  // namespace tandem::sim
