#include "model/weight_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <tuple>

#include "base/check.h"
#include "base/mutex.h"
#include "base/os.h"
#include "model/architecture.h"

namespace shoal {
namespace {

// Large enough for a disk's full speed, small enough that one for each member takes little memory.
constexpr int64_t block_bytes = 4 << 20;
constexpr int64_t matrix_alignment = 64;  // a cache line

int64_t element_count(const StoredTensor& tensor) {
  int64_t count = 1;
  for (const int64_t size : tensor.shape) count *= size;
  return count;
}

}  // namespace

// The state that the members of a run share.
struct WeightLoader::Progress {
  const std::function<void(int64_t, int64_t)>& report;
  std::stop_token stop;
  int64_t bytes_total;
  int64_t bytes_reported;  // only the calling thread uses it
  std::atomic<size_t> next_task = 0;
  std::atomic<int64_t> bytes_done = 0;
  std::atomic<bool> failed = false;
  Mutex mutex;
  std::optional<Error> error GUARDED_BY(mutex);

  void keep(Error first) {
    const MutexLock lock(mutex);
    if (!error) error = std::move(first);
    failed = true;
  }
};

Result<void> WeightLoader::order_layer(int64_t layer, std::initializer_list<WeightOrder> orders) {
  for (const WeightOrder& item : orders) {
    const std::string name = layer_tensor_name(layer, item.name);
    WeightOrder whole = item;
    whole.name = name;
    if (auto ordered = order(whole); !ordered) return ordered;
  }
  return {};
}

Result<void> WeightLoader::order(const WeightOrder& order) {
  const StoredTensor* tensor = checkpoint_.find(order.name);
  if (tensor == nullptr)
    return fail(ErrorCode::internal, fmt::format("no weight is called '{}'", order.name));
  if (auto* const* values = std::get_if<std::vector<float>*>(&order.target)) {
    (*values)->resize(static_cast<size_t>(element_count(*tensor)));
  } else {
    WeightMatrix& matrix = *std::get<WeightMatrix*>(order.target);
    if (auto ordered = order_matrix(*tensor, matrix); !ordered) {
      return fail(ordered.error(), fmt::format("tensor '{}'", tensor->name));
    }
  }
  add_tasks(*tensor, order.target);
  return {};
}

Result<void> WeightLoader::order_matrix(const StoredTensor& tensor, WeightMatrix& target) {
  CHECK(tensor.shape.size() == 2);
  const DType type = precision_ == WeightPrecision::exact_float ? DType::f32 : tensor.type;
  const auto bytes = packed_weight_bytes(type, tensor.shape[0], tensor.shape[1]);
  if (!bytes) return fail(bytes.error());
  matrices_.push_back(
      {.tensor = &tensor, .target = &target, .type = type, .offset = matrix_bytes_, .bytes = *bytes});
  matrix_bytes_ += (*bytes + matrix_alignment - 1) / matrix_alignment * matrix_alignment;
  return {};
}

// All matrices lie in one piece: in allocations of their own, small ones and the ends of large ones would lie
// in small pages, and reading across small pages is slow.
Result<void> WeightLoader::place_matrices() {
  auto memory = Buffer::allocate(matrix_bytes_);
  if (!memory) return fail(memory.error());
  for (const OrderedMatrix& ordered : matrices_) {
    const std::vector<int64_t>& shape = ordered.tensor->shape;
    auto matrix =
        WeightMatrix::place(ordered.type, shape[0], shape[1], memory->part(ordered.offset, ordered.bytes));
    CHECK(matrix);  // its size was found by the same rules
    *ordered.target = std::move(*matrix);
  }
  return {};
}

void WeightLoader::add_tasks(const StoredTensor& tensor, WeightTarget target) {
  if (std::holds_alternative<std::vector<float>*>(target)) {
    tasks_.push_back({&tensor, target, 0, 1, tensor.bytes});
    return;
  }
  const int64_t rows = tensor.shape[0];
  const int64_t row_bytes = tensor.bytes / rows;
  const int64_t rows_at_once =
      std::max(block_bytes / row_bytes / row_interleave, int64_t{1}) * row_interleave;
  for (int64_t row = 0; row < rows; row += rows_at_once) {
    tasks_.push_back({&tensor, target, row, std::min(rows_at_once, rows - row), row_bytes});
  }
}

Result<void> WeightLoader::run(ThreadTeam& team, const std::function<void(int64_t, int64_t)>& progress,
                               std::stop_token stop) {
  if (auto placed = place_matrices(); !placed) return placed;
  // Reads in the order of the files, which is best for disks.
  std::ranges::sort(tasks_, [](const Task& a, const Task& b) {
    return std::tie(a.tensor->file.native(), a.tensor->offset, a.first_row) <
           std::tie(b.tensor->file.native(), b.tensor->offset, b.first_row);
  });
  Progress shared{.report = progress,
                  .stop = std::move(stop),
                  .bytes_total = 0,
                  .bytes_reported = 0,
                  .mutex = {},
                  .error = {}};
  for (const Task& task : tasks_) shared.bytes_total += task.row_count * task.row_bytes;
  team.run([&](int64_t member) { work(member, shared); });
  const MutexLock lock(shared.mutex);
  if (shared.error) return fail(*shared.error);
  // Another thread may have read the last block.
  if (progress && shared.bytes_reported < shared.bytes_total)
    progress(shared.bytes_total, shared.bytes_total);
  return {};
}

void WeightLoader::work(int64_t member, Progress& progress) const {
  std::vector<std::byte> block;
  std::vector<float> values;
  while (!progress.failed) {
    const size_t index = progress.next_task.fetch_add(1);
    if (index >= tasks_.size()) return;
    if (progress.stop.stop_requested()) {
      return progress.keep(Error{ErrorCode::cancelled, "loading was cancelled"});
    }
    const Task& task = tasks_[index];
    if (auto done = run_task(task, block, values); !done) return progress.keep(done.error());
    progress.bytes_done += task.row_count * task.row_bytes;
    if (member == 0 && progress.report) {
      progress.bytes_reported = progress.bytes_done;
      progress.report(progress.bytes_reported, progress.bytes_total);
    }
  }
}

Result<void> WeightLoader::run_task(const Task& task, std::vector<std::byte>& block,
                                    std::vector<float>& values) const {
  block.resize(static_cast<size_t>(task.row_count * task.row_bytes));
  const StoredTensor& tensor = *task.tensor;
  const int64_t offset = tensor.offset + task.first_row * task.row_bytes;
  if (auto read = os::read_file_range(tensor.file, offset, block); !read) {
    return fail(read.error(), fmt::format("tensor '{}'", tensor.name));
  }
  if (auto* const* vector = std::get_if<std::vector<float>*>(&task.target)) {
    dequantize(tensor.type, block, **vector);
    return {};
  }
  WeightMatrix& matrix = *std::get<WeightMatrix*>(task.target);
  if (precision_ == WeightPrecision::as_stored || tensor.type == DType::f32) {
    matrix.pack_rows(task.first_row, task.row_count, block);
    return {};
  }
  values.resize(static_cast<size_t>(task.row_count * matrix.columns()));
  dequantize(tensor.type, block, values);
  matrix.pack_rows(task.first_row, task.row_count, std::as_bytes(std::span(values)));
  return {};
}

}  // namespace shoal
