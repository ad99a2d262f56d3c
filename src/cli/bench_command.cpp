// shoal bench MODEL: measures the speed of prefill and decode, and how fast this machine's memory is read.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "base/clock.h"
#include "base/loop.h"
#include "base/mutex.h"
#include "base/os.h"
#include "cli/commands.h"
#include "cli/local_model.h"
#include "cli/option_values.h"
#include "json/value.h"
#include "kernels/memory_bandwidth.h"
#include "ring/local_ring.h"
#include "scheduler/scheduler.h"
#include "store/model_store.h"
#include "tokens/tokenizer_files.h"

namespace shoal {
namespace {

struct BenchOptions {
  std::string model;
  int64_t prefill_tokens = 512;
  int64_t decode_tokens = 80;
  bool json = false;
  ArithmeticOptions arithmetic;
};

// Notes when tokens come, for the thread that waits for the end.
class TimingSink final : public TokenSink {
 public:
  struct Times {
    TimePoint first, last;
    int64_t tokens = 0;
  };

  void on_token(const RequestId&, uint32_t, DeliveredToken) override {
    MutexLock lock(mutex_);
    times_.last = std::chrono::steady_clock::now();
    if (times_.tokens++ == 0) times_.first = times_.last;
  }
  void on_finished(const RequestId&, uint32_t, GenerationEnd) override { end({}); }
  void on_failed(const RequestId&, uint32_t, Error error) override { end(fail(std::move(error))); }

  Result<Times> wait() {
    MutexLock lock(mutex_);
    while (!ended_) changed_.wait(mutex_);
    ended_ = false;
    const Times times = std::exchange(times_, {});
    if (!outcome_) return fail(outcome_.error());
    return times;
  }

 private:
  void end(Result<void> outcome) {
    {
      MutexLock lock(mutex_);
      outcome_ = std::move(outcome);
      ended_ = true;
    }
    changed_.notify_all();
  }

  Mutex mutex_;
  ConditionVariable changed_;
  Times times_ GUARDED_BY(mutex_);
  Result<void> outcome_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
};

// A scheduler and a ring, as a head has them.
class Bench {
 public:
  static Result<std::unique_ptr<Bench>> make(std::vector<std::shared_ptr<Engine>> engines,
                                             const Tokenizer& tokenizer) {
    std::unique_ptr<Bench> bench(new Bench(tokenizer));
    auto ring = LocalRing::make("bench", std::move(engines), bench->scheduler_);
    if (!ring) return fail(ring.error());
    bench->ring_ = *std::move(ring);
    bench->scheduler_.start(bench->ring_->ring());
    return bench;
  }
  ~Bench() {
    scheduler_.close();
    if (ring_) ring_->close();
    loop_.stop();
  }

  struct Timing {
    double first_token_s;
    double per_token_s;
  };
  Result<Timing> run(int64_t prompt_tokens, int64_t new_tokens) {
    Generation generation{};
    generation.request = make_random_id("bench-");
    for (int64_t i = 0; i < prompt_tokens; ++i) {
      generation.prompt.push_back(
          static_cast<TokenId>((i * 7919 + 11) % (ring_->ring().limits().vocabulary_size)));
    }
    generation.sampling.temperature = 0;
    generation.max_tokens = new_tokens;
    generation.settings.ignore_end_tokens = true;
    const TimePoint begin = std::chrono::steady_clock::now();
    if (auto taken = scheduler_.submit(std::move(generation)); !taken) return fail(taken.error());
    auto times = sink_.wait();
    if (!times) return fail(times.error());
    const auto gaps = static_cast<double>(std::max<int64_t>(1, times->tokens - 1));
    return Timing{to_seconds(times->first - begin), to_seconds(times->last - times->first) / gaps};
  }

 private:
  explicit Bench(const Tokenizer& tokenizer)
      : scheduler_(SchedulerSettings{.queue_limit = 1, .active_limit = 1}, loop_, tokenizer, sink_) {}

  ThreadLoop loop_{"bench"};
  TimingSink sink_;
  Scheduler scheduler_;
  std::unique_ptr<LocalRing> ring_;
};

struct BenchResult {
  std::string model;
  int64_t threads;
  int64_t nodes;
  double prefill_tokens_per_s;
  double decode_tokens_per_s;
  int64_t weight_bytes_per_token;
  double bandwidth_bytes_per_s;
  double load_seconds;
  int64_t peak_memory_bytes;

