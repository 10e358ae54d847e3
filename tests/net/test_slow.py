"""Peers on slow lines."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net import backlog, flow, history, skim
from pysig_twisted.net.flow import BEHIND, PIECE, Outbox, Turn
from pysig_twisted.net.hold import isCrowded
from pysig_twisted.wire.frames import frame
from pysig_twisted.wire.messages import (
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

from .accounting import EVENTS, Listener, Road, Source, World
from .latecase import LateCase, plain, shown
from .rig import Carrier, OwnSender, RawPeer
from .test_backlogs import AccountMachine, sources

RATE = 960.0


class SlowRoad(Road):
    """A line of 9600 baud."""

    bytesPerSecond = RATE
    pieceSize = 1024
    capacity = 64
    due = 0.0

    def carry(self, seconds: float) -> None:
        """What arrives in so long."""
        self.due += self.bytesPerSecond * seconds
        size, self.due = divmod(self.due, 1)
        self.arrive(int(size))


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
        self.patch(skim, "TAIL", 6)  # what these scenarios count with
        self.patch(backlog, "REST", 0.5)
        self.way = Road(self.clock, 77)
        self.owner = self.peer(carrier=self.way)
        self.m = self.owner.addSender("m", "a", "b")
        self.roads: list[SlowRoad] = []
        self.far, self.road = self.join(**self.fields)
        self.far.ask(Listen("m"))
        self.pass_(1)
        self.far.take()

    def join(self, rate: float = RATE, **fields: Any) -> tuple[RawPeer, SlowRoad]:
        """One more on a line of its own."""
        road = SlowRoad(self.clock, len(self.everybody) + 1)
        road.bytesPerSecond = rate
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
                    road.carry(0.01)

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


STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from("ab"), st.integers(1, 60), st.integers(0, 300)),
        st.floats(0, 1.5),
    ),
    max_size=20,
)
ANYHOW = settings(max_examples=60, deadline=None)


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
        """A flood is told in two gaps a second at most; its last event comes within a second."""
        for _ in range(200):
            self.fired("a", 50)
            self.pass_(0.05)
        self.pass_(1)
        self.take()
        self.account()
        self.assertEqual(self.heard()[-1], ("a", 10_000))
        self.assertLess(len(self.gaps()), 23)
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

    @ANYHOW
    @given(STEPS)
    def test_any(self, steps: list[Any]) -> None:
        """However events come, each is heard once and in order, or counted."""
        self.anyhow(steps)

    def anyhow(self, steps: list[Any]) -> None:
        """See the test."""
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

    def test_apart(self) -> None:
        """Gaps of one sender are half a second apart, and no sender waits for another."""
        n = self.owner.addSender("n", "a")
        self.far.ask(Listen("n"))
        self.pass_(1)
        times: dict[str, list[float]] = {"m": [], "n": []}
        told = []
        for step in range(400):
            if step < 300:
                self.fired("a", 5)
                self.fired("a", 5, own=n)
            self.pass_(0.02)
            self.take()
            told += self.told
            for gap in (one for one in self.told if isinstance(one, GapNotice)):
                self.assertEqual(gap.why, "slow")
                times[gap.sender].append(self.clock.seconds())
        self.told = told
        for own in (self.m, n):
            self.account(own)
            at = times[own.name]
            self.assertGreater(len(at), 5)
            self.assertGreater(min(b - a for a, b in pairwise(at)), 0.45)

    def test_codecs(self) -> None:
        """What carries the same event in another encoding is the same event."""
        self.owner = self.peer(codecs={"msgpack": 2}, carrier=Road(self.clock, 78))
        own = self.owner.addSender("c", "a")
        self.far.ask(Listen("c"))
        self.pass_(1)
        self.far.take()
        for codec in (1, 2) * 30:
            own.fire("a", *["x" * 30] * 3, codec=codec)
        self.pass_(3)
        self.take()
        self.account(own)
        self.assertEqual(self.heard("c")[-1], ("a", 180))
        self.assertLess(len(self.heard("c")), 6)

    def test_anyRate(self) -> None:
        """Lines may be slower still, as those of 300 baud are, and say that they got faster."""
        for rate in (25.0, 30.0, 99.0, 100.0, 120.0, 240.0):
            self.far.leave()
            self.far, self.road = self.join(rate, **self.fields)
            self.far.ask(Listen("m"))
            self.pass_(8)
            self.far.take()
            first = self.m.seq + 1
            self.fired("a", 10)
            self.fired("b", 1)
            self.pass_(15)
            self.take()
            numbers = [seq for _, seq in self.heard()]
            self.assertEqual(numbers[-2:], [self.m.seq - 1, self.m.seq], rate)
            self.assertEqual(len(numbers) + sum(gap.n or 0 for gap in self.gaps()), 11, rate)
            self.assertEqual((self.gaps()[0].first, self.gaps()[0].why), (first, "slow"))
            self.assertFalse(self.far.carrier.isLost)

    def test_hereToo(self) -> None:
        """The senders of the router's own process are heard likewise, and do not wait."""
        own = self.router.addSender("here", ["a", "b"])
        self.far.ask(Listen(None, "a"))
        self.pass_(1)
        self.far.take()
        for number in range(300):
            own.trigger("a", number)
            own.trigger("b", number)
        self.assertTrue(self.router.ready().called)
        self.pass_(2)
        self.take()
        events = self.heard("here")
        self.assertEqual(events[-1], ("a", 599))
        self.assertLess(len(events), 6)
        missed = sum(gap.n or 0 for gap in self.gaps("here"))
        self.assertEqual(len(events) + missed, 300)

    def test_atOnce(self) -> None:
        """Of 100,000 events fired at once little waits, and the newest of each name come."""
        outbox = self.far.protocol.outbox
        most = 0
        for _ in range(10):
            self.fired("b", 1)
            self.fired("a", 9_999)
            most = max(most, outbox.size)
        self.pass_(3)
        self.take()
        self.account()
        self.assertEqual(self.heard()[-2:], [("b", 90_001), ("a", 100_000)])
        self.assertLess(len(self.heard()) + len(self.gaps()), 12)
        self.assertLess(most, 200)
        self.assertEqual(self.far.protocol.peer.late, 0)

    def test_tooLong(self) -> None:
        """An event longer than the peer takes is a gap of its own, behind or not."""
        far, road = self.join(maxFrame=1024)
        far.ask(Listen("m"))
        self.pass_(1)
        far.take()
        self.fired("a", 1, 2000)
        self.fired("a", 1)
        self.fired("b", 1, 2000)
        self.pass_(2)
        self.fired("a", 2)
        self.pass_(1)
        told = shown(far.take())
        self.assertEqual(told[0], ("m", "gap", 1, 1, 1, "too-large"))
        self.assertIn(("m", "gap", 3, 3, 1, "too-large"), told)
        self.assertEqual([one for one in told if one[1] != "gap"], [("m", 2), ("m", 4), ("m", 5)])


