// One weight as the part of the layer that owns it describes it: what files call it, its shape, and where it
// goes. A layer visits each of its weights once; checking files, counting bytes, and reading are visitors.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/function_ref.h"
#include "kernels/weight_matrix.h"
#include "model/dialect.h"

namespace shoal {

// Which rows of a file's tensor a weight consists of, by default all: its row r is the tensor's row
// first + r / run · period + r % run. For example, of
//   q, k and v in one tensor, k is {.stored_rows = q + k + v, .first = q};
//   gate and up in turns, up is {.stored_rows = 2 · size, .first = 1, .run = 1, .period = 2};
//   kv_b, for each head its rows of k and then those of v, v is
//   {.stored_rows = heads · (k + v), .first = k, .run = v, .period = k + v}.
struct RowPattern {
  int64_t stored_rows = 0;  // of the tensor; 0: as many as the weight has
  int64_t first = 0;
  int64_t run = 0;  // 0: all rows follow each other
  int64_t period = 0;

  int64_t stored_row(int64_t row) const {
    return run == 0 ? first + row : first + row / run * period + row % run;
  }
};

// Which one of the weights that a tensor stacks, [count, rows, …], as it does a layer's experts.
struct StackPlace {
  int64_t index = 0;
  int64_t count = 0;  // 0: the tensor is no stack
};

// One way in which files have a weight. Names of a layer's weights come without the layer's prefix. What a
// format keeps beside a matrix (MLX: scales and biases) is found by the matrix's name and not described.
struct WeightSource {
  std::string gguf;          // empty: GGUF files do not have it in this way
  std::string hugging_face;  // the same of safetensors
  RowPattern rows = {};
  StackPlace stack = {};
  bool is_transposed = false;  // [inputs, outputs]; it becomes F32 in memory
  RowPattern columns = {};     // of a transposed tensor: the weight's rows are these columns of it

  const std::string& name(Dialect dialect) const { return dialect == Dialect::gguf ? gguf : hugging_face; }
};

// A matrix, or a vector of floats. It must live until the weights have been read.
using WeightTarget = std::variant<WeightMatrix*, std::vector<float>*>;

enum class Need : uint8_t {
  required,
  optional,  // where files lack it, the target stays as it is
  unused,    // files may have it, nobody reads it
};

struct Weight {
  std::vector<WeightSource> sources;  // the first that a model's files have is taken
  std::vector<int64_t> shape;         // of a matrix [outputs, inputs], of a vector [count]
  WeightTarget target;
  Need need = Need::required;
  float added = 0;  // to each number of a vector
  // For a matrix that int8 activations are too coarse for (a router): a format that takes them becomes F32 in
  // memory.
  bool takes_floats = false;
  double read_per_token = 1;  // how much of it decoding a token reads: of an expert, its share of the choices

  bool is_matrix() const { return std::holds_alternative<WeightMatrix*>(target); }
  int64_t rows() const { return shape.front(); }
};

using WeightVisitor = FunctionRef<void(const Weight&)>;

}  // namespace shoal
