#include "templates/chat_template.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "base/os.h"
#include "base/test_data_for_test.h"
#include "tokens/golden_files_for_test.h"

namespace shoal {
namespace {

std::string rendered(std::string_view source, std::string_view context = "{}") {
  const Result<ChatTemplate> parsed = ChatTemplate::parse(source);
  if (!parsed) return "ERROR " + parsed.error().message;
  const Result<std::string> text = parsed->render(json(context));
  return text ? *text : "ERROR " + text.error().message;
}

Value read(const std::filesystem::path& path) { return json(os::read_text_file(path).value_or("null")); }

// The goldens come from a JavaScript engine. Where it prints booleans and lists as JavaScript does, these are
// the answers of jinja2, which the models' makers used.
const std::map<std::string, std::string>& python_answers() {
  static const std::map<std::string, std::string> answers = {
      {"LOGICAL_AND", "TrueFalseFalseFalse"},
      {"LOGICAL_OR", "TrueTrueTrueFalse"},
      {"LOGICAL_NOT_NOT", "TrueFalse"},
      {"LOGICAL_AND_OR", "TrueTrueTrueTrueFalse"},
      {"LOGICAL_OR_NOT", "TrueTrueFalseTrue"},
      {"LOGICAL_COMBINED", "FalseTrue"},
      {"BINOP_EXPR", "1TrueFalseFalseTrueTrueTrue5"},
      {"PROPERTIES_1",
       "|[['zero-zero-zero', 'zero-zero-one'], ['zero-one-zero', 'zero-one-one']]|['zero-one-zero', "
       "'zero-one-one']|zero-one-one|mixed-indexing|"},
      {"MEMBERSHIP_NEGATION_1", "|False|False|False|False|False|True|"},
      {"MEMBERSHIP_NEGATION_2", "|False|False|False|False|False|True|"},
      {"UNARY_SIGN_EXPRESSIONS", "|yes|True|True|True|True|1|True|-1|1|2|-2|-1.5|-0.0|1|-1|0|"},
      {"FILTER_OPERATOR_13", "[{'name': 'some_tool', 'arguments': {'some_name': 'string'}}]"},
      {"FILTER_OPERATOR_16", "|hello|False|hello|hello|"},
      {"SORT_BASIC_STRINGS", "['Apple', 'banana', 'cherry']"},
      {"SORT_CASE_SENSITIVE", "['Apple', 'banana', 'cherry']"},
      {"SORT_CASE_INSENSITIVE", "['Apple', 'banana', 'cherry']"},
      {"SORT_STABLE", "['apple', 'banana', 'carrot', 'broccoli']"},
      {"SORT_POSITIONAL_ALL", "['Alice', 'Bob', 'Charlie']"},
      {"SORT_UNDEFINED_VALUES", "[Undefined, Undefined, Undefined]"},
      {"SORT_MIXED_BOOL_NUM", "[0, False, 0.5, True, 1]"},
      {"BOOLEAN_NUMERICAL", "|2|0|0|0|1|1|1|0|False|True|"},
      {"BOOLEAN_STRINGS", "|b||||a|a|a||False|True|"},
      {"BOOLEAN_MIXED_2", "||a||a||True|False|a|"},
      {"FOR_LOOP_UNPACKING", "an error"},  // joins a number and a text
      {"FILTER_OPERATOR_7", "an error"},   // writes `null`, a name that jinja2 does not know, as JSON
      {"IS_OPERATOR_2", "|True|False|False|True|True|False|"},
      {"IS_OPERATOR_3", "|True|False|False|True|True|False|True|False|"},
      {"IS_OPERATOR_6", "|False|False|False|True|"},
      {"SHORT_CIRCUIT", "False"},
      {"NAMESPACE_1", "False"},
      {"OBJECT_OPERATORS", "|True|False|False|True|"},
      {"OBJECT_OPERATORS_1", "|True|True|True|"},
      {"SCOPE", "found=True"},
      {"SCOPE_1", "found=False"},
  };
  return answers;
}

TEST(ChatTemplate, GivesTheConformanceGoldens) {
  const auto path = test_data_path("templates/goldens/hf_jinja_conformance.json");
  if (!exists(path)) GTEST_SKIP() << path;
  const Value goldens = read(path);
  ASSERT_GT(goldens.object()->size(), 100u);
  for (const auto& [name, golden] : *goldens.object()) {
    const auto answer = python_answers().find(name);
    const std::string expected =
        answer != python_answers().end() ? answer->second : *golden.find("expected")->text();
    const Result<ChatTemplate> parsed = ChatTemplate::parse(*golden.find("template")->text());
    ASSERT_TRUE(parsed) << name << parsed.error().message;
    const Result<std::string> text = parsed->render(*golden.find("context"));
    EXPECT_EQ(text.value_or("an error"), expected) << name;
  }
}

TEST(ChatTemplate, GivesTheEndToEndGoldens) {
  const auto path = test_data_path("templates/goldens/hf_jinja_e2e_goldens.json");
  if (!exists(path)) GTEST_SKIP() << path;
  const Value goldens = read(path);
  setenv("SHOAL_NOW", goldens.find("mock_now")->text()->c_str(), 1);
  int count = 0;
  for (const std::string section : {"default_templates", "custom_templates"}) {
    for (const auto& [name, golden] : *goldens.find(section)->object()) {
      // This template prints a list: jinja2 writes it as Python does, the golden has JSON.
      if (name == "MadeAgents/Hammer2.1") continue;
      const Result<ChatTemplate> parsed = ChatTemplate::parse(*golden.find("chat_template")->text());
      ASSERT_TRUE(parsed) << name << parsed.error().message;
      const Result<std::string> text = parsed->render(*golden.find("data"));
      ASSERT_TRUE(text) << name << ": " << text.error().message;
      EXPECT_EQ(*text, *golden.find("target")->text()) << name;
      ++count;
    }
  }
  unsetenv("SHOAL_NOW");
  EXPECT_GT(count, 20);
}

TEST(ChatTemplate, ParsesEveryTemplateOfEveryFamily) {
  const auto folder = test_data_path("templates");
  if (!exists(folder)) GTEST_SKIP() << folder;
  int count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.path().extension().string().starts_with(".jinja")) continue;
    const Result<ChatTemplate> parsed = ChatTemplate::parse(*os::read_text_file(entry.path()));
    EXPECT_TRUE(parsed) << entry.path() << ": " << parsed.error().message;
    ++count;
  }
  EXPECT_GT(count, 200);
}

