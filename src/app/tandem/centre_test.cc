// Goal: a centre in a directory is complete, private, read back as it was written, and never stopped by a taken port.
// Method: centres are planned with made-up ports and written into fresh directories; settings are read as YAML.
#include "app/tandem/centre.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include <fstream>

#include "app/tandem/processes.h"
#include "app/tandem/sample.h"
#include "record/flow_json.h"

namespace tandem::cli {
namespace {

namespace fs = std::filesystem;

const auto kAnyPort = [](std::uint16_t) { return true; };

class CentreDir : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tandem-centre-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    dir_ = name;
  }
  void TearDown() override { fs::remove_all(dir_); }
  std::string dir_;
};

int mode_of(const fs::path& file) {
  struct stat found{};
  return ::stat(file.c_str(), &found) == 0 ? static_cast<int>(found.st_mode & 0777U) : -1;
}

TEST_F(CentreDir, PlansAHubAndItsRegions) {
  const auto centre = plan(dir_, {"us-east-1", "us-west-2"}, kAnyPort);
  ASSERT_TRUE(centre.has_value());
  ASSERT_EQ(centre->nodes.size(), 3U);
  EXPECT_TRUE(centre->gateway().hub);
  EXPECT_EQ(centre->find("us-west-2")->node, NodeId{3});
  EXPECT_EQ(centre->gateway().url(), "http://127.0.0.1:7100");
  EXPECT_EQ(centre->find("us-east-1")->public_port, 7110);
  EXPECT_EQ(centre->find("us-east-1")->peer_port, 7111);
  EXPECT_EQ(centre->regions().size(), 2U);
  // The sample is the same everywhere.
  EXPECT_EQ(centre->instance, plan("/elsewhere", {"eu-central-1"}, kAnyPort)->instance);
}

TEST_F(CentreDir, PassesOverTakenPorts) {
  const auto centre = plan(dir_, {"us-east-1"}, [](std::uint16_t port) { return port != 7111 && port != 7600; });
  ASSERT_TRUE(centre.has_value());
  EXPECT_EQ(centre->gateway().public_port, 8100);
  EXPECT_EQ(plan(dir_, {"us-east-1"}, [](std::uint16_t) { return false; }).error().code, Errc::refused);
}

TEST_F(CentreDir, RefusesNamesThatAreNoRegions) {
  for (const std::vector<std::string>& regions :
       {std::vector<std::string>{}, {"hub"}, {"../x-1"}, {"US-EAST-1"}, {""}}) {
    EXPECT_EQ(plan(dir_, regions, kAnyPort).error().code, Errc::invalid);
  }
}

TEST_F(CentreDir, ARegionNamedTwiceHasTwoNodesAndMoreMayJoin) {
  auto centre = plan(dir_, {"us-east-1", "us-east-1", "us-west-2"}, kAnyPort);
  ASSERT_TRUE(centre);
  EXPECT_EQ(centre->nodes[2].name(), "us-east-1-2");
  EXPECT_EQ(centre->nodes[2].region, "us-east-1");
  const auto more = plan_node(*centre, NodeId{7}, "us-west-2-2", "us-west-2", kAnyPort);
  ASSERT_TRUE(more);
  EXPECT_TRUE(more->joined);
  EXPECT_EQ(plan_node(*centre, NodeId{7}, "us-east-1-2", "us-east-1", kAnyPort).error().code, Errc::invalid);
  EXPECT_EQ(plan_node(*centre, NodeId{7}, "../x", "us-east-1", kAnyPort).error().code, Errc::invalid);
  centre->nodes.push_back(*more);
  centre->gone.push_back(centre->nodes[3]);
  centre->nodes.erase(centre->nodes.begin() + 3);
  ASSERT_TRUE(write_centre(*centre));
  const auto read = read_centre(dir_);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->nodes, centre->nodes);
  EXPECT_EQ(read->gone, centre->gone);
  // A founder stays in the first list, which is the same everywhere.
  EXPECT_NE(settings_text(*read, read->nodes[0]).find("name: us-west-2\n"), std::string::npos);
}

TEST_F(CentreDir, WritesWhatItReadsAndKeepsSecretsPrivate) {
  const auto planned = plan(dir_, {"us-east-1", "us-west-2"}, kAnyPort);
  ASSERT_EQ(read_centre(dir_).error().code, Errc::not_found);
  ASSERT_EQ(existing_centre(dir_).error().code, Errc::unreachable);
  const auto written = write_centre(*planned);
  ASSERT_TRUE(written.has_value()) << written.error().detail;
  const auto read = read_centre(dir_);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->nodes, planned->nodes);
  EXPECT_EQ(read->instance, planned->instance);
  EXPECT_EQ(read->account, planned->account);
  EXPECT_EQ(mode_of(read->key_file()), 0600);
  EXPECT_EQ(mode_of(read->secret_file()), 0600);
  EXPECT_EQ(mode_of(read->dir / "pki" / "us-east-1.key"), 0600);
  EXPECT_EQ(mode_of(read->dir / "nodes"), 0700);
  const auto key = centre_key(*read);
  ASSERT_TRUE(key.has_value());
  EXPECT_GE(key->size(), 32U);
  // Written again, nothing that nodes rely on changes.
  ASSERT_TRUE(write_centre(*read).has_value());
  EXPECT_EQ(*centre_key(*read), *key);
  ASSERT_TRUE(delete_centre(dir_).has_value());
  EXPECT_TRUE(fs::is_empty(dir_));
}

