// What the ways to store a weight share: the rows of its tensors as the configuration says them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "model/stored_weight.h"

namespace shoal {

// The rows and columns that a source's tensors have for this weight.
class SourceShape {
 public:
  SourceShape(const WeightSource& source, const Weight& weight);

  int64_t row_count() const { return row_count_; }  // of the weight
  int64_t columns() const { return columns_; }
  // Of a tensor with `columns` of something in each row, outermost first; of a vector without them.
  std::vector<int64_t> with_columns(int64_t columns) const;

  // The weight's rows in a tensor of such a shape.
  StoredPart place(const StoredTensor& tensor) const;

 private:
  const WeightSource& source_;
  bool is_matrix_;
  int64_t row_count_;
  int64_t columns_;
  int64_t tensor_rows_;
};

// "[8, 4, 2]"
std::string describe_shape(const std::vector<int64_t>& shape);

// A matrix in one of MLX's formats.
Result<StoredWeight> locate_mlx(const FoundSource& found, const Weight& weight);

}  // namespace shoal
