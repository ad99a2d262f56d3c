// Reads JSON and the shared tokenizer goldens; for tests only.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/os.h"
#include "base/test_data_for_test.h"
#include "json/value.h"
#include "tokens/normalizer.h"
#include "tokens/tokenizer.h"

namespace shoal {

inline Value json(std::string_view text) {
  Result<Value> value = parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : Value();
}

inline std::vector<std::string> split_text(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  for (size_t at = 0;;) {
    const size_t end = text.find(separator, at);
    parts.push_back(text.substr(at, end - at));
    if (end == std::string::npos) return parts;
    at = end + separator.size();
  }
}

inline std::vector<TokenId> ids_of(const Value& list) {
  std::vector<TokenId> ids;
  for (const Value& id : *list.array()) ids.push_back(static_cast<TokenId>(*id.integer()));
  return ids;
}

// The numbers in a text, whatever is between them.
inline std::vector<TokenId> ids_of(const std::string& text) {
  std::vector<TokenId> ids;
  for (size_t at = 0; at < text.size();) {
    size_t length = 0;
    if (text[at] < '0' || text[at] > '9') {
      ++at;
      continue;
    }
    ids.push_back(std::stoi(text.substr(at), &length));
    at += length;
  }
  return ids;
}

struct GoldenText {
  std::string text;
  std::vector<TokenId> ids;
};

// kitoken's small inputs: a text on each line, with \n and \s for a newline and a space, and a line of ids
// for each.
inline std::vector<GoldenText> read_kitoken_lines(const std::string& tokens) {
  const auto folder = test_data_path("tokenizers/kitoken/golden");
  const Result<std::string> texts = os::read_text_file(folder / "small_input.txt");
  const Result<std::string> ids = os::read_text_file(folder / tokens);
  std::vector<GoldenText> goldens;
  if (!texts || !ids) return goldens;
  const std::vector<std::string> id_lines = split_text(*ids, "\n");
  const std::vector<std::string> text_lines = split_text(*texts, "\n");
  for (size_t i = 0; i < std::min(id_lines.size(), text_lines.size()); ++i) {
    const std::string text = replace_all(replace_all(text_lines[i], "\\n", "\n"), "\\s", " ");
    goldens.push_back({text, ids_of(id_lines[i])});
  }
  return goldens;
}

// kitoken's long input: a whole file as one text.
inline std::vector<GoldenText> read_kitoken_file(const std::string& tokens) {
  const auto folder = test_data_path("tokenizers/kitoken/golden");
  const Result<std::string> text = os::read_text_file(folder / "utf8_input.txt");
  const Result<std::string> ids = os::read_text_file(folder / tokens);
  if (!text || !ids) return {};
  return {{*text, ids_of(*ids)}};
}

// llama.cpp's inputs: texts between lines of "__ggml_vocab_test__", and a line of ids for each.
inline std::vector<GoldenText> read_llama_cpp_goldens(const std::string& vocabulary) {
  const std::string path =
      test_data_path("tokenizers/llama.cpp-vocab/ggml-vocab-" + vocabulary + ".gguf").string();
  const Result<std::string> texts = os::read_text_file(path + ".inp");
  const Result<std::string> ids = os::read_text_file(path + ".out");
  std::vector<GoldenText> goldens;
  if (!texts || !ids) return goldens;
  const std::vector<std::string> text_parts = split_text(*texts, "\n__ggml_vocab_test__\n");
  const std::vector<std::string> id_lines = split_text(*ids, "\n");
  for (size_t i = 0; i < std::min(id_lines.size(), text_parts.size()); ++i) {
    goldens.push_back({text_parts[i], ids_of(id_lines[i])});
  }
  return goldens;
}

}  // namespace shoal
