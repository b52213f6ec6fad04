// Makes the log that bench/start.sh starts a node with: records of the product's own, each made by a command through
// Node::step and written through the log, with the snapshots that the node asks for on the way.
//
// usage: start make-log RECORDS ORIGIN KEY NODE=DIR...
//   the log of node ORIGIN as each NODE would hold it in its DIR; KEY: a file with the centre's key
#include <atomic>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/clock/clock.h"
#include "io/key_store/key_store.h"
#include "io/log_sqlite/log.h"
#include "node/node.h"
#include "record/flow_json.h"

namespace tandem::bench {
namespace {

constexpr std::size_t kBatch = 512;           // records between two appends
constexpr std::size_t kMessagesPerChat = 17;  // with start, attributes and end: twenty records a chat
constexpr std::size_t kLive = 1'000;          // chats that have not ended
constexpr std::uint64_t kLastTicket = ~std::uint64_t{0};
constexpr char kFlow[] = R"({"Version":"2019-10-30","StartAction":"rest","Actions":[
 {"Identifier":"rest","Type":"Wait","Parameters":{"TimeLimitSeconds":"604800"},"Transitions":{"NextAction":"bye",
  "Conditions":[{"NextAction":"bye","Condition":{"Operator":"Equals","Operands":["WaitCompleted"]}}],
  "Errors":[{"NextAction":"bye","ErrorType":"NoMatchingError"}]}},
 {"Identifier":"bye","Type":"DisconnectParticipant","Parameters":{},"Transitions":{}}]})";

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "start: %s\n", why.c_str());
  std::_Exit(1);
}

class Maker {
 public:
  Maker(NodeId origin, const std::string& centre_key, const std::map<NodeId, std::string>& dirs)
      : keys_(centre_key), now_(clock_.now()) {
    NodeOptions options;
    options.self = origin;
    // Born long enough ago that no node of now lived then.
    options.incarnation = Incarnation{(now_.hlc.milliseconds() - 86'400'000) << 16 | 1};
    now_.hlc = Hlc::at(options.incarnation.value() >> 16);
    for (const auto& [holder, dir] : dirs) {
      auto opened = log_sqlite::Log::open(dir, {});
      if (!opened) die(opened.error().detail);
      if (!opened->fresh) die(dir + " holds a log already");
      log_sqlite::Log& log = *logs_.emplace_back(std::move(opened->log));
      log_sqlite::Events events;
      events.durable = [this](log_sqlite::Ticket ticket) {
        if (ticket.value() == kLastTicket) finish();
      };
      events.refused = [](log_sqlite::Ticket, const Error& error) { die(error.detail); };
      events.damaged = [](const log_sqlite::Damaged&) { die("a damaged record"); };
      events.forked = [](LogId, Sequence) { die("a fork"); };
      events.fatal = [](const Error& error) { die(error.detail); };
      log.start(std::move(events));
      log.append({{}, {}, log_sqlite::Identity{holder, options.incarnation}}, log_sqlite::Ticket{0});
    }
    options.region = "us-east-1";
    membership::Member self;
    self.node = options.self;
    self.region = options.region;
    options.members = {self};
    options.timers.grace = std::chrono::hours(24);
    options.compile = &record::compile_or_null;
    options.cluster.replication.self = options.self;
    options.cluster.replication.incarnation = options.incarnation;
    node_ = std::make_unique<Node>(options, Rng{7}, std::map<LogId, cluster::OnDisk>{}, now_);
    take(node_->start(now_));
    flush();
  }

  void make(std::uint64_t records) {
    flow_ = FlowId{mint()};
    give(config::Create{
        config::Kind::flow, flow_.value(), {{"name", "rest"}, {"type", "CONTACT_FLOW"}, {"content", kFlow}}});
    while (made_ < records) chat(made_ + kLive * 20 < records);
    flush();
    for (auto& log : logs_) log->append({}, log_sqlite::Ticket{kLastTicket});
    const std::size_t all = logs_.size() * (1 + saves_);
    for (std::size_t done = finished_; done < all; done = finished_) finished_.wait(done);
    logs_.clear();
    std::printf("%" PRIu64 " records of %" PRIu64 " bytes; snapshots after %s\n", made_, bytes_ / made_,
                snapshots_.c_str());
  }

 private:
  Uuid mint() { return mint_uuid(now_.hlc, rng_); }
  void finish() {
    ++finished_;
    finished_.notify_one();
  }

