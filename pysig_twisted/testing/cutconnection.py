"""
A connection whose bytes can be held, slowed down, changed and lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.error import ConnectionAborted, ConnectionLost
from twisted.internet.interfaces import IConsumer, IPushProducer, ITransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..net.flow import abortTransport
from .cutpressure import CutReader, CutWriter
from .cutway import Way


@implementer(ITransport, IConsumer, IPushProducer)
class CutConnection(Protocol):
    """
    Stands between a client's protocol and its transport.

    @ivar inner: the client's protocol.
    @ivar fromClient: what the client sends.
    @ivar fromServer: what the client gets.
    @ivar isOpen: has the client's protocol not been told of the end?
    @ivar isCut: is nothing carried any more?
    """

    transport: Any

    def __init__(
        self,
        inner: Any,
        callLater: Callable[..., Any],
        rate: Callable[[], float | None],
        over: Callable[[CutConnection], object],
    ) -> None:
        """
        @param inner: the client's protocol.
        @param callLater: the reactor's.
        @param rate: how many bytes are carried in a second; C{None} for all.
        @param over: called when both sides know of the end.
        """
        self.inner = inner
        self.isOpen = True
        self.isCut = False
        self.fromClient = Way(callLater, rate, self._write, self._sent, self._cutLater)
        self.fromServer = Way(callLater, rate, self._receive, self._received, self._cutLater)
        self._callLater = callLater
        self._over = over
        self._isReal = True
        self._isClosing = False
        self._isAborting = False
        self._end: Failure | None = None
        self._writer = CutWriter(self.fromClient)
        self._reader = CutReader(self.fromServer)

    def __getattr__(self, name: str) -> Any:
        """
        What else a transport has, such as C{setTcpNoDelay}.
        """
        return getattr(self.transport, name)

    @property
    def isPresent(self) -> bool:
        """
        Is there a connection that may still carry something?
        """
        return not self.isCut and (self.isOpen or self._isReal)

    # What the faults do

    def hold(self, client: bool, server: bool) -> None:
        """
        Carry nothing from these sides.
        """
        self.fromClient.isHeld |= client
        self.fromServer.isHeld |= server

    def release(self, client: bool, server: bool) -> None:
        """
        Carry again from these sides.
        """
        if client:
            self.fromClient.isHeld = False
            self.fromClient.carry()
        if server:
            self.fromServer.isHeld = False
            self.fromServer.carry()

    def mend(self) -> None:
        """
        Carry all, as it is.
        """
        for way in (self.fromClient, self.fromServer):
            way.cutIn = way.corruptIn = None
        self.release(True, True)

    def cut(self, client: bool, server: bool) -> None:
        """
        Carry nothing any more, and tell these sides.
        """
        self._carryNothing()
        if server and self._isReal and self.transport is not None:
            abortTransport(self.transport)
        if client:
            self._tell(Failure(ConnectionLost()))

    def _cutLater(self) -> None:
        """
        So many bytes were carried as were to be. The client's protocol may be at
        work, so that it is told later; the server gets them before the end.
        """
        self._carryNothing()
        if self._isReal:
            self.transport.loseConnection()
        self._callLater(0, self._tell, Failure(ConnectionLost()))

    def _carryNothing(self) -> None:
        """
        From now on what comes is dropped.
        """
        self.isCut = True
        for way in (self.fromClient, self.fromServer):
            way.stop()
            way.isHeld = True
        # Read and drop, so that the end of the transport is seen.
        self._reader.read(True)

    # What the transport does

    def connectionMade(self) -> None:
        """
        There is a connection.
        """
        self._reader.transport = self._writer.transport = self.transport
        self.inner.makeConnection(self)
        self._readOrNot()

    def dataReceived(self, data: bytes) -> None:
        """
        The server has sent something.
        """
        if self.isOpen and not self.isCut:
            self.fromServer.send(data)
            self._readOrNot()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        The connection is gone.
        """
        self._isReal = False
        self._reader.transport = self._writer.transport = None
        self.fromClient.stop()
        if self.isOpen and not self.isCut:
            self._end = reason
            if self._isAborting:
                self._tell(reason)
            else:
                self.fromServer.carry()
        elif not self.isOpen:
            self._over(self)

    def _readOrNot(self) -> None:
        """
        Read what can be carried.
        """
        if not self.isCut:
            self._reader.ask()

    def _receive(self, data: bytes) -> None:
        """
        The client gets something.
        """
        if self.isOpen:
            self.inner.dataReceived(data)

    def _received(self) -> None:
        """
        The client has got all there is.
        """
        self._readOrNot()
        if self._end is not None and not self.isCut:
            self._tell(self._end)

    def _tell(self, reason: Failure) -> None:
        """
        Tell the client's protocol of the end.
        """
        if not self.isOpen:
            return
        self.isOpen = False
        self._writer.forget()
        self.fromServer.stop()
        if not self._isReal:
            self._over(self)
        self.inner.connectionLost(reason)

    # What the client's protocol does

    def write(self, data: bytes) -> None:
        """
        See C{ITransport}.
        """
        if self.isOpen and not self._isAborting and not self.isCut:
            self.fromClient.send(data)
            self._writer.ask()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        """
        See C{ITransport}.
        """
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        """
        See C{ITransport}. It waits for what is held.
        """
        self._isClosing = True
        if not self.isCut:
            self.fromClient.carry()

    def abortConnection(self) -> None:
        """
        See C{ITransport}. The server hears of it when what the client sends is
        carried.
        """
        if not self.isOpen or self._isAborting:
            return
        self._isAborting = True
        self.fromClient.stop()
        if self._isReal and self.fromClient.isFree:
            abortTransport(self.transport)
        else:
            self._callLater(0, self._tell, Failure(ConnectionAborted()))

    def getPeer(self) -> Any:
        """
        See C{ITransport}.
        """
        return self.transport.getPeer()

    def getHost(self) -> Any:
        """
        See C{ITransport}.
        """
        return self.transport.getHost()

    def _write(self, data: bytes) -> None:
        """
        The server gets something.
        """
        if self._isReal:
            self.transport.write(data)

    def _sent(self) -> None:
        """
        All that the client has written was given to the transport.
        """
        self._writer.ask()
        if self._isReal and not self.fromClient.waiting:
            if self._isAborting:
                abortTransport(self.transport)
            elif self._isClosing:
                self.transport.loseConnection()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        See C{IConsumer}. Only push producers are served.
        """
        self._writer.register(producer, streaming)

    def unregisterProducer(self) -> None:
        """
        See C{IConsumer}.
        """
        self._writer.unregister()

    # A client that reads slowly

    def pauseProducing(self) -> None:
        """
        See C{IPushProducer}.
        """
        self.fromServer.isReading = False
        self._readOrNot()

    def resumeProducing(self) -> None:
        """
        See C{IPushProducer}.
        """
        self.fromServer.isReading = True
        self.fromServer.carry()

    stopProducing = loseConnection
