"""Compares Shoal's tokenizers and templates with the PyPI packages tokenizers, sentencepiece, tiktoken and jinja2 on
random inputs. Run with a Python that has them: text_oracle.py KIND PROGRAM DATA COUNT [name…]; KIND is tokenizers,
random-tokenizers, templates or programs, PROGRAM is text_oracle, COUNT the number of inputs for each tokenizer or template, or
of tokenizers or Jinja programs."""
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unicodedata
import warnings

import jinja_programs

PLANES = [(0x20, 0x7F), (0x80, 0x250), (0x300, 0x370), (0x370, 0x600), (0x600, 0x1000), (0x1000, 0x2000),
          (0x2000, 0x2C00), (0x2E80, 0x3400), (0x3400, 0xA000), (0xA000, 0xD800), (0xE000, 0x10000),
          (0x10000, 0x12000), (0x12000, 0x1D000), (0x1D000, 0x1F000), (0x1F000, 0x20000), (0x20000, 0x32000),
          (0xE0000, 0xE01F0), (0x32000, 0x110000)]
PIECES = [" ", "  ", "   ", "\n", "\r\n", "\n\n", "\t", " \n ", "'s", "'S", "'re", "'LL", "'\u017f", "\u2019t", "a", "B", "The", "don't",
          "helloWorld", "HTTPServer", "12345", "3.14", "\u0661\u0662", "\u00e9", "e\u0301", "\u0301\u0327", "\u65e5\u672c\u8a9e", "\u306e", "\ud55c\uad6d\uc5b4", "\u1112\u1161\u11ab", "\U0001f3c3\u200d\u2642\ufe0f", "\U0001f1e9\U0001f1ea",
          "\ufb01", "\U0001d7d9", "\u00bd", "!", "...", "/", "://", "\u3001", "\u3002", "\u2581", "\u0130", "\u01c5", "\u02b0", "\u00a0", "\u3000", "\u200b",
          "\ufeff", "\x00", "\x7f", "\ufffd", "<|im_end|>", "<|endoftext|>", "<s>", "</s>", "<unk>", "[INST]", "<0x0A>", "<think>"]


def random_character(draw):
    while True:
        low, high = draw.choice(PLANES)
        character = chr(draw.randrange(low, high))
        # The libraries' older Unicode does not know characters assigned later, so these do not count.
        if draw.random() < 0.15 or unicodedata.category(character) not in ("Cn", "Co"):
            return character


def random_text(draw, words):
    kind = draw.random()
    if kind < 0.002:
        return draw.choice([" ", "a", "\n", "\u0301", "1", "!", "\u65e5", "ab", " a", "A"]) * draw.randrange(1000, 6000)
    parts = []
    for _ in range(draw.randrange(1, 30)):
        choice = draw.random()
        if choice < 0.35:
            parts.append(draw.choice(PIECES))
        elif choice < 0.6:
            parts.append(random_character(draw) * draw.choice([1, 1, 1, 2, 5]))
        elif choice < 0.9:
            parts.append(draw.choice(["", " "]) + draw.choice(words))
        else:
            parts.append(draw.choice(PIECES) * draw.randrange(2, 12))
    return "".join(parts)


def random_bytes(draw, words):
    """Mostly UTF-8; one of ten is broken."""
    text = random_text(draw, words).encode()
    if draw.random() < 0.1:
        broken = bytearray(text)
        for _ in range(draw.randrange(1, 4)):
            broken.insert(draw.randrange(len(broken) + 1), draw.randrange(0x80, 0x100))
        text = bytes(broken)
    return text


