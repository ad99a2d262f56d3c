// Reads calls written as JSON objects: Hermes and Qwen, Llama 3.1, Mistral until v7, Granite, Phi-4-mini,
// Nemotron.
#pragma once

#include <string>

#include "answers/call_reader.h"
#include "answers/json_scanner.h"

namespace shoal {

class JsonCallReader final : public CallReader {
 public:
  JsonCallReader(const JsonNotation& notation, const ToolSet& tools) : notation_(notation), tools_(tools) {}

  ReadStep add(char byte, CallSink& sink) override;
  bool end(int64_t mark_bytes, TextEnd how, CallSink& sink) override;

 private:
  enum class At : uint8_t { start, item, key, in_key, colon, value, after_value, after_item, second_brace };
  enum class Member : uint8_t { name, arguments, other };

  ReadStep begin_object();
  ReadStep add_to_key(char byte);
  ReadStep add_to_value(char byte, CallSink& sink);
  ReadStep end_value(CallSink& sink);
  ReadStep end_name(CallSink& sink);
  void begin_call(CallSink& sink);
  ReadStep end_arguments(CallSink& sink);
  ReadStep after_value(char byte, CallSink& sink);
  ReadStep end_object(CallSink& sink);
  ReadStep go(At at);

  const JsonNotation notation_;
  const ToolSet& tools_;
  At at_ = At::start;
  bool is_list_ = false;
  bool is_doubled_ = false;  // {{…}}, as the templates of some Qwen models show calls
  // The state of the object that is being read.
  bool is_first_key_ = false;
  std::string name_;
  bool has_begun_ = false;
  bool has_arguments_ = false;
  std::string early_arguments_;  // arguments that came before the name
  Member member_ = Member::other;
  JsonScanner scanner_;
  std::string source_;  // source of the key or value, unless it is passed on as it comes
};

}  // namespace shoal
