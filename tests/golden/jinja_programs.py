"""Random small Jinja programs, for text_oracle.py: every filter, test, method, operator and statement that templates
could use, over a context of texts, numbers, lists and dicts. Many are refused, by both or by neither."""

CONTEXT = {
    "s": "Hello World", "t": "  pad\n", "u": "日本 Éß", "e": "", "h": "<b>&\"it's\"</b>", "m": "a,b,,c", "lines": "one\n\n  two\r\nthree",
    "n": 5, "z": 0, "neg": -3, "big": 1234567, "f": 2.5, "g": -0.125, "yes": True, "no": False, "nothing": None,
    "l": [3, 1, 2], "ls": ["b", "a", "C", "a"], "el": [], "mixed": [1, "x", None, 2.5, True], "ll": [[1, 2], [3], []],
    "d": {"a": 1, "b": "x", "items": 3, "none": None}, "ed": {}, "deep": {"p": {"q": [1, {"r": "s"}]}, "k": [{"x": 1}]},
    "ld": [{"name": "x", "v": 1, "o": {"w": 2}}, {"name": "Y", "v": 3}, {"name": "x", "v": 2, "o": {"w": 1}}],
    "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": None, "tool_calls": [{"name": "f"}]}],
}
TEXTS = ["s", "t", "u", "e", "h", "m", "lines", "'abc'", "\"x y\"", "'%s'", "'A'", "s[0]", "''", "'a\\nb'", "'12'", "' 7 '", "'3.5'",
         "'ßﬁ ǆΣ'", "'1_000'", "'99999999999999999999'", "'<p>x &amp; y</p>'"]
NUMBERS = ["n", "z", "neg", "big", "f", "g", "0", "1", "2", "-1", "3.0", "7", "1.5", "(10 ** 2)", "true", "1e3", "(10 ** 20)",
           "9223372036854775807", "-18446744073709551617", "9007199254740993"]
LISTS = ["l", "ls", "el", "mixed", "ll", "ld", "[1, 2, 3]", "['x', s]", "(1, 'a')", "(range(4) | list)", "messages", "[n, f, none]", "[[1]]"]
DICTS = ["d", "ed", "deep", "ld[0]", "messages[1]", "{'q': 1, 'r': [2]}", "{1: 'one', 'two': 2}", "dict(a=1, b='c')"]
OTHERS = ["nothing", "yes", "no", "missing", "d.missing", "none", "undefined_thing", "namespace(a=1)"]
NAMES = ["'name'", "'v'", "'o.w'", "'role'", "'missing'", "0", "'content'", "1"]
TEST_NAMES = ["defined", "undefined", "none", "boolean", "true", "false", "integer", "float", "number", "string", "mapping",
              "sequence", "iterable", "callable", "lower", "upper", "odd", "even", "escaped"]
