#include "api/access.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

const AccessRules kRules{.own_host_name = "Attic.lan",
                         .allowed_hosts = {"chat.example"},
                         .allowed_origins = {"https://app.example"}};

ErrorCode code_of(const std::optional<std::string>& host,
                  const std::optional<std::string>& origin = std::nullopt) {
  const auto outcome = check_access(kRules, host, origin);
  return outcome ? ErrorCode::internal : outcome.error().code;  // internal stands for allowed
}
constexpr ErrorCode kAllowed = ErrorCode::internal;

TEST(Access, ANodeIsCalledByItsAddressesAndItsOwnNames) {
  for (const char* host : {"localhost", "localhost:52415", "LOCALHOST:1", "a.localhost", "127.0.0.1:52415",
                           "[::1]:52415", "10.0.2.1", "[fe80::1]", "attic.lan:52415", "attic",
                           "printer.local:80", "chat.example", "Chat.Example:443", "localhost."}) {
    EXPECT_EQ(code_of(host), kAllowed) << host;
  }
  EXPECT_EQ(code_of(std::nullopt), kAllowed);
}

TEST(Access, AForeignNameThatResolvesToTheNodeIsRefused) {
  for (const char* host : {"evil.example", "evil.example:52415", "localhost.evil.example",
                           "127.0.0.1.evil.example", "notlocalhost", "local", "attic.lan.evil.example"}) {
    EXPECT_EQ(code_of(host), ErrorCode::permission_denied) << host;
  }
}

TEST(Access, AMalformedHostIsAnInvalidArgument) {
  for (const char* host : {"", ":80", "[::1", "localhost:8x", "[::1]8", "a@localhost:x"}) {
    EXPECT_EQ(code_of(host), ErrorCode::invalid_argument) << host;
  }
}

TEST(Access, APageOfTheNodeItselfMayCall) {
  EXPECT_EQ(code_of("localhost:52415", "http://localhost:52415"), kAllowed);
  EXPECT_EQ(code_of("[::1]:52415", "http://[::1]:52415"), kAllowed);
  EXPECT_EQ(code_of("10.0.2.1", "http://10.0.2.1:80"), kAllowed);
  EXPECT_EQ(code_of("chat.example", "https://chat.example"), kAllowed);
  EXPECT_EQ(code_of("localhost:52415", "https://app.example"), kAllowed);
}

TEST(Access, APageOfAnotherSiteIsRefused) {
  for (const char* origin : {"https://evil.example", "http://localhost:3000", "http://localhost", "null", "",
                             "file://", "http://127.0.0.1:52415", "chrome-extension://localhost:52415",
                             "https://app.example.evil.example", "http://localhost:52415@evil.example"}) {
    EXPECT_EQ(code_of("localhost:52415", origin), ErrorCode::permission_denied) << origin;
  }
  EXPECT_EQ(code_of(std::nullopt, "http://localhost"), ErrorCode::permission_denied);
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