// The expected texts below are jinja2's, in Hugging Face's environment.
TEST(ChatTemplate, TakesWhiteSpaceAwayAsJinjaDoes) {
  EXPECT_EQ(rendered("a\n  {% if true %}\n  b\n  {% endif %}\n c\n"), "a\n  b\n c");
  EXPECT_EQ(rendered("a \n {%- if true -%} \n b {{- ' c ' -}} \n d {%- endif %}\n\ne"), "ab c d\ne");
  EXPECT_EQ(rendered("x  {%+ if true +%}\ny{% endif %}"), "x  \ny");
  EXPECT_EQ(rendered("a\n  {# note #}\nb {#- note -#} c"), "a\nbc");
  EXPECT_EQ(rendered("{% raw %}\n{{ x }}{% endraw %}|"), "\n{{ x }}|");
  EXPECT_EQ(rendered("{{ {'a': {'b': 1}}['a']['b'] }}\r\nz\r\n"), "1\nz");
}

TEST(ChatTemplate, ComputesAsPythonDoes) {
  EXPECT_EQ(rendered("{{ 7 // -2 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ 7 / 2 }} {{ 1e3 }} {{ 10 / 5 }}"),
            "-4 2 1024 3.5 1000.0 2.0");
  EXPECT_EQ(rendered("{{ [1, 'a', none, true, {'k': 1.5}, (1,)] }}"),
            "[1, 'a', None, True, {'k': 1.5}, (1,)]");
  EXPECT_EQ(rendered("{{ \"it's\" ~ [\"it's\", 'a\"b\\'c', '\\n\\x07é'] }}"),
            "it's[\"it's\", 'a\"b\\'c', '\\n\\x07é']");
  EXPECT_EQ(rendered("{{ 1 < 2 < 3 }} {{ 'b' in 'abc' }} {{ 3 not in [1, 2] }} {{ 'x' if false }}|"),
            "True True True |");
  EXPECT_EQ(rendered("{{ 'äöü'[1:] }} {{ 'äöü'[-1] }} {{ 'abcdef'[::-2] }} {{ [1, 2, 3][-2:] }}"),
            "öü ü fdb [2, 3]");
  EXPECT_EQ(rendered("{{ '%s-%05.1f-%d' % ('a', 2.25, 7) }} {{ '{:>4}|{x!r}'.format(1, x='y') }}"),
            "a-002.2-7    1|'y'");
}

