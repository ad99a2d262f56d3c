// One model file, one prompt: the same logits, bit for bit, for every number of stages, threads, sequences
// beside it, size of prefill chunk and instruction set. SHOAL_MATRIX=all tries every combination on the real
// model too.
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
#include "store/model_store.h"

namespace shoal {
namespace {

struct Arrangement {
  int64_t stages;
  int64_t threads;
  int64_t sequences;
  int64_t chunk;
  Isa isa;

  std::string text() const {
    return fmt::format("{} stages, {} threads, {} sequences, chunks of {}, {}", stages, threads, sequences,
                       chunk, isa_name(isa));
  }
};

const std::vector<int64_t> stage_counts = {1, 2, 3, 5};
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
    for (int64_t stages : stage_counts)
      for (int64_t threads : thread_counts)
        for (int64_t sequences : sequence_counts)
          for (int64_t chunk : chunks) all.push_back({stages, threads, sequences, chunk, isa});
  return all;
}

using Pair = std::tuple<int, int64_t, int, int64_t>;

std::vector<Pair> pairs_of(const Arrangement& a) {
  const int64_t values[] = {a.stages, a.threads, a.sequences, a.chunk, static_cast<int64_t>(a.isa)};
  std::vector<Pair> pairs;
  for (int i = 0; i < 5; ++i) {
    for (int j = i + 1; j < 5; ++j) pairs.emplace_back(i, values[i], j, values[j]);
  }
  return pairs;
}

// Few arrangements in which any two values of any two factors meet.
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
      return std::count_if(pairs.begin(), pairs.end(),
                           [&](const Pair& pair) { return missing.contains(pair); });
    };
    const auto best = std::max_element(all.begin(), all.end(),
                                       [&](const auto& a, const auto& b) { return gain(a) < gain(b); });
    chosen.push_back(*best);
    for (const Pair& pair : pairs_of(*best)) missing.erase(pair);
  }
  return chosen;
}

// As uneven as it gets, so that borders fall at other places for each number of stages; a stage may be empty.
std::vector<int64_t> uneven_split(int64_t layers, int64_t stages) {
  std::vector<int64_t> split;
  for (int64_t i = 0; i < stages; ++i) {
    const int64_t left = stages - i;
    split.push_back(left == 1 ? layers : std::min(layers, layers / left + (i % 2)));
    layers -= split.back();
  }
  return split;
}

// Tokens that depend on nothing but their place.
TokenId any_token(int64_t sequence, int64_t position, int64_t vocabulary) {
  const double draw = uniform_draw({.seed = 7,
                                    .choice_index = static_cast<uint32_t>(sequence),
                                    .position = static_cast<uint64_t>(position),
                                    .purpose = DrawPurpose::sample});
  return static_cast<TokenId>(draw * static_cast<double>(vocabulary));
}

// Runs the prompt as slot 0, in chunks and then token by token, with other sequences of other lengths in the
// same steps. Gives the logits of every row of slot 0.
class Run {
 public:
  Run(LocalModel& model, const Arrangement& arrangement, int64_t prompt_tokens, int64_t decode_tokens)
      : model_(model),
        arrangement_(arrangement),
        prompt_tokens_(prompt_tokens),
        decode_tokens_(decode_tokens) {}

  std::vector<float> logits() {
    std::vector<float> all;
    std::vector<int64_t> lengths(static_cast<size_t>(arrangement_.sequences), 0);
    const int64_t total = prompt_tokens_ + decode_tokens_;
    for (int64_t step_number = 0; lengths[0] < total; ++step_number) {
      const bool prefill = lengths[0] < prompt_tokens_;
      const int64_t own_rows = prefill ? std::min(arrangement_.chunk, prompt_tokens_ - lengths[0]) : 1;
      Step step;
      // The others stand in front of slot 0 in every second step, so that its rows lie elsewhere.
      const bool first = step_number % 2 == 0;
      if (first) add_rows(step, 0, own_rows, lengths);
      for (int64_t other = 1; other < arrangement_.sequences; ++other) {
        const int64_t rows = 1 + (step_number * other) % 3;
        if (lengths[static_cast<size_t>(other)] + rows <= total) add_rows(step, other, rows, lengths);
      }
      if (!first) add_rows(step, 0, own_rows, lengths);
      auto output = model_.run(std::move(step));
      EXPECT_TRUE(output) << output.error().message;
      if (!output) return {};
      all.insert(all.end(), output->logits.begin(), output->logits.end());
    }
    return all;
  }

