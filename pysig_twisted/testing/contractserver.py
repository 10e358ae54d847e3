"""
The server that the tests of a carrier lead to; see L{CarrierContract
<pysig_twisted.testing.carriercontract.CarrierContract>}.

A carrier whose far end is another process, or another machine, has this there::

    python -m pysig_twisted.testing.contractserver stdio:
"""

from __future__ import annotations

import sys
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.interfaces import IAddress, IStreamServerEndpoint
from twisted.internet.protocol import ServerFactory

from ..net.endpoints import DEFAULT_LISTEN, serverEndpoint
from ..net.flow import abortTransport
from ..net.server import ServerRouter
from .farend import FarEnd

NAME: Final = "contract"
"""
The sender of its router.
"""


class ContractServer(ServerFactory):
    """
    What a carrier that is tested leads to.

    @ivar router: what its connections that begin with a frame belong to.
    @ivar connections: those that are open.
    @ivar kept: the check sum of what came on the last connection that was there to
        be counted, and is over.
    @ivar heard: what the sender C{near} has fired.
    """

    noisy = False

    def __init__(self, reactor: Any = None) -> None:
        """
        @param reactor: the reactor.
        """
        if reactor is None:
            from twisted.internet import reactor
        self.reactor = reactor
        self.connections: list[FarEnd] = []
        self.kept: bytes | None = None
        self.heard: list[Any] = []
        self.router = ServerRouter(reactor=reactor)
        self.router.addListener(lambda info, data: self.heard.append(data), "near", "told")
        self._ports: list[Any] = []
        self._gone: list[Deferred[None]] = []
        self._sender = self.router.addSender(
            NAME,
            ["fired"],
            {
                "echo": lambda params: params,
                "fire": self._fire,
                "ask": lambda params: self.router.request("near", "answer", params),
                "heard": lambda params: self.heard,
                "peers": lambda params: len(self.router.peers()),
                "cut": lambda params: self._cut(),
                "stop": lambda params: reactor.callLater(0, self.router.stopService) and None,
            },
        )

    def buildProtocol(self, addr: IAddress | None) -> FarEnd:
        """
        A connection.
        """
        return FarEnd(self, addr)

    async def listen(self, endpoint: str | IStreamServerEndpoint) -> Any:
        """
        Listen there, until it is stopped.

        @return: the port.
        """
        if not self.router.running:
            self.router.startService()
        port = await serverEndpoint(self.reactor, endpoint).listen(self)
        self._ports.append(port)
        return port

    async def stop(self) -> None:
        """
        Listen no more, and end all connections.
        """
        ports, self._ports = self._ports, []
        await DeferredList(
            [maybeDeferred(port.stopListening) for port in ports if hasattr(port, "stopListening")]
        )
        if self.router.running:
            await self.router.stopService()
        for connection in tuple(self.connections):
            abortTransport(connection.transport)
        await self.whenEmpty()

    def whenEmpty(self) -> Deferred[None]:
        """
        A new Deferred that fires when no connection is open.
        """
        deferred: Deferred[None] = Deferred(self._gone.remove)
        if self.connections:
            self._gone.append(deferred)
        else:
            deferred.callback(None)
        return deferred

    def gone(self, connection: FarEnd) -> None:
        """
        A connection is over.
        """
        if connection in self.connections:
            self.connections.remove(connection)
        while self._gone and not self.connections:
            self._gone.pop().callback(None)

    def _fire(self, count: int) -> int:
        """
        Fire so many events.
        """
        for number in range(count):
            self._sender.trigger("fired", [number, "x" * 1000])
        return count

    def _cut(self) -> None:
        """
        End the connections of the router, without a word.
        """
        for link in tuple(self.router.factory.links):
            self.reactor.callLater(0, abortTransport, link.transport)


def contractServer(reactor: Any, endpoint: str = DEFAULT_LISTEN) -> Deferred[None]:
    """
    Run the server in a process of its own: for C{task.react}.

    @return: a Deferred that fires when the endpoint was C{stdio:} and that has
        ended.
    """

    async def run() -> None:
        port = await ContractServer(reactor).listen(endpoint)
        if hasattr(port, "stopListening"):
            await Deferred()
        server: ContractServer = port.protocol._server
        await server.whenEmpty()

    return Deferred.fromCoroutine(run())


if __name__ == "__main__":
    from twisted.internet import task

    task.react(contractServer, sys.argv[1:])
