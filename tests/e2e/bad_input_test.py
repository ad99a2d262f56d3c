"""What users and clients get wrong: a clear message each time, and the node goes on."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import unittest.mock

import program
from cluster import MODEL, Cluster, answer, chat_body, local_cluster, post, wait_until


class Test(unittest.TestCase):
    def refused(self, node, body, status, *parts, path="/v1/chat/completions", headers=None):
        found, answer_body = post(node, path, body, headers)
        self.assertEqual(found, status, answer_body)
        text = json.dumps(answer_body)
        for part in parts:
            self.assertIn(part, text)

    def test_requests_that_make_no_sense_are_refused_by_name(self):
        with Cluster(1) as cluster:
            node = cluster.nodes[0]
            self.refused(node, b"{\"model\": ", 400, "JSON")
            self.refused(node, b"[]", 400, "object")
            self.refused(node, chat_body("x", temperature="hot"), 400, "temperature")
            self.refused(node, chat_body("x", temperature=99), 400, "temperature", "99")
            self.refused(node, chat_body("x", max_tokens=-5), 400, "max_tokens")
            self.refused(node, chat_body("x", messages=[]), 400, "messages")
            self.refused(node, chat_body("x", messages=[{"role": "king", "content": "x"}]), 400, "role")
            self.refused(node, chat_body("x", top_logprobs=99), 400, "top_logprobs")
            self.refused(node, chat_body("x", logit_bias={"x": 1}), 400, "logit_bias")
            self.refused(node, chat_body("x", tools=[{"type": "function"}]), 400, "tools")
            self.refused(node, chat_body("x", response_format={"type": "yaml"}), 400, "response_format.type")
            image = [{"type": "image_url", "image_url": {"url": "http://localhost/x.png"}}]
            self.refused(node, chat_body("x", messages=[{"role": "user", "content": image}]), 400, "image")
            self.refused(node, chat_body("x", guided_regex="("), 400, "guided_regex")
            self.refused(node, chat_body("x", bad_words=["damn"]), 400, "bad_words")
            self.refused(node, chat_body("x", model="no-such-model"), 404, "no-such-model")
            self.refused(node, {"model": MODEL, "prompt": [1, 999999]}, 400, "999999", "49152", path="/v1/completions")
            for name in ("../../etc/passwd", "/etc/passwd", "a/../../b", "..", "a\nb"):
                status, _ = post(node, "/v1/chat/completions", chat_body("x", model=name))
                self.assertIn(status, (400, 404), name)
            self.refused(node, {}, 403, headers={"Host": "evil.example"})
            self.refused(node, {}, 403, headers={"Origin": "http://evil.example"})
            answer(node, "Say hello.", max_tokens=3)

    def test_a_prompt_longer_than_the_context_is_refused_with_both_numbers(self):
        with Cluster(1, "--context-length", "128") as cluster:
            node = cluster.nodes[0]
            status, body = post(node, "/v1/chat/completions", chat_body("word " * 500))
            self.assertEqual(status, 400, body)
            self.assertIn("128", json.dumps(body))
            self.assertRegex(json.dumps(body), r"\b5[0-9][0-9]\b")
            self.assertEqual((body["error"]["param"], body["error"]["code"]), ("messages", "context_length_exceeded"))
            answer(node, "Say hello.", max_tokens=3)

    def test_a_refused_stream_has_a_status_of_its_own_through_any_node_loaded_or_not(self):
        with Cluster(2, "--context-length", "128") as cluster:
            for node in (*cluster.nodes, *reversed(cluster.nodes)):
                self.refused(node, chat_body("word " * 500, stream=True), 400, "maximum context length is 128 tokens",
                             "context_length_exceeded")
                answer(node, "Say hello.", max_tokens=3)

    def test_a_broken_model_file_is_an_error_and_other_models_go_on(self):
        with tempfile.TemporaryDirectory() as folder:
            downloads = pathlib.Path(folder, "downloads")
            good = downloads / MODEL
            good.mkdir(parents=True)
            (good / f"{MODEL}.gguf").symlink_to(program.real_model(MODEL))
            for name, size in (("cut", 1_000_000), ("header", 20), ("empty", 0)):
                (downloads / name).mkdir()
                with open(program.real_model(MODEL), "rb") as source:
                    (downloads / name / "model.gguf").write_bytes(source.read(size))
            (downloads / "noise").mkdir()
            (downloads / "noise/model.gguf").write_bytes(b"GGUF" + bytes(range(256)) * 40)
            with HomeCluster(folder) as cluster:
                node = cluster.nodes[0]
                for name in ("cut", "header", "empty", "noise"):
                    status, body = post(node, "/v1/chat/completions", chat_body("x", model=name))
                    self.assertGreaterEqual(status, 400, name)
                    self.assertTrue(body["error"]["message"], name)
                answer(node, "Say hello.", max_tokens=3)

    def test_an_error_of_the_chat_template_itself_is_a_400_with_line_and_message(self):
        source = ("{% if messages | length > 1 %}\n{{ raise_exception('Conversation roles must alternate') }}\n{% endif %}"
                  "{% if messages[0].content == 'call' %}\n\n{{ no_such_function() }}{% endif %}{{ messages[0].content }}")
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder, "downloads", MODEL)
            model.mkdir(parents=True)
            (model / f"{MODEL}.gguf").write_bytes(with_chat_template(program.real_model(MODEL).read_bytes(), source.encode()))
            with HomeCluster(folder) as cluster:
                node = cluster.nodes[0]
                two = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
                self.refused(node, chat_body("x", messages=two), 400, "line 2", "Conversation roles must alternate")
                self.refused(node, chat_body("x", messages=two, stream=True), 400, "line 2", "roles must alternate")
                self.refused(node, chat_body("call"), 400, "line 5", "no_such_function")
                answer(node, "Say hello.", max_tokens=3)

    def run_node(self, *flags, env=None):
        """The status and stderr of a node that cannot start."""
        done = subprocess.run([str(program.SHOAL), "--node-host", "127.0.0.1", "--api-host", "127.0.0.1", *flags],
                              capture_output=True, text=True, timeout=60, env=env)
        return done.returncode, done.stderr

    def test_a_port_in_use_is_named(self):
        with Cluster(1) as cluster:
            node = cluster.nodes[0]
            status, text = self.run_node("--chatgpt-api-port", str(node.api_port), "--discovery-module", "none")
            self.assertNotEqual(status, 0)
            self.assertIn(str(node.api_port), text)
            api_port = str(local_cluster.free_ports(1)[0])
            status, text = self.run_node("--chatgpt-api-port", api_port, "--node-port", str(node.peer_port),
                                         "--discovery-module", "none")
            self.assertNotEqual(status, 0)
            self.assertIn(str(node.peer_port), text)

    def test_an_error_in_discovery_json_is_told_with_line_or_field_until_it_is_mended(self):
        with Cluster(2) as cluster:
            folder = pathlib.Path(cluster.folder.name)
            file, node = folder / "discovery.json", cluster.nodes[0]
            whole = file.read_text()
            for text, part in (('{"peers": {\n  "a": }}', ":2:"),
                               ('{"peers": {"a": {"address": "127.0.0.1", "port": "many"}}}', "peers.a.port")):
                file.write_text(text)
                self.assertTrue(wait_until(lambda: part in node.log.read_text(), seconds=20), node.log.read_text())
                self.assertIn("discovery.json", node.log.read_text())
                self.assertIn("content", answer(node, "Say hello.", max_tokens=3))
            file.write_text(whole)
            cluster.wait_until_whole()

    def test_command_lines_that_make_no_sense_end_with_status_2(self):
        for arguments, part in ((["--frob"], "--frob"), (["frob"], "frob"), (["--node-port", "x"], "--node-port"),
                                (["--node-port", "99999"], "--node-port"), (["--memory-limit", "lots"], "lots"),
                                (["--partitioning", "evenly"], "evenly"),
                                (["--discovery-module", "manual"], "--discovery-config-path"),
                                (["--discovery-module", "pigeon"], "pigeon"), (["run"], "model"), (["--node-id", "a/b"], "--node-id"),
                                (["train", "x", "--iters", "3"], "train"),
                                (["logits", "x", "--ids", "y", "--out", "z", "--split", "a,b"], "1048576"),
                                (["tokenize", "x", "--file"], "--file"),
                                (["logits", "x", "--ids", "y", "--out", "z", "--isa", "mmx"], "mmx")):
            self.assertIn(part, program.run(*arguments, status=2), arguments)
        # A file's name and content may be invalid text: stderr must stay UTF-8 and give no orders to the
        # terminal.
        told = program.run("inspect", os.fsdecode(b"./\xff\x1b[2J.gguf"), status=1)
        self.assertIn("\\xff\\x1b[2J.gguf", told)
        self.assertIn("not on this machine", program.run("run", "no-such-model", "--prompt", "x",
                                                         "--chatgpt-api-port", local_cluster.free_ports(1)[0], status=1))

    def test_output_that_cannot_be_written_is_an_error_and_closed_streams_take_no_socket(self):
        models = [program.SHOAL, "models", "--json"]
        with open("/dev/full", "wb") as full:
            done = subprocess.run(models, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("No space left", done.stderr)
        port = local_cluster.free_ports(1)[0]
        status = [program.SHOAL, "status", "--chatgpt-api-port", str(port)]
        self.assertEqual(subprocess.run(["sh", "-c", '"$@" 2>&-', "sh", *status], timeout=60).returncode, 1)
        node = subprocess.Popen(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", program.SHOAL, "--chatgpt-api-port",
                                 str(port), "--api-host", "127.0.0.1", "--node-host", "127.0.0.1",
                                 "--discovery-module", "none"])
        try:
            self.assertTrue(wait_until(lambda: subprocess.run(status, capture_output=True).returncode == 0))
        finally:
            node.terminate()
        self.assertEqual(node.wait(timeout=10), 0)

    def test_a_second_node_with_the_same_id_does_not_disturb_the_first(self):
        with Cluster(2) as cluster:
            twin_ports = local_cluster.free_ports(2)
            twin = local_cluster.Node("node-2", *twin_ports)
            cluster.start(twin)
            try:
                self.assertIn("content", answer(cluster.nodes[0], "Say hello.", max_tokens=3))
                self.assertEqual(len(cluster.nodes[0].get("/v1/topology")["nodes"]), 2)
            finally:
                local_cluster.stop([twin])


def with_chat_template(gguf, source):
    """The file with another template in the room that its own takes."""
    key = b"tokenizer.chat_template" + (8).to_bytes(4, "little")  # a text
    begin = gguf.index(key) + len(key) + 8
    room = int.from_bytes(gguf[begin - 8:begin], "little")
    return gguf[:begin] + source + b"{#" + b" " * (room - len(source) - 4) + b"#}" + gguf[begin + room:]


class HomeCluster(Cluster):
    """One node with a SHOAL_HOME of its own."""

    def __init__(self, home):
        super().__init__(1)
        self.home = home

    def start(self, node):
        with unittest.mock.patch.dict(os.environ, SHOAL_HOME=str(self.home)):
            super().start(node)
