#include "api/chat_request.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shoal {
namespace {

// A request that is right but for these members.
std::string with(const std::string& members) {
  return R"({"messages":[{"role":"user","content":"hi"}],)" + members + "}";
}

ApiError error_of(const std::string& body) {
  const auto request = parse_chat_request(body);
  return request ? ApiError{.status = 200, .message = "", .param = {}, .code = {}} : request.error();
}

TEST(ChatRequest, TakesEveryParameterThatWorks) {
  const auto request = parse_chat_request(with(
      R"("model":"tiny","temperature":0.5,"top_p":0.9,"min_p":0.05,"top_k":40,"repetition_penalty":1.1,
         "presence_penalty":-2,"frequency_penalty":2,"seed":-2,"n":3,"max_completion_tokens":7,"min_tokens":2,
         "ignore_eos":true,"stop":["a","b"],"logprobs":true,"top_logprobs":20,"logit_bias":{"12":-100,"13":1.5},
         "stream":true,"stream_options":{"include_usage":true},"user":"u","unknown":{"x":[1]},
         "tools":[],"tool_choice":"none","response_format":{"type":"text"},"modalities":["text"])"));
  ASSERT_TRUE(request) << request.error().message;
  const GenerationOptions& options = request->options;
  EXPECT_EQ(options.model, "tiny");
  EXPECT_EQ(options.settings.sampling.temperature, 0.5);
  EXPECT_EQ(options.settings.sampling.top_p, 0.9);
  EXPECT_EQ(options.settings.sampling.min_p, 0.05);
  EXPECT_EQ(options.settings.sampling.top_k, 40);
  EXPECT_EQ(options.settings.sampling.repetition_penalty, 1.1);
  EXPECT_EQ(options.settings.sampling.presence_penalty, -2);
  EXPECT_EQ(options.settings.sampling.frequency_penalty, 2);
  EXPECT_EQ(options.settings.sampling.logit_bias, (std::map<TokenId, double>{{12, -100}, {13, 1.5}}));
  EXPECT_EQ(options.settings.seed, ~uint64_t{1});
  EXPECT_EQ(options.settings.choice_count, 3u);
  EXPECT_EQ(options.settings.max_tokens, 7);
  EXPECT_EQ(options.settings.min_tokens, 2);
  EXPECT_TRUE(options.settings.ignore_end_tokens);
  EXPECT_EQ(options.settings.stop_strings, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(options.settings.top_logprobs, 20);
  EXPECT_TRUE(options.is_stream);
  EXPECT_TRUE(options.includes_usage);
}

TEST(ChatRequest, LeavesOpenWhatTheClientLeavesOpenOrGivesAsNull) {
  for (const std::string& members :
       {std::string(R"("stream":false)"),
        std::string(R"("model":null,"temperature":null,"stop":null,"seed":null,"max_tokens":null,"tools":null,
          "logprobs":null,"top_logprobs":null,"stream_options":null,"response_format":null,"logit_bias":null)")}) {
    const auto request = parse_chat_request(with(members));
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->options.model, std::nullopt);
    EXPECT_EQ(request->options.settings.sampling.temperature, std::nullopt);
    EXPECT_EQ(request->options.settings.seed, std::nullopt);
    EXPECT_EQ(request->options.settings.max_tokens, std::nullopt);
    EXPECT_EQ(request->options.settings.top_logprobs, std::nullopt);
    EXPECT_EQ(request->options.settings.choice_count, 1u);
    EXPECT_TRUE(request->options.settings.stop_strings.empty());
  }
}

TEST(ChatRequest, TakesTheFormsThatClientsInUseSend) {
  EXPECT_EQ(parse_chat_request(with(R"("stop":"x")"))->options.settings.stop_strings,
            std::vector<std::string>{"x"});
  EXPECT_EQ(parse_chat_request(with(R"("top_k":-1)"))->options.settings.sampling.top_k, 0);
  EXPECT_EQ(parse_chat_request(with(R"("max_tokens":5.0)"))->options.settings.max_tokens, 5);
  EXPECT_EQ(
      parse_chat_request(with(R"("max_tokens":5,"max_completion_tokens":5)"))->options.settings.max_tokens,
      5);
  EXPECT_EQ(parse_chat_request(with(R"("logprobs":true)"))->options.settings.top_logprobs, 0);
  for (const char* none : {R"("stop":"")", R"("stop":[])", R"("stop":null)", R"("stop":["",""])"}) {
    const auto request = parse_chat_request(with(none));
    ASSERT_TRUE(request) << none << request.error().message;
    EXPECT_TRUE(request->options.settings.stop_strings.empty()) << none;
  }
  EXPECT_EQ(parse_chat_request(with(R"("n":128)"))->options.settings.choice_count, 128u);
  EXPECT_EQ(parse_chat_request(with(R"("stop_token_ids":[2,7])"))->options.settings.stop_tokens,
            (std::vector<TokenId>{2, 7}));
  EXPECT_EQ(parse_chat_request(with(R"("repeat_penalty":1.5)"))->options.settings.sampling.repetition_penalty,
            1.5);
  EXPECT_EQ(parse_chat_request(with(R"("logprobs":false,"top_logprobs":0)"))->options.settings.top_logprobs,
            std::nullopt);
}

TEST(ChatRequest, TheLengthOfAnAnswerIsReadInEveryServersSpelling) {
  for (const char* name : {"max_tokens", "max_completion_tokens", "max_new_tokens", "max_output_tokens",
                           "n_predict", "num_predict"}) {
    const auto limit = [&](const std::string& value) {
      const auto request = parse_chat_request(with(fmt::format("\"{}\":{}", name, value)));
      EXPECT_TRUE(request) << name << value << request.error().message;
      return request->options.settings.max_tokens;
    };
    EXPECT_EQ(limit("7"), 7) << name;
    EXPECT_EQ(limit("0"), 0) << name << ": the prompt is read, and nothing is said";
    EXPECT_EQ(limit("-1"), std::nullopt) << name << ": as long as there is room";
    EXPECT_EQ(limit("null"), std::nullopt) << name;
  }
  const auto request = parse_chat_request(with(R"("options":{"num_predict":9,"seed":4},"seed":5)"));
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(request->options.settings.max_tokens, 9);
  EXPECT_EQ(request->options.settings.seed, 5u);
}

TEST(ChatRequest, ASeedIsAnyIntegerAndMinusOneIsNone) {
  const auto seed = [](const std::string& value) {
    const auto request = parse_chat_request(with("\"seed\":" + value));
    EXPECT_TRUE(request) << value << request.error().message;
    return request->options.settings.seed;
  };
  EXPECT_EQ(seed("-1"), std::nullopt);
  EXPECT_EQ(seed("0"), 0u);
  EXPECT_EQ(seed("-5"), ~uint64_t{4});
  EXPECT_EQ(seed("4294967295"), 4294967295u);
  EXPECT_EQ(seed("9223372036854775807"), 9223372036854775807u);
  EXPECT_EQ(seed("-9223372036854775808"), uint64_t{1} << 63);
  EXPECT_EQ(seed("9223372036854775808"), uint64_t{1} << 63);
  EXPECT_EQ(seed("18446744073709551615"), ~uint64_t{0});
}

TEST(ChatRequest, FunctionsAreToolsAsTheyWereWrittenBefore) {
  const auto request = parse_chat_request(R"({"functions":[{"name":"f","parameters":{"type":"object"}},
      {"name":"g"}],"function_call":{"name":"g"},"messages":[{"role":"user","content":"x"},
      {"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{\"a\":1}"}},
      {"role":"function","name":"f","content":"y"},
      {"role":"function","name":"never called","content":"z"}]})");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_TRUE(request->tools.are_functions);
  EXPECT_EQ(request->tools.use.choice, ToolChoice::named);
  EXPECT_EQ(request->tools.use.function, "g");
  EXPECT_FALSE(request->tools.use.is_parallel);
  EXPECT_EQ(format_json(Value(request->tools.tools)),
            R"([{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},)"
            R"({"type":"function","function":{"name":"g"}}])");
  EXPECT_EQ(format_json(Value(Value::Array(request->messages.begin() + 1, request->messages.end()))),
            R"([{"role":"assistant","content":"","tool_calls":[{"id":"messages[1]","type":"function",)"
            R"("function":{"name":"f","arguments":"{\"a\":1}"}}]},)"
            R"({"role":"tool","content":"y","name":"f","tool_call_id":"messages[1]"},)"
            R"({"role":"tool","content":"z","name":"never called","tool_call_id":"never called"}])");
  for (const auto& [members, choice] :
       std::vector<std::pair<std::string, ToolChoice>>{{"", ToolChoice::automatic},
                                                       {R"(,"function_call":"auto")", ToolChoice::automatic},
                                                       {R"(,"function_call":"none")", ToolChoice::none}}) {
    EXPECT_EQ(parse_chat_request(with(R"("functions":[{"name":"f"}])" + members))->tools.use.choice, choice);
  }
  EXPECT_FALSE(parse_chat_request(with(R"("functions":[],"function_call":"none")"))->tools.are_functions);
}

