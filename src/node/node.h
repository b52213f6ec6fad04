// The loop: a state machine without clock, sockets or disk. One thread calls `step`; it never waits. The daemon and the
// simulator run this same class.
//
//   input -> decide -> records applied at once -> react to a fixed point -> effects parked until the records are on the
//   disk (`Durable`) and, for what a person is told, on another node's disk as well -> outputs
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "cluster/cluster.h"
#include "core/distribution/choose.h"
#include "core/flow/view.h"
#include "core/presence/decide.h"
#include "core/presence/desk.h"
#include "core/transfer/tally.h"
#include "node/messages.h"
#include "node/world.h"

namespace tandem {

struct NodeOptions {
  NodeId self;
  Incarnation incarnation;
  bool hub = false;
  std::string region;
  std::string instance_arn;
  std::string build;
  std::vector<membership::Member> members;  // list 1
  bool disk_was_empty = false;
  Timers timers;
  cluster::ClusterOptions cluster;
  config::State::Compile compile = nullptr;
  std::uint64_t snapshot_every = 200'000;  // records between snapshots
};

// -- inputs
// Reads the world on the loop, at once; `answer` runs when everything read is durable.
struct Query {
  std::function<void(const World&, const Local&)> ask;
  std::function<void()> answer;
};
struct LinkUp {
  NodeId peer;
};
struct LinkDown {
  NodeId peer;
};
struct FrameIn {
  NodeId from;
  std::string bytes;
};
// The append with this ticket is on disk, and all before it.
struct Durable {
  std::uint64_t ticket = 0;
};
// The disk is full: the append stays parked below and is retried; new work is refused until it is durable.
struct Full {
  std::uint64_t ticket = 0;
};
struct LogRead {
  cluster::ReadLog read;
  Sequence first;
  std::uint64_t hash_before = 0;
  std::vector<cluster::LoggedRecord> records;
};
// A customer's participant opened its first socket here (`number` is the gateway's own), or closed its last.
struct SessionOpened {
  std::uint64_t number = 0;
  ContactId contact;
};
struct SessionClosed {
  std::uint64_t number = 0;
};
// A participant says something that no transcript keeps.
struct PassOn {
  ContactId contact;
  contact::Item item;
};
struct ApiProbe {
  NodeId subject;
  bool answered = false;
};
// A record on this disk is damaged: ask the peers for it.
struct Damaged {
  LogId log;
  Sequence sequence;
};
// A peer's snapshot is on this disk.
struct SnapshotSaved {
  Vector vector;
};
// How the process finds itself; with a clock in doubt this node takes no new work.
struct SelfReport {
  bool clock_doubted = false;
  std::chrono::microseconds loop_delay{};
  cluster::Synthetic synthetic = {};
};
struct Tick {};
using Input = std::variant<Command, Query, LinkUp, LinkDown, FrameIn, Durable, Full, LogRead, SessionOpened,
                           SessionClosed, PassOn, ApiProbe, Damaged, SnapshotSaved, SelfReport, Tick>;

// -- outputs
struct LogEntry {
  LogId log;
  Sequence sequence;
  cluster::LoggedRecord record;
};
struct Append {
  std::uint64_t ticket = 0;
  std::vector<LogEntry> entries;
};
struct Reply {
  Uuid command;
  Result<Answer> result;
};
struct ShowSession {
  std::uint64_t number = 0;
  ContactId contact;
  std::vector<contact::Item> items;
  bool ended = false;
};
enum class DesktopWhat : std::uint8_t { contact, items, status, closed };
// To the agent's desktop clients at this node.
struct DesktopEvent {
  AgentId agent;
  DesktopWhat what = DesktopWhat::contact;
  std::shared_ptr<const contact::Contact> contact;  // as it is now; apart, for it is large and most outputs are not
  std::optional<presence::Slot> slot;               // none, for one who is no guest: the contact left this desktop
  std::vector<contact::Item> items;
  std::optional<presence::Presence> presence;
  std::string reason;  // closed: in plain words
  bool guest = false;  // on the desktop without a slot (presence::OnDesk)
  [[nodiscard]] static std::shared_ptr<const contact::Contact> as_is(const contact::Contact& contact) {
    return std::make_shared<const contact::Contact>(contact);
  }
};
struct SaveSnapshot {
  Vector vector;
  std::string bytes;       // a peer's; of the own world it is `world().snapshot()`, taken before the next step
  bool from_peer = false;  // the log goes on from `vector`; answered with SnapshotSaved
};
using Out = std::variant<Reply, ShowSession, DesktopEvent, InvokeFunction, Resolve, std::function<void()>>;

struct Outputs {
  std::optional<Append> append;
  std::vector<std::pair<NodeId, std::string>> frames;
  std::vector<cluster::ReadLog> reads;
  std::vector<Out> out;  // durable, in order
  std::vector<cluster::Repaired> repaired;
  std::vector<cluster::Fork> forks;
  std::vector<NodeId> reconnect;
  // Who may connect from now on, and where they are: the members in force and those that are to be.
  std::optional<std::vector<membership::Member>> members;
  std::set<KeyId> keys_erased;           // forget their bytes, on the disk too, with `append`
  std::optional<SaveSnapshot> snapshot;  // to be written after `append`
  // After both: records up to here may be deleted, as far as every snapshot that is kept covers them.
  std::optional<Vector> truncate;
};

struct NodeCounters {
  std::uint64_t commands = 0;
  std::uint64_t refused = 0;
  std::uint64_t records_own = 0;
  std::uint64_t records_foreign = 0;
  std::uint64_t fallbacks = 0;  // told yes without a second disk: no peer was reachable
  std::uint64_t claims = 0;     // by arrival
  std::uint64_t adoptions = 0;
  std::uint64_t late = 0;         // records of lower lines
  std::uint64_t clock_ahead = 0;  // times a log was paused: its records are stamped over 500 ms ahead of this clock
  std::uint64_t snapshots_loaded = 0;
  std::uint64_t undecodable = 0;
  transfer::Tally handed;
};

class Node {
 public:
  // Boot: construct, `adopt` the world that the snapshot and the log give, then `start`.
  Node(NodeOptions options, Rng rng, const std::map<LogId, cluster::OnDisk>& on_disk, Now now);
  // `newest`: the latest stamp among the records of that world; this clock goes on behind it.
  void adopt(World world, Hlc newest);
  [[nodiscard]] Outputs start(const Now& now);

