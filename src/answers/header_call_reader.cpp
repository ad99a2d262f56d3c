#include "answers/header_call_reader.h"

#include "json/white_space.h"

namespace shoal {
namespace {

constexpr size_t maximum_header_bytes = 512;

// For "functions.math.add:3" the name is "math.add", and the whole is the call's id.
CallHeader without_namespace(std::string_view full, std::string_view namespace_dot) {
  CallHeader header{.name = full, .id = full};
  if (header.name.starts_with(namespace_dot)) header.name.remove_prefix(namespace_dot.size());
  const size_t colon = header.name.rfind(':');
  const bool has_number = colon != std::string_view::npos && colon + 1 < header.name.size() &&
                          header.name.find_first_not_of("0123456789", colon + 1) == std::string_view::npos;
  if (has_number) {
    header.name = header.name.substr(0, colon);
  } else {
    header.id = {};
  }
  return header;
}

}  // namespace

std::optional<CallHeader> HeaderCallReader::parse_header(const HeaderNotation& notation,
                                                         std::string_view header) {
  header = trim_white_space(header);
  if (!header.starts_with(notation.before_name)) return std::nullopt;
  header.remove_prefix(notation.before_name.size());
  std::string_view rest;
  if (const size_t end = header.find(notation.after_name); end != std::string_view::npos) {
    rest = trim_white_space(header.substr(end + notation.after_name.size()));
    header = header.substr(0, end);
  } else if (!notation.is_after_name_optional) {
    return std::nullopt;
  }
  if (!rest.empty() && rest != notation.fence) return std::nullopt;
  CallHeader found{.name = trim_white_space(header), .id = {}};
  if (!notation.namespace_dot.empty()) found = without_namespace(found.name, notation.namespace_dot);
  if (!notation.before_id.empty()) {
    if (const size_t mark = found.name.find(notation.before_id); mark != std::string_view::npos) {
      found.id = found.name.substr(mark + notation.before_id.size());
      found.name = found.name.substr(0, mark);
    }
  }
  if (!is_call_name(found.name) || (!found.id.empty() && !is_call_name(found.id))) return std::nullopt;
  return found;
}

ReadStep HeaderCallReader::add(char byte, CallSink& sink) {
  if (!has_begun_ && byte != '{') {
    header_.push_back(byte);
    return header_.size() > maximum_header_bytes ? ReadStep::wrong : ReadStep::more;
  }
  if (!has_begun_) {
    const std::optional<CallHeader> header = parse_header(notation_, header_);
    if (!header) return ReadStep::wrong;
    has_begun_ = true;
    sink.begin_call(header->name, header->id);
  }
  const JsonStep step = scanner_.add(byte);
  if (step == JsonStep::wrong) return ReadStep::wrong;
  sink.add_arguments(scanner_.written());
  if (step == JsonStep::more) return ReadStep::more;
  sink.end_call();
  return ReadStep::done;
}

bool HeaderCallReader::end(int64_t mark_bytes, TextEnd how, CallSink& sink) {
  if (has_begun_ || how == TextEnd::cut) return false;
  std::string_view text =
      std::string_view(header_).substr(0, header_.size() - static_cast<size_t>(mark_bytes));
  const bool has_name_end = text.find(notation_.after_name) != std::string_view::npos;
  const std::optional<CallHeader> header = parse_header(notation_, text);
  if (!header || (mark_bytes == 0 && !has_name_end)) return false;
  sink.begin_call(header->name, header->id);
  sink.add_arguments("{}");
  sink.end_call();
  return true;
}

}  // namespace shoal
