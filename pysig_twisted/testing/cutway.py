"""
One direction of a connection whose bytes can be held, slowed down, changed and
lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

STEP: Final = 0.05
"""
Seconds for which bytes go together on a slow link.
"""


class Way:
    """
    One direction of a connection.

    @ivar waiting: what was sent and not carried yet.
    @ivar isHeld: is nothing to be carried?
    @ivar isReading: does the receiving side read?
    @ivar corruptIn: how many bytes go before the one that is to be changed.
    @ivar cutIn: how many bytes go before the connection is cut.
    """

    def __init__(
        self,
        callLater: Callable[..., Any],
        rate: Callable[[], float | None],
        deliver: Callable[[bytes], object],
        carried: Callable[[], object],
        cut: Callable[[], object],
    ) -> None:
        """
        @param callLater: the reactor's.
        @param rate: how many bytes are carried in a second; C{None} for all.
        @param deliver: takes what is carried.
        @param carried: called when all that waited was carried.
        @param cut: called when so many bytes went as were to go before a cut.
        """
        self.waiting = bytearray()
        self.isHeld = False
        self.isReading = True
        self.corruptIn: int | None = None
        self.cutIn: int | None = None
        self._callLater = callLater
        self._rate = rate
        self._deliver = deliver
        self._carried = carried
        self._cut = cut
        self._timer: Any = None
        self._isCarrying = False

    @property
    def isFree(self) -> bool:
        """
        Can there be something to carry now?
        """
        return self.isReading and not self.isHeld

    def send(self, data: bytes) -> None:
        """
        Carry this in its turn.
        """
        self.waiting += data
        self.carry()

    def carry(self) -> None:
        """
        Carry what may be carried now, and see to the rest of it.
        """
        if self._isCarrying:
            return
        self._isCarrying = True
        try:
            while self.waiting and self.isFree:
                rate = self._rate()
                if rate is not None:
                    self._wait(rate)
                    break
                self._stopWaiting()
                self._pass(len(self.waiting))
        finally:
            self._isCarrying = False
        if self.isFree and not self.waiting:
            self._carried()

    def stop(self) -> None:
        """
        Forget what waits.
        """
        self.waiting.clear()
        self._stopWaiting()

    def _wait(self, rate: float) -> None:
        """
        Carry the next bytes when it is their time.
        """
        if self._timer is None:
            size = min(len(self.waiting), max(1, int(rate * STEP)))
            self._timer = self._callLater(size / rate, self._due, size)

    def _stopWaiting(self) -> None:
        """
        Wait for no time.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self, size: int) -> None:
        """
        It is time for these bytes.
        """
        self._timer = None
        if self.isFree:
            self._isCarrying = True
            try:
                self._pass(size)
            finally:
                self._isCarrying = False
            self.carry()

    def _pass(self, size: int) -> None:
        """
        Carry bytes, as they are or not.
        """
        data = self.waiting[:size]
        del self.waiting[:size]
        if self.corruptIn is not None:
            if self.corruptIn < len(data):
                data[self.corruptIn] ^= 0xFF
                self.corruptIn = None
            else:
                self.corruptIn -= len(data)
        isCut = False
        if self.cutIn is not None:
            isCut = self.cutIn <= len(data)
            if isCut:
                del data[self.cutIn :]
                self.waiting.clear()
                self.isHeld = True
            else:
                self.cutIn -= len(data)
        if data:
            self._deliver(bytes(data))
        if isCut:
            self._cut()
