#include "api/access.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

const AccessRules example_rules{
    .own_host_name = "Attic.lan",
    .allowed_hosts = {"chat.example", "*.home.example"},
    .allowed_origins = {"https://app.example", "https://*.app.example", "chrome-extension://*"}};

HostStanding judge(std::string_view host, std::string_view own_address = "192.168.1.5") {
  const auto parsed = parse_host(host);
  EXPECT_TRUE(parsed) << host;
  return parsed ? judge_host(example_rules, *parsed, own_address) : HostStanding::foreign;
}

TEST(Access, ANodeIsCalledByPrivateAddressesAndItsOwnNames) {
  for (const char* host :
       {"localhost", "localhost:52415", "LOCALHOST:1", "a.localhost", "127.0.0.1:52415", "[::1]:52415",
        "10.0.2.1", "[fe80::1]", "[fd00::7]", "100.64.1.1", "0.0.0.0", "[::]", "attic.lan:52415", "attic",
        "attic.local", "chat.example", "Chat.Example:443", "localhost.", "llm.home.example"}) {
    EXPECT_EQ(judge(host), HostStanding::own) << host;
  }
}

TEST(Access, AnAddressOfTheInternetIsTheNodesOnlyWhereTheConnectionHasComeToIt) {
  for (const char* host : {"8.8.8.8", "8.8.8.8:52415", "[2001:db8::1]", "[::ffff:8.8.8.8]", "172.32.0.1"}) {
    EXPECT_EQ(judge(host), HostStanding::foreign) << host;
  }
  EXPECT_EQ(judge("8.8.8.8", "8.8.8.8"), HostStanding::own);
  EXPECT_EQ(judge("8.8.8.8", "::ffff:8.8.8.8"), HostStanding::own);
  EXPECT_EQ(judge("8.8.8.8", ""), HostStanding::foreign);
}

TEST(Access, ANameIsNeverTakenByItsEnding) {
  for (const char* host : {"evil.example", "evil.local", "printer.local:80", "evil.lan",
                           "localhost.evil.example", "127.0.0.1.evil.example", "notlocalhost", "local",
                           "attic.lan.evil.example", "home.example", "host.docker.internal", "shoal"}) {
    EXPECT_EQ(judge(host), HostStanding::to_be_looked_up) << host;
  }
}

TEST(Access, APageOfTheNodeItselfMayCall) {
  using Row = std::pair<const char*, const char*>;
  for (const auto& [host, origin] :
       {Row{"localhost:52415", "http://localhost:52415"}, Row{"[::1]:52415", "http://[::1]:52415"},
        Row{"10.0.2.1", "http://10.0.2.1:80"}, Row{"chat.example", "https://chat.example"},
        Row{"Attic.lan", "HTTPS://attic.lan:443"}}) {
    EXPECT_TRUE(is_same_origin(origin, *parse_host(host))) << host;
  }
  for (const auto& [host, origin] :
       {Row{"localhost:52415", "http://localhost:3000"}, Row{"localhost:52415", "http://localhost"},
        Row{"attic.lan", "null"}, Row{"attic.lan", ""}, Row{"attic.lan", "attic.lan"},
        Row{"attic.lan", "chrome-extension://attic.lan"}, Row{"attic.lan", "http://attic.lan@evil.example"},
        Row{"attic.lan", "http://attic.lan/evil"}}) {
    EXPECT_FALSE(is_same_origin(origin, *parse_host(host))) << origin;
  }
}

TEST(Access, PagesOfThisMachinesServersAndProgramsMayCall) {
  for (const char* origin :
       {"http://localhost", "http://localhost:3000", "https://localhost:8443", "HTTP://LocalHost:1",
        "http://127.0.0.1:8080", "http://127.1.2.3", "http://0.0.0.0:8000", "http://[::1]:5173",
        "http://app.localhost:3000", "https://tauri.localhost", "app://obsidian.md", "app://.", "file://",
        "tauri://localhost", "vscode-webview://1f3a", "vscode-file://vscode-app"}) {
    EXPECT_TRUE(is_allowed_origin({}, origin)) << origin;
  }
}

