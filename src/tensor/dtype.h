// Element types as model files name them: plain numbers, and block formats, in which a row consists of whole
// blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace shoal {

enum class DType : uint8_t {
  f32,
  f16,
  bf16,
  f64,
  i8,
  i16,
  i32,
  i64,
  u8,
  u16,
  u32,
  u64,
  boolean,
  q8_0,
  q4_0,
  q4_1,
  q5_0,
  q5_1,
  q4_k,
  q5_k,
  q6_k,
  q2_k,
  q3_k,
  iq1_s,
  iq1_m,
  iq2_xxs,
  iq2_xs,
  iq2_s,
  iq3_xxs,
  iq3_s,
  iq4_nl,
  iq4_xs,
  tq1_0,
  tq2_0,
  mxfp4,
  nvfp4,
  q1_0,
  q2_0,
};

struct DTypeInfo {
  std::string_view name;   // as GGUF tools print it: "F32", "Q4_K"
  int64_t block_elements;  // elements in a block; 1 for plain numbers
  int64_t block_bytes;
};

const DTypeInfo& dtype_info(DType type);

// The size of `elements` consecutive elements. nullopt when they are not whole blocks or the product
// overflows.
std::optional<int64_t> bytes_of(DType type, int64_t elements);

}  // namespace shoal
