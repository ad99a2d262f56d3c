#include "grammar/json_schema.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/os.h"
#include "grammar/unpacked_schemas_for_test.h"
#include "grammar/written_values_for_test.h"
#include "tokens/golden_files_for_test.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;

bool schema_accepts(std::string_view schema, std::string_view text) {
  const Result<Grammar> grammar = compile_json_schema(json(schema));
  EXPECT_TRUE(grammar) << schema << ": " << (grammar ? "" : grammar.error().message);
  return grammar && accepts_text(*grammar, text);
}

std::string schema_error(std::string_view schema) {
  const Result<Grammar> grammar = compile_json_schema(json(schema));
  return grammar ? "" : grammar.error().message;
}

// One test of the suite: whether the grammar accepts some way to write the instance.
struct Verdict {
  std::string what;
  bool expected;
  bool actual;
};

struct SuiteResult {
  std::vector<Verdict> verdicts;
  int64_t supported = 0;
  std::map<std::string, int64_t> refused;  // by file
};

void judge(const fs::path& file, SuiteResult& result) {
  const Value groups = json(*os::read_text_file(file));
  for (const Value& group : *groups.array()) {
    const std::string name = file.filename().string() + ": " + *group.find("description")->text();
    const Result<Grammar> grammar = compile_json_schema(*group.find("schema"));
    const bool has_no_value = !grammar && grammar.error().message == "no value satisfies the schema";
    if (!grammar && !has_no_value) {
      EXPECT_TRUE(grammar.error().message.find('"') != std::string::npos ||
                  grammar.error().message.find("multipleOf") == 0 ||
                  grammar.error().message.find("states") != std::string::npos)
          << name << ": " << grammar.error().message;
      ++result.refused[file.filename().string()];
      continue;
    }
    ++result.supported;
    for (const Value& test : *group.find("tests")->array()) {
      result.verdicts.push_back({.what = name + ": " + *test.find("description")->text(),
                                 .expected = *test.find("valid")->boolean(),
                                 .actual = grammar && accepts_value(*grammar, *test.find("data"))});
    }
  }
}

TEST(JsonSchema, JudgesTheSuitesInstancesAsTheSuiteDoes) {
  const UnpackedSchemas suite("JSON-Schema-Test-Suite_draft2020-12.tar.gz");
  if (!suite.is_there()) GTEST_SKIP() << "the suite";
  SuiteResult result;
  for (const auto& entry : fs::directory_iterator(suite.folder() / "tests/draft2020-12")) {
    // The suite's main part takes formats as remarks, but we hold to them; and a $schema that switches
    // keywords off has no effect here.
    const bool is_other =
        entry.path().filename() == "format.json" || entry.path().filename() == "vocabulary.json";
    if (entry.path().extension() == ".json" && !is_other) judge(entry.path(), result);
  }
  for (const Verdict& verdict : result.verdicts) EXPECT_EQ(verdict.actual, verdict.expected) << verdict.what;
  EXPECT_GE(result.supported, 220);
  EXPECT_GE(result.verdicts.size(), 700u);
  for (const char* whole :
       {"allOf.json", "anyOf.json", "const.json", "enum.json", "items.json", "required.json",
        "properties.json", "patternProperties.json", "propertyNames.json", "type.json"}) {
    EXPECT_EQ(result.refused[whole], 0) << whole;
  }
}

TEST(JsonSchema, LetsNothingThroughThatAFormatDoesNotHave) {
  const UnpackedSchemas suite("JSON-Schema-Test-Suite_draft2020-12.tar.gz");
  if (!suite.is_there()) GTEST_SKIP() << "the suite";
  SuiteResult result;
  for (const char* format :
       {"date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"}) {
    judge(suite.folder() / "tests/draft2020-12/optional/format" / (std::string(format) + ".json"), result);
  }
  int64_t accepted = 0;
  int64_t valid = 0;
  for (const Verdict& verdict : result.verdicts) {
    // Not all texts of a format need be allowed, such as leap seconds or addresses with comments.
    EXPECT_TRUE(verdict.expected || !verdict.actual) << verdict.what;
    valid += verdict.expected ? 1 : 0;
    accepted += verdict.expected && verdict.actual ? 1 : 0;
  }
  EXPECT_GE(accepted * 10, valid * 7) << accepted << " of " << valid;
}

