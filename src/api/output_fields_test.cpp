#include "api/output_fields.h"

#include <gtest/gtest.h>

namespace shoal {
namespace {

struct Read {
  OutputFormat output;
  std::optional<ApiError> error;
};

Read read(const std::string& members) {
  const auto object = parse_request_object("{" + members + "}");
  EXPECT_TRUE(object) << members;
  Read read;
  RequestFields fields(*object, read.error);
  read.output = read_output(fields, read.error);
  return read;
}

const char* const example_schema = R"({"type":"integer"})";

TEST(OutputFields, ASchemaIsHeldInEveryServersSpelling) {
  const std::string schema = example_schema;
  const OutputFormat expected{.kind = OutputKind::json_schema, .source = schema};
  for (const std::string& members : std::vector<std::string>{
           R"("response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":)" +
               schema + "}}",
           R"("response_format":{"type":"json_schema","schema":)" + schema + "}",
           R"("response_format":{"type":"json_schema","value":{"name":"n","schema":)" + schema + "}}",
           R"("response_format":{"type":"json_object","schema":)" + schema + "}",
           R"("response_format":{"type":"json_object","value":)" + schema + "}",
           R"("response_format":{"type":"json","value":)" + schema + "}",
           R"("grammar":{"type":"json","value":)" + schema + "}", R"("json_schema":)" + schema,
           R"("json_schema":"{\"type\":\"integer\"}")",
           R"("json_schema":{"name":"n","schema":)" + schema + "}", R"("guided_json":)" + schema,
           R"("guided_json":"{\"type\": \"integer\"}")", R"("structured_outputs":{"json":)" + schema + "}",
           R"("format":)" + schema,
           R"("guided_json":)" + schema + R"(,"structured_outputs":{"json":)" + schema + "}"}) {
    const Read got = read(members);
    ASSERT_FALSE(got.error) << members << ": " << got.error->message;
    EXPECT_EQ(got.output, expected) << members << ": " << got.output.source;
  }
}

TEST(OutputFields, AnyObjectAPatternAChoiceAndAGrammarAreHeldToo) {
  const OutputFormat object{.kind = OutputKind::json_object, .source = ""};
  const OutputFormat regex{.kind = OutputKind::regex, .source = "[ab]+"};
  const OutputFormat grammar{.kind = OutputKind::gbnf, .source = "root ::= \"a\""};
  const OutputFormat choice{.kind = OutputKind::gbnf, .source = R"(root ::= "yes" | "\"no\"\\\n")"};
  for (const auto& [members, expected] : std::vector<std::pair<std::string, OutputFormat>>{
           {R"("response_format":{"type":"json_object"})", object},
           {R"("guided_json_object":true)", object},
           {R"("structured_outputs":{"json_object":true})", object},
           {R"("format":"json")", object},
           {R"("guided_regex":"[ab]+")", regex},
           {R"("regex":"[ab]+")", regex},
           {R"("structured_outputs":{"regex":"[ab]+"})", regex},
           {R"("grammar":{"type":"regex","value":"[ab]+"})", regex},
           {R"("response_format":{"type":"regex","pattern":"[ab]+"})", regex},
           {R"("grammar":"root ::= \"a\"")", grammar},
           {R"("guided_grammar":"root ::= \"a\"")", grammar},
           {R"("ebnf":"root ::= \"a\"")", grammar},
           {R"("structured_outputs":{"grammar":"root ::= \"a\""})", grammar},
           {R"("response_format":{"type":"grammar","grammar":"root ::= \"a\""})", grammar},
           {R"("guided_choice":["yes","\"no\"\\\n"])", choice},
           {R"("structured_outputs":{"choice":["yes","\"no\"\\\n"]})", choice}}) {
    const Read got = read(members);
    ASSERT_FALSE(got.error) << members << ": " << got.error->message;
    EXPECT_EQ(got.output, expected) << members << ": " << got.output.source;
  }
}

TEST(OutputFields, WhatAsksForNothingIsFreeText) {
  for (
      const char* members :
      {"", R"("response_format":{"type":"text"},"grammar":"","json_schema":null,"guided_json":null)",
       R"("format":"","guided_json_object":false,"structured_outputs":{},"regex":"","ebnf":null)",
       R"("structured_outputs":{"json":null,"disable_any_whitespace":true},"guided_decoding_backend":"xgrammar")"}) {
    const Read got = read(members);
    ASSERT_FALSE(got.error) << members << ": " << got.error->message;
    EXPECT_EQ(got.output.kind, OutputKind::free_text) << members;
  }
}

TEST(OutputFields, WhatCannotBeHeldIsNamed) {
  for (const auto& [members, param] : std::vector<std::pair<std::string, std::string>>{
           {R"("guided_json":"no schema")", "guided_json"},
           {R"("guided_json":5)", "guided_json"},
           {R"("json_schema":[])", "json_schema"},
           {R"("guided_regex":"(")", "guided_regex"},
           {R"("guided_regex":"^(?=.*a)b")", "guided_regex"},
           {R"("regex":5)", "regex"},
           {R"("guided_choice":[])", "guided_choice"},
           {R"("guided_choice":["a",5])", "guided_choice"},
           {R"("guided_choice":"a")", "guided_choice"},
           {R"("guided_grammar":"?start: \"a\"")", "guided_grammar"},
           {R"("ebnf":"x ::= y")", "ebnf"},
           {R"("format":"yaml")", "format"},
           {R"("format":7)", "format"},
           {R"("structured_outputs":{"structural_tag":"x"})", "structured_outputs.structural_tag"},
           {R"("structured_outputs":{"regex":"("})", "structured_outputs.regex"},
           {R"("structured_outputs":"x")", "structured_outputs"},
           {R"("response_format":{"type":"json_object","schema":{"$ref":"#/nowhere"}})",
            "response_format.schema"},
           {R"("response_format":{"type":"regex"})", "response_format.pattern"},
           {R"("response_format":{"type":"structural_tag"})", "response_format.type"},
           {R"("grammar":{"type":"lark"})", "grammar.type"},
           {R"("guided_regex":"a","response_format":{"type":"json_object"})", "guided_regex"},
           {R"("guided_regex":"a","guided_choice":["a"])", "guided_choice"},
           {R"("format":"json","json_schema":{"type":"integer"})", "format"}}) {
    const Read got = read(members);
    ASSERT_TRUE(got.error) << members;
    EXPECT_EQ(got.error->status, 400) << members;
    EXPECT_EQ(got.error->param, param) << members << ": " << got.error->message;
  }
}

}  // namespace
}  // namespace shoal
