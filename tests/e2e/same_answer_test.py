"""The same prompt, seed and settings give byte-identical text and logprobs whatever the cluster."""
import concurrent.futures
import functools
import unittest

from cluster import Cluster, answer

QUESTION = "Explain in two sentences why the sky is blue."


@functools.cache
def expected():
    """What a ring of one answers."""
    with Cluster(1) as cluster:
        return answer(cluster.nodes[0], QUESTION)


class Test(unittest.TestCase):
    maxDiff = 2000

    def check(self, count, *flags):
        with Cluster(count, *flags) as cluster:
            for node in cluster.nodes:  # head or not, first call or second: all answer the same
                self.assertEqual(answer(node, QUESTION), expected(), node.name)
            return cluster.shards()

    def test_one_node_answers_the_same_twice(self):
        self.check(1)
        self.check(1, "--threads", "2")

    def test_two_nodes_answer_as_one_does(self):
        self.assertEqual(len(self.check(2)), 2)

    def test_three_nodes_answer_as_one_does(self):
        self.assertEqual(len(self.check(3)), 3)

    def test_five_nodes_answer_as_one_does(self):
        self.assertEqual(len(self.check(5)), 5)

    def test_an_uneven_split_answers_as_one_node_does(self):
        shards = self.check(3, "--partitioning", "manual:node-2:0-0,node-3:1-27,node-1:28-29")
        self.assertEqual(shards, {"node-2": (0, 0, True), "node-3": (1, 27, False), "node-1": (28, 29, False)})

    def test_a_node_that_holds_no_layer_answers_too(self):
        shards = self.check(3, "--partitioning", "manual:node-1:0-14,node-2:15-29")
        self.assertEqual(set(shards), {"node-1", "node-2"})

    def test_sixteen_requests_beside_it_change_nothing(self):
        with Cluster(3) as cluster, concurrent.futures.ThreadPoolExecutor(17) as pool:
            def other(i):
                return answer(cluster.nodes[i % 3], f"Tell me a story about the number {i}. " * (1 + i),
                              max_tokens=20 + i, seed=i, temperature=1.0)
            others = [pool.submit(other, i) for i in range(16)]
            asked = pool.submit(answer, cluster.nodes[1], QUESTION)
            self.assertEqual(asked.result(), expected())
            for each in others:
                each.result()
            self.assertEqual(answer(cluster.nodes[2], QUESTION), expected())
