"""
Calling one listener: in order, one at a time, and never at others' cost.

  - A listener that raises is logged with its traceback; the others still run.
  - A listener that returns a coroutine or a Deferred is not called again until
    that has ended. Events that come meanwhile wait, L{MAX_WAITING} at most; beyond
    that the oldest are dropped, and the listener's C{onGap} is told which, before
    the next event it hears.
  - A removed listener is not called any more, whatever still waits for it.

Routers call C{delivery.call(info, data)} and hand what it returns, unless it
is C{None}, to L{Delivery.returned}. C{call} is the user's own function as long
as nothing runs, so that the usual case costs one attribute.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from inspect import (
    CO_ASYNC_GENERATOR,
    CO_GENERATOR,
    isasyncgenfunction,
    iscoroutine,
    isgeneratorfunction,
)
from types import CodeType
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.reflect import safe_repr

from ..errors import BadRequest
from .gaps import Gaps
from .info import EventInfo, Gap

Listener = Callable[[EventInfo, Any], object]
"""
What users give to C{addListener}: called with the event's info and its data.
"""

MAX_WAITING: Final = 1000

NONE: Final[deque[tuple[EventInfo, Any] | Gap]] = deque(maxlen=0)
"""
What waits for a listener that nothing has ever waited for: there may be very many
listeners, and a deque takes 600 bytes.
"""


def describe(function: object) -> str:
    """
    How log lines name a listener or a handler.
    """
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None)
    return f"{module}.{name}" if module and name else safe_repr(function)


class Delivery:
    """
    The calls of one subscription's listener.

    @ivar call: what to call with an event.
    """

    log = Logger()

    __slots__ = (
        "_concurrency",
        "_draining",
        "_gaps",
        "_listener",
        "_onGap",
        "_removed",
        "_running",
        "_waiting",
        "call",
    )

    def __init__(
        self,
        listener: Listener,
        onGap: Callable[[Gap], object] | None = None,
        concurrency: int = 1,
    ) -> None:
        """
        @param listener: the user's function.
        @param onGap: told what the listener missed.
        @param concurrency: how many of its awaitables may run at once.
        @raise BadRequest: the listener can never run.
        """
        refuseGenerator(listener, "listener")
        if onGap is not None:
            refuseGenerator(onGap, "onGap")
        self.call: Listener = listener
        self._listener = listener
        self._onGap = onGap
        self._concurrency = concurrency
        self._running = 0
        self._draining = False
        self._removed = False
        # Events, and gaps in their places among them.
        self._waiting = NONE
        # What was dropped, to be told before the next event.
        self._gaps: Gaps | None = None

    def returned(self, result: object) -> None:
        """
        The listener returned something other than C{None}: if it can be
        awaited, hold further events back until it has ended.
        """
        if not (iscoroutine(result) or isinstance(result, Deferred)):
            return
        self._running += 1
        if self._running >= self._concurrency and not self._removed:
            self.call = self._wait
        # A coroutine runs from here on; what it triggers meets the state above.
        _deferred(result).addErrback(self._failed).addBoth(self._ended)

    def failed(self) -> None:
        """
        The listener raised the exception that is being handled: log it.
        """
        self._failed(Failure())

    def missed(self, gap: Gap) -> None:
        """
        Tell the listener of a gap, after the events that wait.
        """
        if self._waiting:
            self._hold(gap)
        else:
            self._tell(gap)

    def stop(self) -> None:
        """
        The subscription was removed: call no more, forget what waits.
        """
        self._removed = True
        self.call = _ignore
        self._waiting = NONE
        self._gaps = None

    def _wait(self, info: EventInfo, data: Any) -> None:
        """
        Hold an event back while the listener is at work.
        """
        self._hold((info, data))

    def _hold(self, item: tuple[EventInfo, Any] | Gap) -> None:
        """
        Let an event or a gap wait, and drop the oldest if that is one too many.
        """
        waiting = self._waiting
        if waiting is NONE:
            waiting = self._waiting = deque()
        waiting.append(item)
        if len(waiting) > MAX_WAITING:
            self._drop(waiting.popleft())

    def _drop(self, oldest: tuple[EventInfo, Any] | Gap) -> None:
        """
        Note what the listener will not hear in its place.
        """
        if isinstance(oldest, Gap):
            self._missedGaps().add(oldest)
            return
        info = oldest[0]
        gap = Gap(info.sender, None, info.seq, info.seq, 1, (info.event,), "listener-slow")
        if self._missedGaps().add(gap):
            self.log.warn(
                "listener {listener} is slow: more than {limit} events wait;"
                " the oldest of {sender} are dropped",
                listener=describe(self._listener),
                limit=MAX_WAITING,
                sender=info.sender,
            )

    def _missedGaps(self) -> Gaps:
        """
        What was dropped; most listeners never need it.
        """
        if self._gaps is None:
            self._gaps = Gaps()
        return self._gaps

    def _failed(self, failure: Failure) -> None:
        """
        Log what the listener raised.
        """
        self.log.failure("listener {listener} raised", failure, listener=describe(self._listener))

    def _ended(self, _: object) -> None:
        """
        An awaitable has ended: go on with what waits.
        """
        self._running -= 1
        if not self._removed and not self._draining:
            self._drain()

    def _drain(self) -> None:
        """
        Call the listener with what waits, until it is at work again.

        A listener whose awaitables end at once is called from this loop,
        however many events wait, and never from within itself.
        """
        self._draining = True
        try:
            self._drainAll()
        finally:
            self._draining = False
        if self._running < self._concurrency and not self._removed:
            self.call = self._listener

    def _drainAll(self) -> None:
        """
        See L{_drain}.
        """
        while self._waiting and self._running < self._concurrency:
            for gap in () if self._gaps is None else self._gaps.take():
                self._tell(gap)
            if not self._waiting:
                break
            next_ = self._waiting.popleft()
            if isinstance(next_, Gap):
                self._tell(next_)
                continue
            try:
                result = self._listener(*next_)
            except BaseException:  # it would end in the Deferred that has ended
                self.failed()
            else:
                if result is not None:
                    self.returned(result)

    def _tell(self, gap: Gap) -> None:
        """
        Call C{onGap}.
        """
        if self._onGap is None or self._removed:
            return
        try:
            result = self._onGap(gap)
        except BaseException:
            self.failed()
        else:
            if iscoroutine(result) or isinstance(result, Deferred):
                _deferred(result).addErrback(self._failed)


def refuseGenerator(function: object, what: str) -> None:
    """
    Refuse a function that has a C{yield} in it: calling it would do nothing.

    @param what: what it is to be.
    @raise BadRequest: it is one.
    """
    code = getattr(function, "__code__", None)
    if isinstance(code, CodeType):  # as of functions and methods, which most are
        isGenerator = bool(code.co_flags & (CO_GENERATOR | CO_ASYNC_GENERATOR))
    else:
        isGenerator = isgeneratorfunction(function) or isasyncgenfunction(function)
    if isGenerator:
        raise BadRequest(
            f"{what} {describe(function)} has a yield in it, so calling it does nothing;"
            " make it a coroutine function, or give it @inlineCallbacks"
        )


def _ignore(info: EventInfo, data: Any) -> None:
    """
    What is called in place of a listener that was removed.
    """


def _deferred(awaitable: Any) -> Deferred[Any]:
    """
    The end of a coroutine, which is started, or of a Deferred.
    """
    if isinstance(awaitable, Deferred):
        return awaitable
    return Deferred.fromCoroutine(awaitable)
