#include "model/expert_weights.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace shoal {
namespace {

// Gate and up in one tensor of twice as many rows: one behind the other, or row by row in turns.
enum class Joined : uint8_t { one_behind_the_other, in_turns };

RowPattern rows_of(const ExpertsSpec& spec, ExpertMatrix matrix, Joined joined) {
  if (matrix == ExpertMatrix::down) return {};
  const int64_t place = matrix == ExpertMatrix::gate ? 0 : 1;
  if (joined == Joined::in_turns)
    return {.stored_rows = 2 * spec.size, .first = place, .run = 1, .period = 2};
  return {.stored_rows = 2 * spec.size, .first = place * spec.size};
}

std::string_view gguf_name(ExpertMatrix matrix) {
  switch (matrix) {
    case ExpertMatrix::gate: return "ffn_gate";
    case ExpertMatrix::up: return "ffn_up";
    case ExpertMatrix::down: return "ffn_down";
  }
  std::unreachable();
}

std::string_view projection_name(ExpertMatrix matrix) {
  switch (matrix) {
    case ExpertMatrix::gate: return "gate_proj";
    case ExpertMatrix::up: return "up_proj";
    case ExpertMatrix::down: return "down_proj";
  }
  std::unreachable();
}

std::string_view numbered_name(ExpertMatrix matrix) {
  switch (matrix) {
    case ExpertMatrix::gate: return "w1";
    case ExpertMatrix::up: return "w3";
    case ExpertMatrix::down: return "w2";
  }
  std::unreachable();
}

std::string_view joined_name(ExpertMatrix matrix) {
  return matrix == ExpertMatrix::down ? "down_proj" : "gate_up_proj";
}

}  // namespace

std::string_view experts_module(ExpertNames names) {
  return names == ExpertNames::numbered ? "block_sparse_moe" : "mlp";
}

std::vector<WeightSource> expert_matrix_sources(const ExpertsSpec& spec, ExpertMatrix matrix,
                                                int64_t expert) {
  const StackPlace stack{.index = expert, .count = spec.count};
  const std::string_view module = experts_module(spec.names);
  const std::string_view gguf = gguf_name(matrix);
  const std::string_view projection = projection_name(matrix);
  const std::string joined = fmt::format("{}.experts.{}", module, joined_name(matrix));
  const bool is_down = matrix == ExpertMatrix::down;
  if (spec.names == ExpertNames::turned) {  // [experts, inputs, outputs]
    return {{.gguf = fmt::format("{}_exps.weight", gguf),
             .hugging_face = fmt::format("{}.experts.{}.weight", module, projection),
             .stack = stack},
            {.gguf = "",
             .hugging_face = joined,
             .stack = stack,
             .is_transposed = true,
             .columns = rows_of(spec, matrix, Joined::in_turns)}};
  }
  const std::string_view one = spec.names == ExpertNames::numbered ? numbered_name(matrix) : projection;
  return {{.gguf = fmt::format("{}_exps.weight", gguf),
           .hugging_face = fmt::format("{}.switch_mlp.{}.weight", module, projection),
           .stack = stack},
          {.gguf = fmt::format("{}.{}.weight", gguf, expert),
           .hugging_face = fmt::format("{}.experts.{}.{}.weight", module, expert, one)},
          {.gguf = is_down ? "" : "ffn_gate_up_exps.weight",
           .hugging_face = joined,
           .rows = rows_of(spec, matrix, Joined::one_behind_the_other),
           .stack = stack}};
}

std::vector<WeightSource> expert_bias_sources(const ExpertsSpec& spec, ExpertMatrix matrix, int64_t expert) {
  const StackPlace stack{.index = expert, .count = spec.count};
  return {{.gguf = fmt::format("{}_exps.bias", gguf_name(matrix)),
           .hugging_face = fmt::format("mlp.experts.{}.bias", projection_name(matrix)),
           .stack = stack},
          {.gguf = "",
           .hugging_face = fmt::format("mlp.experts.{}_bias", joined_name(matrix)),
           .rows = rows_of(spec, matrix, Joined::in_turns),
           .stack = stack}};
}

}  // namespace shoal
