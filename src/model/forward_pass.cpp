#include "model/forward_pass.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/check.h"

namespace shoal {
namespace {

// Up to so many rows each member normalises and quantises all of them for itself: that costs less than a
// barrier.
constexpr int64_t own_row_limit = 2;

constexpr int64_t alignment = 64;

int64_t aligned(int64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

// Hands out parts of a block of memory; without memory it only counts.
class Placer {
 public:
  explicit Placer(std::byte* memory) : memory_(memory) {}

  std::byte* take_bytes(int64_t size) {
    std::byte* part = memory_ == nullptr ? nullptr : memory_ + used_;
    used_ += aligned(size);
    return part;
  }
  float* take_floats(int64_t count) { return reinterpret_cast<float*>(take_bytes(count * 4)); }
  int64_t used() const { return used_; }

 private:
  std::byte* memory_;
  int64_t used_ = 0;
};

bool all_finite(const float* values, int64_t count) {
  constexpr uint32_t exponent = 0x7f800000;
  uint32_t bad = 0;
  for (int64_t i = 0; i < count; ++i) {
    bad |= static_cast<uint32_t>((std::bit_cast<uint32_t>(values[i]) & exponent) == exponent);
  }
  return bad == 0;
}

}  // namespace

Result<Workspace> Workspace::create(const ModelConfig& config, const Settings& settings) {
  const int64_t heads = config.head_count * config.head_dim;
  const int64_t kv_heads = config.kv_head_count * config.head_dim;
  const int64_t widest = std::max({config.hidden_size, heads, config.feed_forward_size});
  const int64_t pairs = std::ssize(config.rope.inverse_frequencies);
  const int64_t rows = settings.row_limit;

  Workspace space;
  space.row_limit_ = rows;
  space.quantize_ = settings.quantize;
  space.kv_ = settings.kv;
  const auto place_activations = [&](Placer& placer, int64_t row_count) {
    return Activations{.values = placer.take_floats(row_count * config.hidden_size),
                       .quantized = settings.quantize
                                        ? placer.take_bytes(quantized_rows_bytes(row_count, widest))
                                        : nullptr};
  };
  const auto place = [&](Placer placer) {
    space.query_ = placer.take_floats(rows * heads);
    space.key_ = placer.take_floats(rows * kv_heads);
    space.value_ = placer.take_floats(rows * kv_heads);
    space.attended_ = placer.take_floats(rows * heads);
    space.gate_ = placer.take_floats(rows * config.feed_forward_size);
    space.up_ = placer.take_floats(rows * config.feed_forward_size);
    space.projected_ = placer.take_floats(rows * config.hidden_size);
    space.cosines_ = placer.take_floats(rows * pairs);
    space.sines_ = placer.take_floats(rows * pairs);
    space.shared_ = place_activations(placer, rows);
    space.own_.clear();
    space.scratch_.clear();
    for (int64_t member = 0; member < settings.thread_count; ++member) {
      space.own_.push_back(place_activations(placer, std::min(own_row_limit, rows)));
      space.scratch_.push_back(placer.take_floats(attention_scratch_floats(settings.kv, config.head_count)));
    }
    return placer.used();
  };
  auto memory = Buffer::allocate(place(Placer(nullptr)));
  if (!memory) return fail(memory.error(), "activations");
  space.memory_ = std::move(*memory);
  place(Placer(space.memory_.data()));
  space.rows_.reserve(static_cast<size_t>(rows));
  space.cost_before_.reserve(static_cast<size_t>(rows + 1));
  return space;
}

void ForwardPass::place_rows(const Shared& shared, std::span<const PassSequence> sequences) {
  Workspace& space = shared.workspace;
  const int64_t heads = shared.config.head_count * shared.config.head_dim;
  space.rows_.clear();
  space.cost_before_.assign(1, 0);
  for (const PassSequence& sequence : sequences) {
    for (int64_t i = 0; i < sequence.row_count; ++i) {
      const int64_t row = std::ssize(space.rows_);
      CHECK(row < space.row_limit_);
      const int64_t position = sequence.first_position + i;
      space.rows_.push_back({.query = space.query_ + row * heads,
                             .output = space.attended_ + row * heads,
                             .position = position,
                             .pages = sequence.pages});
      space.cost_before_.push_back(space.cost_before_.back() + position / attention_chunk + 1);
    }
  }
}

ForwardPass::ForwardPass(const Shared& shared, int64_t member, float* hidden, int64_t row_count)
    : shared_(shared),
      space_(shared.workspace),
      member_(member),
      members_(shared.team.thread_count()),
      hidden_(hidden),
      row_count_(row_count) {}

bool ForwardPass::is_small() const { return row_count_ <= own_row_limit; }

WorkRange ForwardPass::own_rows() const {
  return is_small() ? WorkRange{.begin = 0, .end = row_count_}
                    : divide_work(row_count_, 1, member_, members_);
}

void ForwardPass::compute_angles() {
  const RopeConfig& rope = shared_.config.rope;
  const auto pairs = std::ssize(rope.inverse_frequencies);
  const WorkRange rows = divide_work(row_count_, 1, member_, members_);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    rope_angles(static_cast<float>(space_.rows_[static_cast<size_t>(row)].position), rope.inverse_frequencies,
                rope.magnitude, space_.cosines_ + row * pairs, space_.sines_ + row * pairs);
  }
}

void ForwardPass::normalize(std::span<const float> weight) {
  const int64_t columns = shared_.config.hidden_size;
  float* const normalized =
      is_small() ? space_.own_[static_cast<size_t>(member_)].values : space_.shared_.values;
  const WorkRange rows = own_rows();
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    shared_.kernels.rms_norm(hidden_ + row * columns, weight.data(), shared_.config.norm_epsilon, columns,
                             normalized + row * columns);
  }
  take_input(normalized, columns);
}

