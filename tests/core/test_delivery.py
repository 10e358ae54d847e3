"""Calling one listener: in order, one at a time, bounded."""

from __future__ import annotations

import asyncio
import sys
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core import delivery as module
from pysig_twisted.core.delivery import MAX_WAITING, Delivery, describe
from pysig_twisted.core.dispatch import Dispatcher
from pysig_twisted.core.gaps import MAX_SENDERS
from pysig_twisted.core.info import EventInfo, Gap
from pysig_twisted.errors import BadRequest


class Source:
    """A sender that fires at one delivery, and counts."""

    def __init__(self, target: Delivery, name: str = "dev1") -> None:
        self.target = target
        self.name = name
        self.seq = 0
        self.dispatcher = Dispatcher()

    def fire(self, n: int = 1, event: str = "e", data: Any = None) -> None:
        """Fire C{n} events."""
        for _ in range(n):
            self.seq += 1
            info = EventInfo(self.name, event, self.seq, 0.0)
            self.dispatcher.deliver((self.target,), info, data)


class Worker:
    """
    A listener that takes its time.

    @ivar told: what it was told: numbers of events, and gaps.
    @ivar work: the ends of what it is at work on.
    """

    def __init__(self) -> None:
        self.told: list[int | Gap] = []
        self.work: list[Deferred[None]] = []
        self.mostAtOnce = 0
        self._atOnce = 0

    async def listen(self, info: EventInfo, data: Any) -> None:
        """Start work on an event."""
        self.told.append(info.seq)
        self._atOnce += 1
        self.mostAtOnce = max(self.mostAtOnce, self._atOnce)
        end: Deferred[None] = Deferred()
        self.work.append(end)
        try:
            await end
        finally:
            self._atOnce -= 1

    def end(self) -> None:
        """End the oldest work."""
        self.work.pop(0).callback(None)

    def endAll(self) -> None:
        """End all work, also that which starts then."""
        while self.work:
            self.end()

    @property
    def heard(self) -> list[int]:
        """The events alone."""
        return [item for item in self.told if isinstance(item, int)]

    @property
    def gaps(self) -> list[Gap]:
        """The gaps alone."""
        return [item for item in self.told if isinstance(item, Gap)]


