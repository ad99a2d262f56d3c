// Reads 200 BFCL calls as each family writes them: by its own chat template if that renders calls, else as
// the template tells the model to write them.
#include <gtest/gtest.h>

#include <random>

#include "answers/call_families_for_test.h"
#include "answers/read_answer_for_test.h"
#include "templates/chat_template.h"
#include "tokens/fake_tokenizer_for_test.h"

namespace shoal {
namespace {

void expect_calls(const std::vector<BfclCall>& wanted, const ReadAnswer& answer, const std::string& source) {
  ASSERT_EQ(answer.calls.size(), wanted.size()) << source << "\n-> " << answer.content;
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(answer.calls[i].name, wanted[i].name) << source;
    const Result<Value> arguments = parse_json(answer.calls[i].arguments);
    ASSERT_TRUE(arguments.has_value()) << answer.calls[i].arguments << "\n" << source;
    EXPECT_EQ(*arguments, wanted[i].arguments) << answer.calls[i].arguments << "\n" << source;
  }
  EXPECT_EQ(answer.withdrawn, 0);
}

// An answer, and what must be read from it.
struct Sample {
  std::string source;
  std::vector<BfclCall> calls;
  ToolSet tools;
};

class FamilyTest : public testing::TestWithParam<Family> {
 protected:
  void SetUp() override {
    const Result<std::string> source = read_template(GetParam());
    if (!source) GTEST_SKIP() << GetParam().chat_template;
    source_ = *source;
    Result<ChatTemplate> parsed = ChatTemplate::parse(source_);
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    chat_.emplace(std::move(*parsed));
    cases_ = read_bfcl_cases();
    ASSERT_EQ(cases_.size(), 160u);
  }

  std::vector<Sample> samples(const std::string& content) {
    std::vector<Sample> samples;
    for (const BfclCase& asked : cases_) {
      const ToolSet tools(asked.tools);
      std::vector<std::vector<BfclCall>> messages{asked.calls};
      if (GetParam().has_one_call) {
        messages.clear();
        for (const BfclCall& call : asked.calls) messages.push_back({call});
      }
      for (const std::vector<BfclCall>& calls : messages) {
        std::string source = GetParam().write ? content + GetParam().write(calls)
                                              : rendered_answer(GetParam(), *chat_, asked, content, calls);
        samples.push_back({std::move(source), calls, tools});
      }
    }
    return samples;
  }

  std::string source_;
  std::optional<ChatTemplate> chat_;
  std::vector<BfclCase> cases_;
};

TEST_P(FamilyTest, IsChosenByItsChatTemplate) {
  EXPECT_EQ(choose_answer_style(source_, FakeTokenizer({GetParam().token})), GetParam().format);
}

TEST_P(FamilyTest, ReadsTheCallsThatItsModelsWrite) {
  size_t count = 0;
  for (const Sample& sample : samples("")) {
    const ReadAnswer answer = read_answer(GetParam().format, sample.tools, sample.source);
    expect_calls(sample.calls, answer, sample.source);
    EXPECT_EQ(answer.content, "") << sample.source;
    EXPECT_EQ(answer.reasoning, "") << sample.source;
    count += sample.calls.size();
  }
  EXPECT_GE(count, 200u);
}

TEST_P(FamilyTest, ReadsTheSameHoweverTheStreamIsCut) {
  std::mt19937_64 random(7);
  int64_t count = 0;
  for (const Sample& sample : samples("")) {
    const std::string_view source = sample.source;
    const std::vector<AnswerEvent> whole = read_events(GetParam().format, sample.tools, {source});
    std::vector<std::string_view> bytes, pieces;
    for (size_t i = 0; i < source.size(); ++i) bytes.push_back(source.substr(i, 1));
    EXPECT_EQ(read_events(GetParam().format, sample.tools, bytes), whole) << source;
    for (size_t at = 0; at < source.size();) {
      const size_t length = 1 + random() % 20;
      pieces.push_back(source.substr(at, length));
      at += length;
    }
    EXPECT_EQ(read_events(GetParam().format, sample.tools, pieces), whole) << source;
    if (count++ % 4 != 0) continue;  // testing all would take long
    for (size_t cut = 0; cut <= source.size(); ++cut) {
      ASSERT_EQ(read_events(GetParam().format, sample.tools, {source.substr(0, cut), source.substr(cut)}),
                whole)
          << cut << " in " << source;
    }
  }
}

TEST_P(FamilyTest, LeavesTextAroundTheCallsAsItIs) {
  const std::string before = GetParam().takes_content ? "Let me see: 2 < 3, {} [x]." : "";
  for (Sample& sample : samples(before)) {
    sample.source += "\nDone, <b>I</b> think.";
    const ReadAnswer answer = read_answer(GetParam().format, sample.tools, sample.source);
    expect_calls(sample.calls, answer, sample.source);
    EXPECT_EQ(answer.content, before + (before.empty() ? "" : "\n") + "Done, <b>I</b> think.")
        << sample.source;
  }
}

TEST_P(FamilyTest, LosesNothingOfATruncatedCall) {
  std::vector<Sample> all = samples("");
  for (size_t i = 0; i < all.size(); i += 8) {
    for (size_t end = 0; end < all[i].source.size(); ++end) {
      const std::string source = all[i].source.substr(0, end);
      const ReadAnswer answer = read_answer(GetParam().format, all[i].tools, source);
      ASSERT_TRUE(has_lost_nothing(GetParam().format, source, answer)) << source << "\n-> " << answer.content;
      for (const ReadCall& call : answer.calls) ASSERT_TRUE(parse_json(call.arguments).has_value()) << source;
    }
  }
}

TEST_P(FamilyTest, LosesNothingOfAMalformedCall) {
  constexpr std::string_view noise = "}{]<>\"x,:\n\\'";
  std::vector<Sample> all = samples("");
  std::mt19937_64 random(11);
  for (const Sample& sample : all) {
    for (int round = 0; round < 20; ++round) {
      std::string source = sample.source;
      const size_t at = random() % source.size();
      switch (random() % 3) {
        case 0: source.erase(at, 1); break;
        case 1: source[at] = noise[random() % noise.size()]; break;
        default: source.insert(at, 1, noise[random() % noise.size()]);
      }
      const std::vector<AnswerEvent> events = read_events(GetParam().format, sample.tools, {source});
      const ReadAnswer answer = collect(events);
      ASSERT_TRUE(has_lost_nothing(GetParam().format, source, answer)) << source << "\n-> " << answer.content;
      for (const ReadCall& call : answer.calls) ASSERT_TRUE(parse_json(call.arguments).has_value()) << source;
      ASSERT_EQ(read_events(GetParam().format, sample.tools, {source.substr(0, at), source.substr(at)}),
                events)
          << source;
    }
  }
}

TEST_P(FamilyTest, TakesCallsForTextWhereThereAreNoTools) {
  for (const Sample& sample : samples("")) {
    const ReadAnswer answer = read_answer(GetParam().format, ToolSet(), sample.source);
    EXPECT_TRUE(answer.calls.empty()) << sample.source;
    EXPECT_TRUE(has_lost_nothing(GetParam().format, sample.source, answer)) << sample.source;
  }
}

INSTANTIATE_TEST_SUITE_P(Calls, FamilyTest, testing::ValuesIn(families()),
                         [](const testing::TestParamInfo<Family>& family) { return family.param.name; });

}  // namespace
}  // namespace shoal