  void chat(bool ends) {
    const auto [key, row] = keys_.make(mint());
    keys_.put(row);
    const auto seal = [&](std::string_view words) { return *keys_.seal(key, words); };
    contact::Start start;
    start.id = ContactId{mint()};
    start.flow = flow_;
    start.customer = mint();
    start.customer_name = seal("Cleo Customer");
    start.key = key;
    give(start, {row});
    contact::Say say;
    say.contact = start.id;
    say.item.content_type = "text/plain";
    say.item.role = contact::Role::customer;
    say.item.participant = start.customer;
    say.item.display_name = start.customer_name;
    say.item.content = seal("My last bill shows a charge that I do not know, twice.");
    for (std::size_t i = 0; i < kMessagesPerChat; ++i) give(say);
    contact::SetAttributes set;
    set.contact = start.id;
    set.set["topic"] = seal("billing: unknown charge");
    give(set);
    if (ends) give(contact::End{start.id, contact::Role::customer, "CUSTOMER_DISCONNECT"});
  }

  void give(Verb verb, std::vector<cluster::KeyRow> rows = {}) {
    // Some 1,000 records to a millisecond of the records' own time would be too many: the clock goes on by itself.
    now_.mono = now_.mono + 1ms;
    now_.hlc = now_.hlc + 1ms;
    take(node_->step(Command{mint(), std::move(verb), false, std::move(rows)}, now_));
    if (pending_.records.size() >= kBatch) flush();
  }

  void take(Outputs outputs) {
    if (outputs.append) {
      ticket_ = outputs.append->ticket;
      for (LogEntry& entry : outputs.append->entries) {
        for (const cluster::KeyRow& row : entry.record.keys) pending_.keys.push_back({row.key, row.wrapped});
        ++made_;
        bytes_ += entry.record.bytes.size();
        pending_.records.push_back({entry.log, entry.sequence, std::move(entry.record.bytes)});
      }
    }
    if (outputs.snapshot) {
      flush();
      snapshots_ += (snapshots_.empty() ? "" : ", ") + std::to_string(made_);
      ++saves_;
      const std::string world = node_->world().snapshot();
      for (auto& log : logs_) {
        log->save_snapshot({outputs.snapshot->vector, world}, [this](Result<void> good) {
          if (!good) die("a snapshot was not kept: " + good.error().detail);
          finish();
        });
      }
    }
    for (const Out& out : outputs.out) {
      const auto* reply = std::get_if<Reply>(&out);
      if (reply != nullptr && !reply->result) die("an order is refused: " + reply->result.error().detail);
    }
  }

  // The disk is told as it will be: the log is checked as a whole at the end.
  void flush() {
    if (pending_.records.empty()) return;
    for (auto& log : logs_) log->append(pending_, log_sqlite::Ticket{ticket_});
    pending_ = {};
    take(node_->step(Durable{ticket_}, now_));
  }

  KeyStore keys_;
  Clock clock_;
  Now now_;
  Rng rng_{11};
  std::vector<std::unique_ptr<log_sqlite::Log>> logs_;
  std::unique_ptr<Node> node_;
  FlowId flow_;
  log_sqlite::Batch pending_;
  std::uint64_t ticket_ = 0;
  std::uint64_t made_ = 0;
  std::uint64_t bytes_ = 0;
  std::string snapshots_;  // after how many records
  std::size_t saves_ = 0;
  std::atomic<std::size_t> finished_ = 0;
};

}  // namespace
}  // namespace tandem::bench

int main(int argc, char** argv) {
  using namespace tandem;
  if (argc < 6 || std::string(argv[1]) != "make-log") {
    std::fprintf(stderr, "usage: start make-log RECORDS ORIGIN KEY NODE=DIR...\n");
    return 2;
  }
  const auto node = [](const char* text) { return NodeId{static_cast<std::uint16_t>(std::atoi(text))}; };
  std::map<NodeId, std::string> dirs;
  for (int i = 5; i < argc; ++i) {
    const std::string word = argv[i];
    dirs[node(argv[i])] = word.substr(word.find('=') + 1);
  }
  const auto key = read_secret("file:" + std::string(argv[4]));
  if (!key) bench::die(key.error().detail);
  bench::Maker(node(argv[3]), *key, dirs).make(std::strtoull(argv[2], nullptr, 10));
}