def ask(program, arguments, records, count=None):
    data = b"".join(struct.pack("<I", len(record)) + record for record in records)
    answer = subprocess.run([program, *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout
    return answer.decode().split("\n")[:count or len(records)]


class Report:
    def __init__(self):
        self.failures = 0

    def compare(self, name, inputs, found, expected):
        wrong = [i for i in range(len(inputs)) if found[i] != expected[i]]
        print(f"{name}: {len(inputs)} inputs, {len(wrong)} differ", flush=True)
        for i in sorted(wrong, key=lambda i: len(repr(inputs[i])))[:3]:
            a, b = str(found[i]), str(expected[i])
            same = next((k for k in range(min(len(a), len(b))) if a[k] != b[k]), min(len(a), len(b)))
            begin = max(0, same - 60)
            print(f"  {inputs[i]!r:.400}\n    found    …{a[begin:begin + 300]}\n    expected …{b[begin:begin + 300]}")
        self.failures += len(wrong)


def hugging_face(path):
    import tokenizers
    tokenizer = tokenizers.Tokenizer.from_file(str(path))
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def sentence_piece(path):
    import sentencepiece
    processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
    return lambda text: processor.encode(text)


def tiktoken_like(path, pattern):
    import tiktoken
    from tiktoken.load import load_tiktoken_bpe
    encoding = tiktoken.Encoding("oracle", pat_str=pattern, mergeable_ranks=load_tiktoken_bpe(str(path)),
                                 special_tokens={})
    return lambda text: encoding.encode_ordinary(text)


LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"
          r"\s+(?!\S)|\s+")
KIMI = (r"[\p{Han}]+|"
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*"
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
        r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def cl100k():
    import tiktoken_ext.openai_public as public
    import unittest.mock
    with unittest.mock.patch.object(public, "load_tiktoken_bpe", lambda *_, **__: {}):
        return public.cl100k_base()["pat_str"]


def tokenizers_of(data):
    """(name, file, how it is asked, the other library's function)"""
    folder = data / "tokenizers"
    files = sorted(folder.glob("npm-*/tokenizer.json")) + sorted(folder.glob("kitoken/*.json"))
    files.append(data / "oracles/tokenizer/tokenizer.json")
    for path in files:
        yield f"{path.parent.name}/{path.name}", path, "encode-special", lambda path=path: hugging_face(path)
    models = [folder / "kitoken/llama2.model", *sorted((folder / "mistral").glob("*.model*"))]
    for path in models:
        yield path.name, path, "encode", lambda path=path: sentence_piece(path)
    for path, pattern in ((folder / "kitoken/cl100k_base.tiktoken", cl100k()),
                          (folder / "kitoken/kimi_k2.tiktoken", KIMI), (folder / "llama3/tokenizer.model", LLAMA3)):
        yield path.name, path, "encode", lambda path=path, pattern=pattern: tiktoken_like(path, pattern)


def words_of(data):
    words = []
    for name in ("war-and-peace.txt", "wagahai_ja.txt"):
        path = data / "text" / name
        if path.exists():
            words += path.read_text(encoding="utf-8", errors="replace").split()[:40000]
    return words or ["word"]


def train_sentence_piece(folder, name, corpus, **options):
    import sentencepiece
    sentencepiece.SentencePieceTrainer.train(input=str(corpus), model_prefix=str(folder / name), minloglevel=2,
                                             max_sentence_length=20000, **options)
    return folder / f"{name}.model"


def trained_tokenizers(folder, data):
    """Kinds that the data has no file of, trained here: unigram models, character maps, user-defined pieces."""
    import tokenizers
    corpus = folder / "corpus.txt"
    english = (data / "text/tinyshakespeare.txt").read_text(encoding="utf-8")[:300000]
    japanese = (data / "text/wagahai_ja.txt").read_text(encoding="utf-8", errors="replace")[:100000]
    corpus.write_text(english + japanese, encoding="utf-8")
    models = {
        "unigram-nfkc": {"vocab_size": 4000},
        "unigram-bytes": {"vocab_size": 3000, "byte_fallback": True, "normalization_rule_name": "identity",
                          "remove_extra_whitespaces": False, "user_defined_symbols": ["helloWorld", "12345"]},
        "unigram-case": {"vocab_size": 2000, "normalization_rule_name": "nmt_nfkc_cf", "add_dummy_prefix": False},
        "bpe-nfkc": {"vocab_size": 4000, "model_type": "bpe", "user_defined_symbols": ["helloWorld"]},
        "bpe-bytes": {"vocab_size": 3000, "model_type": "bpe", "byte_fallback": True,
                      "normalization_rule_name": "identity", "remove_extra_whitespaces": False,
                      "split_by_whitespace": False},
    }
    for name, options in models.items():
        path = train_sentence_piece(folder, name, corpus, **options)
        yield name, path, "encode", lambda path=path: sentence_piece(path)
    import sentencepiece.sentencepiece_model_pb2 as schema
    model = schema.ModelProto.FromString((folder / "unigram-nfkc.model").read_bytes())
    pieces = [(piece.piece, piece.score) for piece in model.pieces]
    for name, split in (("hf-unigram", True), ("hf-unigram-whole", False)):
        tokenizer = tokenizers.Tokenizer(tokenizers.models.Unigram(pieces, unk_id=0, byte_fallback=False))
        tokenizer.normalizer = tokenizers.normalizers.Sequence([
            tokenizers.normalizers.Precompiled(model.normalizer_spec.precompiled_charsmap),
            tokenizers.normalizers.Replace(tokenizers.Regex(" {2,}"), " ")])
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace(split=split)
        path = folder / f"{name}.json"
        tokenizer.save(str(path))
        yield name, path, "encode-special", lambda path=path: hugging_face(path)


def compare_tokenizers(program, data, count, names, report):
    words = words_of(data)
    with tempfile.TemporaryDirectory() as folder:
        compare_each(program, [*tokenizers_of(data), *trained_tokenizers(pathlib.Path(folder), data)], words, count,
                     names, report)


def compare_each(program, all_tokenizers, words, count, names, report):
    for name, path, command, make in all_tokenizers:
        if not path.exists() or (names and not any(wanted in name for wanted in names)):
            continue
        draw = random.Random(f"{name} {count}")
        inputs = [random_bytes(draw, words) for _ in range(count)]
        if name.startswith("hf-unigram"):  # its library finds graphemes by another version of Unicode
            inputs = ["".join(c for c in text.decode("utf-8", "replace") if unicodedata.category(c) != "Cn").encode()
                      for text in inputs]
        encode = make()
        expected = [" ".join(map(str, encode(text.decode("utf-8", "replace")))) for text in inputs]
        report.compare(name, inputs, ask(program, [command, str(path)], inputs), expected)


def compare_random_tokenizers(program, _, count, names, report):
    import random_tokenizers
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "tokenizer.json")
        for seed in names or [f"random tokenizer {i}" for i in range(count)]:
            draw = random.Random(seed)
            tokenizer = random_tokenizers.random_tokenizer(draw, path)
            texts, expected = [], []
            for text in (random_tokenizers.random_text(draw) for _ in range(100)):
                try:
                    ids = tokenizer.encode(text, add_special_tokens=False).ids
                except BaseException:  # the library panics over tokens in each other's white space
                    continue
                texts.append(text)
                expected.append(" ".join(map(str, ids)))
            found = ask(program, ["encode-special", str(path)], [text.encode() for text in texts])
            report.compare(seed, texts, found, expected)


NOW = "2025-07-10T12:34:56"


def reference_environment():
    """As Hugging Face sets Jinja up for chat templates."""
    import datetime
    import jinja2
    import jinja2.ext
    import jinja2.sandbox

    class Generation(jinja2.ext.Extension):
        tags = {"generation"}

        def parse(self, parser):
            line = next(parser.stream).lineno
            body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
            return jinja2.nodes.CallBlock(self.call_method("_whole"), [], [], body).set_lineno(line)

        def _whole(self, caller):
            return caller()

    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    environment.filters["tojson"] = tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = lambda form: datetime.datetime.fromisoformat(NOW).strftime(form)
    return environment


def random_value(draw, depth=0):
    choice = draw.random()
    if depth > 2 or choice < 0.5:
        return draw.choice(["", "a", "x y", "<b>&'\"", "日本\n", " pad ", 0, 1, -7, 2.5, 1e20, True, False, None])
    if choice < 0.75:
        return [random_value(draw, depth + 1) for _ in range(draw.randrange(3))]
    return {draw.choice(["a", "b", "type", "text", "name"]): random_value(draw, depth + 1) for _ in range(draw.randrange(3))}


def random_schema(draw, depth=0):
    kinds = ["string", "integer", "number", "boolean", "object", "array"]
    properties = {}
    for name in draw.sample(["city", "unit", "days", "tags", "where"], draw.randrange(4)):
        properties[name] = {"type": draw.choice(kinds), "description": draw.choice(["The city.", "größer", ""])}
        choice = draw.random()
        if choice < 0.3:
            properties[name]["enum"] = draw.choice([["a", "b"], [1, 2.5], [None, True]])
        elif choice < 0.4:
            properties[name] = draw.choice([{"type": ["string", "null"]}, {"oneOf": [{"type": "string"}, {"type": "null"}]},
                                            {"anyOf": [{"type": "integer"}, {"$ref": "#/$defs/x"}]}, {}, {"const": "c"}])
        elif choice < 0.5:
            properties[name].update(default=random_value(draw, 2), minimum=0, nullable=True)
        if properties[name].get("type") == "array":
            properties[name]["items"] = random_schema(draw, depth + 1) if draw.random() < 0.3 and depth < 2 else {"type": draw.choice(kinds[:4])}
        if properties[name].get("type") == "object" and depth < 2 and draw.random() < 0.5:
            properties[name] = random_schema(draw, depth + 1)
    schema = {"type": "object", "properties": properties, "required": list(properties)[:1]}
    for name in ("required", "properties", "type"):
        if draw.random() < 0.05:
            del schema[name]
    return schema


def random_tool(draw):
    function = {"name": draw.choice(["get_weather", "search", "f"]), "description": draw.choice(["Looks up.", "a\nb"]),
                "parameters": random_schema(draw)}
    if draw.random() < 0.2:
        function["return"] = {"type": "string"}
    if draw.random() < 0.15:
        del function[draw.choice(["description", "parameters"])]
    if draw.random() < 0.1:
        function.update(strict=True, **{"x-extra": random_value(draw)})
    return function if draw.random() < 0.05 else {"type": "function", "function": function}


def random_call(draw):
    arguments = {name: random_value(draw, 1) for name in draw.sample(["city", "days", "x"], draw.randrange(3))}
    if draw.random() < 0.3:
        arguments = json.dumps(arguments)
    call = {"id": draw.choice(["call00001", "functions.f:0", "abcdefghi"]), "type": "function",
            "function": {"name": draw.choice(["get_weather", "f"]), "arguments": arguments}}
    if draw.random() < 0.1:
        del call["id"]
    return call


def random_content(draw):
    text = draw.choice(["Hello!", " spaced \n", "", "日本語 ü", "<think>\nhm\n</think>\n\nyes", "{{ no }} {% x %}", "a\n\nb",
                        "<|im_end|>", "it's \"q\""])
    choice = draw.random()
    if choice < 0.75:
        return text
    if choice < 0.9:
        parts = [{"type": "text", "text": text}]
        if draw.random() < 0.3:
            parts.append({"type": "image"})
        return parts
    return draw.choice([None, "", [], 7, 2.5, True, {"type": "text", "text": text}, ["plain", {"text": text}], [{"type": "text"}]])


def random_messages(draw):
    messages = []
    if draw.random() < 0.5:
        messages.append({"role": draw.choice(["system", "system", "developer"]), "content": random_content(draw)})
    for i in range(draw.randrange(1, 6)):
        regular = ["user", "assistant"][i % 2]
        role = regular if draw.random() < 0.8 else draw.choice(["user", "assistant", "tool", "system", "odd", "ipython"])
        message = {"role": role, "content": random_content(draw)}
        if role == "assistant" and draw.random() < 0.35:
            message["tool_calls"] = [random_call(draw) for _ in range(draw.randrange(1, 3))]
            if draw.random() < 0.4:
                del message["content"]
        if role == "assistant" and draw.random() < 0.25:
            message[draw.choice(["reasoning_content", "thinking", "reasoning"])] = "hm, let me see"
            if draw.random() < 0.1:
                message["tool_calls"] = draw.choice([[], None])
        if role == "tool":
            message.update(tool_call_id="call00001", name="get_weather")
            if draw.random() < 0.15:
                del message[draw.choice(["tool_call_id", "name"])]
        if draw.random() < 0.05:
            message[draw.choice(["name", "weight", "prefix", "recipient", "channel"])] = random_value(draw, 2)
        if draw.random() < 0.02:
            message.pop(draw.choice(["role", "content"]), None)
        messages.append(message)
    return messages


def random_context(draw):
    context = {"messages": random_messages(draw), "add_generation_prompt": draw.random() < 0.6}
    if draw.random() < 0.9:
        context.update(bos_token="<s>", eos_token="</s>")
    if draw.random() < 0.5:
        context["tools"] = [random_tool(draw) for _ in range(draw.randrange(1, 3))]
    elif draw.random() < 0.3:
        context["tools"] = None
    if draw.random() < 0.15:
        context["documents"] = draw.choice([[{"title": "T", "text": "some text", "doc_id": 3}], [{"text": "ü"}], [], None])
    for name in ("enable_thinking", "thinking", "add_default_system_prompt", "keep_past_thinking", "tools_in_user_message",
                 "continue_final_message", "preserve_thinking", "clear_thinking", "controls", "add_vision_id"):
        if draw.random() < 0.2:
            context[name] = draw.random() < 0.5
    if draw.random() < 0.1:
        context["date_string"] = "1 Jan 2024"
    if draw.random() < 0.1:
        context["reasoning_effort"] = draw.choice(["low", "high"])
    if draw.random() < 0.1:
        context[draw.choice(["custom_tools", "builtin_tools", "xml_tools", "model_identity"])] = random_value(draw)
    return context


def render_reference(template, context):
    try:
        return {"text": template.render(**context)}
    except Exception as error:  # anything that a template can fail with
        return {"error": str(error)}


def outcome(result):
    """A text, or that there is an error: its words are everybody's own."""
    return result.get("text", "an error")


def compare_templates(program, data, count, names, report):
    environment = reference_environment()
    paths = sorted([*(data / "templates").rglob("*.jinja"), *(data / "templates").rglob("*.jinja2")])
    for path in paths:
        name = f"{path.parent.name}/{path.name}"
        if names and not any(wanted in name for wanted in names):
            continue
        source = path.read_text(encoding="utf-8")
        draw = random.Random(name)
        contexts = [random_context(draw) for _ in range(count)]
        template = environment.from_string(source)
        expected = [render_reference(template, json.loads(json.dumps(context))) for context in contexts]
        records = [record for context in contexts for record in (source.encode(), json.dumps(context).encode())]
        found = [json.loads(line) for line in ask(program, ["render"], records, len(contexts))]
        # Where Python refuses, Shoal appends to lists and writes map()'s result as JSON, which some of these
        # templates do.
        known = [i for i in range(len(contexts))
                 if not any(words in expected[i].get("error", "") for words in ("is unsafe", "generator is not JSON"))]
        report.compare(name, [contexts[i] for i in known],
                       [found[i].get("text", "an error") if "text" not in expected[i] else
                        found[i].get("text", f"error: {found[i].get('error')}") for i in known],
                       [outcome(expected[i]) for i in known])


def compare_programs(program, _, count, names, report):
    warnings.simplefilter("ignore")  # about Python code that jinja2 generates
    environment = reference_environment()
    context = json.dumps(jinja_programs.CONTEXT)
    for seed in names or ["programs"]:
        maker = jinja_programs.Programs(random.Random(f"{seed} {count}"))
        sources, expected = [], []
        while len(sources) < count:
            source = maker.body(2)
            try:
                result = render_reference(environment.from_string(source), json.loads(context))
            except Exception as error:  # anything that the compiler can fail with
                result = {"error": str(error)}
            if " at 0x" in outcome(result).lower() or "<bound method" in outcome(result):  # Python's internals
                continue
            sources.append(source)
            expected.append(outcome(result))
        records = [record for source in sources for record in (source.encode(), context.encode())]
        found = [outcome(json.loads(line)) for line in ask(program, ["render"], records, count)]
        report.compare(f"Jinja {seed}", sources, found, expected)


def main():
    kind, program, data, count = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]), int(sys.argv[4])
    os.environ["SHOAL_NOW"] = NOW
    report = Report()
    compare = {"tokenizers": compare_tokenizers, "templates": compare_templates, "programs": compare_programs,
               "random-tokenizers": compare_random_tokenizers}[kind]
    compare(program, data, count, sys.argv[5:], report)
    sys.exit(1 if report.failures else 0)


main()