// Makes [rows, columns] the input of the next projection. The rows of own_rows() have to be there already.
void ForwardPass::take_input(const float* values, int64_t columns) {
  const bool small = is_small();
  if (space_.quantize_) {
    const auto& target = small ? space_.own_[static_cast<size_t>(member_)] : space_.shared_;
    quantized_ = place_quantized_rows(
        target.quantized, small ? std::min(own_row_limit, space_.row_limit_) : space_.row_limit_, columns);
    const WorkRange rows = own_rows();
    shared_.kernels.quantize_rows(values, columns, rows.begin, rows.end, quantized_);
  }
  input_ = {.row_count = row_count_, .values = values, .value_stride = columns, .quantized = &quantized_};
  if (!small) shared_.team.barrier();
}

// The outputs in `outputs` of all rows.
void ForwardPass::multiply(const Linear& linear, float* output, WorkRange outputs) const {
  if (outputs.begin >= outputs.end) return;
  const int64_t stride = linear.weights.rows();
  shared_.kernels.matmul(
      linear.weights, input_,
      {.values = output, .value_stride = stride, .first_output = outputs.begin, .end_output = outputs.end});
  if (linear.bias.empty()) return;
  for (int64_t row = 0; row < row_count_; ++row) {
    shared_.kernels.add(output + row * stride + outputs.begin, linear.bias.data() + outputs.begin,
                        outputs.end - outputs.begin);
  }
}

void ForwardPass::project_attention(const Linear& query, const Linear& key, const Linear& value) {
  // The three matrices are divided as if they were one, by bytes: what a member reads is what it waits for.
  const std::array<Projection, 3> projections = {
      {{query, space_.query_}, {key, space_.key_}, {value, space_.value_}}};
  int64_t total = 0;
  for (const Projection& projection : projections) total += projection.linear.weights.packed_bytes();
  const WorkRange bytes = divide_work(total, 1, member_, members_);
  int64_t before = 0;
  for (const Projection& projection : projections) {
    const WeightMatrix& weights = projection.linear.weights;
    const auto first_output = [&](int64_t position) {
      const int64_t block =
          (position - before + weights.packed_block_bytes() - 1) / weights.packed_block_bytes();
      return std::clamp(block * row_interleave, int64_t{0}, weights.rows());
    };
    multiply(projection.linear, projection.output,
             {.begin = first_output(std::max(bytes.begin, before)),
              .end = first_output(std::max(bytes.end, before))});
    before += weights.packed_bytes();
  }
  shared_.team.barrier();
}