 private:
  void add_rows(Step& step, int64_t sequence, int64_t rows, std::vector<int64_t>& lengths) const {
    int64_t& length = lengths[static_cast<size_t>(sequence)];
    const auto first_row = static_cast<int32_t>(step.tokens.size());
    step.batch.sequences.push_back(
        {.slot = static_cast<int32_t>(sequence), .keep_length = length, .row_count = rows});
    for (int64_t i = 0; i < rows; ++i) {
      step.tokens.push_back(any_token(sequence, length + i, model_.config().vocabulary_size));
      if (sequence == 0) step.logit_rows.push_back(first_row + static_cast<int32_t>(i));
    }
    length += rows;
  }

  LocalModel& model_;
  Arrangement arrangement_;
  int64_t prompt_tokens_;
  int64_t decode_tokens_;
};

struct Lengths {
  int64_t prompt;
  int64_t decode;
};

// Models are loaded once for each way to load them, the most sequences and the largest chunk.
class Models {
 public:
  explicit Models(std::filesystem::path path, const Lengths& lengths)
      : path_(std::move(path)), lengths_(lengths) {}

  std::vector<float> logits(const Arrangement& arrangement) {
    LocalModel* model = load(arrangement);
    if (model == nullptr) return {};
    return Run(*model, arrangement, lengths_.prompt, lengths_.decode).logits();
  }

 private:
  LocalModel* load(const Arrangement& arrangement) {
    const std::tuple key(arrangement.stages, arrangement.threads, arrangement.isa);
    if (model_ && key == key_) return model_.get();
    model_.reset();
    auto checkpoint = Checkpoint::open(path_);
    EXPECT_TRUE(checkpoint) << checkpoint.error().message;
    if (!checkpoint) return nullptr;
    LocalModelSettings settings;
    settings.split = uneven_split(checkpoint->config().layer_count, arrangement.stages);
    settings.thread_count = arrangement.threads;
    settings.isa = arrangement.isa;
    settings.slot_limit = sequence_counts.back();
    settings.row_limit = chunks.back() + 3 * sequence_counts.back();
    settings.context_length = lengths_.prompt + lengths_.decode;
    auto model = LocalModel::load(path_, settings);
    EXPECT_TRUE(model) << model.error().message;
    if (!model) return nullptr;
    model_ = *std::move(model);
    key_ = key;
    return model_.get();
  }

  std::filesystem::path path_;
  Lengths lengths_;
  std::tuple<int64_t, int64_t, Isa> key_;
  std::unique_ptr<LocalModel> model_;
};

void expect_equal_bits(const std::filesystem::path& path, const std::vector<Arrangement>& arrangements,
                       const Lengths& lengths) {
  Models models(path, lengths);
  const Arrangement simplest{.stages = 1, .threads = 1, .sequences = 1, .chunk = 512, .isa = Isa::reference};
  const std::vector<float> expected = models.logits(simplest);
  ASSERT_FALSE(expected.empty());
  for (const Arrangement& arrangement : arrangements) {
    const std::vector<float> found = models.logits(arrangement);
    ASSERT_EQ(found.size(), expected.size()) << arrangement.text();
    ASSERT_EQ(std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)), 0)
        << arrangement.text();
  }
}

class SmallModels : public testing::TestWithParam<const char*> {};

TEST_P(SmallModels, GiveTheSameBitsInEveryArrangement) {
  const std::filesystem::path path = test_data_path(GetParam());
  if (!exists(path)) GTEST_SKIP() << path << " is missing";
  expect_equal_bits(path, every_arrangement(), {.prompt = 130, .decode = 3});
}

std::string model_name(const testing::TestParamInfo<const char*>& parameter) {
  std::string name = std::filesystem::path(parameter.param).stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(, SmallModels,
                         testing::Values("weights/stories260K-hf-derived", "oracles/tiny/llama",
                                         "oracles/tiny/qwen2"),
                         model_name);

TEST(DefaultModel, GivesTheSameBitsInArrangementsThatPairAllFactors) {
  auto store = ModelStore::open(folders_from_environment());
  ASSERT_TRUE(store);
  auto path = store->find_model(default_model);
  if (!path) GTEST_SKIP() << path.error().message;
  const bool full = os::environment("SHOAL_MATRIX") == "all";
  const Lengths lengths = full ? Lengths{.prompt = 130, .decode = 3} : Lengths{.prompt = 70, .decode = 3};
  expect_equal_bits(*path, full ? every_arrangement() : pairwise_arrangements(), lengths);
}

}  // namespace
}  // namespace shoal
