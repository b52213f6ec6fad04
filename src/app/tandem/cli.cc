#include "app/tandem/cli.h"

#include <CLI/CLI.hpp>
#include <sstream>

#include "app/tandem/centre.h"
#include "app/tandem/exit_codes.h"

namespace tandem::cli {
namespace {

constexpr char kAbout[] =
    "tandem: several contact centre regions that behave as one.\n"
    "\n"
    "First steps:\n"
    "  tandem up --detach               start a hub, us-east-1 and us-west-2 with a sample centre in them\n"
    "  tandem status                    every node, its lag, and what is wrong\n"
    "  eval \"$(tandem env us-east-1)\"   prepare the AWS command line for a region\n"
    "  tandem agent --user alice --region us-west-2\n"
    "  tandem drive --rate 2 --agents 5 --seconds 30\n"
    "  tandem down";

constexpr char kExits[] =
    "Exit status: 0 done, 1 bad news (problems, lost contacts, damage), 2 wrong arguments, 3 nothing runs,\n"
    "4 a node refused, 5 this machine is in the way (port, file, program), 6 a drill met real trouble,\n"
    "7 this machine does not permit the fault.";

struct Parser {
  CLI::App app{kAbout};
  Invocation out;
  std::vector<std::pair<CLI::App*, std::function<Command()>>> commands;