TEST_F(CentreDir, SettingsNameEverythingANodeNeeds) {
  const auto centre = plan(dir_, {"us-east-1", "us-west-2"}, kAnyPort);
  const YAML::Node root = YAML::Load(settings_text(*centre, *centre->find("us-west-2")));
  EXPECT_EQ(root["node"].as<int>(), 3);
  EXPECT_EQ(root["region"].as<std::string>(), "us-west-2");
  EXPECT_FALSE(root["hub"].as<bool>());
  EXPECT_EQ(root["centre"]["account"].as<std::string>(), "123456789012");
  EXPECT_EQ(root["centre"]["instance"].as<std::string>(), centre->instance.text());
  EXPECT_EQ(root["centre"]["key"].as<std::string>(), "file:" + centre->key_file().string());
  EXPECT_EQ(root["listen"]["public"].as<std::string>(), "127.0.0.1:7120");
  EXPECT_EQ(root["listen"]["peer"].as<std::string>(), "127.0.0.1:7121");
  EXPECT_TRUE(root["peer_tls"]["cert"].as<std::string>().ends_with("pki/us-west-2.pem"));
  ASSERT_EQ(root["members"].size(), 3U);
  EXPECT_TRUE(root["members"][0]["hub"].as<bool>());
  EXPECT_EQ(root["members"][1]["public"].as<std::string>(), "http://127.0.0.1:7110");
  EXPECT_EQ(root["members"][1]["peer"].as<std::string>(), "127.0.0.1:7111");
  EXPECT_TRUE(YAML::Load(settings_text(*centre, centre->gateway()))["hub"].as<bool>());
}

TEST_F(CentreDir, SaysWhenItCannotLook) {
  const auto centre = read_centre("/tmp/" + std::string(5'000, 'x'));
  ASSERT_FALSE(centre.has_value());
  EXPECT_EQ(centre.error().code, Errc::denied);
  EXPECT_NE(centre.error().detail.find("cannot look into"), std::string::npos);
}

TEST_F(CentreDir, TheSampleIsCompleteAndItsFlowsCompile) {
  const Uuid instance = plan(dir_, {"us-east-1"}, kAnyPort)->instance;
  const auto sample = read_sample("deploy/sample", instance);
  ASSERT_TRUE(sample.has_value()) << sample.error().detail;
  std::map<std::string, std::set<std::string>> ids;
  for (const SampleDocument& document : *sample) {
    // What is referred to stands before what refers to it.
    if (document.kind == "queue") {
      EXPECT_TRUE(ids["hours"].contains(document.set.at("hours")));
    }
    if (document.kind == "user") {
      EXPECT_TRUE(ids["routing_profile"].contains(document.set.at("routing_profile")));
    }
    for (const auto& [field, value] : document.set) {
      if (field.starts_with("security.")) {
        EXPECT_TRUE(ids["security_profile"].contains(field.substr(9)));
      }
      if (field.starts_with("queue.")) {
        EXPECT_TRUE(ids["queue"].contains(field.substr(6, 36)));
      }
    }
    if (document.kind == "flow") {
      const auto compiled = record::compile_flow(document.set.at("content"));
      EXPECT_TRUE(compiled.has_value()) << document.name << ": " << (compiled ? "" : compiled.error().detail);
    }
    EXPECT_TRUE(ids[document.kind].insert(document.id.text()).second) << document.name;
  }
  for (const char* kind : {"hours", "queue", "routing_profile", "security_profile", "agent_status", "user", "flow"}) {
    EXPECT_FALSE(ids[kind].empty()) << kind;
  }
  EXPECT_TRUE(ids["queue"].contains(sample_id(instance, "queue", "support").text()));
}

TEST_F(CentreDir, KnowsAProcessByItsStart) {
  const auto self = look_up(::getpid());
  ASSERT_TRUE(self.has_value());
  EXPECT_TRUE(lives(*self));
  EXPECT_FALSE(lives(Process{self->pid, self->started + 1}));
  EXPECT_FALSE(look_up(0).has_value());
  const fs::path file = fs::path(dir_) / "x.pid";
  EXPECT_FALSE(running(file).has_value());
  ASSERT_TRUE(write_pid_file(file, *self).has_value());
  EXPECT_EQ(running(file), self);
  ASSERT_TRUE(write_pid_file(file, Process{self->pid, self->started + 1}).has_value());
  EXPECT_FALSE(running(file).has_value());
}

TEST_F(CentreDir, StartsAndStopsAProgram) {
  const fs::path log = fs::path(dir_) / "x.log";
  EXPECT_EQ(start(fs::path(dir_) / "none", {}, log).error().code, Errc::not_found);
  const auto process = start("/bin/sleep", {"100"}, log);
  ASSERT_TRUE(process.has_value()) << process.error().detail;
  EXPECT_TRUE(lives(*process));
  EXPECT_TRUE(signal(*process, 15));
  EXPECT_TRUE(wait_gone({*process}, std::chrono::seconds(10)));
  EXPECT_EQ(bury(process->pid), "was killed by signal 15");
  EXPECT_FALSE(signal(*process, 15));
}

TEST_F(CentreDir, OneTurnAtATime) {
  const fs::path file = fs::path(dir_) / "lock";
  {
    const auto mine = Turn::take(file);
    ASSERT_TRUE(mine.has_value());
    EXPECT_FALSE(Turn::take(file).has_value());
  }
  EXPECT_TRUE(Turn::take(file).has_value());
}

}  // namespace
}  // namespace tandem::cli
