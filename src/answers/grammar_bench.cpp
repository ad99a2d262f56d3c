// Measures structured output over a real vocabulary: making the trie, compiling schemas, and the mask of
// every token of an answer, for the first time and again.
//   grammar_bench TOKENIZER.json [SCHEMA.json…]
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <random>

#include "answers/answer_grammar.h"
#include "base/check.h"
#include "base/os.h"
#include "grammar/gbnf.h"
#include "grammar/grammar_matcher.h"
#include "grammar/json_schema.h"
#include "tokens/fake_tokenizer_for_test.h"
#include "tokens/tokenizer_files.h"

namespace shoal {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

struct Times {
  std::vector<double> all;

  void print(std::string_view name) {
    if (all.empty()) return;
    std::ranges::sort(all);
    double sum = 0;
    for (const double time : all) sum += time;
    const auto count = static_cast<double>(all.size());
    fmt::print("{:<44} {:>7} times  mean {:>9.1f} us  median {:>9.1f}  p99 {:>9.1f}  max {:>9.1f}\n", name,
               all.size(), sum / count, all[all.size() / 2], all[all.size() * 99 / 100], all.back());
  }
};

// Writes a text that a model would like to write as far as the grammar allows: its next token if that is
// allowed, else any allowed token.
class Writer {
 public:
  Writer(std::shared_ptr<const TokenGrammar> grammar, uint32_t seed)
      : matcher_(grammar), grammar_(grammar), random_(seed) {}

  void run(int64_t tokens, Times& masks, Times& accepts) {
    for (int64_t i = 0; i < tokens && matcher_.can_go_on(); ++i) {
      auto begin = Clock::now();
      const TokenMask& mask = matcher_.mask();
      masks.all.push_back(microseconds_since(begin));
      const TokenId token = choose(mask);
      if (token < 0) return;
      begin = Clock::now();
      CHECK(matcher_.accept(token));
      accepts.all.push_back(microseconds_since(begin));
    }
  }

 private:
  // Takes the shortest of some random tokens, since long tokens are rare in answers.
  TokenId choose(const TokenMask& mask) {
    const Tokenizer& tokenizer = grammar_->vocabulary->tokenizer();
    std::vector<TokenId> allowed;
    for (TokenId token = 0; token < tokenizer.vocabulary_size(); ++token) {
      if (mask.allows(token) && !tokenizer.is_special(token)) allowed.push_back(token);
    }
    if (allowed.empty()) return -1;
    TokenId best = allowed[random_() % allowed.size()];
    for (int i = 0; i < 3; ++i) {
      const TokenId other = allowed[random_() % allowed.size()];
      if (tokenizer.token_bytes(other).size() < tokenizer.token_bytes(best).size()) best = other;
    }
    return best;
  }

  GrammarMatcher matcher_;
  const std::shared_ptr<const TokenGrammar> grammar_;
  std::mt19937 random_;
};

struct Case {
  std::string name;
  Result<Grammar> (*compile)(std::string_view);
  std::string source;
};

Result<Grammar> from_schema(std::string_view source) {
  const Result<Value> schema = parse_json(source);
  if (!schema) return fail(schema.error());
  return compile_json_schema(*schema);
}

// A call of a function with five parameters, forced or after free text. The tokenizer has no marks.
Result<Grammar> from_tools(std::string_view functions, ToolChoice choice) {
  const FakeTokenizer tokenizer({"a"});
  const AnswerForm form{.format = {.calls = CallStyle::hermes, .thinking = ThinkingStyle::angle},
                        .thinking = ThinkingState::open,
                        .tools = {.choice = choice, .functions = std::string(functions)}};
  Result<std::optional<Grammar>> grammar = compile_answer_form(form, tokenizer);
  if (!grammar) return fail(grammar.error());
  return **std::move(grammar);
}
Result<Grammar> from_required(std::string_view functions) {
  return from_tools(functions, ToolChoice::required);
}
Result<Grammar> from_strict(std::string_view functions) {
  return from_tools(functions, ToolChoice::automatic);
}

constexpr const char* example_tools =
    R"([{"function":{"name":"find_book","strict":true,"parameters":{"type":"object","properties":{
       "title":{"type":"string"},"year":{"type":"integer"},"tags":{"type":"array","items":{"type":"string"}},
       "rating":{"type":"number"},"kind":{"enum":["book","film","song"]}},"required":["title"]}}}])";

