#include "model/workspace.h"

#include <algorithm>

namespace shoal {
namespace {

// The most phases outside of the layers.
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

StepNeeds sum(std::span<const StepNeeds> layers) {
  StepNeeds needs;
  for (const StepNeeds& layer : layers) needs += layer;
  return needs;
}

}  // namespace

Workspace::Workspace(std::span<const StepNeeds> layers, const Settings& settings)
    : phases_(sum(layers).phases + other_phases, settings.thread_count),
      row_limit_(settings.row_limit),
      quantize_(settings.quantize),
      kv_type_(settings.kv_type) {
  int64_t offset = 0;
  for (const StepNeeds& layer : layers) {
    kv_offsets_.push_back(offset);
    offset += layer.kv_page_bytes;
  }
}

Result<Workspace> Workspace::create(const ModelConfig& config, std::span<const StepNeeds> layers,
                                    const Settings& settings) {
  const StepNeeds needs = sum(layers);
  const int64_t widest = std::max(config.hidden_size, needs.input_columns);
  const int64_t rows = settings.row_limit;

  Workspace space(layers, settings);
  const auto place_activations = [&](Placer& placer, int64_t row_count) {
    return Activations{.values = placer.take_floats(row_count * config.hidden_size),
                       .quantized = settings.quantize
                                        ? placer.take_bytes(quantized_rows_bytes(row_count, widest))
                                        : nullptr};
  };
  const auto place = [&](Placer placer) {
    space.scratch_ = placer.take_bytes(rows * needs.row_bytes);
    space.projected_ = placer.take_floats(rows * config.hidden_size);
    space.angles_.clear();
    for (const RopeConfig& rope : config.ropes) {
      const int64_t pairs = std::ssize(rope.inverse_frequencies);
      float* const cosines = placer.take_floats(rows * pairs);
      space.angles_.push_back({.cosines = cosines, .sines = placer.take_floats(rows * pairs)});
    }
    space.shared_ = place_activations(placer, rows);
    space.own_.clear();
    space.member_scratch_.clear();
    for (int64_t member = 0; member < settings.thread_count; ++member) {
      space.own_.push_back(place_activations(placer, std::min(own_row_limit, rows)));
      space.member_scratch_.push_back(placer.take_floats(needs.member_floats));
    }
    return placer.used();
  };
  auto memory = Buffer::allocate(place(Placer(nullptr)));
  if (!memory) return fail(memory.error(), "activations");
  space.memory_ = std::move(*memory);
  place(Placer(space.memory_.data()));
  space.rows_.reserve(static_cast<size_t>(rows));
  space.chunks_before_.reserve(static_cast<size_t>(rows + 1));
  return space;
}

}  // namespace shoal
