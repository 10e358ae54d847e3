"""
Listeners that come at any time, with a replay or without, whatever happens to the links: order,
at most once, never silently missed, and presence that alternates.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, integers, none, sampled_from
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Limits
from pysig_twisted.core.info import EventInfo
from pysig_twisted.names import CONNECT, DISCONNECT
from pysig_twisted.testing import Recorder, memoryRouters

NAMES = "ab"
PAYLOAD = "x" * 300


class Late:
    """
    A listener.

    @ivar heard: what it has heard.
    @ivar since: for each sender, the event after which it is owed all, if that is known.
    """

    def __init__(self, subject: Any, key: tuple[str | None, str | None], replay: Any) -> None:
        self.heard = Recorder()
        self.replay = replay
        self.key = key
        self.subscription = subject.addListener(
            self.heard, *key, replay=replay, snapshot=True, onGap=self.heard.onGap
        )

    def check(self) -> None:
        """Each event once, in order; presence alternates, and events come in between."""
        isThere = dict.fromkeys(NAMES, False)
        last = dict.fromkeys(NAMES, 0)
        for info, _ in self.heard.all:
            name = info.sender
            if info.event in (CONNECT, DISCONNECT):
                assert isThere[name] == (info.event == DISCONNECT), self.heard.presence
                isThere[name] = not isThere[name]
            else:
                assert isThere[name] or self.key[1] is not None, self.heard.all
                assert info.seq > last[name], [i.seq for i, _ in self.heard.all if i.sender == name]
                last[name] = info.seq

    def account(self, name: str, last: int) -> None:
        """From the first event that was heard on, all were heard or told as missed."""
        seqs = {i.seq for i, _ in self.heard.all if i.sender == name and i.event[0] != "#"}
        missed: set[int] = set()
        for gap in self.heard.gaps:
            if gap.sender == name:
                missed |= set(range(gap.first or 1, (gap.last or last) + 1))
        assert last in seqs, (name, sorted(seqs), self.heard.gaps)
        owed = set(range(min(seqs), last + 1))
        assert seqs | missed >= owed, (name, sorted(owed - seqs - missed), self.heard.gaps)


class JoinMachine(RuleBasedStateMachine):
    """
    Two senders at one client, listeners at another.
    """

    @initialize(most=sampled_from([1 << 16, 400]), isNarrow=booleans())
    def begin(self, most: int, isNarrow: bool) -> None:
        """All are connected; the server may take its peers for slow very soon."""
        limits = Limits(outbox=1 << 16) if isNarrow else Limits()
        self.routers = memoryRouters(limits=limits)
        self.routers.piece = most
        self.owner, self.subject = self.routers.client(), self.routers.client()
        self.senders = [self.owner.addSender(name, "e") for name in NAMES]
        self.late: list[Late] = []
        self.routers.pump()

    @rule(number=integers(0, 1), count=integers(1, 20))
    def fire(self, number: int, count: int) -> None:
        """Events are fired."""
        for _ in range(count):
            self.senders[number].trigger("e", PAYLOAD)

    @rule()
    def pump(self) -> None:
        """What is fired arrives."""
        self.routers.pump()

    @precondition(lambda self: len(self.late) < 6)
    @rule(
        key=sampled_from([(None, None), ("a", None), ("a*", "*"), ("b", "e"), (None, "e")]),
        replay=none() | sampled_from(["last", 1, 3, 100]),
    )
    def listen(self, key: tuple[str | None, str | None], replay: Any) -> None:
        """A listener comes."""
        self.late.append(Late(self.subject, key, replay))

    @precondition(lambda self: self.late)
    @rule()
    def leave(self) -> None:
        """One goes."""
        self.late.pop(0).subscription.remove()

    @rule(isOwner=booleans(), client=booleans(), server=booleans())
    def cut(self, isOwner: bool, client: bool, server: bool) -> None:
        """A link breaks, and both ends notice, or one, or none for now."""
        router = self.owner if isOwner else self.subject
        self.routers.link(router).cut(client=client, server=server)

    @rule(isOwner=booleans(), client=booleans(), server=booleans())
    def hold(self, isOwner: bool, client: bool, server: bool) -> None:
        """A link delays what it carries."""
        router = self.owner if isOwner else self.subject
        self.routers.link(router).hold(client=client, server=server)

    @rule(isOwner=booleans())
    def release(self, isOwner: bool) -> None:
        """A link carries again."""
        self.routers.link(self.owner if isOwner else self.subject).release()

    @rule()
    def restart(self) -> None:
        """The server is killed and started anew."""
        self.routers.restart()

    @rule(seconds=sampled_from([0.0, 0.3, 2.0, 6.0, 40.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.routers.advance(seconds)

    @invariant()
    def isSound(self) -> None:
        """What is promised of each listener."""
        for late in self.late:
            late.check()

    def teardown(self) -> None:
        """In the end all are connected again, and nothing was lost in silence."""
        for router in (self.owner, self.subject):
            self.routers.link(router).heal()
            self.routers.cut(router)
        self.routers.advance(100)
        for sender in self.senders:
            sender.trigger("e", "last")
        self.routers.pump()
        for late in self.late:
            late.check()
            assert str(late.subscription.state) == "accepted"
            for name, sender in zip(NAMES, self.senders, strict=True):
                isHeard = late.key[0] in (None, name, f"{name}*")
                # The newest of each event leaves out what is between them.
                if isHeard and late.replay != "last":
                    late.account(name, sender.seq)
        interests = self.subject._interests
        assert not interests._wishes and not interests._wishOf
        self.routers.stop()
        assert not self.routers.clock.getDelayedCalls()


class LateJoinerTests(SynchronousTestCase):
    """The promises hold for those who come late."""

    def test_all(self) -> None:
        """Whatever happens to the links."""
        run_state_machine_as_test(
            JoinMachine,
            settings=settings(max_examples=60, stateful_step_count=25, deadline=None),
        )


class AmidTests(SynchronousTestCase):
    """What listeners do amid a replay, or amid what is fired."""

    def setUp(self) -> None:
        """Two clients; a sender of one of them."""
        self.routers = memoryRouters(clients=2)
        self.addCleanup(self.routers.stop)
        self.owner, self.client = self.routers.clients
        self.sender = self.owner.addSender("s", "e")
        self.routers.pump()

    def test_addedAmid(self) -> None:
        """One that is added while a run is given to the server's own hears each event once."""
        found: list[tuple[int, bool]] = []

        def hear(info: EventInfo, data: Any) -> None:
            found.append((info.seq, info.replayed))

        def first(info: EventInfo, data: Any) -> None:
            if info.seq == 1:
                self.routers.server.addListener(hear, "s", replay=10)

        self.routers.server.addListener(first, "s")
        for number in range(3):
            self.sender.trigger("e", number)
        self.routers.pump()
        self.assertEqual(found, [(1, True), (2, False), (3, False)])

    def test_stoppedAmid(self) -> None:
        """One that ends the link amid a replay hears no more; the rest is told as missed."""
        for number in range(10):
            self.sender.trigger("e", number)
        self.routers.pump()
        told: list[Any] = []

        def hear(info: EventInfo, data: Any) -> None:
            told.append(info.seq)
            if info.seq == 3:
                self.client.stopService()

        self.client.addListener(
            hear, "s", replay=100, onGap=lambda gap: told.append((gap.first, gap.last))
        )
        self.routers.pump()
        self.client.startService()
        self.routers.advance(5)
        self.assertEqual(told, [1, 2, 3, (4, 10)])