std::vector<Case> cases() {
  return {
      {"a call that must be made, behind thinking", &from_required, example_tools},
      {"text in which a strict call may begin", &from_strict, example_tools},
      {"a member with a string", &from_schema,
       R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false})"},
      {"five members", &from_schema,
       R"({"type":"object","properties":{"title":{"type":"string"},"year":{"type":"integer"},"tags":{"type":"array",
       "items":{"type":"string"}},"rating":{"type":"number"},"kind":{"enum":["book","film","song"]}},
       "required":["title","year","tags","rating","kind"],"additionalProperties":false})"},
      {"a string of at most 500", &from_schema, R"({"type":"string","maxLength":500})"},
      {"a string with a pattern", &from_schema, R"({"type":"string","pattern":"^[a-z]+(-[a-z]+)*$"})"},
      {"any object", &from_schema, R"({"type":"object"})"},
      {"GBNF: text with spaces", &parse_gbnf, "root ::= [^\\n]+ (\"\\n\" [^\\n]+)*"},
      {"GBNF: recursive, with spaces", &parse_gbnf,
       "root ::= item+\nitem ::= [a-zA-Z]+ ws | \"(\" ws root \")\" ws\nws ::= [ \\t\\n]*"},
  };
}

int run(const std::vector<std::string>& arguments) {
  const Result<std::string> json = os::read_text_file(arguments[1]);
  CHECK(json.has_value());
  const auto tokenizer = parse_tokenizer_json(*json);
  CHECK(tokenizer.has_value());
  const auto begin = Clock::now();
  const auto vocabulary = std::make_shared<const GrammarVocabulary>(**tokenizer);
  fmt::print("{} tokens, {} nodes, longest {} bytes, made in {:.1f} ms\n", vocabulary->size(),
             vocabulary->trie().size(), vocabulary->trie().longest(), microseconds_since(begin) / 1000);
  for (const Case& item : cases()) {
    const auto start = Clock::now();
    Result<Grammar> grammar = item.compile(item.source);
    CHECK(grammar.has_value());
    fmt::print("\n{}: compiled in {:.0f} us\n", item.name, microseconds_since(start));
    const auto shared = std::make_shared<const TokenGrammar>(*std::move(grammar), vocabulary);
    for (const char* round : {"first answer", "later answers"}) {
      Times masks;
      Times accepts;
      for (uint32_t seed = 1; seed <= (std::string_view(round) == "first answer" ? 1u : 20u); ++seed) {
        Writer(shared, seed).run(200, masks, accepts);
      }
      masks.print(fmt::format("  mask, {}", round));
      accepts.print(fmt::format("  accept, {}", round));
    }
  }
  Times compiling;
  for (size_t i = 2; i < arguments.size(); ++i) {
    const Result<std::string> source = os::read_text_file(arguments[i]);
    CHECK(source.has_value());
    const auto start = Clock::now();
    const Result<Grammar> grammar = from_schema(*source);
    compiling.all.push_back(microseconds_since(start));
    if (!grammar) fmt::print("{}: {}\n", arguments[i], grammar.error().message);
  }
  compiling.print("compiling the schemas of the command line");
  return 0;
}

}  // namespace
}  // namespace shoal

int main(int count, char** values) {
  if (count < 2) {
    fmt::print(stderr, "usage: grammar_bench TOKENIZER.json [SCHEMA.json…]\n");
    return 2;
  }
  return shoal::run({values, values + count});
}
