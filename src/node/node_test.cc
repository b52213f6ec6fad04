// Goal: the loop of one to three nodes tells, moves, claims and rebuilds as the rules say, without faults of its own
// making. Method: nodes joined by perfect links and instant disks; faults are single and by hand. Weather is for
// src/sim.
#include "node/node.h"

#include <gtest/gtest.h>

#include <list>

#include "record/flow_json.h"
#include "record/record.h"

namespace tandem {
namespace {

constexpr char kFlow[] = R"({"Version":"2019-10-30","StartAction":"hello","Actions":[
 {"Identifier":"hello","Type":"MessageParticipant","Parameters":{"Text":"Welcome"},"Transitions":{"NextAction":"ask"}},
 {"Identifier":"ask","Type":"GetParticipantInput","Parameters":{"Text":"Sales or support?","StoreInput":"False","InputTimeLimitSeconds":"300"},
  "Transitions":{"NextAction":"set","Conditions":[{"NextAction":"set","Condition":{"Operator":"Equals","Operands":["sales"]}}],
  "Errors":[{"NextAction":"set","ErrorType":"NoMatchingCondition"},{"NextAction":"bye","ErrorType":"NoMatchingError"},{"NextAction":"bye","ErrorType":"InputTimeLimitExceeded"}]}},
 {"Identifier":"set","Type":"UpdateContactTargetQueue","Parameters":{"QueueId":"00000000-0000-7000-8000-000000000003"},"Transitions":{"NextAction":"queue","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"queue","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"bye","Errors":[{"NextAction":"bye","ErrorType":"QueueAtCapacity"},{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]})";

Uuid fixed(std::uint8_t last) {
  Uuid id = *parse_uuid("00000000-0000-7000-8000-000000000000");
  id.bytes[15] = last;
  return id;
}

class Centre {
 public:
  struct Member {
    std::unique_ptr<Node> node;
    std::vector<std::string> disk;  // record bytes, in order of appending
    std::map<LogId, cluster::OnDisk> ends;
    std::map<Uuid, Result<Answer>> replies;
    std::vector<contact::Item> shown;
    std::vector<DesktopEvent> desktop;
    std::uint64_t life = 0;
    bool ended = false;
    bool full = false;  // the disk takes nothing
    std::optional<SaveSnapshot> snapshot;
    std::optional<Vector> truncate;
    std::vector<std::uint64_t> waiting;  // tickets of what it did not take
  };

  explicit Centre(int count) {
    for (int i = 1; i <= count; ++i) {
      membership::Member m;
      m.node = NodeId{static_cast<std::uint16_t>(i)};
      m.hub = i == 3;
      m.region = m.hub ? "hub" : "region-" + std::to_string(i);
      list_.push_back(m);
    }
    for (int i = 1; i <= count; ++i) start(i);
    run(3s);
  }

  void start(int i) {
    Member& m = members_[i];
    NodeOptions options;
    options.self = NodeId{static_cast<std::uint16_t>(i)};
    options.hub = i == 3;
    options.region = list_[static_cast<std::size_t>(i) - 1].region;
    options.incarnation = Incarnation{(now_.hlc.milliseconds() << 16) + static_cast<std::uint64_t>(i)};
    options.members = list_;
    options.disk_was_empty = m.disk.empty();
    options.compile = &record::compile_or_null;
    options.snapshot_every = snapshot_every;
    options.cluster.replication.self = options.self;
    options.cluster.replication.incarnation = options.incarnation;
    World world(options.compile);
    Hlc newest;
    for (const std::string& bytes : m.disk) {
      const auto rec = record::decode(bytes);
      ASSERT_TRUE(rec);
      world.apply(rec->body, rec->meta());
      newest = std::max(newest, rec->at);
    }
    m.node = std::make_unique<Node>(options, Rng{static_cast<std::uint64_t>(i)}, m.ends, now_);
    m.node->adopt(std::move(world), newest);
    ++m.life;
    take(i, m.node->start(now_));
    for (auto& [j, other] : members_) {
      if (j == i || !other.node) continue;
      give(i, LinkUp{NodeId{static_cast<std::uint16_t>(j)}});
      give(j, LinkUp{NodeId{static_cast<std::uint16_t>(i)}});
    }
  }
  void kill(int i) {
    members_[i].node.reset();
    for (auto& [j, other] : members_) {
      if (other.node) give(j, LinkDown{NodeId{static_cast<std::uint16_t>(i)}});
    }
  }
  // All links of a node break, and come back.
  void cut(int i) { link(i, false); }
  void heal(int i) { link(i, true); }
  void give(int i, Input input) { queue_.emplace_back(i, members_[i].life, std::move(input)); }

  void run(std::chrono::milliseconds time) {
    const Mono until = now_.mono + time;
    while (now_.mono <= until) {
      while (!queue_.empty()) {
        auto [i, life, input] = std::move(queue_.front());
        queue_.pop_front();
        Member& m = members_[i];
        if (m.node && m.life == life) take(i, m.node->step(std::move(input), now_));
      }
      now_.mono = now_.mono + 5ms;
      now_.hlc = now_.hlc + 5ms;
      for (auto& [i, m] : members_) {
        if (m.node && m.node->next_wake() <= now_.mono) give(i, Tick{});
      }
    }
  }

  Result<Answer> order(int i, Verb verb, bool arrival = false) {
    Command command{mint_uuid(now_.hlc, rng_), std::move(verb), arrival, {}};
    return repeat(i, command);
  }
  Result<Answer> repeat(int i, const Command& command) {
    give(i, command);
    for (int turn = 0; turn < 2000 && !members_[i].replies.contains(command.id); ++turn) run(5ms);
    const auto at = members_[i].replies.find(command.id);
    if (at == members_[i].replies.end()) return fail(Errc::timed_out, "no reply");
    return at->second;
  }
  Node& node(int i) { return *members_[i].node; }
  Member& member(int i) { return members_[i]; }
  Now now() const { return now_; }

  void sample() {
    const auto create = [&](config::Kind kind, std::uint8_t id, std::map<std::string, std::string> set) {
      const auto made = order(1, config::Create{kind, fixed(id), std::move(set)});
      ASSERT_TRUE(made) << made.error().detail;
    };
    create(config::Kind::queue, 3, {{"name", "sales"}});
    create(config::Kind::routing_profile, 4,
           {{"name", "chat"},
            {"concurrency.CHAT", "2"},
            {"concurrency.TASK", "1"},
            {"queue." + fixed(3).text() + ".CHAT", "1,0"},
            {"queue." + fixed(3).text() + ".TASK", "1,0"}});
    create(config::Kind::user, 5, {{"username", "ana"}, {"routing_profile", fixed(4).text()}});
    create(config::Kind::flow, 6, {{"name", "entry"}, {"type", "CONTACT_FLOW"}, {"content", kFlow}});
  }
  ContactId chat(int at) {
    contact::Start start;
    start.id = ContactId{mint_uuid(now_.hlc, rng_)};
    start.flow = FlowId{fixed(6)};
    start.customer = mint_uuid(now_.hlc, rng_);
    start.customer_name = Text::plain("Cleo");
    customer_ = start.customer;
    const auto made = order(at, start);
    EXPECT_TRUE(made) << made.error().detail;
    return start.id;
  }
  contact::Say say(ContactId contact, std::string words) {
    contact::Say said;
    said.contact = contact;
    said.item.content_type = "text/plain";
    said.item.content = Text::plain(std::move(words));
    said.item.role = contact::Role::customer;
    said.item.participant = customer_;
    return said;
  }
  void sign_in(int at, bool proved = false) {
    const auto in = order(at, presence::SignIn{agent, fixed(9), proved});
    ASSERT_TRUE(in) << in.error().detail;
    const auto set = order(at, presence::SetStatus{agent, fixed(10), presence::StatusType::routable});
    ASSERT_TRUE(set) << set.error().detail;
  }
  const contact::Held& held(int at, ContactId contact) { return *node(at).world().contacts().find(contact); }
  std::vector<std::string> transcript(int at, ContactId contact) {
    std::vector<std::string> out;
    for (const contact::Item* item : node(at).world().contacts().transcript(contact)) {
      if (item->content_type == "text/plain") out.push_back(item->content.bytes);
    }
    return out;
  }
  void expect_equal_worlds() {
    run(2s);
    std::string first;
    for (auto& [i, m] : members_) {
      if (!m.node) continue;
      if (first.empty()) first = m.node->world().bytes();
      EXPECT_TRUE(m.node->world().bytes() == first) << "node " << i;
    }
  }

  AgentId agent{fixed(5)};
  std::uint64_t snapshot_every = 200'000;  // of nodes that start from now on

 private:
  void link(int i, bool up) {
    const NodeId one{static_cast<std::uint16_t>(i)};
    for (auto& [j, m] : members_) {
      if (j == i) continue;
      const NodeId other{static_cast<std::uint16_t>(j)};
      if (up) {
        give(i, LinkUp{other});
        give(j, LinkUp{one});
      } else {
        give(i, LinkDown{other});
        give(j, LinkDown{one});
      }
    }
  }
  void take(int i, Outputs outputs) {
    Member& m = members_[i];
    if (outputs.append) {
      for (const LogEntry& entry : outputs.append->entries) {
        m.disk.push_back(entry.record.bytes);
        m.ends[entry.log] = {entry.sequence, cluster::record_hash(entry.record.bytes)};
      }
      if (m.full) {
        m.waiting.push_back(outputs.append->ticket);
        give(i, Full{outputs.append->ticket});
      } else {
        give(i, Durable{outputs.append->ticket});
      }
    }
    if (outputs.snapshot) {
      m.snapshot = std::move(outputs.snapshot);
      if (!m.snapshot->from_peer) m.snapshot->bytes = m.node->world().snapshot();
    }
    if (outputs.truncate) m.truncate = std::move(outputs.truncate);
    for (auto& [to, bytes] : outputs.frames) {
      const int j = to.value();
      if (members_[j].node) give(j, FrameIn{NodeId{static_cast<std::uint16_t>(i)}, std::move(bytes)});
    }
    for (const cluster::ReadLog& read : outputs.reads) {
      LogRead in{read, Sequence{read.after.value() + 1}, 0, {}};
      for (const std::string& bytes : m.disk) {
        const auto rec = record::decode(bytes);
        if (LogId{rec->origin, rec->incarnation} != read.log) continue;
        if (rec->sequence == read.after) in.hash_before = cluster::record_hash(bytes);
        if (rec->sequence > read.after) in.records.push_back({bytes, {}});
      }
      give(i, std::move(in));
    }
    for (Out& out : outputs.out) {
      if (auto* reply = std::get_if<Reply>(&out)) m.replies.insert_or_assign(reply->command, reply->result);
      if (auto* show = std::get_if<ShowSession>(&out)) {
        m.shown.insert(m.shown.end(), show->items.begin(), show->items.end());
        m.ended = m.ended || show->ended;
      }
      if (auto* event = std::get_if<DesktopEvent>(&out)) m.desktop.push_back(*event);
      if (auto* answer = std::get_if<std::function<void()>>(&out)) (*answer)();
      if (auto* resolve = std::get_if<Resolve>(&out)) {
        flow::Resolved done{resolve->visit, {}, {}};
        for (const auto& [name, text] : resolve->values) done.plain[name] = text.bytes;
        for (const auto& [name, text] : resolve->texts)
          done.rendered[name] = Text::plain(flow::render(text, done.plain));
        give(i, Command{mint_uuid(now_.hlc, rng_), FlowEvent{resolve->fence.contact, done}, false, {}});
      }
    }
  }

  std::map<int, Member> members_;
  std::vector<membership::Member> list_;
  std::list<std::tuple<int, std::uint64_t, Input>> queue_;
  Now now_{Mono{1h}, Hlc::at(1'700'000'000'000)};
  Rng rng_{7};
  Uuid customer_;
};

TEST(Node, AloneItServesAChatFromGreetingToEnd) {
  Centre centre(1);
  centre.sample();
  const ContactId c = centre.chat(1);
  centre.give(1, SessionOpened{1, c});
  centre.run(1s);
  EXPECT_TRUE(centre.held(1, c).contact.attached);
  EXPECT_EQ(centre.transcript(1, c), (std::vector<std::string>{"Welcome", "Sales or support?"}));
  ASSERT_TRUE(centre.order(1, centre.say(c, "sales"), true));
  centre.run(1s);
  EXPECT_EQ(centre.held(1, c).contact.phase, contact::Phase::queued);
  centre.sign_in(1);
  centre.run(100ms);
  ASSERT_EQ(centre.held(1, c).contact.phase, contact::Phase::offering);
  ASSERT_TRUE(centre.order(1, presence::Accept{centre.agent, c}));
  EXPECT_EQ(centre.held(1, c).contact.phase, contact::Phase::with_agent);
  ASSERT_TRUE(centre.order(1, contact::End{c, contact::Role::agent, "AGENT_DISCONNECT"}));
  centre.run(100ms);
  EXPECT_TRUE(centre.member(1).ended);
  ASSERT_TRUE(centre.order(1, presence::Complete{centre.agent, c}));
  EXPECT_TRUE(centre.node(1).world().agents().find(centre.agent)->presence.slots.empty());
}

TEST(Node, AStatusChosenWhileAContactIsHeldCountsWhenItsWorkIsDone) {
  Centre centre(1);
  centre.sample();
  const auto queued = [&] {
    const ContactId c = centre.chat(1);
    centre.give(1, SessionOpened{c.value().bytes[15], c});
    centre.run(1s);
    EXPECT_TRUE(centre.order(1, centre.say(c, "sales"), true));
    centre.run(1s);
    return c;
  };
  const auto agent = [&]() -> const presence::Presence& {
    return centre.node(1).world().agents().find(centre.agent)->presence;
  };
  ASSERT_TRUE(
      centre.order(1, config::Change{config::Kind::user, centre.agent.value(), {{"after_contact_work_limit", "5"}}}));
  centre.sign_in(1);
  const ContactId first = queued();
  ASSERT_TRUE(centre.order(1, presence::Accept{centre.agent, first}));
  ASSERT_TRUE(centre.order(1, presence::SetStatus{centre.agent, fixed(11), presence::StatusType::custom}));
  EXPECT_EQ(agent().status, fixed(10));
  EXPECT_TRUE(agent().has_next);
  const ContactId second = queued();  // there is room for it, but the agent is about to go
  EXPECT_EQ(centre.held(1, second).contact.phase, contact::Phase::queued);
  ASSERT_TRUE(centre.order(1, contact::End{first, contact::Role::agent, "AGENT_DISCONNECT"}));
  centre.run(4s);
  ASSERT_EQ(agent().slots.size(), 1U);
  EXPECT_EQ(agent().slots.begin()->second.state, presence::SlotState::after_contact_work);
  centre.run(2s);
  EXPECT_TRUE(agent().slots.empty());
  EXPECT_EQ(agent().status, fixed(11));
  EXPECT_EQ(agent().type, presence::StatusType::custom);
  EXPECT_FALSE(agent().has_next);
  EXPECT_EQ(centre.held(1, second).contact.phase, contact::Phase::queued);
  ASSERT_TRUE(centre.order(1, presence::SetStatus{centre.agent, fixed(10), presence::StatusType::routable}));
  centre.run(100ms);
  EXPECT_EQ(centre.held(1, second).contact.phase, contact::Phase::offering);
}

TEST(Node, AgentElsewhereGetsTheContactWithItsCustomer) {
  Centre centre(3);
  centre.sample();
  centre.sign_in(2);
  const ContactId c = centre.chat(1);
  centre.give(3, SessionOpened{1, c});  // the customer's socket is at the hub's gateway
  centre.run(500ms);
  ASSERT_TRUE(centre.order(3, centre.say(c, "sales"), true));
  centre.run(1s);
  EXPECT_EQ(centre.held(3, c).line.node, NodeId{2});
  EXPECT_EQ(centre.held(3, c).contact.phase, contact::Phase::offering);
  EXPECT_EQ(centre.held(3, c).contact.move.state, contact::MoveState::attached);
  EXPECT_EQ(centre.node(3).upstream(1), NodeId{2});
  ASSERT_TRUE(centre.order(2, presence::Accept{centre.agent, c}));
  ASSERT_TRUE(centre.order(3, centre.say(c, "hello agent"), true));
  centre.run(500ms);
  EXPECT_EQ(centre.transcript(1, c),
            (std::vector<std::string>{"Welcome", "Sales or support?", "sales", "hello agent"}));
  centre.expect_equal_worlds();
}

TEST(Node, OwnerKilledInTheFlowIsSucceededByASurvivor) {
  Centre centre(3);
  centre.sample();
  const ContactId c = centre.chat(1);
  centre.give(3, SessionOpened{1, c});
  centre.run(500ms);
  centre.kill(1);
  centre.run(2s);
  EXPECT_EQ(centre.held(3, c).line.node, NodeId{2});
  EXPECT_EQ(centre.node(3).upstream(1), NodeId{2});
  ASSERT_TRUE(centre.order(3, centre.say(c, "sales"), true));
  centre.run(500ms);
  EXPECT_EQ(centre.held(2, c).contact.phase, contact::Phase::queued);
  EXPECT_EQ(centre.transcript(2, c), (std::vector<std::string>{"Welcome", "Sales or support?", "sales"}));
  centre.start(1);
  centre.expect_equal_worlds();
  EXPECT_EQ(centre.held(1, c).line.node, NodeId{2});
}

// What it owned before it died may have gone on elsewhere, and those who are left know.
TEST(Node, AReturningOwnerHearsTheOthersBeforeItClaimsForACustomer) {
  Centre centre(3);
  centre.sample();
  const ContactId chat = centre.chat(1);
  centre.run(1s);
  centre.kill(1);
  ASSERT_TRUE(centre.order(2, centre.say(chat, "still there?"), true));
  ASSERT_EQ(centre.held(2, chat).line.node, NodeId{2});
  const Term other = centre.held(2, chat).line.term;
  centre.run(1s);
  centre.kill(2);
  centre.start(1);
  ASSERT_TRUE(centre.order(1, centre.say(chat, "and now?"), true));
  EXPECT_EQ(centre.held(1, chat).line.node, NodeId{1});
  EXPECT_GT(centre.held(1, chat).line.term, other) << "the claim of the other node was not known";
}

TEST(Node, AgentKeepsTheConversationThroughTheLossOfItsRegion) {
  for (const bool agent_first : {true, false}) {
    SCOPED_TRACE(agent_first ? "agent first" : "customer first");
    Centre centre(3);
    centre.sample();
    centre.sign_in(1);
    const ContactId c = centre.chat(1);
    centre.give(3, SessionOpened{1, c});
    centre.run(500ms);
    ASSERT_TRUE(centre.order(3, centre.say(c, "sales"), true));
    centre.run(500ms);
    ASSERT_TRUE(centre.order(1, presence::Accept{centre.agent, c}));
    centre.kill(1);
    if (!agent_first) centre.run(2s);
    centre.sign_in(2, true);
    centre.run(2s);
    EXPECT_EQ(centre.held(2, c).line.node, NodeId{2});
    EXPECT_EQ(centre.held(2, c).contact.phase, contact::Phase::with_agent);
    EXPECT_EQ(centre.held(2, c).contact.agent, centre.agent);
    EXPECT_TRUE(centre.held(2, c).contact.attached);
    centre.start(1);
    centre.expect_equal_worlds();
    EXPECT_EQ(centre.held(1, c).line.node, NodeId{2});
  }
}

TEST(Node, AnOwnerThatLostTheGatewayForAMomentGetsTheCustomerBack) {
  Centre centre(3);
  centre.sample();
  const ContactId c = centre.chat(1);
  centre.give(3, SessionOpened{1, c});
  centre.run(500ms);
  ASSERT_TRUE(centre.held(1, c).contact.attached);
  // Only one end sees the connection break.
  centre.give(1, LinkDown{NodeId{3}});
  centre.run(10ms);
  EXPECT_FALSE(centre.held(1, c).contact.attached);
  centre.give(1, LinkUp{NodeId{3}});
  centre.run(6s);
  EXPECT_TRUE(centre.held(1, c).contact.attached);
  EXPECT_EQ(centre.node(3).upstream(1), NodeId{1});
}

// What is said on either side of a cut belongs into one conversation, also for those who have it open.
TEST(Node, WordsOfALineThatHasLostAreShownWhenTheyAreHeard) {
  Centre centre(3);
  centre.sample();
  const ContactId c = centre.chat(1);
  centre.give(3, SessionOpened{1, c});
  centre.run(500ms);
  ASSERT_TRUE(centre.order(3, centre.say(c, "sales"), true));
  centre.cut(1);
  centre.run(2s);
  ASSERT_EQ(centre.held(3, c).line.node, NodeId{2}) << "nobody took over for the customer";
  ASSERT_TRUE(centre.order(1, centre.say(c, "one moment")));
  // Sent once and again, to either side: one item.
  const Command again{.id = fixed(77), .verb = centre.say(c, "are you there?"), .keys = {}};
  ASSERT_TRUE(centre.repeat(2, again));
  ASSERT_TRUE(centre.repeat(1, again));
  ASSERT_TRUE(centre.order(1, contact::End{c, contact::Role::agent, "AGENT_DISCONNECT"}));
  centre.sign_in(2);
  centre.run(500ms);
  ASSERT_TRUE(centre.order(2, presence::Accept{centre.agent, c}));
  centre.member(2).desktop.clear();
  centre.heal(1);
  centre.run(5s);
  EXPECT_EQ(centre.held(2, c).line.node, NodeId{2});
  EXPECT_TRUE(centre.held(2, c).contact.live());
  const auto customer = [&](const std::string& words) {
    return std::ranges::count(centre.member(3).shown, words, [](const auto& item) { return item.content.bytes; });
  };
  const auto agent = [&](const std::string& words) {
    std::ptrdiff_t out = 0;
    for (const DesktopEvent& event : centre.member(2).desktop) {
      out += std::ranges::count(event.items, words, [](const auto& item) { return item.content.bytes; });
    }
    return out;
  };
  EXPECT_EQ(customer("one moment"), 1);
  EXPECT_EQ(agent("one moment"), 1);
  EXPECT_EQ(customer("are you there?"), 1);
  EXPECT_EQ(agent("are you there?"), 0) << "shown again";
  const auto ends = [](const contact::Item& item) { return item.content_type.ends_with("chat.ended"); };
  EXPECT_TRUE(std::ranges::none_of(centre.member(3).shown, ends)) << "the end that was written where it had lost";
  ASSERT_TRUE(centre.order(2, contact::End{c, contact::Role::agent, "AGENT_DISCONNECT"}));
  centre.run(500ms);
  EXPECT_TRUE(centre.member(3).ended);
  centre.expect_equal_worlds();
}

TEST(Node, ASecondDesktopNeedsTheMajorityThatTheFirstOneHad) {
  Centre centre(3);
  centre.sample();
  centre.sign_in(1);
  centre.cut(1);
  const auto second = centre.order(1, presence::SignIn{centre.agent, fixed(11), false});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::no_quorum);
  EXPECT_TRUE(centre.node(1).world().agents().find(centre.agent)->presence.desktop.nil());
}

TEST(Node, ARepeatedOrderGetsTheFirstAnswerAnywhere) {
  Centre centre(3);
  centre.sample();
  const ContactId c = centre.chat(1);
  centre.give(3, SessionOpened{1, c});
  centre.run(500ms);
  const Command said{fixed(77), centre.say(c, "once"), true, {}};
  const auto first = centre.repeat(3, said);
  ASSERT_TRUE(first);
  centre.member(3).replies.clear();
  centre.kill(1);
  const auto again = centre.repeat(3, said);
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->id, first->id);
  EXPECT_EQ(again->at, first->at);
  EXPECT_EQ(std::ranges::count(centre.transcript(2, c), "once"), 1);
}

TEST(Node, ATaskRunsOnceAndRestartsAreSurvived) {
  Centre centre(3);
  centre.sample();
  contact::Start task;
  task.id = ContactId{fixed(88)};
  task.channel = contact::Channel::task;
  task.flow = FlowId{fixed(6)};
  ASSERT_TRUE(centre.order(1, task));
  centre.run(301s);  // the flow's question is no question for a task: it goes on or times out
  centre.kill(1);
  centre.run(1s);
  centre.start(1);
  centre.run(3s);
  centre.expect_equal_worlds();
}

TEST(Node, AFullDiskRefusesAndIsReadWhileWhatItHoldsUpWaits) {
  Centre centre(3);
  centre.sample();
  const auto queue = [](std::uint8_t id) {
    return config::Create{config::Kind::queue, fixed(id), {{"name", "queue " + std::to_string(id)}}};
  };
  centre.member(1).full = true;
  const Command first{fixed(70), queue(71), false, {}};
  centre.give(1, first);
  centre.run(100ms);
  EXPECT_FALSE(centre.member(1).replies.contains(first.id));  // neither done nor refused: nobody is told anything

  const auto refused = centre.order(1, queue(72));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::log_full);
  bool read = false;
  centre.give(1, Query{[](const World&, const Local&) {}, [&read] { read = true; }});
  centre.run(20ms);
  EXPECT_TRUE(read);
  EXPECT_TRUE(centre.order(2, queue(73)));  // the others are not held up

