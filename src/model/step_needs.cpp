#include "model/step_needs.h"

#include <algorithm>

namespace shoal {

StepNeeds& StepNeeds::operator+=(const StepNeeds& other) {
  row_bytes = std::max(row_bytes, other.row_bytes);
  member_floats = std::max(member_floats, other.member_floats);
  input_columns = std::max(input_columns, other.input_columns);
  phases += other.phases;
  kv_page_bytes += other.kv_page_bytes;
  return *this;
}

int64_t scratch_row_bytes(int64_t columns) {
  constexpr int64_t cache_line = 64;
  return (columns * int64_t{sizeof(float)} + cache_line - 1) / cache_line * cache_line;
}

}  // namespace shoal
