// Questions of the Berkeley function calling leaderboard with their tools and right calls; for tests only.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "answers/tool_set.h"
#include "base/os.h"
#include "base/test_data_for_test.h"
#include "json/value.h"

namespace shoal {

struct BfclCall {
  std::string name;
  Value arguments;
};
struct BfclCase {
  std::string question;
  Value tools;  // as the API takes them
  std::vector<BfclCall> calls;
};

// Renames the types in BFCL's schemas, which are Python's.
inline Value standard_schema(const Value& schema) {
  if (schema.array() != nullptr) {
    Value::Array items;
    for (const Value& item : *schema.array()) items.push_back(standard_schema(item));
    return items;
  }
  if (schema.object() == nullptr) return schema;
  Value::Object members;
  for (const auto& [name, value] : *schema.object()) {
    const std::string* type = name == "type" ? value.text() : nullptr;
    if (type == nullptr) {
      members.emplace_back(name, standard_schema(value));
    } else if (*type == "dict") {
      members.emplace_back(name, "object");
    } else if (*type == "float") {
      members.emplace_back(name, "number");
    } else if (*type == "tuple") {
      members.emplace_back(name, "array");
    } else if (*type != "any") {
      members.emplace_back(name, value);
    }
  }
  return members;
}

inline std::vector<Value> read_json_lines(const std::string& file) {
  const Result<std::string> text = os::read_text_file(test_data_path("prompts/bfcl/" + file));
  std::vector<Value> lines;
  if (!text) return lines;
  for (size_t at = 0; at < text->size();) {
    const size_t end = std::min(text->find('\n', at), text->size());
    if (end > at) lines.push_back(*parse_json(text->substr(at, end - at)));
    at = end + 1;
  }
  return lines;
}

// The first right value of each argument; "" means that the argument is left out.
inline Value first_choice(const Value& choices) {
  Value::Object arguments;
  for (const auto& [name, values] : *choices.object()) {
    if (values.array() == nullptr || values.array()->empty()) continue;
    const Value& value = values.array()->front();
    if (value.text() == nullptr || !value.text()->empty()) arguments.emplace_back(name, value);
  }
  return arguments;
}

// Whether all values have the types of their schemas; tags around bare values cannot express others.
inline bool fits_schema(const ToolSet& tools, const BfclCall& call) {
  for (const auto& [name, value] : *call.arguments.object()) {
    const ParameterKind wanted = value.text() != nullptr ? ParameterKind::text : ParameterKind::other;
    if (tools.kind_of(call.name, name) != wanted) return false;
  }
  return true;
}

inline void read_bfcl_file(const std::string& file, size_t count, std::vector<BfclCase>& cases) {
  const std::vector<Value> questions = read_json_lines(file);
  const std::vector<Value> answers = read_json_lines("possible_answer/" + file);
  for (size_t i = 0; i < std::min(questions.size(), answers.size()) && count > 0; ++i) {
    BfclCase found;
    found.question =
        *questions[i].find("question")->array()->front().array()->front().find("content")->text();
    Value::Array tools;
    for (const Value& function : *questions[i].find("function")->array()) {
      tools.push_back(Value::Object{{"type", "function"}, {"function", standard_schema(function)}});
    }
    found.tools = std::move(tools);
    for (const Value& call : *answers[i].find("ground_truth")->array()) {
      const auto& [name, choices] = call.object()->front();
      found.calls.push_back({.name = name, .arguments = first_choice(choices)});
    }
    const ToolSet set(found.tools);
    if (!std::ranges::all_of(found.calls, [&](const BfclCall& call) { return fits_schema(set, call); }))
      continue;
    cases.push_back(std::move(found));
    --count;
  }
}

// 120 questions with one right call and 40 with several, over 200 calls; none when the data is missing.
inline std::vector<BfclCase> read_bfcl_cases() {
  std::vector<BfclCase> cases;
  read_bfcl_file("BFCL_v4_simple_python.json", 60, cases);
  read_bfcl_file("BFCL_v4_multiple.json", 60, cases);
  read_bfcl_file("BFCL_v4_parallel.json", 20, cases);
  read_bfcl_file("BFCL_v4_parallel_multiple.json", 20, cases);
  return cases;
}

}  // namespace shoal
