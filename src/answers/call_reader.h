// Reads calls in one notation, byte by byte, from after the marker that opens them. Each kind of notation has
// a reader; call_format.h says which one a model needs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "answers/tool_set.h"

namespace shoal {

// Receives what a reader finds. The arguments of a call are the text of one JSON object.
class CallSink {
 public:
  virtual ~CallSink() = default;
  // `id` is empty when the notation has none.
  virtual void begin_call(std::string_view name, std::string_view id) = 0;
  virtual void add_arguments(std::string_view json) = 0;
  virtual void end_call() = 0;
};

// How the text ended: the model or a stop string ended it, or the tokens ran out.
enum class TextEnd : uint8_t { whole, cut };

enum class ReadStep : uint8_t {
  more,
  done,   // ended with this byte, after an end_call()
  wrong,  // this is no call, or the begun call is malformed
};

class CallReader {
 public:
  virtual ~CallReader() = default;
  virtual ReadStep add(char byte, CallSink& sink) = 0;
  // Called when the text has ended, or when the last `mark_bytes` bytes may end the calls. True when the
  // bytes before the mark are a call that lacks only its closing; the call is then ended.
  virtual bool end(int64_t mark_bytes, TextEnd how, CallSink& sink) = 0;
};

// Notations without a marker look like many other texts, so there only known tools count as called.
enum class NameRule : uint8_t { any, known };

// {"name": …, "arguments": {…}} or a list of such objects; also with "parameters", or the arguments as a
// string.
struct JsonNotation {
  NameRule names = NameRule::any;
};
// A name, some words, and the arguments as {…}.
struct HeaderNotation {
  std::string_view before_name;  // "function<｜tool▁sep｜>"; must be there
  std::string_view after_name;   // must be there unless is_after_name_optional
  bool is_after_name_optional = false;
  std::string_view fence;          // may come before the arguments: "```json"
  std::string_view namespace_dot;  // "functions." before a name and ":3" after it are not part of it
  std::string_view before_id;      // "[CALL_ID]"
};
// Tags around each parameter; the tool's schema gives the types of the bare values.
struct TagNotation {
  std::string_view before_name;  // "<function="; empty: none
  std::string_view after_name;   // ">"; empty: the name ends at the next tag
  std::string_view before_key, after_key;
  std::string_view before_value;  // empty: the value follows the key's tag
  std::string_view after_value;
  std::string_view after_call;
  std::string_view after_section;  // what usually follows after_call
  bool has_lines = false;          // a line break before and after a value is not part of it
  bool has_python_values = false;  // lists and the like are written as in Python, not as JSON
};
// What ends a value that lacks its own end: the next parameter on a line of its own, or the call's end with
// what usually follows it.
std::vector<std::string> value_ends_of(const TagNotation& notation);

// Python's notation: f(a=1, b="x"), g() and a closing bracket.
struct PythonNotation {
  NameRule names = NameRule::known;
};

using CallNotation = std::variant<JsonNotation, HeaderNotation, TagNotation, PythonNotation>;

// The tools must outlive the reader.
std::unique_ptr<CallReader> make_call_reader(const CallNotation& notation, const ToolSet& tools);

// Whether `name` is one word that can be a function's name, and not too long.
bool is_call_name(std::string_view name);

}  // namespace shoal
