"""What the system allows a process: control groups, ulimit, closed and slow streams, a home that is not set."""
import contextlib
import fcntl
import json
import os
import pathlib
import resource
import signal
import subprocess
import tempfile
import time
import unittest

import program
from cluster import MODEL, Cluster, Stream, answer, local_cluster, wait_until

MEGABYTE = 1_000_000


def hierarchy(controller):
    """(version, folder of this process's group) where groups with this controller can be made, else None."""
    mounts = [line.split() for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    groups = [line.split(":", 2) for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines()]
    for fields in mounts:
        kind, options = fields[fields.index("-") + 1], fields[-1].split(",")
        for _, controllers, path in groups:
            folder = pathlib.Path(fields[4] + path)
            if kind == "cgroup" and controller in options and controller in controllers.split(","):
                return 1, folder
            subtree = folder / "cgroup.subtree_control"
            if kind == "cgroup2" and not controllers and subtree.exists() and controller in subtree.read_text().split():
                return 2, folder
    return None


@contextlib.contextmanager
def group(controller, limits):
    """A control group with these limits, {version: {file: text}}; the test is skipped where none can be made."""
    found = hierarchy(controller)
    if found is None:
        raise unittest.SkipTest(f"no control groups with {controller} here")
    version, parent = found
    folder = parent / f"shoal-test-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as problem:
        raise unittest.SkipTest(f"control groups cannot be made: {problem}")
    try:
        for file, text in limits[version].items():
            (folder / file).write_text(str(text))
        yield folder
    finally:
        wait_until(lambda: not (folder / "cgroup.procs").read_text())
        folder.rmdir()


def memory_group(size):
    return group("memory", {1: {"memory.limit_in_bytes": size}, 2: {"memory.max": size, "memory.swap.max": 0}})


@contextlib.contextmanager
def node_in(*folders, flags=()):
    """A node whose process is in these groups; without its cluster."""
    node = local_cluster.Node("limited", *local_cluster.free_ports(2))
    with tempfile.TemporaryDirectory(prefix="shoal-e2e-") as folder:
        local_cluster.write_discovery([node], pathlib.Path(folder))
        with in_groups(*folders):
            node.start(str(program.SHOAL), pathlib.Path(folder), ["--threads", "1", *flags])
        try:
            local_cluster.wait_until_all_see_all([node])
            yield node
        finally:
            local_cluster.stop([node])


@contextlib.contextmanager
def in_groups(*folders):
    """What is started meanwhile is in these groups, too."""
    before = []
    for folder in folders:
        before.append(folder.parent / "cgroup.procs")
        (folder / "cgroup.procs").write_text(str(os.getpid()))
    try:
        yield
    finally:
        for file in before:
            file.write_text(str(os.getpid()))


def report_of(node):
    return node.get("/v1/topology")["nodes"][node.name]


def run_limited(limit, *arguments, timeout=30):
    """(status, stderr) of a program that starts under a limit, which `limit()` sets in its process."""
    done = subprocess.run([str(program.SHOAL), *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          preexec_fn=limit, stdin=subprocess.DEVNULL)
    return done.returncode, done.stderr


def node_flags():
    peer_port, api_port = local_cluster.free_ports(2)
    return ["--node-host", "127.0.0.1", "--api-host", "127.0.0.1", "--discovery-module", "none",
            "--node-port", peer_port, "--chatgpt-api-port", api_port]


class Test(unittest.TestCase):
    def test_the_memory_of_a_control_group_is_what_a_node_has(self):
        program.need_installed_model(MODEL)
        with memory_group(350 * MEGABYTE) as folder, node_in(folder) as node:
            report = report_of(node)
            self.assertAlmostEqual(report["memory_bytes"], 350 * MEGABYTE, delta=1 << 20)
            self.assertLess(report["free_bytes"], 340 * MEGABYTE)
            self.assertGreater(report["free_bytes"], 250 * MEGABYTE)
            self.assertIn("content", answer(node, "Say hello.", max_tokens=8))
            self.assertIsNone(node.process.poll())

    def test_files_that_were_read_take_no_memory_of_a_group(self):
        program.need_installed_model(MODEL)
        model = program.real_model(MODEL)
        with memory_group(350 * MEGABYTE) as folder, node_in(folder) as node:
            free = report_of(node)["free_bytes"]
            with in_groups(folder):
                for _ in range(3):
                    subprocess.run(["cat", model], stdout=subprocess.DEVNULL, check=True)
            self.assertTrue(wait_until(lambda: abs(report_of(node)["free_bytes"] - free) < 20 * MEGABYTE, seconds=3),
                            (free, report_of(node)))

    def test_a_node_starts_in_a_group_smaller_than_what_the_memory_is_measured_with(self):
        with memory_group(100 * MEGABYTE) as folder, node_in(folder) as node:
            self.assertLess(report_of(node)["free_bytes"], 100 * MEGABYTE)
            self.assertGreater(report_of(node)["read_bandwidth"], 1e8)

    def test_a_group_too_small_for_a_node_is_an_error(self):
        with memory_group(30 * MEGABYTE) as folder, in_groups(folder):
            told = program.run(*node_flags(), status=1, timeout=30)
        self.assertIn("control group", told)
        self.assertIn("free", told)

    def test_a_model_that_a_group_has_no_room_for_is_refused_and_the_node_lives(self):
        program.need_installed_model(MODEL)
        with memory_group(150 * MEGABYTE) as folder, node_in(folder) as node:
            with self.assertRaises(AssertionError) as refused:
                answer(node, "Say hello.", max_tokens=3)
            self.assertIn("does not fit", str(refused.exception))
            self.assertEqual(node.get("/healthcheck"), {"status": "ok"})

    def test_a_quota_of_processor_time_counts_like_fewer_processors(self):
        limits = {1: {"cpu.cfs_period_us": 100000, "cpu.cfs_quota_us": 50000}, 2: {"cpu.max": "50000 100000"}}
        with group("cpu", limits) as folder, node_in(folder) as node:
            self.assertEqual(report_of(node)["cores"], 1)

    def test_a_memory_limit_is_all_that_a_node_has(self):
        for text in ("60MB", "60mb", "60 M"):
            with node_in(flags=["--memory-limit", text]) as node:
                report = report_of(node)
            self.assertEqual((report["memory_bytes"], report["free_bytes"]), (60 * MEGABYTE, 60 * MEGABYTE))
        self.assertIn("8GB?", program.run("--memory-limit", "8", status=2))

    def test_a_start_without_descriptors_threads_or_memory_is_an_error_and_an_exit(self):
        def few_files():
            resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))

        status, told = run_limited(few_files, *node_flags())
        self.assertEqual(status, 1)
        self.assertIn("ulimit -n", told)
        for megabytes in (150, 300, 400, 600):
            def little_memory(size=megabytes << 20):
                resource.setrlimit(resource.RLIMIT_AS, (size, size))

            try:
                status, told = run_limited(little_memory, *node_flags(), timeout=10)
            except subprocess.TimeoutExpired:
                continue  # The node runs.
            self.assertEqual(status, 1, (megabytes, told))
            self.assertIn("shoal: ", told)

    def test_a_start_in_a_group_of_few_processes_is_an_error_and_an_exit(self):
        for count in range(3, 40, 6):
            limits = {1: {"pids.max": count}, 2: {"pids.max": count}}
            with group("pids", limits) as folder:
                def enter():
                    (folder / "cgroup.procs").write_text(str(os.getpid()))

                try:
                    status, told = run_limited(enter, *node_flags(), timeout=10)
                except subprocess.TimeoutExpired:
                    continue  # The node runs.
                self.assertEqual(status, 1, (count, told))
                self.assertIn("threads", told)

    def test_signals_end_a_node_at_every_moment_of_its_start(self):
        for milliseconds in (5, 20, 60, 120, 250, 400):
            node = subprocess.Popen([str(program.SHOAL), *map(str, node_flags())], stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
            time.sleep(milliseconds / 1000)
            node.send_signal(signal.SIGTERM)
            self.assertIn(node.wait(timeout=5), (0, -signal.SIGTERM))

    def test_one_signal_lets_answers_end_and_a_second_does_not(self):
        with Cluster(2) as cluster:
            first, second = cluster.nodes
            streams = [Stream(node, "Tell me a story.", max_tokens=100) for node in (first, second)]
            for stream in streams:
                self.assertTrue(stream.wait_for_events(3))
            first.process.send_signal(signal.SIGINT)
            for stream in streams:
                self.assertTrue(stream.wait_for_end())
                self.assertTrue(stream.done, stream.error)
            self.assertEqual(first.process.wait(timeout=5), 0)
        with Cluster(1) as cluster:
            node = cluster.nodes[0]
            stream = Stream(node, "Tell me a story.", max_tokens=4000)
            self.assertTrue(stream.wait_for_events(3))
            node.process.send_signal(signal.SIGINT)
            self.assertTrue(wait_until(lambda: "Ctrl-C" in node.log.read_text()))
            node.process.send_signal(signal.SIGINT)
            self.assertEqual(node.process.wait(timeout=2), 130)

    def test_help_waits_for_a_slow_reader(self):
        whole = program.run("--help")
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        os.set_blocking(writer, False)
        os.write(writer, b"x" * 4000)
        helping = subprocess.Popen([str(program.SHOAL), "--help"], stdout=writer)
        time.sleep(0.5)  # until it has filled the pipe
        self.assertFalse(os.get_blocking(writer))  # left as the pipe's owner set it
        os.close(writer)
        with os.fdopen(reader) as pipe:
            self.assertEqual(pipe.read(), "x" * 4000 + whole)
        self.assertEqual(helping.wait(timeout=5), 0)

    def test_a_question_is_not_waited_for_where_standard_input_is_closed(self):
        with Cluster(1) as cluster:
            port = str(cluster.nodes[0].api_port)
            done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", program.SHOAL, "run", MODEL, "--chatgpt-api-port",
                                   port], capture_output=True, timeout=20)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(b"standard input is empty", done.stderr)

    def test_a_home_is_found_without_its_variable_and_a_tilde_is_read(self):
        without = {name: value for name, value in os.environ.items()
                   if name not in ("HOME", "SHOAL_HOME", "EXO_HOME", "HF_HOME", "HF_HUB_CACHE")}

        def places(env):
            done = subprocess.run([str(program.SHOAL), "inspect", "no-such-model"], capture_output=True, text=True,
                                  env=env, timeout=20, cwd="/")
            return done.stderr

        home = os.path.expanduser("~")  # taken from the password file when HOME is not set
        self.assertIn(f" {home}/.cache/shoal/downloads", places(without))
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder, "x", "downloads", "lies-there")
            model.mkdir(parents=True)
            (model / "model.gguf").write_bytes(b"no header")
            done = subprocess.run([str(program.SHOAL), "models"], capture_output=True, text=True, timeout=20, cwd="/",
                                  env={**without, "HOME": folder, "SHOAL_HOME": "~/x"})
            self.assertIn("lies-there", done.stdout + done.stderr)

    def test_what_does_nothing_here_is_told_and_debug_of_other_programs_stops_nothing(self):
        env = {"DEBUG": "*", "EXO_FAST_SYNCH": "on", "SHOAL_NODEID": "x"}
        told = program.run("chat", "--force-master", "--chatgpt-api-port", local_cluster.free_ports(1)[0], env=env,
                           status=1)
        for part in ("DEBUG=* is no level", "EXO_FAST_SYNCH does nothing", "SHOAL_NODEID", "--force-master"):
            self.assertIn(part, told)
        json.loads(program.run("models", "--json", env={"DEBUG": "true"}))

    def test_run_without_a_node_says_that_it_joins_a_cluster_and_alone_does_not(self):
        program.need_installed_model(MODEL)
        question = ["run", MODEL, "--prompt", "Say hello.", "--max-tokens", "3"]
        done = subprocess.run([str(program.SHOAL), *question, "--alone"], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("joins", done.stderr)
        ports = [str(port) for port in local_cluster.free_ports(3)]
        done = subprocess.run([str(program.SHOAL), *question, "--chatgpt-api-port", ports[0], "--listen-port", ports[1],
                               "--broadcast-port", ports[2]], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("joins the cluster", done.stderr)


if __name__ == "__main__":
    unittest.main()
