"""What the tests of serial lines have in common."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

reactor: Any = installed

DEADLINE = 20.0
"""Seconds in which what a test waits for must happen, on however slow a machine."""


def until(condition: Callable[[], Any], what: Callable[[], object] = str) -> Deferred[Any]:
    """A Deferred that fires with what C{condition()} gives once that is true."""
    done: Deferred[Any] = Deferred()
    end = time.monotonic() + DEADLINE

    def look() -> None:
        result = condition()
        if result:
            done.callback(result)
        elif time.monotonic() > end:
            done.errback(AssertionError(f"it has not come true in {DEADLINE:g} s: {what()}"))
        else:
            reactor.callLater(0.002, look)

    look()
    return done


class Noting(Protocol):
    """
    Keeps what it is told.

    @ivar data: what was received.
    @ivar reason: why it was lost.
    @ivar times: how often it was lost.
    """

    def __init__(self) -> None:
        self.data = b""
        self.reason: Any = None
        self.times = 0

    def dataReceived(self, data: bytes) -> None:
        self.data += data

    def connectionLost(self, reason: Failure | None = None) -> None:
        assert reason is not None
        self.reason = reason.value
        self.times += 1


class NotingFactory(Factory):
    """
    Makes L{Noting}.

    @ivar made: all of them.
    @ivar addresses: what they were made for.
    @ivar isDeclining: make none?
    @ivar starts: how often C{startFactory} was called; negative numbers do not exist.
    """

    protocol = Noting

    def __init__(self) -> None:
        self.made: list[Any] = []
        self.addresses: list[IAddress] = []
        self.isDeclining = False
        self.starts = self.stops = 0

    def startFactory(self) -> None:
        self.starts += 1

    def stopFactory(self) -> None:
        self.stops += 1

    def buildProtocol(self, addr: Any) -> Any:
        if self.isDeclining:
            return None
        self.addresses.append(addr)
        self.made.append(super().buildProtocol(addr))
        return self.made[-1]


class FakeLine:
    """
    In place of an open port: a pipe each way, and a driver that does as the test says.

    @ivar sent: the end of the pipe from which a test reads what was written.
    @ivar isHere: is the device there?
    @ivar pending: bytes that the driver has still to send.
    @ivar discards: how often what was not sent was forgotten.
    @ivar lines: what DTR was switched to.
    """

    def __init__(self) -> None:
        self.sent, self.fd = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self.sent, False)
        self.isHere = True
        self.isClosed = False
        self.pending = self.discards = self.flushes = 0
        self.dtr: list[bool] = []

    def isAlive(self) -> bool:
        return self.isHere

    def unsent(self) -> int:
        return self.pending

    def discard(self) -> None:
        self.discards += 1

    def flushInput(self) -> None:
        self.flushes += 1

    def setDTR(self, value: bool) -> None:
        if not self.isHere:
            raise OSError(25, "no such line")
        self.dtr.append(value)

    def close(self) -> None:
        if not self.isClosed:
            self.isClosed = True
            os.close(self.fd)
            os.close(self.sent)
            self.fd = -1

    def read(self) -> bytes:
        """What was written."""
        try:
            return os.read(self.sent, 65536)
        except BlockingIOError:
            return b""
