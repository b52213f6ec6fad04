// What must never happen. Each checker sees only records, replies, and what the simulated people were shown, and says
// under its own name what it saw that must not be.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/routing/order.h"
#include "node/node.h"

namespace tandem::sim {

struct Violation {
  std::string checker;
  std::string text;
  Uuid about;  // contact, agent or command, for the trace; nil: none
};

class Verdict {
 public:
  void broken(std::string_view checker, std::string text, const Uuid& about = {}) {
    if (found_.size() < kKept) found_.push_back({std::string(checker), std::move(text), about});
  }
  [[nodiscard]] bool clean() const { return found_.empty(); }
  [[nodiscard]] const std::vector<Violation>& found() const { return found_; }

 private:
  static constexpr std::size_t kKept = 20;
  std::vector<Violation> found_;
};

// "worlds-equal": worlds that stand for equal vectors have equal bytes.
class WorldsEqual {
 public:
  explicit WorldsEqual(Verdict& verdict) : verdict_(verdict) {}
  struct Seen {
    NodeId node;
    Vector vector;
    std::string bytes;
  };
  void compare(const std::vector<Seen>& worlds);
  // After healing all must stand for one vector.
  void settled(const std::vector<Seen>& worlds);

 private:
  Verdict& verdict_;
};

// "order": every node applies each log in order, without gap and once, the same bytes everywhere, and nothing that its
// origin did not have on disk.
class Order {
 public:
  explicit Order(Verdict& verdict) : verdict_(verdict) {}
  void started(NodeId node, Vector has);
  void loaded(NodeId node, const Vector& vector);  // a snapshot stands for these
  void applied(NodeId node, LogId log, Sequence sequence, std::uint64_t hash);
  void durable(NodeId node, LogId log, Sequence sequence);

 private:
  Verdict& verdict_;
  std::map<NodeId, Vector> has_;
  std::map<LogId, Sequence> durable_at_origin_;
  std::map<LogId, std::vector<std::uint64_t>> hashes_;  // by sequence, from 1; 0: not seen
};

// "told-is-kept": the record behind every yes is on its origin's disk when the yes is said, and in every world at the
// end, unless every disk that held it was lost.
class ToldIsKept {
 public:
  explicit ToldIsKept(Verdict& verdict) : verdict_(verdict) {}
  void recorded(const Uuid& cause, LogId log, Sequence sequence);
  void durable(NodeId node, LogId log, Sequence sequence);
  void disk_lost(NodeId node);
  void told(const Uuid& command);
  // `everywhere`: the vector of the worlds after healing.
  void settled(const Vector& everywhere);
  [[nodiscard]] bool lost(LogId log, Sequence sequence) const;
  // Whether all records behind the command went with their disks.
  [[nodiscard]] bool excused(const Uuid& command) const;

 private:
  Verdict& verdict_;
  std::map<Uuid, std::vector<std::pair<LogId, Sequence>>> records_;
  std::map<LogId, std::map<NodeId, Sequence>> on_disk_;
  std::map<LogId, Sequence> durable_at_origin_;
  std::map<LogId, std::vector<std::pair<Sequence, Sequence>>> lost_;  // first, last
  std::set<Uuid> told_;
};

// "one-owner": while all hear each other, no two processes that hold the lease go on owning the same contact or agent.
// A change of owner is on its way for a moment; what stands in three samples in a row does not go away.
class OneOwner {
 public:
  explicit OneOwner(Verdict& verdict) : verdict_(verdict) {}
  void sample_begins();
  void owns(NodeId node, const Uuid& thing);
  // As the agents saw it, at a moment when everybody heard everybody for a while.
  void serves_begin() { serving_.clear(); }
  void serves(AgentId agent, ContactId contact);

