"""What the tests of the client have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.logger import capturedLogs, formatEvent
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import ClientRouter, PysigError
from pysig_twisted.testing import MemoryRouters, Recorder, memoryRouters
from pysig_twisted.wire.messages import Call, Goodbye, Hello, Result, Welcome
from pysig_twisted.wire.version1 import Reader, encode

E = TypeVar("E", bound=BaseException)


class Observer:
    """A connection observer that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def connected(self, peer: Any) -> None:
        """Note it."""
        self.told.append(("connected",))

    def disconnected(self, peer: Any, reason: PysigError) -> None:
        """Note it."""
        self.told.append(("disconnected", type(reason)))

    def refused(self, declaration: Any, error: PysigError) -> None:
        """Note it."""
        self.told.append(("refused", declaration, type(error)))


class Spoken:
    """
    The messages that clients and the server have sent.

    @ivar byClient: those of clients, in order.
    @ivar byServer: those of the server.
    """

    def __init__(self, routers: MemoryRouters) -> None:
        self.byClient: list[Any] = []
        self.byServer: list[Any] = []
        self._readers: dict[tuple[Any, bool], Reader] = {}
        routers.watch = self._watch

    def _watch(self, connection: Any, isClient: bool, data: bytes) -> None:
        key = (connection, isClient)
        if key not in self._readers:
            self._readers[key] = Reader(1 << 24)
        messages = self.byClient if isClient else self.byServer
        messages += self._readers[key].feed(data)

    def calls(self) -> list[Any]:
        """What clients have called since the last time."""
        calls = [message.action for message in self.byClient if isinstance(message, Call)]
        self.byClient.clear()
        return calls


class Scripted(Protocol):
    """
    A server that does what a test says.

    @ivar messages: what the client has said.
    """

    def __init__(self, react: Callable[[Scripted, Any], object]) -> None:
        self.messages: list[Any] = []
        self._react = react
        self._reader = Reader()

    def connectionMade(self) -> None:
        """Begin."""
        self._react(self, None)

    def dataReceived(self, data: bytes) -> None:
        """React to each message."""
        for message in self._reader.feed(data):
            self.messages.append(message)
            if isinstance(message, Hello):
                self._reader.maxFrame = 1 << 24
            self._react(self, message)

    def say(self, *messages: Any) -> None:
        """Say these."""
        for message in messages:
            self.transport.write(message if isinstance(message, bytes) else encode(message))


class Scripts(Factory):
    """
    Servers that do what a test says: C{react(server, message)} is called with each
    message, and with C{None} when a client has connected.
    """

    def __init__(self, react: Callable[[Scripted, Any], object]) -> None:
        self.react = react
        self.made: list[Scripted] = []

    def buildProtocol(self, addr: Any) -> Any:
        """One more."""
        self.made.append(Scripted(self.react))
        return self.made[-1]


def welcome(**fields: Any) -> Welcome:
    """A WELCOME."""
    return Welcome(**{"version": 1, "router": "scripted", "epoch": "e1", **fields})


def obliging(server: Scripted, message: Any) -> None:
    """A script: welcome everybody, and agree to all that is called."""
    if isinstance(message, Hello):
        server.say(welcome())
    elif isinstance(message, Call):
        server.say(Result(message.id, {"have": 0}))


def goodbye(code: str, retryMs: int = 0) -> Callable[[Scripted, Any], None]:
    """A script: welcome nobody, but say GOODBYE with this code."""

    def react(server: Scripted, message: Any) -> None:
        if isinstance(message, Hello):
            server.say(Goodbye(code, f"because of {code}", retryMs))
            server.transport.loseConnection()

    return react


class ClientTestCase(SynchronousTestCase):
    """
    Routers that are joined in memory.
    """

    def setUp(self) -> None:
        """A server on a clock."""
        self.routers = self.join()

    def join(self, **options: Any) -> MemoryRouters:
        """Routers that are stopped in the end."""
        routers = memoryRouters(**options)
        self.addCleanup(self.stop, routers)
        return routers

    def stop(self, routers: MemoryRouters) -> None:
        """Stop all, and see that nothing is left to happen."""
        routers.stop()
        self.assertEqual(routers.clock.getDelayedCalls(), [])

    def client(self, **options: Any) -> ClientRouter:
        """A client; its tables are empty when its link is down in the end."""
        return self.routers.client(**options)

    def listen(
        self, router: Any, sender: str | None = None, event: str | None = None, **options: Any
    ) -> Recorder:
        """A listener that has been added."""
        heard = Recorder()
        router.addListener(heard, sender, event, onGap=heard.onGap, **options)
        self.routers.pump()
        return heard

    def sender(self, router: Any, name: str = "s", events: Any = "e", requests: Any = None) -> Any:
        """A sender that was accepted."""
        sender = router.addSender(name, events, requests)
        self.routers.pump()
        self.assertEqual(str(sender.state), "accepted")
        return sender

    def reconnect(self, client: ClientRouter) -> None:
        """Let time pass until a client has its link again."""
        up = client.whenConnected()
        for _ in range(1000):
            if up.called:
                return
            self.routers.advance(0.1)
        self.fail("the client does not come back")

    def failure(self, deferred: Deferred[Any], kind: type[E]) -> E:
        """The error of this kind that a Deferred has failed with, pumping first."""
        self.routers.pump()
        failure: Failure = self.failureResultOf(deferred, kind)
        error: Any = failure.value
        return error  # type: ignore[no-any-return]

    def result(self, deferred: Deferred[Any]) -> Any:
        """The result of a Deferred, pumping first."""
        self.routers.pump()
        return self.successResultOf(deferred)

    def logs(self, do: Callable[[], object], words: str) -> list[str]:
        """The log lines with these words that something causes."""
        with capturedLogs() as events:
            do()
        return [text for event in events if words in (text := formatEvent(event))]
