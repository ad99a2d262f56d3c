"""`shoal run` as a person at a terminal, or a pipe, has it."""
import pathlib
import signal
import subprocess
import tempfile
import unittest

import program
from cluster import MODEL, Cluster
from screen import Screen

FIXED = ["--temp", "0", "--max-tokens", "8"]


class Test(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.home = folder.name

    def conversation(self, cluster, *arguments):
        return Screen(program.SHOAL, "run", MODEL, "--chatgpt-api-port", cluster.nodes[0].api_port, *arguments,
                      SHOAL_HOME=self.home)

    def requests(self, cluster):
        return cluster.nodes[0].get("/v1/status")["requests_total"]

    def test_ctrl_c_stops_the_answer_and_not_the_conversation(self):
        with Cluster(1) as cluster, self.conversation(cluster, "--temp", "0", "--max-tokens", "4000") as screen:
            screen.wait_for("\n> ")
            screen.type("Explain in detail how a computer works, step by step.\r")
            screen.wait_for("\n> ", 1)
            while len(screen.shown) < 600:  # the answer is running
                screen.wait_for(" ", screen.shown.count(b" ") + 1)
            screen.type("\x03")
            screen.wait_for("[stopped]")
            screen.wait_for("\n> ", 2)
            screen.type("/set parameter num_predict 3\r")
            screen.wait_for("num_predict is 3")
            screen.type("Say hello.\r")
            screen.wait_for("cut off after 3 tokens")
            screen.wait_for("tokens/s")
            screen.type("/bye\r")
            self.assertEqual(screen.wait_for_end(), 0)

    def test_ctrl_c_while_a_question_is_typed_leaves_the_line(self):
        with Cluster(1) as cluster, self.conversation(cluster, *FIXED) as screen:
            screen.wait_for("> ")
            screen.type("half a quest\x03")
            screen.wait_for("^C")
            screen.type("\x03")
            screen.wait_for("another Ctrl-C")
            screen.type("\x03")
            self.assertEqual(screen.wait_for_end(), 0)
            self.assertEqual(self.requests(cluster), 0)

    def test_a_pasted_block_is_one_question_and_so_is_a_marked_one(self):
        with Cluster(1) as cluster, self.conversation(cluster, *FIXED) as screen:
            screen.wait_for("> ")
            screen.paste("Which of these is a fruit?\r- stone\r- apple\n- chair\n")
            screen.type("\r")
            screen.wait_for("first after")
            self.assertEqual(self.requests(cluster), 1)
            screen.type('"""Which one\ris a tree?"""\r')
            screen.wait_for("first after", 2)
            self.assertEqual(self.requests(cluster), 2)
            screen.wait_for("\n> ", 3)
            screen.type("/?\r")
            screen.wait_for("/clear")
            screen.wait_for("\n> ", 4)
            screen.type("\x04")
            self.assertEqual(screen.wait_for_end(), 0)
            kept = pathlib.Path(self.home, "history").read_text()
            self.assertIn("fruit?\\012-\\040stone\\012-\\040apple\\012-\\040chair", kept)

    def test_what_is_piped_in_is_the_prompts_text(self):
        with Cluster(1) as cluster:
            command = [program.SHOAL, "run", MODEL, "--chatgpt-api-port", str(cluster.nodes[0].api_port), *FIXED]

            def ask(*arguments, piped=None, status=0):
                done = subprocess.run([*command, *arguments], input=piped or "", capture_output=True, text=True,
                                      timeout=120)
                self.assertEqual(done.returncode, status, done.stderr)
                return done.stdout if status == 0 else done.stderr

            whole = ask("--prompt", "One is red.\nTwo is blue.\n What is two?")
            self.assertEqual(ask("--prompt", "What is two?", piped="One is red.\nTwo is blue.\n"), whole)
            self.assertEqual(ask("What", "is", "two?", piped="One is red.\nTwo is blue.\n"), whole)
            self.assertEqual(self.requests(cluster), 3)
            self.assertEqual(ask(piped="What is two?\n"), ask("What is two?"))
            self.assertIn("standard input is empty", ask(status=2))
            self.assertIn("cut off after 8 tokens", subprocess.run([*command, "Count to a hundred."], text=True,
                                                                   capture_output=True, input="", timeout=120).stderr)

    def test_a_signal_ends_a_conversation_that_waits(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with Cluster(1) as cluster, self.conversation(cluster, *FIXED) as screen:
                screen.wait_for("\n> ")
                screen.process.send_signal(number)
                self.assertEqual(screen.wait_for_end(), 0)
