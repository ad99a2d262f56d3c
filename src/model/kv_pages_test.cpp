#include "model/kv_pages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "kernels/kernels.h"

namespace shoal {
namespace {

using testing::HasSubstr;

constexpr int64_t page = kv_page_tokens;

KvPages make_pages(int64_t capacity) {
  auto pages = KvPages::create(
      {.page_bytes = 256, .page_capacity = capacity, .slot_limit = 3, .token_limit = 10 * page});
  EXPECT_TRUE(pages);
  return std::move(*pages);
}

void expect_refusal(const Result<void>& result, ErrorCode code, std::string_view part) {
  ASSERT_FALSE(result) << part;
  EXPECT_EQ(result.error().code, code);
  EXPECT_THAT(result.error().message, HasSubstr(std::string(part)));
}

TEST(KvPages, TakesAPageWhenATokenNeedsIt) {
  auto pages = make_pages(4);
  ASSERT_TRUE(pages.apply({}, {{{0, 0, page}}}));
  EXPECT_EQ(pages.free_page_count(), 3);
  ASSERT_TRUE(pages.apply({}, {{{0, page, 1}}}));
  EXPECT_EQ(pages.free_page_count(), 2);
  EXPECT_EQ(pages.length(0), page + 1);
  EXPECT_NE(pages.pages(0)[0], pages.pages(0)[1]);
}

TEST(KvPages, KeepsThePagesOfWhatIsKeptAndDropsTheRest) {
  auto pages = make_pages(4);
  ASSERT_TRUE(pages.apply({}, {{{0, 0, 3 * page}}}));
  auto* const first = pages.pages(0)[0];
  ASSERT_TRUE(pages.apply({}, {{{0, 5, 2}}}));
  EXPECT_EQ(pages.length(0), 7);
  EXPECT_EQ(pages.free_page_count(), 3);
  EXPECT_EQ(pages.pages(0)[0], first);
}

TEST(KvPages, GivesAReleasedSlotsPagesToOthersInTheSameStep) {
  auto pages = make_pages(4);
  ASSERT_TRUE(pages.apply({}, {{{0, 0, 4 * page}}}));
  EXPECT_TRUE(pages.apply({{0}}, {{{1, 0, 4 * page}}}));
  EXPECT_EQ(pages.length(0), 0);
  expect_refusal(pages.apply({{1}}, {{{1, 3, 1}}}), ErrorCode::invalid_argument, "slot 1 holds 0 tokens");
}

TEST(KvPages, GivesADroppedTailToOthersInTheSameStep) {
  auto pages = make_pages(4);
  ASSERT_TRUE(pages.apply({}, {{{0, 0, 4 * page}}}));
  ASSERT_TRUE(pages.apply({}, {{{1, 0, 3 * page}, {0, page, 0}}}));
  const std::set<std::byte*> distinct = {pages.pages(0)[0], pages.pages(1)[0], pages.pages(1)[1],
                                         pages.pages(1)[2]};
  EXPECT_EQ(distinct.size(), 4u);
}

TEST(KvPages, ChangesNothingButReleasesWhenPagesRunOut) {
  auto pages = make_pages(4);
  ASSERT_TRUE(pages.apply({}, {{{0, 0, page}, {1, 0, 2 * page}, {2, 0, page}}}));
  expect_refusal(pages.apply({{2}}, {{{1, page, 0}, {0, page, 3 * page}}}), ErrorCode::resource_exhausted,
                 "needs 2 more KV pages, 1 of 4 are free");
  EXPECT_EQ(pages.length(0), page);
  EXPECT_EQ(pages.length(1), 2 * page);
  EXPECT_EQ(pages.length(2), 0);
  EXPECT_EQ(pages.free_page_count(), 1);
}

TEST(KvPages, RefusesWhatContradictsItself) {
  auto pages = make_pages(4);
  ASSERT_TRUE(pages.apply({}, {{{0, 0, 10}}}));
  const auto refuse = [&](KvChange change, std::string_view part) {
    expect_refusal(pages.apply({}, {{change}}), ErrorCode::invalid_argument, part);
  };
  refuse({3, 0, 1}, "slot 3 is named");
  refuse({-1, 0, 1}, "slot -1 is named");
  refuse({0, 11, 1}, "holds 10 tokens, 11 of them");
  refuse({0, -1, 1}, "-1 of them");
  refuse({0, 10, -1}, "10 + -1 tokens");
  refuse({0, 10, 10 * page - 9}, "the limit is 640");
  expect_refusal(pages.apply({}, {{{1, 0, 1}, {1, 0, 1}}}), ErrorCode::invalid_argument, "named twice");
  expect_refusal(pages.apply({{7}}, {}), ErrorCode::invalid_argument, "slot 7 is released");
  EXPECT_EQ(pages.length(0), 10);
  EXPECT_EQ(pages.free_page_count(), 3);
}

}  // namespace
}  // namespace shoal
