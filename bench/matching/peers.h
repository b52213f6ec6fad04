// The same centre in a Redis and in a PostgreSQL, as people build routing on them: waiting contacts in lines by queue
// and what they ask for, and an agent's lines with their rank. Which lines an agent may take from is worked out
// beforehand, which is to their favour: Tandem judges expressions as it goes. Neither ripens contacts by delay, expires
// steps of criteria, or counts an agent's other contacts.
#pragma once

#include <array>
#include <fstream>
#include <map>
#include <memory>

#include "../replication/peers.h"
#include "centre.h"

namespace tandem::bench {

// What the peers are told of a centre.
struct Picture {
  struct Waiting {
    std::uint32_t line = 0;
    std::int64_t priority = 0;
    std::int64_t age = 0;
  };
  static constexpr std::size_t kRanks = 3;
  std::vector<Waiting> waiting;                                        // a contact is its place here
  std::vector<std::array<std::vector<std::uint32_t>, kRanks>> agents;  // lines by the profile's priority
};

inline Picture picture_of(const World& world) {
  Picture out;
  std::map<std::pair<QueueId, contact::Expression>, std::uint32_t> lines;
  std::map<QueueId, std::vector<std::pair<contact::Expression, std::uint32_t>>> of_queue;
  for (const auto& [id, held] : world.contacts().all()) {
    if (held.contact.phase != contact::Phase::queued) continue;
    const contact::Place& place = held.contact.place;
    contact::Expression wants;
    if (!place.criteria.steps.empty()) wants = place.criteria.steps.front().expression;
    const auto [at, fresh] = lines.try_emplace({place.queue, wants}, static_cast<std::uint32_t>(lines.size()));
    if (fresh) of_queue[place.queue].emplace_back(wants, at->second);
    out.waiting.push_back({at->second, place.priority, static_cast<std::int64_t>(place.enqueued.milliseconds())});
  }
  for (const auto& [id, held] : world.agents().all()) {
    auto& agent = out.agents.emplace_back();
    for (const auto& [where, entry] : world.config().routing_profile(id)->queues) {
      for (const auto& [wants, line] : of_queue[QueueId{where.first}]) {
        if (contact::satisfies(wants, id, world.config().proficiencies(id)))
          agent.at(entry.priority - 1).push_back(line);
      }
    }
  }
  return out;
}

// A server that decides: an agent is free, his contact comes again at the end of its line, he is given the next.
class RedisMatcher {
 public:
  RedisMatcher(const std::string& dir, const Picture& picture, std::size_t record_bytes) : picture_(picture) {
    const std::uint16_t port = free_port();
    server_ = std::make_unique<Program>(
        std::vector<std::string>{"redis-server", "--port", std::to_string(port), "--bind", "127.0.0.1", "--save", "",
                                 "--appendonly", "no", "--dir", dir},
        dir + "/redis.log");
    tcp_ = std::make_unique<Tcp>(port);
    const std::string script =
        "for rank = 1, 3 do local best, from, score for line in string.gmatch(redis.call('HGET', KEYS[1], rank) or '', "
        "'%S+') do local head = redis.call('ZRANGE', line, 0, 0, 'WITHSCORES') if head[1] and (not score or "
        "tonumber(head[2]) < score) then best, from, score = head[1], line, tonumber(head[2]) end end if best then "
        "redis.call('ZREM', from, best) redis.call('HSET', KEYS[1], 'contact', best) redis.call('XADD', 'log', "
        "'MAXLEN', "
        "'~', '100000', '*', 'r', best .. ARGV[1]) return best end end return false";
    command({"SCRIPT", "LOAD", script});
    send();
    const std::string size(tcp_->line());
    sha_ = std::string(tcp_->take(40));
    tcp_->line();
    record_.assign(record_bytes, 'x');
    for (std::size_t n = 0; n < picture.agents.size(); ++n) {
      for (std::size_t rank = 0; rank < Picture::kRanks; ++rank) {
        std::string lines;
        for (const std::uint32_t line : picture.agents[n][rank]) lines += "l" + std::to_string(line) + " ";
        command({"HSET", "a" + std::to_string(n), std::to_string(rank + 1), lines});
      }
    }
    for (std::size_t n = 0; n < picture.waiting.size(); ++n) add(n, picture.waiting[n].age);
    flush();
    holds_.resize(picture.agents.size(), picture.waiting.size());
    now_ = 1'800'000'000'000;
  }

