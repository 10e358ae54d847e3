"""
Firing numbered events: so many a second, or as fast as the router takes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import ensureDeferred
from twisted.internet.task import LoopingCall

from pysig_twisted import PysigError

TICK = 0.005
"""Seconds between two handfuls of events that are fired so many a second."""

HANDFUL = 64
"""Events that are fired without looking whether there is room for more."""

EVENT = "tick"
SHORT = 10_000_000
"""Numbers below this have the same width, and so have their events."""


def payload(number: int, size: int) -> Any:
    """
    The data of an event.

    @param size: bytes of JSON.
    """
    return [SHORT + number, "." * max(0, size - 13)]


def numberOf(data: Any) -> int:
    """The number of an event."""
    return int(data[0]) - SHORT


class Publishing:
    """
    Fires the events of one sender. The number of each is its C{seq}.

    @ivar fired: how many it has fired.
    @ivar isDone: has it fired all that it should?
    @ivar seconds: how long it has taken so far.
    """

    def __init__(self, router: Any, sender: Any, size: int = 24) -> None:
        self._router = router
        self._sender = sender
        self._pad = payload(0, size)[1]
        self._fire: Callable[[Any], object] = sender.getSignal(EVENT).trigger
        self._loop: LoopingCall | None = None
        self._most: int | None = None
        self._rate = 0.0
        self._begin = time.monotonic()
        self._end: float | None = None
        self._before = 0
        self._isStopped = False
        self.fired = 0

    def start(self, rate: float, count: int | None = None) -> None:
        """
        Begin.

        @param rate: events a second; 0 for as many as there is room for.
        @param count: how many more; C{None} for no end.
        """
        self._most = None if count is None else self.fired + count
        self._rate, self._before = rate, self.fired
        self._begin, self._end, self._isStopped = time.monotonic(), None, False
        if rate:
            self._loop = LoopingCall(self._tick)
            self._loop.start(TICK)
        else:
            ensureDeferred(self._run())

    def stop(self) -> int:
        """
        Fire no more.

        @return: how many were fired.
        """
        self._isStopped = True
        if self._loop is not None and self._loop.running:
            self._loop.stop()
        if self._end is None:
            self._end = time.monotonic()
        return self.fired

    @property
    def isDone(self) -> bool:
        """Has it fired all that it should, or was it stopped?"""
        return self._end is not None

    @property
    def seconds(self) -> float:
        """For how long it fired."""
        return (time.monotonic() if self._end is None else self._end) - self._begin

    def _handful(self, count: int) -> None:
        """Fire so many, or what is left."""
        if self._most is not None:
            count = min(count, self._most - self.fired)
        fire, pad = self._fire, self._pad
        for number in range(self.fired + 1, self.fired + count + 1):
            fire([SHORT + number, pad])
        self.fired += count
        if self.fired == self._most:
            self.stop()

    def _tick(self) -> None:
        """Fire what is due."""
        due = int((time.monotonic() - self._begin) * self._rate) - (self.fired - self._before)
        self._handful(due)

    async def _run(self) -> None:
        """Fire as fast as there is room."""
        while not self._isStopped:
            try:
                await self._router.ready()
            except PysigError:
                continue  # the link broke; it waits for the next one
            if not self._isStopped:
                self._handful(HANDFUL)

    def facts(self) -> dict[str, Any]:
        """How far it is."""
        return {"fired": self.fired, "isDone": self.isDone, "seconds": self.seconds}