class PlainTests(SynchronousTestCase):
    """Listeners that are done when they return."""

    def test_returnsAnything(self) -> None:
        """What cannot be awaited is let pass."""
        heard: list[int] = []

        def listen(info: EventInfo, data: Any) -> object:
            heard.append(info.seq)
            return [None, 0, 5, "text", [1], object()][info.seq - 1]

        Source(Delivery(listen)).fire(6)
        self.assertEqual(heard, [1, 2, 3, 4, 5, 6])

    def test_raises(self) -> None:
        """An exception is logged with its traceback and the listener's name."""

        def troubled(info: EventInfo, data: Any) -> None:
            raise ZeroDivisionError("by zero")

        with capturedLogs() as captured:
            Source(Delivery(troubled)).fire(2)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)
        self.assertIn("troubled", captured[0]["listener"])
        self.assertIn("in troubled", captured[0]["log_failure"].getTraceback())
        self.assertEqual(captured[0]["log_level"], LogLevel.critical)

    def test_cannotBePrinted(self) -> None:
        """Not even a listener whose name cannot be printed escapes the log."""

        class Odd:
            def __call__(self, info: EventInfo, data: Any) -> None:
                raise ZeroDivisionError

            def __repr__(self) -> str:
                raise ValueError("no name")

        Source(Delivery(Odd())).fire()
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class AwaitableTests(SynchronousTestCase):
    """Listeners that take their time."""

    def setUp(self) -> None:
        """A slow listener and a source of events."""
        self.worker = Worker()
        self.delivery = Delivery(self.worker.listen, self.worker.told.append)
        self.source = Source(self.delivery)

    def test_oneAtATime(self) -> None:
        """It is not called again until it has ended; then it hears all, in order."""
        self.source.fire(5)
        self.assertEqual(self.worker.heard, [1])
        self.worker.end()
        self.assertEqual(self.worker.heard, [1, 2])
        self.source.fire(2)
        self.worker.endAll()
        self.assertEqual(self.worker.told, [1, 2, 3, 4, 5, 6, 7])
        self.assertEqual(self.worker.mostAtOnce, 1)
        self.source.fire()
        self.assertEqual(self.worker.heard[-1], 8)

    def test_deferred(self) -> None:
        """A listener that returns a Deferred is treated alike."""
        work: list[Deferred[None]] = []
        heard: list[int] = []

        def listen(info: EventInfo, data: Any) -> Deferred[None]:
            heard.append(info.seq)
            work.append(Deferred())
            return work[-1]

        Source(Delivery(listen)).fire(3)
        for n in range(3):
            self.assertEqual(heard, list(range(1, n + 2)))
            work[n].callback(None)
        self.assertEqual(heard, [1, 2, 3])

    def test_concurrency(self) -> None:
        """With a concurrency of N, N run at once and no more, and all events are heard."""
        delivery = Delivery(self.worker.listen, self.worker.told.append, concurrency=3)
        Source(delivery).fire(10)
        self.assertEqual(self.worker.heard, [1, 2, 3])
        self.worker.work.pop(1).callback(None)
        self.assertEqual(self.worker.heard, [1, 2, 3, 4])
        self.worker.endAll()
        self.assertEqual(self.worker.told, list(range(1, 11)))
        self.assertEqual(self.worker.mostAtOnce, 3)

    def test_fails(self) -> None:
        """A coroutine that raises is logged with its traceback, and the next event is heard."""
        heard: list[int] = []

        async def troubled(info: EventInfo, data: Any) -> None:
            heard.append(info.seq)
            await self.worker.listen(info, data)
            raise ZeroDivisionError("late")

        Source(Delivery(troubled)).fire(2)
        self.worker.endAll()
        self.assertEqual(heard, [1, 2])
        logged = self.flushLoggedErrors(ZeroDivisionError)
        self.assertEqual(len(logged), 2)
        self.assertIn("troubled", logged[0].getTraceback())

    def test_raisesInTurn(self) -> None:
        """An exception, or exit, of a call that had to wait does not end the ones behind it."""
        heard: list[int] = []

        def troubled(info: EventInfo, data: Any) -> Deferred[None] | None:
            heard.append(info.seq)
            if info.seq == 1:
                self.worker.work.append(Deferred())
                return self.worker.work[0]
            raise SystemExit(info.seq) if info.seq == 2 else asyncio.CancelledError(info.seq)

        source = Source(Delivery(troubled))
        source.fire(4)
        self.worker.end()
        source.fire()
        self.assertEqual(heard, [1, 2, 3, 4, 5])
        self.assertEqual(len(self.flushLoggedErrors(SystemExit)), 1)
        self.assertEqual(len(self.flushLoggedErrors(asyncio.CancelledError)), 3)

    def test_interruptedInTurn(self) -> None:
        """Ctrl-C in a call that had to wait is no end of them either."""
        heard: list[int] = []

        def interrupted(info: EventInfo, data: Any) -> Deferred[None] | None:
            heard.append(info.seq)
            if info.seq == 1:
                self.worker.work.append(Deferred())
                return self.worker.work[0]
            if info.seq == 2:
                raise KeyboardInterrupt
            return None

        source = Source(Delivery(interrupted))
        source.fire(3)
        self.worker.end()
        source.fire()
        self.assertEqual(heard, [1, 2, 3, 4])
        self.assertEqual(len(self.flushLoggedErrors(KeyboardInterrupt)), 1)

    def test_generator(self) -> None:
        """A function that would only make a generator is refused."""

        def forgotten(info: EventInfo, data: Any) -> Any:
            yield 1

        async def neither(info: EventInfo, data: Any) -> Any:
            yield 1

        class Listening:
            def method(self, info: EventInfo, data: Any) -> Any:
                yield 1

            def sound(self, info: EventInfo, data: Any) -> None: ...

            __call__ = sound

        listening = Listening()
        for function in (forgotten, neither, listening.method, partial(forgotten)):
            for arguments in ((function,), (listening.sound, function)):
                error = self.assertRaises(BadRequest, Delivery, *arguments)
                self.assertIn("has a yield in it", error.message)
                self.assertIn("inlineCallbacks", error.message)
        for function in (inlineCallbacks(forgotten), listening, partial(listening.sound)):
            Delivery(function, function)

    def test_firesAtWork(self) -> None:
        """What a coroutine fires, of this sender or of another, waits until it has ended."""
        trace: list[str] = []

        async def listen(info: EventInfo, data: Any) -> None:
            trace.append(f"{info.sender}.{info.seq} begins")
            if info.seq == 1 and info.sender == "dev1":
                source.fire()
                other.fire()
            trace.append(f"{info.sender}.{info.seq} ends")

        delivery = Delivery(listen)
        source, other = Source(delivery, "dev1"), Source(delivery, "dev2")
        source.fire()
        self.assertEqual(trace[1::2], [line.replace("begins", "ends") for line in trace[::2]])
        self.assertEqual(sorted(trace[::2]), ["dev1.1 begins", "dev1.2 begins", "dev2.1 begins"])

    def test_noRecursion(self) -> None:
        """With many events waiting, awaitables that end at once are no deeper on the stack."""
        depths: list[int] = []

        def depth() -> int:
            frame, n = sys._getframe(), 0
            while frame.f_back is not None:
                frame, n = frame.f_back, n + 1
            return n

        async def coroutine(info: EventInfo, data: Any) -> None:
            if info.seq == 1:
                await self.worker.listen(info, data)
            depths.append(depth())

        def deferred(info: EventInfo, data: Any) -> Deferred[None]:
            if info.seq == 1:
                return Deferred.fromCoroutine(self.worker.listen(info, data))
            depths.append(depth())
            return succeed(None)

        for listen in (coroutine, deferred):
            depths.clear()
            Source(Delivery(listen)).fire(MAX_WAITING + 1)
            self.worker.end()
            self.assertGreaterEqual(len(depths), MAX_WAITING)
            self.assertLess(max(depths) - min(depths), 30)


