// Reads GGUF (versions 2 and 3): bytes in, descriptions out. Pure: the caller opens and maps the file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "tensor/dtype.h"

namespace shoal {

struct GgufValue;
using GgufArray = std::vector<GgufValue>;

// Integers are widened to 64 bits, floats to double. Arrays of strings and of numbers are flat vectors, since
// vocabularies have hundreds of thousands of entries; only nested arrays are GgufArray.
struct GgufValue {
  std::variant<uint64_t, int64_t, double, bool, std::string, std::vector<std::string>, std::vector<int64_t>,
               std::vector<double>, GgufArray>
      value;
};

struct GgufTensor {
  std::string name;
  DType type;
  std::vector<int64_t> shape;  // outermost first, [rows, columns] for a matrix: the file's order reversed
  int64_t offset;              // bytes from the start of the file; offset + bytes lie within the file
  int64_t bytes;
};

struct GgufFile {
  uint32_t version;
  std::map<std::string, GgufValue, std::less<>> metadata;
  std::vector<GgufTensor> tensors;

  const GgufTensor* find_tensor(std::string_view name) const;

  // The value of a key. An error that names the key and the kind when the key is missing or its value does
  // not convert to this kind without loss. The find_ functions give nothing in both cases.
  Result<std::string> text(std::string_view key) const;
  Result<int64_t> integer(std::string_view key) const;
  Result<double> number(std::string_view key) const;
  std::optional<std::string> find_text(std::string_view key) const;
  std::optional<int64_t> find_integer(std::string_view key) const;
  std::optional<double> find_number(std::string_view key) const;
  std::optional<bool> find_boolean(std::string_view key) const;
  const std::vector<std::string>* find_texts(std::string_view key) const;
  const std::vector<int64_t>* find_integers(std::string_view key) const;
  const std::vector<double>* find_numbers(std::string_view key) const;
};

// corrupt_data with the byte offset and what was expected there; invalid_argument for a version, byte order
// or tensor type that is not supported. Every length, offset and product is checked before it is used.
Result<GgufFile> parse_gguf(std::span<const std::byte> file);

}  // namespace shoal
