"""Two ports that are open, with a cable between them and a clock, and a link at each."""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionAborted, ConnectionDone
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from pysig_twisted.carriers.link.protocol import LinkProtocol
from pysig_twisted.carriers.link.settings import LinkSettings
from pysig_twisted.carriers.serialline import LineSettings
from pysig_twisted.carriers.serialtransport import SerialAddress
from pysig_twisted.core.clock import clockOf

BAUD = 9600


class Noting(Protocol):
    """
    Keeps what it is told.

    @ivar data: what came.
    @ivar reasons: why it was lost, each time.
    """

    transport: Any

    def __init__(self) -> None:
        self.data = b""
        self.reasons: list[Any] = []

    def dataReceived(self, data: bytes) -> None:
        """More."""
        self.data += data

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The end."""
        self.reasons.append(reason.value)


class NotingFactory(Factory):
    """
    Makes them.

    @ivar made: those, in order.
    """

    def __init__(self) -> None:
        self.made: list[Any] = []

    def buildProtocol(self, addr: Any) -> Any:
        """One more."""
        self.made.append(Noting())
        return self.made[-1]

    @property
    def last(self) -> Any:
        """The newest one."""
        return self.made[-1]


class Port:
    """
    One end: what a link has of its port.

    @ivar isOpen: is it?
    @ivar isFull: does it take nothing now?
    @ivar isDead: has its process been killed? Then nobody is told of anything.
    """

    def __init__(self, cable: Cable, at: int) -> None:
        self.cable, self.at = cable, at
        self.isOpen = False
        self.isFull = False
        self.isPaused = self.isDead = False
        self.waiting = b""
        self.free = 0.0
        self.link: Any = None

    def write(self, data: bytes) -> None:
        """Send this."""
        clock = self.cable.clock
        if self.isDead:
            return
        assert self.isOpen, "it is closed"
        self.free = max(clock.seconds(), self.free) + len(data) * 10 / BAUD
        if not self.cable.isCut:
            to = self.at if self.cable.isLooped else 1 - self.at
            clock.callLater(self.free - clock.seconds(), self.cable.arrived, to, data)

    def arrived(self, data: bytes) -> None:
        """This has come."""
        if not self.isOpen or self.isDead or self.cable.isCut:
            return
        if self.isPaused:
            self.waiting += data
        else:
            self.link.dataReceived(data)

    def isBlocked(self) -> bool:
        """Does it take nothing now?"""
        return self.isFull

    def pauseProducing(self) -> None:
        """Read nothing."""
        self.isPaused = True

    def resumeProducing(self) -> None:
        """Read again, from the next turn on."""
        self.isPaused = False
        waiting, self.waiting = self.waiting, b""
        if waiting:
            self.cable.clock.callLater(0, self.arrived, waiting)

    def loseConnection(self) -> None:
        """Close it."""
        self.close(ConnectionDone())

    def abortConnection(self) -> None:
        """Close it at once."""
        self.close(ConnectionAborted())

    def close(self, error: Exception) -> None:
        """It is closed."""
        if self.isOpen:
            self.isOpen = False
            self.link.connectionLost(Failure(error))


class Cable:
    """
    See the module. The first end serves, the second one has connected: its port is closed after
    one session.

    @ivar began: what the second end was told of.
    @ivar ended: why its port was closed.
    """

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.isCut = self.isLooped = False
        self.settings = LinkSettings(LineSettings(BAUD), **settings)
        self.factories = (NotingFactory(), NotingFactory())
        self.began: list[Any] = []
        self.ended: list[Any] = []
        self.ports = [Port(self, 0), Port(self, 1)]
        self.plug(0)

    def arrived(self, at: int, data: bytes) -> None:
        """Bytes have come to one end."""
        self.ports[at].arrived(data)

    def plug(self, at: int) -> Any:
        """Open a port, where one was closed before."""
        port = self.ports[at] = Port(self, at)
        more: dict[str, Any] = {}
        if at:
            more = {
                "began": self.began.append,
                "ended": lambda reason: self.ended.append(reason.value),
            }
        clock = clockOf(self.clock)
        address = SerialAddress(f"end{at}", "seriallink")
        port.link = LinkProtocol(self.factories[at], self.settings, clock, address, **more)
        port.isOpen = True
        port.link.makeConnection(port)
        return port

    def join(self) -> tuple[Any, Any]:
        """Open the second one, too; the protocols of both ends."""
        self.plug(1)
        self.run(1.0)
        return self.factories[0].last, self.factories[1].last

    def run(self, seconds: float) -> None:
        """Time passes."""
        end = self.clock.seconds() + seconds
        while self.clock.seconds() < end:
            self.clock.advance(0.001)
