"""What is counted of missed, late and replayed events."""

from __future__ import annotations

from typing import Any

from pysig_twisted.net.tally import Tally
from pysig_twisted.wire.messages import GapNotice, Listen, Resume

from .rig import RawPeer, ServerRig

KILOBYTE = "x" * 1000


class TallyTests(ServerRig):
    """The counters of a server, each where it is counted."""

    def setUp(self) -> None:
        """A sender."""
        super().setUp()
        self.owner = self.peer()
        self.sender = self.owner.addSender("s", "e", "f")

    @property
    def tally(self) -> Tally:
        """What was counted."""
        return self.router.factory.context.tally

    def counted(self) -> dict[str, int]:
        """What was counted, without what was not."""
        found = {name: getattr(self.tally, name) for name in Tally.__slots__}
        return {name: value for name, value in found.items() if value}

    def slow(self) -> RawPeer:
        """A listener that takes nothing any more, and for which too much waits."""
        peer = self.peer()
        peer.listen("s")
        peer.carrier.fill()
        for _ in range(30):
            self.sender.fire("e", *[KILOBYTE] * 50)
        return peer

    def test_nothing(self) -> None:
        """Where all goes well there is nothing to count."""
        listener = self.peer()
        listener.listen()
        self.sender.fire("e", 1, 2)
        listener.leave()
        self.assertEqual(self.counted(), {})

    def test_asked(self) -> None:
        """What a new listener asks for is replayed, for each that asks."""
        self.sender.fire("e", 1, 2, 3)
        self.sender.fire("f", 4)
        starts: list[Any] = [2, "last"]
        for start in starts:
            self.peer().ask(Listen("s", None, start))
        self.assertEqual(self.counted(), {"replayed": 4})

    def test_resumed(self) -> None:
        """So is what was missed while a link was down."""
        self.sender.fire("e", 1, 2, 3)
        listener = self.peer()
        listener.ask(Listen("s", None, "resume"))
        listener.ask(Resume({"s": (self.sender.action.sid, 1)}))
        self.assertEqual(self.counted(), {"replayed": 2})

    def test_late(self) -> None:
        """A slow peer that catches up was given late what others have; nothing is replayed."""
        peer = self.slow()
        peer.carrier.drain()
        self.assertEqual([seq for _, seq, _ in peer.events()], list(range(1, 1501)))
        late = self.counted().pop("late")
        self.assertEqual(self.counted(), {"late": late})
        self.assertEqual(self.router.events.delivered + late, 1500)

    def test_gaps(self) -> None:
        """A gap counts for each peer that is told, with the events that it stands for."""
        for _ in range(2):
            self.peer().listen()
        self.sender.frames("e", 1, 2, 3)
        self.sender.fire("e", 4)
        self.assertEqual(self.counted(), {"gaps": 2, "missed": 6})

    def test_uncounted(self) -> None:
        """A gap of nobody knows how many events counts as a gap only."""
        self.sender.fire("e", 1)
        listener = self.peer()
        listener.ask(Listen("s", None, "resume"))
        listener.ask(Resume({"s": ("00000000000000aa", 5)}))
        gap = listener.one(GapNotice)
        self.assertIsNone(gap.n)
        self.assertEqual((self.tally.gaps, self.tally.missed), (1, 0))

    def test_cut(self) -> None:
        """Who takes nothing is cut; who goes by itself is not."""
        peer = self.slow()
        self.wait(self.router.limits.stall + 1)
        self.assertEqual(self.tally.cut, 1)
        self.assertNotIn(peer.protocol.peer.id, self.router.joined)
        self.owner.leave()
        self.assertEqual(self.tally.cut, 1)
