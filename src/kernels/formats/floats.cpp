// Plain float32, f16 and bf16: a block is one number.
#include "kernels/formats/families.h"
#include "kernels/half.h"
#include "kernels/load_bytes.h"

namespace shoal {
namespace {

template <class Element, float (*convert)(const std::byte*)>
void dequantize_numbers(const StoredFormat& /*format*/, const StoredBytes& numbers, std::span<float> target) {
  const std::byte* source = numbers[0].data();
  for (float& value : target) {
    value = convert(source);
    source += sizeof(Element);
  }
}

float read_f32(const std::byte* bytes) { return std::bit_cast<float>(load_word(bytes)); }
float read_f16(const std::byte* bytes) { return f32_from_f16(load_half(bytes)); }
float read_bf16(const std::byte* bytes) { return f32_from_bf16(load_half(bytes)); }

template <class Element>
void pack_numbers(const StoredFormat& /*format*/, const StoredBytes& rows, int64_t columns,
                  std::byte* packed) {
  constexpr int64_t size = sizeof(Element);
  const std::span<const std::byte> source = rows[0];
  const int64_t row_bytes = columns * size;
  const int64_t lanes = std::ssize(source) / row_bytes;
  for (int64_t column = 0; column < columns; ++column) {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      std::memcpy(packed + (column * PackedLayout::rows + lane) * size,
                  source.data() + lane * row_bytes + column * size, sizeof(Element));
    }
  }
}

template <class Element, float (*convert)(const std::byte*)>
constexpr StoredFormat float_format(std::string_view name, DType type, Numbers numbers) {
  return {.name = name,
          .type = type,
          .block_columns = 1,
          .block_bytes = {sizeof(Element)},
          .dequantize = dequantize_numbers<Element, convert>,
          .packed = {.numbers = numbers},
          .pack = pack_numbers<Element>};
}

}  // namespace

std::span<const StoredFormat> float_formats() {
  static constexpr std::array formats = {
      float_format<uint32_t, read_f32>("F32", DType::f32, Numbers::f32),
      float_format<uint16_t, read_f16>("F16", DType::f16, Numbers::f16),
      float_format<uint16_t, read_bf16>("BF16", DType::bf16, Numbers::bf16),
  };
  return formats;
}

}  // namespace shoal
