"""An answer that is to have a form has it, the same over any cluster."""
import json
import unittest

from cluster import Cluster, answer, chat_body, post

SCHEMA = {"type": "object", "additionalProperties": False, "required": ["name", "age", "colours", "kind"],
          "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "minimum": 0, "maximum": 120},
                         "colours": {"type": "array", "items": {"enum": ["red", "green", "blue"]}, "maxItems": 3},
                         "kind": {"type": "string", "enum": ["cat", "dog"]}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "animal", "strict": True, "schema": SCHEMA}}
SETTINGS = {"response_format": FORMAT, "max_tokens": 200}


def text_of(answered):
    choices, _ = json.loads(answered)
    assert choices[0]["finish_reason"] == "stop", answered
    return choices[0]["message"]["content"]


class Test(unittest.TestCase):
    def check_animal(self, text):
        value = json.loads(text)
        self.assertEqual(list(value), ["name", "age", "colours", "kind"])
        self.assertLessEqual(len(value["name"]), 20)
        self.assertIn(value["age"], range(121))
        self.assertLessEqual(len(value["colours"]), 3)
        self.assertLessEqual(set(value["colours"]), {"red", "green", "blue"})
        self.assertIn(value["kind"], ("cat", "dog"))

    def test_answers_satisfy_their_schema_and_are_the_same_on_one_node_and_on_two(self):
        with Cluster(1) as one, Cluster(2) as two:
            for seed in range(8):
                settings = {**SETTINGS, "seed": seed, "temperature": 0 if seed == 0 else 1.2}
                expected = answer(one.nodes[0], f"Describe animal {seed}.", **settings)
                self.check_animal(text_of(expected))
                for node in two.nodes:
                    self.assertEqual(answer(node, f"Describe animal {seed}.", **settings), expected)

    def test_other_forms_and_wrong_ones(self):
        with Cluster(1) as cluster:
            node = cluster.nodes[0]
            grammar = 'root ::= ("yes" | "no") " " [0-9]{3}'
            self.assertRegex(text_of(answer(node, "Well?", grammar=grammar)), r"^(yes|no) \d{3}$")
            status, body = post(node, "/v1/completions", {"model": "smollm2-135m", "prompt": "A number:", "max_tokens": 20,
                                                          "grammar": 'root ::= " "? [1-9] [0-9]?'})
            self.assertEqual(status, 200, body)
            self.assertRegex(body["choices"][0]["text"], r"^ ?[1-9][0-9]?$")
            status, body = post(node, "/v1/chat/completions", chat_body(
                "Describe a cat as JSON.", response_format={"type": "json_object"}, max_tokens=400, temperature=0))
            self.assertEqual(status, 200, body)
            text = body["choices"][0]["message"]["content"]
            self.assertTrue(text.startswith("{"), text)
            if body["choices"][0]["finish_reason"] == "stop":
                self.assertIsInstance(json.loads(text), dict)
            wrong = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"items": {"uniqueItems": True}}}}
            status, body = post(node, "/v1/chat/completions", chat_body("x", response_format=wrong))
            self.assertEqual(status, 400, body)
            self.assertEqual(body["error"]["param"], "response_format.json_schema.schema")
            self.assertIn("uniqueItems", body["error"]["message"])