  [[nodiscard]] Outputs step(Input input, const Now& now);
  // When `step(Tick)` is due though nothing happens.
  [[nodiscard]] Mono next_wake() const;

  [[nodiscard]] const World& world() const { return world_; }
  [[nodiscard]] const Local& local() const { return local_; }
  [[nodiscard]] const cluster::Cluster& cluster() const { return cluster_; }
  [[nodiscard]] const NodeCounters& counters() const { return counters_; }
  [[nodiscard]] const NodeOptions& options() const { return options_; }
  [[nodiscard]] bool log_full() const { return log_full_; }
  [[nodiscard]] const distribution::Chooser& chooser() const { return chooser_; }
  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }
  // The upstream of a gateway session here; nothing while it looks for one.
  [[nodiscard]] std::optional<NodeId> upstream(std::uint64_t session) const;

 private:
  struct Forwarded;
  // -- node.cc: the loop
  void handle(Query& query);
  void handle(LinkUp& up);
  void handle(LinkDown& down);
  void handle(FrameIn& in);
  void handle(Durable& durable);
  void handle(Full& full);
  void handle(LogRead& read);
  void handle(ApiProbe& probe);
  void handle(SnapshotSaved& saved);
  void handle(SelfReport& report);
  void handle(Damaged& damaged);
  void handle(PassOn& pass);
  void handle(Tick&) {}
  void begin(const Now& now);
  Outputs finish();
  void emit(Decision decision, const Uuid& cause = {});
  void apply(const Body& body, const Meta& meta);
  void touch(const Body& body);
  void touch_contact(ContactId contact);
  void touch_around(AgentId agent);
  void touch_all();
  void perform(Effect effect);
  void settle();
  void react_contact(ContactId contact);
  void react_agent(AgentId agent);
  void drive_flow(ContactId contact);
  void take(flow::Outcome outcome, const contact::Held& held, std::vector<contact::Item> before, const Uuid& cause);
  void due();
  void drain_cluster();
  void receive(cluster::Received& received);
  void reachable_changed();
  void members_changed();
  void greeted(const cluster::Hello& hello);
  void load_from_peer(const cluster::SnapshotReceived& snapshot);
  void park(Out out);
  void send(NodeId to, const message::Any& message, bool now = false);
  void release();
  [[nodiscard]] flow::Sees flow_sees() const;
  [[nodiscard]] Sees sees() const { return world_.sees(local_); }
  [[nodiscard]] presence::Sees desk_sees() const {
    return {world_.agents(), world_.config(), world_.members(), world_.contacts(), local_};
  }
  [[nodiscard]] bool owns(ContactId contact) const;

