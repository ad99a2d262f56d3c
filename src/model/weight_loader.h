// Reads weights from a checkpoint into packed matrices: first all are ordered, then the team reads and packs
// them into one piece of memory. Files are read in blocks by plain reads, so nothing of them stays in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/thread_team.h"
#include "model/checkpoint.h"
#include "model/layer.h"

namespace shoal {

// Where a tensor goes: a matrix, or a vector of floats. It must outlive the loader's run().
using WeightTarget = std::variant<WeightMatrix*, std::vector<float>*>;

struct WeightOrder {
  WeightOrder(std::string_view tensor, WeightMatrix& matrix) : name(tensor), target(&matrix) {}
  WeightOrder(std::string_view tensor, std::vector<float>& values) : name(tensor), target(&values) {}

  std::string_view name;
  WeightTarget target;
};

enum class WeightPrecision : uint8_t {
  as_stored,
  exact_float,  // every matrix is dequantised to F32
};

class WeightLoader {
 public:
  WeightLoader(const Checkpoint& checkpoint, WeightPrecision precision)
      : checkpoint_(checkpoint), precision_(precision) {}

  // order_layer takes names within a layer, as in the architecture's table; order takes whole names.
  Result<void> order_layer(int64_t layer, std::initializer_list<WeightOrder> orders);
  Result<void> order(const WeightOrder& order);

  // Allocates and fills all targets; called once. `progress` is called on the calling thread with the bytes
  // read and the bytes in all. Requesting a stop soon ends it with cancelled.
  Result<void> run(ThreadTeam& team, const std::function<void(int64_t, int64_t)>& progress,
                   std::stop_token stop);

 private:
  // What one member reads at a time: some rows of a matrix, or a whole vector.
  struct Task {
    const StoredTensor* tensor;
    WeightTarget target;
    int64_t first_row;
    int64_t row_count;
    int64_t row_bytes;
  };
  struct Progress;
  struct OrderedMatrix {
    const StoredTensor* tensor;
    WeightMatrix* target;
    DType type;
    int64_t offset;  // in the memory of all matrices
    int64_t bytes;
  };

  Result<void> order_matrix(const StoredTensor& tensor, WeightMatrix& target);
  Result<void> place_matrices();
  void add_tasks(const StoredTensor& tensor, WeightTarget target);
  void work(int64_t member, Progress& progress) const;
  Result<void> run_task(const Task& task, std::vector<std::byte>& block, std::vector<float>& values) const;

  const Checkpoint& checkpoint_;
  WeightPrecision precision_;
  std::vector<OrderedMatrix> matrices_;
  int64_t matrix_bytes_ = 0;
  std::vector<Task> tasks_;
};

// Makes an architecture's layer and orders its weights. `Class` is a Layer with order_weights(loader, layer).
template <class Class>
Result<std::unique_ptr<Layer>> make_layer(WeightLoader& loader, int64_t layer) {
  auto made = std::make_unique<Class>();
  if (auto ordered = made->order_weights(loader, layer); !ordered) return fail(ordered.error());
  return made;
}

}  // namespace shoal
