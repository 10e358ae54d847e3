"""Keeping from one listener what is not for it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis.strategies import booleans, data, integers, lists, sampled_from
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.delivery import Delivery
from pysig_twisted.core.info import EventInfo, Gap
from pysig_twisted.names import CONNECT, DISCONNECT
from pysig_twisted.net.gate import Gate
from pysig_twisted.testing import Recorder


class Rig:
    """
    A gate, and a connection that hears the sender C{s}.

    @ivar here: the place where the connection is.
    @ivar isDone: has the gate said that it is not needed?
    """

    def __init__(self, event: str | None = None) -> None:
        self.heard = Recorder()
        self.here: tuple[int, int] | None = (1, 0)
        self.over: set[int] = set()
        self.isDone = False
        self.gate = Gate(
            Delivery(self.heard, self.heard.onGap),
            ("s", event),
            lambda name: self.here if name == "s" else None,
            lambda name, sid: name == "s" and sid in self.over,
            self.done,
        )

    def done(self) -> None:
        """The gate is not needed any more; that is said once."""
        assert not self.isDone
        self.isDone = True

    def call(self, event: str, seq: int, sender: str = "s") -> None:
        """Call what is in the index."""
        target = self.gate.delivery if self.isDone else self.gate
        result = target.call(EventInfo(sender, event, seq, 0.0), None)
        if result is not None:
            target.returned(result)

    def fire(self, *seqs: int) -> None:
        """The connection hears events of the life that is here."""
        for seq in seqs:
            assert self.here is not None
            self.here = (self.here[0], seq)
            self.call("e", seq)

    def replay(self, *seqs: int, sid: int = 1) -> None:
        """The replay has come to these."""
        for seq in seqs:
            assert self.gate.awaits("s")
            if self.gate.takes("s", sid, seq):
                self.heard(EventInfo("s", "e", seq, 0.0, True), None)

    def down(self) -> None:
        """The life that is here ends."""
        assert self.here is not None
        sid, seq = self.here
        self.here = None
        self.over.add(sid)
        self.call(DISCONNECT, seq)
        self.gate.ended("s", sid)

    def up(self, sid: int, seq: int = 0) -> None:
        """A life begins."""
        self.here = (sid, seq)
        self.call(CONNECT, seq)

    @property
    def all(self) -> list[Any]:
        """What was heard: the number, or the name of what routers fire."""
        return [
            info.seq if info.event == "e" else info.event.strip("#") for info, _ in self.heard.all
        ]


class LateTests(SynchronousTestCase):
    """A listener that was added while the connection was late."""

    def setUp(self) -> None:
        """The connection is at 3, and the listener was added at 5."""
        self.rig = Rig()
        self.rig.here = (1, 3)
        self.rig.gate.finish({"s": (1, 5)})

    def test_events(self) -> None:
        """It hears what was fired after it was added; then the gate is not needed."""
        self.rig.fire(4, 5)
        self.assertFalse(self.rig.isDone)
        self.rig.fire(6, 7)
        self.assertEqual(self.rig.all, [6, 7])
        self.assertTrue(self.rig.isDone)

    def test_others(self) -> None:
        """Other senders are heard."""
        self.rig.call("e", 1, "t")
        self.assertEqual(self.rig.all, [1])
        self.assertFalse(self.rig.isDone)

    def test_olderLife(self) -> None:
        """Nothing of a life before that is heard, whatever its numbers; who comes and goes is."""
        rig = Rig()
        rig.here = (7, 90)
        rig.gate.finish({"s": (1, 5)})
        rig.fire(91)
        rig.down()
        rig.up(1)
        rig.fire(5, 6)
        self.assertEqual(rig.all, ["disconnect", "connect", 6])
        self.assertTrue(rig.isDone)

    def test_nextLife(self) -> None:
        """If the life ends without one more event, the next one is heard."""
        self.rig.fire(4, 5)
        self.rig.down()
        self.assertTrue(self.rig.isDone)
        self.rig.up(2)
        self.rig.fire(1)
        self.assertEqual(self.rig.all, ["disconnect", "connect", 1])

    def test_gaps(self) -> None:
        """Of a gap it is told what comes after its place."""
        for first, last in ((4, 5), (4, 8), (9, 9)):
            self.rig.gate.missed(Gap("s", 1, first, last, last - first + 1, None, "history"))
        self.rig.gate.missed(Gap("s", 1, 4, None, None, None, "history"))
        self.rig.gate.missed(Gap("s", 9, 1, 99, 99, None, "history"))
        self.rig.gate.missed(Gap("t", 9, 1, 2, 2, None, "history"))
        told = [(gap.sender, gap.first, gap.last, gap.n) for gap in self.rig.heard.gaps]
        self.assertEqual(
            told, [("s", 6, 8, None), ("s", 9, 9, 1), ("s", 6, None, None), ("t", 1, 2, 2)]
        )

    def test_unknownLives(self) -> None:
        """Where whole lives are missing the place is gone with them."""
        self.rig.gate.missed(Gap("s", None, None, None, None, None, "history"))
        self.assertEqual(len(self.rig.heard.gaps), 1)
        self.assertTrue(self.rig.isDone)

    def test_zero(self) -> None:
        """The number of a life may be 0, whatever is known of the sender."""
        rig = Rig()
        rig.gate.finish({"s": (1, 5)})
        rig.gate.ended("t", 0)
        rig.fire(5, 6)
        self.assertEqual([info.seq for info, _ in rig.heard.all], [6])

    def test_notLate(self) -> None:
        """A place that the connection has passed, or whose life is over, is none."""
        for place in ((1, 3), (1, 2), (8, 5)):
            rig = Rig()
            rig.here, rig.over = (1, 3), {8}
            rig.gate.finish({"s": place})
            self.assertTrue(rig.isDone)

    def test_awaitable(self) -> None:
        """What the listener returns is waited for, as without a gate."""
        calls: list[int] = []
        waiting: list[Deferred[None]] = []

        def listen(info: EventInfo, data: object) -> Deferred[None]:
            calls.append(info.seq)
            waiting.append(Deferred())
            return waiting[-1]

        self.rig.gate.delivery = Delivery(listen)
        for name in ("t", "u"):
            target = self.rig.gate
            target.returned(target.call(EventInfo(name, "e", 1, 0.0), None))
        self.assertEqual(len(calls), 1)
        waiting[0].callback(None)
        self.assertEqual(len(calls), 2)
        self.rig.gate.stop()
        self.rig.gate.call(EventInfo("t", "e", 2, 0.0), None)
        self.assertEqual(len(calls), 2)

    def test_raises(self) -> None:
        """What the listener raises is logged, as without a gate."""
        try:
            raise ValueError("mine")
        except ValueError:
            self.rig.gate.failed()
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)


class ReplayTests(SynchronousTestCase):
    """A listener that has asked for a replay."""

    def setUp(self) -> None:
        """The connection is at 9, and the replay begins."""
        self.rig = Rig()
        self.rig.here = (1, 9)
        self.rig.gate.wait(["s"])

    def test_replay(self) -> None:
        """It hears the replay, and what is fired after that, each once."""
        self.rig.replay(5, 6, 7)
        self.rig.fire(10, 11)
        self.rig.replay(8, 9, 10, 11)
        self.rig.gate.open("s")
        self.rig.fire(12)
        self.assertEqual(self.rig.all, [5, 6, 7, 8, 9, 10, 11, 12])
        self.rig.gate.finish({})
        self.assertTrue(self.rig.isDone)
        self.assertEqual(self.rig.heard.gaps, [])

    def test_lateConnection(self) -> None:
        """A connection that is behind the replay tells it nothing twice."""
        self.rig.here = (1, 2)
        self.rig.replay(5, 6)
        self.rig.gate.open("s")
        self.rig.fire(3, 4, 5, 6)
        self.rig.gate.finish({"s": (1, 4)})
        self.rig.fire(7)
        self.assertEqual(self.rig.all, [5, 6, 7])
        self.assertTrue(self.rig.isDone)

    def test_others(self) -> None:
        """A sender that is not part of the replay is heard at once."""
        self.rig.call("e", 1, "t")
        self.assertEqual(self.rig.all, [1])

    def test_notTold(self) -> None:
        """A sender of which nobody has told may be part of it all the same."""
        self.assertTrue(self.rig.gate.awaits("t"))
        self.assertTrue(self.rig.gate.takes("t", 5, 1))
        self.rig.gate.open("t")
        self.assertFalse(self.rig.gate.awaits("t"))

    def test_nothing(self) -> None:
        """A sender without a part is heard from the end on; what came before is a gap."""
        self.rig.fire(10, 11)
        self.rig.gate.finish({})
        self.rig.fire(12)
        self.assertEqual(self.rig.all, [12])
        self.assertEqual(self.rig.heard.gaps, [Gap("s", 1, 10, 11, 2, ("e",), "replay")])
        self.assertTrue(self.rig.isDone)

    def test_openedLate(self) -> None:
        """What is fired after the last of the replay and before it is open is a gap."""
        self.rig.replay(9)
        self.rig.fire(10, 11)
        self.rig.replay(10)
        self.rig.gate.open("s")
        self.assertEqual(self.rig.heard.gaps, [Gap("s", 1, 11, 11, None, ("e",), "replay")])

    def test_presence(self) -> None:
        """Who goes and comes during the replay is told after it, as what it comes to."""
        self.rig.replay(8)
        self.rig.down()
        self.rig.replay(9)
        self.rig.up(2)
        self.rig.gate.open("s")
        self.rig.fire(1)
        self.assertEqual(self.rig.all, [8, 9, "disconnect", "connect", 1])

    def test_presenceFolded(self) -> None:
        """However often it does."""
        self.rig.down()
        for sid in range(2, 9):
            self.rig.up(sid)
            self.rig.down()
        self.rig.replay(9)
        self.rig.gate.open("s")
        self.assertEqual(self.rig.all, [9, "disconnect"])

    def test_gapsMeanwhile(self) -> None:
        """A gap that the connection has meanwhile is told as far as it is not in the replay."""
        self.rig.gate.missed(Gap("s", 1, 10, 12, 3, None, "history"))
        self.rig.replay(9)
        self.assertTrue(self.rig.gate.takes("s", 1, 12))
        self.rig.gate.open("s")
        self.assertEqual(self.rig.heard.gaps, [])

    def test_cutOff(self) -> None:
        """If the link is lost, what would have come is a gap; what was heard is not heard again."""
        self.rig.replay(5, 6)
        self.rig.gate.cutOff()
        self.assertEqual(self.rig.heard.gaps, [Gap("s", 1, 7, 9, None, None, "link")])
        self.rig.fire(10)
        self.assertEqual(self.rig.all, [5, 6, 10])

    def test_cutOffAtOnce(self) -> None:
        """The same where nothing has come, and it is not known what there was."""
        rig = Rig("e")
        rig.here = (1, 9)
        rig.gate.wait(["s"])
        rig.gate.cutOff()
        self.assertEqual(rig.heard.gaps, [Gap("s", 1, None, 9, None, ("e",), "link")])
        self.assertTrue(rig.isDone)

    def test_cutOffWithoutLoss(self) -> None:
        """Of a sender that has fired nothing, nothing is missing."""
        rig = Rig()
        rig.gate.wait(["s"])
        rig.gate.cutOff()
        self.assertEqual(rig.heard.gaps, [])

    def test_cutOffAhead(self) -> None:
        """A replay that is ahead of the connection is not heard again with the next link."""
        self.rig.here = (1, 3)
        self.rig.replay(5, 6)
        self.rig.gate.cutOff()
        self.rig.fire(4, 5, 6, 7)
        self.assertEqual(self.rig.all, [5, 6, 7])
        self.assertEqual(self.rig.heard.gaps, [])

    def test_cutOffEnded(self) -> None:
        """If the sender has gone meanwhile, nobody knows what its last event was."""
        self.rig.replay(5)
        self.rig.down()
        self.rig.gate.cutOff()
        self.assertEqual(self.rig.heard.gaps, [Gap("s", 1, 6, None, None, None, "link")])
        self.assertEqual(self.rig.all, [5, "disconnect"])


class ModelTests(SynchronousTestCase):
    """The gate against what a listener is owed."""

    @given(lists(lists(booleans(), max_size=6), min_size=1, max_size=4), data())
    def test_late(self, lives: list[list[bool]], draw: Any) -> None:
        """Whatever lives there are and wherever it was added, it hears all that comes after."""
        stream: list[tuple[int, int]] = [
            (sid, seq) for sid, events in enumerate(lives, 1) for seq in range(len(events) + 1)
        ]
        place = draw.draw(sampled_from(stream))
        start = draw.draw(integers(0, stream.index(place)))
        rig = Rig()
        rig.here = stream[start]
        rig.over = set(range(1, stream[start][0]))
        rig.gate.finish({"s": place})
        for sid, seq in stream[start + 1 :]:
            if seq == 0:
                rig.down()
                rig.up(sid)
            else:
                rig.fire(seq)
        owed = [seq for sid, seq in stream if (sid, seq) > max(place, stream[start]) and seq]
        assert [item for item in rig.all if isinstance(item, int)] == owed
        assert rig.isDone == (place <= stream[start] or stream[-1] > place)

    @given(
        integers(0, 12),
        integers(0, 12),
        lists(sampled_from(["fire", "hear", "replay", "live"]), max_size=40),
        booleans(),
    )
    def test_replay(self, before: int, lag: int, steps: list[str], isCut: bool) -> None:
        """
        Whatever the order in which the sender fires, the connection hears and the replay
        comes: each event once, in order, and if the link is lost no event unsaid.
        """
        fired = before
        rig = Rig()
        rig.here = (1, max(0, before - lag))
        rig.gate.wait(["s"])
        replayed, isLive = 0, False
        for step in steps:
            assert rig.here is not None
            if step == "fire":
                fired += 1
            elif step == "hear" and rig.here[1] < fired:
                rig.fire(rig.here[1] + 1)
            elif step == "replay" and not isLive and replayed < fired:
                replayed += 1
                rig.replay(replayed)
            elif step == "live" and not isLive and replayed == fired:
                # The router replays to the head, so this is no earlier than what it has sent.
                isLive = True
                rig.gate.open("s")
        if isCut and not isLive:
            rig.gate.cutOff()
        elif not isLive:
            rig.replay(*range(replayed + 1, fired + 1))
            rig.gate.open("s")
            rig.gate.finish({})
        assert rig.here is not None
        rig.fire(*range(rig.here[1] + 1, fired + 3))
        heard = [item for item in rig.all if isinstance(item, int)]
        assert heard == sorted(set(heard)), heard
        missed: set[int] = set()
        for gap in rig.heard.gaps:
            assert gap.last is not None
            missed |= set(range(gap.first or 1, gap.last + 1))
        assert set(heard) | missed == set(range(1, fired + 3))
        assert not set(heard) & missed
        assert isCut or not missed
