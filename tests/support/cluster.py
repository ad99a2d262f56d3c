"""Nodes as real processes on loopback, and requests to them."""
import contextlib
import http.client
import importlib.machinery
import importlib.util
import json
import pathlib
import signal
import tempfile
import threading
import time

import program

_loader = importlib.machinery.SourceFileLoader("local_cluster", str(program.ROOT / "tools/local_cluster"))
local_cluster = importlib.util.module_from_spec(importlib.util.spec_from_loader("local_cluster", _loader))
_loader.exec_module(local_cluster)

MODEL = "smollm2-135m"


class Cluster:
    """`count` nodes, node-1 …, that see each other. The flags go to every node."""

    def __init__(self, count, *flags):
        program.need_installed_model(MODEL)
        self.flags = [*flags] if "--threads" in flags else [*flags, "--threads", "1"]
        self.folder = tempfile.TemporaryDirectory(prefix="shoal-e2e-")
        ports = local_cluster.free_ports(2 * count)
        self.nodes = [local_cluster.Node(f"node-{i + 1}", ports[2 * i], ports[2 * i + 1]) for i in range(count)]

    def __enter__(self):
        local_cluster.write_discovery(self.nodes, pathlib.Path(self.folder.name))
        try:
            for node in self.nodes:
                self.start(node)
            self.wait_until_whole()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        local_cluster.stop(self.nodes)
        self.folder.cleanup()

    def start(self, node):
        node.start(str(program.SHOAL), pathlib.Path(self.folder.name), self.flags)

    def wait_until_whole(self):
        local_cluster.wait_until_all_see_all(self.nodes, seconds=60)

    def kill(self, node):
        node.process.send_signal(signal.SIGKILL)
        node.process.wait(timeout=10)

    def shards(self, asked=0):
        """{node name: (first layer, last layer, head)} of the loaded model."""
        reports = self.nodes[asked].get("/v1/topology")["nodes"]
        return {name: (shard["first_layer"], shard["last_layer"], shard["head"])
                for name, report in reports.items() for shard in report["shards"] if shard["model"] == MODEL}


def wait_until(condition, seconds=15):
    """Whether `condition()` came true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def post(node, path, body, headers=None, timeout=120):
    """(status, JSON or text) of an answer that is not a stream. `body` may be raw bytes."""
    connection = http.client.HTTPConnection("127.0.0.1", node.api_port, timeout=timeout)
    with contextlib.closing(connection):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request("POST", path, raw, {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        text = answer.read().decode()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text


def chat_body(question, **settings):
    return {"model": MODEL, "messages": [{"role": "user", "content": question}], "max_tokens": 24, "seed": 7,
            "temperature": 0.8, "logprobs": True, "top_logprobs": 3, **settings}


def answer(node, question, **settings):
    """What must be the same whatever the cluster: text, logprobs, finish reason and counts, as one JSON text."""
    status, body = post(node, "/v1/chat/completions", chat_body(question, **settings))
    if status != 200:
        raise AssertionError(f"{node.name} answers {status}: {body}")
    return json.dumps([body["choices"], body["usage"]], sort_keys=True)


class Stream:
    """A streamed chat, read on a thread of its own. `error` is set to what ended it early."""

    def __init__(self, node, question, **settings):
        self.text, self.events, self.error, self.ended_at = "", 0, None, None
        self.done = False
        self._changed = threading.Condition()
        body = json.dumps({**chat_body(question, **settings), "stream": True}).encode()
        self._connection = http.client.HTTPConnection("127.0.0.1", node.api_port, timeout=120)
        self._connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            response = self._connection.getresponse()
            if response.status != 200:
                self.error = response.read().decode()
            else:
                self._read_events(response)
        except (OSError, http.client.HTTPException, ValueError) as problem:
            self.error = f"connection: {problem!r}"
        if not self.done and self.error is None:
            self.error = "the stream ended without [DONE]"
        with self._changed:
            self.ended_at = time.monotonic()
            self._changed.notify_all()

    def _read_events(self, response):
        for line in response:
            if line.startswith(b"data: [DONE]"):
                self.done = True
                return
            if not line.startswith(b"data: "):
                continue
            event = json.loads(line[6:])
            if "error" in event:
                self.error = json.dumps(event["error"])
                continue
            with self._changed:
                for choice in event.get("choices", []):
                    self.text += choice.get("delta", {}).get("content") or ""
                self.events += 1
                self._changed.notify_all()

    def wait_for_events(self, count, seconds=60):
        with self._changed:
            return self._changed.wait_for(lambda: self.events >= count or self.ended_at, seconds) and not self.ended_at

    def wait_for_end(self, seconds=60):
        with self._changed:
            return self._changed.wait_for(lambda: self.ended_at is not None, seconds)

    def close(self):
        self._connection.sock and self._connection.sock.close()
        self._connection.close()


def resources(node):
    """(threads, open files) of a node's process."""
    process = pathlib.Path("/proc", str(node.process.pid))
    return len(list((process / "task").iterdir())), len(list((process / "fd").iterdir()))