TEST(ChatTemplate, HasJinjasStatements) {
  EXPECT_EQ(rendered("{% for k, v in {'a': 1, 'b': 2}.items() if v > 1 %}{{ loop.index }}{{ k }}{% else "
                     "%}-{% endfor %}"),
            "1b");
  EXPECT_EQ(
      rendered(
          "{% for i in range(9) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif "
          "%}{{ i }}{% endfor %}"),
      "013");
  EXPECT_EQ(
      rendered(
          "{% macro m(a, b='x', c=b) %}{{ a }}{{ b }}{{ c }}{{ kwargs }}{% endmacro %}{{ m(1, c=2, d=3) }}"),
      "1x2{'d': 3}");
  EXPECT_EQ(
      rendered("{% macro m() %}<{{ caller('y') }}>{% endmacro %}{% call(x) m() %}{{ x }}!{% endcall %}"),
      "<y!>");
  EXPECT_EQ(rendered("{% filter upper | replace('A', 'o') %}abc{% endfilter %}"), "oBC");
  EXPECT_EQ(rendered("{% set x %} a {% endset %}[{{ x | trim }}]{% set a, b = 1, 2 %}{{ a + b }}"), "[a]3");
  EXPECT_EQ(rendered("{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% set y = "
                     "1 %}{% endfor "
                     "%}{{ ns.n }}{{ y is defined }}"),
            "3False");
  EXPECT_EQ(rendered("{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}"), "3False");
  EXPECT_EQ(
      rendered(
          "{% for x in [1, [2, [3]]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}{{ "
          "loop.depth }}{% endif %}{% endfor %}"),
      "11(22(33))");
}

TEST(ChatTemplate, RefusesWhatJinjaRefuses) {
  for (const char* wrong : {"{{ 'a' + 1 }}",
                            "{{ 1 + 'a' }}",
                            "{{ [1] + (2,) }}",
                            "{{ missing | tojson }}",
                            "{{ {[1]: 2} }}",
                            "{{ {}.get([]) }}",
                            "{{ [] in {} }}",
                            "{{ [{}] | unique | list }}",
                            "{{ missing | int }}",
                            "{{ missing | float }}",
                            "{{ missing | attr('a') }}",
                            "{{ ['a', 'b'] | groupby('c') | list }}",
                            "{{ [{}] | map(attribute='a.b') | list }}",
                            "{{ {}.update(a=1) }}",
                            "{{ {'update': 1}.update + 1 }}",
                            "{{ 7 | indent }}",
                            "{{ 7 | truncate }}",
                            "{{ '%x' % 1.5 }}",
                            "{{ '{:,}'.format('a') }}",
                            "{{ '{:+}'.format('a') }}",
                            "{{ '{:d}'.format(1.0) }}",
                            "{{ '{:>3}'.format([]) }}",
                            "{{ '{:>3}'.format(none) }}",
                            "{% filter length %}a{% endfilter %}",
                            "{{ {1: 2, 'a': 3} | tojson(sort_keys=true) }}",
                            "{{ 'a' in namespace(a=1) }}",
                            "{{ 'a'.startswith(['a']) }}"}) {
    EXPECT_EQ(rendered(wrong).find("ERROR"), 0u) << wrong << " gives " << rendered(wrong);
  }
}