class SlowTests(SynchronousTestCase):
    """Listeners that are slower than what they listen to."""

    def setUp(self) -> None:
        """A slow listener and a source of events."""
        self.worker = Worker()
        self.delivery = Delivery(self.worker.listen, self.worker.told.append)
        self.source = Source(self.delivery)

    def test_limit(self) -> None:
        """As many as may wait do so, and nothing is missed."""
        self.source.fire(1 + MAX_WAITING)
        self.worker.endAll()
        self.assertEqual(self.worker.told, list(range(1, MAX_WAITING + 2)))

    def test_oldestDropped(self) -> None:
        """Beyond that the oldest go, and the listener is told which before the next one."""
        with capturedLogs() as captured:
            self.source.fire(1 + MAX_WAITING + 500)
        self.assertEqual(self.worker.told, [1])
        self.worker.endAll()
        gap = Gap("dev1", None, 2, 501, 500, ("e",), "listener-slow")
        self.assertEqual(self.worker.told, [1, gap, *range(502, MAX_WAITING + 502)])
        [warning] = captured
        self.assertEqual((warning["sender"], warning["log_level"]), ("dev1", LogLevel.warn))

    def test_toldOnce(self) -> None:
        """A second overflow is a gap of its own."""
        self.source.fire(1 + MAX_WAITING + 1)
        self.worker.end()
        self.source.fire(2)
        self.worker.endAll()
        gaps = [(gap.first, gap.last, gap.n) for gap in self.worker.gaps]
        self.assertEqual(gaps, [(2, 2, 1), (4, 4, 1)])
        self.assertEqual(len(self.worker.heard) + 2, self.source.seq)

    def test_gapForEachSender(self) -> None:
        """Each sender's events are counted apart, with the names of what is missing."""
        other = Source(self.delivery, "dev2")
        self.source.fire()
        for n in range(MAX_WAITING):
            self.source.fire(event="ef"[n % 2])
            other.fire()
        self.worker.endAll()
        gaps = {gap.sender: gap for gap in self.worker.gaps}
        half = MAX_WAITING // 2
        self.assertEqual(
            gaps["dev1"], Gap("dev1", None, 2, 1 + half, half, ("e", "f"), "listener-slow")
        )
        self.assertEqual(gaps["dev2"], Gap("dev2", None, 1, half, half, ("e",), "listener-slow"))
        fired = self.source.seq + other.seq
        self.assertEqual(len(self.worker.heard) + sum(gap.n or 0 for gap in gaps.values()), fired)

    def test_bounded(self) -> None:
        """20,000 events into a listener that is stuck are not kept; each is heard or counted."""

        class Data:
            """Can be seen to be gone."""

        alive: weakref.WeakSet[Data] = weakref.WeakSet()
        most = 0
        for _ in range(20_000):
            data = Data()
            alive.add(data)
            self.source.fire(data=data)
            most = max(most, len(alive))
        self.assertLessEqual(most, MAX_WAITING + 3)
        self.worker.endAll()
        [gap] = self.worker.gaps
        self.assertEqual(len(self.worker.heard) + (gap.n or 0), 20_000)

    def test_manySenders(self) -> None:
        """Not even senders whose names never repeat make a stuck listener's account grow."""
        fired = 1 + MAX_WAITING + 3 * MAX_SENDERS
        for n in range(fired):
            Source(self.delivery, f"dev{n}").fire()
        self.worker.endAll()
        self.assertEqual(len(self.worker.gaps), MAX_SENDERS + 1)
        missed = sum(gap.n or 0 for gap in self.worker.gaps)
        self.assertEqual(len(self.worker.heard) + missed, fired)

    @settings(deadline=None)
    @given(
        st.lists(st.sampled_from(["fire", "fire", "end", "missed"]), max_size=60),
        st.integers(1, 3),
    )
    def test_nothingUncounted(self, steps: list[str], concurrency: int) -> None:
        """Whatever happens in what order: what is heard and the gaps together are all, in order."""
        worker = Worker()
        delivery = Delivery(worker.listen, worker.told.append, concurrency)
        source = Source(delivery)
        with mock.patch.object(module, "MAX_WAITING", 3):
            for step in steps:
                if step == "fire":
                    source.fire()
                elif step == "missed":
                    source.seq += 2
                    first, last = source.seq - 1, source.seq
                    delivery.missed(Gap("dev1", 9, first, last, 2, ("e",), "link"))
                elif worker.work:
                    worker.end()
            worker.endAll()
        covered: list[int] = []
        for item in worker.told:
            if isinstance(item, Gap):
                assert item.first is not None and item.last is not None
                self.assertEqual(item.n, item.last - item.first + 1)
                covered.extend(range(item.first, item.last + 1))
            else:
                covered.append(item)
        self.assertEqual(covered, list(range(1, source.seq + 1)))
        self.assertLessEqual(worker.mostAtOnce, concurrency)


