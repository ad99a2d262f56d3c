#include "model/weight_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <span>
#include <string_view>
#include <tuple>

#include "base/check.h"
#include "base/mutex.h"
#include "base/os.h"

namespace shoal {
namespace {

// Large enough for a disk's full speed, small enough that one for each member takes little memory.
constexpr int64_t block_bytes = 4 << 20;
constexpr int64_t matrix_alignment = 64;  // a cache line

// The format that the matrix is packed from: the file's, or float32 for what is dequantised before.
const StoredFormat& source_format(const Weight& weight, const StoredWeight& stored,
                                  WeightPrecision precision) {
  const bool is_too_coarse = weight.takes_floats && stored.format->packed_format().takes_quantized_input();
  const bool becomes_float =
      precision == WeightPrecision::exact_float || stored.is_transposed || is_too_coarse;
  return becomes_float ? *find_stored_format(DType::f32) : *stored.format;
}

// The transpose of the given columns of `values`, [rows, all columns].
std::vector<float> transpose(std::span<const float> values, int64_t rows, const RowPattern& pattern,
                             int64_t columns) {
  const int64_t all_columns = std::ssize(values) / rows;
  std::vector<float> result(static_cast<size_t>(rows * columns));
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t place = row * all_columns + pattern.stored_row(column);
      result[static_cast<size_t>(column * rows + row)] = values[static_cast<size_t>(place)];
    }
  }
  return result;
}

// One weight that is no number makes every token wrong, so it is better told at once and by name.
Result<void> check_scales(const StoredWeight& stored, const StoredBytes& bytes) {
  for (size_t i = 1; i < stored_tensors; ++i) {
    if (are_finite(stored.format->packed.layout.scales, bytes[i])) continue;
    const StoredTensor& tensor = *stored.parts[i].tensor;
    return fail(ErrorCode::corrupt_data, fmt::format("{}: tensor '{}' has a value that is not a number",
                                                     tensor.file.string(), tensor.name));
  }
  return {};
}

}  // namespace

Result<int64_t> weight_memory_bytes(const Weight& weight, const StoredWeight& stored,
                                    WeightPrecision precision) {
  if (!weight.is_matrix()) return weight.rows() * int64_t{sizeof(float)};
  CHECK(weight.shape.size() == 2);
  auto bytes = packed_weight_bytes(source_format(weight, stored, precision).packed_format(), weight.shape[0],
                                   weight.shape[1]);
  if (!bytes) return fail(bytes.error(), fmt::format("tensor '{}'", stored.name()));
  return bytes;
}

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

void WeightLoader::order(const Weight& weight, const StoredWeight& stored) {
  const auto bytes = weight_memory_bytes(weight, stored, precision_);
  if (!bytes) {
    if (!error_) error_ = bytes.error();
    return;
  }
  if (auto* const* values = std::get_if<std::vector<float>*>(&weight.target)) {
    (*values)->resize(static_cast<size_t>(weight.rows()));
  } else {
    matrices_.push_back({.target = std::get<WeightMatrix*>(weight.target),
                         .format = source_format(weight, stored, precision_).packed_format(),
                         .rows = weight.shape[0],
                         .columns = weight.shape[1],
                         .offset = matrix_bytes_,
                         .bytes = *bytes});
    matrix_bytes_ += (*bytes + matrix_alignment - 1) / matrix_alignment * matrix_alignment;
  }
  add_tasks(weight, stored);
}

// All matrices lie in one piece: in allocations of their own, small ones and the ends of large ones would lie
// in small pages, and reading across small pages is slow.
Result<void> WeightLoader::place_matrices() {
  auto memory = Buffer::allocate(matrix_bytes_);
  if (!memory) return fail(memory.error());
  for (const OrderedMatrix& ordered : matrices_) {
    auto matrix = WeightMatrix::place(ordered.format, ordered.rows, ordered.columns,
                                      memory->part(ordered.offset, ordered.bytes));
    CHECK(matrix);  // its size was found by the same rules
    *ordered.target = std::move(*matrix);
  }
  return {};
}

void WeightLoader::add_tasks(const Weight& weight, const StoredWeight& stored) {
  const int64_t rows = stored.row_count;
  const bool is_divided = weight.is_matrix() && !stored.is_transposed;
  const int64_t rows_at_once =
      is_divided ? std::max(block_bytes / stored.row_bytes() / row_interleave, int64_t{1}) * row_interleave
                 : rows;
  for (int64_t row = 0; row < rows; row += rows_at_once) {
    tasks_.push_back({.stored = stored,
                      .target = weight.target,
                      .format = weight.is_matrix() ? &source_format(weight, stored, precision_) : nullptr,
                      .added = weight.added,
                      .first_row = row,
                      .row_count = std::min(rows_at_once, rows - row)});
  }
}

int64_t WeightLoader::Task::begin(const StoredPart& part) const {
  return part.offset + stored.rows.stored_row(first_row) * part.row_bytes;
}

