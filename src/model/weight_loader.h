// Reads weights from files into packed matrices: first all are ordered, then the team reads and packs them
// into one piece of memory. Files are read in blocks by plain reads, so nothing of them stays in memory.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/thread_team.h"
#include "model/stored_weight.h"
#include "model/weight.h"

namespace shoal {

enum class WeightPrecision : uint8_t {
  as_stored,
  exact_float,  // every matrix is dequantised to F32
};

// The bytes of memory that the weight takes, with the errors of packed_weight_bytes() naming the tensor.
Result<int64_t> weight_memory_bytes(const Weight& weight, const StoredWeight& stored,
                                    WeightPrecision precision);

class WeightLoader {
 public:
  explicit WeightLoader(WeightPrecision precision) : precision_(precision) {}

  // The target of the weight is filled by run(); until then it must stay where it is. Errors are those of
  // weight_memory_bytes() and are told by run().
  void order(const Weight& weight, const StoredWeight& stored);

  // Allocates and fills all targets; called once. `progress` is called on the calling thread with the bytes
  // read and the bytes in all. Requesting a stop soon ends it with cancelled.
  Result<void> run(ThreadTeam& team, const std::function<void(int64_t, int64_t)>& progress,
                   std::stop_token stop);

 private:
  // What one member reads at a time: some rows of a matrix, or the whole of what is turned or a vector.
  struct Task {
    StoredWeight stored;
    WeightTarget target;
    const StoredFormat* format;  // that a matrix is packed from
    float added;
    int64_t first_row;
    int64_t row_count;

    int64_t bytes() const { return row_count * stored.row_bytes(); }
    int64_t begin(const StoredPart& part) const;  // in the file
    int64_t end(const StoredPart& part) const;
  };
  // What a member reads into and works in.
  struct Blocks {
    std::array<std::vector<std::byte>, stored_tensors> parts;
    std::vector<float> values;
  };
  struct Progress;
  struct OrderedMatrix {
    WeightMatrix* target;
    WeightFormat format;
    int64_t rows;
    int64_t columns;
    int64_t offset;  // in the memory of all matrices
    int64_t bytes;
  };

  void add_tasks(const Weight& weight, const StoredWeight& stored);
  Result<void> place_matrices();
  void work(int64_t member, Progress& progress) const;
  static Result<void> read_rows(const Task& task, const StoredPart& part, std::vector<std::byte>& block);
  Result<void> run_task(const Task& task, Blocks& blocks) const;

  WeightPrecision precision_;
  std::optional<Error> error_;  // of an order, the first
  std::vector<OrderedMatrix> matrices_;
  int64_t matrix_bytes_ = 0;
  std::vector<Task> tasks_;
};

}  // namespace shoal