class NarrowTests(NewestTests):
    """The same for a client that knows its line, and names the frames that are short enough."""

    fields = {"maxFrame": 3840}

    @ANYHOW
    @given(STEPS)
    def test_any(self, steps: list[Any]) -> None:
        """However events come, each is heard once and in order, or counted."""
        self.anyhow(steps)


class ChangeTests(SlowCase):
    """Subscriptions and connections that end while something waits."""

    def test_unlisten(self) -> None:
        """Nothing comes after the answer; who listens anew hears what is fired from there on."""
        self.fired("a", 300)
        self.pass_(0.3)
        first = self.far.ask(Unlisten("m", None))
        second = self.far.ask(Listen("m", None))
        self.fired("a", 2)
        self.pass_(2)
        told = shown(self.far.take())
        at = told.index(("result", first, {}))
        self.assertEqual(
            told[at + 1 :], [("m", "up", 300), ("result", second, {}), ("m", 301), ("m", 302)]
        )

    def test_listenToMore(self) -> None:
        """A new subscription hears nothing that was fired before it, and all from there on."""
        self.far.ask(Unlisten("m", None))
        self.far.ask(Listen("m", "a"))
        self.pass_(1)
        self.far.take()
        self.fired("a", 100)
        self.fired("b", 50)
        self.far.ask(Listen("m", "b"))
        self.pass_(0.4)
        self.fired("b", 3)
        self.pass_(2)
        messages = self.far.take()
        [late] = [one.value["late"] for one in messages if isinstance(one, Result)]
        self.assertEqual(late, {"m": list(self.seen(self.m, 150)["m"])})
        self.told = messages
        self.assertEqual(self.heard()[-1], ("b", 153))
        # Who wants both can account for all from the place on.
        after = [seq for _, seq in self.heard() if seq > 150]
        [gap] = [one for one in self.gaps() if one.last > 150]
        self.assertEqual([*range(gap.last + 1, 154)], after)
        # Of events of b before it nobody is owed an account.
        events_of_a = [seq for event, seq in self.heard() if event == "a"]
        self.assertGreaterEqual(sum(one.n for one in self.gaps()) + len(events_of_a), 100)

    def test_unlistenSome(self) -> None:
        """Nothing more comes of an event that is not listened to any more; of others all does."""
        for seconds in (0.25, 0.3, 0.35):
            far, _ = self.join()
            for event in "ab":
                far.ask(Listen("m", event))
            self.pass_(1)
            far.take()
            self.fired("a", 1, 200)
            self.fired("b", 4)
            self.fired("a", 1)
            self.pass_(seconds)  # what the line carries soon was read, and waits
            number = far.ask(Unlisten("m", "b"))
            self.pass_(3)
            told = shown(far.take())
            rest = told[told.index(("result", number, {})) + 1 :]
            self.assertEqual(rest, [("m", self.m.seq)])

    def test_lost(self) -> None:
        """A connection that ends while it is behind, or rests, leaves nothing behind."""
        for seconds in (0.0, 0.3, 0.6):
            far, road = self.join()
            far.ask(Listen("m"))
            self.pass_(0.5)
            self.fired("a", 200)
            self.pass_(seconds)
            far.leave()
            self.roads.remove(road)
            self.pass_(2)
            self.assertEqual(far.protocol.outbox.size, 0)
        self.fired("a", 200)
        self.assertEmpty()

    def test_ownerLost(self) -> None:
        """The newest of a sender that is gone with its connection still comes, then its end."""
        self.fired("a", 200)
        self.owner.leave()
        self.pass_(3)
        told = shown(self.far.take())
        self.assertEqual(told[-2:], [("m", 200), ("m", "down", 200)])
        self.assertEqual(sum(one[4] for one in told if one[1] == "gap"), 199)

    def test_endedAtOnce(self) -> None:
        """What was left out of a life that ends before it is told is counted all the same."""
        for size in (200, 200):  # one for the line, and one that waits for it
            self.fired("a", 1, size)
        self.fired("a", 100)
        self.owner.removeSender("m")
        self.pass_(3)
        told = shown(self.far.take())
        self.assertEqual(told[:2], [("m", 1), ("m", 2)])
        self.assertEqual(told[-2:], [("m", 102), ("m", "down", 102)])
        [gap] = [one for one in told if one[1] == "gap"]
        self.assertEqual((gap[2], gap[3] - 2, gap[5]), (3, gap[4], "slow"))
        self.assertEqual(len([one for one in told if len(one) == 2]) + gap[4], 102)

    def resume(self, seq: int, **fields: Any) -> list[Any]:
        """Come back, and hear all there is."""
        self.far, self.road = self.join(**fields)
        self.far.ask(Listen("m", None, "resume"))
        self.far.ask(Resume(self.seen(self.m, seq)))
        self.pass_(3)
        return self.far.take()

    def test_resumeMuch(self) -> None:
        """Who comes back hears the newest of each event of what it has missed."""
        self.far.leave()
        self.roads.clear()
        self.fired("a", 200)
        self.fired("b", 1)
        self.fired("a", 100)
        told = plain(self.resume(50))
        self.assertEqual(
            told,
            [
                ("m", "up", 50),
                ("m", "gap", 51, 200, 150, "slow"),
                ("m", 201),
                ("m", "gap", 202, 300, 99, "slow"),
                ("m", 301),
            ],
        )
        self.fired("a", 2)
        self.pass_(1)
        self.assertEqual(plain(self.far.take()), [("m", 302), ("m", 303)])

    def test_resumeFew(self) -> None:
        """All of it, if that is not much."""
        self.far.leave()
        self.roads.clear()
        self.fired("a", 5)
        self.fired("b", 1)
        told = self.resume(2)
        self.assertEqual(plain(told), [("m", "up", 2), ("m", 3), ("m", 4), ("m", 5), ("m", 6)])
        self.assertIsInstance(told[-1], Result)