int64_t WeightLoader::Task::end(const StoredPart& part) const {
  return part.offset + (stored.rows.stored_row(first_row + row_count - 1) + 1) * part.row_bytes;
}

Result<void> WeightLoader::run(ThreadTeam& team, const std::function<void(int64_t, int64_t)>& progress,
                               std::stop_token stop) {
  if (error_) return fail(*error_);
  if (auto placed = place_matrices(); !placed) return placed;
  // Reads in the order of the files, which is best for disks.
  std::ranges::sort(tasks_, [](const Task& a, const Task& b) {
    const StoredPart& first = a.stored.parts[0];
    const StoredPart& second = b.stored.parts[0];
    return std::tuple(std::string_view(first.tensor->file.native()), a.begin(first)) <
           std::tuple(std::string_view(second.tensor->file.native()), b.begin(second));
  });
  Progress shared{.report = progress,
                  .stop = std::move(stop),
                  .bytes_total = 0,
                  .bytes_reported = 0,
                  .mutex = {},
                  .error = {}};
  for (const Task& task : tasks_) shared.bytes_total += task.bytes();
  team.run([&](int64_t member) { work(member, shared); });
  const MutexLock lock(shared.mutex);
  if (shared.error) return fail(*shared.error);
  // Another thread may have read the last block.
  if (progress && shared.bytes_reported < shared.bytes_total)
    progress(shared.bytes_total, shared.bytes_total);
  return {};
}

void WeightLoader::work(int64_t member, Progress& progress) const {
  Blocks blocks;
  while (!progress.failed) {
    const size_t index = progress.next_task.fetch_add(1);
    if (index >= tasks_.size()) return;
    if (progress.stop.stop_requested()) {
      return progress.keep(Error{ErrorCode::cancelled, "loading was cancelled"});
    }
    const Task& task = tasks_[index];
    if (auto done = run_task(task, blocks); !done) return progress.keep(done.error());
    progress.bytes_done += task.bytes();
    if (member == 0 && progress.report) {
      progress.bytes_reported = progress.bytes_done;
      progress.report(progress.bytes_reported, progress.bytes_total);
    }
  }
}

// Reads the rows of the task in one of the tensors, and what lies between them, then puts them next to each
// other.
Result<void> WeightLoader::read_rows(const Task& task, const StoredPart& part,
                                     std::vector<std::byte>& block) {
  const int64_t begin = task.begin(part);
  block.resize(static_cast<size_t>(task.end(part) - begin));
  if (auto read = os::read_file_range(part.tensor->file, begin, block); !read) {
    return fail(read.error(), fmt::format("tensor '{}'", part.tensor->name));
  }
  const int64_t bytes = task.row_count * part.row_bytes;
  if (std::ssize(block) == bytes) return {};
  const RowPattern& rows = task.stored.rows;
  const int64_t first = rows.stored_row(task.first_row);
  for (int64_t row = 1; row < task.row_count; ++row) {
    const int64_t from = rows.stored_row(task.first_row + row) - first;
    std::memmove(block.data() + row * part.row_bytes, block.data() + from * part.row_bytes,
                 static_cast<size_t>(part.row_bytes));
  }
  block.resize(static_cast<size_t>(bytes));
  return {};
}

Result<void> WeightLoader::run_task(const Task& task, Blocks& blocks) const {
  StoredBytes bytes;
  for (size_t i = 0; i < stored_tensors; ++i) {
    const StoredPart& part = task.stored.parts[i];
    if (part.tensor == nullptr) continue;
    if (auto read = read_rows(task, part, blocks.parts[i]); !read) return read;
    bytes[i] = blocks.parts[i];
  }
  const StoredFormat& stored = *task.stored.format;
  if (auto checked = check_scales(task.stored, bytes); !checked) return checked;
  if (auto* const* vector = std::get_if<std::vector<float>*>(&task.target)) {
    stored.dequantize(stored, bytes, **vector);
    for (float& value : **vector) value += task.added;
    return {};
  }
  WeightMatrix& matrix = *std::get<WeightMatrix*>(task.target);
  const bool is_transposed = task.stored.is_transposed;
  const StoredFormat& source = *task.format;
  if (!is_transposed && &source == &stored) {
    matrix.pack_rows(source, task.first_row, task.row_count, bytes);
    return {};
  }
  const RowPattern& pattern = task.stored.columns;
  const int64_t all_rows = pattern.stored_rows > 0 ? pattern.stored_rows : matrix.rows();
  const int64_t columns = is_transposed ? all_rows : matrix.columns();
  std::vector<float>& values = blocks.values;
  values.resize(static_cast<size_t>(task.row_count * columns));
  stored.dequantize(stored, bytes, values);
  if (is_transposed) values = transpose(values, task.row_count, pattern, matrix.rows());
  const int64_t row_count = is_transposed ? matrix.rows() : task.row_count;
  matrix.pack_rows(source, task.first_row, row_count, {std::as_bytes(std::span(values))});
  return {};
}

}  // namespace shoal
