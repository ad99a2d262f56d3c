// What a description can say of where files have a weight is what is read.
#include "model/weight_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <span>

#include "base/os.h"
#include "kernels/kernels.h"
#include "model/linear.h"

namespace shoal {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class WeightFile : public testing::Test {
 protected:
  void SetUp() override {
    path_ = fs::temp_directory_path() / ("shoal-weights-" + std::to_string(os::random_bits()));
  }
  void TearDown() override { fs::remove(path_); }

  // A tensor of `shape` whose element i is i.
  void add(const std::string& name, const std::vector<int64_t>& shape) {
    int64_t count = 1;
    for (const int64_t size : shape) count *= size;
    std::vector<float> values(static_cast<size_t>(count));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
    add_bytes(name, DType::f32, shape, std::as_bytes(std::span(values)));
  }
  void add_bytes(const std::string& name, DType type, const std::vector<int64_t>& shape,
                 std::span<const std::byte> bytes) {
    std::ofstream file(path_, std::ios::binary | std::ios::app);
    const int64_t offset = file.tellp();
    file.write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
    tensors_[name] = {.name = name,
                      .type = type,
                      .shape = shape,
                      .file = path_,
                      .offset = offset,
                      .bytes = std::ssize(bytes)};
  }

  Result<void> order(const Weight& weight) {
    const auto found = find_source(tensors_, Dialect::hugging_face, "layer.", weight);
    if (!found) return fail(ErrorCode::not_found, "no source");
    const auto stored = locate(*found, weight);
    if (!stored) return fail(stored.error());
    loader_.order(weight, *stored);
    return {};
  }

  // The first value of each row, which says which row of the tensor it was.
  std::vector<float> load_and_read_first_column(const WeightMatrix& matrix) {
    ThreadTeam team(2);
    EXPECT_TRUE(loader_.run(team, {}, {}));
    std::vector<float> row(static_cast<size_t>(matrix.columns())), firsts;
    for (int64_t i = 0; i < matrix.rows(); ++i) {
      kernels_for(Isa::reference).dequantize_row(matrix, i, row.data());
      for (size_t k = 0; k < row.size(); ++k) EXPECT_EQ(row[k], row[0] + static_cast<float>(k));
      firsts.push_back(row[0]);
    }
    return firsts;
  }