TEST(ChatRequest, AllowedToolsAreAsIfThereWereNoOthers) {
  const std::string tools = R"("tools":[{"type":"function","function":{"name":"f"}},
      {"type":"function","function":{"name":"g"}},{"type":"function","function":{"name":"h"}}],"tool_choice":)";
  const auto chosen = [&](const std::string& choice) {
    const auto request = parse_chat_request(with(tools + choice));
    EXPECT_TRUE(request) << choice << request.error().message;
    return request->tools;
  };
  const ChatTools automatic = chosen(R"({"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[
      {"type":"function","function":{"name":"h"}},{"type":"function","function":{"name":"f"}}]}})");
  EXPECT_EQ(automatic.use.choice, ToolChoice::automatic);
  EXPECT_EQ(format_json(Value(automatic.tools)), R"([{"type":"function","function":{"name":"f"}},)"
                                                 R"({"type":"function","function":{"name":"h"}}])");
  const ChatTools required = chosen(R"({"type":"allowed_tools","mode":"required","tools":[
      {"type":"function","name":"g"},{"type":"function","name":"h"}]})");
  EXPECT_EQ(required.use.choice, ToolChoice::required);
  EXPECT_EQ(required.tools.size(), 2u);
  EXPECT_EQ(required.use.functions, format_json(Value(required.tools)));
  const ChatTools one = chosen(R"({"type":"allowed_tools","mode":"required","tools":[
      {"type":"function","name":"g"}]})");
  EXPECT_EQ(one.use.choice, ToolChoice::named);
  EXPECT_EQ(one.use.function, "g");
  EXPECT_EQ(chosen(R"({"type":"function","name":"h"})").use.function, "h");
}

