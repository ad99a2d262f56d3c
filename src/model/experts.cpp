#include "model/experts.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/function_ref.h"
#include "kernels/math.h"
#include "model/expert_weights.h"
#include "model/forward_pass.h"

namespace shoal {
namespace {

// So many rows of an expert are multiplied at once. They are copied to lie together, and so much of the
// expert's matrices stays in the second-level cache while several such panels pass by, so that an expert's
// weights are read from memory once a step.
constexpr int64_t panel_rows = 16;
constexpr int64_t cached_bytes = 256 << 10;

int64_t blocks_of(int64_t outputs) { return (outputs + row_interleave - 1) / row_interleave; }

QuantizedRows rows_from(const QuantizedRows& all, int64_t first, int64_t count) {
  const int64_t groups = group_count(all.columns);
  return {.row_count = count,
          .columns = all.columns,
          .values = all.values + first * padded_columns(all.columns),
          .scales = all.scales + first * groups,
          .scaled_sums = all.scaled_sums + first * groups,
          .half_sums = all.half_sums + 2 * first * groups};
}

void copy_row(const QuantizedRows& from, int64_t from_row, const QuantizedRows& to, int64_t to_row) {
  const QuantizedRows source = rows_from(from, from_row, 1);
  const QuantizedRows target = rows_from(to, to_row, 1);
  const int64_t groups = group_count(from.columns);
  std::copy_n(source.values, padded_columns(from.columns), target.values);
  std::copy_n(source.scales, groups, target.scales);
  std::copy_n(source.scaled_sums, groups, target.scaled_sums);
  std::copy_n(source.half_sums, 2 * groups, target.half_sums);
}

// Some rows of an input; where they do not follow each other, copied to a member's scratch.
class Panel {
 public:
  Panel(float* memory, int64_t columns)
      : values_(memory),
        quantized_(place_quantized_rows(reinterpret_cast<std::byte*>(memory + panel_rows * columns),
                                        panel_rows, columns)) {}
  static int64_t floats(int64_t columns) {
    return panel_rows * columns + quantized_rows_bytes(panel_rows, columns) / int64_t{sizeof(float)};
  }

  MatmulInput select(const MatmulInput& all, std::span<const int32_t> rows) {
    const int64_t columns = quantized_.columns;
    const bool has_quantized = all.quantized->values != nullptr;
    if (rows.back() - rows.front() + 1 == std::ssize(rows)) {
      if (has_quantized) view_ = rows_from(*all.quantized, rows.front(), std::ssize(rows));
      return {.row_count = std::ssize(rows),
              .values = all.values + rows.front() * all.value_stride,
              .value_stride = all.value_stride,
              .quantized = &view_};
    }
    for (int64_t i = 0; i < std::ssize(rows); ++i) {
      const int64_t row = rows[static_cast<size_t>(i)];
      std::copy_n(all.values + row * all.value_stride, columns, values_ + i * columns);
      if (has_quantized) copy_row(*all.quantized, row, quantized_, i);
    }
    return {
        .row_count = std::ssize(rows), .values = values_, .value_stride = columns, .quantized = &quantized_};
  }

