#include "base/model_fingerprint.h"

#include <gmock/gmock.h>

namespace shoal {
namespace {

using testing::HasSubstr;

constexpr ModelFingerprint whole{.weight_bytes = 100, .settings = 1, .text = 2, .weights = 3, .whole = 4};

ModelFingerprint with(int64_t ModelFingerprint::* bytes, int64_t value) {
  ModelFingerprint changed = whole;
  changed.*bytes = value;
  return changed;
}
ModelFingerprint with(uint64_t ModelFingerprint::* member, uint64_t value) {
  ModelFingerprint changed = whole;
  changed.*member = value;
  return changed;
}

TEST(ModelFingerprint, IsTheSameUnlessSomethingDiffersThatBothKnow) {
  EXPECT_TRUE(have_same_content(whole, whole));
  EXPECT_TRUE(have_same_content(whole, with(&ModelFingerprint::whole, 0)));
  EXPECT_TRUE(have_same_content(whole, {}));
  EXPECT_FALSE(have_same_content(whole, with(&ModelFingerprint::whole, 5)));
}

TEST(ModelFingerprint, SaysWhatDiffers) {
  EXPECT_EQ(describe_difference(with(&ModelFingerprint::weight_bytes, 60), whole),
            "the weights have 60 bytes, not 100");
  EXPECT_THAT(describe_difference(with(&ModelFingerprint::settings, 9), whole), HasSubstr("config.json"));
  EXPECT_THAT(describe_difference(with(&ModelFingerprint::text, 9), whole), HasSubstr("tokenizer"));
  EXPECT_THAT(describe_difference(with(&ModelFingerprint::weights, 9), whole), HasSubstr("same size"));
  EXPECT_THAT(describe_difference(with(&ModelFingerprint::whole, 9), whole), HasSubstr("same size"));
  EXPECT_EQ(describe_difference(whole, whole), "");
}

}  // namespace
}  // namespace shoal
