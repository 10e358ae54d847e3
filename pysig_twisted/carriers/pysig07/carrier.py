"""
Transports that speak version 1 at our end, and pysig 0.7.3 at the other.

A connection has one of these in place of a real transport. What is written to it becomes messages
of 0.7.3, which go out one at a time; while some wait, whoever writes is paused. What the peer says
comes out as frames of version 1.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from twisted.internet.interfaces import IConsumer, IPushProducer, ITransport
from zope.interface import implementer

from ...core.clock import Clock
from ...wire.messages import HIGHEST_MAX_FRAME
from ...wire.version1 import Reader

KEEP_ALIVE: Final = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 6))
"""
After how many seconds of silence a system asks whether the other one is there, how often, and how
many times: a dead one is found within 45 seconds, as one of version 1 is.
"""

QUICK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)


@implementer(ITransport, IConsumer, IPushProducer)
class OldCarrier(ABC):
    """
    See the module.
    """

    def __init__(self, transports: Sequence[Any], clock: Clock) -> None:
        """
        @param transports: the real ones.
        """
        self._transports = transports
        self._clock = clock
        self._frames = Reader(HIGHEST_MAX_FRAME)
        self._producer: Any = None
        self._isPaused = False
        self._isOver = False

    @property
    @abstractmethod
    def _waiting(self) -> int:
        """
        How many messages wait to be said to the peer.
        """

    @abstractmethod
    def _told(self, message: Any) -> None:
        """
        Our end says this.
        """

    def write(self, data: bytes) -> None:
        """
        See C{ITransport}: whole frames, or pieces of them.
        """
        for message in self._frames.feed(data):
            if not self._isOver:
                self._told(message)
        if self._waiting and self._producer is not None and not self._isPaused:
            self._isPaused = True
            self._producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """
        See C{ITransport}.
        """
        self.write(b"".join(data))

    def _drained(self) -> None:
        """
        The last message that waited is being said.
        """
        if self._isPaused:
            # Not at once: it may be in the middle of being told more.
            self._clock.callLater(0, self._resume)

    def _resume(self) -> None:
        """
        More can be written.
        """
        if self._isPaused and not (self._waiting or self._isOver):
            self._isPaused = False
            if self._producer is not None:
                self._producer.resumeProducing()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        See C{IConsumer}.
        """
        self._producer = producer

    def unregisterProducer(self) -> None:
        """
        See C{IConsumer}.
        """
        self._producer = None

    def loseConnection(self) -> None:
        """
        See C{ITransport}.
        """
        for transport in self._transports:
            transport.loseConnection()

    def abortConnection(self) -> None:
        """
        See C{ITCPTransport}.
        """
        for transport in self._transports:
            getattr(transport, "abortConnection", transport.loseConnection)()

    def getPeer(self) -> Any:
        """
        See C{ITransport}.
        """
        return self._transports[0].getPeer()

    def getHost(self) -> Any:
        """
        See C{ITransport}.
        """
        return self._transports[0].getHost()

    def pauseProducing(self) -> None:
        """
        See C{IPushProducer}: read nothing.
        """
        for transport in self._transports:
            transport.pauseProducing()

    def resumeProducing(self) -> None:
        """
        See C{IPushProducer}.
        """
        for transport in self._transports:
            transport.resumeProducing()

    def stopProducing(self) -> None:
        """
        See C{IPushProducer}.
        """
        self.loseConnection()


def acknowledge(transport: Any) -> None:
    """
    Have the operating system say at once that what came was received, where it can (Linux). Old
    peers use Nagle's algorithm: while something of theirs was not acknowledged they send nothing
    more, and the system they wait for waits, too, up to 40 ms, for something to send along.
    """
    if QUICK is not None:
        with suppress(AttributeError, OSError):
            transport.getHandle().setsockopt(socket.IPPROTO_TCP, QUICK, 1)


def keepAlive(transport: Any) -> None:
    """
    Have the operating system find out when the other side is dead, which old peers are not asked.
    """
    with suppress(AttributeError, OSError):
        transport.setTcpKeepAlive(True)
        handle = transport.getHandle()
        for name, value in KEEP_ALIVE:
            if hasattr(socket, name):
                handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
