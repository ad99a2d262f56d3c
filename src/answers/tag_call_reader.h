// Reads calls with tags around each parameter: Qwen3-Coder, GLM, MiniMax. The values are bare texts; the
// tool's schema gives their types.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "answers/call_reader.h"
#include "tokens/stop_matcher.h"

namespace shoal {

class TagCallReader final : public CallReader {
 public:
  TagCallReader(const TagNotation& notation, const ToolSet& tools);

  ReadStep add(char byte, CallSink& sink) override;
  bool end(int64_t mark_bytes, TextEnd how, CallSink& sink) override;

 private:
  enum class At : uint8_t { before_name, name, between, key, before_value, value };

  // Skips white space and takes one of the alternatives; `found` is set when it is complete.
  ReadStep expect(char byte, const std::vector<std::string_view>& alternatives, std::string_view& found);
  ReadStep add_to_name(char byte, CallSink& sink);
  ReadStep add_between(char byte, CallSink& sink);
  ReadStep add_to_key(char byte);
  ReadStep begin_value();
  ReadStep end_call(CallSink& sink);
  ReadStep add_to_value(char byte, CallSink& sink);
  void begin_parameter(CallSink& sink);
  void write_text(CallSink& sink);
  void end_value(CallSink& sink);
  ReadStep go(At at);

  const TagNotation notation_;
  const ToolSet& tools_;
  At at_;
  std::string seen_;  // the alternatives' bytes so far
  std::string name_;
  std::string key_;
  std::set<std::string> keys_;  // keys of the parameters so far
  bool is_repeated_ = false;    // this parameter's key has come before
  StopMatcher value_end_;
  std::string value_;  // of a text value, the part not passed on yet
  bool is_text_ = false;
  bool has_written_ = false;  // the value's beginning was passed on
};

}  // namespace shoal
