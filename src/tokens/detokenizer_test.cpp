#include "tokens/detokenizer.h"

#include <gtest/gtest.h>

#include "tokens/fake_tokenizer_for_test.h"

namespace shoal {
namespace {

// All pieces of a stream, and the token at which it stopped (-1: it did not).
struct Streamed {
  std::vector<std::string> pieces;
  int64_t stopped_at = -1;
};

Streamed stream(const Tokenizer& tokenizer, const std::vector<TokenId>& ids,
                const std::vector<std::string>& stops, TextStart start = TextStart::beginning) {
  StreamingDetokenizer detokenizer(tokenizer, stops, start);
  Streamed streamed;
  for (size_t i = 0; i < ids.size(); ++i) {
    const StreamingDetokenizer::Piece piece = detokenizer.add(ids[i]);
    streamed.pieces.push_back(piece.text);
    if (piece.stopped) {
      streamed.stopped_at = static_cast<int64_t>(i);
      return streamed;
    }
  }
  streamed.pieces.push_back(detokenizer.finish());
  return streamed;
}

using Pieces = std::vector<std::string>;

TEST(StreamingDetokenizer, KeepsBackHalfACharacter) {
  const FakeTokenizer tokenizer({"a", "\xF0\x9F", "\x98", "\x80", "b"});
  EXPECT_EQ(stream(tokenizer, {0, 1, 2, 3, 4}, {}).pieces,
            (Pieces{"a", "", "", "\xF0\x9F\x98\x80", "b", ""}));
}

TEST(StreamingDetokenizer, ReplacesBytesThatNeverBecomeACharacter) {
  const FakeTokenizer tokenizer({"a", "\xE2\x82", "\xFF"});
  EXPECT_EQ(stream(tokenizer, {1, 0}, {}).pieces, (Pieces{"", "\uFFFDa", ""}));
  EXPECT_EQ(stream(tokenizer, {2, 1}, {}).pieces, (Pieces{"\uFFFD", "", "\uFFFD"}));
}

TEST(StreamingDetokenizer, FindsAStopStringAcrossTokens) {
  const FakeTokenizer tokenizer({"Hi\n", "Us", "er", ":", " x"});
  const Streamed streamed = stream(tokenizer, {0, 1, 2, 3, 4}, {"\nUser:"});
  EXPECT_EQ(streamed.pieces, (Pieces{"Hi", "", "", ""}));
  EXPECT_EQ(streamed.stopped_at, 3);
}

TEST(StreamingDetokenizer, GivesBackWhatOnlyLookedLikeAStop) {
  const FakeTokenizer tokenizer({"aab", "aaab", "x"});
  EXPECT_EQ(stream(tokenizer, {0, 0, 1, 2}, {"aabaaac"}).pieces, (Pieces{"", "aab", "aaba", "aabx", ""}))
      << "the longest ending that may still become the stop string is kept";
}

TEST(StreamingDetokenizer, GivesWhatItHoldsAtTheEnd) {
  const FakeTokenizer tokenizer({"ab"});
  EXPECT_EQ(stream(tokenizer, {0}, {"bc"}).pieces, (Pieces{"a", "b"}));
}

TEST(StreamingDetokenizer, TakesTheLongestOfStopsThatEndTogether) {
  const FakeTokenizer tokenizer({"xabc"});
  EXPECT_EQ(stream(tokenizer, {0}, {"c", "abc"}).pieces, (Pieces{"x"}));
}

TEST(StreamingDetokenizer, StopsAtTheSamePlaceInAnyChunking) {
  const std::string text = "one two three END four";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const FakeTokenizer tokenizer({text.substr(0, cut), text.substr(cut)});
    std::string joined;
    for (const std::string& piece : stream(tokenizer, {0, 1}, {"END", "ENDS"}).pieces) joined += piece;
    EXPECT_EQ(joined, "one two three ");
  }
}

TEST(StreamingDetokenizer, GivesNoTextForSpecialTokens) {
  const FakeTokenizer tokenizer({"<|im_end|>", "a"}, {0});
  EXPECT_EQ(stream(tokenizer, {1, 0, 1}, {}).pieces, (Pieces{"a", "", "a", ""}));
  EXPECT_EQ(tokenizer.decode({1, 0, 1}), "aa");
  EXPECT_EQ(tokenizer.decode({1, 0, 1}, SpecialTokens::parse), "a<|im_end|>a");
}

TEST(StreamingDetokenizer, ShowsTheSpecialTokensThatTheReaderLooksFor) {
  const FakeTokenizer tokenizer({"<tool_call>", "<|im_end|>", "a"}, {0, 1});
  StreamingDetokenizer detokenizer(tokenizer, {}, TextStart::beginning, {0});
  EXPECT_EQ(detokenizer.add(0).text, "<tool_call>");
  EXPECT_EQ(detokenizer.add(1).text, "");
  EXPECT_EQ(detokenizer.add(2).text, "a");
}

TEST(StreamingDetokenizer, DropsTheFirstSpaceOnlyAtATextsBeginning) {
  FakeTokenizer tokenizer({" a", " b"});
  tokenizer.drops_first_space_ = true;
  EXPECT_EQ(stream(tokenizer, {0, 1}, {}).pieces, (Pieces{"a", " b", ""}));
  EXPECT_EQ(stream(tokenizer, {0, 1}, {}, TextStart::continuation).pieces, (Pieces{" a", " b", ""}));
  EXPECT_EQ(tokenizer.decode({0, 1}), "a b");
}

TEST(Tokenizer, DropsNoSpaceBehindASpecialTokenThatIsWrittenOut) {
  FakeTokenizer tokenizer({" a", "<s>"}, {1});
  tokenizer.drops_first_space_ = true;
  EXPECT_EQ(tokenizer.decode({1, 0}, SpecialTokens::parse), "<s> a");
  EXPECT_EQ(tokenizer.decode({1, 0}, SpecialTokens::as_text), "a");
}

TEST(StreamingDetokenizer, NamesTheStopStringThatItFound) {
  const FakeTokenizer tokenizer({"a", "st", "op"});
  StreamingDetokenizer detokenizer(tokenizer, {"xyz", "stop"});
  detokenizer.add(0);
  detokenizer.add(1);
  EXPECT_EQ(detokenizer.stopped_at(), "");
  EXPECT_TRUE(detokenizer.add(2).stopped);
  EXPECT_EQ(detokenizer.stopped_at(), "stop");
}

}  // namespace
}  // namespace shoal
