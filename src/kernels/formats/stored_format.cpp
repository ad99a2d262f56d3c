#include "kernels/formats/stored_format.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "kernels/formats/families.h"

namespace shoal {
namespace {

std::vector<StoredFormat> join_families() {
  std::vector<StoredFormat> all;
  for (const auto& family :
       {float_formats(), gguf_legacy_formats(), gguf_k_quant_formats(), gguf_iq_formats(),
        gguf_table_formats(), gguf_ternary_formats(), mlx_affine_formats()}) {
    all.insert(all.end(), family.begin(), family.end());
  }
  return all;
}

}  // namespace

std::span<const StoredFormat> stored_formats() {
  static const std::vector<StoredFormat> all = join_families();
  return all;
}

const StoredFormat* find_stored_format(DType type) {
  const std::span<const StoredFormat> formats = stored_formats();
  const auto format = std::ranges::find(formats, type, &StoredFormat::type);
  return format == formats.end() ? nullptr : &*format;
}

WeightFormat kept_as_stored(const StoredFormat& stored) {
  CHECK(largest_block_columns % stored.block_columns == 0);
  return {.numbers = Numbers::as_stored, .stored = &stored};
}

WeightFormat StoredFormat::packed_format() const { return pack == nullptr ? kept_as_stored(*this) : packed; }

void dequantize(DType type, std::span<const std::byte> source, std::span<float> target) {
  const StoredFormat* const format = find_stored_format(type);
  CHECK(format != nullptr);
  CHECK(bytes_of(type, std::ssize(target)) == std::ssize(source));
  format->dequantize(*format, {source}, target);
}

}  // namespace shoal
