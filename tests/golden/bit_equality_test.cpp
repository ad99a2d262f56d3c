// One model file and one prompt give the same logits, bit for bit, for every split over stages, number of
// threads, number of sequences beside it, size of prefill chunk and instruction set, with and without guesses
// that are rolled back. Three small models are tested in every combination; the others (weight formats among
// them) so that any two values of any two factors meet. SHOAL_MATRIX=all tries every combination on every
// model.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include "base/os.h"
#include "base/random.h"
#include "base/test_data_for_test.h"
#include "cli/local_model.h"
#include "model/checkpoint.h"
#include "model/k_quant_model_for_test.h"
#include "store/model_store.h"

namespace shoal {
namespace {

enum class Split : uint8_t { whole, after_the_first, before_the_last_two, with_empty_shards };
constexpr Split splits[] = {Split::whole, Split::after_the_first, Split::before_the_last_two,
                            Split::with_empty_shards};

// The layers of each stage. Each split has its borders in other places.
std::vector<int64_t> layers_of(Split split, int64_t layers) {
  switch (split) {
    case Split::whole: return {layers};
    case Split::after_the_first: return {1, layers - 1};
    case Split::before_the_last_two: return {layers - 2, 1, 1};
    case Split::with_empty_shards: return {0, layers / 2, 0, layers - layers / 2, 0};
  }
  std::unreachable();
}

struct Arrangement {
  Split split;
  int64_t threads;
  int64_t sequences;
  int64_t chunk;
  Isa isa;

  // Each number of threads uses another slot.
  int32_t first_slot() const { return static_cast<int32_t>(threads * 3 - 3); }
  std::string text() const {
    return fmt::format("split {}, {} threads, {} sequences, chunks of {}, {}", static_cast<int>(split),
                       threads, sequences, chunk, isa_name(isa));
  }
};

const std::vector<int64_t> thread_counts = {1, 2, 3};
const std::vector<int64_t> sequence_counts = {1, 2, 7};
const std::vector<int64_t> chunks = {1, 16, 512};

std::vector<Isa> available_isas() {
  std::vector<Isa> found;
  for (Isa isa : {Isa::reference, Isa::baseline, Isa::avx2, Isa::avx512}) {
    if (isa_available(isa)) found.push_back(isa);
  }
  return found;
}

std::vector<Arrangement> every_arrangement() {
  std::vector<Arrangement> all;
  for (Isa isa : available_isas())
    for (Split split : splits)
      for (int64_t threads : thread_counts)
        for (int64_t sequences : sequence_counts)
          for (int64_t chunk : chunks) all.push_back({split, threads, sequences, chunk, isa});
  return all;
}

using Pair = std::tuple<int, int64_t, int, int64_t>;

std::vector<Pair> pairs_of(const Arrangement& a) {
  const int64_t values[] = {static_cast<int64_t>(a.split), a.threads, a.sequences, a.chunk,
                            static_cast<int64_t>(a.isa)};
  std::vector<Pair> pairs;
  for (int i = 0; i < 5; ++i) {
    for (int j = i + 1; j < 5; ++j) pairs.emplace_back(i, values[i], j, values[j]);
  }
  return pairs;
}

// Roughly the time that an arrangement takes, in rows of the quickest kernels.
double cost_of(const Arrangement& a) {
  constexpr int64_t tokens = 128;
  const int64_t steps = (tokens + a.chunk - 1) / a.chunk;
  const int64_t slowness = a.isa == Isa::reference ? 8 : a.isa == Isa::baseline ? 3 : 1;
  return static_cast<double>((tokens + steps * (a.sequences - 1)) * slowness);
}

// Arrangements in which any two values of any two factors meet; of several possible ones the cheapest.
std::vector<Arrangement> pairwise_arrangements() {
  const std::vector<Arrangement> all = every_arrangement();
  std::set<Pair> missing;
  for (const Arrangement& one : all) {
    for (const Pair& pair : pairs_of(one)) missing.insert(pair);
  }
  std::vector<Arrangement> chosen;
  while (!missing.empty()) {
    const auto gain = [&](const Arrangement& one) {
      const std::vector<Pair> pairs = pairs_of(one);
      const auto met =
          std::count_if(pairs.begin(), pairs.end(), [&](const Pair& pair) { return missing.contains(pair); });
      return static_cast<double>(met) / cost_of(one);
    };
    const auto best = std::max_element(all.begin(), all.end(),
                                       [&](const auto& a, const auto& b) { return gain(a) < gain(b); });
    chosen.push_back(*best);
    for (const Pair& pair : pairs_of(*best)) missing.erase(pair);
  }
  return chosen;
}

// Tokens that depend only on their place.
TokenId any_token(int64_t sequence, int64_t position, int64_t vocabulary) {
  const double draw = uniform_draw({.seed = 7,
                                    .choice_index = static_cast<uint32_t>(sequence),
                                    .position = static_cast<uint64_t>(position),
                                    .purpose = DrawPurpose::sample});
  return static_cast<TokenId>(draw * static_cast<double>(vocabulary));
}

constexpr int64_t slot_limit = 7;
constexpr int64_t most_sequences = 7;

// A sequence that runs beside ours. When its tokens are used up, it drops most of them and takes them again.
struct Companion {
  int32_t slot;
  int64_t token_count;
  int64_t length = 0;

