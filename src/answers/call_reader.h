// Reads calls in one notation, byte by byte, from behind the marker that opens them. There is one reader for
// each kind of notation; which one a model needs is said by call_format.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "answers/tool_set.h"

namespace shoal {

// What a reader finds. The arguments of a call are the text of one JSON object.
class CallSink {
 public:
  virtual ~CallSink() = default;
  // `id` is empty where the notation has none.
  virtual void begin_call(std::string_view name, std::string_view id) = 0;
  virtual void add_arguments(std::string_view json) = 0;
  virtual void end_call() = 0;
};

// How an answer came to its end: the model, or a stop string, ended it, or its tokens ran out.
enum class TextEnd : uint8_t { whole, cut };

enum class ReadStep : uint8_t {
  more,
  done,   // with this byte; after an end_call()
  wrong,  // this is no call, or the one that has begun is malformed
};

class CallReader {
 public:
  virtual ~CallReader() = default;
  virtual ReadStep add(char byte, CallSink& sink) = 0;
  // The text has ended, or calls do with the last `mark_bytes` that were added: true where what came in front
  // of them is a call that lacks nothing but what closes it; it is ended then.
  virtual bool end(int64_t mark_bytes, TextEnd how, CallSink& sink) = 0;
};

// Notations without a marker of their own look like many texts: there only tools that exist are called.
enum class NameRule : uint8_t { any, known };

// {"name": …, "arguments": {…}} or a list of such objects; also "parameters", also the arguments as a string.
struct JsonNotation {
  NameRule names = NameRule::any;
};
// NAME, some words, {…}.
struct HeaderNotation {
  std::string_view before_name;  // "function<｜tool▁sep｜>"; must be there
  std::string_view after_name;   // must be there unless is_after_name_optional
  bool is_after_name_optional = false;
  std::string_view fence;          // may stand in front of the arguments: "```json"
  std::string_view namespace_dot;  // "functions." in front of a name is no part of it, ":3" behind it neither
  std::string_view before_id;      // "[CALL_ID]"
};
// Tags around each parameter; the values are texts that the tool's schema tells the types of.
struct TagNotation {
  std::string_view before_name;  // "<function=", or nothing
  std::string_view after_name;   // ">"; nothing: the name ends at the next tag
  std::string_view before_key, after_key;
  std::string_view before_value;  // nothing where the value follows the key's tag
  std::string_view after_value;
  std::string_view after_call;
  std::string_view after_section;  // what usually follows after_call
  bool has_lines = false;          // a value has a line break in front and behind that is no part of it
  bool has_python_values = false;  // lists and such are written as Python does, not as JSON
};
// What ends a value whose own end is missing: the next parameter on a line of its own, or the call's end with
// what usually follows it.
std::vector<std::string> value_ends_of(const TagNotation& notation);

// f(a=1, b="x"), g() and a closing bracket: Python's.
struct PythonNotation {
  NameRule names = NameRule::known;
};

using CallNotation = std::variant<JsonNotation, HeaderNotation, TagNotation, PythonNotation>;

// The tools outlive the reader.
std::unique_ptr<CallReader> make_call_reader(const CallNotation& notation, const ToolSet& tools);

// One word that can be a function's name, not overlong.
bool is_call_name(std::string_view name);

}  // namespace shoal
