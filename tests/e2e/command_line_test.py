"""The commands as users type them."""
import contextlib
import json
import os
import pathlib
import pty
import shutil
import signal
import subprocess
import tempfile
import unittest

import program
from cluster import MODEL, Cluster, local_cluster

QUESTION = "Explain in two sentences why the sky is blue."


def run_model(*arguments):
    return program.run("run", *arguments, "--prompt", QUESTION, "--temp", "0", "--max-tokens", "30", timeout=120)


class Test(unittest.TestCase):
    def test_run_asks_a_node_that_is_there_and_otherwise_starts_one(self):
        path = program.real_model(MODEL)
        with Cluster(2) as cluster:
            first, second = cluster.nodes
            asked = run_model(MODEL, "--chatgpt-api-port", first.api_port)
            self.assertIn("Rayleigh", asked)
            # --node-id names the node's peer on this machine, which is asked then.
            self.assertEqual(run_model(MODEL, "--chatgpt-api-port", first.api_port, "--node-id", second.name), asked)
            # First a path that the node knows by a name, then one that it does not know.
            self.assertEqual(run_model(path, "--chatgpt-api-port", first.api_port), asked)
            with tempfile.TemporaryDirectory() as folder:
                copy = pathlib.Path(folder, "copy.gguf")
                shutil.copyfile(path, copy)
                self.assertEqual(run_model(copy, "--chatgpt-api-port", first.api_port), asked)
        alone = ["--node-host", "127.0.0.1", "--api-host", "127.0.0.1", "--discovery-module", "none",
                 "--chatgpt-api-port", local_cluster.free_ports(1)[0]]
        self.assertEqual(run_model(MODEL, *alone), asked)
        self.assertEqual(run_model(path, *alone), asked)

    def test_run_finds_the_node_that_is_meant_whatever_its_api_port(self):
        with Cluster(2) as cluster:
            first, second = cluster.nodes
            nobody = ["--chatgpt-api-port", local_cluster.free_ports(1)[0]]
            asked = run_model(MODEL, "--chatgpt-api-port", first.api_port)
            for meant in (["--node-id", second.name], ["--node-port", second.peer_port]):
                self.assertEqual(run_model(MODEL, *nobody, *meant), asked)
                status = json.loads(program.run("status", "--json", *nobody, *meant))["status"]
                self.assertEqual(status["node_id"], second.name)
            cluster.kill(second)
            self.assertIn("no node answers", program.run("status", *nobody, "--node-id", second.name, status=1))

    def test_options_of_the_node_may_stand_before_the_command_and_the_last_one_counts(self):
        with Cluster(1) as cluster:
            port = ["--chatgpt-api-port", cluster.nodes[0].api_port]
            for before in (port, ["--chatgpt-api-port", 9, *port], ["--node-id-filter", "a,b", *port]):
                found = json.loads(program.run(*before, "status", "--json"))
                self.assertEqual(found["status"]["node_id"], cluster.nodes[0].name)
            # The list takes one argument; the next one is the model.
            program.run("run", *port, "--node-id-filter", "a,b", MODEL, "--prompt", "Say hello.", "--max-tokens", "3")

    def test_one_ctrl_c_ends_a_conversation_that_waits_for_a_question(self):
        with Cluster(1) as cluster:
            terminal, end = pty.openpty()
            with contextlib.closing(os.fdopen(terminal, "rb", buffering=0)) as screen:
                conversation = subprocess.Popen(
                    [program.SHOAL, "run", MODEL, "--temp", "0", "--max-tokens", "8", "--chatgpt-api-port",
                     str(cluster.nodes[0].api_port)], stdin=end, stdout=end, stderr=end, start_new_session=True)
                os.close(end)
                shown = b""
                os.write(terminal, b"Say hello.\n")
                while shown.count(b"\n> ") < 2:
                    shown += screen.read(1000)
                conversation.send_signal(signal.SIGINT)
                self.assertEqual(conversation.wait(timeout=10), 0)

    def test_what_discovery_json_declares_of_a_node_is_shown_beside_what_was_measured(self):
        peer_port, api_port = local_cluster.free_ports(2)
        node = local_cluster.Node("m2", peer_port, api_port)
        declared = {"model": "Mac Studio", "chip": "Apple M2 Ultra", "memory": 196608,
                    "flops": {"fp32": 26.98, "fp16": 53.96, "int8": 107.92}}
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "discovery.json").write_text(json.dumps(
                {"peers": {"m2": {"address": "127.0.0.1", "port": peer_port, "device_capabilities": declared}}}))
            node.start(str(program.SHOAL), pathlib.Path(folder), ["--memory-limit", "1GB", "--threads", "1"])
            try:
                local_cluster.wait_until_all_see_all([node])
                report = node.get("/v1/topology")["nodes"]["m2"]
            finally:
                local_cluster.stop([node])
        self.assertEqual({name: report[name] for name in declared}, declared)
        self.assertNotEqual(report["memory_bytes"], 196608 << 20)
        self.assertLessEqual(report["free_bytes"], 10**9)

    def test_status_and_unload_tell_and_change_who_holds_what(self):
        with Cluster(2) as cluster:
            port = ["--chatgpt-api-port", cluster.nodes[0].api_port]
            run_model(MODEL, *port)
            text = program.run("status", *port)
            self.assertIn("node-1 *", text)
            self.assertIn(f"{MODEL} layers 0-", text)
            document = json.loads(program.run("status", "--json", *port))
            self.assertEqual(set(document["topology"]["nodes"]), {"node-1", "node-2"})
            self.assertEqual({(link["from_id"], link["to_id"]) for links in document["topology"]["peer_graph"].values()
                              for link in links}, {("node-1", "node-2"), ("node-2", "node-1")})
            self.assertRegex(program.run("unload", MODEL, *port), rf"{MODEL} is unloaded; free again: node node-1 [0-9.]+ GB")
            self.assertEqual(cluster.shards(), {})
        self.assertIn("no node answers", program.run("status", *port, status=1))

    def test_words_of_other_programs_lead_to_the_right_command(self):
        self.assertEqual(program.run("list"), program.run("models"))
        self.assertEqual(program.run("version"), program.run("--version"))
        self.assertEqual(program.run("help"), program.run("--help"))
        self.assertEqual(program.run("help", "run"), program.run("run", "--help"))
        self.assertIn(" is here already: ", program.run("pull", MODEL))
        self.assertIn("put its files", program.run("pull", "no-such-model", status=1))
        with Cluster(1) as cluster:
            port = ["--chatgpt-api-port", cluster.nodes[0].api_port]
            self.assertIn("node-1 *", program.run("ps", *port))
            run_model(MODEL, *port)
            self.assertIn("is unloaded", program.run("stop", MODEL, *port))
        self.assertIn("deletes no files", program.run("rm", MODEL, status=2))

    def test_models_that_cannot_run_are_marked(self):
        with tempfile.TemporaryDirectory() as home:
            folder = pathlib.Path(home, "downloads", "strange")
            folder.mkdir(parents=True)
            (folder / "config.json").write_text('{"model_type": "mamba"}')
            shutil.copyfile(program.data("oracles/tiny/gemma2/model.safetensors"), folder / "model.safetensors")
            places = {"SHOAL_HOME": home, "EXO_HOME": home, "HF_HOME": home}
            listed = {model["id"]: model.get("problem", "")
                      for model in json.loads(program.run("models", "--all", "--json", env=places))["models"]}
            self.assertIn("mamba", listed["strange"])
            self.assertIn("llava", listed["llava-1.5-7b-hf"])
            self.assertEqual((listed["llama-3.2-1b"], listed["gemma2-9b"]), ("", ""))
            self.assertRegex(program.run("models", "--all", env=places), r"strange +cannot run .*mamba")

    def test_what_nobody_knows_is_told_in_the_order_it_was_typed_with_what_was_meant(self):
        for arguments, part in ((["rnu", "x"], "no command rnu, did you mean run?"),
                                (["statsu", "--jsno"], "no command statsu, did you mean status?"),
                                (["status", "--jsno", "--frob"], "no option --jsno, did you mean --json?"),
                                (["--nod-id", "a", "--frob"], "no option --nod-id, did you mean --node-id?"),
                                (["run", "m", "--tmep", "0"], "no option --tmep, did you mean --temp?"),
                                (["status", "this", "that"], "status takes no 'this that'"),
                                (["qwen-7b"], "`shoal run qwen-7b` talks to a model"),
                                (["help", "mdoels"], "did you mean models?")):
            self.assertIn(part, program.run(*arguments, status=2), arguments)

    def test_flags_of_exo_are_taken(self):
        with Cluster(1, "--disable-tui", "--inference-engine", "mlx", "--max-parallel-downloads", "4",
                     "--download-quick-check", "--wait-for-peers", "0", "--default-temp", "0",
                     "--chatgpt-api-response-timeout", "100", "--max-generate-tokens", "5") as cluster:
            node = cluster.nodes[0]
            text = run_model(MODEL, "--chatgpt-api-port", node.api_port)
            self.assertLess(len(text.split()), 10)
            for part in ("mlx", "--max-parallel-downloads", "--download-quick-check"):
                self.assertIn(part, node.log.read_text())

    def test_bench_prints_one_json_document(self):
        found = json.loads(program.run("bench", program.real_model(MODEL), "--json", "--threads", "1",
                                       "--prefill-tokens", "64", "--decode-tokens", "8", "--split", "10,20"))
        self.assertEqual(set(found), {"model", "threads", "nodes", "prefill_tokens_per_s", "decode_tokens_per_s",
                                      "weight_bytes_per_token", "bandwidth_bytes_per_s", "decode_bandwidth_share",
                                      "load_seconds", "peak_memory_bytes"})
        self.assertEqual((found["threads"], found["nodes"]), (1, 2))
        self.assertGreater(found["weight_bytes_per_token"], 80_000_000)
        self.assertGreater(found["decode_tokens_per_s"], 0)

    def test_tokens_become_text_again(self):
        path = program.real_model(MODEL)
        text = "Grüße, 世界!\n  def f(x): return x<|im_end|>"
        with program.temporary_file(text) as file:
            plain = json.loads(program.run("tokenize", path, "--file", file))
            special = json.loads(program.run("tokenize", path, "--file", file, "--special"))
        self.assertLess(len(special), len(plain))
        for ids, flags in ((plain, []), (special, ["--special"])):
            with program.temporary_file(json.dumps(ids)) as file:
                self.assertEqual(program.run("detokenize", path, "--ids", file, *flags), text)

    def test_render_and_inspect_tell_what_the_files_say(self):
        path = program.real_model(MODEL)
        oracle = json.loads(program.data("oracles/real/smollm2-135m-q4_1.json").read_text())["generations"][0]
        messages = [{"role": "user", "content": oracle["prompt"]}]
        with program.temporary_file(json.dumps(messages)) as file:
            self.assertEqual(program.run("render", path, "--messages", file), oracle["rendered"])
            found = json.loads(program.run("render", path, "--messages", file, "--json"))
            self.assertEqual(found["ids"], oracle["input_ids"])
        about = json.loads(program.run("inspect", path, "--json"))
        self.assertEqual((about["architecture"], about["layers"], about["vocabulary"]), ("llama", 30, 49152))
        self.assertEqual(sum(about["layer_bytes"]) + about["head_bytes"], about["total_bytes"])
        self.assertEqual(about["kv_bytes_per_token"], 30 * 2 * 3 * 64 * 2)  # layers, k and v, kv heads, f16
        self.assertNotIn("tensors", about)
        tensors = json.loads(program.run("inspect", path, "--json", "--tensors"))["tensors"]
        self.assertEqual(sum(tensor["bytes"] for tensor in tensors), about["total_bytes"])
        gate = next(tensor for tensor in tensors if tensor["name"] == "blk.0.ffn_gate.weight")
        self.assertEqual(gate, {"name": "blk.0.ffn_gate.weight", "format": "Q4_1", "shape": [1536, 576],
                                "bits_per_weight": 5.0, "group": 32, "bytes": 1536 * 576 * 20 // 32})
        self.assertIn("blk.29.ffn_down.weight", program.run("inspect", path, "--tensors"))

    def test_render_prints_what_a_template_makes_of_a_context_and_nothing_else(self):
        source = "{% for m in messages %}\n{{- m.content }}{% endfor %} {{ strftime_now('%d %b %Y') }}\n\n"
        context = {"messages": [{"content": "<|a|>"}, {"content": "b "}]}
        with program.temporary_file(source) as template, program.temporary_file(json.dumps(context)) as file:
            self.assertEqual(program.run("render", "--template", template, "--context", file,
                                         env={"SHOAL_NOW": "2024-07-26"}), "<|a|>b  26 Jul 2024\n")
        with program.temporary_file("line\n{{ raise_exception('no ' + x) }}") as template, \
                program.temporary_file('{"x": "cats"}') as file:
            told = program.run("render", "--template", template, "--context", file, status=2)
            self.assertIn("line 2: no cats", told)

    def test_a_bare_vocabulary_of_an_unknown_size_needs_a_pattern(self):
        with program.temporary_file("YQ== 0\nIA== 1\nMQ== 2\nMTE= 3\n") as vocabulary, \
                program.temporary_file("a 111") as text:
            self.assertIn("4 ranks", program.run("tokenize", vocabulary, "--file", text, status=2))
            ids = program.run("tokenize", vocabulary, "--file", text, "--pattern", "cl100k")
            self.assertEqual(json.loads(ids), [0, 1, 3, 2])
            self.assertIn("gpt9", program.run("tokenize", vocabulary, "--file", text, "--pattern", "gpt9", status=2))

    def test_a_node_ends_in_order_when_asked_to(self):
        with Cluster(1) as cluster:
            node = cluster.nodes[0]
            run_model(MODEL, "--chatgpt-api-port", node.api_port)
            node.process.terminate()
            self.assertEqual(node.process.wait(timeout=10), 0)