TEST(ChatRequest, MessagesTakeTheShapeOfTemplates) {
  const auto request = parse_chat_request(R"({"messages":[
      {"role":"developer","content":"be brief"},
      {"role":"user","name":"ann","content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]},
      {"role":"assistant"},
      {"role":"assistant","content":null,"tool_calls":[]},
      {"role":"assistant","content":[{"type":"refusal","refusal":"no"}]},
      {"role":"assistant","content":null,"refusal":"never"},
      {"role":"user","content":"grüße \ud83d\ude00"}]})");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(make_chat_context(*request, "unused"),
            R"({"messages":[{"role":"system","content":"be brief"},)"
            R"({"role":"user","content":"one\ntwo","name":"ann"},)"
            R"({"role":"assistant","content":""},{"role":"assistant","content":""},)"
            R"({"role":"assistant","content":"no"},{"role":"assistant","content":"never"},)"
            R"({"role":"user","content":"grüße 😀"}],"add_generation_prompt":true})");
}

TEST(ChatRequest, TheSystemPromptStandsWhereThereIsNoSystemMessage) {
  const auto request = parse_chat_request(R"({"messages":[{"role":"user","content":"hi"}]})");
  EXPECT_EQ(make_chat_context(*request, "be kind"),
            R"({"messages":[{"role":"system","content":"be kind"},{"role":"user","content":"hi"}],)"
            R"("add_generation_prompt":true})");
}

constexpr const char* example_tools = R"("tools":[{"type":"function","function":{"name":"f"}}])";

