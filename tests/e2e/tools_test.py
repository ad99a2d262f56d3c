"""Tools, as the OpenAI Python client's users call them, with a real model over two nodes."""
import os
import pathlib
import subprocess
import tempfile
import unittest
from unittest import mock

import openai_test
import program
from cluster import Cluster

MODEL = "qwen2.5-coder-1.5b"

USER = """
import json, sys, openai
client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0, timeout=600)
model = sys.argv[2]
tools = [{"type": "function", "function": {
    "name": "get_weather", "description": "The weather in a city now.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]
asked = [{"role": "system", "content": "You are a helpful assistant. When you have the result of a function, answer the "
                                       "user in words."},
         {"role": "user", "content": "What's the weather like in Paris today?"}]


def ask(messages, **more):
    return client.chat.completions.create(model=model, messages=messages, tools=tools, temperature=0, max_tokens=80,
                                          **more)


# The whole loop: the model calls, the program answers, the model says the answer in words.
messages = list(asked)
choice = ask(messages).choices[0]
assert choice.finish_reason == "tool_calls", choice
(call,) = choice.message.tool_calls
assert call.function.name == "get_weather" and "Paris" in json.loads(call.function.arguments)["city"], call
messages += [choice.message, {"role": "tool", "tool_call_id": call.id, "content": json.dumps({"temperature": 17, "conditions": "rain"})}]
choice = ask(messages).choices[0]
assert choice.finish_reason == "stop" and "17" in choice.message.content, choice

# The same call as a stream.
begun, arguments, reasons = [], "", set()
for chunk in ask(asked, stream=True):
    reasons.add(chunk.choices[0].finish_reason)
    for piece in chunk.choices[0].delta.tool_calls or []:
        begun += [piece.id] if piece.id else []
        arguments += piece.function.arguments
assert len(begun) == 1 and arguments == call.function.arguments and "tool_calls" in reasons, (begun, arguments)

# Forced calls, of any function or of a named one; then no call at all.
greeting = [{"role": "user", "content": "Hello!"}]
for wish in "required", {"type": "function", "function": {"name": "get_weather"}}:
    forced = ask(greeting, tool_choice=wish).choices[0].message
    assert forced.tool_calls and forced.tool_calls[0].function.name == "get_weather", forced
    json.loads(forced.tool_calls[0].function.arguments)
assert not ask(asked, tool_choice="none").choices[0].message.tool_calls
print("done")
"""


class Test(unittest.TestCase):
    def test_the_openai_clients_loop_of_tool_calls_works(self):
        python = openai_test.python_with_openai()
        file = program.real_model(MODEL)
        with tempfile.TemporaryDirectory(prefix="shoal-home-") as home:
            folder = pathlib.Path(home) / "downloads" / MODEL
            folder.mkdir(parents=True)
            (folder / file.name).symlink_to(file)
            with mock.patch.dict(os.environ, {"SHOAL_HOME": home}), Cluster(2) as cluster:
                url = f"http://127.0.0.1:{cluster.nodes[1].api_port}/v1"
                done = subprocess.run([python, "-c", USER, url, MODEL], capture_output=True, text=True, timeout=900)
                self.assertEqual(done.stdout.strip(), "done", done.stderr[-3000:])
