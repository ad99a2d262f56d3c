#include "kernels/kernels.h"

#include <fmt/format.h>

#include <array>

#include "base/check.h"
#include "base/os.h"
#include "kernels/cpu/attention_scratch.h"
#include "kernels/cpu/processor.h"
#include "kernels/cpu/tables.h"
#include "kernels/math.h"
#include "kernels/reference/reference.h"

namespace shoal {
namespace {

constexpr std::array<std::string_view, 4> isa_names = {"reference", "baseline", "avx2", "avx512"};

constexpr int64_t memory_line = 64;
constexpr int64_t whole_lines(int64_t bytes) { return (bytes + memory_line - 1) / memory_line * memory_line; }

}  // namespace

std::string_view isa_name(Isa isa) { return isa_names[static_cast<size_t>(isa)]; }

std::optional<Isa> find_isa(std::string_view name) {
  for (size_t i = 0; i < isa_names.size(); ++i) {
    if (isa_names[i] == name) return static_cast<Isa>(i);
  }
  return std::nullopt;
}

int64_t quantized_rows_bytes(int64_t row_count, int64_t columns) {
  const int64_t groups = row_count * group_count(columns);
  return whole_lines(groups * quant_group) + 3 * whole_lines(groups * 4);
}

QuantizedRows place_quantized_rows(std::byte* memory, int64_t row_count, int64_t columns) {
  const int64_t groups = row_count * group_count(columns);
  std::byte* scales = memory + whole_lines(groups * quant_group);
  std::byte* scaled_sums = scales + whole_lines(groups * 4);
  std::byte* half_sums = scaled_sums + whole_lines(groups * 4);
  return {.row_count = row_count,
          .columns = columns,
          .values = reinterpret_cast<int8_t*>(memory),
          .scales = reinterpret_cast<float*>(scales),
          .scaled_sums = reinterpret_cast<float*>(scaled_sums),
          .half_sums = reinterpret_cast<int16_t*>(half_sums)};
}

namespace {

// nullptr when this program or this processor lacks the instruction set.
const Kernels* find_table(Isa isa) {
  switch (isa) {
    case Isa::reference: return &reference::table;
    case Isa::baseline: return cpu::baseline_table();
    case Isa::avx2: return cpu::processor_has_avx2() ? cpu::avx2_table() : nullptr;
    case Isa::avx512: return cpu::processor_has_avx512() ? cpu::avx512_table() : nullptr;
  }
  return nullptr;
}

}  // namespace

const Kernels& kernels_for(Isa isa) {
  const Kernels* table = find_table(isa);
  CHECK(table != nullptr);
  return *table;
}

bool isa_available(Isa isa) { return find_table(isa) != nullptr; }

Result<Isa> choose_isa() {
  const std::optional<std::string> forced = os::environment("SHOAL_ISA");
  if (!forced) {
    if (isa_available(Isa::avx512)) return Isa::avx512;
    return isa_available(Isa::avx2) ? Isa::avx2 : Isa::baseline;
  }
  const std::optional<Isa> isa = find_isa(*forced);
  if (!isa) {
    return fail(ErrorCode::invalid_argument, fmt::format("SHOAL_ISA={}: no such instruction set; use {}",
                                                         *forced, fmt::join(isa_names, ", ")));
  }
  if (!isa_available(*isa)) {
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("SHOAL_ISA={}: not available here (this processor or this build lacks it)", *forced));
  }
  return *isa;
}

int64_t attention_scratch_floats(const KvLayout& layout, int64_t heads_of_kv_head) {
  return cpu::attention_scratch_size(layout.head_dim, heads_of_kv_head);
}

void rope_angles(float position, std::span<const float> inverse_frequencies, float magnitude, float* cosines,
                 float* sines) {
  for (size_t i = 0; i < inverse_frequencies.size(); ++i) {
    const float angle = position * inverse_frequencies[i];
    cosines[i] = cos_f32(angle) * magnitude;
    sines[i] = sin_f32(angle) * magnitude;
  }
}

}  // namespace shoal
