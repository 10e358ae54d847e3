"""
What a client connects to in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import Clock
from zope.interface import implementer

from .memorytransport import Connection, MemoryAddress


class Listening(Protocol):
    """
    Who is connected to: L{MemoryRouters<pysig_twisted.testing.MemoryRouters>}.
    """

    clock: Clock
    factory: Any
    isRefusing: bool
    isHanging: bool
    connections: list[Connection]
    watch: Callable[[Connection, bool, bytes], object]


@implementer(IStreamClientEndpoint)
class MemoryEndpoint:
    """
    An endpoint that leads to a server in memory.
    """

    def __init__(self, listening: Listening) -> None:
        """
        @param listening: where the server is.
        """
        self._listening = listening

    def __repr__(self) -> str:
        """
        For people.
        """
        return "memory"

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """
        See C{IStreamClientEndpoint}. The answer comes in the next turn.
        """
        made: Deferred[Any] = Deferred(lambda _: attempt.cancel() if attempt.active() else None)
        attempt = self._listening.clock.callLater(0, self._connect, protocolFactory, made)
        return made

    def _connect(self, factory: IProtocolFactory, made: Deferred[Any]) -> None:
        """
        The server's answer is here.
        """
        listening = self._listening
        if listening.isHanging:
            return
        address = MemoryAddress()
        server = None if listening.isRefusing else listening.factory.buildProtocol(address)
        client = None if server is None else factory.buildProtocol(address)
        if client is None or server is None:
            made.errback(ConnectionRefusedError())
            return
        connection = Connection(lambda *carried: listening.watch(*carried))
        connection.client.protocol, connection.server.protocol = client, server
        listening.connections.append(connection)
        server.makeConnection(connection.server)
        client.makeConnection(connection.client)
        made.callback(client)
