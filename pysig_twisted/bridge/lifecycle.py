"""
When a device is there, and why it is not.

A device is there (it is a sender, and C{#connect} was told) when its port is open,
has had time to settle, and it has said that it is ready, as far as these are asked
for. It ends with a reason: its port is gone (C{unplugged}), it said that it has
started anew (C{reset}), it has said nothing good for too long (C{silent}), or the
one who runs it stops that (C{closed}).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Final

CLOSED: Final = "closed"
RESET: Final = "reset"
SILENT: Final = "silent"
UNPLUGGED: Final = "unplugged"
REFUSED: Final = "refused"

APART: Final = 1.0
"""
Seconds between two lives of a device that says that it has started anew, at least.
"""


class State(Enum):
    """
    What a device is doing.
    """

    STOPPED = "stopped"
    """
    Nobody wants it.
    """

    WAITING = "waiting"
    """
    Its port cannot be opened, or is not there.
    """

    SETTLING = "settling"
    """
    Its port was opened a moment ago.
    """

    STARTING = "starting"
    """
    It has not said yet that it is ready.
    """

    UP = "up"
    """
    It is a sender.
    """

    SILENT = "silent"
    """
    Its port is open, and it says nothing.
    """


class Lifecycle:
    """
    See the module. Times are monotonic, in seconds.

    @ivar state: what the device is doing.
    @ivar reason: where that is waiting, why, in a word: C{missing}, C{busy},
        C{denied}, C{config}, C{unplugged}, or of an endpoint C{unreachable}. Where the
        device is open, what is wrong nevertheless: C{refused}, the router does not give
        it its name; C{noise}, what it says is none.
    @ivar message: the same as a sentence.
    @ivar boot: how often its port was opened, or it has started anew.
    @ivar due: when L{expire} is to be called; C{None} where time changes nothing.
    """

    def __init__(
        self,
        connect: Callable[[], object],
        disconnect: Callable[[str], object],
        changed: Callable[[], object],
        *,
        settle: float = 0.0,
        ready: re.Pattern[str] | None = None,
        reset: re.Pattern[str] | None = None,
        silence: float | None = None,
    ) -> None:
        """
        @param connect: called when the device is there.
        @param disconnect: called with the reason when it is there no more.
        @param changed: called when C{state}, C{reason} or C{message} have changed.
        @param settle: seconds after opening before the device is there.
        @param ready: found in what it says when it is ready.
        @param reset: found in what it says when it has started anew.
        @param silence: seconds without a good frame after which it is not there.
        """
        self._connect = connect
        self._disconnect = disconnect
        self._changed = changed
        self._settle = settle
        self._ready = ready
        self._reset = reset
        self._silence = silence
        self._isReady = False
        # When the settling ends, or when a good frame was heard last.
        self._time = 0.0
        self._since = 0.0
        self.state = State.STOPPED
        self.reason: str | None = None
        self.message = ""
        self.boot = 0

    @property
    def isOpen(self) -> bool:
        """
        Is the port open?
        """
        return self.state not in (State.STOPPED, State.WAITING)

    @property
    def due(self) -> float | None:
        """
        See the class.
        """
        if self.state is State.SETTLING:
            return self._time
        if self.state is State.UP and self._silence is not None:
            return self._time + self._silence
        return None

    def wait(self, reason: str, message: str) -> None:
        """
        The port cannot be opened.
        """
        if (self.state, self.reason, self.message) != (State.WAITING, reason, message):
            self._go(State.WAITING, reason, message)

    def opened(self, now: float) -> None:
        """
        The port is open.
        """
        self.boot += 1
        self._isReady = self._ready is None
        self._time = now + self._settle
        if self._settle:
            self._go(State.SETTLING)
        else:
            self._settled(now)

    def closed(self, reason: str, message: str) -> None:
        """
        The port is open no more, not by our doing.
        """
        self._leave(reason)
        self._go(State.WAITING, reason, message)

    def note(self, reason: str | None, message: str) -> None:
        """
        Something is wrong with a device that is open; or with C{None}, nothing any more.
        """
        if self.isOpen and (self.reason, self.message) != (reason, message):
            self._go(self.state, reason, message)

    def stop(self) -> None:
        """
        Nobody wants the device any more.
        """
        self._leave(CLOSED)
        if self.state is not State.STOPPED:
            self._go(State.STOPPED)

    def said(self, text: str, now: float, isGood: bool = True) -> None:
        """
        The device has said something.

        @param isGood: is it a frame? Else it is noise, which may still hold what tells
            that the device has started.
        """
        if self.state in (State.UP, State.SILENT) and _isIn(self._reset, text):
            self.boot += 1
            if now - self._since >= APART:
                self._isReady = self._ready is None
                self._leave(RESET)
                self._go(State.STARTING)
        self._isReady = self._isReady or _isIn(self._ready, text)
        if self.state is State.UP:
            if isGood:
                self._time = now
        elif (self.state is State.STARTING and self._isReady) or (
            self.state is State.SILENT and isGood
        ):
            self._up(now)

    def expire(self, now: float) -> None:
        """
        Time has passed.
        """
        due = self.due
        if due is None or now < due:
            return
        if self.state is State.UP:
            self._leave(SILENT)
            self._go(State.SILENT)
        else:
            self._settled(now)

    def _settled(self, now: float) -> None:
        """
        The port was open for long enough.
        """
        if self._isReady:
            self._up(now)
        else:
            self._go(State.STARTING)

    def _up(self, now: float) -> None:
        """
        The device is there.
        """
        self._time = self._since = now
        self._go(State.UP)
        if self.state is State.UP:  # nobody who was told has stopped it
            self._connect()

    def _leave(self, reason: str) -> None:
        """
        The device is there no more, if it was.
        """
        if self.state is State.UP:
            self._disconnect(reason)

    def _go(self, state: State, reason: str | None = None, message: str = "") -> None:
        """
        Go to another state.
        """
        self.state, self.reason, self.message = state, reason, message
        self._changed()


def _isIn(pattern: re.Pattern[str] | None, text: str) -> bool:
    """
    Is this found there?
    """
    return pattern is not None and pattern.search(text) is not None