 private:
  Verdict& verdict_;
  static constexpr int kSamples = 3;
  std::map<Uuid, NodeId> owners_;
  std::map<Uuid, int> doubled_;
  std::map<Uuid, int> doubled_before_;
  std::map<ContactId, AgentId> serving_;
};

// "one-desktop": an agent has at most one open desktop.
class OneDesktop {
 public:
  explicit OneDesktop(Verdict& verdict) : verdict_(verdict) {}
  void opened(AgentId agent, const Uuid& desktop, NodeId node);
  void closed(AgentId agent, const Uuid& desktop);

 private:
  Verdict& verdict_;
  std::map<AgentId, std::map<Uuid, NodeId>> open_;
};

// "one-promise": a desktop never shows more than the profile allows, and a yes to an accept follows a slot that was
// reserved for that contact.
class OnePromise {
 public:
  explicit OnePromise(Verdict& verdict) : verdict_(verdict) {}
  void shows(AgentId agent, const std::map<ContactId, presence::Slot>& slots, std::size_t chats_max,
             std::size_t tasks_max);
  // Slots of the agent before and after the record that an accept caused.
  void accepted(AgentId agent, ContactId contact, const std::map<ContactId, presence::Slot>& before);

 private:
  Verdict& verdict_;
};

// "one-outcome": once a move has failed in some line, it was accepted in no higher one. A line that a third node opens
// later, on top of the acceptance, may well be higher than a failure that its writer did not know better than to write.
class OneOutcome {
 public:
  explicit OneOutcome(Verdict& verdict) : verdict_(verdict) {}
  // A node wrote it; it counts from when another node has it. What goes with a disk before that was never said.
  void written(LogId log, Sequence sequence, ContactId contact, const Line& line, const contact::Move& move);
  void heard(LogId log, Sequence sequence);
  void recorded(ContactId contact, const Line& line, const contact::Move& move);
  // The two ends, after healing.
  void settled(NodeId node, ContactId contact, const contact::Move& move, bool live);

 private:
  Verdict& verdict_;
  struct Seen {
    std::optional<Line> failed;  // lowest line that says so
    contact::MoveState how{};
    std::optional<Line> accepted;  // highest line that says so
  };
  struct Written {
    ContactId contact;
    Line line;
    contact::Move move;
  };
  std::map<std::pair<LogId, Sequence>, Written> written_;
  std::map<Uuid, Seen> moves_;
  std::map<ContactId, std::pair<NodeId, contact::Move>> ends_;
};

// "global-order": in calm weather nobody is given to an agent before one who waits for the same agents, in whatever
// region, has a lower place in the order of their queue, and has waited as he does for longer than nodes need to hear
// of each other and to leave an agent to one another.
class GlobalOrder {
 public:
  explicit GlobalOrder(Verdict& verdict) : verdict_(verdict) {}
  struct Waiting {
    routing::Key key;
    NodeId owner;
    std::chrono::milliseconds unchanged{};  // nothing about it has changed for so long
  };
  static constexpr std::chrono::milliseconds kBound{3'000};
  void given(const routing::Key& key, AgentId agent, const Waiting& other);

 private:
  Verdict& verdict_;
};

// "shares": a region that drains, or takes no part for another reason, gets no new contact from a node that knows it.
class SharesHeld {
 public:
  explicit SharesHeld(Verdict& verdict) : verdict_(verdict) {}
  // `drained_for`: as the node that chose knows it, for so long.
  void placed(const contact::Contact& contact, NodeId owner, std::chrono::milliseconds drained_for);
  static constexpr std::chrono::milliseconds kBound{3'000};

 private:
  Verdict& verdict_;
};

// "evacuation": it rests on votes of a majority of the other members, cast with two kinds of evidence and standing as
// far as the one who declares it knows; in rough weather nobody is evacuated who did not die, and who dies is, in time.
// "ramp-gate": no step up while the node that takes it knows that nobody is there.
// "return": a member comes back when it has applied what the others had when it started.
class Evacuations {
 public:
  explicit Evacuations(Verdict& verdict) : verdict_(verdict) {}
  void voted(NodeId by, const failover::Vote& vote);
  // `standing`: against the subject, in the world of the one who declares it.
  void evacuated(const failover::Evacuated& fact, const std::vector<NodeId>& standing, std::size_t members,
                 std::chrono::nanoseconds now);
  // `answers`: some node of the place does, as far as the writer knows.
  void stepped(const distribution::Stepped& step, bool answers, NodeId by);
  void started(NodeId node, Vector others);
  void disk_lost(NodeId node);  // nobody may have had what it had
  void returned(NodeId node, failover::MemberState state, const Vector& seen);
  // Only in rough weather.
  void only_the_dead() { only_the_dead_ = true; }
  void died(NodeId node, std::chrono::nanoseconds now);
  void over(std::chrono::nanoseconds now);
  [[nodiscard]] const std::vector<std::chrono::nanoseconds>& found_after() const { return found_after_; }
  static constexpr std::chrono::seconds kFoundMax{5};

