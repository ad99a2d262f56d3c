#include "client/event_stream.h"

namespace shoal {
namespace {

// The text behind the field's colon, without the one space that may stand there.
std::string_view value_of(std::string_view line, size_t colon) {
  line.remove_prefix(colon + 1);
  if (line.starts_with(' ')) line.remove_prefix(1);
  return line;
}

}  // namespace

Result<void> EventStream::feed(std::string_view bytes,
                               const std::function<Result<void>(std::string_view)>& on_data,
                               const std::function<void(std::string_view)>& on_comment) {
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (line_.size() + part.size() > maximum_line) {
      return fail(ErrorCode::corrupt_data, "the stream has a line without an end");
    }
    line_ += part;
    if (end == std::string_view::npos) return {};
    bytes.remove_prefix(end + 1);
    std::string line = std::move(line_);
    line_.clear();
    if (line.ends_with('\r')) line.pop_back();
    if (line.starts_with(':')) {
      on_comment(value_of(line, 0));
    } else if (line.starts_with("data:")) {
      if (auto taken = on_data(value_of(line, 4)); !taken) return taken;
    }
  }
  return {};
}

}  // namespace shoal
