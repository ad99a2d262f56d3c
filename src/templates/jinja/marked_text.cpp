#include "templates/jinja/marked_text.h"

#include <algorithm>

#include "base/utf8.h"

namespace shoal::jinja {

MarkedText MarkedText::of_template(std::string bytes) {
  MarkedText text;
  text.bytes_ = std::move(bytes);
  return text;
}

MarkedText MarkedText::of_input(std::string bytes) {
  MarkedText text = of_template(std::move(bytes));
  if (!text.empty()) text.input_.push_back({0, text.size()});
  return text;
}

MarkedText MarkedText::made_of(const MarkedText& source, std::string bytes) {
  return source.any_input() ? of_input(std::move(bytes)) : of_template(std::move(bytes));
}

void MarkedText::append(const MarkedText& other) {
  const int64_t offset = size();
  for (const TextRange& range : other.input_) {
    if (!input_.empty() && input_.back().end == offset + range.begin) {
      input_.back().end = offset + range.end;
    } else {
      input_.push_back({offset + range.begin, offset + range.end});
    }
  }
  bytes_ += other.bytes_;
}

MarkedText MarkedText::slice(int64_t begin, int64_t end) const {
  MarkedText part;
  part.safe_ = safe_;
  begin = std::clamp<int64_t>(begin, 0, size());
  end = std::clamp<int64_t>(end, begin, size());
  part.bytes_ = bytes_.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
  const auto first = std::ranges::partition_point(input_, [&](const TextRange& r) { return r.end <= begin; });
  for (auto range = first; range != input_.end() && range->begin < end; ++range) {
    part.input_.push_back({std::max(range->begin, begin) - begin, std::min(range->end, end) - begin});
  }
  return part;
}

int64_t MarkedText::character_count() const { return count_code_points(bytes_); }

int64_t MarkedText::byte_offset(int64_t character) const {
  if (is_ascii(bytes_)) return std::min(character, size());
  int64_t offset = 0;
  for (int64_t i = 0; i < character && offset < size(); ++i)
    offset += utf8_length(bytes_[static_cast<size_t>(offset)]);
  return offset;
}

}  // namespace shoal::jinja
