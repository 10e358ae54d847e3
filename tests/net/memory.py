"""
Routers that are joined in memory: a server and its clients on one clock, with no
socket and no real time.

Nothing happens by itself. L{MemoryRouters.pump} carries bytes, and makes the
calls that are due, until all is quiet; L{MemoryRouters.advance} lets time pass,
too. Links can be cut so that both sides, one or none of them notices, and held
in either direction; connects can be refused or left hanging; the server can be
killed and made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.error import (
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,
)
from twisted.internet.interfaces import (
    IAddress,
    IConsumer,
    IProtocolFactory,
    IPushProducer,
    IStreamClientEndpoint,
    ITransport,
)
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from pysig_twisted import ClientRouter, ServerRouter

HIGH: Final = 1 << 16
"""
Bytes that a transport holds before it asks its producer to pause, as with TCP.
"""

ROUNDS: Final = 100_000
"""
Rounds of carrying bytes after which there is no hope that it ends.
"""


@implementer(IAddress)
class MemoryAddress:
    """
    Where the two ends of a connection in memory are.
    """

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
    @ivar isHeld: does what is written here stay here, the end included?
    """

    peer: MemoryTransport
    protocol: Any

    def __init__(self, watch: Callable[[bytes], object]) -> None:
        """
        @param watch: told of all bytes that reach the other end.
        """
        self.isOpen = True
        self.isHeld = False
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
            self._written.clear()
            self._end = Failure(ConnectionAborted())

    def getPeer(self) -> MemoryAddress:
        """
        See C{ITransport}.
        """
        return MemoryAddress()

    getHost = getPeer

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """
        See C{IConsumer}; only push producers are served.
        """
        assert streaming, "the producer must be a push producer"
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
        if not self.peer.isOpen and not self.peer.isHeld and self._isReading:
            isClean = self.peer._end is not None and self.peer._end.check(ConnectionDone)
            self._end = Failure(ConnectionDone() if isClean else ConnectionLost())
        elif self.isHeld:
            return False
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

    def hold(self, client: bool = True, server: bool = True) -> None:
        """
        Carry nothing from these sides until L{release}; then it arrives.
        """
        self.client.isHeld |= client
        self.server.isHeld |= server

    def release(self) -> None:
        """
        Carry again from both sides.
        """
        self.client.isHeld = self.server.isHeld = False

    def cut(self, client: bool = True, server: bool = True) -> None:
        """
        Carry nothing any more; these sides notice that at once.
        """
        self.hold()
        for transport, notices in ((self.client, client), (self.server, server)):
            if notices:
                transport.lose(Failure(ConnectionLost()))

    def carry(self, most: int) -> bool:
        """
        Take a step in both directions.
        """
        moved = self.client.carry(most)
        return self.server.carry(most) or moved


@implementer(IStreamClientEndpoint)
class MemoryEndpoint:
    """
    What one client connects to.

    @ivar attempts: how many times it has tried.
    @ivar connections: those that it had, and perhaps has.
    """

    def __init__(self, routers: MemoryRouters) -> None:
        """
        @param routers: whose server it is.
        """
        self._routers = routers
        self.attempts = 0
        self.connections: list[Connection] = []

    def __repr__(self) -> str:
        """
        For people.
        """
        return "memory"

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """
        See C{IStreamClientEndpoint}.
        """
        self.attempts += 1
        made: Deferred[Any] = Deferred(lambda _: attempt.cancel() if attempt.active() else None)
        attempt = self._routers.clock.callLater(0, self._connect, protocolFactory, made)
        return made

    def _connect(self, factory: IProtocolFactory, made: Deferred[Any]) -> None:
        """
        The server's answer is here.
        """
        routers = self._routers
        if routers.isHanging:
            return
        client = server = None
        if not routers.isRefusing:
            client = factory.buildProtocol(MemoryAddress())
            server = routers.factory.buildProtocol(MemoryAddress())
        if client is None or server is None:
            made.errback(ConnectionRefusedError())
            return
        connection = Connection(lambda *carried: routers.watch(*carried))
        connection.client.protocol, connection.server.protocol = client, server
        self.connections.append(connection)
        routers.connections.append(connection)
        server.makeConnection(connection.server)
        client.makeConnection(connection.client)
        made.callback(client)


