// A centre of real nodes, one for each region and a hub, on a clock of its own: disks that take a millisecond, links of
// a given delay, customers who wait, agents who accept at once, talk as long as the day says, and have no work after
// it.
//
// A customer waits from when he is queued and there; he is answered when the agent's accept is decided. What people are
// told comes later, with the acknowledgement of a second disk, and is in neither.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <vector>

#include "core/config/decide.h"
#include "load.h"
#include "node/node.h"
#include "record/flow_json.h"
#include "record/record.h"

namespace tandem::bench {

class PooledCentre {
 public:
  using Time = std::chrono::nanoseconds;

  PooledCentre(const Load& load, const std::vector<Call>& calls, Time link, std::uint64_t seed)
      : load_(load), calls_(calls), link_(link), rng_{seed} {
    for (std::size_t n = 0; n <= load.regions; ++n) {
      membership::Member member;
      member.node = NodeId{static_cast<std::uint16_t>(n + 1)};
      member.hub = n == load.regions;
      member.region = member.hub ? "hub" : "region-" + std::to_string(n + 1);
      members_.push_back(member);
    }
    hosts_.resize(members_.size());
    for (std::size_t n = 0; n < hosts_.size(); ++n) boot(n);
    for (std::size_t n = 0; n < hosts_.size(); ++n) {
      for (std::size_t other = 0; other < hosts_.size(); ++other) {
        if (other != n) give(n, LinkUp{members_[other].node});
      }
    }
    run(3s);
    configure();
  }

  // Mean seconds from queueing to an agent, of the calls that count.
  double speed_of_answer() {
    const Time begin = now_;
    for (std::size_t n = 0; n < calls_.size(); ++n) {
      at(begin + std::chrono::duration_cast<Time>(std::chrono::duration<double>(calls_[n].at)),
         [this, n] { start(n); });
    }
    while (answered_ < calls_.size() && !events_.empty()) turn();
    if (answered_ < calls_.size()) die("calls without an answer are left");
    return sum_ / static_cast<double>(counted_);
  }
  [[nodiscard]] std::size_t elsewhere() const { return elsewhere_; }  // answered in another region

 private:
  struct Host {
    std::unique_ptr<Node> node;
    std::vector<LogEntry> disk;
    Time tick{-1};  // the next one that is planned
  };
  struct Event {
    Time at;
    std::uint64_t number;
    std::function<void()> what;
    bool operator>(const Event& other) const { return std::pair(at, number) > std::pair(other.at, other.number); }
  };
  struct Talk {
    std::size_t call = 0;
    Time queued{};
    bool answered = false;
  };

  [[noreturn]] static void die(const std::string& why) {
    std::fprintf(stderr, "pooling: %s\n", why.c_str());
    std::exit(1);
  }
  [[nodiscard]] Now clock() const {
    return {Mono{1h + now_}, Hlc::at(1'790'000'000'000 + static_cast<std::uint64_t>(now_ / 1ms))};
  }
  void at(Time when, std::function<void()> what) { events_.push({when, ++number_, std::move(what)}); }
  void in(Time wait, std::function<void()> what) { at(now_ + wait, std::move(what)); }
  void turn() {
    auto event = std::move(const_cast<Event&>(events_.top()));
    events_.pop();
    now_ = std::max(now_, event.at);
    event.what();
  }
  void run(Time time) {
    const Time until = now_ + time;
    while (!events_.empty() && events_.top().at <= until) turn();
    now_ = until;
  }

  void boot(std::size_t n) {
    NodeOptions options;
    options.self = members_[n].node;
    options.hub = members_[n].hub;
    options.region = members_[n].region;
    options.incarnation = Incarnation{n + 1};
    options.members = members_;
    options.disk_was_empty = true;
    options.compile = &record::compile_or_null;
    options.snapshot_every = ~0ULL;
    options.cluster.replication.self = options.self;
    options.cluster.replication.incarnation = options.incarnation;
    Host& host = hosts_[n];
    host.node = std::make_unique<Node>(options, Rng{rng_.next()}, std::map<LogId, cluster::OnDisk>{}, clock());
    host.node->adopt(World(options.compile), {});
    take(n, host.node->start(clock()));
  }
  void give(std::size_t n, Input input) { take(n, hosts_[n].node->step(std::move(input), clock())); }

  void take(std::size_t n, Outputs out) {
    Host& host = hosts_[n];
    if (out.append) {
      for (LogEntry& entry : out.append->entries) {
        if (entry.log.origin == members_[n].node) host.disk.push_back(std::move(entry));
      }
      in(1ms, [this, n, ticket = out.append->ticket] { give(n, Durable{ticket}); });
    }
    for (auto& [to, bytes] : out.frames) {
      const std::size_t other = to.value() - 1U;
      in(link_, [this, n, other, bytes = std::move(bytes)]() mutable {
        give(other, FrameIn{members_[n].node, std::move(bytes)});
      });
    }
    for (const cluster::ReadLog& read : out.reads) {
      LogRead answer{read, Sequence{read.after.value() + 1}, 0, {}};
      for (const LogEntry& entry : host.disk) {
        if (entry.log != read.log) continue;
        if (entry.sequence == read.after) answer.hash_before = cluster::record_hash(entry.record.bytes);
        if (entry.sequence > read.after) answer.records.push_back(entry.record);
      }
      in(0ms, [this, n, answer = std::move(answer)]() mutable { give(n, std::move(answer)); });
    }
    for (Out& each : out.out) {
      if (auto* reply = std::get_if<Reply>(&each)) replied(*reply);
      if (auto* event = std::get_if<DesktopEvent>(&each)) in(0ms, [this, n, event = *event] { desktop(n, event); });
      if (auto* answer = std::get_if<std::function<void()>>(&each)) (*answer)();
    }
    plan(n);
  }
  void plan(std::size_t n) {
    Host& host = hosts_[n];
    const Time due = std::max(host.node->next_wake() - Mono{1h}, now_);
    if (host.tick >= now_ && host.tick <= due) return;
    host.tick = due;
    at(due, [this, n, due] {
      if (hosts_[n].tick != due) return;
      hosts_[n].tick = Time{-1};
      give(n, Tick{});
    });
  }