class OthersTests(SlowCase):
    """What it costs others."""

    def test_nobodyWaits(self) -> None:
        """Publishers go on."""
        for _ in range(50):
            self.fired("a", 100, 200)
            self.clock.advance(0.01)
        self.assertTrue(self.far.protocol.peer.isLate("m"))
        self.assertFalse(isCrowded(self.far.protocol.peer))
        self.assertEqual((self.way.pauses, self.router.holds.count), (0, 0))

    def test_nobodyWaitsAdapted(self) -> None:
        """Nor for one that takes short frames only."""
        far, road = self.join(maxFrame=3840)
        far.ask(Listen("m"))
        for _ in range(50):
            self.fired("a", 1, 200)
            self.clock.advance(0.01)
        self.assertTrue(far.protocol.peer.isLate("m"))
        self.assertEqual(self.way.pauses, 0)

    def test_atOnce(self) -> None:
        """Several can fall behind by the same events, whatever frames they take: each hears all."""
        narrow, _ = self.join(maxFrame=3840)
        wide, _ = self.join()
        usual, road = self.slow()
        short, way = self.slow(maxFrame=4096)
        road.isFast = way.isFast = False
        for peer in (narrow, wide, usual, short):
            peer.ask(Listen("m"))
        self.pass_(1)
        self.fired("a", 4)
        self.pass_(1)
        for peer in (self.far, narrow, wide):
            self.told = peer.take()
            self.assertEqual([seq for _, seq in self.heard()], [1, 2, 3, 4])
        for _ in range(20):
            self.fired("a", 1, 200)
            self.clock.advance(0.11)  # the publisher has to wait for the usual ones
        for peer, where in ((usual, road), (short, way)):
            told = [one for one in plain(self.readAll(peer, where)) if len(one) == 2]
            self.assertEqual(told, [("m", seq) for seq in range(1, 25)])

    def test_onlyForOthers(self) -> None:
        """Where others are behind too, publishers wait for these alone."""
        peer, road = self.slow()
        peer.listen("m")
        road.isFast = False
        while not self.way.isHeld:
            self.fired("a", 10, 100)
            road.arrive(100)
        for _ in range(30):
            road.arrive(10_000)
        self.assertFalse(self.way.isHeld)
        self.assertTrue(self.far.protocol.peer.isLate("m"))

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

    def until(self, isThere: Any) -> float:
        """How many seconds of a flood it takes until such a message comes."""
        seconds = 0.0
        while seconds < 20:
            self.fired("a", 10, 60)
            self.pass_(0.05)
            seconds += 0.05
            self.all += self.far.take()
            if any(map(isThere, self.all)):
                return seconds
        self.fail("it does not come")

    def setUp(self) -> None:
        """A flood is on."""
        super().setUp()
        self.n = self.owner.addSender("n", "a", requests=["echo"])
        self.t = self.far.claim("t", "a", requests=["echo"])
        self.far.ask(self.t.action)
        self.far.ask(Listen("n"))
        self.far.ask(Listen("new"))
        self.pass_(1)
        self.owner.take()
        self.all: list[Any] = []
        self.flood(1)

    def flood(self, seconds: float) -> None:
        """Much is fired."""
        for _ in range(round(seconds / 0.05)):
            self.fired("a", 10, 60)
            self.pass_(0.05)

    def test_overtakes(self) -> None:
        """An answer waits for no more than an event or two."""
        self.far.say(Ping(7))
        self.assertLess(self.until(lambda one: one == Pong(7)), 0.5)

    def test_replay(self) -> None:
        """Nor does it wait for what was asked for of the past, all of which comes."""
        self.pass_(5)
        for _ in range(40):
            self.m.fire("b", "x" * 60)
        first = self.m.seq - 39
        self.pass_(5)
        self.far.take()
        self.far.ask(Listen("m", "b", 40))
        self.pass_(0.2)
        self.far.say(Ping(7))
        self.assertLess(self.until(lambda one: one == Pong(7)), 0.5)
        told = plain([one for one in self.all if not isinstance(one, Pong)])
        self.pass_(10)
        told += plain(self.far.take())
        replayed = [one[1] for one in told if len(one) == 2 and one[1] < first + 40]
        self.assertEqual(replayed, [*range(first, first + 40)])

    def test_believesTheLine(self) -> None:
        """A peer that would take long frames is spared what keeps its line busy for long."""
        self.pass_(5)
        self.far.take()
        self.fired("b", 1, 5000)
        self.pass_(1)
        self.told = self.far.take()
        self.assertEqual([gap.why for gap in self.gaps() if gap.events == ("b",)], ["too-large"])

    def test_request(self) -> None:
        """So does a request to a sender there, and the answer to one from there."""
        self.owner.request(5, "t", "echo", b"1")
        self.assertLess(self.until(lambda one: isinstance(one, Request)), 0.5)
        [asked] = [one for one in self.all if isinstance(one, Request)]
        self.far.say(Reply(1, asked.id, b"2"))
        self.assertEqual(self.owner.one(Reply), Reply(1, 5, b"2"))
        self.far.request(8, "n", "echo", b"3")
        asked = self.owner.one(Request)
        self.owner.say(Reply(1, asked.id, b"4"))
        self.assertLess(self.until(lambda one: one == Reply(1, 8, b"4")), 0.5)

    def test_presence(self) -> None:
        """That others come and go is told at once."""
        new = self.owner.addSender("new", "a")
        up = PresenceNotice("new", new.action.sid, True, events=("a",))

        def isIt(one: Any, isUp: bool) -> bool:
            return isinstance(one, PresenceNotice) and one.sender == "new" and one.up is isUp

        self.assertTrue(isIt(up, True))
        self.assertLess(self.until(lambda one: isIt(one, True)), 0.6)
        self.owner.removeSender("new")
        self.assertLess(self.until(lambda one: isIt(one, False)), 0.6)

    def test_otherSender(self) -> None:
        """An event of another sender waits for one turn of the one that fires much."""
        self.fired("a", 1, own=self.n)
        self.assertLess(
            self.until(lambda one: isinstance(one, Run) and parseHead(one.head).sender == "n"), 0.6
        )

    def test_none(self) -> None:
        """None of them is left out, however much is fired."""
        for number in range(1, 31):
            self.far.request(number, "n", "echo", b"%d" % number)
            [asked] = self.owner.take(Request)
            self.owner.say(Reply(1, asked.id, asked.params))
            self.owner.request(number, "t", "echo", b"%d" % number)
            self.far.say(Ping(number))
            self.flood(0.3)
        self.pass_(3)
        self.told = self.far.take()
        numbers = [*range(1, 31)]
        self.assertEqual(
            [one.params for one in self.told if isinstance(one, Request)],
            [b"%d" % number for number in numbers],
        )
        self.assertEqual([one.id for one in self.told if isinstance(one, Reply)], numbers)
        self.assertEqual([one.token for one in self.told if isinstance(one, Pong)], numbers)
        self.assertEqual(self.heard()[-1], ("a", self.m.seq))

    def test_tooLong(self) -> None:
        """What would keep the line busy for more than four seconds is not sent over it."""
        assert self.far.welcome is not None and self.owner.welcome is not None
        self.assertEqual(self.far.welcome.maxFrame, 4 * RATE)
        self.assertEqual(self.owner.welcome.maxFrame, MAX_FRAME)
        far = self.peer(carrier=SlowRoad(self.clock, 99), maxFrame=3840)
        far.listen("m")
        self.fired("a", 1, 5000)
        gap = [one for one in far.take() if isinstance(one, GapNotice)][-1]
        self.assertEqual((gap.first, gap.n, gap.why), (self.m.seq, 1, "too-large"))
        far.addSender("u", requests=["echo"])
        self.owner.request(5, "u", "echo", b'"%s"' % (b"x" * 5000))
        self.assertEqual(self.owner.one(Fail).fields["code"], "too-large")


