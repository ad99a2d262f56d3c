"""A small model that knows nothing of tools still makes calls that fit, because no other token may come."""
import json
import unittest

from cluster import Cluster, chat_body, post

FUNCTION = {"name": "book_table", "description": "Books a table in a restaurant.", "parameters": {
    "type": "object", "required": ["restaurant", "guests", "meal"],
    "properties": {"restaurant": {"type": "string", "maxLength": 30}, "guests": {"type": "integer", "minimum": 1, "maximum": 20},
                   "meal": {"type": "string", "enum": ["lunch", "dinner"]},
                   "wishes": {"type": "array", "items": {"enum": ["window", "quiet"]}, "maxItems": 2}}}}
OTHER = {"name": "cancel", "parameters": {"type": "object", "required": ["number"], "properties": {
    "number": {"type": "integer", "minimum": 1, "maximum": 999}}}}


def as_tools(*functions, **members):
    return [{"type": "function", "function": {**function, **members}} for function in functions]


class Test(unittest.TestCase):
    def check_call(self, call):
        arguments = json.loads(call["function"]["arguments"])
        if call["function"]["name"] == "cancel":
            self.assertEqual(list(arguments), ["number"])
            self.assertIn(arguments["number"], range(1, 1000))
            return
        self.assertEqual(call["function"]["name"], "book_table")
        self.assertLessEqual(set(arguments), {"restaurant", "guests", "meal", "wishes"})
        self.assertLessEqual({"restaurant", "guests", "meal"}, set(arguments))
        self.assertLessEqual(len(arguments["restaurant"]), 30)
        self.assertIn(arguments["guests"], range(1, 21))
        self.assertIn(arguments["meal"], ("lunch", "dinner"))
        self.assertLessEqual(set(arguments.get("wishes", [])), {"window", "quiet"})
        self.assertLessEqual(len(arguments.get("wishes", [])), 2)

    def ask(self, node, **more):
        status, body = post(node, "/v1/chat/completions", chat_body("A table for two at Luigi's tonight, please.",
                                                                    temperature=1, max_tokens=200, **more))
        self.assertEqual(status, 200, body)
        return body["choices"][0]

    def test_a_call_that_must_be_made_is_made_and_fits_its_schema_every_time(self):
        with Cluster(1) as cluster:
            node = cluster.nodes[0]
            for seed in range(10):
                choice = self.ask(node, seed=seed, tools=as_tools(FUNCTION, OTHER), tool_choice="required",
                                  parallel_tool_calls=False)
                self.assertEqual(choice["finish_reason"], "tool_calls", choice)
                (call,) = choice["message"]["tool_calls"]
                self.check_call(call)
                self.assertFalse(choice["message"]["content"], choice)
            named = {"type": "function", "function": {"name": "cancel"}}
            choice = self.ask(node, seed=1, tools=as_tools(FUNCTION, OTHER, strict=True), tool_choice=named,
                              parallel_tool_calls=False)
            self.assertEqual(choice["message"]["tool_calls"][0]["function"]["name"], "cancel")
            self.check_call(choice["message"]["tool_calls"][0])
            choice = self.ask(node, seed=2, tools=as_tools(FUNCTION, strict=True))
            for call in choice["message"].get("tool_calls") or []:
                self.check_call(call)

    def test_a_schema_that_cannot_be_held_is_refused_by_its_keyword(self):
        odd = {"name": "odd", "parameters": {"type": "object", "properties": {"a": {"type": "array", "uniqueItems": True}}}}
        with Cluster(1) as cluster:
            node = cluster.nodes[0]
            status, body = post(node, "/v1/chat/completions", chat_body("x", tools=as_tools(odd, strict=True)))
            self.assertEqual(status, 400, body)
            self.assertEqual(body["error"]["param"], "tools[0].function.parameters")
            self.assertIn('"uniqueItems" at #/properties/a', body["error"]["message"])
