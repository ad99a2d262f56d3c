"""The OpenAI Python client, as a new user would use it. ./dev installs it into build/venv."""
import subprocess
import sys
import unittest

import program
from cluster import MODEL, Cluster

PYTHON = program.ROOT / "build/venv/bin/python"

USER = """
import sys, openai
client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0)
messages = [{"role": "user", "content": "Explain in two sentences why the sky is blue."}]
assert sys.argv[2] in [model.id for model in client.models.list()]
stream = client.chat.completions.create(model=sys.argv[2], messages=messages, stream=True, max_tokens=30,
                                        temperature=0, stream_options={"include_usage": True})
chunks = list(stream)
text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
assert "Rayleigh" in text, text
assert chunks[-1].usage.completion_tokens == 30, chunks[-1]
whole = client.chat.completions.create(model=sys.argv[2], messages=messages, max_tokens=30, temperature=0,
                                       logprobs=True, top_logprobs=2)
assert whole.choices[0].message.content == text
tokens = whole.choices[0].logprobs.content
assert len(tokens) == 30 and all(len(token.top_logprobs) == 2 and token.logprob <= 0 for token in tokens)
assert all(token.top_logprobs[0].token == token.token for token in tokens)
assert whole.choices[0].finish_reason == "length"
try:
    client.chat.completions.create(model=sys.argv[2], messages=messages, temperature=9)
    raise SystemExit("temperature 9 was taken")
except openai.BadRequestError as error:
    assert error.param == "temperature", error
try:
    client.chat.completions.create(model="no-such-model", messages=messages)
    raise SystemExit("an unknown model was taken")
except openai.NotFoundError as error:
    assert "no-such-model" in str(error)
print("done")
"""


def python_with_openai():
    for python in (str(PYTHON), sys.executable):
        try:
            if subprocess.run([python, "-c", "import openai"], capture_output=True).returncode == 0:
                return python
        except OSError:
            pass
    raise unittest.SkipTest("the Python package openai is not installed")


class Test(unittest.TestCase):
    def test_the_openai_client_streams_gets_logprobs_and_errors(self):
        python = python_with_openai()
        with Cluster(2) as cluster:
            url = f"http://127.0.0.1:{cluster.nodes[1].api_port}/v1"
            done = subprocess.run([python, "-c", USER, url, MODEL], capture_output=True, text=True, timeout=120)
            self.assertEqual(done.stdout.strip(), "done", done.stderr[-3000:])
