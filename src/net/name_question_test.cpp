#include "net/name_question.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

TEST(NameQuestion, IsReadAsItWasWritten) {
  const NameQuestion question{.node = "attic", .incarnation = 0xfedcba9876543210};
  EXPECT_EQ(parse_name_question(format_name_question(question)), question);
}

TEST(NameQuestion, IsNothingElse) {
  for (const char* datagram :
       {"", "[]", "null", R"({"type":"shoal-name"})", R"({"type":"shoal-name","node_id":"a"})",
        R"({"type":"shoal-name","node_id":"a/b","incarnation":"1"})",
        R"({"type":"shoal-name","node_id":"","incarnation":"1"})",
        R"({"type":"shoal-name","node_id":"a","incarnation":"x"})",
        R"({"type":"shoal-name","node_id":7,"incarnation":"1"})",
        R"({"type":"shoal-discovery","node_id":"a","incarnation":"1"})"}) {
    EXPECT_FALSE(parse_name_question(datagram)) << datagram;
  }
}

}  // namespace
}  // namespace shoal