class GapTests(SynchronousTestCase):
    """Telling a listener what it missed."""

    def setUp(self) -> None:
        """A slow listener and a source of events."""
        self.worker = Worker()

    def source(self, onGap: Callable[[Gap], object] | None) -> Source:
        """A source of events for the slow listener."""
        return Source(Delivery(self.worker.listen, onGap))

    def gap(self, n: int = 2) -> Gap:
        """Something that was missed elsewhere."""
        return Gap("dev1", 9, n, n, 1, None, "link")

    def test_missed(self) -> None:
        """A gap that comes from elsewhere is told at once where nothing waits, else in its turn."""
        source = self.source(self.worker.told.append)
        source.target.missed(self.gap())
        self.assertEqual(self.worker.told, [self.gap()])
        source.fire(2)
        source.target.missed(self.gap(3))
        source.fire()
        self.worker.endAll()
        self.assertEqual(self.worker.told, [self.gap(), 1, 2, self.gap(3), 3])

    def test_missedBounded(self) -> None:
        """A stuck listener's gaps take no more room than its events, and stay exact."""
        source = self.source(self.worker.told.append)
        source.fire(2)
        for n in range(5 * MAX_WAITING):
            source.target.missed(self.gap(3 + n))
        self.worker.endAll()
        self.assertLessEqual(len(self.worker.gaps), MAX_WAITING + 1)
        self.assertEqual(len(self.worker.heard), 1)
        self.assertEqual(sum(gap.n or 0 for gap in self.worker.gaps), 5 * MAX_WAITING + 1)

    def test_raises(self) -> None:
        """An onGap that raises is logged, and the listener goes on."""

        def troubled(gap: Gap) -> None:
            raise ZeroDivisionError("in onGap")

        self.overflow(troubled)
        self.assertIn("in onGap", self.flushLoggedErrors(ZeroDivisionError)[0].getTraceback())

    def test_fails(self) -> None:
        """So is one whose coroutine raises."""

        async def troubled(gap: Gap) -> None:
            raise ZeroDivisionError("in onGap")

        self.overflow(troubled)
        self.assertIn("in onGap", self.flushLoggedErrors(ZeroDivisionError)[0].getTraceback())

    def test_nobodyAsked(self) -> None:
        """Without onGap the listener hears what there is; the log has said so."""
        self.overflow(None)

    def overflow(self, onGap: Callable[[Gap], object] | None) -> None:
        """Let a listener miss an event, and see that it hears the others."""
        source = self.source(onGap)
        source.fire(MAX_WAITING + 2)
        self.worker.endAll()
        self.assertEqual(self.worker.heard, [1, *range(3, MAX_WAITING + 3)])