  fs::path path_;
  StoredTensors tensors_;
  WeightLoader loader_{WeightPrecision::as_stored};
};

TEST_F(WeightFile, ReadsAPartOfAFusedTensor) {
  add("layer.qkv.weight", {9, 2});
  WeightMatrix key;
  ASSERT_TRUE(order({.sources = {{"", "k.weight"}, {"", "qkv.weight", {.stored_rows = 9, .first = 5}}},
                     .shape = {2, 2},
                     .target = &key}));
  EXPECT_THAT(load_and_read_first_column(key), ElementsAre(10, 12));
}

TEST_F(WeightFile, TakesTheFirstSourceThatIsThere) {
  add("layer.a.weight", {3, 1});
  add("layer.b.weight", {2, 1});
  WeightMatrix matrix;
  ASSERT_TRUE(order({.sources = {{"layer.a.weight", ""}, {"", "b.weight"}, {"", "a.weight"}},
                     .shape = {2, 1},
                     .target = &matrix}));
  EXPECT_THAT(load_and_read_first_column(matrix), ElementsAre(0, 1));
}

TEST_F(WeightFile, ReadsRowsThatStandInTurns) {
  add("layer.gate_up.weight", {6, 2});
  add("layer.gate_up.bias", {6});
  Linear up;
  const std::vector<WeightSource> modules = {
      {"", "gate_up", {.stored_rows = 6, .first = 1, .run = 1, .period = 2}}};
  visit_linear([&](const Weight& weight) { EXPECT_TRUE(order(weight)); }, modules, {3, 2}, Bias::optional,
               up);
  EXPECT_THAT(load_and_read_first_column(up.weights), ElementsAre(2, 6, 10));
  EXPECT_THAT(up.bias, ElementsAre(1, 3, 5));
}

TEST_F(WeightFile, ReadsTheRowsOfEachHead) {
  add("layer.kv_b.weight", {10, 1});
  WeightMatrix value;
  ASSERT_TRUE(order({.sources = {{"", "kv_b.weight", {.stored_rows = 10, .first = 3, .run = 2, .period = 5}}},
                     .shape = {4, 1},
                     .target = &value}));
  EXPECT_THAT(load_and_read_first_column(value), ElementsAre(3, 4, 8, 9));
}

TEST_F(WeightFile, TurnsWhatIsTransposed) {
  add("layer.kv_b.weight", {10, 2});  // two heads, each three rows of k and two of v
  WeightMatrix key;
  ASSERT_TRUE(order({.sources = {{"",
                                  "kv_b.weight",
                                  {.stored_rows = 10, .first = 5},
                                  {},
                                  /*is_transposed=*/true}},
                     .shape = {2, 3},
                     .target = &key}));
  ThreadTeam team(2);
  ASSERT_TRUE(loader_.run(team, {}, {}));
  std::vector<float> row(3);
  kernels_for(Isa::reference).dequantize_row(key, 0, row.data());
  EXPECT_THAT(row, ElementsAre(10, 12, 14));
  kernels_for(Isa::reference).dequantize_row(key, 1, row.data());
  EXPECT_THAT(row, ElementsAre(11, 13, 15));
}

TEST_F(WeightFile, ReadsOneExpertOfAStack) {
  add("layer.experts.weight", {3, 4, 2});
  WeightMatrix up;
  ASSERT_TRUE(
      order({.sources = {{"", "experts.weight", {.stored_rows = 4, .first = 2}, {.index = 1, .count = 3}}},
             .shape = {2, 2},
             .target = &up}));
  EXPECT_THAT(load_and_read_first_column(up), ElementsAre(12, 14));
}

// 3 bits in a group of 32: numbers 1, scales 2 and biases -1 for the rows of the second expert, 0 for others.
class MlxExperts : public WeightFile {
 protected:
  void write_stack(float scale) {
    std::vector<uint32_t> numbers(2 * 4 * 3);
    std::vector<float> scales(2 * 4), biases(2 * 4);
    for (size_t row = 4; row < 8; ++row) {
      for (size_t bit = 0; bit < 96; bit += 3) numbers[row * 3 + bit / 32] |= 1U << bit % 32;
      scales[row] = scale;
      biases[row] = -1.0F - static_cast<float>(row);
    }
    add_bytes("layer.up.weight", DType::u32, {2, 4, 3}, std::as_bytes(std::span(numbers)));
    add_bytes("layer.up.scales", DType::f32, {2, 4, 1}, std::as_bytes(std::span(scales)));
    add_bytes("layer.up.biases", DType::f32, {2, 4, 1}, std::as_bytes(std::span(biases)));
  }
  Weight up() {
    return {.sources = {{"",
                         "up.weight",
                         {.stored_rows = 4, .first = 1, .run = 1, .period = 2},
                         {.index = 1, .count = 2}}},
            .shape = {2, 32},
            .target = &up_};
  }
  WeightMatrix up_;
};

TEST_F(MlxExperts, AreReadFromAllTheirTensors) {
  write_stack(2.0F);
  ASSERT_TRUE(order(up()));
  ThreadTeam team(2);
  ASSERT_TRUE(loader_.run(team, {}, {}));
  std::vector<float> row(32);
  kernels_for(Isa::reference).dequantize_row(up_, 0, row.data());
  EXPECT_THAT(row, testing::Each(2.0F - 1.0F - 5.0F));
  kernels_for(Isa::reference).dequantize_row(up_, 1, row.data());
  EXPECT_THAT(row, testing::Each(2.0F - 1.0F - 7.0F));
}

TEST_F(MlxExperts, AScaleThatIsNoNumberIsToldByFileAndName) {
  write_stack(NAN);
  ASSERT_TRUE(order(up()));
  ThreadTeam team(2);
  const auto run = loader_.run(team, {}, {});
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().code, ErrorCode::corrupt_data);
  EXPECT_THAT(run.error().message, HasSubstr(path_.string() + ": tensor 'layer.up.scales' has a value that"));
}

TEST_F(WeightFile, ReadsRowsInTurnsThatAreLongerThanABlock) {
  constexpr int64_t columns = 1 << 15, rows = 70;
  add("layer.gate_up.weight", {2 * rows, columns});
  WeightMatrix gate;
  ASSERT_TRUE(order({.sources = {{"", "gate_up.weight", {.stored_rows = 2 * rows, .run = 1, .period = 2}}},
                     .shape = {rows, columns},
                     .target = &gate}));
  const std::vector<float> firsts = load_and_read_first_column(gate);
  for (int64_t row = 0; row < rows; ++row) {
    EXPECT_EQ(firsts[static_cast<size_t>(row)], static_cast<float>(2 * row * columns));
  }
}

TEST_F(WeightFile, AnOptionalBiasMayBeMissing) {
  add("layer.q.weight", {2, 2});
  Linear linear;
  int64_t missing_count = 0;
  visit_linear(
      [&](const Weight& weight) {
        const bool is_there = order(weight).has_value();
        EXPECT_EQ(is_there, weight.need == Need::required);
        if (!is_there) ++missing_count;
      },
      {{"", "q"}}, {2, 2}, Bias::optional, linear);
  EXPECT_EQ(missing_count, 1);
  EXPECT_THAT(load_and_read_first_column(linear.weights), ElementsAre(0, 2));
  EXPECT_TRUE(linear.bias.empty());
}

TEST_F(WeightFile, ShowsBothShapes) {
  add("layer.experts.weight", {3, 4, 2});
  WeightMatrix up;
  const auto ordered = order(
      {.sources = {{"", "experts.weight", {}, {.index = 1, .count = 4}}}, .shape = {4, 2}, .target = &up});
  ASSERT_FALSE(ordered);
  EXPECT_EQ(ordered.error().message,
            "tensor 'layer.experts.weight' has the shape [3, 4, 2], the configuration says [4, 4, 2]");
}

}  // namespace
}  // namespace shoal
