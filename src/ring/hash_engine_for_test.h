// For tests: an engine whose logits are a pure hash of a sequence's tokens, layer by layer, so that any
// split, batch, chunk or rollback must give the same ones; step() refuses every batch that does not go on
// where its slot ended, and one that rolls back unless it was told that this is meant.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"

namespace shoal {

inline uint64_t mix_for_test(uint64_t a, uint64_t b) {
  uint64_t x = a * 0x9E3779B97F4A7C15u + b + 0x7F4A7C15u;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

class HashEngine : public Engine {
 public:
  static constexpr int64_t hash_parts = 4;  // a hash travels as four floats of 16 bits each

  explicit HashEngine(EngineInfo info) : info_(std::move(info)) { info_.hidden_size = hash_parts; }

  static EngineInfo default_info(int64_t first_layer, int64_t end_layer) {
    return {.first_layer = first_layer,
            .end_layer = end_layer,
            .is_head = first_layer == 0,
            .hidden_size = hash_parts,
            .vocabulary_size = 64,
            .context_length = 256,
            .slot_limit = 8,
            .row_limit = 64,
            .page_tokens = 8,
            .page_capacity = 256,
            .is_exact = true};
  }

  const EngineInfo& info() const override { return info_; }

  Result<void> step(const StepBatch& batch, std::span<float> hidden) override {
    ++step_count;
    if (fail_at_step == step_count) return shoal::fail(ErrorCode::resource_exhausted, "told to fail");
    for (const int32_t slot : batch.released_slots) {
      if (slots_.erase(slot) == 0)
        return violation("a slot is released that holds nothing: " + std::to_string(slot));
    }
    if (Result<void> checked = check(batch); !checked) return checked;
    int64_t row = 0;
    for (const SequenceRows& sequence : batch.sequences) {
      slots_[sequence.slot].resize(static_cast<size_t>(sequence.keep_length));
      for (int64_t i = 0; i < sequence.row_count; ++i)
        run_row(sequence.slot, hidden.subspan(static_cast<size_t>(row++ * hash_parts), hash_parts));
    }
    peak_pages = std::max(peak_pages, pages_used());
    return {};
  }

  Result<void> embed(std::span<const TokenId> tokens, std::span<float> hidden) override {
    for (size_t i = 0; i < tokens.size(); ++i) {
      write_hash(mix_for_test(1, static_cast<uint64_t>(tokens[i])),
                 hidden.subspan(i * hash_parts, hash_parts));
    }
    return {};
  }

  Result<void> compute_logits(std::span<const float> hidden, std::span<float> logits) override {
    const size_t vocabulary = static_cast<size_t>(info_.vocabulary_size);
    for (size_t row = 0; row * hash_parts < hidden.size(); ++row) {
      const uint64_t hash = read_hash(hidden.subspan(row * hash_parts, hash_parts));
      for (size_t v = 0; v < vocabulary; ++v) {
        logits[row * vocabulary + v] = static_cast<float>(mix_for_test(hash, v) >> 40) * 0x1p-22f - 2.0f;
      }
    }
    return {};
  }

  void observe_layers(LayerObserver) override {}

  int64_t pages_used() const {
    int64_t pages = 0;
    for (const auto& [slot, kv] : slots_) pages += pages_of(std::ssize(kv));
    return pages;
  }
  size_t slots_used() const { return slots_.size(); }

  int64_t step_count = 0;
  int64_t fail_at_step = 0;  // 0: never
  bool may_roll_back = false;
  int64_t peak_pages = 0;
  std::optional<std::string> violated;  // the first rule that a batch broke

 private:
  // Of each token, for each of the shard's layers the hash of all tokens up to it.
  using Kv = std::vector<std::vector<uint64_t>>;

  int64_t pages_of(int64_t length) const { return (length + info_.page_tokens - 1) / info_.page_tokens; }

  std::unexpected<Error> violation(std::string what) {
    if (!violated) violated = what;
    return shoal::fail(ErrorCode::invalid_argument, std::move(what));
  }

  Result<void> check(const StepBatch& batch) {
    std::set<int32_t> seen;
    int64_t pages = pages_used();
    for (const SequenceRows& rows : batch.sequences) {
      if (rows.slot < 0 || rows.slot >= info_.slot_limit)
        return violation("no such slot: " + std::to_string(rows.slot));
      if (!seen.insert(rows.slot).second)
        return violation("a slot stands in it twice: " + std::to_string(rows.slot));
      if (rows.row_count < 1) return violation("a slot without rows: " + std::to_string(rows.slot));
      const int64_t length = slots_.contains(rows.slot) ? std::ssize(slots_[rows.slot]) : 0;
      const bool goes_on = rows.keep_length == length;
      if (!goes_on && !(may_roll_back && rows.keep_length >= 0 && rows.keep_length < length)) {
        return violation("a slot holds " + std::to_string(length) + ", the step says " +
                         std::to_string(rows.keep_length));
      }
      const int64_t end = rows.keep_length + rows.row_count;
      if (end > info_.context_length) return violation("beyond the context");
      pages += pages_of(end) - pages_of(length);
    }
    if (batch.row_count() > info_.row_limit)
      return violation("too many rows: " + std::to_string(batch.row_count()));
    if (pages > info_.page_capacity) return violation("too many pages: " + std::to_string(pages));
    return {};
  }

  void run_row(int32_t slot, std::span<float> hidden) {
    Kv& kv = slots_[slot];
    uint64_t hash = read_hash(hidden);
    std::vector<uint64_t> histories;
    for (int64_t layer = info_.first_layer; layer < info_.end_layer; ++layer) {
      const uint64_t before = kv.empty() ? 0 : kv.back()[histories.size()];
      hash = mix_for_test(mix_for_test(before, hash), static_cast<uint64_t>(layer));
      histories.push_back(hash);
    }
    kv.push_back(std::move(histories));
    write_hash(hash, hidden);
  }

  static void write_hash(uint64_t hash, std::span<float> out) {
    for (size_t i = 0; i < hash_parts; ++i) out[i] = static_cast<float>((hash >> (16 * i)) & 0xFFFF);
  }
  static uint64_t read_hash(std::span<const float> in) {
    uint64_t hash = 0;
    for (size_t i = 0; i < hash_parts; ++i) hash |= static_cast<uint64_t>(in[i]) << (16 * i);
    return hash;
  }

  EngineInfo info_;
  std::map<int32_t, Kv> slots_;
};

}  // namespace shoal