  // -- commands.cc: who executes an order
  void handle(Command& command);
  void execute(const Command& command, const Uuid& ticket, NodeId asker);
  [[nodiscard]] Result<Decision> decide(const Command& command);
  void try_forward(const Uuid& id);
  void answer(const Uuid& ticket, NodeId asker, Result<Answer> result, bool at_once = false);
  void arrive(const Command& command, const Uuid& ticket, NodeId asker);
  void arrivals_due();
  void forwards_due();
  void sign_ins_due();
  void take_back_sign_in(AgentId agent, const std::string& reason);
  [[nodiscard]] NodeId target(Forwarded& f);
  [[nodiscard]] NodeId place(contact::Start& start, Forwarded& f);
  void on(NodeId from, message::Forward& m);
  void on(NodeId from, message::Answered& m);

  // -- gateway.cc: customers' sessions and agents' desktops here
  void handle(SessionOpened& opened);
  void handle(SessionClosed& closed);
  void try_attach(std::uint64_t number);
  void detach_at(NodeId upstream, ContactId contact, SessionId session);
  void tell_sessions();
  void on(NodeId from, message::Sessions& m);
  void let_go(NodeId node, std::uint64_t number);
  void attach_answered(std::uint64_t number, const Result<Answer>& result, NodeId by);
  void lost_upstreams();
  void sessions_due();
  void on(NodeId from, message::Show& m);
  void on(NodeId from, message::Reattach& m);
  void on(NodeId from, message::PingSession& m);
  void on(NodeId from, message::Pass& m);
  void on(NodeId from, message::AskOwner& m);
  void on(NodeId from, message::OwnerSays& m);
  void detach(ContactId contact, SessionId session);
  void link_lost(NodeId peer);
  void show(const contact::Rec& rec, bool own);
  void show_items(AgentId agent, const contact::Contact& in, const std::vector<contact::Item>& items);
  void desktop_events();

  struct Parked {
    Sequence after;  // own records up to here must be durable
    Ack ack = Ack::local;
    Mono since;
    std::variant<Out, std::pair<NodeId, std::string>> what;  // or a message to another node
  };
  struct Forwarded {
    Command command;
    NodeId to;
    Uuid ticket;
    Mono sent;      // of this try
    Mono deadline;  // of the whole
    Mono retry;     // no try is under way: when the next is
    std::set<NodeId> failed;
    bool replies = true;  // a reply to this process's own caller is owed
    std::uint64_t session = 0;
    std::optional<distribution::Given> given;  // of a new contact
  };
  static constexpr std::chrono::milliseconds kTryMax = 500ms;   // one try of a forwarded order
  static constexpr std::chrono::milliseconds kForwardMax = 8s;  // all of them
  static constexpr std::chrono::milliseconds kRetryAfter = 50ms;
  static constexpr std::chrono::seconds kSessionsToldEvery{5};
  struct Waiting {
    Command command;
    Uuid ticket;
    NodeId asker;
  };
  struct Arriving {
    std::vector<Waiting> waiting;
    Mono since;
    bool asked = false;  // the owner was asked and may answer yet; otherwise the members that answer are heard first
  };
  struct SigningIn {
    Waiting waiting;
    Mono deadline;
  };
  struct Session {
    ContactId contact;
    NodeId upstream;          // where it is attached, or was last
    Incarnation life;         // of the upstream
    std::uint64_t tries = 0;  // to attach, so far
    bool attached = false;
    Uuid attaching;  // command under way; nil: none
    Mono retry;
    std::set<Uuid> known;  // items this session was shown, or that stood before it opened
    bool first = true;
    bool ended = false;
  };