  // Decisions a second, with as many under way as a bundle holds.
  double run(std::size_t decisions, Rng rng) {
    std::int64_t spent = 0;
    for (std::size_t done = 0; done < decisions; done += kBundle) {
      std::vector<std::size_t> agents;
      for (std::size_t n = 0; n < kBundle; ++n) {
        const std::size_t agent = rng.below(picture_.agents.size());
        if (std::ranges::find(agents, agent) != agents.end()) continue;
        agents.push_back(agent);
        if (holds_[agent] < picture_.waiting.size()) add(holds_[agent], ++now_);
      }
      flush();
      const std::int64_t begun = boot_ns();
      for (const std::size_t agent : agents) command({"EVALSHA", sha_, "1", "a" + std::to_string(agent), record_});
      send();
      for (const std::size_t agent : agents) {
        const std::string head(tcp_->line());
        if (head == "$-1") die("Redis found nothing for an agent");
        if (head.empty() || head.front() != '$') die("Redis says " + head);
        holds_[agent] = std::strtoull(std::string(tcp_->line()).c_str(), nullptr, 10);
      }
      spent += boot_ns() - begun;
      done_ += agents.size();
    }
    return 1e9 * static_cast<double>(std::exchange(done_, 0)) / static_cast<double>(spent);
  }

 private:
  static constexpr std::size_t kBundle = 64;
  void add(std::size_t contact, std::int64_t age) {
    const Picture::Waiting& w = picture_.waiting[contact];
    // Priority and milliseconds, both exact in a double.
    command({"ZADD", "l" + std::to_string(w.line), std::to_string(w.priority * 100'000'000'000'000 + age),
             std::to_string(contact)});
  }
  void command(const std::vector<std::string>& words) {
    out_ += "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string& word : words) out_ += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    ++asked_;
    if (words.front() != "EVALSHA" && out_.size() > (256U << 10)) flush();
  }
  void send() {
    tcp_->write(out_);
    out_.clear();
    asked_ = 0;
  }
  void flush() {  // of commands that answer in one line
    const std::size_t answers = asked_;
    send();
    for (std::size_t n = 0; n < answers; ++n) tcp_->line();
  }