void ForwardPass::rotate_and_store() {
  const ModelConfig& config = shared_.config;
  const auto pairs = std::ssize(config.rope.inverse_frequencies);
  const auto rotate =
      config.rope.layout == RopeLayout::half ? shared_.kernels.rope_half : shared_.kernels.rope_interleaved;
  const WorkRange rows = divide_work(row_count_, 1, member_, members_);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const AttentionRow& place = space_.rows_[static_cast<size_t>(row)];
    const float* cosines = space_.cosines_ + row * pairs;
    const float* sines = space_.sines_ + row * pairs;
    float* const query = space_.query_ + row * head_size();
    float* const key = space_.key_ + row * kv_size();
    for (int64_t head = 0; head < config.head_count; ++head) {
      rotate(query + head * config.head_dim, cosines, sines, pairs);
    }
    for (int64_t head = 0; head < config.kv_head_count; ++head) {
      rotate(key + head * config.head_dim, cosines, sines, pairs);
    }
    // The page is this step's to write; attention reads it only after the barrier.
    auto* const page = const_cast<std::byte*>(place.pages[place.position / kv_page_tokens]);
    shared_.kernels.store_kv(space_.kv_, key, space_.value_ + row * kv_size(),
                             place.position % kv_page_tokens, page + layer_ * space_.kv_.layer_bytes());
  }
  shared_.team.barrier();
}

void ForwardPass::attend() {
  // Units of work are (kv head, row), head by head, each as long as its row has chunks of keys.
  const std::vector<int64_t>& before = space_.cost_before_;
  const int64_t head_cost = before.back();
  const WorkRange work = divide_work(shared_.config.kv_head_count * head_cost, 1, member_, members_);
  const auto row_at = [&](int64_t cost) {
    return std::lower_bound(before.begin(), before.end(), cost) - before.begin();
  };
  for (int64_t head = work.begin / std::max(head_cost, int64_t{1}); head * head_cost < work.end; ++head) {
    const int64_t first = row_at(std::max(work.begin - head * head_cost, int64_t{0}));
    const int64_t end = row_at(std::min(work.end - head * head_cost, head_cost));
    if (first < end) attend_range(head, first, end);
  }
  source_ = space_.attended_;
  source_columns_ = head_size();
  shared_.team.barrier();
}

void ForwardPass::attend_range(int64_t head, int64_t first_row, int64_t end_row) const {
  const ModelConfig& config = shared_.config;
  const std::span<const AttentionRow> rows(space_.rows_);
  shared_.kernels.attention(
      {.layout = space_.kv_,
       .layer_offset = layer_ * space_.kv_.layer_bytes(),
       .head_count = config.head_count,
       .scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(config.head_dim))),
       .rows = rows.subspan(static_cast<size_t>(first_row), static_cast<size_t>(end_row - first_row)),
       .first_kv_head = head,
       .end_kv_head = head + 1,
       .scratch = space_.scratch_[static_cast<size_t>(member_)]});
}

void ForwardPass::project_and_add(const Linear& linear) {
  take_input(source_, source_columns_);
  const int64_t columns = linear.weights.rows();
  const WorkRange outputs = divide_work(columns, row_interleave, member_, members_);
  multiply(linear, space_.projected_, outputs);
  for (int64_t row = 0; row < row_count_; ++row) {
    shared_.kernels.add(hidden_ + row * columns + outputs.begin,
                        space_.projected_ + row * columns + outputs.begin, outputs.end - outputs.begin);
  }
  shared_.team.barrier();
}

void ForwardPass::project_gated(const Linear& gate, const Linear& up) {
  const int64_t columns = gate.weights.rows();
  const WorkRange outputs = divide_work(columns, row_interleave, member_, members_);
  multiply(gate, space_.gate_, outputs);
  multiply(up, space_.up_, outputs);
  for (int64_t row = 0; row < row_count_; ++row) {
    const int64_t offset = row * columns + outputs.begin;
    shared_.kernels.silu_multiply(space_.gate_ + offset, space_.up_ + offset, outputs.end - outputs.begin,
                                  space_.gate_ + offset);
  }
  source_ = space_.gate_;
  source_columns_ = columns;
  shared_.team.barrier();
}

bool ForwardPass::project_logits(const WeightMatrix& output, float* logits) {
  const int64_t columns = output.rows();
  const WorkRange outputs = divide_work(columns, row_interleave, member_, members_);
  if (outputs.begin >= outputs.end) return true;
  shared_.kernels.matmul(
      output, input_,
      {.values = logits, .value_stride = columns, .first_output = outputs.begin, .end_output = outputs.end});
  bool finite = true;
  for (int64_t row = 0; row < row_count_; ++row) {
    finite &= all_finite(logits + row * columns + outputs.begin, outputs.end - outputs.begin);
  }
  return finite;
}

}  // namespace shoal
