"""
The promises to a listener, whatever happens to the links: order, at most once, never silently
missed, and presence that alternates.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import booleans, integers, sampled_from
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Gap
from pysig_twisted.names import CONNECT, DISCONNECT
from pysig_twisted.testing import Recorder, memoryRouters


class PromiseMachine(RuleBasedStateMachine):
    """
    A sender at one client, a listener at another, and links that break in all ways.
    """

    @initialize(most=sampled_from([1 << 16, 200, 33]))
    def begin(self, most: int) -> None:
        """All are connected."""
        self.routers = memoryRouters()
        self.routers.piece = most
        self.owner, self.subject = self.routers.client(), self.routers.client()
        self.sender = self.owner.addSender("s", ("e", "f"))
        self.heard = Recorder()
        # How much was heard before each gap.
        self.before: list[int] = []
        self.subject.addListener(self.heard, snapshot=True, onGap=self.missed)
        self.routers.pump()

    def missed(self, gap: Gap) -> None:
        """A gap is told."""
        self.before.append(len(self.heard.all))
        self.heard.onGap(gap)

    def lastOf(self, gap: Gap, before: int) -> int:
        """
        The last event of a gap; where nobody knew whether the sender would come back, the last
        one before it did.
        """
        if gap.last is not None:
            return gap.last
        return next(info.seq for info, _ in self.heard.all[before:] if info.event == CONNECT)

    @rule(count=integers(1, 5), event=sampled_from("ef"))
    def fire(self, count: int, event: str) -> None:
        """Events are fired."""
        for _ in range(count):
            self.sender.trigger(event)

    @rule(owner=booleans(), client=booleans(), server=booleans())
    def cut(self, owner: bool, client: bool, server: bool) -> None:
        """A link breaks, and both ends notice, or one, or none for now."""
        router = self.owner if owner else self.subject
        self.routers.link(router).cut(client=client, server=server)

    @rule(owner=booleans(), client=booleans(), server=booleans())
    def hold(self, owner: bool, client: bool, server: bool) -> None:
        """A link delays what it carries."""
        router = self.owner if owner else self.subject
        self.routers.link(router).hold(client=client, server=server)

    @rule()
    def restart(self) -> None:
        """The server is killed and started anew."""
        self.routers.restart()

    @rule(owner=booleans())
    def stop(self, owner: bool) -> None:
        """A client is stopped and started."""
        router = self.owner if owner else self.subject
        router.stopService()
        router.startService()

    @rule(isRefusing=booleans())
    def refuse(self, isRefusing: bool) -> None:
        """The server is there, or not."""
        self.routers.isRefusing = isRefusing

    @rule(seconds=sampled_from([0.0, 0.3, 2.0, 6.0, 60.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.routers.advance(seconds)

    @invariant()
    def inOrder(self) -> None:
        """Each event is heard once, in the order in which they were fired."""
        seqs = [info.seq for info, _ in self.heard.all if info.event in "ef"]
        assert seqs == sorted(set(seqs)), seqs

    @invariant()
    def alternates(self) -> None:
        """The sender comes and goes in turn, and fires only in between."""
        isThere = False
        for info, _ in self.heard.all:
            if info.event in (CONNECT, DISCONNECT):
                assert isThere == (info.event == DISCONNECT), self.heard.presence
                isThere = not isThere
            else:
                assert isThere, self.heard.all

    def teardown(self) -> None:
        """
        In the end all are connected again; then each event since the first C{#connect} was heard
        or told as missing, and never both.
        """
        self.routers.isRefusing = False
        for router in (self.owner, self.subject):
            self.routers.link(router).heal()
            self.routers.cut(router)
        self.routers.advance(100)
        self.sender.trigger("e", "last")
        self.routers.pump()
        assert self.heard.data[-1] == "last", self.heard.all
        assert str(self.sender.state) == "accepted"
        begin = self.heard.all[0][0].seq
        owed = set(range(begin + 1, self.sender.seq + 1))
        seqs = {info.seq for info, _ in self.heard.all if info.event in "ef"}
        missed: set[int] = set()
        for gap, before in zip(self.heard.gaps, self.before, strict=True):
            assert gap.first is not None
            missed |= set(range(gap.first, self.lastOf(gap, before) + 1))
        assert seqs | missed >= owed, (sorted(owed - seqs - missed), self.heard.gaps)
        assert not seqs & missed, (sorted(seqs & missed), self.heard.gaps)
        self.routers.stop()
        assert not self.routers.clock.getDelayedCalls()


class PromiseTests(SynchronousTestCase):
    """The promises hold."""

    def test_all(self) -> None:
        """Whatever happens to the links."""
        run_state_machine_as_test(
            PromiseMachine,
            settings=settings(max_examples=60, stateful_step_count=25, deadline=None),
        )