TEST(ChatTemplate, HasPythonsAndJinjasDetails) {
  EXPECT_EQ(rendered("{{ namespace(a=1, b='x') }}"), "<Namespace {'a': 1, 'b': 'x'}>");
  EXPECT_EQ(rendered("{{ 5 | round }} {{ 1250 | round(-2) }} {{ 1350 | round(-2) }} {{ -15 | round(-1) }}"),
            "5 1200 1400 -20");
  EXPECT_EQ(rendered("{{ -0.2 | round(0, 'ceil') }} {{ -2.25 | round(1, 'floor') }}"), "0.0 -2.3");
  EXPECT_EQ(rendered("{{ [1, 2] | slice(2, 0) | list }}{{ [] | slice(2, 0) | list }}"),
            "[[1, 0], [2, 0]][[0], [0]]");
  EXPECT_EQ(rendered("{{ (1, 'a') is lower }}{{ missing is callable }}{{ 3.0 is odd }}"), "TrueTrueTrue");
  EXPECT_EQ(rendered("{{ 'ßa'.capitalize() }}{{ 'ßa'.title() }}"), "SsaSsa");
  EXPECT_EQ(rendered("{{ 'A Bc'.istitle() }}{{ 'aB'.istitle() }}{{ 'é'.isascii() }}{{ '\n'.isprintable() }}"
                     "{{ 'a_1'.isidentifier() }}{{ '1a'.isidentifier() }}{{ [1].copy() }}"),
            "TrueFalseFalseFalseTrueFalse[1]");
  EXPECT_EQ(rendered("{{ {(1, 'a'): 2}[(1, 'a')] }}"), "2");
  EXPECT_EQ(rendered("{{ {'a b': '/', 'c': 1} | urlencode }} {{ 'a b/' | urlencode }}"),
            "a+b=%2F&c=1 a%20b/");
  EXPECT_EQ(rendered("{{ -7.5 % 2 }} {{ 7.5 // -2 }} {{ 3.0 % -1.5 }}"), "0.5 -4.0 -0.0");
  EXPECT_EQ(rendered("{{ 'a' % [1] }}{{ 'b' % {} }}{{ '%c%c' % ('x', 121) }}"), "abxy");
  EXPECT_EQ(rendered("{{ '{:>6}'.format(true) }}{{ '{}'.format(true) }}"), "     1True");
  EXPECT_EQ(rendered("{{ [1, none] < [1, none] }}{{ ['<' | escape] }}"), "False[Markup('&lt;')]");
  EXPECT_EQ(rendered("{{ [{'a': 'x'}, {}] | groupby('a', default='y') | list }}"),
            "[('x', [{'a': 'x'}]), ('y', [{}])]");
}

TEST(ChatTemplate, NumbersOfTheContextKeepTheirDigits) {
  const char* context = R"({"m": [{"id": 18446744073709551615, "x": 1.10, "n": -9223372036854775809}]})";
  EXPECT_EQ(rendered("{{ m[0].id }} {{ m | tojson }} {{ m[0].id + 1 }} {{ m[0].id is integer }}", context),
            R"(18446744073709551615 [{"id": 18446744073709551615, "x": 1.1, "n": -9223372036854775809}] )"
            "18446744073709551616 True");
}

TEST(ChatTemplate, FormatsTimeFromShoalNow) {
  setenv("SHOAL_NOW", "2024-02-29T13:05:09.25Z", 1);
  EXPECT_EQ(rendered("{{ strftime_now('%d %b %Y %A %H:%M:%S.%f %j') }}"),
            "29 Feb 2024 Thursday 13:05:09.250000 060");
  EXPECT_EQ(rendered("{{ strftime_now('%H:%M%z %Z|%%z') }}"),
            "13:05 |%z");  // like Python's clock without a time zone
  setenv("SHOAL_NOW", "86400", 1);
  EXPECT_EQ(rendered("{{ strftime_now('%Y-%m-%d') }}"), "1970-01-02");
  setenv("SHOAL_NOW", "yesterday", 1);
  EXPECT_EQ(rendered("{{ strftime_now('%Y') }}").find("ERROR"), 0u);
  unsetenv("SHOAL_NOW");
}

TEST(ChatTemplate, SaysInWhichLineItIsWrong) {
  EXPECT_EQ(rendered("a\n{% if %}"), "ERROR chat template, line 2: expected a value, not '%}'");
  EXPECT_EQ(rendered("\n\n{{ raise_exception('No ' ~ role) }}", R"({"role": "bot"})"),
            "ERROR chat template, line 3: No bot");
  EXPECT_EQ(rendered("\n{{ a.b.c }}"), "ERROR chat template, line 2: 'a' is undefined, it has no 'b'");
  for (const char* wrong :
       {"{% for x in y %}", "{{ 'a }}", "{{ (1 }}", "{% endif %}", "{# x", "{% raw %}", "{{ 1 2 }}",
        "{% unknown %}", "{{ x | nofilter }}", "{{ x is notest }}", "{% break %}"}) {
    EXPECT_EQ(rendered(wrong).find("ERROR"), 0u) << wrong;
  }
}

