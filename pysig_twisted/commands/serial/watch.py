"""
One device of whatever bridge, as it comes, speaks, and goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred

from ...core.info import EventInfo, Gap
from ...errors import (
    Busy,
    LinkLost,
    NoSuchSender,
    NotConnected,
    PysigError,
    RequestTimeout,
    SenderGone,
)
from ...names import ANY, CONNECT, DISCONNECT
from ..failing import describe
from ..output import eventRecord
from .states import States, Tell
from .view import RAW, STATS, askedRecord

TAP: Final = "tap"
COUNTERS: Final = "stats"
"""
Requests that a device answers: fire its bytes for a while, and its counters.
"""

TAPPED: Final = 30.0
RENEWED: Final = 20.0
AGAIN: Final = 1.0
"""
Seconds for which its bytes are asked for, after which that is done anew, and until it
is tried again where that could not be done.
"""

PATIENCE: Final = 5.0
LAST: Final = 1.0
"""
Seconds that a device has for an answer, and for the answer to the last question.
"""


class Monitor:
    """
    Tells, as records, what happens to a device: what it fires, and what bridges tell of
    it (L{States<pysig_twisted.commands.serial.states.States>}).

    @ivar ended: fires when as many events were told as should be.
    """

    def __init__(
        self,
        router: Any,
        name: str,
        tell: Tell,
        note: Callable[[str], object],
        clock: Any,
        *,
        raw: bool = False,
        every: float | None = None,
        count: int | None = None,
        onGap: Callable[[Gap], object] | None = None,
    ) -> None:
        """
        @param router: any router.
        @param name: the device's.
        @param tell: called with each record; may return a Deferred that fires when there is
            room for more.
        @param note: called with a sentence where something cannot be told.
        @param clock: monotonic time, an C{IReactorTime}.
        @param raw: tell the bytes of the line, too.
        @param every: seconds between two looks at the counters.
        @param count: how many events of the device to tell; C{None} for no end.
        @param onGap: told which events of the device were missed.
        """
        self.ended: Deferred[None] = Deferred()
        self._router = router
        self._name = name
        self._tell = tell
        self._note = note
        self._clock = clock
        self._isRaw = raw
        self._every = every
        self._left = count
        self._isHere = False
        self._isClosed = False
        self._noted: set[str] = set()
        self._counters: dict[str, Any] | None = None
        self._timers: dict[str, Any] = {}
        self._states = States(router, name, self._say, self._mention)
        self._subscription = router.addListener(self._heard, name, ANY, snapshot=True, onGap=onGap)

    async def settle(self) -> None:
        """
        Wait until who is there has been told.

        @raise PysigError: the router refuses.
        """
        await self._subscription.whenSettled()
        await self._states.settle()
        if self._every is not None:
            self._later(COUNTERS, self._every, self._count)

    async def close(self) -> None:
        """
        Tell the newest counters that are to be had, and nothing after that. Where there
        are none, that is noted.
        """
        self._isClosed = True
        for key in tuple(self._timers):
            self._drop(key)
        why = "it is not there"
        if self._isHere:
            try:
                data = await self._ask(COUNTERS, None, LAST)
                self._counters = askedRecord(self._name, STATS, data)
            except PysigError as error:
                why = describe(error).rstrip(". ")
        if self._counters is not None:
            self._tell(self._counters)
        else:
            self._note(f"the counters of {self._name} are not known: {why}")

    def _heard(self, info: EventInfo, data: Any) -> Deferred[None] | None:
        """
        The device has come, gone, or fired something.
        """
        if info.event == STATS:
            self._counters = eventRecord(info, data)
            return None
        if info.event == RAW and not self._isRaw:
            return None  # somebody else has asked for it
        waiting = self._say(eventRecord(info, data))
        if info.event == CONNECT:
            self._isHere = True
            if self._isRaw:
                self._later(TAP, 0, self._tap)
        elif info.event == DISCONNECT:
            self._isHere = False
            self._drop(TAP)
        elif info.event != RAW and self._left:
            self._left -= 1
            if not self._left:
                self._isClosed = True
                self.ended.callback(None)
        return waiting

    def _tap(self) -> None:
        """
        Ask the device for its bytes.
        """
        self._ask(TAP, {"seconds": TAPPED}).addCallbacks(
            lambda _: self._later(TAP, RENEWED, self._tap),
            lambda failure: self._refused(failure, "bytes", TAP),
        )

    def _count(self) -> None:
        """
        Look at the counters.
        """
        assert self._every is not None
        self._later(COUNTERS, self._every, self._count)
        if self._isHere:
            self._ask(COUNTERS).addCallbacks(
                self._counted, lambda failure: self._refused(failure, "counters")
            )

    def _counted(self, data: Any) -> None:
        """
        The counters are there.
        """
        self._counters = askedRecord(self._name, STATS, data)
        self._say(self._counters)

    def _refused(self, failure: Any, what: str, key: str = "") -> None:
        """
        The device has not answered.

        @param what: was asked for.
        @param key: C{TAP} if that is to be tried again where it may succeed soon.
        """
        failure.trap(PysigError)
        if failure.check(Busy, LinkLost, NotConnected, RequestTimeout):
            if key:
                self._later(key, AGAIN, self._tap)
        elif not failure.check(NoSuchSender, SenderGone) and what not in self._noted:
            self._noted.add(what)
            why = describe(failure.value).rstrip(". ")
            self._mention(f"the {what} of {self._name} cannot be had: {why}")

    def _ask(self, method: str, params: Any = None, timeout: float = PATIENCE) -> Deferred[Any]:
        """
        Ask the device.
        """
        asking: Deferred[Any] = self._router.request(self._name, method, params, timeout=timeout)
        return asking

    def _say(self, record: Mapping[str, Any]) -> Deferred[None] | None:
        """
        Tell this, unless all has been told.
        """
        return None if self._isClosed else self._tell(record)

    def _mention(self, text: str) -> None:
        """
        Note this, unless all has been told.
        """
        if not self._isClosed:
            self._note(text)

    def _later(self, key: str, delay: float, call: Callable[[], None]) -> None:
        """
        Call this later, instead of what was to be called before for this key.
        """
        self._drop(key)
        if not self._isClosed:
            self._timers[key] = self._clock.callLater(delay, self._due, key, call)

    def _due(self, key: str, call: Callable[[], None]) -> None:
        """
        It is time.
        """
        del self._timers[key]
        call()

    def _drop(self, key: str) -> None:
        """
        Do not call this.
        """
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
