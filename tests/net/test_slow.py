"""Peers on slow lines."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.presence import sidText
from pysig_twisted.net import backlog, flow, history
from pysig_twisted.net.flow import BEHIND, PIECE, Outbox, Turn
from pysig_twisted.net.hold import isCrowded
from pysig_twisted.wire.frames import FrameReader, frame
from pysig_twisted.wire.messages import (
    HIGHEST_MAX_FRAME,
    LOWEST_MAX_FRAME,
    MAX_FRAME,
    Fail,
    GapNotice,
    Hello,
    Listen,
    Ping,
    Pong,
    PresenceNotice,
    Reply,
    Request,
    Result,
    Resume,
    Unlisten,
)
from pysig_twisted.wire.runs import Run, parseHead

from .accounting import Listener, Road, World
from .latecase import LateCase, plain, shown
from .rig import Carrier, OwnSender, RawPeer
from .test_backlogs import AccountMachine

RATE = 960.0


class SlowRoad(Road):
    """A line of 9600 baud."""

    bytesPerSecond = RATE
    pieceSize = 1024
    capacity = 64


class Line(Carrier):
    """A transport that says what it carries, and takes one piece at a time."""

    def __init__(self, rate: float | None, piece: int | None = None) -> None:
        super().__init__(Clock())
        self.bytesPerSecond = rate
        self.pieceSize = piece

    def write(self, data: bytes) -> None:
        """Take a piece, and no more for now."""
        super().write(data)
        self.producer.pauseProducing()


class CarrierTests(SynchronousTestCase):
    """What an outbox makes of what its transport says of itself."""

    def make(self, carrier: Any, limit: int = 64 << 20) -> Outbox:
        """An outbox that feeds it."""
        self.clock = Clock()
        outbox = Outbox(Turn(self.clock.callLater), limit, lambda: None)
        outbox.attach(carrier)
        return outbox

    def test_ordinary(self) -> None:
        """A transport that says nothing, or that it does not know, is what it always was."""
        for carrier in (Carrier(Clock()), Line(None), Line(None, 0)):
            outbox = self.make(carrier)
            self.assertFalse(outbox.isSlow)
            self.assertEqual((outbox.behind, outbox.pieceSeconds, outbox.soon), (BEHIND, 0.0, 0))
            self.assertEqual(outbox.longestFrame(MAX_FRAME), MAX_FRAME)
            frames = frame(0x20, b"x" * PIECE) * 3
            self.assertTrue(outbox.takes(frames))
            outbox.writeEvents(frames)
            self.assertTrue(outbox.takes(frames))
            self.assertEqual(len(carrier.writes[0]), PIECE)

    def test_limit(self) -> None:
        """From 100,000 bytes a second on it is not slow, but given no more than it wants."""
        outbox = self.make(Line(100_000.0, 4096))
        self.assertFalse(outbox.isSlow)
        self.assertEqual((outbox.behind, outbox.pieceSeconds), (BEHIND, 0.04096))
        self.assertEqual(outbox.longestFrame(MAX_FRAME), MAX_FRAME)
        self.assertTrue(self.make(Line(99_999.0)).isSlow)

    def test_pieces(self) -> None:
        """It gets the same bytes, in pieces of its size; never in larger ones than others."""
        frames = [frame(0x20, bytes([number]) * 300) for number in range(20)]
        for piece, most in ((256, 256), (None, PIECE), (PIECE * 2, PIECE)):
            line = Line(RATE, piece)
            outbox = self.make(line)
            for one in [*frames, frame(0x20, b"x" * PIECE)]:
                outbox.write(one)
            while outbox.size:
                self.clock.advance(0)
                outbox.resumeProducing()
            self.assertEqual(max(map(len, line.writes)), most)
            self.assertEqual(b"".join(line.writes)[: 20 * 305], b"".join(frames))
            self.assertEqual(outbox.pieceSeconds, most / RATE)

    def test_takes(self) -> None:
        """Of events it takes one, when nothing waits; all else it takes as ever."""
        line = Line(RATE, 1024)
        outbox = self.make(line)
        one = frame(0x20, b"x" * 50)
        self.assertTrue(outbox.takes(one))
        self.assertFalse(outbox.takes(one * 2))
        self.assertTrue(outbox.takes(frame(0x20, b"x" * 5000)))
        outbox.write(one)  # goes at once, and the line takes no more
        outbox.writeEvents(one)
        self.assertFalse(outbox.isBehind)
        self.assertIs(outbox.writeEvents(one), outbox)
        self.assertTrue(outbox.isBehind)
        for _ in range(100):
            outbox.write(one)
        self.assertEqual(outbox.size, 101 * len(one))

    @given(
        st.floats(1, 99_999), st.lists(st.tuples(st.integers(0, 2000), st.booleans()), max_size=20)
    )
    def test_bounded(self, rate: float, writes: list[tuple[int, bool]]) -> None:
        """However slow it is: some event is taken when nothing waits, and none behind another."""
        outbox = self.make(Line(rate))
        outbox.write(frame(1, b""))
        for size, isEvent in writes:
            before, data = outbox.size, frame(0x20, b"x" * size)
            if not isEvent:
                outbox.resumeProducing()
                self.clock.advance(0)
            elif outbox.writeEvents(data) is not None and outbox.isBehind:
                self.assertEqual(outbox.size, before)
                self.assertGreater(before + len(data), outbox.behind)
                self.assertTrue(before)
            elif before:
                self.assertLessEqual(outbox.size, rate / 50)

    def test_longestFrame(self) -> None:
        """Frames are as long as the line carries in 4 seconds, but never too short to be of use."""
        for rate, longest in ((RATE, 3840), (11_520.0, 46_080), (30.0, LOWEST_MAX_FRAME)):
            self.assertEqual(self.make(Line(rate)).longestFrame(MAX_FRAME), longest)
        self.assertEqual(self.make(Line(99_999.0)).longestFrame(2048), 2048)

    def test_soon(self) -> None:
        """What it carries soon goes by what it carries now; frames stay as long as was said."""
        line = Line(RATE)
        outbox = self.make(line)
        self.assertEqual(outbox.soon, 720)
        line.bytesPerSecond = 4 * RATE
        self.assertEqual(outbox.soon, 2880)
        self.assertEqual(outbox.longestFrame(MAX_FRAME), 3840)
        outbox.close()
        self.assertEqual(outbox.soon, 0)


class SlowCase(LateCase):
    """A publisher, a sender of it, and a listener on a slow line."""

    fields: dict[str, Any] = {}

    def setUp(self) -> None:
        """See the class."""
        super().setUp()
        self.way = Road(self.clock, 77)
        self.owner = self.peer(carrier=self.way)
        self.m = self.owner.addSender("m", "a", "b")
        self.roads: list[SlowRoad] = []
        self.far, self.road = self.join(**self.fields)
        self.far.ask(Listen("m"))
        self.pass_(1)
        self.far.take()

    def join(self, **fields: Any) -> tuple[RawPeer, SlowRoad]:
        """One more on a line of its own."""
        road = SlowRoad(self.clock, len(self.everybody) + 1)
        peer = self.peer(carrier=road, **fields)
        road.isFast = False
        self.roads.append(road)
        return peer, road

    def pass_(self, seconds: float) -> None:
        """Time passes, and the lines carry what they can."""
        for _ in range(round(seconds * 100)):
            self.clock.advance(0.01)
            for road in self.roads:
                if not road.isLost:
                    road.arrive(int(RATE / 100))

    def fired(self, event: str, count: int, size: int = 30, own: OwnSender | None = None) -> None:
        """Fire events, in one read."""
        self.way.bring((own or self.m).frames(event, *["x" * size] * count))

    def heard(self, name: str = "m") -> list[tuple[str, int]]:
        """The names and numbers of the events that came when this was asked last."""
        return [
            (parseHead(one.head).event, seq)
            for one in self.told
            if isinstance(one, Run) and parseHead(one.head).sender == name
            for seq, _, _ in one.events()
        ]

    def gaps(self, name: str = "m") -> list[GapNotice]:
        """The gaps."""
        return [one for one in self.told if isinstance(one, GapNotice) and one.sender == name]

    def take(self) -> None:
        """Look at what came."""
        self.told = self.far.take()

    def account(self, own: OwnSender | None = None) -> None:
        """All that was fired was heard, in order, or is in a gap."""
        own = own or self.m
        numbers = [seq for _, seq in self.heard(own.name)]
        self.assertEqual(numbers, sorted(set(numbers)))
        missed = sum(gap.n or 0 for gap in self.gaps(own.name))
        self.assertEqual(len(numbers) + missed, own.seq)


class NewestTests(SlowCase):
    """What it hears."""

    def test_all(self) -> None:
        """What the line carries soon all comes, however it was fired."""
        self.fired("a", 5)
        self.fired("b", 3)
        self.pass_(2)
        self.take()
        self.assertEqual([seq for _, seq in self.heard()], list(range(1, 9)))
        self.assertEqual(self.gaps(), [])

    def test_newest(self) -> None:
        """Of more than that the newest of each event comes, after a gap that counts the others."""
        self.fired("b", 20)
        self.fired("a", 200)
        self.fired("b", 1)
        self.fired("a", 30)
        self.pass_(2)
        self.take()
        self.assertEqual(self.heard(), [("b", 20), ("b", 221), ("a", 251)])
        self.assertEqual(
            [(gap.first, gap.last, gap.n, gap.events, gap.why) for gap in self.gaps()],
            [
                (1, 19, 19, ("b",), "slow"),
                (21, 220, 200, ("a",), "slow"),
                (222, 250, 29, ("a",), "slow"),
            ],
        )
        self.account()

    def test_long(self) -> None:
        """A flood is told in one gap a second or so, and its last event comes within a second."""
        for _ in range(200):
            self.fired("a", 50)
            self.pass_(0.05)
        self.pass_(1)
        self.take()
        self.account()
        self.assertEqual(self.heard()[-1], ("a", 10_000))
        self.assertLess(len(self.gaps()), 18)
        self.assertGreater(len(self.heard()), 9)

    def test_goesOn(self) -> None:
        """When it is over, all comes again as it is fired."""
        self.fired("a", 500)
        self.pass_(2)
        self.take()
        for number in range(20):
            self.fired("a", 1)
            self.pass_(0.2)
            self.take()
            self.assertEqual(self.heard(), [("a", 501 + number)])

    def test_presence(self) -> None:
        """That a sender goes and comes is told in its place, and nothing is owed of the old one."""
        self.fired("a", 300)
        self.owner.removeSender("m")
        self.m = self.owner.addSender("m", "a")
        self.fired("a", 2)
        self.pass_(3)
        places = [one[1:] for one in shown(self.far.take())]
        self.assertEqual(places[0], ("gap", 1, 299, 299, "slow"))
        self.assertEqual(places[1:], [(300,), ("down", 300), ("up", 0), (1,), (2,)])

    @settings(max_examples=60, deadline=None)
    @given(
        st.lists(
            st.one_of(
                st.tuples(st.sampled_from("ab"), st.integers(1, 60), st.integers(0, 300)),
                st.floats(0, 1.5),
            ),
            max_size=20,
        )
    )
    def test_any(self, steps: list[Any]) -> None:
        """However events come, each is heard once and in order, or counted."""
        self.setUp()
        for step in steps:
            if isinstance(step, float):
                self.pass_(step)
            else:
                self.fired(*step)
            outbox = self.far.protocol.outbox
            self.assertLessEqual(outbox.size, 700)
        self.pass_(5)
        self.take()
        self.account()
        self.assertEqual(self.far.protocol.peer.late, 0)


class OthersTests(SlowCase):
    """What it costs others."""

    def test_nobodyWaits(self) -> None:
        """Publishers go on."""
        for _ in range(50):
            self.fired("a", 100, 200)
            self.clock.advance(0.01)
        self.assertEqual(self.way.pauses, 0)

    def test_fast(self) -> None:
        """Who is elsewhere hears all, at once."""
        fast = self.peer()
        fast.listen("m")
        for _ in range(500):
            self.fired("a", 3, 200)
        self.assertEqual(len(fast.events()), 1500)

    def test_ordinary(self) -> None:
        """Who reads slowly elsewhere hears all, too, as soon as it is read."""
        peer, road = self.slow()
        peer.listen("m")
        road.isFast = False
        for _ in range(100):
            self.fired("a", 5)
        heard = [one for one in shown(self.readAll(peer, road)) if one[0] == "m"]
        self.assertEqual([one[1] for one in heard if len(one) == 2], [*range(1, 501)])


class UrgentTests(SlowCase):
    """What does not wait."""

    def test_overtakes(self) -> None:
        """Other frames wait for no more than an event or two."""
        for _ in range(20):
            self.fired("a", 10, 60)
        self.far.say(Ping(7))
        self.pass_(0.4)
        self.take()
        self.assertIn(Pong(7), self.told)
        self.assertLess(len(self.heard()), 4)

    def test_tooLong(self) -> None:
        """What would keep the line busy for more than four seconds is not sent over it."""
        assert self.far.welcome is not None and self.owner.welcome is not None
        self.assertEqual(self.far.welcome.maxFrame, 4 * RATE)
        self.assertEqual(self.owner.welcome.maxFrame, MAX_FRAME)
        far = self.peer(carrier=SlowRoad(self.clock, 99), maxFrame=3840)
        far.listen("m")
        self.fired("a", 1, 5000)
        [gap] = [one for one in far.take() if isinstance(one, GapNotice)]
        self.assertEqual((gap.first, gap.n, gap.why), (1, 1, "too-large"))
        far.addSender("t", requests=["echo"])
        self.owner.request(5, "t", "echo", b'"%s"' % (b"x" * 5000))
        self.assertEqual(self.owner.one(Fail).fields["code"], "too-large")
