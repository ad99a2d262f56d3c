#include "net/frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <random>

#include "net/frame_bytes_for_test.h"

namespace shoal {
namespace {

using testing::HasSubstr;
constexpr int64_t no_limit = std::numeric_limits<int64_t>::max();

EncodedFrame make_frame(FrameKind kind, size_t message_bytes, size_t hidden_count) {
  EncodedFrame frame;
  frame.head.resize(frame_header_bytes);
  for (size_t i = 0; i < message_bytes; ++i) frame.head.push_back(static_cast<char>(i * 7));
  for (size_t i = 0; i < hidden_count; ++i) frame.hidden.push_back(static_cast<float>(i));
  write_frame_header(frame, kind);
  return frame;
}

// A copy of a frame that was read, whose own message is soon gone.
struct Kept {
  FrameKind kind;
  std::string message;
  std::vector<float> hidden;
  bool operator==(const Kept&) const = default;
};

Kept kept_of(const EncodedFrame& frame, FrameKind kind) {
  return {.kind = kind, .message = frame.head.substr(frame_header_bytes), .hidden = frame.hidden};
}

// Gives the reader as much as it asks for, but no more than next_count() at a time.
template <class NextCount>
Result<std::vector<Kept>> read_all(FrameReader& reader, std::string_view bytes, NextCount next_count) {
  std::vector<Kept> kept;
  while (true) {
    while (true) {
      auto frame = reader.next();
      if (!frame) return fail(frame.error());
      if (!*frame) break;
      kept.push_back(
          {.kind = (*frame)->kind, .message = std::string((*frame)->message), .hidden = (*frame)->hidden});
    }
    if (bytes.empty()) return kept;
    const std::span<std::byte> space = reader.space();
    EXPECT_FALSE(space.empty());
    const size_t count = std::min({space.size(), bytes.size(), next_count()});
    std::memcpy(space.data(), bytes.data(), count);
    reader.advance(count);
    bytes.remove_prefix(count);
  }
}

Error error_of(std::string_view bytes, int64_t limit = no_limit) {
  FrameReader reader(limit);
  auto kept = read_all(reader, bytes, [] { return size_t{1000}; });
  EXPECT_FALSE(kept);
  return kept ? Error{ErrorCode::internal, "no error"} : kept.error();
}

TEST(Frames, TheHeaderIsAsTheContractHasIt) {
  const std::string bytes = bytes_of(make_frame(FrameKind::ring, 300, 2));
  EXPECT_EQ(bytes.substr(0, 16), std::string("Shol\x02\0\0\0\x2c\x01\0\0\x08\0\0\0", 16));
  EXPECT_EQ(bytes.size(), 16u + 300u + 8u);
}

TEST(Frames, FramesOfAllSizesComeBackWhateverThePieces) {
  std::string bytes;
  std::vector<Kept> sent;
  auto add = [&](FrameKind kind, size_t message_bytes, size_t hidden_count) {
    const EncodedFrame frame = make_frame(kind, message_bytes, hidden_count);
    bytes += bytes_of(frame);
    sent.push_back(kept_of(frame, kind));
  };
  for (const size_t size : {0, 1, 100, 4080, 4096, 70'000, 3'000'000}) {
    add(FrameKind::control, size, 0);
    add(FrameKind::ring, 40, size / 4);
    add(FrameKind::ring, size, 3);
    for (int i = 0; i < 50; ++i) add(FrameKind::refusal, 9, 0);
  }
  std::mt19937 random(5);
  const std::vector<std::function<size_t()>> counts = {
      [] { return size_t{1} << 30; },
      [] { return size_t{1447}; },
      [&random] { return size_t{1} << (random() % 18); },
      [&random] { return 1 + random() % 9000; },
  };
  for (const auto& count : counts) {
    FrameReader reader(no_limit);
    const auto kept = read_all(reader, bytes, count);
    ASSERT_TRUE(kept) << kept.error().message;
    EXPECT_TRUE(*kept == sent);
  }
}

TEST(Frames, SmallFramesMayComeByteByByte) {
  const EncodedFrame control = make_frame(FrameKind::control, 20, 0),
                     ring = make_frame(FrameKind::ring, 5, 3);
  FrameReader reader(no_limit);
  const auto kept = read_all(reader, bytes_of(control) + bytes_of(ring), [] { return size_t{1}; });
  ASSERT_TRUE(kept);
  EXPECT_EQ(*kept, (std::vector{kept_of(control, FrameKind::control), kept_of(ring, FrameKind::ring)}));
}

TEST(Frames, WhatIsNoFrameIsRefused) {
  EXPECT_THAT(error_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n").message, HasSubstr("no frame of Shoal"));
  EXPECT_THAT(error_of("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").message, HasSubstr("no frame of Shoal"));
  EXPECT_THAT(error_of(std::string(16, '\0')).message, HasSubstr("no frame of Shoal"));
  EXPECT_THAT(error_of(frame_header(0, 0, 0)).message, HasSubstr("unknown kind 0"));
  EXPECT_THAT(error_of(frame_header(4, 0, 0)).message, HasSubstr("unknown kind 4"));
  EXPECT_THAT(error_of(frame_header(1, 0, 8)).message, HasSubstr("none of a ring"));
  EXPECT_THAT(error_of(frame_header(2, 0, 6)).message, HasSubstr("6 bytes, no whole number of float32"));
  EXPECT_EQ(error_of(frame_header(4, 0, 0)).code, ErrorCode::corrupt_data);
}

TEST(Frames, AFrameAboveTheLimitIsRefusedByItsHeader) {
  const std::string bytes = bytes_of(make_frame(FrameKind::control, 100, 0));
  FrameReader reader(116);
  EXPECT_TRUE(read_all(reader, bytes, [] { return size_t{1000}; }));
  EXPECT_THAT(error_of(bytes.substr(0, 16), 115).message,
              HasSubstr("a frame of 116 bytes, of which 115 are allowed"));
  EXPECT_THAT(error_of(frame_header(2, 0xffffffff, 0xfffffffc), 1 << 28).message,
              HasSubstr("8589934603 bytes"));
}

TEST(Frames, ALimitMayRiseBetweenTwoFrames) {
  const EncodedFrame small = make_frame(FrameKind::control, 10, 0),
                     large = make_frame(FrameKind::control, 500, 0);
  FrameReader reader(26);
  ASSERT_TRUE(read_all(reader, bytes_of(small), [] { return size_t{1000}; }));
  reader.set_byte_limit(516);
  EXPECT_TRUE(read_all(reader, bytes_of(large), [] { return size_t{1000}; }));
}

TEST(Frames, SpaceIsNotGivenForWhatIsOnlyAnnounced) {
  FrameReader reader(no_limit);
  ASSERT_TRUE(read_all(reader, frame_header(1, 200 << 20, 0), [] { return size_t{1000}; }));
  EXPECT_LE(reader.space().size(), size_t{64} << 10);
  FrameReader ring_reader(no_limit);
  ASSERT_TRUE(read_all(ring_reader, frame_header(2, 0, 200 << 20), [] { return size_t{1000}; }));
  EXPECT_LE(ring_reader.space().size(), size_t{64} << 10);
}

TEST(Frames, HiddenStatesAreReadWhereTheyStay) {
  const EncodedFrame frame = make_frame(FrameKind::ring, 10, 10'000);
  const std::string bytes = bytes_of(frame);
  FrameReader reader(no_limit);
  ASSERT_TRUE(read_all(reader, std::string_view(bytes).substr(0, 26), [] { return size_t{1000}; }));
  const std::span<std::byte> space = reader.space();
  ASSERT_EQ(space.size(), 40'000u);
  std::memcpy(space.data(), bytes.data() + 26, 40'000);
  reader.advance(40'000);
  const auto read = reader.next();
  ASSERT_TRUE(read && *read);
  EXPECT_EQ(static_cast<const void*>((*read)->hidden.data()), static_cast<const void*>(space.data()));
  EXPECT_TRUE((*read)->hidden == frame.hidden);
}

}  // namespace
}  // namespace shoal
