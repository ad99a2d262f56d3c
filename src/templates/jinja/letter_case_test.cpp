#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "templates/jinja/rendered_for_test.h"

namespace shoal {
namespace {

// The expected texts are jinja2's.
TEST(LetterCase, IsThatOfPythonsTexts) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{{ 'ß ﬁ ŉ ǰ ΐ ﬃ և ẖ ᾳ' | upper }}", "SS FI ʼN J\u030C Ι\u0308\u0301 FFI ԵՒ H\u0331 ΑΙ"},
      {"{{ 'ß ﬁ ŉ ǰ ΐ ﬃ և ẖ ᾳ ǆ' | title }}", "SS FI ʼN J\u030C Ι\u0308\u0301 FFI ԵՒ H\u0331 ΑΙ Ǆ"},
      {"{{ 'ﬁ ß' .title() }} {{ 'ﬁx'.capitalize() }} {{ 'ßA'.capitalize() }} {{ 'ﬁ'.swapcase() }} {{ "
       "'ßẞﬁİΣ'.casefold() }}",
       "Fi Ss Fix Ssa FI ssssfii\u0307σ"},
      {"{{ 'ΟΔΟΣ ΟΔΟΣ. ΣΑΣ Σ Α’Σ' | lower }} {{ 'İ' | lower | length }} {{ 'ΑΣ'.capitalize() }} {{ 'ΑΣ ΑΒΣ' "
       "| title }} {{ 'ΑΣ ΑΒΣ'.title() }} {{ 'aΣ'.swapcase() }}",
       "οδος οδος. σας σ α’ς 2 Ας Ασ Αβς Ας Αβς Aς"},
      {"{{ 'ª'.islower() }} {{ 'Ⅷ'.isupper() }} {{ 'ǅ'.isupper() }} {{ 'ǅa'.istitle() }} {{ 'Ⓐb' is upper }} "
       "{{ 'ⅷ' is lower }} {{ '²'.isdigit() }} {{ '²'.isdecimal() }} {{ '一'.isnumeric() }} {{ "
       "'½'.isnumeric() }} {{ '½'.isdigit() }} {{ '一'.isalnum() }} {{ '①'.isdigit() }}",
       "True True False True False True True False True True False True True"},
      {"{{ 'They\\'re o\\'neil ǆx 3rd'.title() }} {{ 'they\\'re (x) {y} <z' | title }}",
       "They'Re O'Neil ǅx 3Rd They're (X) {Y} <Z"}};
  for (const auto& [source, text] : cases) EXPECT_EQ(rendered(source), text) << source;
}

}  // namespace
}  // namespace shoal
