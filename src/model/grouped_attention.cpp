#include "model/grouped_attention.h"

#include <algorithm>
#include <cmath>

#include "model/forward_pass.h"

namespace shoal {

GroupedAttention::GroupedAttention(const ModelConfig& config, const LayerSpec& layer, Bias qkv_bias)
    : spec_(layer.attention),
      hidden_size_(config.hidden_size),
      rope_(layer.rope),
      rope_layout_(config.ropes[static_cast<size_t>(layer.rope)].layout),
      qkv_bias_(qkv_bias),
      scale_(static_cast<float>(1.0 / std::sqrt(static_cast<double>(spec_.head_dim)))) {}

void GroupedAttention::visit_weights(WeightVisitor visit) {
  visit_linear(visit, {{"attn_q", "self_attn.q_proj"}}, {query_size(), hidden_size_}, qkv_bias_, query_);
  visit_linear(visit, {{"attn_k", "self_attn.k_proj"}}, {key_size(), hidden_size_}, qkv_bias_, key_);
  visit_linear(visit, {{"attn_v", "self_attn.v_proj"}}, {key_size(), hidden_size_}, qkv_bias_, value_);
  visit_linear(visit, {{"attn_output", "self_attn.o_proj"}}, {hidden_size_, query_size()}, Bias::none,
               output_);
}

KvLayout GroupedAttention::kv_layout(KvType type) const {
  return {.type = type, .kv_head_count = spec_.kv_head_count, .head_dim = spec_.head_dim};
}

StepNeeds GroupedAttention::needs(KvType kv_type) const {
  return {
      .row_bytes = 2 * scratch_row_bytes(query_size()) + 2 * scratch_row_bytes(key_size()),
      .member_floats = attention_scratch_floats(kv_layout(kv_type), spec_.head_count / spec_.kv_head_count),
      .input_columns = std::max(hidden_size_, query_size()),
      .phases = 5,
      .kv_page_bytes = kv_layout(kv_type).layer_bytes()};
}

void GroupedAttention::forward(ForwardPass& pass) const {
  Scratch scratch = pass.scratch();
  const Activations rows{.query = scratch.take(query_size()),
                         .key = scratch.take(key_size()),
                         .value = scratch.take(key_size()),
                         .attended = scratch.take(query_size())};
  pass.project({{query_, rows.query}, {key_, rows.key}, {value_, rows.value}});
  pass.run_phase([&](int64_t range) {
    const WorkRange part = pass.divide(pass.row_count(), 1, range);
    for (int64_t row = part.begin; row < part.end; ++row) rotate_and_store(pass, rows, row);
  });
  attend(pass);
  pass.offer_input(rows.attended, query_size());
  pass.project_and_add(output_);
}

// Turns q and k by the row's position, writes k and v to the KV page, and tells attention where q lies.
void GroupedAttention::rotate_and_store(const ForwardPass& pass, const Activations& rows, int64_t row) const {
  const Kernels& kernels = pass.kernels();
  const RopeAngles angles = pass.angles(rope_, row);
  const auto rotate = rope_layout_ == RopeLayout::half ? kernels.rope_half : kernels.rope_interleaved;
  const auto rotate_heads = [&](float* heads, int64_t count) {
    for (int64_t head = 0; head < count; ++head) {
      rotate(heads + head * spec_.head_dim, angles.cosines, angles.sines, angles.pairs);
    }
  };
  float* const query = rows.query + row * query_size();
  float* const key = rows.key + row * key_size();
  rotate_heads(query, spec_.head_count);
  rotate_heads(key, spec_.kv_head_count);
  AttentionRow& place = pass.attention_rows()[static_cast<size_t>(row)];
  place.query = query;
  place.output = rows.attended + row * query_size();
  // This step may write the page; attention reads it only in the next phase.
  auto* const page = const_cast<std::byte*>(place.pages[place.position / kv_page_tokens]);
  kernels.store_kv(kv_layout(pass.kv_type()), key, rows.value + row * key_size(),
                   place.position % kv_page_tokens, page + pass.kv_offset());
}

void GroupedAttention::attend(ForwardPass& pass) const {
  // The work is divided by units of one (kv head, row) and one chunk of keys, head by head.
  const int64_t total = spec_.kv_head_count * pass.chunks_before().back();
  pass.run_phase([&](int64_t range) { attend_range(pass, pass.divide(total, 1, range)); });
}

void GroupedAttention::attend_range(const ForwardPass& pass, WorkRange chunks) const {
  const std::span<const int64_t> before = pass.chunks_before();
  const int64_t head_chunks = before.back();
  // The first row that begins at or after `place`. Where one range ends, the next one begins.
  const auto row_at = [&](int64_t place) {
    return std::lower_bound(before.begin(), before.end(), std::clamp(place, int64_t{0}, head_chunks)) -
           before.begin();
  };
  for (int64_t head = chunks.begin / head_chunks; head * head_chunks < chunks.end; ++head) {
    const int64_t first = row_at(chunks.begin - head * head_chunks);
    const int64_t end = row_at(chunks.end - head * head_chunks);
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
       .scale = scale_,
       .rows = rows.subspan(static_cast<size_t>(first_row), static_cast<size_t>(end_row - first_row)),
       .first_head = head * group,
       .end_head = (head + 1) * group,
       .scratch = pass.member_scratch()});
}

}  // namespace shoal