TEST(JsonSchema, CompilesEveryFunctionSchema) {
  const UnpackedSchemas functions("jsonschemabench_Glaiveai2K.tar.gz");
  if (!functions.is_there()) GTEST_SKIP() << "the function schemas";
  int64_t count = 0;
  for (const auto& entry : fs::directory_iterator(functions.folder() / "data/Glaiveai2K")) {
    const Value schema = json(*os::read_text_file(entry.path()));
    const Result<Grammar> grammar = compile_json_schema(schema);
    EXPECT_TRUE(grammar) << entry.path() << ": " << (grammar ? "" : grammar.error().message);
    ++count;
  }
  EXPECT_GT(count, 1700);
}

TEST(JsonSchema, WritesMembersInTheOrderOfTheSchema) {
  constexpr std::string_view example_schema =
      R"({"type":"object","properties":{"b":{"type":"integer"},"a":{"type":"string"}},"required":["a"]})";
  EXPECT_TRUE(schema_accepts(example_schema, R"({"b":1,"a":"x"})"));
  EXPECT_TRUE(schema_accepts(example_schema, R"({"a":"x"})"));
  EXPECT_TRUE(schema_accepts(example_schema, R"({"b":1,"a":"x","c":[null]})"));
  EXPECT_FALSE(schema_accepts(example_schema, R"({"a":"x","b":1})"));
  EXPECT_FALSE(schema_accepts(example_schema, R"({"b":1})"));
  EXPECT_FALSE(schema_accepts(example_schema, R"({"a":"x","a":"y"})"));
  EXPECT_FALSE(schema_accepts(example_schema, R"({"a":"x","\u0061":"y"})"));
}

TEST(JsonSchema, AllowsTheSpacesOfUsualWriters) {
  constexpr std::string_view example_schema =
      R"({"type":"object","properties":{"a":{"type":"array","items":{"type":"object"}}},
                                          "required":["a"]})";
  EXPECT_TRUE(schema_accepts(example_schema, R"({"a":[{"b":1},{}]})"));
  EXPECT_TRUE(schema_accepts(example_schema, R"({"a": [{"b": 1}, {}]})"));
  EXPECT_TRUE(schema_accepts(example_schema, "{\n  \"a\": [\n    {\n      \"b\": 1\n    },\n    {}\n  ]\n}"));
  EXPECT_FALSE(schema_accepts(example_schema, "{\n\n\"a\":[]}"));
  EXPECT_FALSE(schema_accepts(example_schema, "{\"a\":[]} "));
}

TEST(JsonSchema, CountsTheCharactersOfStringsAndNotTheirBytes) {
  constexpr std::string_view example_schema = R"({"type":"string","minLength":2,"maxLength":3})";
  EXPECT_TRUE(schema_accepts(example_schema, "\"äö\""));
  EXPECT_TRUE(schema_accepts(example_schema, R"("\ud83d\ude00\n\u00e4")"));
  EXPECT_FALSE(schema_accepts(example_schema, R"("\ud83d\ude00")"));
  EXPECT_FALSE(schema_accepts(example_schema, "\"abcd\""));
  EXPECT_FALSE(schema_accepts(example_schema, R"("\ud83d")"));
  EXPECT_FALSE(schema_accepts(example_schema, "\"\xC3\""));
}

