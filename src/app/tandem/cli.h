// The arguments of `tandem`, as one value per command.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace tandem::cli {

struct Up {
  std::vector<std::string> regions;  // empty: those of the centre, or the two of the sample
  std::vector<std::string> only;     // nodes by region or name; empty: all
  bool detach = false;
  bool fresh = false;
  bool sample = true;
  std::string webhook;                     // is told of problems from now on; empty: as before
  bool faults = false;                     // from now on nodes are started with `faults: true`
  std::optional<std::uint32_t> synthetic;  // seconds between synthetic contacts of each node; nothing: as it was
};
struct Down {
  std::vector<std::string> only;
  bool kill = false;  // at once and without warning, as a power cut would
};
struct Status {};
struct ReadyView {
  std::string region;  // empty: all
};
struct Env {
  std::string region;
};
struct Contacts {
  std::string contact;  // empty: a list
  bool transcript = false;
  bool all = false;
  std::string phase;
  std::string queue;
  std::string agent;
  std::string region;
  std::uint32_t limit = 100;
};
struct Agents {
  bool all = false;
  std::string region;
};
struct Move {
  std::vector<std::string> agents;      // user names; or those of `profile`
  std::string to;                       // region
  std::string profile;                  // routing profile: everybody signed in with it
  std::uint32_t share = 100;            // per cent of them
  std::string from;                     // of those at this region alone
  std::optional<std::uint32_t> within;  // minutes until also busy agents go; else when their contacts are done
  bool sign_out = false;
  bool cancel = false;
};
struct Queues {};
struct CustomerView {
  std::string id;     // CustomerId; or
  std::string phone;  // whoever has it
  std::string email;
  std::vector<std::string> set;  // as typed: "name=Ada Lovelace", "Attributes.tier=gold"
  bool history = false;
  bool erase = false;
};
struct Explain {
  std::string contact;
};
struct Evacuations {
  std::string id;  // replayed; empty: the list
};
// Shares and rules are as typed: "us-east-1=70", "50", "+49.us-east-1=20".
struct Distribution {
  enum class What : std::uint8_t { list, show, set, schedule, history, revert, explain };
  What what = What::list;
  std::string group;                // name or id
  std::string id;                   // of a contact (explain), or of an entry of the history (revert)
  std::vector<std::string> shares;  // REGION=PERCENT
  std::string policy;
  std::string bound;
  std::string returning;  // on, off
  std::string step_max;   // percent
  std::vector<std::string> entries;
  std::vector<std::string> no_entries;
  std::vector<std::string> near;  // PREFIX.REGION=MS
  std::string window;             // name
  std::string from;               // of a window
  std::string till;
  std::string zone;
  std::vector<std::string> days;
  bool remove = false;  // the window
  std::string why;
  std::vector<std::string> over;
  bool dry_run = false;
};
// The shares of a group as traffic distribution groups of Amazon Connect instances of others.
struct Realise {
  std::string group;  // name or id
  std::string plan;   // the file that says which instances and numbers there are
  std::string every;  // "60s": between changes of shares; empty: none
  std::vector<std::string> over;
  bool dry_run = false;
};
struct Drain {
  std::string region;
  std::string deadline;  // "30m"
  std::string then = "wait";
  std::string why;
  std::vector<std::string> over;
  bool dry_run = false;
  bool watch = false;
};
struct Undrain {
  std::string region;
  std::vector<std::string> steps = {"10", "25", "50"};
  std::string every = "60s";
  bool at_once = false;
  std::string why;
  std::vector<std::string> over;
  bool watch = false;
};
struct Member {
  enum class What : std::uint8_t { list, add, remove };
  What what = What::list;
  std::string name;
  std::string region;   // empty: the name
  std::string address;  // HOST:PORT of its peer stream, on another machine; empty: a node on this machine
  std::string url;      // likewise, where its clients reach it
  std::vector<std::string> steps = {"1", "10", "25", "50"};
  std::string every = "60s";
  bool at_once = false;
  bool lost = false;  // remove: it is not to be asked
  std::string why;
  std::vector<std::string> over;
  bool watch = false;
};
struct Upgrade {
  std::string programs;           // directory of the other version; empty: this program's own
  std::vector<std::string> only;  // these nodes, in this order; empty: all
  std::string deadline = "10m";   // of each drain
  std::string then = "move";
  std::vector<std::string> over;
  std::string why;
};
struct Agent {
  std::string region;
  std::string user;
  std::string password;  // empty: from TANDEM_PASSWORD, or asked for
};
struct Drive {
  double rate = 1;  // chats a second
  std::uint32_t agents = 5;
  std::uint32_t seconds = 30;
  std::uint32_t drain_seconds = 60;   // how long what was started may take to end
  std::uint32_t think_ms = 0;         // of an agent, before each word
  std::uint32_t messages = 2;         // of each side in a conversation
  std::vector<std::string> gateways;  // base addresses; empty: the centre's gateway
  std::string flow = "welcome";
  std::string ledger;  // file; empty: none
  std::string events;  // likewise
  bool quiet = false;
};
struct Drill {
  std::string scenario;   // built in, or a file; or one of list, history, score
  std::string directory;  // score: of a report
  std::string region;     // empty: the first
  std::string report;     // directory for the report; empty: in the centre's
  std::optional<double> rate;
  std::optional<std::uint32_t> agents;
  std::string lasts;  // of a built-in scenario's faults
  std::string before;
  std::string after;
  std::string every;  // again and again
  std::uint32_t regions_max = 1;
  std::vector<std::string> over;
  bool dry_run = false;
  bool yes = false;
  bool clean = false;
};
struct PkiInit {
  std::string dir;
};
struct PkiIssue {
  std::string dir;
  std::uint16_t node = 0;
  std::string name;
  std::vector<std::string> hosts;
};
struct LogVerify {
  std::string dir;  // of a log; empty: every node's of the centre
};
using Command = std::variant<Up, Down, Status, ReadyView, Env, Contacts, Agents, Move, Queues, CustomerView, Explain,
                             Evacuations, Agent, Drive, Distribution, Realise, Drain, Undrain, Drill, Member, Upgrade,
                             PkiInit, PkiIssue, LogVerify>;

struct Invocation {
  Command command;
  bool json = false;
  std::string dir;  // of the centre
};

// Nothing to run: help was asked for, or the arguments are wrong.
struct Stop {
  int code = 0;
  std::string text;
};

[[nodiscard]] std::expected<Invocation, Stop> parse(const std::vector<std::string>& arguments);

}  // namespace tandem::cli
