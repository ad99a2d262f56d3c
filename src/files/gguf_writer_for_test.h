// Writes a GGUF file field by field, valid or not; for tests.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "files/gguf.h"

namespace shoal {

// ggml's number for a type of tensors.
inline uint32_t ggml_type_number(DType type) {
  struct Row {
    DType type;
    uint32_t number;
  };
  static constexpr Row rows[] = {
      {DType::f32, 0},      {DType::f16, 1},     {DType::q4_0, 2},     {DType::q4_1, 3},
      {DType::q5_0, 6},     {DType::q5_1, 7},    {DType::q8_0, 8},     {DType::q2_k, 10},
      {DType::q3_k, 11},    {DType::q4_k, 12},   {DType::q5_k, 13},    {DType::q6_k, 14},
      {DType::iq2_xxs, 16}, {DType::iq2_xs, 17}, {DType::iq3_xxs, 18}, {DType::iq1_s, 19},
      {DType::iq4_nl, 20},  {DType::iq3_s, 21},  {DType::iq2_s, 22},   {DType::iq4_xs, 23},
      {DType::iq1_m, 29},   {DType::bf16, 30},   {DType::tq1_0, 34},   {DType::tq2_0, 35},
      {DType::mxfp4, 39},   {DType::nvfp4, 40},  {DType::q1_0, 41},    {DType::q2_0, 42},
  };
  for (const Row& row : rows) {
    if (row.type == type) return row.number;
  }
  return UINT32_MAX;
}

class GgufWriter {
 public:
  // GGUF's numbers for the types of metadata values.
  static constexpr uint32_t u32_type = 4, f32_type = 6, string_type = 8, array_type = 9, u64_type = 10;

  template <class T>
  GgufWriter& put(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
    return *this;
  }
  GgufWriter& text(std::string_view value) {
    put<uint64_t>(value.size());
    bytes_ += value;
    return *this;
  }
  GgufWriter& header(uint64_t tensors, uint64_t metadata, uint32_t version = 3) {
    bytes_ += "GGUF";
    return put(version).put(tensors).put(metadata);
  }
  GgufWriter& key(std::string_view name, uint32_t value) { return text(name).put(u32_type).put(value); }
  GgufWriter& key(std::string_view name, float value) { return text(name).put(f32_type).put(value); }
  GgufWriter& key(std::string_view name, std::string_view value) {
    return text(name).put(string_type).text(value);
  }
  // `dimensions` as the file has them, innermost first.
  GgufWriter& tensor(std::string_view name, std::vector<uint64_t> dimensions, uint32_t type,
                     uint64_t offset) {
    text(name).put(static_cast<uint32_t>(dimensions.size()));
    for (const uint64_t dimension : dimensions) put(dimension);
    return put(type).put(offset);
  }
  GgufWriter& align(size_t unit = 32) {
    bytes_.resize((bytes_.size() + unit - 1) / unit * unit);
    return *this;
  }
  GgufWriter& data(size_t size) {
    bytes_.append(size, '\1');
    return *this;
  }
  GgufWriter& append(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }

  const std::string& written() const { return bytes_; }
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(bytes_)); }
  Result<GgufFile> parse() const { return parse_gguf(bytes()); }

 private:
  std::string bytes_;
};

}  // namespace shoal
