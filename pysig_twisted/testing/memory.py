"""
Routers that are joined in memory: a server and its clients on one clock, with no
socket and no real time.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from ..net.client import ClientRouter
from ..net.server import ServerRouter
from .cut import Cut
from .memoryendpoint import MemoryEndpoint
from .memorytransport import Connection
from .within import Within

T = TypeVar("T")

PIECE: Final = 1 << 16
"""
Bytes that are carried at once, unless said otherwise.
"""

ROUNDS: Final = 100_000
"""
Rounds of carrying bytes after which there is no hope that it ends.
"""


class MemoryRouters:
    """
    A server's router and its clients' routers.

    Nothing happens by itself. L{pump} carries bytes, and makes the calls that are
    due, until all is quiet; L{advance} lets time pass, too; L{result} waits for a
    Deferred in that way.

    Each client has a link that can be cut, held, slowed down and refused: L{link}.
    As a context manager it stops all routers at the end of the block.

    @ivar clock: the time of all of them; components that need a reactor for
        their timers get it too.
    @ivar server: the server's router, the present one.
    @ivar clients: the clients' routers, in the order in which they were made.
    @ivar factory: what answers those who connect: that of L{server}, unless
        another one is put in its place, such as that of an application's own
        C{ServerRouter(reactor=routers.clock)}.
    @ivar connections: those that are open.
    @ivar isRefusing: are all who connect refused, as by a host where no server
        runs?
    @ivar isHanging: do they get no answer, as from a host that is gone?
    @ivar piece: how many bytes are carried at once; with few of them everything
        arrives in fragments.
    @ivar watch: told of all bytes that are carried: the connection, whether the
        client has sent them, and the bytes.
    """

    def __init__(self, **options: Any) -> None:
        """
        @param options: see L{ServerRouter<pysig_twisted.ServerRouter>}.
        """
        self.clock = Clock()
        self.clients: list[ClientRouter] = []
        self.connections: list[Connection] = []
        self.isRefusing = False
        self.isHanging = False
        self.piece = PIECE
        self.watch: Callable[[Connection, bool, bytes], object] = lambda *carried: None
        self._links: dict[ClientRouter, Cut] = {}
        self._makeServer(options)

    def __enter__(self) -> MemoryRouters:
        """
        The routers themselves.
        """
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """
        Stop all.
        """
        try:
            self.stop()
        except AssertionError:
            if error is None:  # else it is that error that is of interest
                raise

    def client(self, *, start: bool = True, **options: Any) -> ClientRouter:
        """
        One more client.

        @param start: start it, and connect?
        @param options: see L{ClientRouter<pysig_twisted.ClientRouter>}.
        """
        link = self.endpoint()
        options.setdefault("reactor", self.clock)
        router = ClientRouter(link, **options)
        self._links[router] = link
        self.clients.append(router)
        if start:
            router.startService()
            self.pump()
        return router

    def endpoint(self) -> Cut:
        """
        An endpoint that leads to the server, and its link: for clients that are
        made elsewhere, with C{reactor=routers.clock}. Whoever makes them stops
        them.
        """
        return Cut(MemoryEndpoint(self), reactor=self.clock)

    def link(self, client: ClientRouter) -> Cut:
        """
        The link of a client that L{client} has made.

        @raise ValueError: it was made elsewhere.
        """
        if client not in self._links:
            raise ValueError(
                f"{client!r} is no client of these routers; the link of one that was made"
                " elsewhere is the endpoint() that it was given"
            )
        return self._links[client]

    def cut(self, router: ClientRouter, *, client: bool = True, server: bool = True) -> Within:
        """
        End a client's connection, and in a C{with} block keep it from coming back:
        see L{Cut.cut}.

        @param router: which client.
        """
        return self.link(router).cut(client=client, server=server)

    def hold(self, router: ClientRouter, *, client: bool = True, server: bool = True) -> Within:
        """
        Hold what a client and the server say to each other: see L{Cut.hold}.

        @param router: which client.
        """
        return self.link(router).hold(client=client, server=server)

    def kill(self) -> None:
        """
        End the server as a crash does: it says nothing, and whoever connects is
        refused until L{restart}.
        """
        self.isRefusing = True
        for connection in self.connections:
            connection.lose()
        self.server.forget()

    def restart(self, **options: Any) -> None:
        """
        Start another server, which knows nothing of the one before; L{kill} that
        one first if that has not been done.

        @param options: those of the new one; the old one's if there are none.
        """
        self.kill()
        self.isRefusing = False
        self._makeServer(options or self._options)

    def _makeServer(self, options: dict[str, Any]) -> None:
        """
        A new server, which nobody is connected to.
        """
        self._options = options
        self.server = ServerRouter(reactor=self.clock, **options)
        self.server.startService()
        self.factory: Any = self.server.factory

    def pump(self) -> None:
        """
        Carry bytes, and make the calls that are due, until all is quiet.

        @raise AssertionError: it does not become quiet.
        """
        for _ in range(ROUNDS):
            self.clock.advance(0)
            moved = [connection.carry(self.piece) for connection in tuple(self.connections)]
            self.connections = [each for each in self.connections if each.isOpen]
            if not any(moved) and not self._isDue(self.clock.seconds()):
                return
        raise AssertionError("the routers do not come to rest")

    def advance(self, seconds: float) -> None:
        """
        Let time pass, and carry what is sent meanwhile.

        @param seconds: how much; with 0 it is like L{pump}.
        @raise ValueError: time would go backward.
        @raise AssertionError: the routers do not come to rest.
        """
        if not seconds >= 0:
            raise ValueError(f"time goes forward only: advance() by 0 or more, not {seconds!r}")
        self.pump()
        end = self.clock.seconds() + seconds
        while self._isDue(end):
            self._toNextCall()
        self.clock.rightNow = end

    def result(self, of: Deferred[T] | Coroutine[Any, Any, T], within: float = 60.0) -> T:
        """
        The result of a Deferred; if it has none yet, let time pass until it has.

        @param of: a Deferred, or a coroutine, which is run.
        @param within: seconds that may pass.
        @raise Exception: the error that the Deferred failed with.
        @raise AssertionError: it has not fired in that time.
        """
        results: list[T | Failure] = []
        ensureDeferred(of).addBoth(results.append)
        self.pump()
        end = self.clock.seconds() + within
        while not results and self._isDue(end):
            self._toNextCall()
        if not results:
            raise AssertionError(f"no result within {within:g} s: {of!r}")
        [result] = results
        if isinstance(result, Failure):
            result.raiseException()
        return result

    def _toNextCall(self) -> None:
        """
        Let time pass until something is to happen, and have it happen.
        """
        self.clock.rightNow = min(call.getTime() for call in self.clock.getDelayedCalls())
        self.pump()

    def _isDue(self, time: float) -> bool:
        """
        Is there a call to be made by then?
        """
        return any(call.getTime() <= time for call in self.clock.getDelayedCalls())

    def stop(self) -> None:
        """
        Stop all of them. What was made elsewhere is to be stopped before.

        @raise AssertionError: a router does not stop.
        """
        stopped = [router.stopService() for router in self.clients]
        stopped.append(self.server.stopService())
        self.advance(5)
        if not all(deferred.called for deferred in stopped):
            raise AssertionError("a router did not stop within 5 s")


def memoryRouters(clients: int = 0, **options: Any) -> MemoryRouters:
    """
    A server and some clients, which are connected, with no socket and no real
    time.

    @param clients: how many.
    @param options: of the server; see L{ServerRouter<pysig_twisted.ServerRouter>}.
    @raise ValueError: there cannot be so many.
    """
    if clients < 0:
        raise ValueError(f"clients is a number of clients, 0 or more, not {clients!r}")
    routers = MemoryRouters(**options)
    for _ in range(clients):
        routers.client()
    return routers
