"""Compares Shoal's tokenizers and templates with the PyPI packages tokenizers, sentencepiece, tiktoken and jinja2 on
random inputs. Run with a Python that has them: text_oracle.py PROGRAM DATA COUNT [name…]; PROGRAM is text_oracle."""
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unicodedata

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
        # What was assigned after the libraries' Unicode is nobody's business yet.
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


def ask(program, arguments, records):
    data = b"".join(struct.pack("<I", len(record)) + record for record in records)
    answer = subprocess.run([program, *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout
    return answer.decode().split("\n")[:len(records)]


class Report:
    def __init__(self):
        self.failures = 0

    def compare(self, name, inputs, found, expected):
        wrong = [i for i in range(len(inputs)) if found[i] != expected[i]]
        print(f"{name}: {len(inputs)} inputs, {len(wrong)} differ", flush=True)
        for i in sorted(wrong, key=lambda i: len(inputs[i]))[:3]:
            print(f"  {inputs[i]!r:.400}\n    found    {str(found[i])[:400]}\n    expected {str(expected[i])[:400]}")
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
        encode = make()
        expected = [" ".join(map(str, encode(text.decode("utf-8", "replace")))) for text in inputs]
        report.compare(name, inputs, ask(program, [command, str(path)], inputs), expected)


def main():
    program, data, count = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    report = Report()
    compare_tokenizers(program, data, count, sys.argv[4:], report)
    sys.exit(1 if report.failures else 0)


main()
