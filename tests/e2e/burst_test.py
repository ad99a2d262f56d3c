"""Many requests at once, as batch clients send them."""
import unittest

from cluster import Cluster, Stream


class Test(unittest.TestCase):
    def test_many_streams_at_once_are_all_answered_through_any_node(self):
        with Cluster(2) as cluster:
            for node in cluster.nodes:
                streams = [Stream(node, f"Say {i}.", max_tokens=2, logprobs=False, top_logprobs=None)
                           for i in range(120)]
                for stream in streams:
                    self.assertTrue(stream.wait_for_end(seconds=200))
                    self.assertEqual((stream.error, stream.done), (None, True))
