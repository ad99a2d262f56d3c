#include <cstring>

#include "base/check.h"
#include "kernels/gguf_blocks.h"
#include "kernels/half.h"
#include "kernels/packed_layout.h"
#include "kernels/weight_matrix.h"

namespace shoal {
namespace {

// Computes scale · (quant - zero point) + bias; a K-quant's scale is d · sub-scale and its bias -dmin · min.
// Only the last addition rounds.
template <DType type>
void dequantize_group(const std::byte* block, int64_t group, float* target) {
  constexpr PackedLayout layout = packed_layout(type);
  const GroupWords words = read_group<type>(block, group);
  const float d = f32_from_f16(load_half(block + file_scale_offset(type)));
  for (int64_t k = 0; k < 32; ++k) {
    const auto byte = static_cast<uint8_t>(words[k / 4] >> (k % 4 * 8));
    const int quant = type == DType::q8_0 ? static_cast<int8_t>(byte) : byte - layout.zero_point;
    float scale = d;
    if constexpr (layout.sub_scales == SubScales::two_signed) {
      scale *= static_cast<float>(read_signed_scale(block, group, k / 16));
    }
    if constexpr (layout.sub_scales == SubScales::scale_and_min) {
      scale *= static_cast<float>(read_scale_and_min(block, group).scale);
    }
    target[k] = scale * static_cast<float>(quant);
    if constexpr (layout.affine) {
      float bias = f32_from_f16(load_half(block + file_bias_offset));
      if constexpr (layout.sub_scales == SubScales::scale_and_min) {
        bias *= -static_cast<float>(read_scale_and_min(block, group).min);
      }
      target[k] += bias;
    }
  }
}

template <DType type>
void dequantize_blocks(std::span<const std::byte> source, std::span<float> target) {
  constexpr int64_t groups = packed_layout(type).block_groups;
  const int64_t block_bytes = dtype_info(type).block_bytes;
  const int64_t group_count = static_cast<int64_t>(target.size()) / 32;
  for (int64_t i = 0; i < group_count; ++i) {
    dequantize_group<type>(source.data() + i / groups * block_bytes, i % groups, target.data() + i * 32);
  }
}

}  // namespace

void dequantize(DType type, std::span<const std::byte> source, std::span<float> target) {
  CHECK(bytes_of(type, static_cast<int64_t>(target.size())) == static_cast<int64_t>(source.size()));
  if (type == DType::f32) {
    if (!source.empty()) std::memcpy(target.data(), source.data(), source.size());
  } else if (type == DType::f16) {
    for (size_t i = 0; i < target.size(); ++i) target[i] = f32_from_f16(load_half(source.data() + 2 * i));
  } else if (type == DType::bf16) {
    for (size_t i = 0; i < target.size(); ++i) target[i] = f32_from_bf16(load_half(source.data() + 2 * i));
  } else {
    CHECK(packed_layout(type).block_groups > 0);
    with_integer_format(type, [&]<DType format>() { dequantize_blocks<format>(source, target); });
  }
}

}  // namespace shoal
