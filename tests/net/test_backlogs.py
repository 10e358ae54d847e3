"""Who has something to hear yet."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.presence import newSid, sidText
from pysig_twisted.net import backlog, backlogs, flow, history
from pysig_twisted.wire.messages import (
    MAX_SEQ,
    GapNotice,
    Listen,
    Ping,
    RemoveSender,
    Resume,
    Unlisten,
)

from .accounting import EVENTS, Listener, Source, World
from .latecase import LateCase, plain, shown
from .rig import RawPeer

KEYS = [(None, None), ("stove", None), ("stove", "a"), ("lamp", "b"), ("s*", "c"), (None, "b")]
sources = st.integers(0, 1)
listeners = st.integers(0, 2)


class AccountMachine(RuleBasedStateMachine):
    """Senders fire, listeners read at their own speed, and links break."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(outbox=16_000, history=30_000, stall=30.0, heartbeat=100, silence=1000)
        self.sources = [Source(self.world, name) for name in ("stove", "lamp")]
        for source in self.sources:
            source.come()
        self.listeners = [
            Listener(self.world, (None, None)),
            Listener(self.world, ("stove", "a"), ("lamp", None)),
            Listener(self.world, ("s*", "b"), (None, "c")),
        ]

    def settle(self) -> None:
        """Owners do what they are asked."""
        for _ in range(3):
            for source in self.sources:
                source.answer()

    @rule(
        which=sources, event=st.sampled_from(EVENTS), size=st.integers(0, 700), n=st.integers(1, 6)
    )
    def fire(self, which: int, event: str, size: int, n: int) -> None:
        """Events are fired."""
        self.sources[which].fire(event, size, n)
        self.settle()

    @rule(which=sources)
    def comeSender(self, which: int) -> None:
        """An owner comes."""
        self.settle()
        if not self.sources[which].isUp or not self.sources[which].isHere:
            self.sources[which].come()
        self.settle()

    @rule(which=sources)
    def cutSender(self, which: int) -> None:
        """An owner's link breaks."""
        self.sources[which].cut()

    @rule(which=sources)
    def closeSender(self, which: int) -> None:
        """A sender is taken back."""
        self.sources[which].close()

    @rule(which=sources)
    def killSender(self, which: int) -> None:
        """An owner dies."""
        self.sources[which].forget()

    @rule(which=listeners, size=st.sampled_from([10, 200, 1000, 5000]))
    def read(self, which: int, size: int) -> None:
        """A listener reads."""
        self.listeners[which].read(size)

    @rule(which=listeners)
    def cutListener(self, which: int) -> None:
        """A listener's link breaks."""
        self.listeners[which].cut()

    @rule(which=listeners)
    def comeListener(self, which: int) -> None:
        """A listener comes back."""
        listener = self.listeners[which]
        listener.read(0)
        if not listener.isUp:
            listener.connect()
        self.settle()

    @rule(which=st.integers(1, 2), key=st.sampled_from(KEYS))
    def listen(self, which: int, key: Any) -> None:
        """A listener listens to more."""
        if self.listeners[which].isUp:
            self.listeners[which].listen(key)

    @rule(which=st.integers(1, 2), key=st.sampled_from(KEYS))
    def unlisten(self, which: int, key: Any) -> None:
        """A listener listens to less."""
        self.listeners[which].unlisten(key)

    @rule(seconds=st.sampled_from([0.05, 0.2, 1.0, 6.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.world.advance(seconds)
        self.settle()

    @rule()
    def restart(self) -> None:
        """The router is started anew."""
        for one in (*self.sources, *self.listeners):
            one.cut()
        self.world.advance(0.1)
        self.world.start()

    def teardown(self) -> None:
        """In the end everybody knows all."""
        try:
            for _ in range(3):
                for source in self.sources:
                    if source.life is not None:
                        source.come()
                for listener in self.listeners:
                    listener.read(100_000)
                    if not listener.isUp:
                        listener.connect()
                for _ in range(150):
                    self.settle()
                    for listener in self.listeners:
                        listener.read(5000)
                    self.world.advance(0.05)
            for listener in self.listeners:
                listener.check()
        finally:
            for one in (*self.sources, *self.listeners):
                if one.peer is not None:
                    one.cut()
            self.world.advance(0.1)


class AccountTests(SynchronousTestCase):
    """Every listener's account is true."""

    def test_account(self) -> None:
        """Each event is heard once and in order, or in a gap; who is here is told in turns."""
        for module, name, value in (
            (flow, "PIECE", 512),
            (backlog, "PART", 400),
            (history, "LIFE_BYTES", 8000),
            (history, "MAX_LIVES", 3),
        ):
            self.patch(module, name, value)
        run_state_machine_as_test(
            AccountMachine,
            settings=settings(
                max_examples=60,
                stateful_step_count=60,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


class ResumeTests(LateCase):
    """A peer that comes back."""

    limits = {"window": 30.0}

    def resume(self, seen: Any, *keys: Any) -> RawPeer:
        """It says what it had heard."""
        peer = self.peer()
        for key in keys or [("s", None)]:
            peer.call(Listen(*key, start="resume"))
        self.number = peer.ask(Resume(seen))
        return peer

    def test_known(self) -> None:
        """It goes on from where it stopped, and then hears what is fired."""
        self.fire(self.s, "a", 5, 0)
        peer = self.resume(self.seen(self.s, 2))
        events = [("s", 3), ("s", 4), ("s", 5)]
        self.assertEqual(
            shown(peer.take()),
            [
                ("replay", self.number, True, True, ("s", "up", 2), *events),
                ("result", self.number, {}),
            ],
        )
        self.fire(self.s, "a", 1, 0)
        self.assertEqual(shown(peer.take()), [("s", 6)])

    def test_unknown(self) -> None:
        """A life that is not known is a gap, and what is known of the name follows."""
        self.fire(self.s, "a", 2, 0)
        peer = self.resume({"s": (sidText(newSid()), 7)})
        told = [("s", "gap", 8, None, None, "history"), ("s", "up", 0), ("s", 1), ("s", 2)]
        self.assertEqual(plain(peer.take()), told)

    def test_unknownAtTheEnd(self) -> None:
        """Whoever says that it has heard the last event of all of such a life gets a gap, too."""
        peer = self.resume({"s": (sidText(newSid()), MAX_SEQ)})
        [gap] = [message for message in peer.take() if isinstance(message, GapNotice)]
        self.assertEqual(gap.first, MAX_SEQ)

    def test_notSeen(self) -> None:
        """Who came meanwhile is heard from the beginning."""
        t = self.owner.addSender("t", "a")
        self.fire(t, "a", 2, 0)
        peer = self.resume(self.seen(self.s, 0), (None, None))
        told = [("s", "up", 0), ("t", "up", 0), ("t", 1), ("t", 2)]
        self.assertEqual(plain(peer.take()), told)

    def test_forgottenPart(self) -> None:
        """What is forgotten of a life is missing, also for who has not heard of it at all."""
        self.fire(self.s, "a", 3, 0)
        self.owner.leave()
        self.wait(20)
        self.owner = self.peer()
        self.assertEqual(self.owner.call(self.s.action), {"have": 3})
        self.wait(15)
        gap = ("s", "gap", 1, 3, 3, "history")
        self.assertEqual(plain(self.resume({}).take()), [("s", "up", 0), gap])
        stranger = self.resume({"s": (sidText(newSid()), 0)})
        self.assertEqual(plain(stranger.take())[1:], [("s", "up", 0), gap])

    def test_lives(self) -> None:
        """Lives that ended and began meanwhile are told in their order."""
        self.fire(self.s, "a", 2, 0)
        for _ in range(2):
            self.owner.removeSender("s")
            self.fire(self.owner.addSender("s", "a"), "a", 1, 0)
        peer = self.resume(self.seen(self.s, 1))
        life = [("s", "up", 0), ("s", 1)]
        first = [("s", "up", 1), ("s", 2), ("s", "down", 2)]
        self.assertEqual(plain(peer.take()), [*first, *life, ("s", "down", 1), *life])

    def test_absentComesBack(self) -> None:
        """One that is away is awaited, and goes on, also after RESULT."""
        absent = self.owner.claim("t", "a", last=9, oldest=10)
        peer = self.resume({"t": (absent.action.sid, 9)}, ("t", None))
        self.assertEqual(shown(peer.take()), [("result", self.number, {})])
        self.wait(29)
        assert "have" in self.owner.call(absent.action)
        told = shown(peer.take())
        self.assertEqual(told, [("replay", self.number, True, False, ("t", "up", 9))])
        self.fire(absent, "a", 1, 0)
        self.assertEqual(plain(peer.take()), [("t", 10)])
        self.wait(5)
        self.assertEqual(plain(peer.take()), [])

    def test_absentStaysAway(self) -> None:
        """One that does not come back is a gap when the window is over."""
        sid = sidText(newSid())
        peer = self.resume({"t": (sid, 9)}, ("t", None))
        peer.take()
        self.wait(29)
        self.assertEqual(plain(peer.take()), [])
        self.wait(1.1)
        self.assertEqual(plain(peer.take()), [("t", "gap", 10, None, None, "history")])

    def test_absentIsAnother(self) -> None:
        """Another life in its place is told after the gap."""
        peer = self.resume({"t": (sidText(newSid()), 9)}, ("t", None))
        self.fire(self.owner.addSender("t", "a"), "a", 1, 0)
        told = [("t", "gap", 10, None, None, "history"), ("t", "up", 0), ("t", 1)]
        self.assertEqual(plain(peer.take()), told)

    def test_parts(self) -> None:
        """What was heard may be said in parts."""
        self.fire(self.s, "a", 2, 0)
        peer = self.peer()
        peer.call(Listen("s", None, "resume"))
        self.assertEqual(peer.call(Resume(self.seen(self.s, 1), more=True)), {})
        self.assertEqual(peer.take(), [])
        peer.ask(Resume({}))
        self.assertEqual(plain(peer.take()), [("s", "up", 1), ("s", 2)])

    def test_once(self) -> None:
        """It is done once on a connection, and not for more senders than can be."""
        peer = self.resume(self.seen(self.s, 0))
        peer.take()
        self.assertEqual(peer.call(Resume({})), "bad-request")
        self.patch(backlogs, "MAX_SEEN", 2)
        other = self.peer()
        seen = {str(number): (sidText(newSid()), 1) for number in range(2)}
        self.assertEqual(other.call(Resume(seen, more=True)), {})
        self.assertEqual(other.call(Resume(self.seen(self.s, 0))), "busy")

    def test_refused(self) -> None:
        """A subscription whose resumption was refused can begin anew."""
        self.patch(backlogs, "MAX_SEEN", 0)
        peer = self.peer()
        peer.call(Listen("s", None, "resume"))
        self.assertEqual(peer.call(Resume(self.seen(self.s, 0))), "busy")
        peer.call(Listen("s"))
        self.fire(self.s, "a", 1, 0)
        self.assertEqual(plain(peer.take()), [("s", "up", 0), ("s", 1)])

    def test_manyLives(self) -> None:
        """Of more lives than are remembered the first are a gap."""
        for _ in range(20):
            sender = self.owner.addSender("t", "a", sid=sidText(newSid()))
            self.fire(sender, "a", 1, 0)
            self.owner.call(RemoveSender("t"))
        told = plain(self.resume({}, ("t", None)).take())
        self.assertEqual(told[0], ("t", "gap", None, None, None, "history"))
        self.assertEqual(told[1:], [("t", "up", 0), ("t", 1), ("t", "down", 1)] * 16)

    def test_forgotten(self) -> None:
        """Senders that came, went and were forgotten while it was away are a gap, each once.

        C{v} it has heard of; of C{w} it knows a life before that.
        """
        self.owner.addSender("before", "a")
        self.owner.call(RemoveSender("before"))
        self.wait(3)
        old = self.peer(instance="me")
        old.listen(None, "a")
        old.leave()
        v = sidText(newSid())
        for name in ("t", "u", "v", "w"):
            sid = v if name == "v" else sidText(newSid())
            self.owner.addSender(name, "a" if name != "u" else "b", sid=sid)
            self.owner.call(RemoveSender(name))
        for _ in range(35):
            self.owner.say(Ping(0))
            self.wait(1)
        peer = self.peer(instance="me")
        peer.call(Listen(None, "a", "resume"))
        peer.take()
        peer.ask(Resume({"v": (v, 0), "w": (sidText(newSid()), 5)}))
        gaps = [told for told in plain(peer.take()) if told[1] == "gap"]
        told = [(name, "gap", None, None, None, "history") for name in "tw"]
        self.assertEqual(sorted(gaps), told)

    def test_stillOpen(self) -> None:
        """One whose old connection seems to be open has heard of what ended long ago."""
        self.peer(instance="me").listen(None, "a")
        for name in ("before", "t"):
            self.owner.addSender(name, "a")
            self.owner.call(RemoveSender(name))
            for _ in range(40):
                self.owner.say(Ping(0))
                self.wait(1)
        peer = self.peer(instance="me")
        peer.call(Listen(None, "a", "resume"))
        peer.take()
        peer.ask(Resume({}))
        gaps = [told for told in plain(peer.take()) if told[1] == "gap"]
        self.assertEqual(gaps, [("t", "gap", None, None, None, "history")])

    def test_tooManyReplays(self) -> None:
        """More replays than may wait are refused, and the subscription with them."""
        self.patch(backlog, "MAX_ASKED", 1)
        peer, road = self.slow()
        road.isFast = False
        self.fire(self.s, "a", 12)
        for event in ("a", None):
            peer.ask(Listen("s", event, 5))
        number = peer.ask(Listen(None, "a", 5))
        told = self.readAll(peer, road)
        self.assertIn(("error", number, "busy"), shown(told))
        self.assertNotIn((None, "a"), peer.protocol.peer.listens)

    def test_others(self) -> None:
        """Nobody else hears of it, and nothing is kept when all have gone."""
        other = self.peer()
        other.listen(None, None)
        self.fire(self.s, "a", 5, 0)
        other.take()
        self.resume(self.seen(self.s, 2))
        self.assertEqual(other.take(), [])
        self.assertEmpty()

    def test_takeover(self) -> None:
        """Who is late while the owner moves hears all, and of no end."""
        peer, road = self.slow()
        peer.listen("s")
        road.isFast = False
        self.fire(self.s, "a", 12)
        owner = self.peer()
        assert owner.call(self.s.action) == {"have": 12}
        self.s.peer = owner
        self.fire(self.s, "a", 2)
        told = plain(self.readAll(peer, road))
        self.assertEqual(told, [("s", seq) for seq in range(1, 15)])

    def test_unlisten(self) -> None:
        """Who listens no more while it is sent what it has missed gets the end of that."""
        self.fire(self.s, "a", 30)
        peer, road = self.slow()
        road.isFast = False
        peer.ask(Listen("s", None, "resume"))
        number = peer.ask(Resume(self.seen(self.s, 0)))
        last = peer.ask(Unlisten("s", None))
        told = shown(self.readAll(peer, road))
        end = [("replay", number, True, True), ("result", number, {}), ("result", last, {})]
        self.assertEqual(told[-3:], end)
        self.assertLess(len(told), 10)
