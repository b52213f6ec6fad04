// Goal: every command line means what the help says, and a wrong one is told what is wrong.
// Method: command lines as people type them, parsed; the values they become are compared.
#include "app/tandem/cli.h"

#include <gtest/gtest.h>

#include <sstream>

#include "app/tandem/commands.h"
#include "app/tandem/exit_codes.h"

namespace tandem::cli {
namespace {

std::expected<Invocation, Stop> typed(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return parse(words);
}

template <class T>
T command(const std::string& line) {
  const auto call = typed(line);
  EXPECT_TRUE(call.has_value()) << line << ": " << (call ? "" : call.error().text);
  if (!call || !std::holds_alternative<T>(call->command)) {
    ADD_FAILURE() << line << " is another command";
    return T{};
  }
  return std::get<T>(call->command);
}

TEST(Cli, ReadsUpAndDown) {
  const Up plain = command<Up>("up");
  EXPECT_TRUE(plain.regions.empty());
  EXPECT_TRUE(plain.sample);
  EXPECT_FALSE(plain.detach || plain.fresh);
  const Up full = command<Up>("up --regions us-east-1,us-west-2,eu-central-1 --detach --fresh --no-sample");
  EXPECT_EQ(full.regions, (std::vector<std::string>{"us-east-1", "us-west-2", "eu-central-1"}));
  EXPECT_TRUE(full.detach && full.fresh);
  EXPECT_FALSE(full.sample);
  EXPECT_EQ(command<Up>("up --only us-east-1").only, std::vector<std::string>{"us-east-1"});
  const Down down = command<Down>("down --only us-east-1,hub --kill");
  EXPECT_EQ(down.only, (std::vector<std::string>{"us-east-1", "hub"}));
  EXPECT_TRUE(down.kill);
}

TEST(Cli, ReadsViewsAndPeople) {
  command<Status>("status");
  const Realise realise =
      command<Realise>("distribution realise sales --plan amazon.yaml --every 5m --dry-run --override step-limit");
  EXPECT_EQ(realise.group + realise.plan + realise.every, "salesamazon.yaml5m");
  EXPECT_EQ(realise.over, std::vector<std::string>{"step-limit"});
  EXPECT_TRUE(realise.dry_run);
  command<Queues>("queues");
  EXPECT_EQ(command<Env>("env us-east-1").region, "us-east-1");
  const Contacts contacts = command<Contacts>("contacts --queue support --phase queued --limit 5 --all");
  EXPECT_EQ(contacts.queue, "support");
  EXPECT_EQ(contacts.phase, "queued");
  EXPECT_EQ(contacts.limit, 5U);
  EXPECT_TRUE(contacts.all && contacts.contact.empty());
  EXPECT_EQ(command<Contacts>("contacts some-id --transcript").contact, "some-id");
  EXPECT_EQ(command<Explain>("explain contact some-id").contact, "some-id");
  const Agent agent = command<Agent>("agent --region us-west-2 --user alice --password secret");
  EXPECT_EQ(agent.region + agent.user + agent.password, "us-west-2alicesecret");
  const Drive drive = command<Drive>("drive --rate 2.5 --agents 60 --seconds 300 --gateway http://127.0.0.1:7100");
  EXPECT_EQ(drive.rate, 2.5);
  EXPECT_EQ(drive.agents, 60U);
  EXPECT_EQ(drive.seconds, 300U);
  EXPECT_EQ(drive.gateways, std::vector<std::string>{"http://127.0.0.1:7100"});
  const PkiIssue issue = command<PkiIssue>("pki issue --pki-dir p --node 2 --name n --host a --host 10.0.0.1");
  EXPECT_EQ(issue.node, 2);
  EXPECT_EQ(issue.hosts, (std::vector<std::string>{"a", "10.0.0.1"}));
  EXPECT_EQ(command<PkiInit>("pki init --pki-dir p").dir, "p");
  EXPECT_EQ(command<LogVerify>("log verify some/data").dir, "some/data");
}

TEST(Cli, ReadsWhichCustomer) {
  EXPECT_EQ(command<CustomerView>("customer C-1").id, "C-1");
  EXPECT_FALSE(command<CustomerView>("customer C-1").erase);
  EXPECT_TRUE(command<CustomerView>("customer C-1 --erase").erase);
  EXPECT_FALSE(typed("customer"));
  EXPECT_EQ(command<CustomerView>("customer --phone +442079460000").phone, "+442079460000");
  EXPECT_FALSE(typed("customer C-1 --phone +442079460000"));
  EXPECT_FALSE(typed("customer --email a@b --erase"));
  EXPECT_EQ(command<CustomerView>("customer C-1 --set name=Ada --set Attributes.tier=gold").set,
            (std::vector<std::string>{"name=Ada", "Attributes.tier=gold"}));
}

TEST(Cli, ReadsWhoIsMovedWhere) {
  const Move named = command<Move>("move alice bob --to us-west-2");
  EXPECT_EQ(named.agents, (std::vector<std::string>{"alice", "bob"}));
  EXPECT_EQ(named.to, "us-west-2");
  EXPECT_FALSE(named.within || named.cancel);
  const Move part = command<Move>("move --profile everything --share 50 --from us-east-1 --to us-west-2 --within 30");
  EXPECT_EQ(part.profile + " " + part.from, "everything us-east-1");
  EXPECT_EQ(part.share, 50);
  EXPECT_EQ(part.within, 30);
  EXPECT_TRUE(command<Move>("move alice --cancel").cancel);
  EXPECT_TRUE(command<Move>("move alice --sign-out").sign_out);
  for (const char* wrong : {"move alice --to us-west-2 --within -1", "move --profile x --to y --share 0",
                            "move --profile x --to y --share 101"}) {
    EXPECT_FALSE(typed(wrong)) << wrong;
  }
}

TEST(Cli, TakesCommonOptionsAnywhere) {
  for (const char* line : {"--json --dir /tmp/x status", "status --json --dir /tmp/x"}) {
    const auto call = typed(line);
    ASSERT_TRUE(call.has_value()) << line;
    EXPECT_TRUE(call->json) << line;
    EXPECT_EQ(call->dir, "/tmp/x") << line;
  }
}

TEST(Cli, SaysWhatIsWrong) {
  struct Case {
    const char* line;
    int code;
    const char* says;
  };
  const Case cases[] = {
      {"", kUsage, "subcommand"},
      {"frobnicate", kUsage, "frobnicate"},
      {"env", kUsage, "region"},
      {"distribution realise default", kUsage, "--plan"},
      {"agent", kUsage, "--user"},
      {"explain", kUsage, "subcommand"},
      {"drive --rate 0", kUsage, "--rate"},
      {"drive --agents many", kUsage, "--agents"},
      {"pki issue --pki-dir p --node 0 --name n --host h", kUsage, "--node"},
      {"--help", kDone, "tandem up --detach"},
      {"up --help", kDone, "Examples"},
      {"drive --help", kDone, "--seconds 30"},
  };
  for (const Case& c : cases) {
    const auto call = typed(c.line);
    ASSERT_FALSE(call.has_value()) << c.line;
    EXPECT_EQ(call.error().code, c.code) << c.line;
    EXPECT_NE(call.error().text.find(c.says), std::string::npos) << c.line << " says: " << call.error().text;
  }
}

TEST(Cli, WritesWordsThatAShellReadsBack) {
  EXPECT_EQ(shell_word("us-east-1"), "us-east-1");
  EXPECT_EQ(shell_word("http://127.0.0.1:7100"), "http://127.0.0.1:7100");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("$(rm)"), "'$(rm)'");
}

}  // namespace
}  // namespace tandem::cli
