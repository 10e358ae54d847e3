"""
Hearing events: are they all there, in order, and how late.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median, quantiles
from typing import Any

from ..workload import FIRST, Plan
from .running import Stretch, ready, say

Heard = Callable[[Any, Any], None]


class Tally:
    """
    What a process of listeners waits for: the events of each sender, on each connection.

    @ivar ended: called once, without an argument when all came, with a text when something is lost.
    """

    def __init__(self, plan: Plan, ended: Callable[[str | None], object]) -> None:
        self.plan = plan
        self._ended = ended
        self._left = plan.connections * plan.senders
        self._late: list[float] = []
        self._stretch = Stretch()
        self._end: float | None = None

    def listening(self) -> None:
        """
        All listeners are there.
        """
        self._stretch = Stretch()
        ready()

    def listener(self, number: int) -> Heard:
        """
        A listener for one sender, on one connection.

        @param number: the sender's, from 0.
        """
        expected, step = FIRST + number, self.plan.senders
        stop = FIRST + self.plan.count

        def heard(info: Any, data: Any) -> None:
            nonlocal expected
            if data["n"] != expected:
                self.lost(f"event {data['n'] - FIRST} came in place of {expected - FIRST}")
            expected += step
            if expected >= stop:
                self._complete()

        if not self.plan.rate:
            return heard

        late, clock = self._late, time.monotonic

        def timed(info: Any, data: Any) -> None:
            late.append(clock() - data["at"])
            heard(info, data)

        return timed

    def lost(self, why: object) -> None:
        """
        An event is missing, or comes twice.
        """
        if self._end is None:
            self._end = time.monotonic()
            say(failed=str(why))
            self._ended(str(why))

    def _complete(self) -> None:
        """
        One listener has heard all.
        """
        self._left -= 1
        if self._left or self._end is not None:
            return
        self._end = time.monotonic()
        result = {"end": self._end, "count": self.plan.count * self.plan.connections}
        if self._late:
            result |= spread(self._late)
        say(cpu=self._stretch.cpu(), **result)
        self._ended(None)


def spread(times: list[float]) -> dict[str, float]:
    """
    The median and the 99.9th percentile of times, in milliseconds.
    """
    highest = quantiles(times, n=1000, method="inclusive")[-1] if len(times) > 1 else times[0]
    return {"median": 1e3 * median(times), "p999": 1e3 * highest}
