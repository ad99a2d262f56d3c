#include "model/forward_pass.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "base/check.h"

namespace shoal {
namespace {

// Up to this many rows, each member normalises and quantises all of them for itself, which costs less than a
// phase.
constexpr int64_t own_row_limit = 2;

// The most phases that a layer has, and those outside of the layers.
constexpr int64_t layer_phases = 16;
constexpr int64_t other_phases = 4;

constexpr int64_t alignment = 64;

int64_t aligned(int64_t bytes) { return (bytes + alignment - 1) / alignment * alignment; }

// Hands out parts of a block of memory. Without memory it only counts the bytes.
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

Workspace::Workspace(const Settings& settings)
    : phases_(settings.layer_count * layer_phases + other_phases, settings.thread_count) {}

Result<Workspace> Workspace::create(const ModelConfig& config, const Settings& settings) {
  const int64_t heads = config.head_count * config.head_dim;
  const int64_t kv_heads = config.kv_head_count * config.head_dim;
  const int64_t widest = std::max({config.hidden_size, heads, config.feed_forward_size});
  const int64_t pairs = std::ssize(config.rope.inverse_frequencies);
  const int64_t rows = settings.row_limit;

  Workspace space(settings);
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
    : shared_(shared), space_(shared.workspace), member_(member), hidden_(hidden), row_count_(row_count) {}

bool ForwardPass::is_small() const { return row_count_ <= own_row_limit; }

void ForwardPass::compute_angles() {
  const RopeConfig& rope = shared_.config.rope;
  const auto pairs = std::ssize(rope.inverse_frequencies);
  run_phase([&](int64_t range) {
    const WorkRange rows = divide_work(row_count_, 1, range, range_count());
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      const auto position = static_cast<float>(space_.rows_[static_cast<size_t>(row)].position);
      rope_angles(position, rope.inverse_frequencies, rope.magnitude, space_.cosines_ + row * pairs,
                  space_.sines_ + row * pairs);
    }
  });
}

void ForwardPass::normalize(std::span<const float> weight) {
  offer_input(hidden_, shared_.config.hidden_size, weight.data());
}

// Makes `source` the input of the next projection, normalised if a weight is given. Many rows are prepared in
// a phase of their own; few are prepared by each member, once it has claimed a part of the projection.
void ForwardPass::offer_input(const float* source, int64_t columns, const float* norm_weight) {
  source_ = source;
  source_columns_ = columns;
  norm_weight_ = norm_weight;
  has_input_ = false;
  if (is_small()) return;
  place_input(space_.shared_, space_.row_limit_);
  if (!space_.quantize_ && norm_weight == nullptr) return;
  run_phase([&](int64_t range) {
    prepare_input(space_.shared_, divide_work(row_count_, 1, range, range_count()));
  });
}

void ForwardPass::place_input(const Workspace::Activations& target, int64_t row_limit) {
  if (space_.quantize_) quantized_ = place_quantized_rows(target.quantized, row_limit, source_columns_);
  input_ = {.row_count = row_count_,
            .values = norm_weight_ == nullptr ? source_ : target.values,
            .value_stride = source_columns_,
            .quantized = &quantized_};
  has_input_ = true;
}

void ForwardPass::prepare_input(const Workspace::Activations& target, WorkRange rows) const {
  for (int64_t row = rows.begin; row < rows.end && norm_weight_ != nullptr; ++row) {
    shared_.kernels.rms_norm(source_ + row * source_columns_, norm_weight_, shared_.config.norm_epsilon,
                             source_columns_, target.values + row * source_columns_);
  }
  if (space_.quantize_) {
    shared_.kernels.quantize_rows(input_.values, source_columns_, rows.begin, rows.end, quantized_);
  }
}

void ForwardPass::require_input() {
  if (has_input_) return;
  const Workspace::Activations& own = space_.own_[static_cast<size_t>(member_)];
  place_input(own, std::min(own_row_limit, space_.row_limit_));
  prepare_input(own, {.begin = 0, .end = row_count_});
}

// Computes the given range of outputs for all rows.
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
  // The three matrices are divided by bytes as if they were one, since the reading of weights takes the time.
  const std::array<Projection, 3> projections = {
      {{query, space_.query_}, {key, space_.key_}, {value, space_.value_}}};
  int64_t total = 0;
  for (const Projection& projection : projections) total += projection.linear.weights.packed_bytes();
  run_phase([&](int64_t range) {
    require_input();
    const WorkRange bytes = divide_work(total, 1, range, range_count());
    int64_t before = 0;
    for (const Projection& projection : projections) {
      const WeightMatrix& weights = projection.linear.weights;
      const auto first_output = [&](int64_t position) {
        const int64_t inside = std::max(position - before, int64_t{0});
        const int64_t block = (inside + weights.packed_block_bytes() - 1) / weights.packed_block_bytes();
        return std::min(block * row_interleave, weights.rows());
      };
      multiply(projection.linear, projection.output,
               {.begin = first_output(bytes.begin), .end = first_output(bytes.end)});
      before += weights.packed_bytes();
    }
  });
}

void ForwardPass::rotate_and_store() {
  run_phase([&](int64_t range) {
    const WorkRange rows = divide_work(row_count_, 1, range, range_count());
    for (int64_t row = rows.begin; row < rows.end; ++row) rotate_and_store_row(row);
  });
}

void ForwardPass::rotate_and_store_row(int64_t row) const {
  const ModelConfig& config = shared_.config;
  const auto pairs = std::ssize(config.rope.inverse_frequencies);
  const auto rotate =
      config.rope.layout == RopeLayout::half ? shared_.kernels.rope_half : shared_.kernels.rope_interleaved;
  const auto rotate_heads = [&](float* heads, int64_t count) {
    for (int64_t head = 0; head < count; ++head) {
      rotate(heads + head * config.head_dim, space_.cosines_ + row * pairs, space_.sines_ + row * pairs,
             pairs);
    }
  };
  float* const key = space_.key_ + row * kv_size();
  rotate_heads(space_.query_ + row * head_size(), config.head_count);
  rotate_heads(key, config.kv_head_count);
  const AttentionRow& place = space_.rows_[static_cast<size_t>(row)];
  // This step may write the page; attention reads it only in the next phase.
  auto* const page = const_cast<std::byte*>(place.pages[place.position / kv_page_tokens]);
  shared_.kernels.store_kv(space_.kv_, key, space_.value_ + row * kv_size(), place.position % kv_page_tokens,
                           page + layer_ * space_.kv_.layer_bytes());
}

void ForwardPass::attend() {
  // The work is divided by units of one (kv head, row) and one chunk of keys, head by head.
  const int64_t total = shared_.config.kv_head_count * space_.cost_before_.back();
  run_phase([&](int64_t range) { attend_range(divide_work(total, 1, range, range_count())); });
  offer_input(space_.attended_, head_size(), nullptr);
}

void ForwardPass::attend_range(WorkRange cost) const {
  const std::vector<int64_t>& before = space_.cost_before_;
  const int64_t head_cost = before.back();
  // The first row that begins at or after `place`. Where one range ends, the next one begins.
  const auto row_at = [&](int64_t place) {
    return std::lower_bound(before.begin(), before.end(), std::clamp(place, int64_t{0}, head_cost)) -
           before.begin();
  };
  for (int64_t head = cost.begin / head_cost; head * head_cost < cost.end; ++head) {
    const int64_t first = row_at(cost.begin - head * head_cost);
    const int64_t end = row_at(cost.end - head * head_cost);
    if (first < end) attend_head(head, first, end);
  }
}

void ForwardPass::attend_head(int64_t head, int64_t first_row, int64_t end_row) const {
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
  const int64_t columns = linear.weights.rows();
  run_phase([&](int64_t range) {
    require_input();
    const WorkRange outputs = divide_work(columns, row_interleave, range, range_count());
    multiply(linear, space_.projected_, outputs);
    for (int64_t row = 0; row < row_count_; ++row) {
      const int64_t offset = row * columns + outputs.begin;
      shared_.kernels.add(hidden_ + offset, space_.projected_ + offset, outputs.end - outputs.begin);
    }
  });
}

void ForwardPass::project_gated(const Linear& gate, const Linear& up) {
  const int64_t columns = gate.weights.rows();
  run_phase([&](int64_t range) {
    require_input();
    const WorkRange outputs = divide_work(columns, row_interleave, range, range_count());
    multiply(gate, space_.gate_, outputs);
    multiply(up, space_.up_, outputs);
    for (int64_t row = 0; row < row_count_; ++row) {
      const int64_t offset = row * columns + outputs.begin;
      shared_.kernels.silu_multiply(space_.gate_ + offset, space_.up_ + offset, outputs.end - outputs.begin,
                                    space_.gate_ + offset);
    }
  });
  offer_input(space_.gate_, columns, nullptr);
}

bool ForwardPass::project_logits(const WeightMatrix& output, float* logits) {
  const int64_t columns = output.rows();
  bool finite = true;
  run_phase([&](int64_t range) {
    require_input();
    const WorkRange outputs = divide_work(columns, row_interleave, range, range_count());
    if (outputs.begin >= outputs.end) return;
    shared_.kernels.matmul(output, input_,
                           {.values = logits,
                            .value_stride = columns,
                            .first_output = outputs.begin,
                            .end_output = outputs.end});
    for (int64_t row = 0; row < row_count_; ++row) {
      finite &= all_finite(logits + row * columns + outputs.begin, outputs.end - outputs.begin);
    }
  });
  return finite;
}

}  // namespace shoal