 private:
  float* values_;  // [panel_rows, columns]
  QuantizedRows quantized_;
  QuantizedRows view_{};
};

// Where work is counted in units, `cost` for each block of 16 outputs of a matrix whose units begin at
// `before`: which of its outputs fall to `units`. Where one range ends, the next one begins.
WorkRange outputs_of(const WorkRange& units, int64_t before, int64_t cost, int64_t outputs) {
  const auto output_at = [&](int64_t unit) {
    const int64_t inside = std::max(unit - before, int64_t{0});
    return std::min((inside + cost - 1) / cost * row_interleave, outputs);
  };
  return {.begin = output_at(units.begin), .end = output_at(units.end)};
}

}  // namespace

// Where a step's choices and activations lie. An entry is one row with one of its experts; entries follow
// each other by expert, of one expert by row.
struct Experts::Plan {
  int64_t row_count;
  float* scores;           // [rows, count]
  ExpertChoice* choices;   // [rows, used]
  int32_t* first_entries;  // [count + 1]
  int32_t* entry_rows;     // [entries]
  float* entry_weights;    // [entries]
  float* gated;            // [entries, size]
  float* up;               // [entries, size]
  QuantizedRows quantized;
  float* shared_weights;  // [rows]
  float* shared_gated;    // [rows, shared size]
  float* shared_up;       // [rows, shared size]
  QuantizedRows shared_quantized;
  float* sum;  // [rows, hidden]
};

Experts::Experts(const ModelConfig& config, const LayerSpec& layer)
    : spec_(*layer.experts), hidden_size_(config.hidden_size), experts_(static_cast<size_t>(spec_.count)) {}

void Experts::visit_weights(WeightVisitor visit) {
  const std::string module(experts_module(spec_.names));
  const std::string router = module + (spec_.names == ExpertNames::turned ? ".router" : ".gate");
  // A row of quantised inputs could send a token to other experts.
  const auto visit_floats = [&](Weight weight) {
    weight.takes_floats = true;
    visit(weight);
  };
  visit_linear(visit_floats, {{"ffn_gate_inp", router}}, {spec_.count, hidden_size_},
               spec_.has_bias ? Bias::required : Bias::none, router_);
  if (spec_.has_choice_bias) {
    visit({.sources = {{"exp_probs_b.bias", module + ".gate.e_score_correction_bias"},
                       {"exp_probs_b", module + ".e_score_correction_bias"}},
           .shape = {spec_.count},
           .target = &choice_bias_});
  }
  const auto visit_share = [&](Weight weight) {
    weight.read_per_token = static_cast<double>(spec_.used) / static_cast<double>(spec_.count);
    visit(weight);
  };
  for (int64_t number = 0; number < spec_.count; ++number) visit_expert(visit_share, number);
  if (spec_.shared_size > 0) visit_shared(visit);
  if (spec_.has_shared_gate) {
    visit_linear(visit_floats, {{"ffn_gate_inp_shexp", module + ".shared_expert_gate"}}, {1, hidden_size_},
                 Bias::none, shared_gate_);
  }
}

void Experts::visit_expert(WeightVisitor visit, int64_t number) {
  Expert& expert = experts_[static_cast<size_t>(number)];
  const std::pair<ExpertMatrix, Linear&> matrices[] = {
      {ExpertMatrix::gate, expert.gate}, {ExpertMatrix::up, expert.up}, {ExpertMatrix::down, expert.down}};
  for (const auto& [matrix, target] : matrices) {
    const bool is_down = matrix == ExpertMatrix::down;
    const int64_t outputs = is_down ? hidden_size_ : spec_.size;
    visit({.sources = expert_matrix_sources(spec_, matrix, number),
           .shape = {outputs, is_down ? spec_.size : hidden_size_},
           .target = &target.weights});
    if (!spec_.has_bias) continue;
    visit(
        {.sources = expert_bias_sources(spec_, matrix, number), .shape = {outputs}, .target = &target.bias});
  }
}

void Experts::visit_shared(WeightVisitor visit) {
  // One or several are one matrix in the files.
  const std::string module = std::string(experts_module(spec_.names)) +
                             (spec_.has_shared_gate ? ".shared_expert" : ".shared_experts");
  const LinearShape in{spec_.shared_size, hidden_size_};
  visit_linear(visit, {{"ffn_gate_shexp", module + ".gate_proj"}}, in, Bias::none, shared_.gate);
  visit_linear(visit, {{"ffn_up_shexp", module + ".up_proj"}}, in, Bias::none, shared_.up);
  visit_linear(visit, {{"ffn_down_shexp", module + ".down_proj"}}, {hidden_size_, spec_.shared_size},
               Bias::none, shared_.down);
}

StepNeeds Experts::needs() const {
  const auto quantized_floats = [](int64_t columns) {
    return quantized_rows_bytes(1, columns) / int64_t{sizeof(float)};
  };
  int64_t bytes = 0;
  for (const int64_t columns : {spec_.count,                                       // scores
                                2 * spec_.used,                                    // choices
                                spec_.count + 1,                                   // first entries
                                spec_.used, spec_.used,                            // rows and weights
                                spec_.used * spec_.size, spec_.used * spec_.size,  // gated, up
                                spec_.used * quantized_floats(spec_.size),         //
                                int64_t{1}, spec_.shared_size, spec_.shared_size,  // shared
                                quantized_floats(spec_.shared_size), hidden_size_}) {
    bytes += scratch_row_bytes(columns);
  }
  return {.row_bytes = bytes,
          .member_floats = std::max(Panel::floats(hidden_size_), spec_.count),
          .input_columns = hidden_size_,
          .phases = 6};
}

Experts::Plan Experts::make_plan(const ForwardPass& pass) const {
  Scratch scratch = pass.scratch();
  const int64_t rows = pass.row_count();
  const auto take_quantized = [&](int64_t row_count, int64_t per_row, int64_t columns) {
    float* const memory = scratch.take(per_row * quantized_rows_bytes(1, columns) / int64_t{sizeof(float)});
    if (!pass.quantizes()) return QuantizedRows{};
    return place_quantized_rows(reinterpret_cast<std::byte*>(memory), row_count, columns);
  };
  Plan plan{};
  plan.row_count = rows;
  plan.scores = scratch.take(spec_.count);
  plan.choices = reinterpret_cast<ExpertChoice*>(scratch.take(2 * spec_.used));
  plan.first_entries = reinterpret_cast<int32_t*>(scratch.take(spec_.count + 1));
  plan.entry_rows = reinterpret_cast<int32_t*>(scratch.take(spec_.used));
  plan.entry_weights = scratch.take(spec_.used);
  plan.gated = scratch.take(spec_.used * spec_.size);
  plan.up = scratch.take(spec_.used * spec_.size);
  plan.quantized = take_quantized(rows * spec_.used, spec_.used, spec_.size);
  plan.shared_weights = scratch.take(1);
  plan.shared_gated = scratch.take(spec_.shared_size);
  plan.shared_up = scratch.take(spec_.shared_size);
  plan.shared_quantized = take_quantized(rows, 1, spec_.shared_size);
  plan.sum = scratch.take(hidden_size_);
  return plan;
}

void Experts::forward(ForwardPass& pass) const {
  const Plan plan = make_plan(pass);
  if (spec_.has_shared_gate) {
    pass.project({{router_, plan.scores}, {shared_gate_, plan.shared_weights}});
  } else {
    pass.project({{router_, plan.scores}});
  }
  pass.run_phase([&](int64_t range) { choose(pass, plan, pass.divide(plan.row_count, 1, range)); });
  pass.run_phase([&](int64_t range) {
    if (range == 0) sort_entries(plan);
  });
  pass.run_phase([&](int64_t range) { gate_range(pass, plan, range); });
  if (pass.quantizes()) pass.run_phase([&](int64_t range) { quantize_range(pass, plan, range); });
  pass.run_phase([&](int64_t range) { combine_range(pass, plan, range); });
}

void Experts::choose(const ForwardPass& pass, const Plan& plan, WorkRange rows) const {
  const auto count = static_cast<size_t>(spec_.count);
  const auto used = static_cast<size_t>(spec_.used);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    choose_experts(spec_, pass.kernels(), choice_bias_, {plan.scores + row * spec_.count, count},
                   {pass.member_scratch(), count}, {plan.choices + row * spec_.used, used});
    float& shared = plan.shared_weights[row];
    shared = spec_.has_shared_gate ? 1.0F / (1.0F + exp_f32(-shared)) : 1.0F;
  }
}

