// The format of a matrix of MLX follows from the shapes of its tensors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/stored_weight.h"

namespace shoal {
namespace {

using testing::HasSubstr;

class MlxMatrix : public testing::Test {
 protected:
  void add(const std::string& end, DType type, const std::vector<int64_t>& shape) {
    int64_t count = 1;
    for (const int64_t size : shape) count *= size;
    tensors_["up" + end] = {.name = "up" + end,
                            .type = type,
                            .shape = shape,
                            .file = "m.safetensors",
                            .offset = 1000 * std::ssize(tensors_),
                            .bytes = *bytes_of(type, count)};
  }
  void add_matrix(const std::vector<int64_t>& numbers, const std::vector<int64_t>& scales) {
    tensors_.clear();
    add(".weight", DType::u32, numbers);
    add(".scales", DType::bf16, scales);
    add(".biases", DType::bf16, scales);
  }
  Result<StoredWeight> locate_up(std::vector<int64_t> shape, WeightSource source = {"", "up.weight"}) {
    const Weight weight{.sources = {std::move(source)}, .shape = std::move(shape), .target = &matrix_};
    const auto found = find_source(tensors_, Dialect::hugging_face, "", weight);
    if (!found) return fail(ErrorCode::not_found, "no source");
    return locate(*found, weight);
  }
  std::string name_of_format(std::vector<int64_t> shape) {
    const auto stored = locate_up(std::move(shape));
    return stored ? std::string(stored->format->name) : stored.error().message;
  }
  void refuse(const std::vector<int64_t>& shape, ErrorCode code, std::string_view part) {
    const auto stored = locate_up(shape);
    ASSERT_FALSE(stored) << part;
    EXPECT_EQ(stored.error().code, code);
    EXPECT_THAT(stored.error().message, HasSubstr(std::string(part)));
  }

  StoredTensors tensors_;
  WeightMatrix matrix_;
};

// 192 bits a group may be 3 bits in groups of 64 or 6 bits in groups of 32.
TEST_F(MlxMatrix, TheColumnsTellFormatsApartThatLookAlike) {
  add_matrix({8, 12}, {8, 2});
  EXPECT_EQ(name_of_format({8, 128}), "MLX 3 bit, group 64, BF16");
  EXPECT_EQ(name_of_format({8, 64}), "MLX 6 bit, group 32, BF16");
  add_matrix({8, 24}, {8, 1});
  EXPECT_EQ(name_of_format({8, 128}), "MLX 6 bit, group 128, BF16");
}

TEST_F(MlxMatrix, EachOfItsTensorsHasAPlaceInTheStack) {
  add_matrix({4, 8, 12}, {4, 8, 2});
  const auto stored =
      locate_up({3, 128}, {"", "up.weight", {.stored_rows = 8, .first = 5}, {.index = 2, .count = 4}});
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->parts[0].offset, 2 * 8 * 48);
  EXPECT_EQ(stored->parts[1].offset, 1000 + 2 * 8 * 4);
  EXPECT_EQ(stored->parts[2].offset, 2000 + 2 * 8 * 4);
  EXPECT_EQ(stored->rows.stored_row(0), 5);
  EXPECT_EQ(stored->bytes(), 3 * (48 + 4 + 4));
}

TEST_F(MlxMatrix, ATransposedOneHasTheWeightsRowsAsColumns) {
  add_matrix({8, 12}, {8, 2});
  const auto stored = locate_up({128, 8}, {"", "up.weight", {}, {}, /*is_transposed=*/true});
  ASSERT_TRUE(stored) << stored.error().message;
  EXPECT_EQ(stored->format->name, "MLX 3 bit, group 64, BF16");
  EXPECT_EQ(stored->row_count, 8);
}

TEST_F(MlxMatrix, PlainNumbersStayPlainWhateverTheOthersAre) {
  add(".weight", DType::bf16, {8, 128});
  EXPECT_EQ(name_of_format({8, 128}), "BF16");
}

TEST_F(MlxMatrix, ShowsShapesThatContradictEachOther) {
  add_matrix({8, 12}, {8, 2});
  refuse({8, 96}, ErrorCode::corrupt_data,
         "no format of MLX fits the tensors 'up.weight' U32 [8, 12], 'up.scales' BF16 [8, 2], 'up.biases' "
         "BF16 [8, 2]; the configuration says the shape [8, 96]");
  refuse({9, 128}, ErrorCode::corrupt_data, "'up.weight' U32 [8, 12]");
  refuse({8, 2}, ErrorCode::corrupt_data, "the shape [8, 2]");
  add_matrix({8, 12}, {8, 3});
  refuse({8, 128}, ErrorCode::corrupt_data, "'up.scales' BF16 [8, 3]");
  add_matrix({8, 12}, {7, 2});
  refuse({8, 128}, ErrorCode::corrupt_data, "'up.scales' BF16 [7, 2]");
  add_matrix({8, 0}, {8, 0});
  refuse({8, 128}, ErrorCode::corrupt_data, "'up.weight' U32 [8, 0]");
  add_matrix({}, {});
  refuse({8, 128}, ErrorCode::corrupt_data, "'up.weight' U32 []");
  add_matrix({8, 12}, {8, 2});
  add(".biases", DType::f32, {8, 2});
  refuse({8, 128}, ErrorCode::corrupt_data, "'up.biases' F32 [8, 2]");
  add(".biases", DType::bf16, {8, 4});
  refuse({8, 128}, ErrorCode::corrupt_data, "'up.biases' BF16 [8, 4]");
  tensors_.erase("up.biases");
  refuse({8, 128}, ErrorCode::corrupt_data, "'up.weight' U32 [8, 12], 'up.scales' BF16 [8, 2]");
  tensors_.erase("up.scales");
  refuse({8, 128}, ErrorCode::corrupt_data, "tensor 'up.weight' has the type U32 and no scales beside it");
}

}  // namespace
}  // namespace shoal