  centre.member(1).full = false;
  for (const std::uint64_t ticket : centre.member(1).waiting) centre.give(1, Durable{ticket});
  centre.run(100ms);
  ASSERT_TRUE(centre.member(1).replies.contains(first.id));
  EXPECT_TRUE(centre.member(1).replies.at(first.id));
  EXPECT_TRUE(centre.order(1, queue(72)));
  centre.expect_equal_worlds();
}

TEST(Node, WithASnapshotItNamesTheRecordsThatNobodyNeeds) {
  Centre centre(3);
  centre.kill(1);
  centre.snapshot_every = 3;
  centre.start(1);
  centre.run(3s);
  centre.sample();
  const Centre::Member& m = centre.member(1);
  ASSERT_TRUE(m.snapshot);
  ASSERT_TRUE(m.truncate);
  World world(&record::compile_or_null);
  ASSERT_TRUE(world.load(m.snapshot->bytes));
  EXPECT_FALSE(m.truncate->empty());
  for (const auto& [log, upto] : *m.truncate) {
    EXPECT_LE(upto, m.ends.at(log).last);
    for (const int other : {2, 3}) EXPECT_LE(upto, centre.member(other).ends.at(log).last);
  }
  // One that is away is waited for.
  centre.kill(3);
  const LogId own{centre.node(1).options().self, centre.node(1).options().incarnation};
  const Sequence has = centre.member(3).ends.at(own).last;
  for (std::uint8_t n = 0; n < 20; ++n) {
    ASSERT_TRUE(centre.order(
        1,
        config::Create{config::Kind::queue, fixed(static_cast<std::uint8_t>(100 + n)), {{"name", std::to_string(n)}}}));
  }
  EXPECT_GT(m.snapshot->vector.at(own), has);
  EXPECT_LE(m.truncate->at(own), has);
}

}  // namespace
}  // namespace tandem