TEST(ChatRequest, ToolsAndHowTheyAreToBeUsedAreTaken) {
  const auto use_of = [](const std::string& members) {
    const auto request = parse_chat_request(with(members + (members.empty() ? "" : ",") + example_tools));
    return request ? request->tools.use
                   : ToolUse{.choice = ToolChoice::none, .function = request.error().message};
  };
  EXPECT_EQ(use_of(""), ToolUse{.choice = ToolChoice::automatic});
  EXPECT_EQ(use_of(R"("tool_choice":"auto")"), ToolUse{.choice = ToolChoice::automatic});
  const std::string functions = R"([{"type":"function","function":{"name":"f"}}])";
  EXPECT_EQ(
      use_of(R"("tool_choice":"required","parallel_tool_calls":false)"),
      (ToolUse{.choice = ToolChoice::named, .function = "f", .is_parallel = false, .functions = functions}))
      << "there is no other";
  const auto several = parse_chat_request(with(
      R"("tool_choice":"required","tools":[{"type":"function","function":{"name":"f"}},
                                           {"type":"function","function":{"name":"g"}}])"));
  ASSERT_TRUE(several) << several.error().message;
  EXPECT_EQ(several->tools.use.choice, ToolChoice::required);
  EXPECT_NE(several->tools.use.functions.find(R"("name":"g")"), std::string::npos);
  EXPECT_EQ(use_of(R"("tool_choice":{"type":"function","function":{"name":"f"}})"),
            (ToolUse{.choice = ToolChoice::named, .function = "f", .functions = functions}));
  EXPECT_EQ(use_of(R"("tool_choice":"none")"), ToolUse());
}

TEST(ChatRequest, StrictToolsAreToldToWhoeverHoldsTheAnswerToThem) {
  const auto functions_of = [](const std::string& members) {
    const auto request = parse_chat_request(with(members));
    return request ? request->tools.use.functions : request.error().message;
  };
  const std::string strict = R"([{"type":"function","function":{"name":"f","strict":true}}])";
  EXPECT_EQ(functions_of("\"tools\":" + strict), strict);
  EXPECT_EQ(functions_of(example_tools), "") << "nothing is held";
  EXPECT_NE(functions_of(std::string(example_tools) + R"(,"parallel_tool_calls":false)"), "");
  EXPECT_EQ(functions_of("\"tools\":" + strict + R"(,"tool_choice":"none")"), "");
  const std::string loose = R"("tool_choice":"required","tools":[{"type":"function","function":{"name":"f",)"
                            R"("parameters":{"uniqueItems":true}}}])";
  EXPECT_NE(functions_of(loose).find("uniqueItems"), std::string::npos) << "held to JSON only";
}

TEST(ChatRequest, TheTemplateSeesToolsUnlessNoneMayBeCalled) {
  const std::string tools = R"("tools":[{"type":"function","function":{"name":"f"}}])";
  const auto context = [](const std::string& members) {
    return make_chat_context(*parse_chat_request(with(members)), std::nullopt);
  };
  EXPECT_TRUE(context(tools).ends_with(R"("add_generation_prompt":true,)" + tools + "}")) << context(tools);
  EXPECT_EQ(context(tools + R"(,"tool_choice":"none")").find("tools"), std::string::npos);
}

TEST(ChatRequest, CallsAndTheirResultsTakeTheShapeOfTemplates) {
  const auto request = parse_chat_request(R"({"messages":[{"role":"user","content":"x"},
      {"role":"assistant","content":null,"reasoning_content":"hm","tool_calls":[
          {"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},
      {"role":"tool","tool_call_id":"1","content":[{"type":"text","text":"y"}]}]})");
  ASSERT_TRUE(request) << request.error().message;
  EXPECT_EQ(format_json(Value(Value::Array(request->messages.begin() + 1, request->messages.end()))),
            R"([{"role":"assistant","content":"","reasoning_content":"hm","tool_calls":[)"
            R"({"id":"1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]},)"
            R"({"role":"tool","content":"y","tool_call_id":"1","name":"f"}])");
}