TEST(JsonSchema, HoldsNumbersToTheirLimits) {
  for (const auto& [schema, good, bad] :
       std::vector<std::tuple<std::string, std::vector<std::string>, std::vector<std::string>>>{
           {R"({"type":"integer","minimum":-12,"maximum":105})",
            {"-12", "-9", "0", "99", "105"},
            {"-13", "-20", "106", "1000", "1.5", "01"}},
           {R"({"type":"number","exclusiveMinimum":1.25,"maximum":3.5})",
            {"1.26", "1.251", "2", "3.5", "3.50", "3.4999"},
            {"1.25", "1.250", "1.2", "3.51", "3.6", "4", "0", "-2", "1."}},
           {R"({"type":"number","minimum":0,"exclusiveMaximum":1})",
            {"0", "0.0", "0.999"},
            {"-0.1", "1", "1.0"}},
           {R"({"type":"number","maximum":-0.5})", {"-0.5", "-0.51", "-3"}, {"-0.49", "0", "0.5", "-0"}},
           {R"({"type":"integer","multipleOf":7,"minimum":1})", {"7", "14", "7000"}, {"0", "1", "8", "-7"}},
           {R"({"type":"number","multipleOf":0.01})", {"1", "1.5", "-2.25"}, {"1.255"}},
           {R"({"type":"number","multipleOf":0.5})", {"1", "1.5", "-2.0", "7.50"}, {"1.25", "0.1"}},
           {R"({"type":"number","multipleOf":0.25})", {"1", "1.5", "-2.75", "7.000"}, {"1.3", "0.255"}},
           {R"({"type":"number","multipleOf":0.2})", {"0.2", "1.80"}, {"0.3", "0.21"}},
           {R"({"type":"number","multipleOf":0.05})", {"0.1", "1.25", "3.0"}, {"0.12", "0.055"}},
           {R"({"type":"number","minimum":-1e308,"maximum":1e300})", {"-1", "0", "1.5"}, {}},
           {R"({"type":"integer","maximum":18446744073709551615})", {"-1", "9223372036854775807"}, {"1.5"}},
           {R"({"type":"number","minimum":1e18})", {"1000000000000000000"}, {"999999999999999999"}}}) {
    for (const std::string& text : good) EXPECT_TRUE(schema_accepts(schema, text)) << schema << " " << text;
    for (const std::string& text : bad) EXPECT_FALSE(schema_accepts(schema, text)) << schema << " " << text;
  }
}

TEST(JsonSchema, NumbersBeyond64BitsKeepTheirDigits) {
  for (const auto& [schema, good, bad] :
       std::vector<std::tuple<std::string, std::vector<std::string>, std::vector<std::string>>>{
           {R"({"const":18446744073709551615})",
            {"18446744073709551615"},
            {"18446744073709551616", "1.8446744073709552e+19"}},
           {R"({"enum":[9007199254740993,-100000000000000000000]})",
            {"9007199254740993", "-100000000000000000000"},
            {"9007199254740992", "-1e+20"}},
           {R"({"enum":[1.10,3.14159265358979323846]})",
            {"1.10", "3.14159265358979323846"},
            {"3.141592653589793"}},
           {R"({"const":1e400})", {"1e400"}, {"null"}},
           {R"({"allOf":[{"enum":[9007199254740993,1]},{"enum":[9007199254740992,1.0]}]})",
            {"1"},
            {"9007199254740993", "9007199254740992"}},
           {R"({"enum":[18446744073709551615,18446744073709551616],"maximum":18446744073709551615})",
            {"18446744073709551615"},
            {"18446744073709551616"}},
           {R"({"enum":[1e-7,1.0,2],"exclusiveMaximum":1})", {"1e-7"}, {"1", "2"}},
           {R"({"type":"integer","minimum":9223372036854775808,"maximum":9223372036854775817})",
            {"9223372036854775808", "9223372036854775811", "9223372036854775817"},
            {"9223372036854775807", "9223372036854775818", "0", "-9223372036854775810",
             "922337203685477581"}},
           {R"({"type":"integer","minimum":100000000000000000001,"maximum":100000000000000000003})",
            {"100000000000000000002"},
            {"100000000000000000000", "100000000000000000004", "99999999999999999999"}},
           {R"({"type":"integer","exclusiveMinimum":99999999999999999999})",
            {"100000000000000000000"},
            {"99999999999999999999", "1"}},
           {R"({"type":"integer","maximum":-9223372036854775809})",
            {"-9223372036854775809", "-9300000000000000000"},
            {"-9223372036854775808", "0"}},
           {R"({"type":"number","minimum":1e30})",
            {"1000000000000000000000000000000", "1000000000000000000000000000000.5"},
            {"999999999999999999999999999999"}}}) {
    for (const std::string& text : good) EXPECT_TRUE(schema_accepts(schema, text)) << schema << " " << text;
    for (const std::string& text : bad) EXPECT_FALSE(schema_accepts(schema, text)) << schema << " " << text;
  }
}

