"""
The near end of a connection in the tests of carriers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure


class NearEnd(Protocol):
    """
    A connection to the contract's server.

    @ivar received: what has come.
    @ivar reads: in how many pieces.
    @ivar ends: how often we were told that it is over.
    @ivar fault: what the carrier did that none may.
    """

    transport: Any

    def __init__(self) -> None:
        """
        Nothing has come.
        """
        self.received = bytearray()
        self.reads = 0
        self.ends = 0
        self.fault = ""
        self._isWriting = False
        self._waiting: list[tuple[Callable[[], bool], Deferred[None]]] = []

    def write(self, data: bytes) -> None:
        """
        Send this.
        """
        self._isWriting = True
        self.transport.write(data)
        self._isWriting = False

    def dataReceived(self, data: bytes) -> None:
        """
        Bytes came in.
        """
        if type(data) is not bytes:
            self.fault = f"dataReceived() got {type(data).__name__}, not bytes"
        if self._isWriting:
            self.fault = "dataReceived() was called while write() was"
        if self.ends:
            self.fault = "dataReceived() was called after connectionLost()"
        self.received += data
        self.reads += 1
        self._look()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The carrier is gone.
        """
        self.ends += 1
        if self.ends > 1:
            self.fault = "connectionLost() was called twice"
        self._look()

    def until(self, condition: Callable[[], bool]) -> Deferred[None]:
        """
        A new Deferred that fires when the condition is true; it is looked at when
        something happens.
        """
        deferred: Deferred[None] = Deferred()
        self._waiting.append((condition, deferred))
        self._look()
        return deferred

    def _look(self) -> None:
        """
        Tell those whose conditions are true.
        """
        waiting, self._waiting = self._waiting, []
        for condition, deferred in waiting:
            if deferred.called:
                continue
            if condition():
                deferred.callback(None)
            else:
                self._waiting.append((condition, deferred))