TEST(ChatRequest, ABodyThatIsNoObjectIsRefused) {
  for (const char* body : {"", "{", "[]", "null", "42", "\"text\"", "{} x", "{\"a\":}", "{'a':1}", "\xff\xfe",
                           "{\"messages\":[{\"role\":\"user\",\"content\":\"\xc3\"}]}",
                           R"({"messages":[{"role":"user","content":"\ud800"}]})"}) {
    const ApiError error = error_of(body);
    EXPECT_EQ(error.status, 400) << body;
    EXPECT_EQ(error.code, "invalid_json") << body << ": " << error.message;
  }
  const std::string deep = "{\"messages\":" + std::string(100000, '[') + std::string(100000, ']') + "}";
  EXPECT_EQ(error_of(deep).code, "invalid_json");
}

struct BadField {
  const char* members;
  const char* param;
  const char* message_has;  // the value, or what is allowed
};

TEST(ChatRequest, AWrongFieldIsNamedWithItsValueAndWhatIsAllowed) {
  const std::vector<BadField> fields{
      {R"("temperature":2.1)", "temperature", "from 0 to 2, not 2.1"},
      {R"("temperature":-0.5)", "temperature", "not -0.5"},
      {R"("temperature":"hot")", "temperature", "not \"hot\""},
      {R"("temperature":1e400)", "temperature", "from 0 to 2, not 1e400"},
      {R"("top_k":18446744073709551616)", "top_k", "not 18446744073709551616"},
      {R"("top_p":1.5)", "top_p", "from 0 to 1"},
      {R"("top_p":[0.5])", "top_p", "an array of 1"},
      {R"("min_p":-1)", "min_p", "from 0 to 1"},
      {R"("top_k":-2)", "top_k", "from -1 to"},
      {R"("top_k":1.5)", "top_k", "integer"},
      {R"("repetition_penalty":0)", "repetition_penalty", "greater than 0 and at most 10"},
      {R"("presence_penalty":2.5)", "presence_penalty", "from -2 to 2"},
      {R"("frequency_penalty":-3)", "frequency_penalty", "from -2 to 2"},
      {R"("n":0)", "n", "from 1 to 128, not 0"},
      {R"("user":5)", "user", "a string, not 5"},
      {R"("service_tier":[])", "service_tier", "a string"},
      {R"("store":"yes")", "store", "true or false"},
      {R"("metadata":"x")", "metadata", "an object"},
      {R"("n":129)", "n", "129"},
      {R"("n":true)", "n", "not true"},
      {R"("seed":"x")", "seed", "integer"},
      {R"("seed":99999999999999999999)", "seed", "integer"},
      {R"("max_tokens":-5)", "max_tokens", "from -1, not -5"},
      {R"("max_new_tokens":"many")", "max_new_tokens", "integer"},
      {R"("max_new_tokens":7,"max_tokens":8)", "max_new_tokens", "same as max_tokens (8)"},
      {R"("options":{"num_predict":-7})", "num_predict", "integer"},
      {R"("repeat_penalty":0)", "repeat_penalty", "greater than 0"},
      {R"("stop_token_ids":[1,-1])", "stop_token_ids", "one is -1"},
      {R"("stop_token_ids":"x")", "stop_token_ids", "array"},
      {R"("max_tokens":"many")", "max_tokens", "\"many\""},
      {R"("max_completion_tokens":1.5)", "max_completion_tokens", "integer"},
      {R"("max_tokens":5,"max_completion_tokens":6)", "max_completion_tokens", "same as max_tokens (5)"},
      {R"("max_tokens":5,"min_tokens":6)", "min_tokens", "at most max_tokens (5)"},
      {R"("min_tokens":-1)", "min_tokens", "from 0"},
      {R"("ignore_eos":1)", "ignore_eos", "true or false"},
      {R"("stream":"yes")", "stream", "true or false"},
      {R"("stream_options":{"include_usage":true})", "stream_options", "stream: true"},
      {R"("stream":true,"stream_options":[])", "stream_options", "object"},
      {R"("stream":true,"stream_options":{"include_usage":"x"})", "stream_options.include_usage",
       "true or false"},
      {R"("stop":5)", "stop", "string"},
      {R"("stop":["a",7])", "stop", "one is 7"},
      {R"("stop":["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"])", "stop",
       "16"},
      {R"("logprobs":2)", "logprobs", "true or false"},
      {R"("logprobs":true,"top_logprobs":21)", "top_logprobs", "from 0 to 20, not 21"},
      {R"("top_logprobs":2)", "top_logprobs", "logprobs: true"},
      {R"("logit_bias":[1])", "logit_bias", "object"},
      {R"("logit_bias":{"x":1})", "logit_bias", "\"x\" is not a token id"},
      {R"("logit_bias":{"-1":1})", "logit_bias", "\"-1\""},
      {R"("logit_bias":{"99999999999":1})", "logit_bias", "99999999999"},
      {R"("logit_bias":{"5":101})", "logit_bias.5", "from -100 to 100, not 101"},
      {R"("logit_bias":{"5":"x"})", "logit_bias.5", "not \"x\""},
      {R"("model":7)", "model", "string"},
      {R"("tools":"x")", "tools", "array"},
      {R"("tools":[5])", "tools[0]", "object"},
      {R"("tools":[{"type":"retrieval"}])", "tools[0].type", "\"function\""},
      {R"("tools":[{"type":"function"}])", "tools[0].function", "object"},
      {R"("tools":[{"type":"function","function":{"name":"two words"}}])", "tools[0].function.name",
       "two words"},
      {R"("tools":[{"type":"function","function":{"name":"f","parameters":[]}}])",
       "tools[0].function.parameters", "object"},
      {R"("tools":[{"type":"function","function":{"name":"f","strict":1}}])", "tools[0].function.strict",
       "true or false"},
      {R"("tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object",
          "properties":{"a":{"type":"array","uniqueItems":true}}}}}])",
       "tools[0].function.parameters", "\"uniqueItems\" at #/properties/a: is not supported"},
      {R"("tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"f"}}])",
       "tools", "\"f\" is there twice"},
      {R"("tool_choice":"any")", "tool_choice", "\"required\""},
      {R"("tool_choice":"required")", "tool_choice", "together with tools"},
      {R"("tool_choice":{"type":"function","function":{"name":"g"}},
          "tools":[{"type":"function","function":{"name":"f"}}])",
       "tool_choice.function.name", "one of the tools"},
      {R"("parallel_tool_calls":1)", "parallel_tool_calls", "true or false"},
      {R"("tool_choice":{"type":"allowed_tools"},"tools":[{"type":"function","function":{"name":"f"}}])",
       "tool_choice.tools", "at least one tool"},
      {R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"any","tools":[]}})",
       "tool_choice.allowed_tools.mode", "\"required\""},
      {R"("tool_choice":{"type":"allowed_tools","allowed_tools":{"tools":[{"type":"function",
          "function":{"name":"g"}}]}},"tools":[{"type":"function","function":{"name":"f"}}])",
       "tool_choice.allowed_tools.tools[0].function.name", "one of the tools"},
      {R"("functions":"x")", "functions", "array"},
      {R"("functions":[5])", "functions[0]", "object"},
      {R"("functions":[{}])", "functions[0].name", "name of a function"},
      {R"("functions":[{"name":"f","parameters":5}])", "functions[0].parameters", "object"},
      {R"("functions":[{"name":"f"},{"name":"f"}])", "functions", "\"f\" is there twice"},
      {R"("functions":[{"name":"f"}],"tools":[{"type":"function","function":{"name":"f"}}])", "functions",
       "together with tools"},
      {R"("functions":[{"name":"f"}],"function_call":"any")", "function_call", "\"auto\""},
      {R"("functions":[{"name":"f"}],"function_call":{"name":"x"})", "function_call.name", "not \"x\""},
      {R"("function_call":{"name":"x"})", "function_call.name", "one of the tools"},
      {R"("response_format":{"type":"yaml"})", "response_format.type", "json_object"},
      {R"("response_format":{"type":"json_schema","json_schema":{}})", "response_format.json_schema",
       "an object with a schema"},
      {R"("response_format":{"type":"json_schema","json_schema":{"schema":{"uniqueItems":true}}})",
       "response_format.json_schema.schema", "\"uniqueItems\" at #: is not supported"},
      {R"("response_format":{"type":"json_object"},"grammar":"root ::= \"a\"")", "response_format",
       "grammar"},
      {R"("grammar":"root ::= other")", "grammar", "rule other is used but not defined"},
      {R"("grammar":{})", "grammar", "string"},
      {R"("response_format":"json")", "response_format", "object"},
      {R"("modalities":["text","audio"])", "modalities", "not supported yet"},
      {R"("images":["data:"])", "images", "not supported yet"},
      {R"("audio":{})", "audio", "not supported yet"},
  };
  for (const BadField& field : fields) {
    const ApiError error = error_of(with(field.members));
    EXPECT_EQ(error.status, 400) << field.members;
    EXPECT_EQ(error.param.value_or(""), field.param) << field.members << ": " << error.message;
    EXPECT_NE(error.message.find(field.message_has), std::string::npos) << error.message;
  }
}

