// Where a weight lies in a model's files.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "kernels/formats/stored_format.h"
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

// The source of a weight that is among the tensors.
struct FoundSource {
  const WeightSource* source;
  // The one that the source names, then those that a format keeps beside it: of X.weight, X.scales and such.
  std::vector<const StoredTensor*> tensors;

  const StoredTensor& first() const { return *tensors.front(); }
  // The one beside it whose name ends with this; nullptr when there is none.
  const StoredTensor* find_beside(std::string_view end) const;
};

// The names of tensors have this prefix.
std::optional<FoundSource> find_source(const StoredTensors& tensors, Dialect dialect, std::string_view prefix,
                                       const Weight& weight);

// The rows of a weight in one of its tensors: row r is at offset + RowPattern::stored_row(r) · row_bytes.
struct StoredPart {
  const StoredTensor* tensor = nullptr;  // nullptr: the format has no such tensor
  int64_t offset = 0;                    // in the file, of row 0 of the weight's place in the stack
  int64_t row_bytes = 0;
};

// A vector is a matrix of one column.
struct StoredWeight {
  const StoredFormat* format;
  std::array<StoredPart, stored_tensors> parts;  // as the format has them
  RowPattern rows;
  int64_t row_count;
  bool is_transposed;  // the rows are the weight's columns, and `columns` its rows
  RowPattern columns;

  const std::string& name() const { return parts[0].tensor->name; }
  int64_t row_bytes() const;  // in all parts
  int64_t bytes() const { return row_count * row_bytes(); }
};

// The weight's place and format, which follow from the shapes of its tensors and of the weight. corrupt_data
// for shapes that the weight cannot have, invalid_argument for types; both name the tensor.
Result<StoredWeight> locate(const FoundSource& found, const Weight& weight);

}  // namespace shoal