BINARY_TESTS = ["divisibleby", "eq", "ne", "lt", "le", "gt", "ge", "in", "sameas", "equalto"]
BINARY = ["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">", "<=", ">=", "in", "not in", "and", "or"]
SIMPLE_FILTERS = ["abs", "capitalize", "count", "escape", "e", "first", "float", "int", "last", "length", "list", "lower",
                  "max", "min", "round", "safe", "sort", "string", "sum", "title", "tojson", "trim",
                  "upper", "urlencode", "wordcount", "dictsort", "forceescape", "join", "default", "striptags", "filesizeformat",
                  "filesizeformat(true)", "xmlattr"]
TEXT_METHODS = ["strip()", "lstrip()", "rstrip()", "upper()", "lower()", "title()", "capitalize()", "swapcase()", "split()",
                "rsplit()", "splitlines()", "isalpha()", "isdigit()", "isalnum()", "isspace()", "isupper()", "islower()",
                "istitle()", "isnumeric()", "isdecimal()", "isascii()", "casefold()", "isidentifier()", "isprintable()"]
ARGUMENT_METHODS = ["strip", "lstrip", "rstrip", "split", "rsplit", "startswith", "endswith", "find", "rfind", "count", "index",
                    "removeprefix", "removesuffix", "partition", "rpartition", "join"]


class Programs:
    def __init__(self, draw):
        self.draw = draw

    def pick(self, *lists):
        return self.draw.choice(self.draw.choice(lists))

    def text(self, depth):
        draw = self.draw
        if depth <= 0 or draw.random() < 0.3:
            return draw.choice(TEXTS)
        value = self.text(depth - 1)
        return draw.choice([
            lambda: f"{self.wrap(value)}.{draw.choice(TEXT_METHODS)}",
            lambda: f"{self.wrap(value)}.{draw.choice(ARGUMENT_METHODS)}({self.any(0)})",
            lambda: f"{self.wrap(value)}.split({draw.choice(TEXTS)}, {self.integer()})",
            lambda: f"{self.wrap(value)}.replace({draw.choice(TEXTS)}, {draw.choice(TEXTS)}{draw.choice(['', ', 1'])})",
            lambda: f"{self.wrap(value)}.{draw.choice(['ljust', 'rjust', 'center', 'zfill'])}({self.integer()})",
            lambda: f"{self.wrap(value)}[{self.slice()}]",
            lambda: f"({value} ~ {self.any(depth - 1)})",
            lambda: f"({value} + {self.text(depth - 1)})",
            lambda: f"({value} | replace({draw.choice(TEXTS)}, {draw.choice(TEXTS)}))",
            lambda: f"({value} | indent({draw.choice(['2', '0', '4, true', '2, true, true', '1, first=true', chr(39) + '> ' + chr(39)])}))",
            lambda: f"({value} | string | truncate({draw.choice(['5', '4, true', '6, false, chr', '9, true, chr(46), 0'])}))".replace("chr(46)", "'.'").replace("chr", "'-'"),
            lambda: f"({value} | center({self.integer()}))",
            lambda: f"({value} | trim({draw.choice(TEXTS)}))",
            lambda: f"({value} | default({self.any(0)}{draw.choice(['', ', true'])}))",
            lambda: f"({draw.choice(LISTS)} | join({draw.choice(TEXTS)}))",
            lambda: f"('{draw.choice(['%s', '%r', '%5s|', '%d', '%-4d|', '%05.2f', '%x', '%e', '%%%s', '%c', '%i', '%g', '%+d', '%.3s'])}' % {self.any(0)})",
            lambda: f"'{draw.choice(['{}', '{:>6}', '{!r}', '{:05d}', '{:.2f}', '{0}{0}', '{:,}', '{:x}', '{:e}', '{:^9}|', '{{}}{}', '{:+}'])}'.format({self.any(0)})",
            lambda: f"('%s-%s' | format({self.any(0)}, {self.any(0)}))",
        ])()

    def wrap(self, value):
        return value if value.isidentifier() or value[0] in "('\"" else f"({value})"

    def integer(self):
        return self.draw.choice(["0", "1", "2", "3", "-1", "-2", "7", "12", "n", "20"])

    def slice(self):
        def part():
            return self.draw.choice(["", "", "0", "1", "-1", "2", "-2", "100", "-100", "n", "none"])
        return f"{part()}:{part()}" + (f":{self.draw.choice(['', '1', '2', '-1', '-2', '3'])}" if self.draw.random() < 0.5 else "")

    def number(self, depth):
        draw = self.draw
        if depth <= 0 or draw.random() < 0.35:
            return draw.choice(NUMBERS)
        return draw.choice([
            lambda: f"({self.number(depth - 1)} {draw.choice(['+', '-', '*', '/', '//', '%', '+', '-', '*'])} {self.number(depth - 1)})",
            lambda: f"({self.any(depth - 1)} | length)",
            lambda: f"({self.any(depth - 1)} | int)",
            lambda: f"({self.any(depth - 1)} | int({draw.choice(['7', '0, 16', '1, base=2', 'none'])}))",
            lambda: f"({self.any(depth - 1)} | float)",
            lambda: f"({self.number(depth - 1)} | round({draw.choice(['', '1', '2', '-1', chr(34) + 'x' + chr(34), '0, ' + chr(39) + 'ceil' + chr(39), '1, ' + chr(39) + 'floor' + chr(39)])}))",
            lambda: f"-{self.number(0)}",
            lambda: f"({self.number(depth - 1)} | abs)",
            lambda: f"({self.list(depth - 1)} | {draw.choice(['sum', 'min', 'max', 'first', 'last'])})",
            lambda: f"(ld | sum(attribute='v'))",
        ])()

    def list(self, depth):
        draw = self.draw
        if depth <= 0 or draw.random() < 0.35:
            return draw.choice(LISTS)
        value = self.list(depth - 1)
        return draw.choice([
            lambda: f"{self.wrap(value)}[{self.slice()}]",
            lambda: f"({value} + {self.list(depth - 1)})",
            lambda: f"({value} * {self.integer()})",
            lambda: f"({value} | sort({draw.choice(['', 'true', 'reverse=true', 'case_sensitive=true', 'attribute=' + draw.choice(NAMES), 'false, true'])}))",
            lambda: f"({value} | unique({draw.choice(['', 'true', 'attribute=' + draw.choice(NAMES)])}) | list)",
            lambda: f"({value} | map({draw.choice(['attribute=' + draw.choice(NAMES), repr(draw.choice(SIMPLE_FILTERS)), 'attribute=' + draw.choice(NAMES) + ', default=9'])}) | list)",
            lambda: f"({value} | {draw.choice(['select', 'reject'])}({draw.choice(['', repr(draw.choice(TEST_NAMES)), repr(draw.choice(BINARY_TESTS)) + ', ' + self.any(0)])}) | list)",
            lambda: f"({value} | {draw.choice(['selectattr', 'rejectattr'])}({draw.choice(NAMES)}{draw.choice(['', ', ' + repr(draw.choice(TEST_NAMES)), ', ' + repr(draw.choice(BINARY_TESTS)) + ', ' + self.any(0)])}) | list)",
            lambda: f"({value} | batch({draw.choice(['2', '3', '2, 0', '1'])}) | list)",
            lambda: f"({value} | slice({draw.choice(['2', '3', '2, 0', '1'])}) | list)",
            lambda: f"({value} | reverse | list)",
            lambda: f"(ld | groupby({draw.choice(NAMES)}{draw.choice(['', ', default=0', ', case_sensitive=true'])}) | list)",
            lambda: f"({value} | groupby({draw.choice(NAMES)}) | list)",
            lambda: f"({self.dict(depth - 1)} | dictsort({draw.choice(['', 'true', 'false, ' + repr('value'), 'reverse=true', 'by=' + repr('value')])}))",
            lambda: f"({self.dict(depth - 1)}.{draw.choice(['items', 'keys', 'values'])}() | list)",
            lambda: f"({self.dict(depth - 1)} | items | list)",
            lambda: f"({self.text(depth - 1)} | list)",
            lambda: f"{self.text(0) if draw.random() < 0.5 else 'm'}.split(',')",
            lambda: f"{self.wrap(value)}.{draw.choice(['index(1)', 'count(1)', 'copy()', 'extend([1])', 'reverse()', 'sort()', 'insert(0, 1)'])}",
            lambda: f"range({draw.choice(['3', '1, 4', '5, 0, -2', '0', '2, 10, 3', 'n'])}) | list",
            lambda: f"[{self.any(depth - 1)}, {self.any(depth - 1)}]",
        ])()

    def dict(self, depth):
        draw = self.draw
        if depth <= 0 or draw.random() < 0.5:
            return draw.choice(DICTS)
        return draw.choice([
            lambda: "{" + f"{draw.choice(TEXTS)}: {self.any(depth - 1)}, {draw.choice(NUMBERS)}: {self.any(depth - 1)}" + "}",
            lambda: f"dict({self.dict(depth - 1)}, z={self.any(depth - 1)})",
            lambda: "deep.p",
            lambda: f"({self.dict(depth - 1)}).{draw.choice(['copy()', 'update(a=1)', 'pop(' + chr(39) + 'a' + chr(39) + ')', 'get(' + chr(39) + 'p' + chr(39) + ')'])}",
        ])()

    def test(self, depth):
        draw = self.draw
        value = self.any(depth - 1)
        negation = draw.choice(["", "", "not "])
        if draw.random() < 0.6:
            return f"({value} is {negation}{draw.choice(TEST_NAMES)})"
        return f"({value} is {negation}{draw.choice(BINARY_TESTS)}({self.any(depth - 1)}))"

    def any(self, depth):
        draw = self.draw
        if depth <= 0:
            return self.pick(TEXTS, TEXTS, NUMBERS, LISTS, DICTS, OTHERS)
        return draw.choice([
            lambda: self.text(depth), lambda: self.text(depth), lambda: self.number(depth), lambda: self.list(depth),
            lambda: self.list(depth), lambda: self.dict(depth), lambda: self.test(depth),
            lambda: draw.choice(OTHERS),
            lambda: f"({self.any(depth - 1)} {draw.choice(BINARY)} {self.any(depth - 1)})",
            lambda: f"({self.number(depth - 1)} {draw.choice(['<', '<=', '==', '!='])} {self.number(depth - 1)} {draw.choice(['<', '>=', '=='])} {self.number(0)})",
            lambda: f"({self.any(depth - 1)} | {draw.choice(SIMPLE_FILTERS)})",
            lambda: f"({self.any(depth - 1)} | tojson({draw.choice(['', 'indent=2', 'true', 'ensure_ascii=true', 'separators=(chr, chr)', 'sort_keys=true', 'indent=0', 'indent=' + repr('  ')])}))".replace("chr, chr", "',', ':'"),
            lambda: f"({self.any(depth - 1)} if {self.any(depth - 1)}{draw.choice(['', ' else ' + self.any(0)])})",
            lambda: f"(not {self.any(depth - 1)})",
            lambda: f"{self.wrap(self.any(depth - 1))}[{draw.choice(['0', '-1', '9', repr('a'), repr('name'), 'n', 'none', '1.0', 'true'])}]",
            lambda: f"({self.wrap(self.any(depth - 1))}.{draw.choice(['a', 'name', 'p', 'x', 'role', 'items() | list', 'keys() | list', '__class__', '_x'])})",
            lambda: f"({self.dict(depth - 1)}).get({self.any(0)}{draw.choice(['', ', ' + self.any(0)])})",
            lambda: f"({self.any(depth - 1)} | attr({draw.choice(NAMES)}))",
        ])()

    def statement(self, depth):
        draw = self.draw
        value = lambda: self.any(draw.randrange(1, 4))
        if depth <= 0 or draw.random() < 0.45:
            return "{{ " + value() + " }}"
        block = lambda: self.body(depth - 1)
        return draw.choice([
            lambda: "{% if " + value() + " %}" + block() + draw.choice(["", "{% elif " + value() + " %}b", "{% else %}" + block()]) + "{% endif %}",
            lambda: "{% for x in " + value() + draw.choice(["", "", " if x", " if x is string"]) + " %}[{{ x }}:{{ loop." + draw.choice(
                ["index", "index0", "revindex", "revindex0", "first", "last", "length", "depth", "previtem", "nextitem",
                 "cycle('a', 'b')", "changed(x)"]) + " }}]" + draw.choice(["", "{% break %}", "{% continue %}z", "{% else %}none", block()]) + "{% endfor %}",
            lambda: "{% for k, w in " + draw.choice([self.dict(1) + ".items()", self.dict(1) + " | dictsort", self.list(1), self.dict(1) + " | items"]) + " %}{{ k }}={{ w }};{% endfor %}",
            lambda: "{% set y = " + value() + " %}{{ y }}" + block(),
            lambda: "{% set y %}" + block() + "{% endset %}<{{ y }}>{{ y | " + draw.choice(SIMPLE_FILTERS) + " }}",
            lambda: "{% set ns = namespace(a=" + value() + ") %}{% for x in l %}{% set ns.a = ns.a " + draw.choice(["+ x", "~ x", "* 2", "or x"]) + " %}{% endfor %}{{ ns.a }}",
            lambda: "{% macro q(a, b=" + self.any(0) + ") %}({{ a }},{{ b }},{{ varargs }},{{ kwargs }}{{ caller is defined }}){% endmacro %}{{ q(" + draw.choice(["", value(), "1, 2", "1, 2, 3", "b=1", "c=2", "1, b=" + self.any(0), "*l", "**d"]) + ") }}",
            lambda: "{% macro q(a) %}{{ a }}{{ caller() if caller }}{% endmacro %}{% call q(" + value() + ") %}" + block() + "{% endcall %}",
            lambda: "{% filter " + draw.choice(SIMPLE_FILTERS) + " %}" + block() + "{% endfilter %}",
            lambda: "{% with a = " + value() + ", b = " + self.any(0) + " %}{{ a }}{{ b }}" + block() + "{% endwith %}{{ a }}",
            lambda: "{% set a, b = " + draw.choice(["1, 2", "l", "'xy'", "d", "[1, [2]]"]) + " %}{{ a }}{{ b }}",
            lambda: "{%- set c = [] %}{% for x in ls %}{% set c = c + [x] %}{% endfor %}{{ c }} {{ x is defined }}",
            lambda: draw.choice([" \n  {%- ", "\n {% ", "{%+ ", " {% "]) + "if " + self.any(0) + draw.choice([" -%}\n x", " %}\n  y\n", "+%}\nz", " %} \n"]) + " {% endif %}\n",
            lambda: "{# a " + draw.choice(["-#}", "#}"]) + "\n  {{- '\\n' }}",
            lambda: "{% raw %}{{ x }}{% endraw %}",
        ])()

    def body(self, depth):
        return "".join(self.statement(depth) for _ in range(self.draw.randrange(1, 3)))