  template <class T>
  CLI::App* add(CLI::App& to, const std::string& name, const std::string& about, T& values,
                const std::string& examples) {
    CLI::App* sub = to.add_subcommand(name, about);
    sub->footer("Examples:\n" + examples);
    sub->fallthrough();
    commands.emplace_back(sub, [&values] { return Command(values); });
    return sub;
  }
};

void add_running(Parser& p, Up& up, Down& down) {
  CLI::App* sub = p.add(p.app, "up", "Start the nodes of a centre on this machine; makes the centre the first time", up,
                        "  tandem up                          in the foreground; Ctrl-C stops all nodes\n"
                        "  tandem up --detach                 leave them running\n"
                        "  tandem up --only us-east-1         start one node again\n"
                        "  tandem up --regions us-east-1,us-west-2,eu-central-1,ap-northeast-1 --dir /tmp/four");
  sub->add_option("--regions", up.regions, "AWS region names of a new centre")->delimiter(',');
  sub->add_option("--only", up.only, "start these nodes alone: regions, or hub")->delimiter(',');
  sub->add_flag("--detach", up.detach, "return once the nodes are ready and leave them running");
  sub->add_flag("--fresh", up.fresh, "delete the centre in the directory first: its log, its keys, everything");
  sub->add_option("--webhook", up.webhook, "from now on nodes tell this http(s) address what is wrong");
  sub->add_flag("--faults", up.faults,
                "from now on drills may make the nodes' disks slow or full and their clocks wrong");
  sub->add_option("--synthetic", up.synthetic,
                  "seconds between synthetic contacts of each node, from its next start on; 0: none")
      ->check(CLI::Range(0, 3600));
  sub->add_flag("!--no-sample", up.sample, "leave a new centre empty");
  sub = p.add(p.app, "down", "Stop the nodes that `tandem up` started, and no other process", down,
              "  tandem down\n"
              "  tandem down --only us-east-1 --kill   lose a region, as a power cut would");
  sub->add_option("--only", down.only, "stop these nodes alone: regions, or hub")->delimiter(',');
  sub->add_flag("--kill", down.kill, "SIGKILL instead of an orderly stop");
}

void add_views(Parser& p, Status& status, ReadyView& ready, Env& env, Contacts& contacts, Agents& agents,
               Queues& queues, Explain& explain) {
  p.add(p.app, "status", "Every node, its state and lag, and what is wrong", status,
        "  tandem status\n  tandem status --json | jq .problems");
  CLI::App* sub = p.add(p.app, "ready", "Could each region take all traffic now, and if not why", ready,
                        "  tandem ready\n  tandem ready --region us-west-2 && tandem drain us-east-1");
  sub->add_option("--region", ready.region, "this one alone");
  sub = p.add(p.app, "env", "Print shell commands that point the AWS command line at a region", env,
              "  eval \"$(tandem env us-east-1)\"\n  aws connect list-queues --instance-id $INSTANCE_ID");
  sub->add_option("region", env.region, "the region, or hub for its gateway")->required();
  sub = p.add(p.app, "contacts", "Contacts of all regions, or everything about one", contacts,
              "  tandem contacts\n"
              "  tandem contacts --queue support --phase queued\n"
              "  tandem contacts 0199d0c4-7a3b-7b1e-9d5b-0f9a3c1de001 --transcript");
  sub->add_option("contact", contacts.contact, "a contact id");
  sub->add_flag("--transcript", contacts.transcript, "with what was said and the attributes; the node notes who asked");
  sub->add_flag("--all", contacts.all, "also those that are over");
  sub->add_option("--phase", contacts.phase, "in flow, queued, ringing, with agent, abandoned or ended");
  sub->add_option("--queue", contacts.queue, "name or id");
  sub->add_option("--agent", contacts.agent, "name or id");
  sub->add_option("--region", contacts.region, "of the owner");
  sub->add_option("--limit", contacts.limit, "at most so many")->check(CLI::Range(1, 1'000'000));
  sub = p.add(p.app, "agents", "Agents of all regions: where they are, their status, what they are busy with", agents,
              "  tandem agents\n  tandem agents --all --region us-west-2");
  sub->add_flag("--all", agents.all, "also those who are signed out");
  sub->add_option("--region", agents.region, "where they are signed in");
  p.add(p.app, "queues", "Queues: how many wait, how long, and where", queues, "  tandem queues --json");
  sub = p.app.add_subcommand("explain", "Why something is as it is");
  sub->require_subcommand(1);
  sub->fallthrough();
  sub = p.add(*sub, "contact", "Why a contact went to its agent, or why it waits", explain,
              "  tandem explain contact 0199d0c4-7a3b-7b1e-9d5b-0f9a3c1de001");
  sub->add_option("contact", explain.contact, "a contact id")->required();
}

void add_evacuations(Parser& p, Evacuations& evacuations) {
  CLI::App* sub =
      p.add(p.app, "evacuations", "Which nodes were declared lost, on whose word and evidence", evacuations,
            "  tandem evacuations\n"
            "  tandem evacuations 7301444403200-1     replays the log, and says whether it decides the same");
  sub->add_option("id", evacuations.id, "of one, as the list shows it");
}

void add_customer(Parser& p, CustomerView& customer) {
  CLI::App* sub =
      p.add(p.app, "customer", "A customer's contacts of all regions, and what is known of him", customer,
            "  tandem customer C-10042\n"
            "  tandem customer C-10042 --set 'name=Ada Lovelace' --set phone=+442079460000 --set Attributes.tier=gold\n"
            "  tandem customer --phone '+44 20 7946 0000'\n"
            "  tandem customer C-10042 --erase");
  CLI::Option* id = sub->add_option("id", customer.id, "the CustomerId that contacts were started with");
  CLI::Option* phone = sub->add_option("--phone", customer.phone, "whoever has this telephone number, instead of ID");
  CLI::Option* email = sub->add_option("--email", customer.email, "whoever has this e-mail address, instead of ID");
  id->excludes(phone, email);
  phone->excludes(email);
  sub->add_option("--set", customer.set,
                  "NAME=VALUE of the profile; nothing behind = clears it. Names: name, phone, email, city, or those of "
                  "Amazon Connect Customer Profiles, such as LastName, Address.PostalCode, Attributes.tier")
      ->needs(id);
  sub->add_flag("--history", customer.history, "also what was overwritten in the profile")->needs(id);
  sub->add_flag("--erase", customer.erase,
                "erase their keys: names, words and attributes that are personal are nobody's to read any more")
      ->needs(id);
  sub->callback([&customer] {
    if (customer.id.empty() && customer.phone.empty() && customer.email.empty()) {
      throw CLI::RequiredError("an id, --phone or --email");
    }
  });
}

void add_people(Parser& p, Agent& agent, Drive& drive, Move& move) {
  CLI::App* moves =
      p.add(p.app, "move", "Move agents to another region: at once when they are free, else when they are done", move,
            "  tandem move alice bob --to us-west-2\n"
            "  tandem move --profile everything --share 50 --from us-east-1 --to us-west-2 --within 30\n"
            "  tandem move alice --cancel\n"
            "  tandem move alice --sign-out");
  moves->add_option("agents", move.agents, "user names");
  moves->add_option("--to", move.to, "the region they go to");
  moves->add_option("--profile", move.profile, "everybody who is signed in with this routing profile");
  moves->add_option("--share", move.share, "per cent of them")->check(CLI::Range(1, 100));
  moves->add_option("--from", move.from, "only those who are signed in at this region");
  moves->add_option("--within", move.within, "minutes; then they go with their contacts; 0: at once")
      ->check(CLI::Range(0, 1'440));
  moves->add_flag("--sign-out", move.sign_out, "nowhere: they are signed out at once, whatever they have open");
  moves->add_flag("--cancel", move.cancel, "they stay where they are after all");
  CLI::App* sub = p.add(p.app, "agent", "Be an agent, in this terminal", agent,
                        "  tandem agent --region us-west-2 --user alice --password Welcome2Tandem");
  sub->add_option("--region", agent.region, "where to sign in first; the others follow when its node is lost");
  sub->add_option("--user", agent.user, "a user of the centre")->required();
  sub->add_option("--password", agent.password, "else TANDEM_PASSWORD, else it is asked for");
  sub = p.add(p.app, "drive", "Play customers and agents through the public APIs and count what they were shown", drive,
              "  tandem drive --rate 2 --agents 5 --seconds 30\n"
              "  tandem drive --rate 20 --agents 60 --seconds 300 --json > run.json");
  sub->add_option("--rate", drive.rate, "chats started a second")->check(CLI::Range(0.01, 1000.0));
  sub->add_option("--agents", drive.agents, "agents who answer, spread over the regions")->check(CLI::Range(1, 5000));
  sub->add_option("--seconds", drive.seconds, "how long chats are started")->check(CLI::Range(1, 86'400));
  sub->add_option("--drain", drive.drain_seconds, "seconds that what was started may still take")
      ->check(CLI::Range(1, 3600));
  sub->add_option("--messages", drive.messages, "messages of each side in a conversation")->check(CLI::Range(1, 100));
  sub->add_option("--think", drive.think_ms, "milliseconds that an agent thinks before each word")
      ->check(CLI::Range(0, 60'000));
  sub->add_option("--gateway", drive.gateways, "base addresses of gateways; else the one of the centre")
      ->delimiter(',');
  sub->add_option("--flow", drive.flow, "name of the flow that chats begin with");
  sub->add_option("--ledger", drive.ledger, "a file for a line per chat: milliseconds, region in which it began, id");
  sub->add_option("--events", drive.events, "a file for a line per event, as it happens: what a drill is scored by");
  sub->add_flag("--quiet", drive.quiet, "no progress");
}

void add_drill(Parser& p, Drill& drill) {
  CLI::App* sub = p.add(p.app, "drill",
                        "Rehearse a loss on this machine, and score it by what customers and agents were shown", drill,
                        "  tandem drill list\n"
                        "  tandem drill kill --region us-east-1 --dry-run\n"
                        "  tandem drill kill --region us-east-1 --report ./report\n"
                        "  tandem drill loss-of-two --max-regions 2\n"
                        "  tandem drill ./my-scenario.yaml\n"
                        "  tandem drill --clean              take back what a killed drill left\n"
                        "  tandem drill history\n"
                        "  tandem drill score ./report       compute a score again from its files");
  sub->add_option("scenario", drill.scenario, "one of `tandem drill list`, or a file; or list, history, score");
  sub->add_option("directory", drill.directory, "of a report, for score");
  sub->add_option("--region", drill.region, "the region that it happens to; else the first");
  sub->add_option("--report", drill.report, "directory for the report; else one in the centre's");
  sub->add_option("--rate", drill.rate, "chats a second")->check(CLI::Range(0.1, 1000.0));
  sub->add_option("--agents", drill.agents, "agents who answer them")->check(CLI::Range(1, 5000));
  sub->add_option("--for", drill.lasts, "how long a built-in fault lasts: 10s");
  sub->add_option("--before", drill.before, "how long people are watched before the fault");
  sub->add_option("--after", drill.after, "and after it is taken back");
  sub->add_option("--every", drill.every,
                  "again and again, with that pause: 60m; the first that does not pass ends it");
  sub->add_option("--max-regions", drill.regions_max, "regions that may be lost at once")->check(CLI::Range(1, 40));
  sub->add_option("--override", drill.over, "a rule that may object in vain; may be repeated");
  sub->add_flag("--dry-run", drill.dry_run, "say what would happen and which rules object; do nothing");
  sub->add_flag("--yes", drill.yes, "there are people who are not the drill's, and they may feel it");
  sub->add_flag("--clean", drill.clean, "take back what a drill left that was killed");
}

void add_reason(CLI::App* sub, std::string& why, std::vector<std::string>& over) {
  sub->add_option("--why", why, "kept in the history");
  sub->add_option("--override", over, "a safety rule that may object in vain; may be repeated");
}

// Several forms of one command: `what` says which was given.
struct Distributions {
  Distribution list, show, set, schedule, history, revert, explain;
  Realise realise;
};
void add_distribution(Parser& p, Distributions& d) {
  using What = Distribution::What;
  CLI::App* all = p.app.add_subcommand("distribution", "Which regions take new contacts, and how many of them");
  all->require_subcommand(1);
  all->fallthrough();
  p.add(*all, "list", "Groups: what each region is to have, may have now, and had in the last hour", d.list,
        "  tandem distribution list");
  CLI::App* sub = p.add(*all, "show", "Everything about a group, and what its windows do in the coming week", d.show,
                        "  tandem distribution show default");
  sub->add_option("group", d.show.group, "name or id")->required();
  d.show.what = What::show;
  sub = p.add(*all, "set", "Make or change a group", d.set,
              "  tandem distribution set default us-east-1=70 us-west-2=30 --why \"half the agents are there\"\n"
              "  tandem distribution set sales us-east-1=50 us-west-2=50 --policy nearest-balanced --entry CHAT\n"
              "  tandem distribution set default us-east-1=10 us-west-2=90 --dry-run");
  d.set.what = What::set;
  sub->add_option("group", d.set.group, "name or id; a new name makes a new group")->required();
  sub->add_option("shares", d.set.shares, "REGION=PERCENT, one decimal at most; those of all regions, or none");
  sub->add_option("--policy", d.set.policy, "fixed, nearest-balanced or least-wait");
  sub->add_option("--bound", d.set.bound, "contacts that a region may be ahead of its share");
  sub->add_option("--returning", d.set.returning, "on: customers go to the region of their last contact");
  sub->add_option("--step-max", d.set.step_max, "per cent by which a share may change at once");
  sub->add_option("--entry", d.set.entries, "CHAT, TASK, flow/ID, phone/+NUMBER: what enters by this group");
  sub->add_option("--no-entry", d.set.no_entries, "what does not any more");
  sub->add_option("--near", d.set.near, "PREFIX.REGION=MS: how far callers are, as in +49.us-east-1=95");
  sub->add_flag("--dry-run", d.set.dry_run, "say what would be, and which rules object; change nothing");
  add_reason(sub, d.set.why, d.set.over);
  sub = p.add(*all, "schedule", "Other shares for a time, with a return by itself", d.schedule,
              "  tandem distribution schedule default fair --from 2026-12-01T08:00 --till 2026-12-01T10:00 "
              "--zone Europe/Berlin us-east-1=70 us-west-2=30\n"
              "  tandem distribution schedule default nights --days MONDAY,TUESDAY --from 22:00 --till 06:00 "
              "--zone America/New_York us-west-2=100\n"
              "  tandem distribution schedule default fair --remove");
  d.schedule.what = What::schedule;
  sub->add_option("group", d.schedule.group, "name or id")->required();
  sub->add_option("window", d.schedule.window, "its name")->required();
  sub->add_option("shares", d.schedule.shares, "REGION=PERCENT");
  sub->add_option("--from", d.schedule.from, "2026-12-01T08:00; with --days 08:00");
  sub->add_option("--till", d.schedule.till, "likewise; at or before --from: of the next day");
  sub->add_option("--zone", d.schedule.zone, "of these times, as in Europe/Berlin");
  sub->add_option("--days", d.schedule.days, "MONDAY to SUNDAY: every week")->delimiter(',');
  sub->add_flag("--remove", d.schedule.remove, "the window goes");
  sub->add_flag("--dry-run", d.schedule.dry_run, "say what would be; change nothing");
  add_reason(sub, d.schedule.why, d.schedule.over);
  sub = p.add(*all, "history", "Who changed what, when and why", d.history, "  tandem distribution history");
  d.history.what = What::history;
  sub = p.add(*all, "revert", "Undo a change of a group", d.revert,
              "  tandem distribution revert 116301230843904000-2 --why \"it was the wrong region\"");
  d.revert.what = What::revert;
  sub->add_option("entry", d.revert.id, "its id in the history")->required();
  add_reason(sub, d.revert.why, d.revert.over);
  sub = p.add(*all, "explain", "Why a contact went to its region", d.explain,
              "  tandem distribution explain 0199d0c4-7a3b-7b1e-9d5b-0f9a3c1de001");
  d.explain.what = What::explain;
  sub->add_option("contact", d.explain.id, "a contact id")->required();
  sub =
      p.add(*all, "realise", "Bring the shares of a group to Amazon Connect, as traffic distribution groups", d.realise,
            "  tandem distribution realise default --plan amazon.yaml --dry-run\n"
            "  tandem distribution realise default --plan amazon.yaml --every 5m");
  sub->add_option("group", d.realise.group, "name or id")->required();
  sub->add_option("--plan", d.realise.plan,
                  "YAML: the instances by region, and sets of phone numbers with their weights")
      ->required();
  sub->add_option("--every", d.realise.every, "how long to wait after each change of shares: 90s, 5m");
  sub->add_flag("--dry-run", d.realise.dry_run, "say what would be called, and which rules object; change nothing");
  sub->add_option("--override", d.realise.over, "a safety rule that may object in vain; may be repeated");
}

void add_duties(Parser& p, Drain& drain, Undrain& undrain) {
  CLI::App* sub =
      p.add(p.app, "drain", "A region or node takes nothing new and gives away what can go; nobody is dropped", drain,
            "  tandem drain us-east-1 --watch\n"
            "  tandem drain us-east-1 --deadline 30m --then move --why \"kernel update\"\n"
            "  tandem undrain us-east-1          take it back, at any time");
  sub->add_option("region", drain.region, "a region, or one node of a region with several")->required();
  sub->add_option("--deadline", drain.deadline, "90s, 30m, 2h");
  sub->add_option("--then", drain.then,
                  "at the deadline, with who is still there: wait, move (with their agents), end");
  sub->add_flag("--dry-run", drain.dry_run, "say what is there and which rules object; change nothing");
  sub->add_flag("--watch", drain.watch, "until it is empty; Ctrl-C leaves it draining");
  add_reason(sub, drain.why, drain.over);
  sub = p.add(p.app, "undrain", "A region takes contacts again, in growing steps", undrain,
              "  tandem undrain us-east-1\n"
              "  tandem undrain us-east-1 --steps 10,25,50 --every 5m --watch\n"
              "  tandem undrain us-east-1 --at-once");
  sub->add_option("region", undrain.region, "a region, or one node")->required();
  sub->add_option("--steps", undrain.steps, "per cent of its share")->delimiter(',');
  sub->add_option("--every", undrain.every, "how long each step lasts at least: 90s, 5m");
  sub->add_flag("--at-once", undrain.at_once, "its whole share from now on");
  sub->add_flag("--watch", undrain.watch, "until it has its whole share");
  add_reason(sub, undrain.why, undrain.over);
}

void add_member(Parser& p, Member& list, Member& add, Member& remove) {
  CLI::App* all = p.app.add_subcommand("member", "The nodes of the centre: growth, and the way out");
  all->require_subcommand(1);
  p.add(*all, "list", "Who is a member", list, "  tandem member list");
  CLI::App* sub = p.add(*all, "add", "A node joins: it applies everything first, then takes a growing part", add,
                        "  tandem member add eu-central-1 --watch\n"
                        "  tandem member add us-east-1-2 --region us-east-1      a second node of a region\n"
                        "  tandem member add eu-west-1 10.0.7.2:7101 --url https://eu.example.com");
  add.what = Member::What::add;
  sub->add_option("name", add.name, "of the node: its region, or REGION-2 and so on")->required();
  sub->add_option("address", add.address, "where other nodes reach it; none: it runs on this machine");
  sub->add_option("--url", add.url, "where clients reach it, if it runs elsewhere");
  sub->add_option("--region", add.region, "if its name is another");
  sub->add_option("--steps", add.steps, "per cent of its part")->delimiter(',');
  sub->add_option("--every", add.every, "how long each step lasts at least: 90s, 5m");
  sub->add_flag("--at-once", add.at_once, "no steps");
  sub->add_flag("--watch", add.watch, "until it has its whole part");
  sub->add_option("--why", add.why, "kept with the change");
  sub = p.add(*all, "remove", "A node gives everything away and leaves for good", remove,
              "  tandem member remove eu-central-1\n"
              "  tandem member remove eu-central-1 --lost --why \"its machine burnt\"");
  remove.what = Member::What::remove;
  sub->add_option("name", remove.name, "of the node")->required();
  sub->add_flag("--lost", remove.lost, "it does not run any more: do not wait until it is empty");
  add_reason(sub, remove.why, remove.over);
}

void add_upgrade(Parser& p, Upgrade& upgrade) {
  CLI::App* sub =
      p.add(p.app, "upgrade", "Another version, node by node: each is drained, started anew and takes its part again",
            upgrade,
            "  tandem upgrade --programs /opt/tandem-1.5/bin\n"
            "  tandem upgrade --only us-west-2 --programs /opt/tandem-1.4/bin     one node back");
  sub->add_option("--programs", upgrade.programs,
                  "the directory that holds its tandemd; this program's own if not given");
  sub->add_option("--only", upgrade.only, "these nodes, in this order")->delimiter(',');
  sub->add_option("--deadline", upgrade.deadline, "how long contacts with agents may take: 90s, 30m, 2h");
  sub->add_option("--then", upgrade.then,
                  "at the deadline, with who is still there: move (with their agents), wait, end");
  add_reason(sub, upgrade.why, upgrade.over);
}

void add_files(Parser& p, PkiInit& init, PkiIssue& issue, LogVerify& verify) {
  CLI::App* pki = p.app.add_subcommand("pki", "A local authority, and certificates for nodes");
  pki->require_subcommand(1);
  CLI::App* sub = p.add(*pki, "init", "Make a local authority", init, "  tandem pki init --pki-dir ./pki");
  sub->add_option("--pki-dir", init.dir, "where ca.key and ca.pem go")->required();
  sub = p.add(*pki, "issue", "Make a node's key and certificate", issue,
              "  tandem pki issue --pki-dir ./pki --node 2 --name us-east-1 --host node2.example.com --host 10.0.0.2");
  sub->add_option("--pki-dir", issue.dir, "the directory of the authority")->required();
  sub->add_option("--node", issue.node, "the node's number")->required()->check(CLI::Range(1, 65'535));
  sub->add_option("--name", issue.name, "names the files")->required();
  sub->add_option("--host", issue.hosts, "DNS name or address that clients use; may be repeated")->required();
  CLI::App* log = p.app.add_subcommand("log", "The log on disk");
  log->require_subcommand(1);
  log->fallthrough();
  sub = p.add(*log, "verify", "Read a log and check every record; changes nothing", verify,
              "  tandem log verify\n  tandem log verify ~/.tandem/nodes/us-east-1/data");
  sub->add_option("data", verify.dir, "directory of one log; else the logs of all nodes of the centre");
}

}  // namespace

std::expected<Invocation, Stop> parse(const std::vector<std::string>& arguments) {
  Parser p;
  Up up;
  Down down;
  Status status;
  ReadyView ready;
  Env env;
  Contacts contacts;
  Agents agents;
  Queues queues;
  Explain explain;
  Evacuations evacuations;
  Move move;
  CustomerView customer;
  Agent agent;
  Drive drive;
  Distributions distributions;
  Drain drain;
  Undrain undrain;
  Member members[3];
  Upgrade upgrade;
  Drill drill;
  PkiInit init;
  PkiIssue issue;
  LogVerify verify;
  p.app.name("tandem");
  p.app.footer(kExits);
  p.app.require_subcommand(1);
  p.app.fallthrough();
  p.out.dir = default_dir();
  p.app.add_flag("--json", p.out.json, "answer in JSON, for programs");
  p.app.add_option("--dir", p.out.dir, "the directory of the centre; else TANDEM_DIR, else ~/.tandem");
  add_running(p, up, down);
  add_views(p, status, ready, env, contacts, agents, queues, explain);
  add_evacuations(p, evacuations);
  add_people(p, agent, drive, move);
  add_customer(p, customer);
  add_distribution(p, distributions);
  add_duties(p, drain, undrain);
  add_member(p, members[0], members[1], members[2]);
  add_upgrade(p, upgrade);
  add_drill(p, drill);
  add_files(p, init, issue, verify);
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    p.app.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    std::ostringstream said;
    // CLI11 only says that a command is missing; a person who mistyped one wants to see which.
    const std::vector<std::string> unknown = p.app.remaining();
    if (p.app.get_subcommands().empty() && !unknown.empty()) said << "there is no command " << unknown.front() << "\n";
    const int code = p.app.exit(error, said, said);
    return std::unexpected(Stop{code == 0 ? kDone : kUsage, said.str()});
  }
  for (const auto& [sub, make] : p.commands) {
    if (sub->parsed()) p.out.command = make();
  }
  return std::move(p.out);
}

}  // namespace tandem::cli