class StopTests(SynchronousTestCase):
    """After a listener was removed."""

    def setUp(self) -> None:
        """A slow listener and a source of events."""
        self.worker = Worker()
        self.delivery = Delivery(self.worker.listen, self.worker.told.append)
        self.source = Source(self.delivery)

    def test_plain(self) -> None:
        """It is not called any more."""
        heard: list[int] = []
        delivery = Delivery(lambda info, data: heard.append(info.seq))
        source = Source(delivery)
        source.fire()
        delivery.stop()
        source.fire()
        self.assertEqual(heard, [1])

    def test_withEventsWaiting(self) -> None:
        """Neither with what waited for it, nor with gaps; what is at work may end."""
        self.source.fire(MAX_WAITING + 5)
        self.delivery.stop()
        self.worker.endAll()
        self.source.fire()
        self.delivery.missed(Gap("dev1", None, 1, 1, 1, None, "link"))
        self.assertEqual(self.worker.told, [1])

    def test_atWork(self) -> None:
        """It may stop itself while at work."""

        async def listen(info: EventInfo, data: Any) -> None:
            delivery.stop()
            await self.worker.listen(info, data)

        delivery = Delivery(listen)
        source = Source(delivery)
        source.fire(3)
        self.worker.endAll()
        source.fire()
        self.assertEqual(self.worker.told, [1])

    def test_inTurn(self) -> None:
        """It may stop itself in a call that had to wait."""
        heard: list[int] = []

        def listen(info: EventInfo, data: Any) -> Deferred[None] | None:
            heard.append(info.seq)
            if info.seq == 1:
                self.worker.work.append(Deferred())
                return self.worker.work[0]
            delivery.stop()
            return None

        delivery = Delivery(listen)
        source = Source(delivery)
        source.fire(4)
        self.worker.end()
        source.fire()
        self.assertEqual(heard, [1, 2])

    def test_byOnGap(self) -> None:
        """Told of one gap it may stop: it is not told of the next, and hears nothing more."""
        told: list[str] = []

        def onGap(gap: Gap) -> None:
            told.append(gap.sender)
            delivery.stop()

        delivery = Delivery(self.worker.listen, onGap)
        dev1, dev2 = Source(delivery, "dev1"), Source(delivery, "dev2")
        dev1.fire(2)
        dev2.fire(MAX_WAITING + 1)
        self.worker.endAll()
        self.assertEqual((told, self.worker.heard), (["dev1"], [1]))


class DescribeTests(SynchronousTestCase):
    """L{describe}."""

    def test_names(self) -> None:
        """Functions and methods by their full name, others as they show themselves."""
        self.assertEqual(describe(succeed), "twisted.internet.defer.succeed")
        self.assertEqual(describe(Worker().listen), f"{__name__}.Worker.listen")
        self.assertIn("partial", describe(partial(succeed, None)))
