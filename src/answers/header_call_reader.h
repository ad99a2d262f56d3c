// Reads calls written as a name, some words and a JSON object: Mistral since v11, DeepSeek, Kimi-K2.
#pragma once

#include <optional>
#include <string>

#include "answers/call_reader.h"
#include "answers/json_scanner.h"

namespace shoal {

struct CallHeader {
  std::string_view name;
  std::string_view id;
};

class HeaderCallReader final : public CallReader {
 public:
  explicit HeaderCallReader(const HeaderNotation& notation) : notation_(notation) {}

  ReadStep add(char byte, CallSink& sink) override;
  // Ends a call that has a complete header and no arguments, with {} as its arguments.
  bool end(int64_t mark_bytes, TextEnd how, CallSink& sink) override;

  // Parses the text before the arguments' brace; nullopt when it is no header.
  static std::optional<CallHeader> parse_header(const HeaderNotation& notation, std::string_view header);

 private:
  const HeaderNotation notation_;
  std::string header_;
  bool has_begun_ = false;
  JsonScanner scanner_;
};

}  // namespace shoal
