"""Two machines, as two network namespaces with a cable between them. Needs root."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import program
from cluster import MODEL, wait_until

ADDRESSES = {"m2-studio-main": "10.0.2.1", "m3-studio-worker": "10.0.2.2"}


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Machines:
    """Namespaces shoal-a and shoal-b (with the process's id), 10.0.2.1 and 10.0.2.2."""

    def __enter__(self):
        if os.geteuid() != 0:
            raise unittest.SkipTest("network namespaces need root")
        self.names = [f"shoal-{letter}-{os.getpid()}" for letter in "ab"]
        self.processes = []
        self.folder = tempfile.TemporaryDirectory(prefix="shoal-netns-")
        try:
            for name in self.names:
                ip("netns", "add", name)
            # Both ends are made inside, so that nothing of this machine's own network changes.
            ip("-n", self.names[0], "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns",
               self.names[1])
            for name, address in zip(self.names, ADDRESSES.values()):
                ip("-n", name, "addr", "add", f"{address}/24", "broadcast", "10.0.2.255", "dev", "cable")
                ip("-n", name, "link", "set", "cable", "up")
                ip("-n", name, "link", "set", "lo", "up")
                ip("-n", name, "route", "add", "default", "dev", "cable")
        except (OSError, subprocess.CalledProcessError) as problem:
            self.__exit__()
            raise unittest.SkipTest(f"network namespaces cannot be made here: {problem}") from problem
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)
        self.folder.cleanup()

    def start(self, machine, *flags):
        log = open(pathlib.Path(self.folder.name, f"{machine}.log"), "wb")
        with log:
            self.processes.append(subprocess.Popen(
                ["ip", "netns", "exec", self.names[machine], str(program.SHOAL), "--threads", "1", *flags],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL))

    def curl(self, machine, path, body=None):
        data = [] if body is None else ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        done = subprocess.run(["ip", "netns", "exec", self.names[machine], "curl", "-s", "--max-time", "60",
                               f"http://{list(ADDRESSES.values())[machine]}:52415{path}", *data],
                              capture_output=True, text=True)
        try:
            return json.loads(done.stdout)
        except ValueError:
            return {}

    def logs(self):
        return "\n".join(path.read_text()[-2000:] for path in sorted(pathlib.Path(self.folder.name).glob("*.log")))


class Test(unittest.TestCase):
    def check(self, machines):
        def whole():
            return all(len(machines.curl(i, "/v1/topology").get("nodes", [])) == 2 for i in (0, 1))

        self.assertTrue(wait_until(whole, seconds=30), machines.logs())
        body = {"model": MODEL, "temperature": 0, "max_tokens": 20,
                "messages": [{"role": "user", "content": "Explain in two sentences why the sky is blue."}]}
        answers = [machines.curl(i, "/v1/chat/completions", body) for i in (0, 1)]
        texts = [answer["choices"][0]["message"]["content"] for answer in answers]
        self.assertEqual(texts[0], texts[1])
        self.assertIn("Rayleigh", texts[0])
        nodes = machines.curl(0, "/v1/topology")["nodes"]
        self.assertEqual([len(node["shards"]) for node in nodes.values()], [1, 1])

    def test_two_machines_find_each_other_by_broadcast(self):
        program.need_installed_model(MODEL)
        with Machines() as machines:
            for machine in (0, 1):
                machines.start(machine)
            self.check(machines)

    def test_two_machines_with_fixed_addresses_as_the_kimi_users_start_them(self):
        program.need_installed_model(MODEL)
        with Machines() as machines:
            capabilities = {"model": "Mac Studio", "chip": "Apple M2 Ultra", "memory": 196608,
                            "flops": {"fp32": 26.98, "fp16": 53.96, "int8": 107.92}}
            peers = {node: {"address": address, "port": 50051 + i, "device_capabilities": capabilities}
                     for i, (node, address) in enumerate(ADDRESSES.items())}
            file = pathlib.Path(machines.folder.name, "discovery.json")
            file.write_text(json.dumps({"peers": peers}))
            for i, wait in ((1, "0"), (0, "1")):
                node = list(ADDRESSES)[i]
                machines.start(i, "--disable-tui", "--inference-engine", "mlx", "--default-model", MODEL,
                               "--node-id", node, "--node-host", ADDRESSES[node], "--node-port", str(50051 + i),
                               "--discovery-module", "manual", "--discovery-config-path", str(file),
                               "--wait-for-peers", wait)
            self.check(machines)
