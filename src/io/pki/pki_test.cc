// Goal: what the local authority issues is accepted by OpenSSL's own verifier and by our listeners, and nothing that is
// there is ever overwritten.
// Method: real files in a directory of the test's own; the verifier is the `openssl` program.
#include "io/pki/pki.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "io/net/tls.h"

namespace tandem {
namespace pki_test {

class Pki : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = "/tmp/tandem_pki_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    dir = name;
  }
  void TearDown() override { std::filesystem::remove_all(dir); }
  static mode_t mode_of(const std::string& path) {
    struct stat info{};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_mode & 0777;
  }
  static int run(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()); }
  std::string dir;
};

TEST_F(Pki, IssuesWhatOpensslVerifies) {
  const auto authority = pki::init(dir + "/deep/er");
  ASSERT_TRUE(authority.has_value()) << authority.error().detail;
  EXPECT_EQ(mode_of(authority->key_file), 0600U);
  const auto node = pki::issue(dir + "/deep/er", NodeId{7}, "us-east-1", {"localhost", "127.0.0.1", "::1"});
  ASSERT_TRUE(node.has_value()) << node.error().detail;
  EXPECT_EQ(mode_of(node->key_file), 0600U);
  for (const char* purpose : {"sslserver", "sslclient"}) {
    for (const char* who : {"-verify_hostname localhost", "-verify_ip 127.0.0.1", "-verify_ip ::1"}) {
      EXPECT_EQ(run("openssl verify -x509_strict -purpose " + std::string(purpose) + " " + who + " -CAfile " +
                    authority->cert_file + " " + node->cert_file),
                0)
          << purpose << " " << who;
    }
  }
  EXPECT_NE(run("openssl verify -verify_hostname elsewhere -CAfile " + authority->cert_file + " " + node->cert_file),
            0);
  const auto context = net::TlsContext::peer(authority->cert_file, node->cert_file, node->key_file);
  ASSERT_TRUE(context.has_value()) << context.error().detail;
  EXPECT_EQ(context->own_node(), NodeId{7});
}

// A handshake over a pair of sockets; what the client says went wrong, empty when nothing did.
std::string greet(const net::TlsContext& server, const net::TlsContext& client, const std::string& host) {
  int ends[2];
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
  std::string out = "neither side came to an end";
  {
    net::Channel here(ends[0], &server, net::Side::accepts);
    net::Channel there(ends[1], &client, net::Side::connects, host);
    for (int turn = 0; turn < 20; ++turn) {
      const auto asked = there.handshake();
      (void)here.handshake();
      if (asked == net::Channel::State::done) out.clear();
      if (asked == net::Channel::State::failed) out = there.error();
      if (asked == net::Channel::State::done || asked == net::Channel::State::failed) break;
    }
  }
  ::close(ends[0]);
  ::close(ends[1]);
  return out;
}

TEST_F(Pki, ClientsKnowTheListenerByItsName) {
  const auto authority = pki::init(dir).value();
  const auto other = pki::init(dir + "/other").value();
  const auto node = pki::issue(dir, NodeId{7}, "us-east-1", {"localhost", "127.0.0.1"}).value();
  const auto listener = net::TlsContext::listener(node.cert_file, node.key_file).value();
  const auto client = net::TlsContext::client(authority.cert_file).value();
  EXPECT_EQ(greet(listener, client, "localhost"), "");
  EXPECT_EQ(greet(listener, client, "127.0.0.1"), "");
  for (const char* wrong : {"elsewhere", "127.0.0.2"}) {
    EXPECT_NE(greet(listener, client, wrong).find("certificate verify failed"), std::string::npos) << wrong;
  }
  const auto stranger = net::TlsContext::client(other.cert_file).value();
  EXPECT_NE(greet(listener, stranger, "localhost").find("certificate verify failed"), std::string::npos);
  EXPECT_EQ(net::TlsContext::client(dir + "/none.pem").error().code, Errc::invalid);
}

TEST_F(Pki, OverwritesNothing) {
  ASSERT_TRUE(pki::init(dir).has_value());
  EXPECT_EQ(pki::init(dir).error().code, Errc::already_exists);
  ASSERT_TRUE(pki::issue(dir, NodeId{1}, "a", {}).has_value());
  const auto again = pki::issue(dir, NodeId{2}, "a", {});
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Errc::already_exists);
  EXPECT_NE(again.error().detail.find(dir + "/a.key"), std::string::npos);
}

TEST_F(Pki, SaysWhatIsWrong) {
  EXPECT_EQ(pki::issue(dir, NodeId{1}, "a", {}).error().code, Errc::not_found);
  ASSERT_TRUE(pki::init(dir).has_value());
  EXPECT_EQ(pki::issue(dir, NodeId{0}, "a", {}).error().code, Errc::invalid);
  EXPECT_EQ(pki::issue(dir, NodeId{1}, "ca", {}).error().code, Errc::invalid);
  EXPECT_EQ(pki::issue(dir, NodeId{1}, "../a", {}).error().code, Errc::invalid);
  EXPECT_EQ(pki::issue(dir, NodeId{1}, "a", {"x,DNS:evil"}).error().code, Errc::invalid);
  std::ofstream(dir + "/ca.key") << "noise";
  EXPECT_EQ(pki::issue(dir, NodeId{1}, "a", {}).error().code, Errc::corrupt);
  EXPECT_EQ(pki::init("/proc/nothing").error().code, Errc::not_found);
}

TEST_F(Pki, MixedUpFilesAreToldApart) {
  ASSERT_TRUE(pki::init(dir).has_value());
  const auto a = pki::issue(dir, NodeId{1}, "a", {}).value();
  const auto b = pki::issue(dir, NodeId{2}, "b", {}).value();
  const auto mixed = net::TlsContext::listener(a.cert_file, b.key_file);
  ASSERT_FALSE(mixed.has_value());
  EXPECT_EQ(mixed.error().code, Errc::invalid);
  EXPECT_FALSE(net::TlsContext::listener(dir + "/none.pem", a.key_file).has_value());
}

}  // namespace pki_test
}  // namespace tandem
