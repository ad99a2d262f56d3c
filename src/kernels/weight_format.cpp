#include "kernels/weight_format.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "kernels/formats/stored_format.h"

namespace shoal {

std::string_view format_name(const WeightFormat& format) {
  if (format.numbers == Numbers::as_stored) return format.stored->name;
  for (const StoredFormat& stored : stored_formats()) {
    if (stored.packed_format() == format) return stored.name;
  }
  return "unnamed";
}

int64_t matmul_place(const WeightFormat& format) {
  switch (format.numbers) {
    case Numbers::f32: return 0;
    case Numbers::f16: return 1;
    case Numbers::bf16: return 2;
    case Numbers::as_stored: return 3;
    case Numbers::integers: break;
  }
  const auto layout = std::ranges::find(layouts::all, format.layout);
  CHECK(layout != layouts::all.end());
  return first_layout_place + (layout - layouts::all.begin());
}

}  // namespace shoal
