"""What one peer has yet to hear."""

from __future__ import annotations

from typing import Any

from pysig_twisted.net import backlog, history
from pysig_twisted.wire.messages import Listen, Unlisten

from .latecase import LateCase, plain, shown
from .rig import RawPeer


class BehindTests(LateCase):
    """A peer that does not read fast enough."""

    def behind(self, *keys: tuple[str | None, str | None]) -> Any:
        """A peer that is late on all that it listens to."""
        peer, road = self.slow()
        for key in keys:
            peer.listen(*key)
        road.isFast = False
        return peer, road

    def backlog(self, peer: RawPeer) -> Any:
        """Its backlog."""
        return peer.protocol.peer.backlog

    def test_catchesUp(self) -> None:
        """All comes once and in order, and then directly again."""
        peer, road = self.behind(("s", None))
        self.fire(self.s, "a", 50)
        self.assertEqual(list(self.backlog(peer).late), ["s"])
        told = plain(self.readAll(peer, road))
        self.assertEqual(told, [("s", seq) for seq in range(1, 51)])
        self.assertEqual(self.backlog(peer).late, {})
        self.fire(self.s, "b", 1)
        self.assertEqual(plain(self.readAll(peer, road)), [("s", 51)])

    def test_twoSubscriptions(self) -> None:
        """A connection hears each event once, however many of its subscriptions do."""
        peer, road = self.behind(("s", "a"), (None, "a"))
        self.s.fire("a", *["x" * 200] * 10)  # in one read, more than may wait
        self.fire(self.s, "a", 20)
        told = plain(self.readAll(peer, road))
        self.assertEqual(told, [("s", seq) for seq in range(1, 31)])

    def test_largeRun(self) -> None:
        """A run that does not fit and finds the way free at once comes once, too."""
        peer, road = self.behind(("s", "a"), ("s", None), (None, None))
        self.fire(self.s, "b", 1, 10)
        road.producer.pauseProducing()
        self.fire(self.s, "b", 1, 10)
        self.s.fire("a", *["x" * 100] * 20)
        road.producer.resumeProducing()
        told = plain(self.readAll(peer, road))
        self.assertEqual(told, [("s", seq) for seq in range(1, 23)])

    def test_bounded(self) -> None:
        """Of events no more waits than may, and one run."""
        peer, road = self.behind(("s", None))
        outbox = peer.protocol.outbox
        for _ in range(100):
            self.fire(self.s, "a", 3)
            self.assertLessEqual(outbox.size, outbox.behind + 300)
            road.arrive(100)

    def test_gap(self) -> None:
        """What has been forgotten in the meantime is counted: heard and missed are all."""
        self.patch(history, "LIFE_BYTES", 4000)
        peer, road = self.behind(("s", None))
        self.fire(self.s, "a", 100)
        told = plain(self.readAll(peer, road))
        (gap,) = [one for one in told if one[1] == "gap"]
        heard = [one for one in told if one[1] != "gap"]
        first, last, n, why = gap[2:]
        self.assertEqual((n, why), (last - first + 1, "history"))
        self.assertEqual(len(heard) + n, 100)
        self.assertEqual(
            told,
            [("s", q) for q in range(1, first)] + [gap] + [("s", q) for q in range(last + 1, 101)],
        )

    def test_presence(self) -> None:
        """Who comes and goes is told in its place."""
        peer, road = self.behind((None, None))
        self.fire(self.s, "a", 12)
        self.owner.removeSender("s")
        again = self.owner.addSender("s", "a")
        self.fire(again, "a", 1)
        told = plain(self.readAll(peer, road))
        expected = [*range(1, 13), ("down", 12), ("up", 0), 1]
        self.assertEqual([one[1] if len(one) == 2 else one[1:] for one in told], expected)

    def test_ownGap(self) -> None:
        """What the owner has left out is told in its place."""
        peer, road = self.behind(("s", None))
        self.fire(self.s, "a", 12)
        self.s.seq += 3
        self.fire(self.s, "a", 1)
        told = plain(self.readAll(peer, road))
        self.assertEqual(told[-2:], [("s", "gap", 13, 15, 3, "link"), ("s", 16)])

    def test_others(self) -> None:
        """Another peer has all at once."""
        self.behind(("s", None))
        fast = self.peer()
        fast.listen("s")
        self.fire(self.s, "a", 50)
        self.assertEqual(len(fast.events()), 50)

    def test_fair(self) -> None:
        """One that fires all the time does not keep the others from being heard."""
        rare = self.owner.addSender("z", "a")
        peer, road = self.behind((None, None))
        self.fire(self.s, "a", 12)
        self.fire(rare, "a", 1)
        heard: list[Any] = []
        for _ in range(40):
            self.fire(self.s, "a", 4)
            road.arrive(500)
            self.clock.advance(0)
            heard += plain(peer.take())
        self.assertIn(("z", 1), heard)
        self.assertIn("s", self.backlog(peer).late)

    def test_manyNames(self) -> None:
        """Many names, each in order."""
        owns = [self.owner.addSender(f"n{number}", "a") for number in range(20)]
        peer, road = self.behind((None, None))
        for _ in range(5):
            for own in owns:
                self.fire(own, "a", 1)
        told = plain(self.readAll(peer, road))
        for own in owns:
            self.assertEqual([one[1] for one in told if one[0] == own.name], [1, 2, 3, 4, 5])

    def test_listen(self) -> None:
        """A new subscription is told up to where nothing is for it."""
        peer, road = self.behind(("s", "a"))
        self.fire(self.s, "a", 12)
        peer.ask(Listen("s", "b"))
        self.fire(self.s, "b", 1)
        told = shown(self.readAll(peer, road))
        (result,) = [one for one in told if one[0] == "result"]
        self.assertEqual(result[2], {"late": {"s": list(self.seen(self.s, 12)["s"])}})
        self.assertEqual(told[-1], ("s", 13))

    def test_unlisten(self) -> None:
        """Nothing more comes; and whoever listens anew begins anew."""
        peer, road = self.behind(("s", None))
        self.fire(self.s, "a", 30)
        first = peer.ask(Unlisten("s", None))
        self.assertEqual(self.backlog(peer).late, {})
        second = peer.ask(Listen("s", None))
        self.fire(self.s, "a", 1)
        told = shown(self.readAll(peer, road))
        at = told.index(("result", first, {}))
        self.assertEqual(told[at + 1 :], [("s", "up", 30), ("result", second, {}), ("s", 31)])

    def test_unlistenSome(self) -> None:
        """What is not wanted any more is left out of what is late."""
        peer, road = self.behind(("s", "a"), ("s", "b"))
        self.fire(self.s, "a", 12)
        self.fire(self.s, "b", 3)
        number = peer.ask(Unlisten("s", "b"))
        told = shown(self.readAll(peer, road))
        self.assertLess(told.index(("result", number, {})), len(told))
        self.assertNotIn(("s", 13), told)
        self.assertIn(("s", 12), told)

    def test_lost(self) -> None:
        """Nothing is read for a peer that is gone."""
        peer, road = self.behind(("s", None))
        self.fire(self.s, "a", 30)
        reading = self.backlog(peer).late["s"]
        before = reading.cursor.seq
        peer.leave()
        self.assertEqual(reading.cursor.seq, before)

    def test_narrow(self) -> None:
        """A peer that takes only short frames is told what is too long, in its place."""
        peer, road = self.slow(maxFrame=1024)
        peer.listen("s", None)
        road.isFast = False
        self.fire(self.s, "a", 12)
        self.fire(self.s, "a", 1, 2000)
        self.fire(self.s, "a", 1)
        told = plain(self.readAll(peer, road))
        self.assertEqual(told[-2:], [("s", "gap", 13, 13, 1, "too-large"), ("s", 14)])
        self.assertEqual(told[:12], [("s", seq) for seq in range(1, 13)])

    def test_foreignCodec(self) -> None:
        """A peer that lacks an encoding gets the events in JSON, late as well."""
        owner = self.peer(codecs={"msgpack": 2})
        own = owner.addSender("m", "a")
        peer, road = self.behind(("m", None))
        for _ in range(15):
            own.fire("a", "x" * 200, codec=2)
        self.readAll(peer, road)
        peer2, road2 = self.behind(("m", None))
        for _ in range(15):
            own.fire("a", "x" * 200, codec=2)
        for one in (peer2, peer):
            road_ = road2 if one is peer2 else road
            for _ in range(100):
                road_.arrive(1000)
                self.clock.advance(0)
            data = [(seq, value) for _, seq, value in one.events()]
            self.assertEqual(data, [(seq, "x" * 200) for seq in range(16, 31)])