TEST(JsonSchema, ReadsTheListsOfItemsOfOlderDrafts) {
  constexpr std::string_view pair_schema =
      R"({"type":"array","items":[{"type":"integer"},{"type":"string"}],"minItems":2,"maxItems":2})";
  EXPECT_TRUE(schema_accepts(pair_schema, R"([1,"a"])"));
  EXPECT_FALSE(schema_accepts(pair_schema, R"(["a",1])"));
  constexpr std::string_view closed =
      R"({"type":"array","items":[{"type":"integer"}],"additionalItems":false})";
  EXPECT_TRUE(schema_accepts(closed, "[1]"));
  EXPECT_FALSE(schema_accepts(closed, "[1,2]"));
  constexpr std::string_view open =
      R"({"type":"array","items":[{"type":"integer"}],"additionalItems":{"type":"string"}})";
  EXPECT_TRUE(schema_accepts(open, R"([1,"a","b"])"));
  EXPECT_FALSE(schema_accepts(open, "[1,2]"));
  // additionalItems has no effect beside a schema for all items.
  EXPECT_TRUE(
      schema_accepts(R"({"type":"array","items":{"type":"integer"},"additionalItems":false})", "[1,2]"));
}

TEST(JsonSchema, LooksAheadAtTheBeginningOfAPattern) {
  constexpr std::string_view password = R"({"type":"string","pattern":"^(?=.*[A-Z])(?=.*\\d).{4,}$"})";
  for (const std::string_view text : {"abC1", "1Cxx", "C11111"})
    EXPECT_TRUE(schema_accepts(password, fmt::format("\"{}\"", text))) << text;
  for (const std::string_view text : {"abc1", "ABCD", "C1", ""})
    EXPECT_FALSE(schema_accepts(password, fmt::format("\"{}\"", text))) << text;
  // zod writes this for an email address.
  constexpr std::string_view email =
      R"({"type":"string","format":"email","pattern":"^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_'+\\-\\.]*)[A-Za-z0-9_+-]@)"
      R"(([A-Za-z0-9][A-Za-z0-9\\-]*\\.)+[A-Za-z]{2,}$"})";
  EXPECT_TRUE(schema_accepts(email, R"("a.b@c.de")"));
  EXPECT_FALSE(schema_accepts(email, R"(".a@c.de")"));
  EXPECT_FALSE(schema_accepts(email, R"("a..b@c.de")"));
  constexpr std::string_view not_schema = R"-({"type":"string","not":{"pattern":"^(?!a)"}})-";
  EXPECT_TRUE(schema_accepts(not_schema, R"("ab")"));
  EXPECT_FALSE(schema_accepts(not_schema, R"("b")"));
}

