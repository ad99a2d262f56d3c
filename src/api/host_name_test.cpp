#include "api/host_name.h"

#include <gtest/gtest.h>

#include <tuple>

namespace shoal {
namespace {

TEST(HostName, IsANameOrAnAddressAndMayHaveAPort) {
  using Row = std::tuple<const char*, const char*, const char*, bool>;
  for (const auto& [text, host, port, is_address] :
       {Row{"localhost", "localhost", "", false}, Row{"LOCALHOST:1", "localhost", "1", false},
        Row{"attic.lan.", "attic.lan", "", false}, Row{"my_service:80", "my_service", "80", false},
        Row{"localhost:", "localhost", "", false}, Row{"10.0.0.1:65535", "10.0.0.1", "65535", true},
        Row{"[::1]", "::1", "", true}, Row{"[FD00:0::1]:5", "fd00::1", "5", true},
        Row{"[fe80::1%25eth0]:5", "fe80::1", "5", true}, Row{"[fe80::1%eth0.1]", "fe80::1", "", true},
        Row{"[::ffff:8.8.8.8]", "8.8.8.8", "", true}, Row{"3com.example", "3com.example", "", false}}) {
    const auto parsed = parse_host(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, (HostAndPort{.host = host, .port = port, .is_address = is_address})) << text;
  }
}

TEST(HostName, IsNothingElse) {
  for (const char* text : {"",
                           ":80",
                           ".",
                           "a..b",
                           ".a",
                           "[::1",
                           "::1",
                           "[1.2.3.4]",
                           "[attic]",
                           "[fe80::1%]",
                           "[fe80::1%25]",
                           "[fe80::1%a/b]",
                           "localhost:8x",
                           "localhost:65536",
                           "localhost:-1",
                           "localhost:+1",
                           "localhost: 1",
                           "localhost:1:2",
                           "[::1]8",
                           "a@localhost",
                           "a@localhost:1",
                           "1.2.3.4%evil.com",
                           "attic%2elan",
                           "a b",
                           "a/b",
                           "a\\b",
                           "a,b",
                           "a\tb",
                           "127.1",
                           "2130706433",
                           "0x7f.1",
                           "1.2.3.256",
                           "1.2.3.4.5",
                           "a.0x7f",
                           "b\xc3\xbc\x63her.example"}) {
    EXPECT_FALSE(parse_host(text)) << text;
  }
  EXPECT_FALSE(parse_host(std::string("local\0host", 10)));
  EXPECT_TRUE(parse_host(std::string(63, 'a')));
  EXPECT_FALSE(parse_host(std::string(64, 'a')));
  EXPECT_FALSE(parse_host(std::string("a.") + std::string(252, 'b')));
}

}  // namespace
}  // namespace shoal
