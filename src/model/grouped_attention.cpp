#include "model/grouped_attention.h"

#include <algorithm>
#include <cmath>

#include "kernels/math.h"
#include "model/forward_pass.h"

namespace shoal {
namespace {

Bias required_if(bool has_bias) { return has_bias ? Bias::required : Bias::none; }

float position_factor(const PositionScale& scale, int64_t position) {
  return 1.0F + scale.beta * log_f32(1.0F + static_cast<float>(position / scale.step));
}

}  // namespace

GroupedAttention::GroupedAttention(const ModelConfig& config, const LayerSpec& layer)
    : spec_(layer.attention),
      hidden_size_(config.hidden_size),
      rope_(layer.rope),
      rope_layout_(rope_ == no_rope ? RopeLayout::half : config.ropes[static_cast<size_t>(rope_)].layout) {
  if (spec_.norm == QueryKeyNorm::none) return;
  const bool is_per_head = spec_.norm != QueryKeyNorm::whole;
  query_norm_.emplace(config, is_per_head ? spec_.head_dim : query_size());
  key_norm_.emplace(config, is_per_head ? spec_.head_dim : key_size());
}

void GroupedAttention::visit_weights(WeightVisitor visit) {
  visit_projections(visit);
  visit_linear(visit, {{"attn_output", "self_attn.o_proj"}}, {hidden_size_, query_size()},
               required_if(spec_.has_output_bias), output_);
  const Need need = spec_.norm == QueryKeyNorm::per_head_if_there ? Need::optional : Need::required;
  if (query_norm_) query_norm_->visit_weights(visit, {{"attn_q_norm", "self_attn.q_norm"}}, need);
  if (key_norm_) key_norm_->visit_weights(visit, {{"attn_k_norm", "self_attn.k_norm"}}, need);
  if (!spec_.has_sinks) return;
  visit({.sources = {{"attn_sinks.weight", "self_attn.sinks"}, {"attn_sinks", ""}},
         .shape = {spec_.head_count},
         .target = &sinks_});
}

void GroupedAttention::visit_projections(WeightVisitor visit) {
  struct Part {
    WeightSource source;
    Linear& target;
    int64_t size;
  };
  const Part parts[] = {{{"attn_q", "self_attn.q_proj"}, query_, query_size()},
                        {{"attn_k", "self_attn.k_proj"}, key_, key_size()},
                        {{"attn_v", "self_attn.v_proj"}, value_, key_size()}};
  int64_t first = 0;
  for (const Part& part : parts) {
    const WeightSource fused{.gguf = "attn_qkv",
                             .hugging_face = "self_attn.qkv_proj",
                             .rows = {.stored_rows = query_size() + 2 * key_size(), .first = first}};
    visit_linear(visit, {spec_.is_fused ? fused : part.source}, {part.size, hidden_size_},
                 required_if(spec_.has_qkv_bias), part.target);
    first += part.size;
  }
}

KvLayout GroupedAttention::kv_layout(KvType type) const {
  return {.type = type, .kv_head_count = spec_.kv_head_count, .head_dim = spec_.head_dim};
}

StepNeeds GroupedAttention::needs(KvType kv_type) const {
  return {
      .row_bytes = 2 * scratch_row_bytes(query_size()) + 2 * scratch_row_bytes(key_size()),
      .member_floats = attention_scratch_floats(kv_layout(kv_type), spec_.head_count / spec_.kv_head_count),
      .input_columns = std::max(hidden_size_, query_size()),
      .phases = 6,
      .kv_page_bytes = kv_layout(kv_type).layer_bytes()};
}

void GroupedAttention::forward(ForwardPass& pass, std::span<const float> output_norm) const {
  Scratch scratch = pass.scratch();
  const Activations rows{.query = scratch.take(query_size()),
                         .key = scratch.take(key_size()),
                         .value = scratch.take(key_size()),
                         .attended = scratch.take(query_size())};
  pass.project({{query_, rows.query}, {key_, rows.key}, {value_, rows.value}});
  pass.run_phase([&](int64_t range) {
    const WorkRange part = pass.divide(pass.row_count(), 1, range);
    for (int64_t row = part.begin; row < part.end; ++row) prepare_and_store(pass, rows, row);
  });
  attend(pass);
  pass.offer_input(rows.attended, query_size());
  pass.project_and_add(output_, output_norm);
}

void GroupedAttention::normalize(const ForwardPass& pass, const std::optional<Norm>& norm, float* heads,
                                 int64_t count) const {
  if (!norm || norm->weight.empty()) return;
  for (int64_t i = 0; i < count * spec_.head_dim; i += norm->size) {
    pass.normalize_row(heads + i, norm->weight, heads + i);
  }
}

void GroupedAttention::rotate(const ForwardPass& pass, int64_t row, float* heads, int64_t count) const {
  if (rope_ == no_rope) return;
  const RopeAngles angles = pass.angles(rope_, row);
  const Kernels& kernels = pass.kernels();
  const auto turn = rope_layout_ == RopeLayout::half ? kernels.rope_half : kernels.rope_interleaved;
  for (int64_t head = 0; head < count; ++head) {
    turn(heads + head * spec_.head_dim, angles.cosines, angles.sines, angles.pairs);
  }
}

// Normalises q and k and turns them by the row's position, writes k and v to the KV page, and tells attention
// where q lies.
void GroupedAttention::prepare_and_store(const ForwardPass& pass, const Activations& rows,
                                         int64_t row) const {
  float* const query = rows.query + row * query_size();
  float* const key = rows.key + row * key_size();
  normalize(pass, query_norm_, query, spec_.head_count);
  normalize(pass, key_norm_, key, spec_.kv_head_count);
  rotate(pass, row, query, spec_.head_count);
  rotate(pass, row, key, spec_.kv_head_count);
  AttentionRow& place = pass.attention_rows()[static_cast<size_t>(row)];
  if (spec_.position_scale.beta != 0) {
    const float factor = position_factor(spec_.position_scale, place.position);
    for (int64_t i = 0; i < query_size(); ++i) query[i] *= factor;
  }
  place.query = query;
  place.output = rows.attended + row * query_size();
  // This step may write the page; attention reads it only in the next phase.
  auto* const page = const_cast<std::byte*>(place.pages[place.position / kv_page_tokens]);
  pass.kernels().store_kv(kv_layout(pass.kv_type()), key, rows.value + row * key_size(),
                          place.position % kv_page_tokens, page + pass.kv_offset());
}

// The work is divided, head by head, by units of one (kv head, row) and one chunk of keys; in a window, where
// all rows see about as many keys, by rows.
void GroupedAttention::attend(ForwardPass& pass) const {
  const int64_t row_units = spec_.window > 0 ? pass.row_count() : pass.chunks_before().back();
  const int64_t total = spec_.kv_head_count * row_units;
  pass.run_phase([&](int64_t range) { attend_range(pass, pass.divide(total, 1, range)); });
}

void GroupedAttention::attend_range(const ForwardPass& pass, WorkRange units) const {
  const std::span<const int64_t> before = pass.chunks_before();
  const int64_t head_units = spec_.window > 0 ? pass.row_count() : before.back();
  // The first row that begins at or after `place`. Where one range ends, the next one begins.
  const auto row_at = [&](int64_t place) {
    const int64_t inside = std::clamp(place, int64_t{0}, head_units);
    return spec_.window > 0 ? inside : std::ranges::lower_bound(before, inside) - before.begin();
  };
  for (int64_t head = units.begin / head_units; head * head_units < units.end; ++head) {
    const int64_t first = row_at(units.begin - head * head_units);
    const int64_t end = row_at(units.end - head * head_units);
    if (first < end) attend_head(pass, head, first, end);
  }
}

void GroupedAttention::attend_head(const ForwardPass& pass, int64_t head, int64_t first_row,
                                   int64_t end_row) const {
  const std::span<const AttentionRow> rows = pass.attention_rows();
  const int64_t group = spec_.head_count / spec_.kv_head_count;
  pass.kernels().attention(
      {.layout = kv_layout(pass.kv_type()),
       .layer_offset = pass.kv_offset(),
       .head_count = spec_.head_count,
       .scale = spec_.scale,
       .rows = rows.subspan(static_cast<size_t>(first_row), static_cast<size_t>(end_row - first_row)),
       .first_head = head * group,
       .end_head = (head + 1) * group,
       .scratch = pass.member_scratch(),
       .window = spec_.window,
       .soft_cap = spec_.soft_cap,
       .sinks = sinks_.empty() ? nullptr : sinks_.data()});
}

}  // namespace shoal
