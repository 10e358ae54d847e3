"""Deadlines, on clocks that are well-behaved and on clocks that are not."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock as TestClock
from twisted.trial.unittest import SynchronousTestCase

import pysig_twisted
from pysig_twisted.core.clock import Clock, Deadlines, clockOf

GRAIN = Deadlines.GRAIN
ROUNDING = 1e-5


class PatientClock(TestClock):
    """A clock that fails where someone asks to be woken again and again without an end."""

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> Any:
        """Count what is scheduled without time passing."""
        self.asked = getattr(self, "asked", 0) + 1
        assert self.asked < 1000, "spins"
        return super().callLater(delay, callable, *args, **kw)

    def advance(self, amount: float) -> None:
        """Time passes."""
        self.asked = 0
        super().advance(amount)


class SteppedClock:
    """
    A reactor whose timers run on a wall clock that can be set.

    @ivar deadlines: what uses it.
    """

    def __init__(self) -> None:
        self.wall = PatientClock()
        self.wall.rightNow = 1.7e9
        self.monotonic = 50.0
        self.deadlines = Deadlines(Clock(self.wall.callLater, lambda: self.monotonic))

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.monotonic += seconds
        self.wall.advance(seconds)

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self.wall.advance(seconds)


class DeadlinesTests(SynchronousTestCase):
    """L{Deadlines} on a clock that only goes forward."""

    def setUp(self) -> None:
        """No deadlines yet."""
        self.clock = PatientClock()
        self.deadlines = Deadlines(clockOf(self.clock))
        self.made: list[object] = []

    def add(self, delay: float, key: object) -> int:
        """Note C{key} when the time has come."""
        return self.deadlines.add(delay, key, lambda: self.made.append(key))

    def timers(self) -> int:
        """How many calls the reactor has scheduled."""
        return len(self.clock.getDelayedCalls())

    def test_onTime(self) -> None:
        """A call is not made before its time, and made within a grain after it."""
        self.add(1.005, "a")
        self.clock.advance(1.004)
        self.assertEqual(self.made, [])
        self.clock.advance(0.001 + GRAIN)
        self.assertEqual(self.made, ["a"])
        self.clock.advance(10)
        self.assertEqual(self.made, ["a"])

    def test_roundTimes(self) -> None:
        """A deadline on a grain is kept to the moment, however the time was reached."""
        for steps in range(1, 200):
            clock = PatientClock()
            deadlines = Deadlines(clockOf(clock))
            made: list[bool] = []
            deadlines.add(30.0, 1, lambda made=made: made.append(True))  # type: ignore[misc]
            for _ in range(steps):
                clock.advance(30.0 / steps)
            self.assertEqual(made, [True], steps)

    @settings(deadline=None, max_examples=300)
    @given(st.floats(0, 2e9), st.lists(st.floats(0, 600), min_size=1, max_size=5))
    def test_anyTimes(self, now: float, delays: list[float]) -> None:
        """Never early, never more than a grain late, and no timer that spins on a rounding."""
        clock = PatientClock()
        clock.rightNow = now
        deadlines = Deadlines(clockOf(clock))
        made: dict[int, float] = {}
        for n, delay in enumerate(delays):
            deadlines.add(delay, n, lambda n=n: made.update({n: clock.seconds()}))  # type: ignore[misc]
        while clock.getDelayedCalls():
            at = min(call.getTime() for call in clock.getDelayedCalls())
            clock.rightNow = max(clock.rightNow, at)
            clock.advance(0)
        for n, delay in enumerate(delays):
            self.assertGreaterEqual(made[n], now + delay - ROUNDING)
            self.assertLessEqual(made[n], now + delay + GRAIN + ROUNDING)

    @settings(deadline=None, max_examples=200)
    @given(
        st.lists(
            st.one_of(
                st.tuples(st.just("add"), st.floats(0, 1)),
                st.tuples(st.just("drop"), st.integers(0, 20)),
                st.tuples(st.just("advance"), st.floats(0, 0.5)),
            ),
            max_size=40,
        )
    )
    def test_model(self, steps: list[tuple[str, Any]]) -> None:
        """In any order of adding, dropping and waiting, just the right calls are made."""
        clock = PatientClock()
        deadlines = Deadlines(clockOf(clock))
        due: dict[int, tuple[int, float]] = {}
        made: set[int] = set()
        dropped: set[int] = set()
        for what, value in steps:
            if what == "add":
                n = len(due)
                bucket = deadlines.add(value, n, lambda n=n: made.add(n))  # type: ignore[misc]
                due[n] = (bucket, clock.seconds() + value)
            elif what == "drop" and value in due:
                deadlines.drop(due[value][0], value)
                dropped |= {value} - made
            elif what == "advance":
                clock.advance(value)
            now = clock.seconds()
            for n, (_, at) in due.items():
                if n in made:
                    self.assertNotIn(n, dropped)
                    self.assertLessEqual(at, now + ROUNDING)
                elif n not in dropped and what == "advance":
                    self.assertGreater(at, now - GRAIN - ROUNDING)
            self.assertEqual(len(deadlines), len(due) - len(made) - len(dropped))
            self.assertLessEqual(len(clock.getDelayedCalls()), 1)
            self.assertTrue(len(deadlines) == 0 or clock.getDelayedCalls())

    def test_oneTimer(self) -> None:
        """However many wait, the reactor has one call of ours."""
        for n in range(2000):
            self.add(5 + n / 100, n)
        self.assertEqual((self.timers(), len(self.deadlines)), (1, 2000))
        self.clock.advance(30)
        self.assertEqual(self.made, list(range(2000)))

    def test_earlierOne(self) -> None:
        """A deadline that ends before those that wait is not kept waiting by them."""
        self.add(10, "late")
        self.add(1, "soon")
        self.clock.advance(1)
        self.assertEqual(self.made, ["soon"])
        self.clock.advance(9)
        self.assertEqual(self.made, ["soon", "late"])

    def test_drop(self) -> None:
        """A call that was dropped is not made; dropping it again, or late, does nothing."""
        bucket = self.add(1, "a")
        self.add(1, "b")
        self.deadlines.drop(bucket, "a")
        self.deadlines.drop(bucket, "a")
        self.deadlines.drop(bucket + 5, "a")
        self.assertEqual(len(self.deadlines), 1)
        self.clock.advance(1)
        self.deadlines.drop(bucket, "b")
        self.assertEqual((self.made, len(self.deadlines)), (["b"], 0))

    def test_nothingScheduled(self) -> None:
        """Where nothing waits, the reactor is left alone, so that a program's tests end clean."""
        buckets = [self.add(delay, delay) for delay in (1, 2, 2.001)]
        self.deadlines.drop(buckets[0], 1)
        self.assertEqual(self.timers(), 1)
        self.deadlines.drop(buckets[1], 2)
        self.deadlines.drop(buckets[2], 2.001)
        self.assertEqual(self.timers(), 0)
        self.add(1, "again")
        self.clock.advance(1)
        self.assertEqual((self.made, self.timers()), (["again"], 0))

    def test_dropWithin(self) -> None:
        """A call can drop another one of the same moment."""

        def first() -> None:
            self.made.append("first")
            self.deadlines.drop(bucket, "second")

        self.deadlines.add(1, "first", first)
        bucket = self.add(1, "second")
        self.add(1, "third")
        self.clock.advance(1)
        self.assertEqual((self.made, len(self.deadlines)), (["first", "third"], 0))

    def test_addWithin(self) -> None:
        """A call can add others, for now and for later."""

        def first() -> None:
            self.made.append("first")
            self.add(0, "now")
            self.add(1, "later")

        self.deadlines.add(1, "first", first)
        self.clock.advance(1)
        self.clock.advance(GRAIN)
        self.assertEqual((self.made, self.timers()), (["first", "now"], 1))
        self.clock.advance(1)
        self.assertEqual((self.made, self.timers()), (["first", "now", "later"], 0))

    def test_stop(self) -> None:
        """After a stop nothing is made or scheduled, and new deadlines may be added."""
        bucket = self.add(1, "a")
        self.add(2, "b")
        self.deadlines.stop()
        self.deadlines.drop(bucket, "a")
        self.assertEqual((self.timers(), len(self.deadlines)), (0, 0))
        self.clock.advance(5)
        self.assertEqual(self.made, [])
        self.add(1, "c")
        self.clock.advance(1)
        self.assertEqual(self.made, ["c"])

    def test_stopWithin(self) -> None:
        """A call can stop all of them, and add a new one then."""

        def first() -> None:
            self.deadlines.stop()
            self.add(1, "new")

        self.deadlines.add(1, "first", first)
        self.add(1, "same moment")
        self.add(1.5, "soon")
        self.clock.advance(1)
        self.assertEqual(self.timers(), 1)
        self.clock.advance(1)
        self.assertEqual((self.made, self.timers()), (["new"], 0))

    def test_raising(self) -> None:
        """A call that raises is logged; those of the same moment and later ones are made."""

        def broken() -> None:
            raise RuntimeError("broken")

        self.deadlines.add(1, "broken", broken)
        self.add(1, "a")
        self.add(2, "b")
        self.clock.advance(1)
        [logged] = self.flushLoggedErrors(RuntimeError)
        self.assertIn("broken", logged.getTraceback())
        self.clock.advance(1)
        self.assertEqual(self.made, ["a", "b"])