class StallTests(SlowCase):
    """A line that takes nothing."""

    def live(self, seconds: int, arrives: int) -> float:
        """A second passes, so often or until the connection ends; how many did?"""
        for passed in range(seconds):
            if self.road.isLost:
                return passed
            self.far.say(Ping(1))
            self.owner.say(Ping(1))
            self.fired("a", 10)
            for _ in range(4):
                self.clock.advance(0.25)
            self.road.arrive(arrives)
        return seconds

    def test_nothing(self) -> None:
        """It is cut when it has taken nothing for 30 seconds (10, usually) and a piece more."""
        self.assertIn(self.live(100, 0), range(31, 38))
        self.assertTrue(self.road.wasAborted)
        self.fired("a", 5)
        self.assertEqual(self.way.pauses, 0)

    def test_piece(self) -> None:
        """What it is given at a time may take its time, too."""
        road = SlowRoad(self.clock, 60)
        road.pieceSize = 20 * int(RATE)
        self.far, self.road = self.peer(carrier=road), road
        self.far.listen("m")
        road.isFast = False
        self.assertIn(self.live(100, 0), range(51, 58))

    def test_little(self) -> None:
        """One that takes a little now and then is not cut, and hears the newest."""
        self.far.ask(Listen("m"))
        self.assertEqual(self.live(100, 70), 100)
        self.assertFalse(self.road.isLost)
        self.take()
        self.assertGreater(self.heard()[-1][1], self.m.seq // 2)


class SlowWorld(World):
    """A world with slow lines for some."""

    roads: type[Road] = Road
    fields: dict[str, Any] = {}

    def connect(self) -> tuple[RawPeer, Road]:
        """A new connection."""
        road = self.roads(self.clock, len(self.everybody) + 1)
        return RawPeer(self, Hello((1,), **self.fields), road), road  # type: ignore[arg-type]


class SlowListener(Listener):
    """
    A client at the end of a slow line.

    @ivar newer: of which events of which lives a newer one was promised.
    """

    fields: dict[str, Any] = {}

    def __init__(self, world: SlowWorld, *keys: Any) -> None:
        self.newer: set[tuple[tuple[str, int], str]] = set()
        super().__init__(world, *keys)

    def connect(self, *new: Any) -> None:
        """Connect, over a slow line."""
        world: Any = self.world
        world.roads, world.fields = SlowRoad, self.fields
        try:
            super().connect(*new)
        finally:
            del world.roads, world.fields

    def unlisten(self, key: Any) -> None:
        """Of what is not heard any more nothing newer will come."""
        super().unlisten(key)
        self.newer.clear()

    def _gap(self, gap: GapNotice) -> None:
        """Something was missed."""
        if gap.why != "slow":
            self.newer = {one for one in self.newer if one[0][0] != gap.sender}
            super()._gap(gap)
            return
        assert gap.sid is not None and gap.first is not None and gap.last is not None
        assert gap.n is not None and gap.events is not None
        place = gap.sender, int(gap.sid, 16)
        life, at = self.world.lives[place], self.at[place]
        assert at < gap.first <= gap.last, f"{gap} after {at}"
        owed = self._owed(place, at + 1, gap.last)
        assert all(seq >= gap.first for seq in owed), f"{gap} after {at}: {owed} are missing"
        assert {life.events[seq - 1][0] for seq in owed} <= set(gap.events), (gap, owed)
        possible = [
            seq
            for seq in range(gap.first, gap.last + 1)
            if any(one.hears(gap.sender, life.events[seq - 1][0]) for one in self.ever)
        ]
        exact = len(self.ever) == 1 or self.ever == [*self.wanted.values()]
        assert gap.n == len(owed) if exact else len(owed) <= gap.n <= len(possible), (gap, owed)
        self.newer.update((place, event) for event in gap.events)
        self.missed += len(owed)
        self.at[place] = gap.last

    def _event(self, name: str, event: str, sid: int, seq: int, data: bytes) -> None:
        """An event came."""
        super()._event(name, event, sid, seq, data)
        self.newer.discard(((name, sid), event))

    def check(self) -> None:
        """All is told that there was to tell, and the newest was heard."""
        super().check()
        for (name, sid), event in self.newer:
            life = self.world.lives[name, sid]
            isKnown = self.world.remembers(life) and (name, sid) not in self.excused
            isHeard = any(one.hears(name, event) for one in self.wanted.values())
            assert not (isKnown and isHeard), f"nothing newer of {name}.{event}"


class NarrowListener(SlowListener):
    """One that names shorter frames, too."""

    fields = {"maxFrame": LOWEST_MAX_FRAME}


class SlowMachine(AccountMachine):
    """The same with listeners on slow lines, which are sent less than they could read."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        self.world = SlowWorld(
            outbox=16_000, history=30_000, stall=30.0, heartbeat=100, silence=1000
        )
        self.sources = [Source(self.world, name) for name in ("stove", "lamp")]
        for source in self.sources:
            source.come()
        self.listeners = [
            SlowListener(self.world, (None, None)),
            NarrowListener(self.world, ("stove", "a"), ("lamp", None)),
            Listener(self.world, ("s*", "b"), (None, "c")),
        ]

    @rule(
        which=sources,
        event=st.sampled_from(EVENTS),
        size=st.integers(0, 1500),
        n=st.integers(7, 40),
    )
    def flood(self, which: int, event: str, size: int, n: int) -> None:
        """Many events are fired."""
        self.sources[which].fire(event, size if n < 10 else 20, n)
        self.settle()


class AccountTests(SynchronousTestCase):
    """Whatever happens to senders, subscriptions and links, the account is true."""

    def test_account(self) -> None:
        """
        Each event is heard once and in order, or in a gap that counts it, and of each event that
        was left out a newer one is heard.
        """
        for module, name, value in (
            (flow, "PIECE", 512),
            (backlog, "PART", 400),
            (history, "LIFE_BYTES", 8000),
            (history, "MAX_LIVES", 3),
        ):
            self.patch(module, name, value)
        run_state_machine_as_test(
            SlowMachine,
            settings=settings(
                max_examples=40,
                stateful_step_count=40,
                deadline=None,
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )
