"""What a listener heard, in few words."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import EventInfo
from pysig_twisted.core.info import Gap
from pysig_twisted.wire.messages import GapNotice
from pysig_twisted.wire.runs import makeHead
from pysig_twisted.wire.version1 import encode

from .checker import Missing, Presence, Run
from .crowd import Listener
from .ledger import Lateness, Ledger, percentile
from .publishing import EVENT, numberOf, payload

SID = "00000000000000aa"


class LedgerTests(SynchronousTestCase):
    """Ledger."""

    def setUp(self) -> None:
        """Make one that has heard of a sender."""
        self.ledger = Ledger()
        self.ledger.hear(EventInfo("s", "#connect", 0, 0.0), {"sid": SID})

    def hear(self, first: int, last: int, replayed: bool = False, sender: str = "s") -> None:
        """Hear these events."""
        for number in range(first, last + 1):
            self.ledger.hear(EventInfo(sender, EVENT, number, 0.0, replayed), payload(number, 20))

    def told(self) -> list[Any]:
        """What it heard after that."""
        [came, *rest] = self.ledger.history()
        self.assertEqual(came[:3], Presence("s", SID, None)[:3])
        return rest

    def test_runs(self) -> None:
        """Events that follow each other are one entry; holes and repetitions begin another."""
        self.hear(1, 5)
        self.hear(7, 9)
        self.hear(9, 10)
        self.assertEqual(
            self.told(), [Run("s", SID, 1, 5), Run("s", SID, 7, 9), Run("s", SID, 9, 10)]
        )
        self.assertEqual((self.ledger.heard, self.ledger.false), (10, 0))

    def test_replayed(self) -> None:
        """What was replayed is another run than what was not."""
        self.hear(1, 2)
        self.hear(3, 4, True)
        self.hear(5, 5)
        self.assertEqual(
            self.told(), [Run("s", SID, 1, 2), Run("s", SID, 3, 4, True), Run("s", SID, 5, 5)]
        )

    def test_senders(self) -> None:
        """Each sender's events are runs of their own."""
        self.hear(1, 2)
        self.hear(3, 3, sender="t")
        self.hear(3, 3)
        self.assertEqual(
            self.told(), [Run("s", SID, 1, 2), Run("t", "", 3, 3), Run("s", SID, 3, 3)]
        )

    def test_lives(self) -> None:
        """After another C{#connect} they are those of another life."""
        self.hear(1, 2)
        self.ledger.hear(EventInfo("s", "#disconnect", 2, 0.0), {"sid": SID, "reason": "lost"})
        self.ledger.hear(EventInfo("s", "#connect", 0, 0.0), {"sid": "bb"})
        self.hear(3, 3)
        entries = self.told()
        self.assertEqual([entries[0], entries[3]], [Run("s", SID, 1, 2), Run("s", "bb", 3, 3)])
        self.assertEqual([entry[2] for entry in entries[1:3]], ["lost", None])
        self.assertEqual(self.ledger.reach("s"), 3)

    def test_gap(self) -> None:
        """A gap stands in its place."""
        self.hear(1, 2)
        self.ledger.missed(Gap("s", 0xAA, 3, 9, 7, None, "link"))
        self.assertEqual(self.ledger.reach("s"), 9)
        self.hear(10, 10)
        self.assertEqual(
            self.told(),
            [Run("s", SID, 1, 2), Missing("s", SID, 3, 9, 7, "link"), Run("s", SID, 10, 10)],
        )

    def test_reach(self) -> None:
        """How far it is, while a run goes on and after it."""
        self.assertEqual(self.ledger.reach("s"), 0)
        self.hear(1, 7)
        self.assertEqual((self.ledger.reach("s"), self.ledger.reach("t")), (7, 0))
        self.hear(1, 1, sender="t")
        self.assertEqual((self.ledger.reach("s"), self.ledger.reach("t")), (7, 1))
        self.ledger.hear(EventInfo("s", "#connect", 0, 0.0), {"sid": "bb"})
        self.assertEqual((self.ledger.reach("s"), self.ledger.reach("t")), (0, 1))

    def test_false(self) -> None:
        """An event that holds another number than its own is noted."""
        self.ledger.hear(EventInfo("s", EVENT, 3, 0.0), payload(4, 20))
        self.assertEqual(self.ledger.false, 1)

    def test_payload(self) -> None:
        """A payload holds its number, and all are of one size."""
        self.assertEqual(numberOf(payload(77, 50)), 77)


class LatenessTests(SynchronousTestCase):
    """Lateness."""

    def test_percentile(self) -> None:
        """It is right to within a class."""
        lateness = Lateness()
        lateness.add(0.001, 990)
        lateness.add(0.1, 10)
        for share, expected in ((0.5, 0.001), (0.99, 0.001), (0.995, 0.1)):
            found = percentile(lateness.counts, share)
            self.assertTrue(expected <= found <= expected * 1.06, (share, found))
        self.assertEqual(percentile({}, 0.99), 0.0)


class CrowdTests(SynchronousTestCase):
    """The listeners of a crowd look at frames in bulk."""

    def frames(self, *numbers: int, size: int = 20, sid: int = 0xAA) -> bytes:
        """EVENT frames."""
        head = makeHead(1, "s", EVENT, sid)
        body = b"x" * size
        length = (len(head) + 16 + size).to_bytes(4, "big")
        return b"".join(
            length + head + number.to_bytes(8, "big") + bytes(8) + body for number in numbers
        )

    def heard(self, *chunks: bytes) -> list[Any]:
        """What one hears of this."""
        self.lateness = Lateness()
        listener = Listener("s", self.lateness)
        listener.makeConnection(StringTransport())
        for chunk in chunks:
            listener.dataReceived(chunk)
        return list(listener.history())

    def test_run(self) -> None:
        """Events in a row are one run, and each is counted."""
        self.assertEqual(self.heard(self.frames(*range(1, 200))), [Run("s", SID, 1, 199)])
        self.assertEqual(sum(self.lateness.counts.values()), 199)

    def test_hole(self) -> None:
        """Neither a hole, nor one twice, nor an exchange within a chunk goes unnoticed."""
        for numbers in ((1, 2, 4, 5), (1, 2, 2, 3), (1, 3, 2, 4), (2, 1, 3)):
            found = self.heard(self.frames(*numbers))
            flat = [number for run in found for number in range(run[2], run[3] + 1)]
            self.assertEqual(flat, list(numbers))

    def test_gap(self) -> None:
        """A gap stands in its place."""
        gap = encode(GapNotice("s", SID, 3, 4, 2, None, "history"))
        self.assertEqual(
            self.heard(self.frames(1, 2) + gap + self.frames(5)),
            [Run("s", SID, 1, 2), Missing("s", SID, 3, 4, 2, "history"), Run("s", SID, 5, 5)],
        )

    @given(st.lists(st.integers(1, 400), max_size=8), st.integers(18, 22))
    def test_chunks(self, cuts: list[int], size: int) -> None:
        """However the stream is cut, and whatever the sizes, it hears the same."""
        data = self.frames(1, 2, 3) + self.frames(4, 5, size=size) + self.frames(1, 2, sid=0xBB)
        marks = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
        chunks = [data[a:b] for a, b in pairwise(marks)]
        self.assertEqual(self.heard(*chunks), [Run("s", SID, 1, 5), Run("s", f"{0xBB:016x}", 1, 2)])