  SequenceRows take(int64_t rows) {
    if (length + rows > token_count) length = std::min<int64_t>(length, 5);
    const SequenceRows taken{.slot = slot, .keep_length = length, .row_count = rows};
    length += rows;
    return taken;
  }
};

// Runs the prompt in chunks and then token by token, with other sequences in the same steps. Returns the
// logits of every row of our sequence.
class Run {
 public:
  // What follows the right token in every other decoding step: nothing, or a wrong guess that the next step
  // drops.
  enum class Guesses : uint8_t { none, wrong_ones };

  Run(LocalModel& model, const Arrangement& arrangement, int64_t prompt_tokens, int64_t decode_tokens,
      Guesses guesses)
      : model_(model),
        arrangement_(arrangement),
        prompt_tokens_(prompt_tokens),
        total_(prompt_tokens + decode_tokens),
        guesses_(guesses) {
    for (int32_t i = 1; i < arrangement.sequences; ++i) companions_.push_back({i, 30 + 13 * i});
  }

  std::vector<float> logits() {
    std::vector<float> all;
    for (; length_ < total_; ++step_number_) {
      auto output = model_.run(next_step());
      EXPECT_TRUE(output) << output.error().message;
      if (!output) return {};
      all.insert(all.end(), output->logits.begin(), output->logits.end());
    }
    return all;
  }

 private:
  // Our rows come before the others, after them or in the middle; half of the others skip each step.
  Step next_step() {
    Step step;
    const auto place = static_cast<size_t>(step_number_ % 3) * companions_.size() / 2;
    for (size_t i = 0; i <= companions_.size(); ++i) {
      if (i == place) add_ours(step);
      if (i == companions_.size()) break;
      const auto turn = step_number_ + static_cast<int64_t>(i);
      if (turn % 2 == 0) add_rows(step, companions_[i].take(1 + turn % 3));
    }
    return step;
  }

  void add_ours(Step& step) {
    const bool is_prefill = length_ < prompt_tokens_;
    const int64_t rows = is_prefill ? std::min(arrangement_.chunk, prompt_tokens_ - length_) : 1;
    const auto first_row = static_cast<int32_t>(step.tokens.size());
    for (int32_t i = 0; i < rows; ++i) step.logit_rows.push_back(first_row + i);
    const bool has_guess = !is_prefill && guesses_ == Guesses::wrong_ones && length_ % 2 == 0;
    add_rows(step, {.slot = 0, .keep_length = length_, .row_count = has_guess ? rows + 2 : rows});
    if (has_guess) std::swap(step.tokens.back(), step.tokens[step.tokens.size() - 2]);
    length_ += rows;
  }

  void add_rows(Step& step, const SequenceRows& rows) const {
    step.batch.sequences.push_back(rows);
    step.batch.sequences.back().slot = (rows.slot + arrangement_.first_slot()) % slot_limit;
    for (int64_t i = 0; i < rows.row_count; ++i)
      step.tokens.push_back(any_token(rows.slot, rows.keep_length + i, model_.config().vocabulary_size));
  }

  LocalModel& model_;
  Arrangement arrangement_;
  int64_t prompt_tokens_;
  int64_t total_;
  Guesses guesses_;
  std::vector<Companion> companions_;
  int64_t length_ = 0;
  int64_t step_number_ = 0;
};

struct Lengths {
  int64_t prompt;
  int64_t decode;
};

// Loads each model once for each way to load it.
class Models {
 public:
  explicit Models(std::filesystem::path path, const Lengths& lengths)
      : path_(std::move(path)), lengths_(lengths) {}

  std::vector<float> logits(const Arrangement& arrangement, Run::Guesses guesses) {
    LocalModel* model = load(arrangement);
    if (model == nullptr) return {};
    return Run(*model, arrangement, lengths_.prompt, lengths_.decode, guesses).logits();
  }

 private:
  LocalModel* load(const Arrangement& arrangement) {
    const std::tuple key(arrangement.split, arrangement.threads, arrangement.isa);
    // A reused model still has used slots; what was in them must not matter.
    if (model_ && key == key_) return model_.get();
    model_.reset();
    auto checkpoint = Checkpoint::open(path_);
    EXPECT_TRUE(checkpoint) << checkpoint.error().message;
    if (!checkpoint) return nullptr;
    LocalModelSettings settings;
    settings.split = layers_of(arrangement.split, checkpoint->config().layer_count());
    settings.thread_count = arrangement.threads;
    settings.isa = arrangement.isa;
    settings.slot_limit = slot_limit;
    settings.row_limit = chunks.back() + 3 * most_sequences;
    settings.context_length = lengths_.prompt + lengths_.decode + 2;  // room for a guess at the end
    auto model = LocalModel::load(path_, settings);
    EXPECT_TRUE(model) << model.error().message;
    if (!model) return nullptr;
    model_ = *std::move(model);
    key_ = key;
    return model_.get();
  }