TEST(Access, APageOfAnotherSiteIsRefused) {
  for (const char* origin :
       {"https://evil.example", "null", "", "http://10.0.0.7", "http://attic.lan",
        "http://localhost.evil.example", "http://notlocalhost", "http://localhost:52415@evil.example",
        "http://localhost:x", "http://", "chrome-extension://localhost", "ws://localhost",
        "httpx://localhost", "localhost", "://localhost", "http://localhost/../evil",
        "http://127.0.0.1.evil.example", "http://[::1", "myapp://x"}) {
    EXPECT_FALSE(is_allowed_origin({}, origin)) << origin;
  }
}

TEST(Access, TheRulesLetFurtherOriginsIn) {
  for (const char* origin :
       {"https://app.example", "https://APP.example", "https://a.app.example", "chrome-extension://abcdef"}) {
    EXPECT_TRUE(is_allowed_origin(example_rules, origin)) << origin;
  }
  for (const char* origin :
       {"https://app.example.evil.example", "http://app.example", "https://app.example:8443",
        "https://evil.example/.app.example", "https://xapp.example", "null"}) {
    EXPECT_FALSE(is_allowed_origin(example_rules, origin)) << origin;
  }
  for (const char* origin : {"https://evil.example", "null", "x"}) {
    EXPECT_TRUE(is_allowed_origin({.allowed_origins = {"*"}}, origin)) << origin;
  }
  EXPECT_TRUE(is_allowed_origin({.allowed_origins = {"null"}}, "null"));
}

TEST(Access, RulesThatCanNeverMatchAreToldByTheirOption) {
  const auto checked =
      check_access_rules({.allowed_hosts = {"chat.example", "*.example", "*"},
                          .allowed_origins = {"https://chat.example/", "app://*", "http://10.0.0.7:3000",
                                              "null", "*", "file://"}});
  ASSERT_TRUE(checked) << checked.error().message;
  EXPECT_EQ(checked->allowed_origins.front(), "https://chat.example");
  for (const char* host : {"", "http://chat.example", "chat.example:80", "chat.example:", "a b"}) {
    const auto refused = check_access_rules({.allowed_hosts = {host}});
    ASSERT_FALSE(refused) << host;
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(refused.error().message.find("--allow-host " + std::string(host)), std::string::npos);
  }
  for (const char* origin : {"", "chat.example", "https://chat.example/x", "localhost:3000"}) {
    const auto refused = check_access_rules({.allowed_origins = {origin}});
    ASSERT_FALSE(refused) << origin;
    EXPECT_NE(refused.error().message.find("--allow-origin " + std::string(origin)), std::string::npos);
  }
}

TEST(PrivateAddress, IsWhatNoRouterForwardsFromOutside) {
  for (const char* address :
       {"127.0.0.1", "127.255.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.0.9", "169.254.1.1",
        "100.64.0.1", "100.127.255.255", "::1", "fe80::1", "fd00::1", "fc00::1", "::ffff:10.0.0.1"}) {
    EXPECT_TRUE(is_private_address(address)) << address;
  }
  for (const char* address :
       {"8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "192.169.0.1", "2001:db8::1",
        "fec0::1", "::ffff:8.8.8.8", "11.0.0.1", "", "localhost"}) {
    EXPECT_FALSE(is_private_address(address)) << address;
  }
}

TEST(LoopbackAddress, IsAlsoFoundWhenMappedToIpv6) {
  EXPECT_TRUE(is_loopback_address("127.0.0.1"));
  EXPECT_TRUE(is_loopback_address("::ffff:127.0.0.1"));
  EXPECT_TRUE(is_loopback_address("::1"));
  EXPECT_FALSE(is_loopback_address("10.0.0.1"));
}

}  // namespace
}  // namespace shoal
