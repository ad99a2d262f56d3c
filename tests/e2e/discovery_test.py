"""Nodes that know of each other and cannot meet say so; a discovery.json that is wrong stops the start; floods of
announcements change nothing. In network namespaces; needs root."""
import json
import pathlib
import subprocess
import unittest

import program
from cluster import wait_until
from namespaces_test import Machines, ip

PORT = 50051


class Test(unittest.TestCase):
    def start(self, machines, machine, *flags):
        machines.start(machine, "--node-port", str(PORT), "--node-id", f"node-{machine}", *flags)

    def unreachable(self, machines, machine):
        return machines.curl(machine, "/v1/topology").get("unreachable", [])

    def log(self, machines, machine):
        return pathlib.Path(machines.folder.name, f"{machine}.log").read_text()

    def test_networks_whose_broadcast_addresses_differ_are_one_network(self):
        for prefixes in ((16, 24), (32, 32)):
            with self.subTest(prefixes=prefixes), Machines() as machines:
                for name, prefix, address in zip(machines.names, prefixes, ("10.0.2.1", "10.0.2.2")):
                    ip("-n", name, "addr", "flush", "dev", "cable")
                    broadcast = ["broadcast", "+"] if prefix < 31 else []
                    ip("-n", name, "addr", "add", f"{address}/{prefix}", *broadcast, "dev", "cable")
                    ip("-n", name, "route", "replace", "10.0.2.0/24", "dev", "cable")
                for machine in (0, 1):
                    self.start(machines, machine)
                self.assertTrue(wait_until(
                    lambda: all(len(machines.curl(i, "/v1/topology").get("nodes", [])) == 2 for i in (0, 1)),
                    seconds=30), machines.logs())

    def test_a_host_name_that_does_not_resolve_and_a_closed_port_are_told(self):
        with Machines() as machines:
            file = pathlib.Path(machines.folder.name, "discovery.json")
            file.write_text(json.dumps({"peers": {
                "node-0": {"address": "10.0.2.1", "port": PORT},
                "absent": {"address": "10.0.2.77", "port": PORT},
                "closed": {"address": "10.0.2.2", "port": 9},
                "unnamed": {"address": "no-such-host.invalid", "port": PORT}}}))
            self.start(machines, 0, "--discovery-module", "manual", "--discovery-config-path", str(file),
                       "--wait-for-peers", "1")
            self.assertTrue(wait_until(lambda: len(self.unreachable(machines, 0)) == 3, seconds=30), machines.logs())
            problems = {peer["node_id"]: peer for peer in self.unreachable(machines, 0)}
            self.assertEqual(problems["closed"]["problem"], "the connection is refused")
            self.assertEqual(problems["closed"]["address"], "10.0.2.2:9")
            unnamed = problems["unnamed"]  # the problem may be a name server that does not answer
            self.assertRegex(unnamed["problem"] + unnamed["advice"], "no-such-host.invalid (does not )?resolve")
            self.assertIn(problems["absent"]["problem"], ("no answer", "there is no route to it"))
            for node in problems:
                lines = [line for line in self.log(machines, 0).splitlines() if f"node {node} at" in line]
                self.assertEqual(len(lines), 1, lines)
            self.assertTrue(wait_until(lambda: "still waiting: 0 of 1 peers are here" in self.log(machines, 0)))
            self.assertIn("missing: closed at 10.0.2.2:9", self.log(machines, 0))

    def test_a_discovery_file_that_is_missing_or_wrong_stops_the_start(self):
        with Machines() as machines:
            wrong = pathlib.Path(machines.folder.name, "wrong.json")
            wrong.write_text('{"peers": {"a": {"address": "10.0.2.1", "port": 70000}}}')
            for path, words in (("/nowhere/discovery.json", "/nowhere/discovery.json"), (wrong, "peers.a.port: 70000")):
                done = subprocess.run(
                    ["ip", "netns", "exec", machines.names[0], str(program.SHOAL), "--threads", "1",
                     "--discovery-module", "manual", "--discovery-config-path", str(path)],
                    capture_output=True, text=True, timeout=60)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(words, done.stderr)

    def test_a_thousand_spoofed_announcements_cost_a_line_and_few_descriptors(self):
        with Machines() as machines:
            for machine in (0, 1):
                self.start(machines, machine)
            self.assertTrue(wait_until(
                lambda: len(machines.curl(0, "/v1/topology").get("nodes", [])) == 2, seconds=30), machines.logs())
            version = machines.curl(0, "/v1/topology")["nodes"]["node-0"]["version"]
            script = pathlib.Path(machines.folder.name, "flood.py")
            script.write_text(FLOOD.replace("VERSION", repr(version)))
            pid = subprocess.run(["pgrep", "-P", str(machines.processes[0].pid)], capture_output=True, text=True)
            pid = int(pid.stdout.split()[0]) if pid.stdout else machines.processes[0].pid
            descriptors = pathlib.Path(f"/proc/{pid}/fd")
            before, most = len(list(descriptors.iterdir())), 0
            subprocess.run(["ip", "netns", "exec", machines.names[1], "python3", str(script)], check=True)

            def watch():
                nonlocal most
                most = max(most, len(list(descriptors.iterdir())))
                self.assertEqual(len(machines.curl(0, "/v1/topology")["nodes"]), 2)
                return False

            wait_until(watch, seconds=8)
            self.assertLess(most, before + 60)
            flood_lines = [line for line in self.log(machines, 0).splitlines() if "unknown nodes were passed over" in line]
            self.assertEqual(len(flood_lines), 1, self.log(machines, 0))
            self.assertNotIn("lost node", self.log(machines, 0))


FLOOD = """
import json, socket
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(1000):
    sender.sendto(json.dumps({"type": "shoal-discovery", "version": VERSION, "cluster": "", "node_id": f"spoofed-{i}",
                              "incarnation": "%016x" % i, "peer_port": 1 + i, "priority": 4,
                              "interface_name": "eth0", "interface_type": "Ethernet"}).encode(), ("10.0.2.1", 5678))
"""
