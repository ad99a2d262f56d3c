// Reads calls as Python writes them (Llama's pythonic notation, LFM2), from after the opening bracket.
#pragma once

#include <set>
#include <string>

#include "answers/call_reader.h"

namespace shoal {

class PythonCallReader final : public CallReader {
 public:
  PythonCallReader(const PythonNotation& notation, const ToolSet& tools)
      : notation_(notation), tools_(tools) {}

  ReadStep add(char byte, CallSink& sink) override;
  // A call with an open bracket is never whole: its last argument might go on.
  bool end(int64_t, TextEnd, CallSink&) override { return false; }

 private:
  enum class At : uint8_t { start, name, key_or_end, key, value, after_call };

  ReadStep add_to_name(char byte, CallSink& sink);
  ReadStep add_to_key(char byte);
  ReadStep add_to_value(char byte, CallSink& sink);
  ReadStep end_value(char byte, CallSink& sink);
  ReadStep end_call(CallSink& sink);
  ReadStep go(At at);

  const PythonNotation notation_;
  const ToolSet& tools_;
  At at_ = At::start;
  std::string name_;
  std::string key_;
  std::set<std::string> keys_;  // keys of the call so far
  std::string value_;
  bool has_call_ = false;
  std::string open_;  // brackets that are open inside the value
  char quote_ = '\0';
  bool is_escaped_ = false;
};

}  // namespace shoal