TEST(ChatTemplate, HasBounds) {
  for (const char* endless :
       {"{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{{ 'x' * 10000000000 }}",
        "{{ [1] * 10000000000 }}", "{{ '%1000000000d' % 1 }}", "{{ 'a' | indent(1000000000000) }}",
        "{{ 2 ** 100000 }}", "{{ range(1000000000) }}",
        "{% set ns = namespace(x='ab') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ "
        "ns.x }}",
        "{% set ns = namespace(x=[]) %}{% for i in range(10000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x "
        "}}",
        "{% for i in range(100000) %}{{ 'x' * 10000 }}{% endfor %}", "{{ 9 ** (9 ** 9) }}",
        "{% set ns = namespace(x=3) %}{% for i in range(60) %}{% set ns.x = ns.x * ns.x %}{% endfor %}"}) {
    EXPECT_EQ(rendered(endless).find("ERROR"), 0u) << endless;
  }
  EXPECT_EQ(rendered("{{ " + std::string(5000, '(') + "1" + std::string(5000, ')') + " }}").find("ERROR"),
            0u);
  EXPECT_EQ(rendered("{{ 1" + std::string(5000, '|') + " }}").find("ERROR"), 0u);
  std::string sum = "1";
  for (int i = 0; i < 5000; ++i) sum += "+1";
  EXPECT_EQ(rendered("{{ " + sum + " }}").find("ERROR"), 0u);
}

TEST(ChatTemplate, LeavesNothingBehindThatHoldsItself) {
  EXPECT_EQ(rendered("{% set a = namespace() %}{% set a.self = a %}{% set a.list = [a] %}ok"), "ok");
  EXPECT_EQ(rendered("{% set a = [] %}{% set _ = a.append([a]) %}{% set _ = a.append(1) %}{{ a }}"),
            "[[[]], 1]");
  EXPECT_EQ(rendered("{% set a = [] %}{{ a.append(a.append) }}").find("ERROR"), 0u);
  EXPECT_EQ(rendered("{% set a = namespace() %}{% set a.self = a %}{{ a }}").find("ERROR"), 0u);
}

// Renders with brackets around what came from the context.
std::string marked(std::string_view source, std::string_view context) {
  const Result<ChatTemplate> parsed = ChatTemplate::parse(source);
  EXPECT_TRUE(parsed);
  const Result<RenderedChat> rendering = parsed->render_marked(json(context));
  EXPECT_TRUE(rendering) << rendering.error().message;
  std::string shown;
  int64_t at = 0;
  for (const TextRange& range : rendering->from_context) {
    shown += rendering->text.substr(static_cast<size_t>(at), static_cast<size_t>(range.begin - at)) + "[" +
             rendering->text.substr(static_cast<size_t>(range.begin),
                                    static_cast<size_t>(range.end - range.begin)) +
             "]";
    at = range.end;
  }
  return shown + rendering->text.substr(static_cast<size_t>(at));
}

TEST(ChatTemplate, KnowsWhatCameFromTheContext) {
  const std::string context =
      R"({"x": " user ", "eos_token": "</s>", "messages": [{"role": "user", "content": "a<b"},
                                 {"role": "bad role", "content": "c"}]})";
  EXPECT_EQ(marked("<s>{{ x }}{{ x | trim }}{{ '<' + x.strip() + '>' }}{{ eos_token }}", context),
            "<s>[ user user]<[user]></s>");
  EXPECT_EQ(
      marked("{% for m in messages %}<|{{ m.role }}|>{{ m['content'] | upper }}\n{% endfor %}", context),
      "<|user|>[A<B]\n<|[bad role]|>[C]\n");
  EXPECT_EQ(marked("{{ ('<|a|>' ~ x ~ '<|b|>') | replace('|', '!') }}", context), "<!a!>[ user ]<!b!>");
  EXPECT_EQ(marked("{{ 'p: %s!' % x }}{{ '{}'.format(x) }}{{ [x, 'y'] | join(', ') }}", context),
            "p: [ user ]![ user  user ], y");
  EXPECT_EQ(
      marked("{% set t %}<t>{{ x }}</t>{% endset %}{{ t | trim }}{{ t[2:6] }}{{ t.split('>')[1] }}", context),
      "<t>[ user ]</t>>[ us user ]</t");
  EXPECT_EQ(marked("{{ messages | tojson }}", context),
            "[[{\"role\": \"user\", \"content\": \"a<b\"}, {\"role\": \"bad role\", \"content\": \"c\"}]]");
  EXPECT_EQ(
      marked("{% macro m(v) %}<{{ v }}>{% endmacro %}{{ m(x) | indent(2, true) }}{{ x | length }}", context),
      "  <[ user ]>6");
}

}  // namespace
}  // namespace shoal
