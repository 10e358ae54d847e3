"""
Learning when a connection ends, whatever its protocol is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory, ITransport
from twisted.python.failure import Failure
from zope.interface import directlyProvides, implementer, providedBy


@implementer(IProtocol)
class Watched:
    """
    A protocol, between it and its transport, which are else as they would be.

    @ivar protocol: it.
    @ivar transport: its transport, when it has one.
    @ivar reason: why the connection has ended; C{None} before that.
    """

    transport: ITransport | None = None
    reason: Failure | None = None

    def __init__(self, protocol: IProtocol, ended: Callable[[Watched, Failure], object]) -> None:
        """
        @param ended: called after the protocol was told that the connection has ended.
        """
        self.protocol: Any = protocol
        self._ended = ended
        # Transports ask for more than IProtocol: the end of a handshake, half of a connection.
        directlyProvides(self, providedBy(protocol))

    def __getattr__(self, name: str) -> Any:
        """
        The rest of the protocol.
        """
        return getattr(self.protocol, name)

    def makeConnection(self, transport: ITransport) -> None:
        """
        See C{IProtocol}.
        """
        self.transport = transport
        self.protocol.makeConnection(transport)

    def connectionMade(self) -> None:
        """
        See C{IProtocol}.
        """
        self.protocol.connectionMade()

    def dataReceived(self, data: bytes) -> None:
        """
        See C{IProtocol}.
        """
        self.protocol.dataReceived(data)

    def connectionLost(self, reason: Failure) -> None:
        """
        See C{IProtocol}.
        """
        self.reason = reason
        try:
            self.protocol.connectionLost(reason)
        finally:
            self._ended(self, reason)


@implementer(IProtocolFactory)
class Watching:
    """
    A factory whose protocols are L{Watched}.
    """

    def __init__(
        self, factory: IProtocolFactory, ended: Callable[[Watched, Failure], object]
    ) -> None:
        """
        @param factory: of the protocols.
        @param ended: called after one of them was told that its connection has ended.
        """
        self._factory = factory
        self._ended = ended

    def doStart(self) -> None:
        """
        See C{IProtocolFactory}.
        """
        self._factory.doStart()

    def doStop(self) -> None:
        """
        See C{IProtocolFactory}.
        """
        self._factory.doStop()

    def buildProtocol(self, addr: IAddress) -> Watched | None:
        """
        See C{IProtocolFactory}.
        """
        protocol = self._factory.buildProtocol(addr)
        return None if protocol is None else Watched(protocol, self._ended)