class SteppedClockTests(SynchronousTestCase):
    """L{Deadlines} where somebody sets the wall clock that the reactor's timers run on."""

    def setUp(self) -> None:
        """One deadline, in 10 seconds."""
        self.clock = SteppedClock()
        self.made: list[object] = []
        self.add(10, "a")

    def add(self, delay: float, key: object) -> None:
        """Note C{key} when the time has come."""
        self.clock.deadlines.add(delay, key, lambda: self.made.append(key))

    def test_forward(self) -> None:
        """An hour forward wakes the timer, and ends nothing before its time."""
        self.clock.advance(4)
        self.clock.step(3600)
        self.assertEqual(self.made, [])
        self.clock.advance(5.9)
        self.assertEqual(self.made, [])
        self.clock.advance(0.1 + GRAIN)
        self.assertEqual(self.made, ["a"])

    def test_back(self) -> None:
        """An hour back does not keep for an hour what the next deadline finds overdue."""
        self.clock.advance(4)
        self.clock.step(-3600)
        self.clock.advance(20)
        self.assertEqual(self.made, [])
        self.add(10, "b")
        self.clock.advance(GRAIN)
        self.assertEqual(self.made, ["a"])
        self.clock.advance(10 + GRAIN)
        self.assertEqual(self.made, ["a", "b"])

    def test_check(self) -> None:
        """Nor what anybody finds overdue who only looks; what is not overdue is left alone."""
        self.clock.deadlines.check()
        self.clock.step(-3600)
        self.clock.advance(9.9)
        self.clock.deadlines.check()
        self.clock.advance(1)
        self.clock.deadlines.check()
        self.assertEqual(self.made, [])
        self.clock.advance(1)
        self.clock.deadlines.check()
        self.clock.advance(0)
        self.assertEqual(self.made, ["a"])
        self.clock.deadlines.check()


class ClockOfTests(SynchronousTestCase):
    """L{clockOf}."""

    def test_testClock(self) -> None:
        """A clock for tests gives both the time and the timers."""
        test = TestClock()
        clock = clockOf(test)
        test.advance(7)
        self.assertEqual(clock.now(), 7)
        clock.callLater(1, lambda: None)
        self.assertEqual(len(test.getDelayedCalls()), 1)

    def test_reactor(self) -> None:
        """A program's reactor gives the timers only: its time may be the wall clock's."""
        from twisted.internet import reactor

        for clock in (clockOf(), clockOf(reactor)):
            self.assertEqual(clock.callLater, reactor.callLater)
            self.assertIs(clock.now, time.monotonic)

    def test_noReactorInstalled(self) -> None:
        """Importing the router, and making one, leaves the choice of a reactor open."""
        code = (
            "import sys; from pysig_twisted.core.router import Router; Router();"
            "sys.exit('twisted.internet.reactor' in sys.modules)"
        )
        root = Path(pysig_twisted.__file__).parent.parent
        subprocess.run([sys.executable, "-c", code], cwd=root, check=True, timeout=60)