// Counts the rows of each expert, then gives each its entries.
void Experts::sort_entries(const Plan& plan) const {
  const std::span<const ExpertChoice> choices(plan.choices, static_cast<size_t>(plan.row_count * spec_.used));
  int32_t* const first = plan.first_entries;
  std::fill_n(first, spec_.count + 1, 0);
  for (const ExpertChoice& choice : choices) ++first[choice.expert + 1];
  for (int64_t expert = 0; expert < spec_.count; ++expert) first[expert + 1] += first[expert];
  for (int64_t i = 0; i < std::ssize(choices); ++i) {
    const ExpertChoice& choice = choices[static_cast<size_t>(i)];
    const int32_t entry = first[choice.expert]++;
    plan.entry_rows[entry] = static_cast<int32_t>(i / spec_.used);
    plan.entry_weights[entry] = choice.weight;
  }
  // Each place now has where the next expert begins.
  std::copy_backward(first, first + spec_.count, first + spec_.count + 1);
  first[0] = 0;
}

// Calls `work` for the experts that have rows, in ascending order, then for the one that all rows share.
void Experts::for_each_active(const Plan& plan, FunctionRef<void(const Active&)> work) const {
  for (int64_t number = 0; number < spec_.count; ++number) {
    const int64_t first = plan.first_entries[number];
    const auto count = static_cast<size_t>(plan.first_entries[number + 1] - first);
    if (count == 0) continue;
    work({.expert = experts_[static_cast<size_t>(number)],
          .size = spec_.size,
          .rows = {plan.entry_rows + first, count},
          .weights = {plan.entry_weights + first, count},
          .gated = plan.gated + first * spec_.size,
          .up = plan.up + first * spec_.size,
          .quantized = plan.quantized.values == nullptr
                           ? QuantizedRows{}
                           : rows_from(plan.quantized, first, static_cast<int64_t>(count))});
  }
  if (spec_.shared_size == 0) return;
  work({.expert = shared_,
        .size = spec_.shared_size,
        .rows = {},
        .weights = {plan.shared_weights, static_cast<size_t>(plan.row_count)},
        .gated = plan.shared_gated,
        .up = plan.shared_up,
        .quantized = plan.shared_quantized});
}

// The work is divided by blocks of 16 outputs of all experts, each as much as its expert has rows.
void Experts::gate_range(ForwardPass& pass, const Plan& plan, int64_t range) const {
  const int64_t total = plan.row_count * (spec_.used * blocks_of(spec_.size) + blocks_of(spec_.shared_size));
  const WorkRange units = pass.divide(total, 1, range);
  int64_t before = 0;
  for_each_active(plan, [&](const Active& active) {
    const int64_t cost = std::ssize(active.weights);
    const WorkRange outputs = outputs_of(units, before, cost, active.size);
    if (outputs.begin < outputs.end) gate(pass, active, outputs);
    before += cost * blocks_of(active.size);
  });
}

