"""
Connections in memory.

Nothing happens by itself: L{Connection.carry} moves bytes from one end to the
other, and the end of a connection too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IAddress, IConsumer, IPushProducer, ITransport
from twisted.python.failure import Failure
from zope.interface import implementer

HIGH: Final = 1 << 16
"""
Bytes that a transport holds before it asks its producer to pause, as with TCP.
"""


@implementer(IAddress)
class MemoryAddress:
    """
    Where the two ends of a connection in memory are.

    @cvar isLocal: nobody else can read what goes over it.
    """

    isLocal = True

    def __str__(self) -> str:
        """
        For people.
        """
        return "memory"


@implementer(ITransport, IConsumer, IPushProducer)
class MemoryTransport:
    """
    One end of a connection in memory.

    @ivar peer: the other end.
    @ivar protocol: whose end this is.
    @ivar isOpen: has the protocol not been told of the end?
    """

    peer: MemoryTransport
    protocol: Any

    def __init__(self, watch: Callable[[bytes], object]) -> None:
        """
        @param watch: told of all bytes that reach the other end.
        """
        self.isOpen = True
        self._watch = watch
        self._written = bytearray()
        self._producer: Any = None
        self._isProducerPaused = False
        self._isReading = True
        self._isClosing = False
        self._end: Failure | None = None

    def write(self, data: bytes) -> None:
        """
        See C{ITransport}.
        """
        if self.isOpen and self._end is None:
            self._written += data
            if len(self._written) > HIGH and self._producer and not self._isProducerPaused:
                self._isProducerPaused = True
                self._producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """
        See C{ITransport}.
        """
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """
        End the connection when all was carried.
        """
        self._isClosing = True

    def abortConnection(self) -> None:
        """
        End the connection now.
        """
        if self._end is None:
            self._end = Failure(ConnectionAborted())

    def getPeer(self) -> MemoryAddress:
        """
        See C{ITransport}.
        """
        return MemoryAddress()

    getHost = getPeer

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        See C{IConsumer}.

        @raise ValueError: it is no push producer; only these are served.
        """
        if not streaming:
            raise ValueError("connections in memory take push producers only")
        self._producer = producer

    def unregisterProducer(self) -> None:
        """
        See C{IConsumer}.
        """
        self._producer = None
        self._isProducerPaused = False

    def pauseProducing(self) -> None:
        """
        Read nothing: neither bytes nor the end.
        """
        self._isReading = False

    def resumeProducing(self) -> None:
        """
        Read again.
        """
        self._isReading = True

    stopProducing = loseConnection

    def carry(self, most: int) -> bool:
        """
        Take a step: carry bytes to the other end, or end the connection.

        @param most: how many bytes at once.
        @return: has something happened?
        """
        if not self.isOpen:
            return False
        if self._end is not None:
            self.lose(self._end)
            return True
        if not self.peer.isOpen and self._isReading:
            isClean = self.peer._end is not None and self.peer._end.check(ConnectionDone)
            self._end = Failure(ConnectionDone() if isClean else ConnectionLost())
        elif self._written:
            if self.peer.isOpen and not self.peer._isReading:
                return False
            data = bytes(self._written[:most])
            del self._written[:most]
            if self.peer.isOpen:
                self._watch(data)
                self.peer.protocol.dataReceived(data)
        elif self._isProducerPaused:
            self._isProducerPaused = False
            self._producer.resumeProducing()
        elif self._isClosing:
            self._end = Failure(ConnectionDone())
        else:
            return False
        return True

    def lose(self, reason: Failure) -> None:
        """
        Tell the protocol that the connection is gone.
        """
        if self.isOpen:
            self.isOpen = False
            self._end = reason
            self._written.clear()
            self.protocol.connectionLost(reason)


class Connection:
    """
    A connection in memory.

    @ivar client: the end of the one that connected.
    @ivar server: the other end.
    """

    def __init__(self, watch: Callable[[Connection, bool, bytes], object]) -> None:
        """
        @param watch: told of all bytes that are carried, and whether the client
            has sent them.
        """
        self.client = MemoryTransport(lambda data: watch(self, True, data))
        self.server = MemoryTransport(lambda data: watch(self, False, data))
        self.client.peer, self.server.peer = self.server, self.client

    @property
    def isOpen(self) -> bool:
        """
        Does one of the sides think that there is a connection?
        """
        return self.client.isOpen or self.server.isOpen

    def lose(self) -> None:
        """
        The connection breaks, and both sides are told at once.
        """
        for transport in (self.client, self.server):
            transport.lose(Failure(ConnectionLost()))

    def carry(self, most: int) -> bool:
        """
        Take a step in both directions.

        @param most: how many bytes at once.
        @return: has something happened?
        """
        moved = self.client.carry(most)
        return self.server.carry(most) or moved