TEST(ChatRequest, AWrongMessageIsNamedByItsPlace) {
  const auto content = [](const std::string& parts) {
    return R"({"messages":[{"role":"user","content":"a"},{"role":"user","content":)" + parts + "}]}";
  };
  const std::vector<std::pair<std::string, std::string>> bodies{
      {R"({})", "messages"},
      {R"({"messages":[]})", "messages"},
      {R"({"messages":"hi"})", "messages"},
      {R"({"messages":{"role":"user"}})", "messages"},
      {R"({"messages":[5]})", "messages[0]"},
      {R"({"messages":[{"content":"x"}]})", "messages[0].role"},
      {R"({"messages":[{"role":7,"content":"x"}]})", "messages[0].role"},
      {R"({"messages":[{"role":"robot","content":"x"}]})", "messages[0].role"},
      {R"({"messages":[{"role":"function","content":"x"}]})", "messages[0].name"},
      {R"({"messages":[{"role":"assistant","function_call":"x"}]})", "messages[0].function_call"},
      {R"({"messages":[{"role":"assistant","function_call":{"arguments":"{}"}}]})",
       "messages[0].function_call.name"},
      {R"({"messages":[{"role":"assistant","content":[{"type":"refusal","text":"x"}]}]})",
       "messages[0].content[0].refusal"},
      {R"({"messages":[{"role":"tool","content":"x"}]})", "messages[0].tool_call_id"},
      {R"({"messages":[{"role":"tool","tool_call_id":"x"}]})", "messages[0].content"},
      {R"({"messages":[{"role":"user"}]})", "messages[0].content"},
      {R"({"messages":[{"role":"user","content":null}]})", "messages[0].content"},
      {R"({"messages":[{"role":"assistant","content":5}]})", "messages[0].content"},
      {R"({"messages":[{"role":"assistant","tool_calls":[{"id":"1"}]}]})",
       "messages[0].tool_calls[0].function"},
      {R"({"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]}]})",
       "messages[0].tool_calls[0].id"},
      {R"({"messages":[{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":5}}]}]})",
       "messages[0].tool_calls[0].function.arguments"},
      {R"({"messages":[{"role":"user","content":"x","name":5}]})", "messages[0].name"},
      {content(R"(["text"])"), "messages[1].content[0]"},
      {content(R"([{"type":"text"}])"), "messages[1].content[0].text"},
      {content(R"([{"type":"text","text":5}])"), "messages[1].content[0].text"},
      {content(R"([{"text":"x"}])"), "messages[1].content[0].type"},
      {content(R"([{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"data:"}}])"),
       "messages[1].content[1].type"},
      {content(R"([{"type":"input_audio"}])"), "messages[1].content[0].type"},
  };
  for (const auto& [body, param] : bodies) {
    const ApiError error = error_of(body);
    EXPECT_EQ(error.status, 400) << body;
    EXPECT_EQ(error.param, param) << body << ": " << error.message;
  }
  EXPECT_NE(error_of(content(R"([{"type":"image_url"}])")).message.find("images are not supported yet"),
            std::string::npos);
}

TEST(ChatRequest, ALongValueIsCutInTheMessageBetweenCharacters) {
  std::string value;
  for (int i = 0; i < 1000; ++i) value += "ü";
  const ApiError error = error_of(with("\"temperature\":\"" + value + "\""));
  EXPECT_LT(error.message.size(), 250u);
  EXPECT_TRUE(error.message.ends_with("ü…")) << error.message;
}

}  // namespace
}  // namespace shoal