class ReplayTests(LateCase):
    """A new subscription asks for what was fired before."""

    def test_last(self) -> None:
        """The newest of each event, for this call alone, and then RESULT."""
        for event in "aab":
            self.fire(self.s, event, 1)
        peer, other = self.peer(), self.peer()
        other.listen("s")
        number = peer.ask(Listen("s", None, "last"))
        told = shown(peer.take())
        self.assertEqual(
            told,
            [
                ("s", "up", 3),
                ("replay", number, True, True, ("s", 2), ("s", 3)),
                ("result", number, {}),
            ],
        )
        self.assertEqual(other.take(), [])

    def test_newest(self) -> None:
        """The newest so many that it hears, of each sender."""
        t = self.owner.addSender("t", "a")
        self.fire(t, "a", 2, 0)
        for event in "abbaa":
            self.fire(self.s, event, 1, 0)
        peer = self.peer()
        number = peer.ask(Listen(None, "a", 2))
        told = [one for one in shown(peer.take()) if one[0] == "replay"]
        self.assertEqual(
            told,
            [
                ("replay", number, True, False, ("s", 4), ("s", 5)),
                ("replay", number, True, True, ("t", 1), ("t", 2)),
            ],
        )

    def test_nobody(self) -> None:
        """Where there is nothing, RESULT comes at once."""
        peer = self.peer()
        number = peer.ask(Listen("nobody", None, 5))
        self.assertEqual(shown(peer.take()), [("result", number, {})])

    def test_parts(self) -> None:
        """A long one comes in parts, the flags once at its end, and RESULT once."""
        self.patch(backlog, "PART", 500)
        self.fire(self.s, "a", 20)
        peer, road = self.slow()
        road.isFast = False
        number = peer.ask(Listen("s", None, 100))
        told = shown(self.readAll(peer, road))
        parts = [one for one in told if one[0] == "replay"]
        self.assertGreater(len(parts), 5)
        self.assertEqual([one[2:4] for one in parts[:-1]], [(False, False)] * (len(parts) - 1))
        self.assertEqual(parts[-1][2:4], (True, True))
        self.assertEqual([seq for one in parts for _, seq in one[4:]], list(range(1, 21)))
        self.assertEqual(told[-1], ("result", number, {}))
        self.assertEqual([one[0] for one in told].count("result"), 1)

    def test_unlisten(self) -> None:
        """A replay that nobody wants any more ends, with its RESULT."""
        self.fire(self.s, "a", 30)
        peer, road = self.slow()
        road.isFast = False
        first = peer.ask(Listen("s", None, 100))
        second = peer.ask(Unlisten("s", None))
        told = shown(self.readAll(peer, road))
        self.assertEqual(told[-2:], [("result", first, {}), ("result", second, {})])
        self.assertLess(sum(len(one) - 4 for one in told if one[0] == "replay"), 30)
