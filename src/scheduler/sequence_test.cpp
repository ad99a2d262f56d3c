#include "scheduler/sequence.h"

#include <gtest/gtest.h>

#include "answers/answer_grammar.h"
#include "tokens/fake_tokenizer_for_test.h"

namespace shoal {
namespace {

// 0 … 3: letters; 4, 5: the two halves of "é"; 6: the end.
const FakeTokenizer& tokenizer() {
  static const FakeTokenizer tokenizer({"a", "b", "c", "st", "\xC3", "\xA9", "<end>"}, {6}, {6});
  return tokenizer;
}

Generation make_generation() {
  Generation generation{};
  generation.request = "r";
  generation.prompt = {0, 1, 2};
  generation.max_tokens = 10;
  return generation;
}

Sample sample_of(TokenId token) { return {.token = {.token = token, .logprob = -0.5f}, .top = {}}; }

// What a client sees: the texts of all tokens, then what was held back.
std::string stream(Sequence& sequence, const std::vector<TokenId>& tokens) {
  std::string text;
  for (const TokenId token : tokens) {
    if (sequence.end()) break;
    if (const auto delivered = sequence.accept(sample_of(token))) text += delivered->text;
  }
  if (sequence.end()) text += sequence.end()->text;
  return text;
}

TEST(Sequence, EndsAtAnEndTokenWithoutDeliveringIt) {
  Sequence sequence(make_generation(), tokenizer(), 100);
  EXPECT_TRUE(sequence.accept(sample_of(0)));
  EXPECT_FALSE(sequence.accept(sample_of(6)));
  ASSERT_TRUE(sequence.end());
  EXPECT_EQ(sequence.end()->reason, FinishReason::stop);
  EXPECT_EQ(sequence.end()->completion_tokens, 2);
  EXPECT_FALSE(sequence.end()->stopped_at);
}

TEST(Sequence, EndsBehindItsFirstCallWhereThereMayBeOneOnly) {
  const FakeTokenizer words(
      {"<tool_call>", "{\"name\": \"f\", \"arguments\": {}", "}", "</tool_call>", "<think>", "x"});
  Generation generation = make_generation();
  generation.max_tokens = 50;
  const Value tools = Value::Array{Value::Object{{"function", Value::Object{{"name", "f"}}}}};
  const AnswerStyle format{.calls = CallStyle::hermes, .thinking = ThinkingStyle::angle};
  SingleCall& single = generation.single_call.emplace();
  single.opening.format = format;
  single.tools = ToolSet(tools);
  const std::vector<TokenId> answer{5, 0, 1, 2, 3, 5};
  Sequence sequence(generation, words, 100);
  EXPECT_EQ(stream(sequence, answer), "x<tool_call>{\"name\": \"f\", \"arguments\": {}}");
  ASSERT_TRUE(sequence.end());
  EXPECT_EQ(sequence.end()->reason, FinishReason::stop);
  EXPECT_EQ(sequence.end()->completion_tokens, 4);

  single.opening.prefix = "<think>";  // what looks like a call is a thought
  Sequence thinking(generation, words, 100);
  EXPECT_TRUE(stream(thinking, answer).ends_with("x"));
  EXPECT_FALSE(thinking.end());
}

std::shared_ptr<const TokenGrammar> grammar_of(const std::string& source) {
  static AnswerGrammars grammars;
  const AnswerForm form{.output = {.kind = OutputKind::gbnf, .source = source}};
  const auto grammar = grammars.find(form, tokenizer());
  EXPECT_TRUE(grammar) << (grammar ? "" : grammar.error().message);
  return *grammar;
}

std::vector<TokenId> allowed_tokens(const SampleContext& context) {
  std::vector<TokenId> tokens;
  for (TokenId token = 0; token < tokenizer().vocabulary_size(); ++token) {
    if ((context.allowed[0] >> token & 1) != 0) tokens.push_back(token);
  }
  return tokens;
}

TEST(Sequence, AllowsWhatItsGrammarAllowsAndEndsWhereNothingMoreMayCome) {
  Generation generation = make_generation();
  generation.grammar = grammar_of("root ::= \"a\"+ \"st\"? \"c\"");
  Sequence sequence(generation, tokenizer(), 100);
  EXPECT_EQ(allowed_tokens(*sequence.sample_context()), std::vector<TokenId>({0}));
  sequence.accept(sample_of(0));
  EXPECT_EQ(allowed_tokens(*sequence.sample_context()), std::vector<TokenId>({0, 2, 3}));
  sequence.accept(sample_of(3));
  EXPECT_EQ(allowed_tokens(*sequence.sample_context()), std::vector<TokenId>({2}));
  EXPECT_FALSE(sequence.end());
  EXPECT_EQ(sequence.accept(sample_of(2))->text, "c");
  ASSERT_TRUE(sequence.end());
  EXPECT_EQ(sequence.end()->reason, FinishReason::stop);
  EXPECT_EQ(sequence.end()->completion_tokens, 3);
}

TEST(Sequence, AllowsTheEndTokenOnlyWhereTheGrammarMayEnd) {
  Generation generation = make_generation();
  generation.grammar = grammar_of("root ::= \"a\" \"b\"*");
  generation.settings.min_tokens = 3;
  Sequence sequence(generation, tokenizer(), 100);
  EXPECT_EQ(allowed_tokens(*sequence.sample_context()), std::vector<TokenId>({0}));
  sequence.accept(sample_of(0));
  EXPECT_EQ(allowed_tokens(*sequence.sample_context()), std::vector<TokenId>({1, 6}));
  EXPECT_EQ(sequence.sample_context()->forbidden.size(), 1u);
  sequence.accept(sample_of(6));
  EXPECT_TRUE(sequence.end());
}

TEST(Sequence, GoesOnInTheGrammarBehindTheDeliveredTokens) {
  Generation generation = make_generation();
  generation.grammar = grammar_of("root ::= \"a\"+ \"st\"? \"c\"");
  generation.delivered = {0, 3};
  Sequence sequence(generation, tokenizer(), 100);
  EXPECT_EQ(allowed_tokens(*sequence.sample_context()), std::vector<TokenId>({2}));
  generation.delivered = {0, 1};
  Sequence other(generation, tokenizer(), 100);
  EXPECT_FALSE(other.sample_context());
}

TEST(Sequence, ComesToTheGrammarsEndBeforeItsTokensOrTheContextRunOut) {
  for (const bool by_context : {false, true}) {
    Generation generation = make_generation();
    generation.grammar = grammar_of("root ::= \"a\"+ \"bcb\"");
    const int64_t prompt_size = std::ssize(generation.prompt);
    generation.max_tokens = by_context ? 1000 : 6;
    Sequence sequence(generation, tokenizer(), by_context ? prompt_size + 6 : 1000);
    for (int i = 0; i < 2; ++i) sequence.accept(sample_of(0));
    EXPECT_EQ(allowed_tokens(*sequence.sample_context()), std::vector<TokenId>({0, 1}));
    sequence.accept(sample_of(0));
    for (const TokenId token : {1, 2, 1}) {
      EXPECT_EQ(allowed_tokens(*sequence.sample_context()), std::vector<TokenId>({token}));
      sequence.accept(sample_of(token));
    }
    ASSERT_TRUE(sequence.end());
    EXPECT_EQ(sequence.end()->reason, FinishReason::stop);
  }
}

TEST(Sequence, SaysWhenNoTokenCanFollow) {
  Generation generation = make_generation();
  generation.grammar = grammar_of("root ::= \"a\" [xyz]");  // the vocabulary has none of them
  Sequence sequence(generation, tokenizer(), 100);
  sequence.accept(sample_of(0));
  const auto context = sequence.sample_context();
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().code, ErrorCode::invalid_argument);
}

TEST(Sequence, EndsAtAStopStringOverSeveralTokensAndNamesIt) {
  Generation generation = make_generation();
  generation.settings.stop_strings = {"xx", "bst"};
  Sequence sequence(generation, tokenizer(), 100);
  EXPECT_EQ(stream(sequence, {0, 1, 3, 0}), "a");
  ASSERT_TRUE(sequence.end());
  EXPECT_EQ(sequence.end()->reason, FinishReason::stop);
  EXPECT_EQ(sequence.end()->stopped_at, "bst");
  EXPECT_EQ(sequence.end()->completion_tokens, 3);
}

TEST(Sequence, GivesWhatWasHeldBackWhenTheTokensAreUsedUp) {
  Generation generation = make_generation();
  generation.settings.stop_strings = {"bst"};
  generation.max_tokens = 2;
  Sequence sequence(generation, tokenizer(), 100);
  EXPECT_EQ(stream(sequence, {0, 1}), "ab");
  EXPECT_EQ(sequence.end()->reason, FinishReason::length);
  EXPECT_EQ(sequence.end()->text, "b");
}

TEST(Sequence, EndsWhereTheContextEnds) {
  Sequence sequence(make_generation(), tokenizer(), 5);
  EXPECT_EQ(stream(sequence, {0, 1, 2}), "ab");
  ASSERT_TRUE(sequence.end());
  EXPECT_EQ(sequence.end()->reason, FinishReason::length);
  EXPECT_EQ(sequence.token_count(), 5);
}

TEST(Sequence, EndsAtAStopTokenOfTheRequest) {
  Generation generation = make_generation();
  generation.settings.stop_tokens = {2};
  Sequence sequence(generation, tokenizer(), 100);
  EXPECT_EQ(stream(sequence, {0, 2, 1}), "a");
  EXPECT_EQ(sequence.end()->reason, FinishReason::stop);
}

TEST(Sequence, ForbidsEndsBeforeTheLeastNumberOfTokens) {
  Generation generation = make_generation();
  generation.settings.min_tokens = 1;
  generation.settings.stop_tokens = {2};
  Sequence sequence(generation, tokenizer(), 100);
  const auto forbidden = [&] {
    const auto span = sequence.sample_context()->forbidden;
    return std::vector<TokenId>(span.begin(), span.end());
  };
  EXPECT_EQ(forbidden(), (std::vector<TokenId>{6, 2}));
  sequence.accept(sample_of(0));
  EXPECT_TRUE(forbidden().empty());
}

TEST(Sequence, IgnoresEndTokensByForbiddingThem) {
  Generation generation = make_generation();
  generation.settings.ignore_end_tokens = true;
  Sequence sequence(generation, tokenizer(), 100);
  sequence.accept(sample_of(0));
  EXPECT_EQ(sequence.sample_context()->forbidden.size(), 1u);
}

// For every place at which a run may be cut: the text goes on at the right byte, half characters and held
// back stop strings included.
TEST(Sequence, GoesOnBehindDeliveredTokensAsIfNothingHadHappened) {
  const std::vector<TokenId> tokens{0, 4, 5, 1, 3, 0, 1, 4, 5, 6};
  Generation generation = make_generation();
  generation.settings.stop_strings = {"bstb"};
  Sequence whole(generation, tokenizer(), 100);
  const std::string expected = stream(whole, tokens);
  EXPECT_EQ(expected,
            "a\xC3\xA9"
            "bstab\xC3\xA9");
  for (size_t cut = 0; cut < tokens.size(); ++cut) {
    const auto middle = tokens.begin() + static_cast<int64_t>(cut);
    Sequence before(generation, tokenizer(), 100);
    const std::string first = stream(before, {tokens.begin(), middle});
    generation.delivered = {tokens.begin(), middle};
    Sequence after(generation, tokenizer(), 100);
    EXPECT_EQ(after.token_count(), 3 + static_cast<int64_t>(cut));
    const auto next = Sequence(generation, tokenizer(), 100).accept(sample_of(*middle));
    EXPECT_EQ(next ? next->index : 9, static_cast<int64_t>(cut)) << "the end token is not delivered";
    EXPECT_EQ(first + stream(after, {middle, tokens.end()}), expected) << "cut at " << cut;
    EXPECT_EQ(after.end()->completion_tokens, whole.end()->completion_tokens);
    generation.delivered.clear();
  }
}

TEST(Sequence, HasEndedWhenTheDeliveredTokensWereAll) {
  Generation generation = make_generation();
  generation.max_tokens = 2;
  generation.delivered = {0, 1};
  EXPECT_TRUE(Sequence(generation, tokenizer(), 100).end());
  generation.delivered = {0};
  EXPECT_FALSE(Sequence(generation, tokenizer(), 100).end());
}

TEST(Sequence, TellsLogprobsOnlyWhenAsked) {
  const Sample sample{.token = {.token = 1, .logprob = -1.0f}, .top = {{.token = 0, .logprob = -0.5f}}};
  Sequence silent(make_generation(), tokenizer(), 100);
  EXPECT_FALSE(silent.accept(sample)->logprob);
  Generation generation = make_generation();
  generation.settings.top_logprobs = 1;
  Sequence telling(generation, tokenizer(), 100);
  const auto delivered = telling.accept(sample);
  ASSERT_TRUE(delivered && delivered->logprob);
  EXPECT_EQ(delivered->logprob->bytes, "b");
  EXPECT_EQ(delivered->logprob->logprob, -1.0f);
  ASSERT_EQ(delivered->top_logprobs.size(), 1u);
  EXPECT_EQ(delivered->top_logprobs[0].bytes, "a");
}

}  // namespace
}  // namespace shoal
