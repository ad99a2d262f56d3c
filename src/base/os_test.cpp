#include "base/os.h"

#include <gtest/gtest.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace shoal::os {
namespace {

// Sets an environment variable while it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name), before_(environment(name)) {
    value == nullptr ? ::unsetenv(name) : ::setenv(name, value, 1);
  }
  ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST(Home, IsWhatTheVariableSaysElseWhatThePasswordFileSays) {
  {
    const Variable home("HOME", "/a/home");
    EXPECT_EQ(home_folder(), "/a/home");
  }
  for (const char* unset : {static_cast<const char*>(nullptr), ""}) {
    const Variable home("HOME", unset);
    EXPECT_TRUE(home_folder().is_absolute());
    EXPECT_TRUE(is_directory(home_folder())) << home_folder();
  }
}

TEST(Home, ATildeIsReadAsShellsDo) {
  const Variable home("HOME", "/a/home");
  EXPECT_EQ(expand_home("~"), "/a/home");
  EXPECT_EQ(expand_home("~/"), "/a/home");
  EXPECT_EQ(expand_home("~/x/y z"), "/a/home/x/y z");
  const passwd* user = ::getpwuid(::getuid());
  if (user != nullptr && std::filesystem::is_directory(user->pw_dir)) {
    EXPECT_EQ(expand_home(std::string("~") + user->pw_name + "/x"),
              std::filesystem::path(user->pw_dir) / "x");
  }
  for (const char* plain : {"", "/x/~", "x/~/y", "./~", "~no-such-user", "~no-such-user/x"}) {
    EXPECT_EQ(expand_home(plain), plain);
  }
}

TEST(Limits, OfAddressSpaceAreReadWithWhatIsLeftOfThem) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &before), 0);
  constexpr int64_t limit =
      int64_t{1} << 48;  // more than the machine has: the thread sanitizer reserves nearly all of it
  const rlimit narrow = {.rlim_cur = limit, .rlim_max = before.rlim_max};
  if (::setrlimit(RLIMIT_AS, &narrow) != 0) GTEST_SKIP() << "the limit is lower already";
  const auto limits = memory_limits();
  ::setrlimit(RLIMIT_AS, &before);
  const auto found = std::ranges::find(limits, "ulimit -v", &MemoryLimit::name);
  ASSERT_NE(found, limits.end());
  EXPECT_EQ(found->limit_bytes, limit);
  EXPECT_EQ(found->group, "");
  EXPECT_LT(found->free_bytes, limit);
  EXPECT_GT(found->free_bytes, 0);
}

TEST(Limits, ThreadsThatThereAreAreRoom) {
  EXPECT_TRUE(check_thread_room(4));
  EXPECT_TRUE(raise_open_file_limit(3));
  const auto refused = raise_open_file_limit(int64_t{1} << 60);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("ulimit -n"), std::string::npos);
}

}  // namespace
}  // namespace shoal::os
