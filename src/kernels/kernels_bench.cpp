// Measures the kernels: matrix times vector in GB/s of packed weights (against plain reading in the same
// run), matrix times many rows in multiplications per second, attention, the small functions, and packing at
// load.
//   kernels_bench [--benchmark_filter=…], with SHOAL_ISA as everywhere
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <random>
#include <string>

#include "base/check.h"
#include "base/thread_team.h"
#include "kernels/kernels.h"
#include "kernels/memory_bandwidth.h"
#include "kernels/random_for_test.h"

namespace shoal {
namespace {

constexpr int64_t columns = 1536;
constexpr int64_t gemv_bytes = 192 << 20;  // larger than any cache
constexpr int64_t gemm_rows = 1024;

int64_t gemv_rows(const StoredFormat& format) {
  const int64_t block_bytes = *packed_weight_bytes(format.packed_format(), row_interleave, columns);
  return gemv_bytes / block_bytes * row_interleave;
}

const Kernels& kernels() {
  static const Kernels& chosen = kernels_for(*choose_isa());
  return chosen;
}

// Few rows are distinct: speed does not depend on values, and making random ones takes long.
WeightMatrix random_matrix(const StoredFormat& format, int64_t rows) {
  test::Generator generator(1);
  const test::StoredRows source = test::random_rows(generator, format, 16, columns);
  WeightMatrix matrix = std::move(*WeightMatrix::allocate(format.packed_format(), rows, columns));
  for (int64_t row = 0; row < rows; row += 16) matrix.pack_rows(format, row, 16, source.bytes());
  return matrix;
}

struct Activations {
  explicit Activations(int64_t rows)
      : values(rows * columns), memory(std::move(*Buffer::allocate(quantized_rows_bytes(rows, columns)))) {
    test::Generator generator(2);
    values = test::random_floats(generator, rows * columns, 1.0F);
    quantized = place_quantized_rows(memory.data(), rows, columns);
    kernels().quantize_rows(values.data(), columns, 0, rows, quantized);
    input = {.row_count = rows, .values = values.data(), .value_stride = columns, .quantized = &quantized};
  }
  std::vector<float> values;
  Buffer memory;
  QuantizedRows quantized;
  MatmulInput input;
};

void run_matmul(benchmark::State& state, const StoredFormat& format, int64_t rows, int64_t tokens,
                int64_t threads) {
  const WeightMatrix matrix = random_matrix(format, rows);
  const Activations x(tokens);
  std::vector<float> output(rows * tokens);
  ThreadTeam team(threads);
  for (auto _ : state) {
    team.run([&](int64_t member) {
      const WorkRange range = divide_work(rows, row_interleave, member, threads);
      kernels().matmul(matrix, x.input, {output.data(), rows, range.begin, range.end});
    });
  }
  const auto passes = static_cast<double>(state.iterations());
  state.counters["weights_bytes"] =
      benchmark::Counter(passes * static_cast<double>(matrix.packed_bytes()), benchmark::Counter::kIsRate);
  state.counters["macs"] =
      benchmark::Counter(passes * static_cast<double>(rows * columns * tokens), benchmark::Counter::kIsRate);
}

void run_plain_read(benchmark::State& state, int64_t threads) {
  ThreadTeam team(threads);
  double best = 0;
  for (auto _ : state) best = std::max(best, *measure_read_bandwidth(team, bandwidth_buffer_bytes));
  state.counters["weights_bytes"] = best;
}

void run_pack(benchmark::State& state, const StoredFormat& format) {
  constexpr int64_t rows = 4096;
  test::Generator generator(1);
  const test::StoredRows source = test::random_rows(generator, format, rows, columns);
  WeightMatrix matrix = std::move(*WeightMatrix::allocate(format.packed_format(), rows, columns));
  matrix.pack_rows(format, 0, rows, source.bytes());
  for (auto _ : state) matrix.pack_rows(format, 0, rows, source.bytes());
  state.SetBytesProcessed(state.iterations() * matrix.packed_bytes());
}

// Either 512 query rows of one sequence, as in the prefill of a first chunk, or one row at the end of it; 12
// heads over 2 kv heads of 128.
void run_attention(benchmark::State& state, int64_t first_position, int64_t row_count) {
  const KvLayout layout{.type = KvType::f16, .kv_head_count = 2, .head_dim = 128};
  constexpr int64_t heads = 12;
  const int64_t keys = first_position + row_count;
  test::Generator generator(3);
  std::vector<std::vector<std::byte>> pages((keys + kv_page_tokens - 1) / kv_page_tokens);
  std::vector<const std::byte*> page_list;
  const std::vector<float> x = test::random_floats(generator, heads * layout.head_dim, 1.0F);
  for (auto& page : pages) {
    page.resize(layout.layer_bytes());
    for (int64_t token = 0; token < kv_page_tokens; ++token) {
      kernels().store_kv(layout, x.data(), x.data(), token, page.data());
    }
    page_list.push_back(page.data());
  }
  std::vector<float> output(row_count * heads * layout.head_dim);
  std::vector<float> scratch(attention_scratch_floats(layout, heads / layout.kv_head_count));
  std::vector<AttentionRow> rows;
  int64_t products = 0;
  for (int64_t row = 0; row < row_count; ++row) {
    rows.push_back(
        {x.data(), output.data() + row * heads * layout.head_dim, first_position + row, page_list.data()});
    products += (first_position + row + 1) * heads * layout.head_dim * 2;
  }
  for (auto _ : state) {
    kernels().attention({layout, 0, heads, 0.1F, rows, 0, heads, scratch.data()});
  }
  state.counters["macs"] =
      benchmark::Counter(static_cast<double>(state.iterations() * products), benchmark::Counter::kIsRate);
}

// Measures one of the small functions over a layer's 8960 intermediate values.
template <class Function>
void run_small(benchmark::State& state, Function function) {
  constexpr int64_t count = 8960;
  test::Generator generator(4);
  const std::vector<float> x = test::random_floats(generator, count, 1.0F);
  const std::vector<float> y = test::random_floats(generator, count, 1.0F);
  std::vector<float> out(count);
  for (auto _ : state) {
    function(x.data(), y.data(), count, out.data());
    benchmark::ClobberMemory();
  }
  state.counters["elements"] =
      benchmark::Counter(static_cast<double>(state.iterations() * count), benchmark::Counter::kIsRate);
}

// One thread is measured by its processor time, which is steadier on a machine that others use too; several
// by the clock.
void use_clock(benchmark::internal::Benchmark* benchmark, int64_t threads) {
  if (threads > 1) benchmark->UseRealTime();
}

void register_all() {
  using benchmark::RegisterBenchmark;
  for (const int64_t threads : {1, 2}) {
    RegisterBenchmark(fmt::format("plain_read/threads:{}", threads).c_str(), run_plain_read, threads)
        ->UseRealTime()
        ->Iterations(1);
    for (const StoredFormat& format : stored_formats()) {
      const std::string name = fmt::format("gemv/{}/threads:{}", format.name, threads);
      use_clock(RegisterBenchmark(name.c_str(), run_matmul, std::cref(format), gemv_rows(format), 1, threads),
                threads);
    }
    for (const StoredFormat& format : stored_formats()) {
      for (const int64_t tokens : {1, 2, 4, 16, 512}) {
        const std::string name = fmt::format("gemm/{}/tokens:{}/threads:{}", format.name, tokens, threads);
        use_clock(RegisterBenchmark(name.c_str(), run_matmul, std::cref(format), gemm_rows, tokens, threads),
                  threads);
      }
    }
  }
  for (const StoredFormat& format : stored_formats()) {
    RegisterBenchmark(fmt::format("pack/{}", format.name).c_str(), run_pack, std::cref(format));
  }
  RegisterBenchmark("attention/prefill_512", run_attention, 0, 512);
  RegisterBenchmark("attention/decode_at_4096", run_attention, 4095, 1);
  const auto small = [](const char* name, auto function) {
    RegisterBenchmark(name, [function](benchmark::State& state) { run_small(state, function); });
  };
  small("silu_multiply",
        [](const float* x, const float* y, int64_t n, float* out) { kernels().silu_multiply(x, y, n, out); });
  small("rms_norm", [](const float* x, const float* y, int64_t n, float* out) {
    kernels().rms_norm(x, y, 1e-6F, n, out);
  });
  small("softmax", [](const float* x, const float*, int64_t n, float* out) { kernels().softmax(x, n, out); });
  static Buffer memory = std::move(*Buffer::allocate(quantized_rows_bytes(1, 8960)));
  small("quantize_rows", [](const float* x, const float*, int64_t n, float*) {
    kernels().quantize_rows(x, n, 0, 1, place_quantized_rows(memory.data(), 1, n));
  });
}

}  // namespace
}  // namespace shoal

int main(int argc, char** argv) {
  const auto isa = shoal::choose_isa();
  if (!isa) {
    std::fprintf(stderr, "%s\n", isa.error().message.c_str());
    return 1;
  }
  benchmark::AddCustomContext("isa", std::string(shoal::isa_name(*isa)));
  shoal::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