  const Picture& picture_;
  std::unique_ptr<Program> server_;
  std::unique_ptr<Tcp> tcp_;
  std::string sha_;
  std::string record_;
  std::string out_;
  std::size_t asked_ = 0;
  std::size_t done_ = 0;
  std::int64_t now_ = 0;
  std::vector<std::size_t> holds_;
};

// One connection of pgbench; each transaction is one decision, the coming again of the agent's contact included.
// Nothing is synced to disk. PostgreSQL refuses to run as root, so root lends it the account that its package made.
class PostgresMatcher {
 public:
  PostgresMatcher(std::string dir, const Picture& picture, std::size_t record_bytes) : dir_(std::move(dir)) {
    if (::geteuid() == 0) must("chown -R postgres " + dir_);
    must(as_user("initdb -D " + dir_ + "/data -A trust -U postgres --no-sync"));
    std::vector<std::string> words;
    if (::geteuid() == 0) words = {"runuser", "-u", "postgres", "--"};
    for (const std::string& word :
         {bin("postgres"), std::string("-D"), dir_ + "/data", std::string("-k"), dir_, std::string("-c"),
          std::string("listen_addresses="), std::string("-c"), std::string("fsync=off"), std::string("-c"),
          std::string("synchronous_commit=off"), std::string("-c"), std::string("full_page_writes=off"),
          std::string("-c"), std::string("shared_buffers=256MB"), std::string("-c"), std::string("max_wal_size=4GB")}) {
      words.push_back(word);
    }
    server_ = std::make_unique<Program>(words, dir_ + "/postgres.log");
    const std::string client = " -h " + dir_ + " -U postgres ";
    if (!wait_for(20'000, [&] {
          sleep_ms(100);
          return std::system((bin("pg_isready") + client + "-q").c_str()) == 0;
        })) {
      die("PostgreSQL does not start");
    }
    std::ofstream sql(dir_ + "/load.sql");
    sql << "create table contacts(id int primary key, line int, priority bigint);\n"
           "create table waiting(id int primary key, line int, priority bigint, age bigint);\n"
           "create table agents(id int primary key, r1 int[], r2 int[], r3 int[], contact int);\n"
           "create table log(at bigserial, agent int, contact int, record text);\n"
           "create sequence clock start 1800000000000;\n"
           "copy waiting from stdin;\n";
    for (std::size_t n = 0; n < picture.waiting.size(); ++n) {
      const Picture::Waiting& w = picture.waiting[n];
      sql << n << '\t' << w.line << '\t' << w.priority << '\t' << w.age << '\n';
    }
    sql << "\\.\ninsert into contacts select id, line, priority from waiting;\ncopy agents(id, r1, r2, r3) from "
           "stdin;\n";
    for (std::size_t n = 0; n < picture.agents.size(); ++n) {
      sql << n;
      for (const auto& lines : picture.agents[n]) {
        sql << "\t{";
        for (std::size_t each = 0; each < lines.size(); ++each) sql << (each == 0 ? "" : ",") << lines[each];
        sql << '}';
      }
      sql << '\n';
    }
    sql << "\\.\ncreate index on waiting(line, priority, age);\n";
    sql.close();
    std::ofstream decide(dir_ + "/decide.sql");
    decide << "create or replace function decide(a int) returns int language plpgsql as $$\n"
              "declare c int; who agents%rowtype;\n"
              "begin\n"
              " select * into who from agents where id = a for update;\n"
              " insert into waiting select id, line, priority, nextval('clock') from contacts where id = who.contact;\n"
              " for rank in 1..3 loop\n"
              "  select w.id into c from waiting w where w.id = (select h.id from unnest(case rank when 1 then who.r1 "
              "when 2"
              " then who.r2 else who.r3 end) l, lateral (select id, priority, age from waiting where line = l order by"
              " priority, age limit 1) h order by h.priority, h.age limit 1) for update skip locked;\n"
              "  exit when c is not null;\n"
              " end loop;\n"
              " if c is null then raise 'nothing for an agent'; end if;\n"
              " delete from waiting where id = c;\n"
              " update agents set contact = c where id = a;\n"
              " insert into log(agent, contact, record) values (a, c, repeat('x', "
           << record_bytes
           << "));\n"
              " return c;\n"
              "end $$;\n"
              "analyze;\n";
    decide.close();
    std::ofstream script(dir_ + "/bench.sql");
    script << "\\set a random(0, " << picture.agents.size() - 1 << ")\nselect decide(:a);\n";
    script.close();
    must(bin("psql") + client + "-q -v ON_ERROR_STOP=1 -f " + dir_ + "/load.sql");
    must(bin("psql") + client + "-q -v ON_ERROR_STOP=1 -f " + dir_ + "/decide.sql");
  }

  double run(int seconds) {
    const std::string log = dir_ + "/pgbench.log";
    must(bin("pgbench") + " -h " + dir_ + " -U postgres -n -M prepared -c 1 -j 1 -T " + std::to_string(seconds) +
         " -f " + dir_ + "/bench.sql postgres > " + log);
    std::ifstream in(log);
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with("tps = ")) return std::atof(line.c_str() + 6);
    }
    die("pgbench says no rate");
  }

 private:
  static std::string bin(const std::string& name) { return "/usr/lib/postgresql/15/bin/" + name; }
  static std::string as_user(const std::string& words) {
    return (::geteuid() == 0 ? "cd / && runuser -u postgres -- " : "") + std::string("/usr/lib/postgresql/15/bin/") +
           words;
  }
  void must(const std::string& line) const {
    const std::string quiet = line.find('>') == std::string::npos ? line + " > /dev/null" : line;
    if (std::system((quiet + " 2>> " + dir_ + "/errors.log").c_str()) != 0) die("failed: " + line);
  }

  std::string dir_;
  std::unique_ptr<Program> server_;
};

}  // namespace tandem::bench
