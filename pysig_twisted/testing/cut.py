"""
Links that fail when a test wants them to.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer

from .cutconnection import CutConnection
from .within import Within


@implementer(IStreamClientEndpoint)
class Cut:
    """
    An endpoint whose link fails when a test wants it to.

    It leads where another endpoint leads, in memory or over a real network::

        link = Cut(clientFromString(reactor, "tcp:127.0.0.1:7744"))
        router = ClientRouter(link)
        ...
        link.cut(server=False)

    Attributes concern the link, for as long as they are set. Methods concern the
    connection that there is, or if there is none the next one; the connection
    after that is sound again. C{client} and C{server} name the two sides, wherever
    they stand: those that notice, or those whose bytes are meant. L{heal} puts
    all in order.

    @ivar attempts: how many times it was told to connect.
    @ivar connections: how many connections came of it.
    @ivar isRefusing: do attempts to connect fail at once?
    @ivar isHanging: do they get no answer?
    """

    def __init__(self, endpoint: IStreamClientEndpoint, *, reactor: Any = None) -> None:
        """
        @param endpoint: where to connect to.
        @param reactor: the reactor, or for tests a C{task.Clock}.
        """
        if reactor is None:
            from twisted.internet import reactor
        self.attempts = 0
        self.connections = 0
        self.isRefusing = False
        self.isHanging = False
        self._bytesPerSecond: float | None = None
        self._endpoint = endpoint
        self._callLater: Callable[..., Any] = reactor.callLater
        self._outages = 0
        self._last: CutConnection | None = None
        self._all: dict[CutConnection, None] = {}
        self._next: list[Callable[[CutConnection], object]] = []

    def __repr__(self) -> str:
        """
        For people.
        """
        return repr(self._endpoint)

    @property
    def bytesPerSecond(self) -> float | None:
        """
        How many bytes are carried in each direction; C{None} for all there are, at
        once.

        @raise ValueError: it is set to what is no such number.
        """
        return self._bytesPerSecond

    @bytesPerSecond.setter
    def bytesPerSecond(self, rate: float | None) -> None:
        if rate is not None and not (isinstance(rate, (int, float)) and 0 < rate < inf):
            raise ValueError(f"bytesPerSecond cannot be {rate!r}; give a number above 0, or None")
        self._bytesPerSecond = rate

    @property
    def isUp(self) -> bool:
        """
        Is there a connection, as far as the client knows?
        """
        return self._last is not None and self._last.isOpen

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:
        """
        See C{IStreamClientEndpoint}.
        """
        self.attempts += 1
        if self._outages or self.isRefusing:
            return fail(ConnectionRefusedError("the link is cut"))
        if self.isHanging:
            return Deferred()
        made: Deferred[Any] = self._endpoint.connect(_Factory(self._build, protocolFactory))
        made.addCallback(lambda connection: connection.inner)
        return made

    def cut(self, *, client: bool = True, server: bool = True) -> Within:
        """
        End the connection. What is under way is lost.

        The client comes back when it likes. As a context manager, C{with
        link.cut():}, the link stays down: until the end of the block it cannot.
        Then the sides notice that had not been told.

        @param client: does the client notice at once? If not, what it sends
            vanishes, and it hears nothing any more.
        @param server: does the server notice at once? If not, the same holds
            for it.
        @return: a context manager.
        """
        if self._last is not None:
            self._last.cut(client, server)
        return Within(self._begin, self._end)

    def hold(self, *, client: bool = True, server: bool = True) -> Within:
        """
        Carry nothing until L{release}; then it arrives, in order, and the end of
        the connection too if there was one.

        As a context manager, C{with link.hold():}, it ends with the block.

        @param client: hold what the client sends?
        @param server: hold what the server sends?
        @return: a context manager.
        """
        self._disturb(lambda connection: connection.hold(client, server))
        return Within(leave=lambda: self.release(client=client, server=server))

    def release(self, *, client: bool = True, server: bool = True) -> None:
        """
        Carry again what was held.

        @param client: what the client sends?
        @param server: what the server sends?
        """
        self._disturb(lambda connection: connection.release(client, server))

    def cutAfter(self, count: int, *, fromServer: bool = False) -> None:
        """
        Carry so many more bytes, then L{cut}.

        @param count: how many bytes of those that the client sends.
        @param fromServer: bytes that the server sends instead?
        """

        def arrange(connection: CutConnection) -> None:
            way = connection.fromServer if fromServer else connection.fromClient
            way.cutIn = count

        self._disturb(arrange)

    def corrupt(self, after: int = 0, *, fromServer: bool = False) -> None:
        """
        Turn all bits of one byte.

        @param after: how many bytes that the client sends come before it.
        @param fromServer: bytes that the server sends instead?
        """

        def arrange(connection: CutConnection) -> None:
            way = connection.fromServer if fromServer else connection.fromClient
            way.corruptIn = after

        self._disturb(arrange)

    def heal(self) -> None:
        """
        Put the link in order: clients can connect, what is held is carried, all
        goes at full speed, and whoever has not noticed a cut does so now.
        """
        self.isRefusing = self.isHanging = False
        self.bytesPerSecond = None
        self._next.clear()
        for connection in tuple(self._all):
            if not connection.isCut:
                connection.mend()
        self._tellAll()

    def _disturb(self, fault: Callable[[CutConnection], object]) -> None:
        """
        Do this to the connection that there is, else to the next one.
        """
        if self._last is not None and self._last.isPresent:
            fault(self._last)
        else:
            self._next.append(fault)

    def _build(self, factory: IProtocolFactory, address: Any) -> CutConnection | None:
        """
        There is a connection.
        """
        inner = None if self._outages else factory.buildProtocol(address)
        if inner is None:
            return None
        connection = CutConnection(inner, self._callLater, lambda: self._bytesPerSecond, self._over)
        self.connections += 1
        self._last = connection
        self._all[connection] = None
        faults, self._next = self._next, []
        for fault in faults:
            fault(connection)
        return connection

    def _over(self, connection: CutConnection) -> None:
        """
        A connection is over, and both sides know.
        """
        self._all.pop(connection, None)

    def _begin(self) -> None:
        """
        The link is down.
        """
        self._outages += 1

    def _end(self) -> None:
        """
        The link is no longer down.
        """
        self._outages -= 1
        if not self._outages:
            self._tellAll()

    def _tellAll(self) -> None:
        """
        Whoever has not noticed a cut does so.
        """
        for connection in tuple(self._all):
            if connection.isCut:
                connection.cut(True, True)


@implementer(IProtocolFactory)
class _Factory:
    """
    Makes the connections of a link. What it is asked besides goes to the client's
    own factory.
    """

    def __init__(
        self, build: Callable[[IProtocolFactory, Any], Any], factory: IProtocolFactory
    ) -> None:
        """
        @param build: makes a connection, for a factory and an address.
        @param factory: the client's own.
        """
        self._build = build
        self._factory = factory

    def __getattr__(self, name: str) -> Any:
        """
        What the client's own factory has.
        """
        return getattr(self._factory, name)

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

    def buildProtocol(self, addr: Any) -> Any:
        """
        See C{IProtocolFactory}.
        """
        return self._build(self._factory, addr)
