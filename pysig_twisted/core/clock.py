"""
Where deadlines come from: one timer for any number of them.

Deadlines run on a clock that nobody can set. A reactor's timers may run on
the wall clock, which jumps when a machine learns the time from the network;
so the timer here looks at the monotonic clock when it fires and waits on if it
was woken early, and one that is overdue because the wall clock was set back is
set anew by the next deadline that comes in. (C{twistd pysig} puts the whole
reactor on the monotonic clock, and has neither problem.)
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from math import ceil
from typing import Any, Final, Protocol

from twisted.logger import Logger


class ITimer(Protocol):
    """
    What C{callLater} returns.
    """

    def cancel(self) -> None:
        """
        Do not call.
        """


class Clock:
    """
    A monotonic time and a way to be called later.

    @ivar now: the time in seconds, from any origin; it never goes back.
    @ivar callLater: the reactor's.
    """

    __slots__ = ("callLater", "now")

    def __init__(self, callLater: Callable[..., Any], now: Callable[[], float]) -> None:
        """
        @param callLater: as in C{IReactorTime}.
        @param now: the monotonic time, in seconds.
        """
        self.callLater = callLater
        self.now = now


def clockOf(reactor: Any = None) -> Clock:
    """
    The clock to use with a reactor.

    @param reactor: a reactor, whose timers are used together with
        C{time.monotonic}; or a clock for tests such as C{task.Clock}, whose own
        time is the only one; or C{None} for the running program's reactor. That
        one is looked up here, so that importing this package installs none.
    """
    from twisted.internet.base import ReactorBase

    if reactor is None:
        from twisted.internet import reactor
    isReal = isinstance(reactor, ReactorBase)
    return Clock(reactor.callLater, time.monotonic if isReal else reactor.seconds)


class Deadlines:
    """
    Calls to be made at a time, most of which are dropped before it comes.

    Adding and dropping take the same small time however many wait, because
    deadlines that end within the same L{GRAIN} share one bucket, and only
    buckets are sorted. A call is never made early, and at most one grain late
    (plus what the reactor itself is late). One that raises is logged, and the
    others are made.

    While nothing waits, nothing is scheduled with the reactor.

    @cvar GRAIN: in seconds.
    @cvar OVERDUE: so many grains late, a timer is set anew.
    @cvar ROUNDING: so many grains (2 microseconds) are taken for the rounding
        of floats: a timer that is woken so little early need not wait again.
    """

    log = Logger()

    GRAIN: Final = 0.02
    OVERDUE: Final = 50
    ROUNDING: Final = 1e-4

    def __init__(self, clock: Clock) -> None:
        """
        @param clock: what gives the time and wakes us.
        """
        self._clock = clock
        self._buckets: dict[int, dict[object, Callable[[], object]]] = {}
        self._order: list[int] = []
        self._timer: ITimer | None = None
        self._timerFor = 0
        self._size = 0

    def __len__(self) -> int:
        """
        How many wait.
        """
        return self._size

    def add(self, delay: float, key: object, call: Callable[[], object]) -> int:
        """
        Make C{call} in C{delay} seconds, unless it is dropped.

        @param key: what L{drop} will name it by; unique among those waiting.
        @return: the bucket, which L{drop} needs too.
        """
        now = self._clock.now() / self.GRAIN
        bucket = ceil(now + delay / self.GRAIN - self.ROUNDING)
        waiting = self._buckets.get(bucket)
        if waiting is None:
            waiting = self._buckets[bucket] = {}
            heapq.heappush(self._order, bucket)
        waiting[key] = call
        self._size += 1
        if self._timer is None or bucket < self._timerFor or self._timerFor < now - self.OVERDUE:
            self._arm()
        return bucket

    def check(self) -> None:
        """
        Set an overdue timer anew. Whoever hears from the outside calls this, so
        that a wall clock set back stops nothing for longer than until then.
        """
        if self._timer is not None:
            now = self._clock.now() / self.GRAIN
            if self._timerFor < now - self.OVERDUE:
                self._arm()

    def drop(self, bucket: int, key: object) -> None:
        """
        Do not make this call. One that was made, or dropped, is let pass.
        """
        waiting = self._buckets.get(bucket)
        if waiting is not None and waiting.pop(key, None) is not None:
            self._size -= 1
            if not self._size:
                self.stop()

    def stop(self) -> None:
        """
        Drop all of them.
        """
        self._buckets.clear()
        self._order.clear()
        self._size = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        """
        Be woken for the first bucket.
        """
        if self._timer is not None:
            self._timer.cancel()
        self._timerFor = self._order[0]
        at = (self._timerFor - self.ROUNDING / 2) * self.GRAIN
        delay = max(0.0, at - self._clock.now())
        self._timer = self._clock.callLater(delay, self._wake)

    def _wake(self) -> None:
        """
        Make the calls that are due, and be woken for the next ones.

        What a call adds, drops or stops takes effect at once, also within the
        bucket that is being emptied.
        """
        self._timer = None
        now = self._clock.now() / self.GRAIN + self.ROUNDING
        while self._order and self._order[0] <= now:
            bucket = self._order[0]
            while waiting := self._buckets.get(bucket):
                call = waiting.pop(next(iter(waiting)))
                self._size -= 1
                try:
                    call()
                except KeyboardInterrupt:
                    raise
                except BaseException:
                    self.log.failure("a call at its deadline raised")
            if self._buckets.pop(bucket, None) is not None:
                heapq.heappop(self._order)
        while self._order and not self._buckets[self._order[0]]:
            del self._buckets[heapq.heappop(self._order)]
        if self._order and self._timer is None:
            self._arm()
