#include "model/forward_pass.h"

#include <algorithm>

#include "base/check.h"

namespace shoal {

void ForwardPass::place_rows(const Shared& shared, std::span<const PassSequence> sequences) {
  Workspace& space = shared.workspace;
  space.rows_.clear();
  space.chunks_before_.assign(1, 0);
  for (const PassSequence& sequence : sequences) {
    for (int64_t i = 0; i < sequence.row_count; ++i) {
      CHECK(std::ssize(space.rows_) < space.row_limit_);
      const int64_t position = sequence.first_position + i;
      space.rows_.push_back(
          {.query = nullptr, .output = nullptr, .position = position, .pages = sequence.pages});
      space.chunks_before_.push_back(space.chunks_before_.back() + position / attention_chunk + 1);
    }
  }
}

ForwardPass::ForwardPass(const Shared& shared, int64_t member, float* hidden, int64_t row_count)
    : shared_(shared), space_(shared.workspace), member_(member), hidden_(hidden), row_count_(row_count) {}

void ForwardPass::compute_angles() {
  run_phase([&](int64_t range) {
    const WorkRange rows = divide(row_count_, 1, range);
    for (size_t i = 0; i < space_.angles_.size(); ++i) {
      const RopeConfig& rope = shared_.config.ropes[i];
      const auto pairs = std::ssize(rope.inverse_frequencies);
      for (int64_t row = rows.begin; row < rows.end; ++row) {
        const auto position = static_cast<float>(space_.rows_[static_cast<size_t>(row)].position);
        rope_angles(position, rope.inverse_frequencies, rope.magnitude,
                    space_.angles_[i].cosines + row * pairs, space_.angles_[i].sines + row * pairs);
      }
    }
  });
}

RopeAngles ForwardPass::angles(int64_t rope, int64_t row) const {
  const auto index = static_cast<size_t>(rope);
  const auto pairs = std::ssize(shared_.config.ropes[index].inverse_frequencies);
  const Workspace::Angles& all = space_.angles_[index];
  return {.cosines = all.cosines + row * pairs, .sines = all.sines + row * pairs, .pairs = pairs};
}

void ForwardPass::normalize(std::span<const float> weight) {
  set_input(hidden_, shared_.config.hidden_size, weight.data());
}

// Makes `source` the input of the next projection, normalised if a weight is given. Many rows are prepared in
// a phase of their own; few are prepared by each member, once it has claimed a part of the projection.
void ForwardPass::set_input(const float* source, int64_t columns, const float* norm_weight) {
  source_ = source;
  source_columns_ = columns;
  norm_weight_ = norm_weight;
  has_input_ = false;
  if (is_small()) return;
  place_input(space_.shared_, space_.row_limit_);
  if (!space_.quantize_ && norm_weight == nullptr) return;
  run_phase([&](int64_t range) { prepare_input(space_.shared_, divide(row_count_, 1, range)); });
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

void ForwardPass::multiply(const WeightMatrix& weights, float* output, WorkRange outputs) {
  if (outputs.begin >= outputs.end) return;
  require_input();
  shared_.kernels.matmul(weights, input_,
                         {.values = output,
                          .value_stride = weights.rows(),
                          .first_output = outputs.begin,
                          .end_output = outputs.end});
}

void ForwardPass::multiply(const Linear& linear, float* output, WorkRange outputs) {
  if (outputs.begin < outputs.end) multiply(linear, input(), output, outputs);
}

void ForwardPass::multiply(const Linear& linear, const MatmulInput& input, float* output,
                           WorkRange outputs) const {
  const int64_t stride = linear.weights.rows();
  shared_.kernels.matmul(
      linear.weights, input,
      {.values = output, .value_stride = stride, .first_output = outputs.begin, .end_output = outputs.end});
  for (int64_t row = 0; row < input.row_count && !linear.bias.empty(); ++row) {
    shared_.kernels.add(output + row * stride + outputs.begin, linear.bias.data() + outputs.begin,
                        outputs.end - outputs.begin);
  }
}

const MatmulInput& ForwardPass::input() {
  require_input();
  return input_;
}

void ForwardPass::project(std::initializer_list<Projection> projections) {
  // The matrices are divided by bytes as if they were one, since the reading of weights takes the time.
  int64_t total = 0;
  for (const Projection& projection : projections) total += projection.linear.weights.packed_bytes();
  run_phase([&](int64_t range) {
    const WorkRange bytes = divide(total, 1, range);
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

void ForwardPass::project_and_add(const Linear& linear, std::span<const float> norm) {
  const int64_t columns = linear.weights.rows();
  run_phase([&](int64_t range) {
    const WorkRange outputs = divide(columns, row_interleave, range);
    multiply(linear, space_.projected_, outputs);
    for (int64_t row = 0; row < row_count_ && norm.empty(); ++row) {
      const int64_t offset = row * columns + outputs.begin;
      shared_.kernels.add(hidden_ + offset, space_.projected_ + offset, outputs.end - outputs.begin);
    }
  });
  if (norm.empty()) return;
  run_phase([&](int64_t range) {
    const WorkRange rows = divide(row_count_, 1, range);
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      float* const projected = space_.projected_ + row * columns;
      normalize_row(projected, norm, projected);
      shared_.kernels.add(hidden_ + row * columns, projected, columns);
    }
  });
}

void ForwardPass::normalize_row(const float* x, std::span<const float> weight, float* out) const {
  shared_.kernels.rms_norm(x, weight.data(), shared_.config.norm_epsilon, std::ssize(weight), out);
}

}  // namespace shoal