  double decode_bandwidth_share() const {
    return decode_tokens_per_s * static_cast<double>(weight_bytes_per_token) / bandwidth_bytes_per_s;
  }
};

void print(const BenchResult& result, bool as_json) {
  if (as_json) {
    Value document((Value::Object()));
    document.set("model", result.model);
    document.set("threads", result.threads);
    document.set("nodes", result.nodes);
    document.set("prefill_tokens_per_s", result.prefill_tokens_per_s);
    document.set("decode_tokens_per_s", result.decode_tokens_per_s);
    document.set("weight_bytes_per_token", result.weight_bytes_per_token);
    document.set("bandwidth_bytes_per_s", result.bandwidth_bytes_per_s);
    document.set("decode_bandwidth_share", result.decode_bandwidth_share());
    document.set("load_seconds", result.load_seconds);
    document.set("peak_memory_bytes", result.peak_memory_bytes);
    fmt::print("{}\n", format_json(document));
    return;
  }
  constexpr double giga = 1e9;
  const double read = result.decode_tokens_per_s * static_cast<double>(result.weight_bytes_per_token);
  fmt::print("{}, {} stages of {} threads\n", result.model, result.nodes, result.threads);
  fmt::print("prefill {:>8.1f} tokens/s\n", result.prefill_tokens_per_s);
  fmt::print(
      "decode  {:>8.1f} tokens/s: {:.2f} GB/s of weights, {:.0f} % of the {:.2f} GB/s that memory gives\n",
      result.decode_tokens_per_s, read / giga, 100 * result.decode_bandwidth_share(),
      result.bandwidth_bytes_per_s / giga);
  fmt::print("load    {:>8.2f} s, peak memory {:.2f} GB\n", result.load_seconds,
             static_cast<double>(result.peak_memory_bytes) / giga);
}

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + std::ssize(values) / 2);
  return values[values.size() / 2];
}

// Measures decode and the memory's bandwidth in turns, because machines that others share drift by half
// within seconds.
Result<void> measure_speed(const BenchOptions& options, Bench& bench, BenchResult& result) {
  constexpr int64_t short_prompt = 8;
  constexpr int rounds = 5;
  if (auto warm = bench.run(short_prompt, 4); !warm) return fail(warm.error());
  auto prefill = bench.run(options.prefill_tokens, 1);
  if (!prefill) return fail(prefill.error());
  result.prefill_tokens_per_s = static_cast<double>(options.prefill_tokens) / prefill->first_token_s;

  ThreadTeam team(result.threads);
  std::vector<double> decode_rates, bandwidths;
  for (int round = 0; round < rounds; ++round) {
    auto decode = bench.run(short_prompt, std::max<int64_t>(2, options.decode_tokens / rounds));
    if (!decode) return fail(decode.error());
    decode_rates.push_back(1 / decode->per_token_s);
    // The buffers of these measurements must not count for the model's memory.
    if (round == 0) result.peak_memory_bytes = os::peak_resident_bytes();
    auto bandwidth = measure_read_bandwidth(team, bandwidth_buffer_bytes);
    if (!bandwidth) return fail(bandwidth.error());
    bandwidths.push_back(*bandwidth);
  }
  result.decode_tokens_per_s = median(std::move(decode_rates));
  result.bandwidth_bytes_per_s = median(std::move(bandwidths));
  return {};
}

Result<void> run_bench(const BenchOptions& options) {
  auto store = ModelStore::open(folders_from_environment());
  if (!store) return fail(store.error());
  auto found = store->find_model_or_path(options.model);
  if (!found) return fail(found.error());
  auto settings = options.arithmetic.settings();
  if (!settings) return fail(settings.error());
  settings->context_length = std::max(options.prefill_tokens, options.decode_tokens) + 64;
  auto tokenizer = load_tokenizer(found->path);
  if (!tokenizer) return fail(tokenizer.error());

  BenchResult result{};
  result.model = found->name;
  result.threads = settings->thread_count;
  const TimePoint begin = std::chrono::steady_clock::now();
  auto loaded = load_engines(found->path, *settings);
  if (!loaded) return fail(loaded.error());
  result.load_seconds = to_seconds(std::chrono::steady_clock::now() - begin);
  result.nodes = static_cast<int64_t>(loaded->engines.size());
  result.weight_bytes_per_token = loaded->bytes_per_token;
  auto bench = Bench::make(std::move(loaded->engines), **tokenizer);
  if (!bench) return fail(bench.error());
  if (auto measured = measure_speed(options, **bench, result); !measured) return measured;
  print(result, options.json);
  return {};
}

}  // namespace

void add_bench_command(CommandSet& commands) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command = commands.root.add_subcommand("bench", "speed of a model on this machine");
  command->add_option("model", options->model, "name or path")->required();
  command->add_option("--prefill-tokens", options->prefill_tokens, "tokens of the prompt (512)")
      ->check(CLI::Range(1, 1 << 20));
  command
      ->add_option("--decode-tokens", options->decode_tokens, "tokens that are generated, in five turns (80)")
      ->check(CLI::Range(2, 1 << 20));
  command->add_flag("--json", options->json, "as JSON");
  options->arithmetic.declare(*command);
  command->callback([options, &commands] { commands.chosen = [options] { return run_bench(*options); }; });
}

}  // namespace shoal
