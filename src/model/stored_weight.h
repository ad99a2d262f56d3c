// Where a weight lies in a model's files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/weight.h"
#include "tensor/dtype.h"

namespace shoal {

struct StoredTensor {
  std::string name;  // as in its file
  DType type;
  std::vector<int64_t> shape;  // outermost first
  std::filesystem::path file;
  int64_t offset;
  int64_t bytes;
};

using StoredTensors = std::map<std::string, StoredTensor, std::less<>>;  // by name

// The source of a weight that is among the tensors; the names have this prefix.
struct FoundSource {
  const StoredTensor* tensor;
  const WeightSource* source;
};
std::optional<FoundSource> find_source(const StoredTensors& tensors, Dialect dialect, std::string_view prefix,
                                       const Weight& weight);

// Rows of a tensor: row r is at offset + rows.stored_row(r) · row_bytes. A vector is a matrix of
// one column.
struct StoredWeight {
  const StoredTensor* tensor;
  RowPattern rows;
  int64_t offset;  // in the file, of the tensor's row 0 or of that of the weight's place in the stack
  int64_t row_count;
  int64_t row_bytes;
  bool is_transposed;  // the rows are the weight's columns

  int64_t bytes() const { return row_count * row_bytes; }
};

// corrupt_data for a shape, invalid_argument for an element type that the weight cannot have; both name the
// tensor.
Result<void> check_stored(const FoundSource& found, const Weight& weight);

// Of a tensor that check_stored() has found right.
StoredWeight locate(const FoundSource& found, const Weight& weight);

}  // namespace shoal
