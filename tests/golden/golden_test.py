"""The commands for looking inside, held to numbers that other programs computed (see the README of the oracles)."""
import json
import unittest

import program


def row(tensor, index):
    (_, width), values = tensor
    return values[index * width:(index + 1) * width]


def largest(values):
    return max(range(len(values)), key=values.__getitem__)


def difference(a, b):
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


class Test(unittest.TestCase):
    maxDiff = 1000

    def check_oracle(self, folder, model, *options):
        oracle = json.loads(program.data(f"{folder}/oracle.json").read_text())
        expected = program.read_safetensors(program.data(f"{folder}/oracle.safetensors"))
        found = program.logits(program.data(model), oracle["input_ids"], "--activations", "f32", *options)
        count, tolerance = len(oracle["input_ids"]), 1e-4 * max(1, oracle["logit_absmax"])
        self.assertEqual(found["logits"][0][0], count)
        for back in (2, 1):
            self.assertLessEqual(
                difference(row(found["logits"], count - back), row(expected["logits_last2"], 2 - back)), tolerance)
        for layer in range(oracle["num_hidden_layers"]):
            hidden = row(expected["hidden_last"], layer + 1)
            self.assertLessEqual(difference(row(found[f"hidden.{layer}"], count - 1), hidden),
                                 1e-4 * max(1, max(map(abs, hidden))))

    def test_logits_of_a_llama_gguf_agree_with_the_oracle(self):
        self.check_oracle("oracles/gguf/llama-f16", "oracles/gguf/llama-f16/llama-f16.gguf")

    def test_logits_of_a_qwen2_gguf_in_blocks_agree_with_the_oracle_in_odd_chunks(self):
        self.check_oracle("oracles/gguf/qwen2-q4_1", "oracles/gguf/qwen2-q4_1/qwen2-q4_1.gguf", "--chunk", "7",
                          "--threads", "2")

    def test_logits_of_llama_safetensors_agree_with_the_oracle_over_uneven_stages(self):
        self.check_oracle("oracles/tiny/llama", "oracles/tiny/llama", "--split", "1,3,1", "--chunk", "16")

    def test_logits_of_qwen2_safetensors_agree_with_the_oracle(self):
        self.check_oracle("oracles/tiny/qwen2", "oracles/tiny/qwen2")

    def test_stories260k_tells_its_published_story(self):
        golden = json.loads(program.data("weights/stories260K-hf-derived/greedy_golden.json").read_text())
        ids = golden["token_ids"]
        found = program.logits(program.data("weights/stories260K-hf-derived"), ids[:-1])
        self.assertEqual([largest(row(found["logits"], i)) for i in range(len(ids) - 1)], ids[1:])

    def test_smollm2_135m_foretells_as_well_as_in_float32(self):
        path = program.real_model("smollm2-135m")
        oracle = json.loads(program.data("oracles/real/smollm2-135m-q4_1.json").read_text())
        text = program.data(oracle["text"]["file"])
        found = json.loads(program.run("perplexity", path, text, "--window", "512", "--windows", "4", "--json"))
        self.assertEqual(found["token_count"], sum(window["predictions"] for window in oracle["windows"]))
        self.assertLess(abs(found["perplexity"] / oracle["ppl_all_windows"] - 1), 0.005, found)
        window = program.logits(path, oracle["windows"][0]["input_ids"])["logits"]
        places = oracle["top10_window_0"]
        agreeing = sum(largest(row(window, place["position"])) == place["ids"][0] for place in places)
        self.assertGreaterEqual(agreeing / len(places), 0.95)