  NodeOptions options_;
  Rng rng_;
  World world_;
  Local local_;
  cluster::Cluster cluster_;
  NodeCounters counters_;

  // Of the step under way.
  Now now_;
  Now clock_;  // as it was given: now_ may be ahead of it, by what others stamped
  cluster::Outputs net_;
  Outputs outputs_;
  std::vector<LogEntry> appended_;
  std::vector<std::variant<Out, std::pair<NodeId, std::string>>> step_out_;
  Ack step_ack_ = Ack::local;
  std::set<ContactId> touched_contacts_;
  std::set<AgentId> touched_agents_;
  bool match_ = false;
  Hlc match_again_;  // time alone may bring a match then; 0: never
  bool members_touched_ = false;
  bool born_touched_ = false;
  std::set<AgentId> desk_touched_;
  bool started_ = false;
  std::vector<cluster::KeyRow> keys_;  // ride with the next own record

  // Across steps.
  Hlc last_stamp_;
  Sequence sequence_;  // of this incarnation's log
  Sequence durable_;
  std::uint64_t tickets_ = 0;
  struct Ticket {
    std::uint64_t number = 0;
    Sequence own;
    Vector foreign;
  };
  std::deque<Ticket> in_log_;
  bool log_full_ = false;
  bool clock_doubted_ = false;
  std::optional<Hlc> synthetic_;  // when the one began that was last served; 0: none was; nothing: none are started
  std::deque<Parked> parked_;
  std::map<ContactId, Term> resumed_;  // lines whose flow this process has picked up
  std::map<AgentId, std::map<ContactId, presence::OnDesk>> on_desktop_;
  std::map<Uuid, Forwarded> forwards_;  // by command id
  std::map<Uuid, Uuid> tickets_of_;     // try -> command id
  std::map<ContactId, Arriving> arriving_;
  std::map<AgentId, SigningIn> signing_in_;
  std::map<AgentId, Uuid> signed_in_;  // the sign-in last answered yes here; the answer may still be parked
  std::map<std::uint64_t, Session> sessions_;
  Mono sessions_wake_;  // when one without an upstream looks for one again; earlier than now: at once
  Mono sessions_told_;
  std::uint64_t links_seen_ = 0;
  distribution::Chooser chooser_;
  Mono duties_wake_;  // when regions that drain or ramp are looked at
  // Without having heard everybody. A node that knows its own past from others alone has parts of it at first.
  [[nodiscard]] Mono settles_at() const { return born_ + (local_.may_ack ? 2s : 30s); }
  Mono born_;
  std::map<LogId, Sequence> disk_held_;  // of this node's former lives, at start
  std::set<NodeId> heard_;               // members of whom all that they held at some moment after birth is here
  bool heard_all_ = false;               // every other member, up to a point after birth
  std::set<NodeId> snapshot_peers_;
  // Until every member was heard: own records, so that a snapshot of the others can be put beneath them.
  std::vector<std::pair<Meta, Body>> own_records_;
  bool may_load_ = true;  // a peer's snapshot; while it may, this life writes none of its own, which would cover more
  std::uint64_t records_since_snapshot_ = 0;
  std::vector<membership::Member> members_known_;
  std::uint64_t members_number_ = 0;
  Mono forgot_;
};

}  // namespace tandem
