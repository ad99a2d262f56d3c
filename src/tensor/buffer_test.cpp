#include "tensor/buffer.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace shoal {
namespace {

TEST(Buffer, IsZeroAndAlignedAsItSays) {
  for (const int64_t size : {1, 4096, 2 << 20, (5 << 20) + 3}) {
    auto buffer = Buffer::allocate(size);
    ASSERT_TRUE(buffer);
    EXPECT_EQ(buffer->size(), size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer->data()) % (size < (2 << 20) ? 4096 : 2 << 20), 0u) << size;
    EXPECT_TRUE(std::ranges::all_of(buffer->bytes(), [](std::byte byte) { return byte == std::byte{0}; }));
  }
}

TEST(Buffer, APartKeepsTheWholeAlive) {
  Buffer part;
  {
    auto whole = Buffer::allocate(1 << 16);
    ASSERT_TRUE(whole);
    whole->bytes()[40'000] = std::byte{7};
    part = whole->part(40'000, 100);
  }
  EXPECT_EQ(part.size(), 100);
  EXPECT_EQ(part.bytes()[0], std::byte{7});
  part.bytes()[99] = std::byte{8};
  EXPECT_EQ(part.as<uint8_t>()[99], 8);
}

TEST(Buffer, WhatTheSystemHasNotIsRefused) {
  const auto buffer = Buffer::allocate(int64_t{1} << 60);
  ASSERT_FALSE(buffer);
  EXPECT_EQ(buffer.error().code, ErrorCode::resource_exhausted);
}

}  // namespace
}  // namespace shoal
