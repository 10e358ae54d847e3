"""So many in a second."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net.allowance import LONGEST, Allowance
from pysig_twisted.net.limits import Limits
from pysig_twisted.wire.messages import Call, Listen, Result, Unlisten

from .rig import Carrier, RawPeer, ServerRig


class AllowanceTests(SynchronousTestCase):
    """What somebody may still do."""

    def test_burst(self) -> None:
        """At first it may be done often at once, then so many times in a second."""
        allowance = Allowance()
        self.assertEqual([allowance.spend(5.0, 10, 3) for _ in range(4)], [False] * 3 + [True])
        self.assertAlmostEqual(allowance.wait(5.0, 10), 0.1)
        self.assertAlmostEqual(allowance.wait(5.05, 10), 0.05)
        self.assertAlmostEqual(allowance.wait(5.1, 10), 0)
        self.assertFalse(allowance.spend(5.2, 10, 3))
        self.assertTrue(allowance.spend(5.2, 10, 3))
        self.assertEqual(allowance.wait(100, 10), 0)
        self.assertEqual([allowance.spend(100, 10, 3) for _ in range(4)], [False] * 3 + [True])

    def test_longest(self) -> None:
        """Nobody waits longer than that, however much it did."""
        allowance = Allowance()
        for _ in range(1000):
            allowance.spend(5.0, 1, 3)
        self.assertAlmostEqual(allowance.wait(5.0, 1), LONGEST)

    @given(
        st.lists(st.tuples(st.floats(0, 3), st.integers(1, 20)), max_size=30),
        st.integers(1, 50),
        st.integers(1, 50),
    )
    def test_any(self, steps: list[tuple[float, int]], rate: int, most: int) -> None:
        """Whoever waits as it must does never more than it may."""
        allowance, now, done = Allowance(), 0.0, 0
        for pause, count in steps:
            now += pause
            for _ in range(count):
                wait = allowance.wait(now, rate) if done else 0
                now += wait
                done += 1
                isTooMuch = allowance.spend(now, rate, most)
                assert isTooMuch == (allowance.wait(now, rate) > 0)
                assert done <= most + now * rate + 1 + 1e-6


class Pausing(Carrier):
    """A transport whose reading can be paused."""

    isPaused = False

    def pauseProducing(self) -> None:
        """Read nothing."""
        assert not self.isPaused
        self.isPaused = True

    def resumeProducing(self) -> None:
        """Read again."""
        assert self.isPaused
        self.isPaused = False


class CallsTests(ServerRig):
    """Calls of a peer."""

    def makeRouter(self, **options: Any) -> Any:
        """A server that takes 20 calls at once, and 10 a second."""
        limits = Limits(calls=10, senders=4, subscriptions=6, silence=16.0)
        return super().makeRouter(limits=limits, **options)

    def setUp(self) -> None:
        """A peer that can be paused."""
        super().setUp()
        self.carrier = Pausing(self.clock)
        self.caller = self.peer(carrier=self.carrier)

    def calls(self, count: int, peer: RawPeer | None = None) -> None:
        """Make some calls in one read."""
        actions = (Listen("s", "e"), Unlisten("s", "e"))
        (peer or self.caller).say(*(Call(1 + n, actions[n % 2]) for n in range(count)))

    def test_enough(self) -> None:
        """Who makes as many as it may is not disturbed, nor who makes them slowly."""
        self.calls(20)
        for _ in range(20):
            self.clock.advance(1)
            self.calls(10)
        self.assertFalse(self.carrier.isPaused)
        self.assertEqual(len(self.caller.take(Result)), 220)

    def test_tooMany(self) -> None:
        """Who makes more is not read until it could have made them, and is not cut."""
        self.calls(35)
        self.assertEqual(len(self.caller.take(Result)), 35)
        self.assertTrue(self.carrier.isPaused)
        self.wait(1.25)
        self.assertTrue(self.carrier.isPaused)
        self.wait(0.5)
        self.assertFalse(self.carrier.isPaused)
        self.calls(1)
        self.assertFalse(self.carrier.isPaused)
        self.calls(4)
        self.assertTrue(self.carrier.isPaused)
        self.wait(2)
        self.assertFalse(self.carrier.isPaused)
        self.assertEqual([one.goodbye for one in self.everybody], [None])

    def test_others(self) -> None:
        """Others are not paused for it."""
        carrier = Pausing(self.clock)
        other = self.peer(carrier=carrier)
        self.calls(35)
        self.calls(20, other)
        self.assertFalse(carrier.isPaused)

    def test_notSilent(self) -> None:
        """While it is paused it is not taken for dead."""
        self.router.reload(Limits(calls=1, senders=1, subscriptions=1, heartbeat=1.0, silence=2.0))
        for _ in range(4):
            self.calls(30)
            self.wait(4.5)
            self.assertTrue(self.carrier.isPaused)
            self.wait(1)
            self.assertFalse(self.carrier.isPaused)
        self.assertFalse(self.caller.isOver)

    def test_twoReasons(self) -> None:
        """It is read again when there is no reason left not to."""
        link = self.caller.protocol
        self.calls(25)
        link.hold("slow")
        self.wait(1)
        self.assertTrue(self.carrier.isPaused)
        link.release("slow")
        self.assertFalse(self.carrier.isPaused)
        link.release("slow")
        link.hold("slow")
        link.hold("slow")
        self.calls(35)
        link.release("slow")
        self.assertTrue(self.carrier.isPaused)

    def test_gone(self) -> None:
        """Nothing is kept of one that goes while it is paused."""
        self.calls(35)
        self.caller.leave()
        self.assertEmpty()

    def test_ended(self) -> None:
        """One that is ended while it is paused is gone in time."""
        self.calls(35)
        self.caller.raw(b"\0\0\0\0")
        self.assertEnded(self.caller, "protocol-error")
        self.assertEmpty()
