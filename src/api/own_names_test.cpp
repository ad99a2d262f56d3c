#include "api/own_names.h"

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <semaphore>

#include "base/mutex.h"

namespace shoal {
namespace {

using Answer = OwnNames::Answer;

const std::map<std::string, OwnNames::Addresses> known_names{
    {"attic.lan", {"192.168.1.5"}},
    {"both.lan", {"192.168.1.5", "fd00::5", "127.0.1.1"}},
    {"public-too.lan", {"192.168.1.5", "2001:db8::5"}},
    {"proxy.lan", {"192.168.1.2"}},
    {"other.lan", {"192.168.1.9"}},
    {"half.lan", {"192.168.1.5", "192.168.1.9"}},
    {"public.lan", {"2001:db8::5"}},
    {"nothing.lan", {}},
};

OwnNames::Sources sources() {
  return {.look_up = [](const std::string& name) { return known_names.at(name); },
          .own_addresses = [] { return OwnNames::Addresses{"192.168.1.5", "fd00::5", "2001:db8::5"}; }};
}

Answer ask(OwnNames& names, const std::string& name, const std::string& client = "192.168.1.2") {
  std::promise<Answer> promise;
  names.ask(name, client, [&](Answer answer) { promise.set_value(answer); });
  return promise.get_future().get();
}

TEST(OwnNames, ANameIsThisMachinesWhereAllItsAddressesAre) {
  OwnNames names(sources(), {});
  for (const char* name : {"attic.lan", "both.lan", "public-too.lan"}) {
    EXPECT_EQ(ask(names, name), Answer::own) << name;
  }
  for (const char* name : {"other.lan", "half.lan", "public.lan", "nothing.lan"}) {
    EXPECT_EQ(ask(names, name), Answer::foreign) << name;
  }
}

TEST(OwnNames, AProxyHandsOnRequestsUnderItsOwnName) {
  OwnNames names(sources(), {});
  EXPECT_EQ(ask(names, "proxy.lan", "192.168.1.2"), Answer::own);
  EXPECT_EQ(ask(names, "proxy.lan", "192.168.1.3"), Answer::foreign);
}

TEST(OwnNames, ANameIsLookedUpOnceInAWhile) {
  int count = 0;
  OwnNames::Sources counting = sources();
  counting.look_up = [&](const std::string& name) {
    ++count;
    return known_names.at(name);
  };
  {
    OwnNames names(counting, {});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(names, "attic.lan"), Answer::own);
  }
  EXPECT_EQ(count, 1);
  count = 0;
  {
    OwnNames forgetful(counting, {.lifetime = Duration(-1)});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(forgetful, "attic.lan"), Answer::own);
  }
  EXPECT_EQ(count, 3);
}

TEST(OwnNames, ASlowLookUpHoldsNobodyButThoseWhoAskAndOnlySoMany) {
  std::binary_semaphore may_end(0);
  OwnNames::Sources slow = sources();
  slow.look_up = [&](const std::string& name) {
    may_end.acquire();
    return known_names.at(name);
  };
  std::promise<Answer> first, second;
  OwnNames names(slow, {.waiting_names = 1, .waiting_questions = 2});
  names.ask("attic.lan", "", [&](Answer answer) { first.set_value(answer); });
  EXPECT_EQ(ask(names, "other.lan"), Answer::unknown);
  names.ask("attic.lan", "", [&](Answer answer) { second.set_value(answer); });
  EXPECT_EQ(ask(names, "attic.lan"), Answer::unknown);
  may_end.release();
  EXPECT_EQ(first.get_future().get(), Answer::own);
  EXPECT_EQ(second.get_future().get(), Answer::own);
}

TEST(OwnNames, KnowsSoManyNamesAtMost) {
  std::map<std::string, int> counts;
  OwnNames::Sources counting = sources();
  counting.look_up = [&](const std::string& name) {
    ++counts[name];
    return OwnNames::Addresses{"127.0.0.1"};
  };
  OwnNames names(counting, {.known_names = 2});
  for (const char* name : {"a", "b", "c", "c", "b", "a"}) EXPECT_EQ(ask(names, name), Answer::own);
  EXPECT_EQ(counts, (std::map<std::string, int>{{"a", 2}, {"b", 1}, {"c", 1}}));
}

}  // namespace
}  // namespace shoal
