#include "files/gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "base/os.h"
#include "base/test_data_for_test.h"
#include "files/gguf_writer_for_test.h"

namespace shoal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Writer = GgufWriter;
constexpr uint32_t u32_type = Writer::u32_type, f32_type = Writer::f32_type,
                   string_type = Writer::string_type, array_type = Writer::array_type,
                   u64_type = Writer::u64_type;

void expect_error(const Result<GgufFile>& file, ErrorCode code, std::string_view part) {
  ASSERT_FALSE(file) << "expected an error with: " << part;
  EXPECT_EQ(file.error().code, code) << file.error().message;
  EXPECT_THAT(file.error().message, HasSubstr(std::string(part)));
}

Writer small_file() {
  Writer writer;
  writer.header(2, 5).text("general.name").put(string_type).text("tiny");
  writer.text("a.count").put(u32_type).put(7u);
  writer.text("a.scale").put(f32_type).put(0.5f);
  writer.text("a.names").put(array_type).put(string_type).put<uint64_t>(2).text("x").text("yz");
  writer.text("a.sizes").put(array_type).put(u32_type).put<uint64_t>(3).put(1u).put(2u).put(3u);
  writer.tensor("w", {64, 3}, 8, 0).tensor("b", {5}, 0, 224).align().data(204).align().data(20);
  return writer;
}

TEST(Gguf, ReadsMetadataAndPlacesTensorsInTheFile) {
  const auto writer = small_file();
  const auto file = writer.parse();
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->text("general.name"), "tiny");
  EXPECT_EQ(file->integer("a.count"), 7);
  EXPECT_EQ(file->number("a.count"), 7.0);
  EXPECT_EQ(file->number("a.scale"), 0.5);
  EXPECT_THAT(*file->find_texts("a.names"), ElementsAre("x", "yz"));
  EXPECT_THAT(*file->find_integers("a.sizes"), ElementsAre(1, 2, 3));
  const auto* weights = file->find_tensor("w");
  ASSERT_NE(weights, nullptr);
  EXPECT_EQ(weights->type, DType::q8_0);
  EXPECT_THAT(weights->shape, ElementsAre(3, 64));
  EXPECT_EQ(weights->bytes, 3 * 2 * 34);
  const auto* bias = file->find_tensor("b");
  EXPECT_EQ(bias->offset + bias->bytes, static_cast<int64_t>(writer.bytes().size()));
  EXPECT_EQ(bias->offset, weights->offset + 224);
  EXPECT_EQ(file->find_tensor("c"), nullptr);
}

TEST(Gguf, RefusesEveryTruncationOfAFile) {
  const auto writer = small_file();
  for (size_t size = 0; size < writer.bytes().size(); ++size) {
    const auto file = parse_gguf(writer.bytes().first(size));
    ASSERT_FALSE(file) << size;
    EXPECT_EQ(file.error().code, ErrorCode::corrupt_data) << size << ": " << file.error().message;
  }
}

TEST(Gguf, SurvivesEveryByteBeingChanged) {
  const auto writer = small_file();
  std::vector<std::byte> bytes(writer.bytes().begin(), writer.bytes().end());
  for (auto& byte : bytes) {
    const auto old = byte;
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      byte = static_cast<std::byte>(value);
      if (const auto file = parse_gguf(bytes)) {
        for (const auto& tensor : file->tensors) {
          EXPECT_LE(tensor.offset + tensor.bytes, static_cast<int64_t>(bytes.size()));
        }
      }
    }
    byte = old;
  }
}

TEST(Gguf, NamesAMissingKeyAndAWrongKind) {
  const auto file = small_file().parse();
  ASSERT_TRUE(file);
  EXPECT_THAT(file->integer("b.count").error().message, HasSubstr("'b.count' is missing"));
  EXPECT_THAT(file->integer("general.name").error().message, HasSubstr("'general.name' is not an integer"));
  EXPECT_THAT(file->text("a.count").error().message, HasSubstr("'a.count' is not a text"));
  EXPECT_EQ(file->find_integer("a.scale"), std::nullopt);
}

TEST(Gguf, ReadsNestedArraysButNotArbitrarilyDeepOnes) {
  const auto nested = [](int depth) {
    Writer writer;
    writer.header(0, 1).text("deep").put(array_type);
    for (int i = 1; i < depth; ++i) writer.put(array_type).put<uint64_t>(1);
    writer.put(u32_type).put<uint64_t>(1).put(42u);
    return writer.parse();
  };
  const auto file = nested(3);
  ASSERT_TRUE(file) << file.error().message;
  const auto& outer = std::get<GgufArray>(file->metadata.find("deep")->second.value);
  const auto& inner = std::get<GgufArray>(outer.at(0).value);
  EXPECT_THAT(std::get<std::vector<int64_t>>(inner.at(0).value), ElementsAre(42));
  expect_error(nested(1000), ErrorCode::corrupt_data, "nested more than");
}

TEST(Gguf, RefusesWhatIsNoGgufOfAKnownVersion) {
  expect_error(parse_gguf({}), ErrorCode::corrupt_data, "is empty");
  expect_error(Writer().put<uint32_t>(0x47475546).header(0, 0).parse(), ErrorCode::corrupt_data,
               "letters GGUF");
  expect_error(Writer().header(0, 0, 1).parse(), ErrorCode::invalid_argument, "version 1");
  expect_error(Writer().header(0, 0, 0x03000000).parse(), ErrorCode::invalid_argument, "big-endian");
  EXPECT_TRUE(Writer().header(0, 0, 2).parse());
}

