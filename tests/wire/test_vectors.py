"""The golden vectors, both ways."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import PysigError
from pysig_twisted.wire.frames import Kind
from pysig_twisted.wire.messages import MAX_FRAME
from pysig_twisted.wire.runs import Run
from pysig_twisted.wire.version1 import Reader, encode

from .samples import BAD, GOOD, plain, valueOf


class VectorTests(SynchronousTestCase):
    """What the files say is what the code does."""

    def test_decode(self) -> None:
        """Each good vector decodes to the message that stands beside it."""
        for vector in GOOD:
            found = list(Reader(MAX_FRAME).feed(bytes.fromhex(vector["hex"])))
            self.assertEqual(len(found), 1, vector["name"])
            self.assertEqual(plain(found[0]), plain(valueOf(vector)), vector["name"])

    def test_encode(self) -> None:
        """Each message encodes to the bytes of its vector, where these are all that it can be."""
        for vector in GOOD:
            if vector.get("exact", True):
                self.assertEqual(encode(valueOf(vector)).hex(), vector["hex"], vector["name"])

    def test_kindByte(self) -> None:
        """The kind that a vector names is the fifth byte of its frame."""
        for vector in GOOD:
            self.assertEqual(bytes.fromhex(vector["hex"])[4], Kind[vector["kind"]], vector["name"])

    def test_run(self) -> None:
        """What a run says of itself agrees with its vector."""
        [vector] = [vector for vector in GOOD if vector["name"] == "event-run"]
        [run] = Reader(MAX_FRAME).feed(bytes.fromhex(vector["hex"]))
        assert isinstance(run, Run)
        self.assertEqual((run.count, run.first, run.last), (3, 3, 7))
        self.assertEqual(
            [{"seq": seq, "time": time, "data": data.hex()} for seq, time, data in run.events()],
            vector["message"]["events"],
        )

    def test_bad(self) -> None:
        """Each bad vector gives what comes before the fault, then an error that names it."""
        for vector in BAD:
            reader, found = Reader(vector["max_frame"]), []
            try:
                for item in reader.feed(bytes.fromhex(vector["hex"])):
                    found += plain(item)
            except PysigError as error:
                self.assertEqual(error.code, vector["error"], vector["name"])
                self.assertIn(vector["says"], str(error), vector["name"])
            else:
                self.fail(f"{vector['name']} was taken")
            self.assertEqual(len(found), vector["frames_before"], vector["name"])

    def test_coverage(self) -> None:
        """There is a good vector of every kind, and no two vectors share a name."""
        self.assertEqual({vector["kind"] for vector in GOOD}, {kind.name for kind in Kind})
        names = [vector["name"] for vector in GOOD + BAD]
        self.assertEqual(len(names), len(set(names)))