  std::filesystem::path path_;
  Lengths lengths_;
  std::tuple<Split, int64_t, Isa> key_;
  std::unique_ptr<LocalModel> model_;
};

void expect_equal_bits(const std::filesystem::path& path, const std::vector<Arrangement>& arrangements,
                       const Lengths& lengths) {
  Models models(path, lengths);
  const Arrangement simplest{
      .split = Split::whole, .threads = 1, .sequences = 1, .chunk = 512, .isa = Isa::reference};
  const std::vector<float> expected = models.logits(simplest, Run::Guesses::none);
  ASSERT_FALSE(expected.empty());
  for (const Arrangement& arrangement : arrangements) {
    const std::vector<float> found = models.logits(arrangement, Run::Guesses::wrong_ones);
    ASSERT_EQ(found.size(), expected.size()) << arrangement.text();
    ASSERT_EQ(std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)), 0)
        << arrangement.text();
  }
}

bool wants_all() { return os::environment("SHOAL_MATRIX") == "all"; }

constexpr Lengths small_lengths{.prompt = 130, .decode = 4};  // three chunks of attention

std::string model_name(const testing::TestParamInfo<const char*>& parameter) {
  std::string name = std::filesystem::path(parameter.param).filename().string();
  std::replace_if(name.begin(), name.end(), [](char letter) { return letter == '-'; }, '_');
  return name;
}

class SmallModels : public testing::TestWithParam<const char*> {};

TEST_P(SmallModels, GiveTheSameBitsInEveryArrangement) {
  const std::filesystem::path path = test_data_path(GetParam());
  if (!exists(path)) GTEST_SKIP() << path << " is missing";
  expect_equal_bits(path, every_arrangement(), small_lengths);
}

INSTANTIATE_TEST_SUITE_P(, SmallModels,
                         testing::Values("weights/stories260K-hf-derived", "oracles/tiny/llama",
                                         "oracles/tiny/qwen2"),
                         model_name);

std::vector<Arrangement> some_arrangements() {
  return wants_all() ? every_arrangement() : pairwise_arrangements();
}

// One arrangement in which everything differs from the simplest one.
std::vector<Arrangement> one_arrangement() {
  return {{.split = Split::before_the_last_two,
           .threads = 2,
           .sequences = 2,
           .chunk = 16,
           .isa = available_isas().back()}};
}

class Families : public testing::TestWithParam<const char*> {};

TEST_P(Families, GiveTheSameBitsInAnotherArrangement) {
  const std::filesystem::path path = test_data_path(GetParam());
  if (!exists(path)) GTEST_SKIP() << path << " is missing";
  expect_equal_bits(path, wants_all() ? every_arrangement() : one_arrangement(), small_lengths);
}

INSTANTIATE_TEST_SUITE_P(, Families,
                         testing::Values("oracles/tiny/mistral", "oracles/tiny/ministral3",
                                         "oracles/tiny/qwen3", "oracles/tiny/smollm3",
                                         "oracles/tiny/phi3_long", "oracles/tiny/gemma2",
                                         "oracles/tiny/gemma3"),
                         model_name);

class WeightFormats : public testing::TestWithParam<const char*> {};

TEST_P(WeightFormats, GiveTheSameBitsInArrangementsThatPairAllFactors) {
  const std::filesystem::path path = test_data_path(GetParam());
  if (!exists(path)) GTEST_SKIP() << path << " is missing";
  expect_equal_bits(path, some_arrangements(), small_lengths);
}

INSTANTIATE_TEST_SUITE_P(, WeightFormats,
                         testing::Values("oracles/gguf/llama-q4_1", "oracles/gguf/qwen2-q8_0",
                                         "oracles/gguf/llama-f16"),
                         model_name);

TEST(KQuants, GiveTheSameBitsInArrangementsThatPairAllFactors) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / fmt::format("shoal-k-{:016x}.gguf", os::random_bits());
  ASSERT_TRUE(os::write_text_file(path, make_k_quant_model().as_blocks));
  expect_equal_bits(path, some_arrangements(), small_lengths);
  std::filesystem::remove(path);
}

TEST(DefaultModel, GivesTheSameBitsInArrangementsThatPairAllFactors) {
  auto store = ModelStore::open(folders_from_environment());
  ASSERT_TRUE(store);
  auto path = store->find_model(default_model);
  if (!path) GTEST_SKIP() << path.error().message;
  const Lengths short_lengths{.prompt = 70, .decode = 4};
  expect_equal_bits(*path, some_arrangements(), wants_all() ? small_lengths : short_lengths);
}

}  // namespace
}  // namespace shoal