TEST(Gguf, RefusesCountsThatTheFileCannotHold) {
  const uint64_t huge = std::numeric_limits<uint64_t>::max();
  expect_error(Writer().header(huge, 0).data(100).parse(), ErrorCode::corrupt_data, "tensors do not fit");
  expect_error(Writer().header(0, huge / 16).data(100).parse(), ErrorCode::corrupt_data, "metadata entries");
  expect_error(Writer().header(0, 1).put(huge).data(100).parse(), ErrorCode::corrupt_data, "bytes long");
  expect_error(
      Writer().header(0, 1).text("k").put(array_type).put(u64_type).put(huge / 8 + 2).data(100).parse(),
      ErrorCode::corrupt_data, "elements of type u64");
  expect_error(
      Writer().header(0, 1).text("k").put(array_type).put(array_type).put<uint64_t>(1 << 20).data(99).parse(),
      ErrorCode::corrupt_data, "elements of type array");
  expect_error(Writer().header(0, 1).text("k").put(13u).data(100).parse(), ErrorCode::corrupt_data,
               "unknown type 13");
}

TEST(Gguf, RefusesNamesThatStandThereTwice) {
  expect_error(Writer().header(0, 2).text("k").put(u32_type).put(1u).text("k").put(u32_type).put(2u).parse(),
               ErrorCode::corrupt_data, "'k' stands there twice");
  expect_error(Writer().header(2, 0).tensor("t", {4}, 0, 0).tensor("t", {4}, 0, 32).align().data(64).parse(),
               ErrorCode::corrupt_data, "'t' stands there twice");
}

TEST(Gguf, RefusesShapesThatOverflowOrAreNotWholeBlocks) {
  const auto one = [](std::vector<uint64_t> dimensions, uint32_t type) {
    return Writer().header(1, 0).tensor("t", std::move(dimensions), type, 0).align().data(4096).parse();
  };
  EXPECT_TRUE(one({256}, 12));
  expect_error(one({255}, 12), ErrorCode::corrupt_data, "not whole Q4_K blocks");
  expect_error(one({128, 2}, 12), ErrorCode::corrupt_data, "not whole Q4_K blocks");
  expect_error(one({1ull << 32, 1ull << 32}, 0), ErrorCode::corrupt_data, "too large");
  expect_error(one({1ull << 62}, 0), ErrorCode::corrupt_data, "too large");
  expect_error(one({1ull << 63}, 0), ErrorCode::corrupt_data, "dimension of 9223372036854775808");
  expect_error(one({4, 0}, 0), ErrorCode::corrupt_data, "dimension of 0");
  expect_error(one({2, 2, 2, 2, 2}, 0), ErrorCode::corrupt_data, "5 dimensions");
}

TEST(Gguf, RefusesTensorsOutsideOfTheFileOrUnaligned) {
  const auto at = [](uint64_t offset) {
    return Writer().header(1, 0).tensor("t", {8}, 0, offset).align().data(64).parse();
  };
  EXPECT_TRUE(at(32));
  expect_error(at(64), ErrorCode::corrupt_data, "cut off or damaged");
  expect_error(at(8), ErrorCode::corrupt_data, "not at a multiple of 32");
  expect_error(at((1ull << 63) - 32), ErrorCode::corrupt_data, "cut off or damaged");
  expect_error(at(1ull << 63), ErrorCode::corrupt_data, "offset");
}

TEST(Gguf, HonoursTheAlignmentAndRefusesSenselessOnes) {
  const auto with = [](uint32_t alignment) {
    return Writer()
        .header(1, 1)
        .text("general.alignment")
        .put(u32_type)
        .put(alignment)
        .tensor("t", {8}, 0, 0)
        .align(64)
        .data(32)
        .parse();
  };
  const auto file = with(64);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors[0].offset % 64, 0);
  for (const uint32_t wrong : {0u, 3u, 48u, 1u << 31})
    expect_error(with(wrong), ErrorCode::corrupt_data, "alignment");
}

TEST(Gguf, NamesATypeThatIsNotSupported) {
  expect_error(Writer().header(1, 0).tensor("blk.0.w", {256}, 15, 0).align().data(256).parse(),
               ErrorCode::invalid_argument, "tensor 'blk.0.w' has the type 15 (Q8_K)");
  expect_error(Writer().header(1, 0).tensor("w", {256}, 4, 0).align().data(256).parse(),
               ErrorCode::invalid_argument, "type 4");
}

TEST(Gguf, KnowsEveryTypeThatMatricesHave) {
  for (int type = 0; type <= static_cast<int>(DType::q2_0); ++type) {
    const uint32_t number = ggml_type_number(static_cast<DType>(type));
    if (number == UINT32_MAX) continue;
    const auto file = Writer().header(1, 0).tensor("w", {256, 2}, number, 0).align().data(4096).parse();
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->tensors[0].type, static_cast<DType>(type)) << number;
  }
}

TEST(Gguf, ReadsAFileThatAnotherProgramWrote) {
  const auto path = test_data_path("oracles/gguf/llama-q4_0/llama-q4_0.gguf");
  if (!exists(path)) GTEST_SKIP() << path;
  const auto mapped = os::MappedFile::open(path);
  ASSERT_TRUE(mapped);
  const auto file = parse_gguf(mapped->bytes());
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->text("general.architecture"), "llama");
  EXPECT_EQ(file->integer("llama.block_count"), 3);
  EXPECT_EQ(file->find_texts("tokenizer.ggml.tokens")->size(), 1024u);
  EXPECT_EQ(file->find_tensor("blk.0.attn_q.weight")->type, DType::q4_0);
  EXPECT_THAT(file->find_tensor("token_embd.weight")->shape, ElementsAre(1024, 64));
}

}  // namespace
}  // namespace shoal
