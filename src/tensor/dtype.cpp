#include "tensor/dtype.h"

#include <array>

namespace shoal {

const DTypeInfo& dtype_info(DType type) {
  static constexpr std::array<DTypeInfo, 38> table = {{
      {"F32", 1, 4},        {"F16", 1, 2},        {"BF16", 1, 2},      {"F64", 1, 8},
      {"I8", 1, 1},         {"I16", 1, 2},        {"I32", 1, 4},       {"I64", 1, 8},
      {"U8", 1, 1},         {"U16", 1, 2},        {"U32", 1, 4},       {"U64", 1, 8},
      {"BOOL", 1, 1},       {"Q8_0", 32, 34},     {"Q4_0", 32, 18},    {"Q4_1", 32, 20},
      {"Q5_0", 32, 22},     {"Q5_1", 32, 24},     {"Q4_K", 256, 144},  {"Q5_K", 256, 176},
      {"Q6_K", 256, 210},   {"Q2_K", 256, 84},    {"Q3_K", 256, 110},  {"IQ1_S", 256, 50},
      {"IQ1_M", 256, 56},   {"IQ2_XXS", 256, 66}, {"IQ2_XS", 256, 74}, {"IQ2_S", 256, 82},
      {"IQ3_XXS", 256, 98}, {"IQ3_S", 256, 110},  {"IQ4_NL", 32, 18},  {"IQ4_XS", 256, 136},
      {"TQ1_0", 256, 54},   {"TQ2_0", 256, 66},   {"MXFP4", 32, 17},   {"NVFP4", 64, 36},
      {"Q1_0", 128, 18},    {"Q2_0", 64, 18},
  }};
  return table[static_cast<size_t>(type)];
}

std::optional<int64_t> bytes_of(DType type, int64_t elements) {
  const DTypeInfo& info = dtype_info(type);
  if (elements < 0 || elements % info.block_elements != 0) return std::nullopt;
  int64_t bytes = 0;
  if (__builtin_mul_overflow(elements / info.block_elements, info.block_bytes, &bytes)) return std::nullopt;
  return bytes;
}

}  // namespace shoal
