"""
A session of the link as a transport, for the protocol that speaks over it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from twisted.internet.interfaces import IConsumer, IProducer, IPushProducer, ITransport
from zope.interface import implementer

from ..serialtransport import SerialAddress
from .counts import LineFacts


class ILine(Protocol):
    """
    What a transport has of the link below it.
    """

    @property
    def unsent(self) -> int:
        """
        Bytes that wait.
        """

    @property
    def room(self) -> int:
        """
        How many may before whoever writes is told to wait.
        """

    @property
    def pieceSize(self) -> int:
        """
        Bytes that are better not written at once.
        """

    @property
    def bytesPerSecond(self) -> float | None:
        """
        How much of what is written it carries.
        """

    def facts(self) -> LineFacts:
        """
        How the line is.
        """

    def write(self, data: bytes) -> None:
        """
        Send something.
        """

    def ignore(self) -> None:
        """
        Take nothing more of what comes from the other end, but that it has come.
        """

    def end(self) -> None:
        """
        Close the session when all is sent.
        """

    def abort(self) -> None:
        """
        Close it now.
        """

    def pause(self) -> None:
        """
        Read nothing from the line.
        """

    def resume(self) -> None:
        """
        Read again.
        """


@implementer(ITransport, IConsumer, IPushProducer)
class LinkTransport:
    """
    See the module. It ends with C{ConnectionDone} if one of the ends has closed it, and all that
    that one has written has arrived; with C{ConnectionAborted} after C{abortConnection}; and else
    with C{ConnectionLost}, or what the port was lost by.

    @ivar pieceSize: bytes that are better not exceeded by a single C{write}.
    @ivar bytesPerSecond: what the line carries of what is written, which deflate makes more as it
        gets to know it; C{None} where that is not known.
    """

    disconnecting = False

    def __init__(self, line: ILine, address: SerialAddress) -> None:
        """
        @param address: where the line is.
        """
        self._line = line
        self._address = address
        self._isOpen = True
        self._producer: Any = None
        self._isStreaming = self._isPaused = False
        # Is the producer being told to go on, and is there something new since?
        self._isTelling = self._isNews = False

    @property
    def pieceSize(self) -> int:
        """
        See the class.
        """
        return self._line.pieceSize

    @property
    def bytesPerSecond(self) -> float | None:
        """
        See the class.
        """
        return self._line.bytesPerSecond

    def lineFacts(self) -> LineFacts:
        """
        How the line is, for people.
        """
        return self._line.facts()

    def getHost(self) -> SerialAddress:
        """
        Where the line is; there is nothing to tell its ends by.
        """
        return self._address

    getPeer = getHost

    def write(self, data: bytes) -> None:
        """
        See C{ITransport}.
        """
        if self._isOpen:
            self._line.write(data)
            self.told()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """
        See C{ITransport}.
        """
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """
        See C{ITransport}. A producer may go on until it is unregistered.
        """
        if self._isOpen and not self.disconnecting:
            self.disconnecting = True
            self._line.ignore()
            if self._producer is None:
                self._line.end()

    def abortConnection(self) -> None:
        """
        Close it now. What has not arrived may never do so.
        """
        if self._isOpen:
            self.disconnecting = True
            self._line.ignore()
            self._line.abort()
            self.over()

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """
        See C{IConsumer}.
        """
        if self._producer is not None:
            raise RuntimeError(f"{self._producer} is registered already")
        if not self._isOpen:
            producer.stopProducing()
            return
        self._producer, self._isStreaming, self._isPaused = producer, streaming, not streaming
        self.told()

    def unregisterProducer(self) -> None:
        """
        See C{IConsumer}.
        """
        self._producer = None
        if self._isOpen and self.disconnecting:
            self._line.end()

    def pauseProducing(self) -> None:
        """
        See C{IPushProducer}. While nothing is read, nothing is acknowledged either.
        """
        if self._isOpen:
            self._line.pause()

    def resumeProducing(self) -> None:
        """
        See C{IPushProducer}.
        """
        if self._isOpen:
            self._line.resume()

    def stopProducing(self) -> None:
        """
        See C{IProducer}.
        """
        self.loseConnection()

    def told(self) -> None:
        """
        There is more or less that waits. Whoever writes is told to wait, or to go on.
        """
        line = self._line
        if self._producer is not None and not self._isPaused and line.unsent > line.room:
            self._isPaused = True
            self._producer.pauseProducing()
        # Whoever is told to go on may write at once, which comes back to here.
        self._isNews = True
        if self._isTelling:
            return
        self._isTelling = True
        try:
            while self._isNews:
                self._isNews = False
                if self._producer is not None and self._isPaused and line.unsent <= line.room:
                    self._isPaused = not self._isStreaming
                    self._producer.resumeProducing()
        finally:
            self._isTelling = False

    def over(self) -> None:
        """
        Nothing more is taken.
        """
        self._isOpen = False
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.stopProducing()