// gated = activation(gate(x)) · up(x), for some outputs and all rows of the expert
void Experts::gate(ForwardPass& pass, const Active& active, WorkRange outputs) const {
  const MatmulInput& all = pass.input();
  if (active.rows.empty()) return gate_rows(pass, active, all, 0, outputs);
  Panel panel(pass.member_scratch(), hidden_size_);
  const auto rows = std::ssize(active.rows);
  const int64_t block_bytes = 2 * active.expert.gate.weights.packed_block_bytes();
  const int64_t step = rows <= panel_rows ? outputs.end - outputs.begin
                                          : std::max(cached_bytes / block_bytes, int64_t{1}) * row_interleave;
  for (int64_t begin = outputs.begin; begin < outputs.end; begin += step) {
    const WorkRange part{.begin = begin, .end = std::min(begin + step, outputs.end)};
    for (int64_t first = 0; first < rows; first += panel_rows) {
      const auto count = static_cast<size_t>(std::min(panel_rows, rows - first));
      gate_rows(pass, active, panel.select(all, active.rows.subspan(static_cast<size_t>(first), count)),
                first, part);
    }
  }
}

void Experts::gate_rows(const ForwardPass& pass, const Active& active, const MatmulInput& input,
                        int64_t first, WorkRange outputs) const {
  float* const gated = active.gated + first * active.size;
  float* const up = active.up + first * active.size;
  pass.multiply(active.expert.gate, input, gated, outputs);
  pass.multiply(active.expert.up, input, up, outputs);
  const int64_t count = outputs.end - outputs.begin;
  for (int64_t row = 0; row < input.row_count; ++row) {
    float* const x = gated + row * active.size + outputs.begin;
    const float* const y = up + row * active.size + outputs.begin;
    if (spec_.clip > 0) {
      pass.kernels().clipped_silu_multiply(x, y, spec_.clip, count, x);
    } else {
      pass.kernels().silu_multiply(x, y, count, x);
    }
  }
}

void Experts::quantize_range(const ForwardPass& pass, const Plan& plan, int64_t range) const {
  const WorkRange entries = pass.divide(plan.row_count * spec_.used, 1, range);
  pass.kernels().quantize_rows(plan.gated, spec_.size, entries.begin, entries.end, plan.quantized);
  if (spec_.shared_size == 0) return;
  const WorkRange rows = pass.divide(plan.row_count, 1, range);
  pass.kernels().quantize_rows(plan.shared_gated, spec_.shared_size, rows.begin, rows.end,
                               plan.shared_quantized);
}

// Each range adds all experts for its outputs, so that every output is one chain over ascending experts.
void Experts::combine_range(ForwardPass& pass, const Plan& plan, int64_t range) const {
  const WorkRange outputs = pass.divide(hidden_size_, row_interleave, range);
  const int64_t count = outputs.end - outputs.begin;
  if (count <= 0) return;
  for (int64_t row = 0; row < plan.row_count; ++row) {
    std::fill_n(plan.sum + row * hidden_size_ + outputs.begin, count, 0.0F);
  }
  for_each_active(plan, [&](const Active& active) { add_outputs(pass, plan, active, outputs); });
  for (int64_t row = 0; row < plan.row_count; ++row) {
    pass.kernels().add(pass.hidden_row(row) + outputs.begin, plan.sum + row * hidden_size_ + outputs.begin,
                       count);
  }
}

// sum += weight · down(gated), for some outputs and all rows of the expert
void Experts::add_outputs(const ForwardPass& pass, const Plan& plan, const Active& active,
                          WorkRange outputs) const {
  float* const down = pass.member_scratch();  // [panel_rows, hidden]
  const auto rows = std::ssize(active.weights);
  for (int64_t first = 0; first < rows; first += panel_rows) {
    const int64_t count = std::min(panel_rows, rows - first);
    const QuantizedRows quantized =
        active.quantized.values == nullptr ? QuantizedRows{} : rows_from(active.quantized, first, count);
    pass.multiply(active.expert.down,
                  {.row_count = count,
                   .values = active.gated + first * active.size,
                   .value_stride = active.size,
                   .quantized = &quantized},
                  down, outputs);
    for (int64_t i = 0; i < count; ++i) {
      const auto entry = static_cast<size_t>(first + i);
      const int64_t row = active.rows.empty() ? first + i : active.rows[entry];
      pass.kernels().add_scaled(plan.sum + row * hidden_size_ + outputs.begin,
                                down + i * hidden_size_ + outputs.begin, active.weights[entry],
                                outputs.end - outputs.begin);
    }
  }
}

}  // namespace shoal
