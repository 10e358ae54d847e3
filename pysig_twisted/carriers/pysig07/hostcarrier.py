"""
The carrier of an old server, as its client has it: three connections that are one.
"""

from __future__ import annotations

import time
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ...core.clock import Clock
from ...errors import ProtocolError, PysigError
from ...wire.messages import Goodbye
from ...wire.pysig07 import Splitter
from ...wire.version1 import encode
from .carrier import OldCarrier, keepAlive
from .host import Host, Line

LONGEST_REPLY = 1 << 20
"""
Bytes of what an old server may say: a list of senders has no limit of its own.
"""


class HostLine(Protocol):
    """
    One of the connections.

    @ivar carrier: what it belongs to, once all of them are there.
    """

    transport: Any

    def __init__(self) -> None:
        """
        It belongs to nothing yet.
        """
        self.carrier: HostCarrier | None = None
        self.splitter = Splitter(LONGEST_REPLY)

    def connectionMade(self) -> None:
        """
        It is there.
        """
        keepAlive(self.transport)

    def dataReceived(self, data: bytes) -> None:
        """
        The server has sent something. Before it was asked anything that is not for us.
        """
        if self.carrier is not None:
            self.carrier.received(self, data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """
        It is gone.
        """
        self.splitter.stop()
        if self.carrier is not None:
            self.carrier.lost(reason)


class HostCarrier(OldCarrier):
    """
    See the module.

    @ivar host: the server.
    """

    def __init__(self, lines: list[HostLine], protocol: Any, clock: Clock) -> None:
        """
        @param lines: the connections, one for each L{Line}.
        @param protocol: the client's end.
        """
        super().__init__([line.transport for line in lines], clock)
        self._lines = lines
        self._protocol = protocol
        self._isEnding = False
        writes = [transport.write for transport in self._transports]
        self.host = Host(clock, writes, self._say, self._failed, self._drained, time.time)
        for line in lines:
            line.carrier = self

    @property
    def _waiting(self) -> int:
        """
        See L{OldCarrier}.
        """
        return self.host.waiting

    def _told(self, message: Any) -> None:
        """
        See L{OldCarrier}.
        """
        self.host.told(message)

    def _say(self, message: Any) -> None:
        """
        The server says this, in version 1.
        """
        if not self._isOver:
            self._protocol.dataReceived(encode(message))

    def _failed(self, error: PysigError) -> None:
        """
        The connection must end.
        """
        self._say(Goodbye(error.code, error.message))

    def received(self, line: HostLine, data: bytes) -> None:
        """
        The server has sent something.
        """
        which = Line(self._lines.index(line))
        try:
            for text in line.splitter.feed(data):
                if self._isOver:
                    return
                self.host.heard(which, text)
        except ProtocolError as error:
            self._failed(error)
        if self._isEnding and self.host.isDone:
            super().loseConnection()

    def loseConnection(self) -> None:
        """
        See C{ITransport}. What was fired before is said first, which takes an answer to each;
        whoever ends a connection cuts it where that takes too long.
        """
        self._isEnding = True
        if self.host.isDone:
            super().loseConnection()

    def lost(self, reason: Failure) -> None:
        """
        One of the connections is gone, and so are all.
        """
        if not self._isOver:
            self._isOver = True
            wasDone = self._isEnding and self.host.isDone
            self.host.stop()
            if not wasDone:
                self.abortConnection()
            self._protocol.connectionLost(reason)


@implementer(IStreamClientEndpoint)
class OldServerEndpoint:
    """
    Where an old server listens.
    """

    def __init__(self, endpoint: IStreamClientEndpoint, clock: Clock) -> None:
        """
        @param endpoint: where that is.
        """
        self._endpoint = endpoint
        self._clock = clock

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """
        See C{IStreamClientEndpoint}.
        """
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        """
        Connect as often as it takes.
        """
        lines: list[HostLine] = []
        try:
            for _ in Line:
                line: Any = await self._endpoint.connect(Factory.forProtocol(HostLine))
                lines.append(line)
            protocol = factory.buildProtocol(lines[0].transport.getPeer())
            assert protocol is not None
        except BaseException:
            for line in lines:
                line.transport.loseConnection()
            raise
        protocol.makeConnection(HostCarrier(lines, protocol, self._clock))
        return protocol
