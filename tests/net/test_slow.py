"""Peers on slow lines."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pysig_twisted.wire.messages import MAX_FRAME, Fail, GapNotice, Ping, Pong
from pysig_twisted.wire.runs import Run, parseHead

from .accounting import Road
from .latecase import LateCase, shown
from .rig import RawPeer

RATE = 960.0


class SlowRoad(Road):
    """A line of 9600 baud."""

    bytesPerSecond = RATE
    pieceSize = 1024
    capacity = 64


class SlowCase(LateCase):
    """A publisher, a sender of it, and a listener on a slow line."""

    def setUp(self) -> None:
        """See the class."""
        super().setUp()
        self.way = Road(self.clock, 77)
        self.owner = self.peer(carrier=self.way)
        self.m = self.owner.addSender("m", "a", "b")
        self.road = SlowRoad(self.clock, len(self.everybody) + 1)
        self.far: RawPeer = self.peer(carrier=self.road)
        self.far.listen("m")
        self.road.isFast = False
        self.pass_(1)
        self.far.take()

    def pass_(self, seconds: float) -> None:
        """Time passes, and the line carries what it can."""
        for _ in range(round(seconds * 100)):
            self.clock.advance(0.01)
            self.road.arrive(int(RATE / 100))

    def fired(self, event: str, count: int, size: int = 30) -> None:
        """Fire events, in one read."""
        self.way.bring(self.m.frames(event, *["x" * size] * count))

    def heard(self) -> list[tuple[str, int]]:
        """The names and numbers of the events that came since this was asked last."""
        return [
            (parseHead(one.head).event, seq)
            for one in self.told
            if isinstance(one, Run)
            for seq, _, _ in one.events()
        ]

    def gaps(self) -> list[GapNotice]:
        """The gaps."""
        return [one for one in self.told if isinstance(one, GapNotice)]

    def take(self) -> None:
        """Look at what came."""
        self.told = self.far.take()

    def account(self) -> None:
        """All that was fired was heard, in order, or is in a gap."""
        numbers = [seq for _, seq in self.heard()]
        self.assertEqual(numbers, sorted(set(numbers)))
        missed = sum(gap.n or 0 for gap in self.gaps())
        self.assertEqual(len(numbers) + missed, self.m.seq)


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