 private:
  Verdict& verdict_;
  std::set<std::pair<NodeId, NodeId>> cast_;  // voter and subject, down with two kinds
  std::map<NodeId, Vector> to_apply_;
  std::map<std::pair<std::string, Hlc>, std::uint32_t> steps_;  // by place and order
  bool only_the_dead_ = false;
  std::map<NodeId, std::chrono::nanoseconds> dead_;  // and not found yet
  std::map<NodeId, std::chrono::nanoseconds> found_;
  std::vector<std::chrono::nanoseconds> found_after_;
};

// "fence": nothing that a node asks of the world outside is done after its time, which the node may spend frozen.
class Fences {
 public:
  explicit Fences(Verdict& verdict) : verdict_(verdict) {}
  void acted(const Fence& fence, NodeId node, Mono now);

 private:
  Verdict& verdict_;
};

// "island": a region that hears nobody and is well starts no work and opens no desktop for which a majority of the
// members has not spoken, by the records of those who did; and it answers the customers whom it holds.
class Islands {
 public:
  explicit Islands(Verdict& verdict) : verdict_(verdict) {}
  void acknowledged_start(ContactId contact, std::uint32_t attempt, NodeId starter, std::uint64_t number, NodeId by);
  void acknowledged_sign_in(AgentId agent, Term term, NodeId asker, NodeId by);
  void asked(AgentId agent, Term term, NodeId asker);
  void ran(ContactId contact, std::uint32_t attempt, NodeId starter, std::uint64_t number, std::size_t members);
  void opened(AgentId agent, Term term, NodeId node, std::size_t members);
  // What a customer of it was answered. `error`: empty for a yes.
  void answered(ContactId contact, NodeId node, std::string_view error);

 private:
  using Start = std::tuple<ContactId, std::uint32_t, NodeId, std::uint64_t>;
  using SignIn = std::tuple<AgentId, Term, NodeId>;
  Verdict& verdict_;
  std::map<Start, std::set<NodeId>> starts_;
  std::map<SignIn, std::set<NodeId>> sign_ins_;  // of those that were asked for
};

// "shadow": a node that joins takes nothing before it has everything.
class Shadows {
 public:
  explicit Shadows(Verdict& verdict) : verdict_(verdict) {}
  // `serves`: it is a member, and joins no more, as it knows itself.
  void took(NodeId node, const Uuid& thing, bool serves);

 private:
  Verdict& verdict_;
};

// "work-once": an attempt of a piece of work runs at one node and is given to one agent.
class WorkOnce {
 public:
  explicit WorkOnce(Verdict& verdict) : verdict_(verdict) {}
  void ran(ContactId contact, std::uint32_t attempt, NodeId node);
  void given(ContactId contact, std::uint32_t attempt, AgentId agent);

 private:
  using Attempt = std::pair<ContactId, std::uint32_t>;
  Verdict& verdict_;
  std::map<Attempt, NodeId> ran_;
  std::map<Attempt, AgentId> given_;
};

// "transcript-once": what was accepted is in the transcript once, by id and by its words and author; what a flow says
// once is there once; nobody is shown an item twice.
class TranscriptOnce {
 public:
  explicit TranscriptOnce(Verdict& verdict) : verdict_(verdict) {}
  // `words` are unique to the author's act of saying them. `excuse`: the command whose record may be lost.
  void accepted(ContactId contact, const Uuid& item, std::string words, const Uuid& command);
  void shown(std::uint64_t session, const Uuid& item, ContactId contact);
  // `words` of each item, unsealed, in order; `once`: words that a flow says once a contact.
  void settled(ContactId contact, const std::vector<std::pair<Uuid, std::string>>& transcript,
               const std::set<std::string>& once, const std::function<bool(const Uuid&)>& excused);
  [[nodiscard]] std::vector<ContactId> contacts() const;

 private:
  struct Said {
    Uuid item;
    std::string words;
    Uuid command;
  };
  Verdict& verdict_;
  std::map<ContactId, std::vector<Said>> accepted_;
  std::map<std::uint64_t, std::set<Uuid>> shown_;
};

// "profiles": after healing every node has the same profiles, and each field that somebody was told is written stands,
// or stands in the history of what was written later, unless the customer was forgotten since.
class Profiles {
 public:
  explicit Profiles(Verdict& verdict) : verdict_(verdict) {}
  // `words` are unique to the act of writing. `command`: whose records may be lost with their disks.
  void written(const Uuid& person, const std::string& field, std::string words, Hlc at, const Uuid& command);
  void settled(NodeId node, const customer::State& customers, const std::function<std::string(const Text&)>& unseal,
               const std::function<bool(const Uuid&)>& excused);

 private:
  struct Write {
    std::string words;
    Hlc at;
    Uuid command;
  };
  Verdict& verdict_;
  std::map<std::pair<Uuid, std::string>, std::vector<Write>> writes_;
  std::optional<std::pair<NodeId, std::map<Uuid, customer::Profile>>> first_;  // the first node's
};

// "settled": after healing every contact is over or lives with an owner that knows it, every customer who is still
// there is attached at that owner, and nothing waits in a queue while an agent has nothing to do.
class Settled {
 public:
  explicit Settled(Verdict& verdict) : verdict_(verdict) {}
  struct Contact {
    ContactId id;
    contact::Phase phase{};
    bool attached = false;
    bool owner_knows = false;  // the process that is the owner says that the line is its own
    bool work = false;
    bool agent_idle = false;  // an agent who may take it has nothing to do
    bool strays = false;      // a consultation whose conversation is over or does not know it, or the other way round
    bool waits_long = false;  // nothing has changed for longer than any timer
    NodeId owner;
  };
  void contact(const Contact& contact);
  // A customer whose socket is open and who was not told that the chat is over. `found`: the contact in the world.
  void customer(ContactId id, const std::optional<Contact>& found, std::optional<NodeId> upstream);
  // A customer who was told yes and then put out though he was there all the time.
  void put_out(ContactId id);

 private:
  Verdict& verdict_;
};

// "one-upstream": a customer's session is attached at one node. A gateway tells whoever holds it to let go before it
// asks another, if it can reach the holder.
class OneUpstream {
 public:
  explicit OneUpstream(Verdict& verdict) : verdict_(verdict) {}
  // A detach leaves the gateway: `session.tries` and all before.
  void lets_go(SessionId session, NodeId node);
  // An attach leaves the gateway. `held`: what a node that it can reach holds of the session then.
  void asks(SessionId session, NodeId node, NodeId holder, std::uint64_t held_tries);

 private:
  Verdict& verdict_;
  std::map<std::tuple<NodeId, std::uint64_t, NodeId>, std::uint64_t> told_;  // gateway, number, node
};

}  // namespace tandem::sim