  void order(std::size_t n, Verb verb, std::function<void(Result<Answer>)> done = {}) {
    const Uuid id = mint_uuid(clock().hlc, rng_);
    if (done) waiting_[id] = std::move(done);
    give(n, Command{id, std::move(verb), false, {}});
  }
  void replied(Reply& reply) {
    const auto found = waiting_.find(reply.command);
    if (found == waiting_.end()) return;
    auto done = std::move(found->second);
    waiting_.erase(found);
    in(0ms, [done = std::move(done), result = std::move(reply.result)] { done(result); });
  }
  void must(std::size_t n, Verb verb) {
    bool good = false;
    std::string why = "no answer";
    order(n, std::move(verb), [&](const Result<Answer>& done) {
      good = done.has_value();
      if (!good) why = done.error().detail;
    });
    for (int tries = 0; tries < 100 && !good; ++tries) run(100ms);
    if (!good) die("the centre cannot be set up: " + why);
  }

  static Uuid id_of(const char* what, std::uint64_t n = 0) { return derive_uuid(Uuid{{7}}, what, n); }

  void configure() {
    const Uuid queue = id_of("queue");
    must(0, config::Create{config::Kind::queue, queue, {{"name", "everybody"}}});
    must(0, config::Create{config::Kind::routing_profile,
                           id_of("profile"),
                           {{"name", "all"}, {"concurrency.CHAT", "1"}, {"queue." + queue.text() + ".CHAT", "1,0"}}});
    must(
        0,
        config::Create{
            config::Kind::flow,
            id_of("flow"),
            {{"name", "entry"},
             {"type", "CONTACT_FLOW"},
             {"content",
              R"({"Version":"2019-10-30","StartAction":"set","Actions":[{"Identifier":"set",)"
              R"("Type":"UpdateContactTargetQueue","Parameters":{"QueueId":")" +
                  queue.text() +
                  R"("},"Transitions":{"NextAction":"queue","Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},)"
                  R"({"Identifier":"queue","Type":"TransferContactToQueue","Parameters":{},"Transitions":{"NextAction":"bye",)"
                  R"("Errors":[{"NextAction":"bye","ErrorType":"QueueAtCapacity"},{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},)"
                  R"({"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]})"}}});
    for (std::size_t n = 0; n < load_.regions * load_.agents; ++n) {
      must(0,
           config::Create{config::Kind::user,
                          id_of("agent", n),
                          {{"username", "agent" + std::to_string(n)}, {"routing_profile", id_of("profile").text()}}});
    }
    run(1s);
    for (std::size_t n = 0; n < load_.regions * load_.agents; ++n) {
      const AgentId agent{id_of("agent", n)};
      must(n % load_.regions, presence::SignIn{agent, id_of("desktop", n), false});
      must(n % load_.regions, presence::SetStatus{agent, id_of("available"), presence::StatusType::routable});
    }
    run(1s);
  }

  void start(std::size_t n) {
    contact::Start verb;
    verb.id = ContactId{id_of("contact", n)};
    verb.flow = FlowId{id_of("flow")};
    verb.customer = id_of("customer", n);
    talks_[verb.id] = {n, now_};
    const std::size_t region = calls_[n].region;
    order(region, verb, [this, n, region, id = verb.id](const Result<Answer>& done) {
      if (!done) die("a call was refused: " + done.error().detail);
      talks_.at(id).queued = now_;
      give(region, SessionOpened{n + 1, id});
    });
  }

  void desktop(std::size_t n, const DesktopEvent& event) {
    if (event.what != DesktopWhat::contact || !event.contact || !event.slot) return;
    const ContactId id = event.contact->id;
    Talk& talk = talks_.at(id);
    const Call& call = calls_[talk.call];
    if (event.slot->state != presence::SlotState::reserved || talk.answered) return;
    order(n, presence::Accept{event.agent, id});
    const contact::Held* held = hosts_[n].node->world().contacts().find(id);
    const bool with = held != nullptr && held->contact.phase == contact::Phase::with_agent;
    if (!with || held->contact.agent != event.agent) return;  // it was taken back on its way
    talk.answered = true;
    ++answered_;
    if (n != call.region) ++elsewhere_;
    if (talk.call >= load_.warm_up) {
      sum_ += std::chrono::duration<double>(now_ - talk.queued).count();
      ++counted_;
    }
    in(std::chrono::duration_cast<Time>(std::chrono::duration<double>(call.handle)),
       [this, n, id, agent = event.agent] {
         order(n, contact::End{id, contact::Role::agent, "AGENT_DISCONNECT"});
         order(n, presence::Complete{agent, id});
       });
  }

  const Load load_;
  const std::vector<Call>& calls_;
  const Time link_;
  Rng rng_;
  Time now_{};
  std::uint64_t number_ = 0;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::vector<membership::Member> members_;
  std::vector<Host> hosts_;
  std::map<Uuid, std::function<void(Result<Answer>)>> waiting_;
  std::map<ContactId, Talk> talks_;
  std::size_t answered_ = 0;
  std::size_t counted_ = 0;
  std::size_t elsewhere_ = 0;
  double sum_ = 0;
};

}  // namespace tandem::bench
