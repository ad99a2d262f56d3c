#include "api/name_lookup.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

using Texts = std::vector<std::string>;

TEST(NameLookup, AHostsFileNamesAddresses) {
  constexpr std::string_view text =
      "127.0.0.1\tlocalhost\n# 10.0.0.9 attic\n\n10.0.0.5  box.example Attic # the one upstairs\r\n"
      "fd00::5 attic\n10.0.0.6 atticus\nattic\n192.168.1.1 last";
  EXPECT_EQ(find_in_hosts_file(text, "attic"), (Texts{"10.0.0.5", "fd00::5"}));
  EXPECT_EQ(find_in_hosts_file(text, "box.example"), Texts{"10.0.0.5"});
  EXPECT_EQ(find_in_hosts_file(text, "last"), Texts{"192.168.1.1"});
  EXPECT_EQ(find_in_hosts_file(text, "10.0.0.6"), Texts());
  EXPECT_EQ(find_in_hosts_file(text, "upstairs"), Texts());
  EXPECT_EQ(find_in_hosts_file("", "attic"), Texts());
}

TEST(NameLookup, ADomainIsThisNetworksWhereTheResolverSaysSo) {
  EXPECT_EQ(parse_search_domains("nameserver 10.0.0.1\nsearch Office.example. lab.office.example com\n"
                                 "; search evil.example\n#domain x.y\ndomain old.example"),
            (Texts{"office.example", "lab.office.example", "old.example"}));
  EXPECT_EQ(parse_search_domains("search\noptions a.b"), Texts());
}

TEST(NameLookup, OnlyNamesThatNobodyOutsideCanOwnAreAskedFor) {
  for (const char* name :
       {"attic", "shoal", "attic.lan", "attic.local", "a.b.local", "attic.fritz.box", "attic.home.arpa",
        "attic.tail1234.ts.net", "host.docker.internal", "attic.home", "attic.office.org"}) {
    EXPECT_TRUE(is_local_name(name, {"office.org"})) << name;
  }
  for (const char* name : {"evil.com", "evil.box", "evil.net", "local.evil.com", "evilfritz.box", "fritz.box",
                           "ts.net", "office.org", "eviloffice.org", "evil.dev", "lan.com"}) {
    EXPECT_FALSE(is_local_name(name, {"office.org"})) << name;
  }
}

}  // namespace
}  // namespace shoal
