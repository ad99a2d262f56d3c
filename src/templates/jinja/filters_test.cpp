#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "templates/jinja/rendered_for_test.h"

namespace shoal {
namespace {

// The expected texts are jinja2's.
TEST(Filters, GiveWhatJinjasGive) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"{{ [1,{'a':2}] | tojson(indent='  ') }}", "[\n  1,\n  {\n    \"a\": 2\n  }\n]"},
      {"{{ [1,{'a':2}] | tojson(indent='\\t') }}", "[\n\t1,\n\t{\n\t\t\"a\": 2\n\t}\n]"},
      {"{{ [1,[]] | tojson(indent='') }}", "[\n1,\n[]\n]"},
      {"{{ [1] | tojson(indent=true) }}", "[\n 1\n]"},
      {"{{ [1] | tojson(indent='--', separators=(';', '=')) }}", "[\n--1\n]"},
      {"{{ '<p>a  <b>b</b>\n c &amp; d &nbsp;&lt;x&gt; &#65;&#x42; &eacute &notit; <!-- <x> --> e <f' | "
       "striptags }}",
       "a b c & d \u00A0<x> AB é ¬it; e <f"},
      {"{{ '<p>a' | safe | striptags }} {{ 5 | striptags }} {{ none | striptags }} {{ "
       "'&#0;&#128;&#xD800;&#1;&#x110000;&;&#;&#x;&bogus;&AMP&ampx' | striptags }}",
       "a 5 None �€��&;&#;&#x;&bogus;&&x"},
      {"{{ 1 | filesizeformat }} {{ 0 | filesizeformat }} {{ 999 | filesizeformat }} {{ 1000 | "
       "filesizeformat }} {{ 1e6 | filesizeformat }} {{ 123456789 | filesizeformat }} {{ 123456789 | "
       "filesizeformat(true) }} {{ 300 | filesizeformat }} {{ 1024 | filesizeformat(binary=true) }} {{ 1e30 "
       "| filesizeformat }} {{ (10**30) | filesizeformat }} {{ -5 | filesizeformat }} {{ -0.5 | "
       "filesizeformat }} {{ '2048' | filesizeformat }} {{ 1.5 | filesizeformat }}",
       "1 Byte 0 Bytes 999 Bytes 1.0 kB 1.0 MB 123.5 MB 117.7 MiB 300 Bytes 1.0 KiB 1000000.0 YB 1000000.0 "
       "YB -5 Bytes 0 Bytes 2.0 kB 1 Bytes"},
      {"{{ 999999 | filesizeformat }} {{ 999950 | filesizeformat }}", "1000.0 kB 1000.0 kB"},
      {"{{ {'a': 1, 'b': none, 'c': 'x\"<', 'd': missing} | xmlattr }} {{ {'a': 1} | xmlattr(false) }}|{{ {} "
       "| xmlattr }}",
       " a=\"1\" c=\"x&#34;&lt;\" a=\"1\"|"},
      {"{{ ('<' | e) is escaped }} {{ '<' is escaped }}", "True False"}};
  for (const auto& [source, text] : cases) EXPECT_EQ(rendered(source), text) << source;
}

TEST(Filters, RefuseWhatJinjasRefuse) {
  for (const char* wrong :
       {"{{ 'x' | filesizeformat }}", "{{ none | filesizeformat }}", "{{ {'a b': 1} | xmlattr }}"}) {
    EXPECT_EQ(rendered(wrong).find("ERROR"), 0u) << wrong;
  }
}

TEST(JinjaMethods, AnErrorNamesTheMethodThatWasCalled) {
  for (const std::string name : {"ljust", "rjust", "center", "zfill"}) {
    const std::string error = rendered("{{ 'a'." + name + "(x=1) }}");
    EXPECT_NE(error.find(name + "() has no parameter 'x'"), std::string::npos) << error;
  }
}

}  // namespace
}  // namespace shoal