class MemoryRouters:
    """
    A server's router and its clients'.

    @ivar clock: the time of all of them.
    @ivar server: the server's router, the present one.
    @ivar clients: the clients' routers.
    @ivar factory: what answers those who connect: that of the server, unless
        another one is put in its place.
    @ivar connections: those that are open.
    @ivar isRefusing: are those who connect refused?
    @ivar isHanging: do they get no answer?
    @ivar most: how many bytes are carried at once.
    @ivar watch: told of all bytes that are carried: the connection, whether the
        client has sent them, and the bytes.
    """

    def __init__(self, **options: Any) -> None:
        """
        @param options: see L{ServerRouter}.
        """
        self.clock = Clock()
        self.clients: list[ClientRouter] = []
        self.connections: list[Connection] = []
        self.isRefusing = False
        self.isHanging = False
        self.most = 1 << 16
        self.watch: Callable[[Connection, bool, bytes], object] = lambda *carried: None
        self._endpoints: dict[ClientRouter, MemoryEndpoint] = {}
        self._makeServer(options)

    def _makeServer(self, options: dict[str, Any]) -> None:
        """
        A new server, which nobody is connected to.
        """
        self._options = options
        self.server = ServerRouter(reactor=self.clock, **options)
        self.server.startService()
        self.factory: Any = self.server.factory

    def client(self, *, start: bool = True, **options: Any) -> ClientRouter:
        """
        One more client.

        @param start: start it, and connect?
        @param options: see L{ClientRouter}.
        """
        endpoint = MemoryEndpoint(self)
        options.setdefault("reactor", self.clock)
        router = ClientRouter(endpoint, **options)
        self._endpoints[router] = endpoint
        self.clients.append(router)
        if start:
            router.startService()
            self.pump()
        return router

    def endpoint(self, client: ClientRouter) -> MemoryEndpoint:
        """
        What a client connects to.
        """
        return self._endpoints[client]

    def connection(self, client: ClientRouter) -> Connection:
        """
        The last connection of a client.
        """
        return self._endpoints[client].connections[-1]

    def restart(self, **options: Any) -> None:
        """
        Kill the server, and start another one in its place.

        @param options: those of the new one; the old one's if there are none.
        """
        for connection in self.connections:
            connection.cut()
        self._makeServer(options or self._options)

    def pump(self) -> None:
        """
        Carry bytes, and make the calls that are due, until all is quiet.
        """
        for _ in range(ROUNDS):
            self.clock.advance(0)
            moved = [connection.carry(self.most) for connection in tuple(self.connections)]
            self.connections = [each for each in self.connections if each.isOpen]
            if not any(moved) and not self._isDue(self.clock.seconds()):
                return
        raise AssertionError("the routers do not come to rest")

    def advance(self, seconds: float) -> None:
        """
        Let time pass, and carry what is sent meanwhile.
        """
        self.pump()
        end = self.clock.seconds() + seconds
        while self._isDue(end):
            self.clock.rightNow = min(call.getTime() for call in self.clock.getDelayedCalls())
            self.pump()
        self.clock.rightNow = end
        self.pump()

    def _isDue(self, time: float) -> bool:
        """
        Is there a call to be made by then?
        """
        return any(call.getTime() <= time for call in self.clock.getDelayedCalls())

    def stop(self) -> None:
        """
        Stop all of them; nothing is left to happen.
        """
        self.isHanging = False
        stopped = [router.stopService() for router in (*self.clients, self.server)]
        self.advance(5)
        assert all(deferred.called for deferred in stopped), "a router did not stop"


def memoryRouters(clients: int = 0, **options: Any) -> MemoryRouters:
    """
    A server and some clients, which are connected.

    @param options: of the server; see L{ServerRouter}.
    """
    routers = MemoryRouters(**options)
    for _ in range(clients):
        routers.client()
    return routers