TEST(JsonSchema, CountsTheCharactersOfStringsWithPatterns) {
  constexpr std::string_view name_schema =
      R"({"type":"string","pattern":"^[a-z]+$","minLength":2,"maxLength":255})";
  EXPECT_TRUE(schema_accepts(name_schema, '"' + std::string(255, 'x') + '"'));
  EXPECT_FALSE(schema_accepts(name_schema, '"' + std::string(256, 'x') + '"'));
  EXPECT_FALSE(schema_accepts(name_schema, R"("x")"));
  constexpr std::string_view any_string = R"({"type":"string","pattern":"ä","minLength":2,"maxLength":3})";
  EXPECT_TRUE(schema_accepts(any_string, R"("日ä")"));
  EXPECT_TRUE(schema_accepts(any_string, R"("\nä\"")"));
  EXPECT_FALSE(schema_accepts(any_string, R"("ä")"));
  EXPECT_FALSE(schema_accepts(any_string, R"("日本語ä")"));
  constexpr std::string_view long_string = R"({"type":"string","pattern":"^x*$","minLength":3})";
  EXPECT_TRUE(schema_accepts(long_string, '"' + std::string(5000, 'x') + '"'));
  EXPECT_FALSE(schema_accepts(long_string, R"("xx")"));
}

TEST(JsonSchema, WritesShorterTextsWhereLongOnesTakeTooManyStates) {
  constexpr std::string_view email = R"({"type":"string","format":"email","maxLength":254})";
  EXPECT_TRUE(schema_accepts(email, R"("ada@example.org")"));
  EXPECT_FALSE(schema_accepts(email, '"' + std::string(250, 'x') + R"(@a.de")"));
  constexpr std::string_view word_values = R"({"type":"string","pattern":"^\\S+( \\S+)*$","maxLength":5000})";
  EXPECT_TRUE(schema_accepts(word_values, R"("some words")"));
  EXPECT_FALSE(schema_accepts(word_values, R"("some ")"));
}

TEST(JsonSchema, NamesTheKeywordThatItCannotHold) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"type":"array","uniqueItems":true})", "\"uniqueItems\" at #: is not supported"},
      {R"({"properties":{"a":{"type":"list"}}})", "\"type\" at #/properties/a: \"list\" is no type"},
      {R"({"$ref":"http://x/y"})", "\"$ref\" at #: \"http://x/y\" leads out of the schema"},
      {R"({"$ref":"#/$defs/a"})", "\"$ref\" at #: there is no \"#/$defs/a\""},
      {R"-({"type":"string","pattern":"(?=a)"})-",
       "\"pattern\" at #: pattern \"(?=a)\": look-around is supported right behind a ^ at the beginning only "
       "at byte 2"},
      {R"-({"type":"string","pattern":"^(?=a)b|c"})-",
       "\"pattern\" at #: pattern \"^(?=a)b|c\": look-around beside other alternatives is not supported at "
       "byte 9"},
      {R"({"properties":{"a":{"type":"string","pattern":"^[a-z]+$","minLength":4000}}})",
       "\"minLength\" at #/properties/a: over 2000 is not supported together with a pattern, a format or "
       "other "
       "names"},
      {R"({"type":"number","multipleOf":0.3})",
       "\"multipleOf\" at #: 0.3 is not supported, only whole numbers from 1 to 1000, 0.5, 0.25, 0.2, 0.05 "
       "and 0.1, "
       "0.01, …"},
      {R"({"type":"number","minimum":1e-30})",
       "\"minimum\" at #: 1e-30 is too fine for numbers with 20 digits behind the point"},
      {R"({"type":"string","minLength":-1})", "\"minLength\" at #: must be an integer of at least 0"},
      {R"({"unevaluatedProperties":false})", "\"unevaluatedProperties\" at #: is not supported"},
      {R"({"type":"array","maxItems":3000})", "\"maxItems\" at #: over 2000 is not supported"},
      {R"({"allOf":[{"type":"string"},{"type":"null"}]})", "no value satisfies the schema"},
      {R"({"type":"number","minimum":1e300})", "no value satisfies the schema"},
      {R"({"required":["a"],"properties":{"a":false},"type":"object"})", "no value satisfies the schema"},
  };
  for (const auto& [schema, message] : cases) EXPECT_EQ(schema_error(schema), message) << schema;
}

