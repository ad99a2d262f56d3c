#include "scheduler/step_trace.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "json/value.h"

namespace shoal {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(StepTrace, NamesEachNodeOnceAndShowsItsStepsInMicroseconds) {
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "trace.json";
  auto trace = StepTrace::open(path);
  ASSERT_TRUE(trace);
  StepOutput output{.number = 7,
                    .logits = {1.0f},
                    .timings = {{.node = "a\"b", .begin_ns = 1000, .end_ns = 3500},
                                {.node = "c", .begin_ns = 4000, .end_ns = 6000}}};
  output.row_count = 88;
  output.logits_timing = {.node = "a\"b", .begin_ns = 7000, .end_ns = 8000};
  (*trace)->record(output);
  output.logits.clear();
  (*trace)->record(output);

  std::string text = text_of(path);
  ASSERT_TRUE(text.ends_with(",\n"));
  text.replace(text.size() - 2, 2, "]");
  auto parsed = parse_json(text);
  ASSERT_TRUE(parsed) << text;
  ASSERT_EQ(parsed->array()->size(), 7u);  // two names, three boxes, two boxes
  const Value& box = (*parsed->array())[1];
  EXPECT_EQ(*box.find("name")->text(), "step 7, 88 rows");
  EXPECT_EQ(*box.find("ts")->number(), 1.0);
  EXPECT_EQ(*box.find("dur")->number(), 2.5);
}

TEST(StepTrace, AFileThatCannotBeWrittenIsNamed) {
  auto trace = StepTrace::open("/nowhere/trace.json");
  ASSERT_FALSE(trace);
  EXPECT_EQ(trace.error().message, "/nowhere/trace.json: No such file or directory");
}

}  // namespace
}  // namespace shoal
