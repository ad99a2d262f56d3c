"""Random small tokenizers in the form of tokenizer.json, for text_oracle.py: every normaliser and pre-tokenizer that is
supported, and added tokens with all flags whose contents overlap; and texts full of these contents."""
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

CORPUS = ["the quick brown fox jumps over the lazy dog", "Hello World, hello world! it's 123 and 4567.",
          "aaa bbb abab abc ABC aBc", "日本語 のテキスト", "  spaces   and\ttabs\nnewlines\r\n\r\n", "éè ß ﬁ ｆｕｌｌ"]
CONTENTS = ["ab", "abc", "b", "bc", "a b", " a", "a ", " ", "  ", "\n", "<s>", "<s", "s>", "Hello", "hello", "lo W", "é", "日本", "1",
            "12", "A", "ABC", "<|x|>", "<|x|><|x|>", "the", "t", "'s", "ab.", "_a", "İ", "ﬁ"]
OTHERS = ["the", " ", "hello world", "X", "a", "b", "c", "_", ".", " \n", "é", "e\u0301", "日本語", "☃", "\u00a0", "12345", "\u2003", "aab",
          "abcd", "ABCABC", "<s>x</s>"]
PATTERNS = [r"\s+", r"\p{N}{1,3}", r"[^\s]+", r" ?\p{L}+| ?\p{N}+|\s+(?!\S)|\s+", r"\w+|[^\w\s]+", r"(?i:'s|'t)", r"a|b"]
BEHAVIORS = ["isolated", "removed", "merged_with_previous", "merged_with_next", "contiguous"]


def flip(draw, probability=0.5):
    return draw.random() < probability


def metaspace(draw):
    return pre_tokenizers.Metaspace(prepend_scheme=draw.choice(["always", "first", "never"]), split=flip(draw))


def byte_level_steps(draw):
    steps = []
    if flip(draw, 0.3):
        steps.append(pre_tokenizers.Digits(individual_digits=flip(draw)))
    if flip(draw, 0.3):
        steps.append(pre_tokenizers.Punctuation(behavior=draw.choice(BEHAVIORS)))
    if flip(draw, 0.4):
        steps.append(pre_tokenizers.Split(Regex(draw.choice(PATTERNS)), behavior=draw.choice(BEHAVIORS), invert=flip(draw, 0.3)))
    return [*steps, pre_tokenizers.ByteLevel(add_prefix_space=flip(draw, 0.4), use_regex=flip(draw, 0.6))]


def unigram(draw):
    characters = sorted({c for text in CORPUS for c in text.replace(" ", "▁")} | {"▁the", "he", "▁a", "lo", "ab", "abc", "▁hello"})
    tokenizer = Tokenizer(models.Unigram([("<unk>", -10.0)] + [(c, -8 * draw.random() - 1) for c in characters], unk_id=0,
                                         byte_fallback=False))
    if flip(draw, 0.7):
        tokenizer.pre_tokenizer = metaspace(draw)
    return tokenizer


def byte_pairs(draw, kind):
    options = {"ignore_merges": flip(draw, 0.3)}
    if kind != "byte level":
        options.update(unk_token="<unk>", fuse_unk=flip(draw, 0.4))
    falls_back = kind == "spaces marked" and flip(draw)
    tokenizer = Tokenizer(models.BPE(byte_fallback=falls_back, **options))
    if kind == "byte level":
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(byte_level_steps(draw))
        tokenizer.decoder = decoders.ByteLevel()
    elif kind == "metaspace":
        tokenizer.pre_tokenizer = metaspace(draw)
    elif kind == "words" and flip(draw):
        tokenizer.pre_tokenizer = draw.choice([pre_tokenizers.Whitespace(), pre_tokenizers.WhitespaceSplit(),
                                               pre_tokenizers.Digits()])
    elif kind == "spaces marked":
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    special = [] if kind == "byte level" else ["<unk>"]
    special += [f"<0x{byte:02X}>" for byte in range(256)] if falls_back else []
    alphabet = pre_tokenizers.ByteLevel.alphabet() if kind == "byte level" else []
    tokenizer.train_from_iterator(3 * CORPUS, trainers.BpeTrainer(
        vocab_size=draw.choice([300, 350, 420]) + len(special), special_tokens=special, show_progress=False,
        initial_alphabet=alphabet))
    return tokenizer


def random_normalizer(draw):
    return normalizers.Sequence([draw.choice([
        normalizers.NFC(), normalizers.NFKC(), normalizers.NFD(), normalizers.Lowercase(), normalizers.Prepend("x"),
        normalizers.Strip(left=False, right=flip(draw)), normalizers.Replace("b", "ab"), normalizers.Replace(" ", "▁"),
        normalizers.Replace(Regex(" {2,}"), " ")]) for _ in range(draw.randrange(1, 3))])


def random_tokenizer(draw, path):
    """Writes it to the path and gives it as read from there."""
    kind = draw.choice(["byte level", "byte level", "metaspace", "words", "spaces marked", "unigram"])
    tokenizer = unigram(draw) if kind == "unigram" else byte_pairs(draw, kind)
    if tokenizer.normalizer is None and flip(draw):
        tokenizer.normalizer = random_normalizer(draw)
    for content in draw.sample(CONTENTS, draw.randrange(1, 7)):
        special = flip(draw, 0.4)
        token = AddedToken(content, single_word=flip(draw, 0.35), lstrip=flip(draw, 0.35), rstrip=flip(draw, 0.35),
                           normalized=flip(draw), special=special)
        (tokenizer.add_special_tokens if special else tokenizer.add_tokens)([token])
    tokenizer.save(str(path))
    return Tokenizer.from_file(str(path))


def random_text(draw):
    parts = []
    for _ in range(draw.randrange(9)):
        choice = draw.random()
        parts.append(draw.choice(CONTENTS) if choice < 0.5 else draw.choice(OTHERS) if choice < 0.8 else
                     draw.choice(CORPUS)[:draw.randrange(12)])
    return "".join(parts)