TEST(JsonSchema, RefusesAReferenceThatLeadsOnlyToItself) {
  for (const auto& [schema, place] : std::vector<std::pair<std::string, std::string>>{
           {R"({"$ref":"#"})", "#"},
           {R"({"type":"string","$ref":"#"})", "#"},
           {R"({"properties":{"a":{"$ref":"#/properties/a"}}})", "#/properties/a"},
           {R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}})",
            "#/$defs/b"},
           {R"({"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/c"},
               "c":{"allOf":[{"$ref":"#/$defs/a"}]}}})",
            "#/$defs/c/allOf/0"},
           {R"({"allOf":[{"$ref":"#"}]})", "#/allOf/0"},
           {R"({"anyOf":[{"type":"string"},{"$ref":"#"}]})", "#/anyOf/1"},
           {R"({"oneOf":[{"$ref":"#"},{"type":"null"}]})", "#/oneOf/0"},
           {R"({"not":{"$ref":"#"}})", "#/not"},
           {R"({"if":{"type":"object"},"then":{"$ref":"#"}})", "#/then"},
           {R"({"items":{"$anchor":"x","$ref":"#x"}})", "#/items"}}) {
    EXPECT_EQ(schema_error(schema), "\"$ref\" at " + place + ": leads only to itself") << schema;
  }
  // These references lead to a part of the value each time, or to the same schema from two sides.
  EXPECT_TRUE(schema_accepts(R"({"type":"object","properties":{"a":{"$ref":"#"}}})", R"({"a":{"a":{}}})"));
  EXPECT_TRUE(
      schema_accepts(R"({"type":"array","items":{"anyOf":[{"$ref":"#"},{"type":"null"}]}})", "[[null],[]]"));
  EXPECT_TRUE(schema_accepts(
      R"({"allOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"type":"null"}}})", "null"));
  // Nothing uses this definition.
  EXPECT_TRUE(schema_accepts(R"({"type":"null","$defs":{"a":{"$ref":"#/$defs/a"}}})", "null"));
}

TEST(JsonSchema, ReadsTheExclusiveLimitsOfOlderDrafts) {
  constexpr std::string_view above = R"({"type":"integer","minimum":3,"exclusiveMinimum":true})";
  EXPECT_FALSE(schema_accepts(above, "3"));
  EXPECT_TRUE(schema_accepts(above, "4"));
  constexpr std::string_view within =
      R"({"type":"number","minimum":0,"exclusiveMinimum":false,"maximum":1,"exclusiveMaximum":true})";
  EXPECT_TRUE(schema_accepts(within, "0"));
  EXPECT_TRUE(schema_accepts(within, "0.99"));
  EXPECT_FALSE(schema_accepts(within, "1"));
  EXPECT_FALSE(schema_accepts(within, "1.0"));
  constexpr std::string_view not_schema = R"({"type":"integer","not":{"maximum":3,"exclusiveMaximum":true}})";
  EXPECT_TRUE(schema_accepts(not_schema, "3"));
  EXPECT_FALSE(schema_accepts(not_schema, "2"));
  EXPECT_TRUE(schema_accepts(R"({"type":"integer","exclusiveMinimum":true})", "-5"));
}

bool accepts_arguments(std::string_view schema, std::string_view text) {
  const Result<Grammar> grammar = compile_arguments(json(schema), nullptr, Holding::what_can_be);
  EXPECT_TRUE(grammar) << schema << ": " << (grammar ? "" : grammar.error().message);
  return grammar && accepts_text(*grammar, text);
}

TEST(Arguments, AreHeldToWhatCanBeHeldOfTheirSchema) {
  // Leaving these keywords out does not change that "n" is required and an integer of at least 1.
  for (const std::string odd :
       {R"({"type":"array","items":{"type":"string"},"uniqueItems":true})",
        R"-({"type":"array","items":{"type":"string","pattern":"(a)\\1"}})-",
        R"({"type":"array","items":{"type":"string"},"maxContains":1,"unevaluatedItems":false})",
        R"({"type":"array","items":{"allOf":[{"type":"string"},{"$ref":"http://x/y"}]}})",
        R"({"type":"array","items":{"type":"string","minLength":"2"},"minItems":-1})",
        R"({"type":"array","items":{"type":"string","not":{"pattern":"(?<=a)b"}}})",
        R"({"type":"array","items":{"type":"string","oneOf":[{"pattern":"(a)\\1"},{"minLength":0}]}})",
        R"({"type":"array","items":{"type":"string"},"if":{"uniqueItems":true},"then":{"minItems":1}})"}) {
    const std::string schema = R"({"type":"object","properties":{"n":{"type":"integer","minimum":1},"x":)" +
                               odd + R"(},"required":["n","x"]})";
    EXPECT_TRUE(accepts_arguments(schema, R"({"n":1,"x":["a","a"]})")) << odd;
    EXPECT_TRUE(accepts_arguments(schema, R"({"n":1,"x":[]})")) << odd;
    EXPECT_FALSE(accepts_arguments(schema, R"({"n":0,"x":["a"]})")) << odd;
    EXPECT_FALSE(accepts_arguments(schema, R"({"n":1,"x":[1]})")) << odd;
    EXPECT_FALSE(accepts_arguments(schema, R"({"n":1})")) << odd;
    EXPECT_FALSE(accepts_arguments(schema, R"({"x":["a"]})")) << odd;
    EXPECT_FALSE(accepts_arguments(schema, R"({"n":1,"x":["a"],"y":1})")) << odd;
    EXPECT_FALSE(compile_arguments(json(schema), nullptr, Holding::whole)) << odd;
  }
}

TEST(Arguments, KeepTheNamesOfASchemaThatIsTooMuch) {
  std::string huge =
      R"({"type":"object","required":["n"],"properties":{"n":{"type":"integer"},"x":{"allOf":[)";
  for (int i = 0; i < 40; ++i)
    huge += fmt::format(R"({{"anyOf":[{{"required":["a{}"]}},{{"required":["b"]}}]}},)", i);
  huge += "{}]}}}";
  EXPECT_FALSE(compile_arguments(json(huge), nullptr, Holding::whole));
  EXPECT_TRUE(accepts_arguments(huge, R"({"n":1,"x":[]})"));
  EXPECT_FALSE(accepts_arguments(huge, R"({"n":"1","x":[]})"));
  EXPECT_FALSE(accepts_arguments(huge, R"({"x":[]})"));
}

TEST(Arguments, AreAnObjectWhateverTheSchemaSays) {
  for (const std::string_view schema : {"{}", R"({"type":"array","uniqueItems":true})", R"({"type":"list"})",
                                        R"({"properties":"none"})", R"({"required":"a"})"}) {
    EXPECT_TRUE(accepts_arguments(schema, R"({"a":1})")) << schema;
    EXPECT_FALSE(accepts_arguments(schema, "[]")) << schema;
  }
}

TEST(Arguments, AreRefusedWhereTheSchemaLeadsOnlyToItself) {
  for (const Holding holding : {Holding::whole, Holding::what_can_be}) {
    const Result<Grammar> grammar = compile_arguments(
        json(R"({"type":"object","properties":{"a":{"$ref":"#/properties/a"}}})"), nullptr, holding);
    ASSERT_FALSE(grammar);
    EXPECT_EQ(grammar.error().message, "\"$ref\" at #/properties/a: leads only to itself");
  }
}

TEST(JsonSchema, SurvivesListsOfExcludedValuesThatAreNone) {
  EXPECT_EQ(schema_error(R"({"not":{"enum":"x"}})"), R"("not" at #: "enum" must be an array)");
  EXPECT_TRUE(schema_accepts(R"({"type":"string","shoal:notEnum":"x"})", R"("x")"));
  EXPECT_TRUE(schema_accepts(R"({"type":"integer","shoal:notEnum":5})", "5"));
}

TEST(JsonSchema, RefusesWhatWouldTakeTooLong) {
  std::string many = R"({"allOf":[)";
  for (int i = 0; i < 40; ++i)
    many += R"({"anyOf":[{"required":["a)" + std::to_string(i) + R"("]},{"required":["b"]}]},)";
  many += "{}]}";
  EXPECT_NE(schema_error(many), "");
  EXPECT_NE(schema_error(R"-({"type":"string","pattern":"((a{1,1000}){1,1000}){1,1000}"})-"), "");
  EXPECT_NE(schema_error(R"({"type":"string","pattern":"(a|b)*a(a|b){20}"})"), "");
  EXPECT_NE(schema_error(R"({"type":"array","minItems":2000,"items":{"type":"array","minItems":2000000}})"),
            "");
  EXPECT_NE(schema_error(R"({"type":"object","required":["a"],"properties":{"a":{"$ref":"#"}}})"), "");
}

}  // namespace
}  // namespace shoal
