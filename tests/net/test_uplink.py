"""A client's link: brought up, brought up again, and ended."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import DNSLookupError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pysig_twisted import ClientRouter, Limits, PeerInfo
from pysig_twisted.errors import (
    ConfigError,
    Denied,
    LinkLost,
    NotAuthenticated,
    NotConnected,
    ProtocolError,
    ShuttingDown,
    SlowConsumer,
    VersionMismatch,
)
from pysig_twisted.net import backoff
from pysig_twisted.testing import Recorder
from pysig_twisted.wire.messages import (
    AddSender,
    Call,
    Goodbye,
    Hello,
    Listen,
    RemoveSender,
    Result,
    Resume,
)

from .clientcase import (
    ClientTestCase,
    Observer,
    Scripted,
    Scripts,
    Spoken,
    goodbye,
    welcome,
)


class Steady(ClientTestCase):
    """Tests in which chance makes no waits longer or shorter."""

    def setUp(self) -> None:
        """Waits in the middle of what chance allows; for those asked for, the least."""
        super().setUp()
        self.patch(
            backoff.random,
            "uniform",
            lambda low, high: 1.0,
        )

    def attempts(self, client: ClientRouter) -> int:
        """How often a client has tried to connect."""
        return self.routers.link(client).attempts


class ConnectTests(Steady):
    """Bringing the link up."""

    def test_up(self) -> None:
        """whenConnected tells each who asks of the router; at once when the link is up."""
        client = self.client(start=False)
        first, second = client.whenConnected(), client.whenConnected()
        self.routers.pump()
        self.assertNoResult(first)
        client.startService()
        peer = self.result(first)
        self.assertIsInstance(peer, PeerInfo)
        self.assertEqual((peer.principal, peer.address), ("router", "memory"))
        self.assertIn("pysig_twisted/", peer.software)
        self.result(second)
        self.successResultOf(client.whenConnected())

    def test_order(self) -> None:
        """Senders are declared first, then listeners; then the application is told."""
        spoken = Spoken(self.routers)
        observer = Observer()
        client = self.client(start=False, observer=observer)
        client.addListener(Recorder(), "s", "e")
        sender = client.addSender("s", "e")
        told: list[Any] = []
        client.whenConnected().addCallback(lambda peer: told.append(str(sender.state)))
        client.startService()
        self.routers.pump()
        self.assertEqual(told, ["accepted"])
        self.assertEqual([type(call) for call in spoken.calls()], [AddSender, Listen])

    def test_notBeforeAnswered(self) -> None:
        """The application is not told before the router has answered all."""
        held: list[Any] = []

        def react(server: Scripted, message: Any) -> None:
            if isinstance(message, Hello):
                server.say(welcome())
            elif isinstance(message, Call):
                held.append(message)

        self.routers.factory = scripts = Scripts(react)
        observer = Observer()
        client = self.client(start=False, observer=observer)
        client.addSender("s")
        client.addListener(Recorder())
        up = client.whenConnected()
        client.startService()
        for _ in range(2):
            self.routers.pump()
            self.assertNoResult(up)
            self.assertEqual(observer.told, [])
            scripts.made[0].say(Result(held.pop(0).id, {"have": 0}))
        self.result(up)
        self.assertEqual(observer.told, [("connected",)])

    def test_notThere(self) -> None:
        """A server that is not there is tried again until it comes."""
        self.routers.isRefusing = True
        client = self.client(start=False)
        patient = client.whenConnected()
        hasty, calm = (client.whenConnected(failAfterFailures=count) for count in (1, 3))
        client.startService()
        error = self.failure(hasty, NotConnected)
        self.assertIn("cannot connect to memory: ", str(error))
        self.assertNoResult(calm)
        self.routers.advance(0.3)
        self.assertNoResult(calm)
        self.routers.advance(1)
        self.failure(calm, NotConnected)
        self.assertNoResult(patient)
        self.routers.isRefusing = False
        self.routers.advance(3)
        self.successResultOf(patient)

    def test_failuresCountAnew(self) -> None:
        """Failures count from when somebody asks."""
        self.routers.isRefusing = True
        client = self.client()
        self.routers.advance(5)
        late = client.whenConnected(failAfterFailures=2)
        attempts = self.attempts(client)
        while self.attempts(client) < attempts + 1:
            self.routers.advance(1)
        self.assertNoResult(late)
        self.routers.advance(30)
        self.failureResultOf(late, NotConnected)

    def test_cancelled(self) -> None:
        """Who waited and does so no more is told nothing."""
        client = self.client(start=False)
        up = client.whenConnected()
        up.cancel()
        self.failureResultOf(up, CancelledError)
        client.startService()
        self.routers.pump()
        down = client.whenDisconnected()
        down.cancel()
        self.failureResultOf(down, CancelledError)
        self.routers.link(client).cut()
        self.assertEqual((client._uplink._up, client._uplink._down), ([], []))

    def test_waiterEnds(self) -> None:
        """Who is told that the link is up may end it; the next then waits for another."""
        client = self.client(start=False)
        client.whenConnected().addCallback(lambda peer: self.routers.link(client).cut())
        second = client.whenConnected()
        client.startService()
        self.routers.pump()
        self.assertNoResult(second)
        self.reconnect(client)
        self.successResultOf(second)

    def test_log(self) -> None:
        """What is logged names the endpoint, not the machinery."""
        self.routers.isRefusing = True
        lines = self.logs(self.client, "memory")
        self.assertEqual(len(lines), 1)
        self.assertNotIn("object at", lines[0])

    def test_observerRaises(self) -> None:
        """An observer that raises is logged, and changes nothing."""

        class Raising(Observer):
            def connected(self, peer: Any) -> None:
                raise ValueError("mine")

        client = self.client(observer=Raising())
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.successResultOf(client.whenConnected())

    def test_observerStops(self) -> None:
        """An observer may stop the client when it is told that the link is up."""

        class Stopping(Observer):
            def connected(self, peer: Any) -> None:
                super().connected(peer)
                client.stopService()

        observer = Stopping()
        client = self.client(start=False, observer=observer)
        up = client.whenConnected()
        client.startService()
        self.failure(up, ShuttingDown)
        self.assertEqual(observer.told, [("connected",), ("disconnected", ShuttingDown)])

    def test_listenerStops(self) -> None:
        """So may a listener, when it is told who has gone, before anybody is told."""
        observer = Observer()
        client = self.client(observer=observer)
        other = self.client()
        self.sender(other)
        client.addListener(
            lambda info, data: client.stopService() if info.event == "#disconnect" else None
        )
        self.routers.pump()
        self.routers.link(client).cut()
        other.removeSender("s")
        up = client.whenConnected()
        self.routers.advance(1)
        self.failureResultOf(up, ShuttingDown)
        self.assertEqual(observer.told, [("connected",), ("disconnected", LinkLost)])


class LossTests(Steady):
    """Losing the link."""

    def test_down(self) -> None:
        """whenDisconnected fires with the reason; at once when there is no link."""
        client = self.client(start=False)
        self.assertIsInstance(self.successResultOf(client.whenDisconnected()), NotConnected)
        client.startService()
        self.routers.pump()
        first, second = client.whenDisconnected(), client.whenDisconnected()
        self.assertNoResult(first)
        lines = self.logs(self.routers.link(client).cut, "the link to memory is down")
        self.assertEqual(len(lines), 1)
        self.assertIsInstance(self.successResultOf(first), LinkLost)
        self.successResultOf(second)

    def test_again(self) -> None:
        """All that was declared is declared again before anybody is told."""
        spoken = Spoken(self.routers)
        observer = Observer()
        client = self.client(observer=observer)
        self.sender(client)
        heard = self.listen(client, "s", "e")
        spoken.calls()
        self.routers.link(client).cut()
        self.assertEqual(observer.told, [("connected",), ("disconnected", LinkLost)])
        up = client.whenConnected()
        self.routers.advance(0.3)
        self.successResultOf(up)
        self.assertEqual([type(call) for call in spoken.calls()], [AddSender, Listen, Resume])
        self.assertEqual(observer.told[2:], [("connected",)])
        client.getSender("s").trigger("e", 1)
        self.routers.pump()
        self.assertEqual(heard.data, [1])

    def test_restart(self) -> None:
        """Against a server that was killed and started anew, everything works as before."""
        publisher, client = self.client(), self.client()
        sender = self.sender(publisher, "s", "e", {"m": lambda params: params})
        heard = self.listen(client)
        for number in range(3):
            self.routers.restart()
            self.reconnect(publisher)
            self.reconnect(client)
            self.routers.advance(1)
            sender.trigger("e", number)
            self.assertEqual(self.result(client.request("s", "m", number)), number)
        self.assertEqual(heard.data, [0, 1, 2])
        self.assertEqual(heard.presence, [])

    def test_flapping(self) -> None:
        """A link that breaks all the time makes the waits longer; nobody is told of changes."""
        publisher, client = self.client(), self.client()
        self.sender(publisher)
        heard = self.listen(client, snapshot=True)
        waits = []
        for _ in range(6):
            self.routers.link(client).cut()
            start = self.routers.clock.seconds()
            self.reconnect(client)
            waits.append(self.routers.clock.seconds() - start)
        self.assertEqual(waits, sorted(waits))
        self.assertGreater(waits[-1], 5 * waits[0])
        self.assertEqual(heard.presence, [("s", "came")])

    def test_settled(self) -> None:
        """A link that has lived for half a minute is worth an immediate attempt again."""
        client = self.client()
        for lives in (1, 1, 1, 31):
            self.routers.advance(lives)
            self.routers.link(client).cut()
            attempts = self.attempts(client)
            self.routers.advance(0.25)
            if lives == 31:
                self.assertEqual(self.attempts(client), attempts + 1)
            self.reconnect(client)

    def test_lostWhileDeclaring(self) -> None:
        """A link that breaks before all was declared was never up: that is a failed attempt."""

        def react(server: Scripted, message: Any) -> None:
            if isinstance(message, Hello):
                server.say(welcome())
            elif isinstance(message, Call):
                server.transport.loseConnection()

        self.routers.factory = Scripts(react)
        observer = Observer()
        client = self.client(start=False, observer=observer)
        client.addListener(Recorder())
        up = client.whenConnected(failAfterFailures=1)
        client.startService()
        error = self.failure(up, NotConnected)
        self.assertIn("memory", str(error))
        self.assertEqual(observer.told, [])
        self.routers.advance(0.3)
        self.assertEqual(self.attempts(client), 2)

    def test_twoClients(self) -> None:
        """Two clients in one process have nothing to do with each other."""
        first, second = self.client(), self.client()
        down = second.whenDisconnected()
        self.routers.link(first).cut()
        self.assertNoResult(down)
        self.assertEqual(self.sender(second).state, "accepted")
        self.successResultOf(second.whenConnected())


class GoodbyeTests(Steady):
    """A router that ends the link, and says why."""

    def refuse(self, code: str, retryMs: int = 0) -> ClientRouter:
        """A client of a router that welcomes nobody."""
        self.routers.factory = Scripts(goodbye(code, retryMs))
        client = self.client(start=False)
        self.up = client.whenConnected()
        client.startService()
        self.routers.pump()
        return client

    def test_shuttingDown(self) -> None:
        """A router that goes down is tried again soon, and found when it is back."""
        client = self.client()
        down = client.whenDisconnected()
        self.routers.server.stopService()
        self.routers.pump()
        self.assertIsInstance(self.successResultOf(down), ShuttingDown)
        self.routers.restart()
        self.routers.advance(0.3)
        self.successResultOf(client.whenConnected())

    def test_backoff(self) -> None:
        """Those that may end are tried again with growing waits."""
        for code in ("shutting-down", "slow-consumer", "timeout", "busy", "unheard-of"):
            client = self.refuse(code)
            self.routers.advance(5)
            self.assertTrue(4 <= self.attempts(client) <= 7, (code, self.attempts(client)))
            self.assertNoResult(self.up)
            client.stopService()
            self.failure(self.up, ShuttingDown)

    def test_lasting(self) -> None:
        """Those that last are logged, fail who waits, and are tried again once a minute at most."""
        for code, kind in (
            ("denied", Denied),
            ("not-authenticated", NotAuthenticated),
            ("version", VersionMismatch),
            ("protocol-error", ProtocolError),
        ):
            lines = self.logs(lambda code=code: self.refuse(code), "cannot work with")  # type: ignore[misc]
            self.assertEqual(len(lines), 1)
            error = self.failure(self.up, kind)
            self.assertEqual(str(error), f"memory: because of {code}")
            client = self.routers.clients[-1]
            self.routers.advance(59)
            self.assertEqual(self.attempts(client), 1)
            self.routers.advance(60)
            self.assertEqual(self.attempts(client), 2)

    def test_lastingLater(self) -> None:
        """A router that relents is connected to at the next attempt."""
        client = self.refuse("denied")
        self.failure(self.up, Denied)
        up = client.whenConnected()
        self.routers.factory = self.routers.server.factory
        self.routers.advance(61)
        self.successResultOf(up)

    def test_retry(self) -> None:
        """A router may say how long to wait."""
        client = self.refuse("shutting-down", 7000)
        self.up.addErrback(lambda failure: failure.trap(ShuttingDown))
        self.routers.advance(6.9)
        self.assertEqual(self.attempts(client), 1)
        self.routers.advance(0.2)
        self.assertEqual(self.attempts(client), 2)

    def test_serverLimit(self) -> None:
        """A server that is full says so, and its word is told."""
        self.routers = self.join(limits=Limits(peers=1))
        self.client()
        client = self.client(start=False)
        up = client.whenConnected(failAfterFailures=1)
        client.startService()
        self.routers.pump()
        self.assertIn("limit", str(self.failure(up, Exception)))


class StopTests(Steady):
    """Ending the link."""

    def test_goodbye(self) -> None:
        """What waits is sent, then GOODBYE; the sender is closed, not lost."""
        spoken = Spoken(self.routers)
        observer = Observer()
        client = self.client(observer=observer)
        sender = self.sender(client)
        heard = self.listen(self.client())
        sender.trigger("e", "x" * 300_000)
        sender.trigger("e", 2)
        stopped = client.stopService()
        self.assertNoResult(stopped)
        self.result(stopped)
        self.assertEqual((len(heard.data[0]), heard.data[1]), (300_000, 2))
        self.assertEqual(heard.presence, [("s", "closed")])
        self.assertIsInstance(spoken.byClient[-1], Goodbye)
        self.assertEqual(observer.told[-1], ("disconnected", ShuttingDown))
        self.assertEqual(str(sender.state), "pending")
        self.assertNotIn(RemoveSender("s"), spoken.calls())
        self.routers.advance(100)
        self.assertEqual(self.attempts(client), 1)

    def test_notReading(self) -> None:
        """It takes two seconds at most, even if the server reads nothing."""
        client = self.client()
        sender = self.sender(client)
        self.routers.link(client).hold()
        for _ in range(10):
            sender.trigger("e", "x" * 100_000)
        self.routers.pump()
        stopped = client.stopService()
        self.routers.advance(1.9)
        self.assertNoResult(stopped)
        self.routers.advance(0.2)
        self.successResultOf(stopped)

    def test_attempt(self) -> None:
        """An attempt that hangs is cancelled, and who waits is told that we go."""
        self.routers.isHanging = True
        client = self.client(start=False)
        up = client.whenConnected(failAfterFailures=1)
        client.startService()
        self.routers.advance(10)
        self.assertNoResult(up)
        stopped = client.stopService()
        self.successResultOf(stopped)
        self.failureResultOf(up, ShuttingDown)

    def test_waiting(self) -> None:
        """So it is between two attempts."""
        self.routers.isRefusing = True
        client = self.client()
        up = client.whenConnected()
        self.successResultOf(client.stopService())
        self.failureResultOf(up, ShuttingDown)
        self.routers.advance(100)
        self.assertEqual(self.attempts(client), 1)

    def test_beforeWelcome(self) -> None:
        """A router that has not answered yet is told that we go, and left in two seconds."""
        self.routers.factory = scripts = Scripts(lambda server, message: None)
        client = self.client()
        stopped = client.stopService()
        self.routers.pump()
        self.successResultOf(stopped)
        self.assertIsInstance(scripts.made[0].messages[-1], Goodbye)
        client.startService()
        self.routers.pump()
        self.routers.link(client).hold()
        stopped = client.stopService()
        self.routers.advance(1.9)
        self.assertNoResult(stopped)
        self.routers.advance(0.2)
        self.successResultOf(stopped)

    def test_neverStarted(self) -> None:
        """A client that was not started can be stopped."""
        client = self.client(start=False)
        up = client.whenConnected()
        self.successResultOf(client.stopService())
        self.failureResultOf(up, ShuttingDown)

    def test_again(self) -> None:
        """A client that was stopped can be started again, with all that was declared."""
        client = self.client()
        sender = self.sender(client)
        heard = self.listen(client, "s")
        for number in range(3):
            self.result(client.stopService())
            client.startService()
            self.routers.pump()
            self.assertEqual(str(sender.state), "accepted")
            sender.trigger("e", number)
            self.routers.pump()
        self.assertEqual(heard.data, [0, 1, 2])
        self.routers.advance(10)
        self.assertEqual(heard.presence, [])

    def test_againAtOnce(self) -> None:
        """It can be started before it has stopped."""
        client = self.client()
        sender = self.sender(client)
        heard = self.listen(self.client(), "s")
        stopped = client.stopService()
        client.startService()
        self.result(stopped)
        self.reconnect(client)
        sender.trigger("e", 1)
        self.routers.pump()
        self.assertEqual(heard.data, [1])

    def test_stopWhenStopped(self) -> None:
        """Whoever is told that it has stopped may stop it again."""
        client = self.client()
        stopped = client.stopService()
        stopped.addCallback(lambda _: client.stopService())
        self.result(stopped)
        self.result(client.stopService())
        client.startService()
        self.result(client.whenConnected())

    def test_twice(self) -> None:
        """It can be stopped twice."""
        client = self.client()
        first, second = client.stopService(), client.stopService()
        self.result(first)
        self.result(second)
        self.successResultOf(client.stopService())

    def test_overflow(self) -> None:
        """Requests that pile up unsent end the link, since nothing else bounds them."""
        client = self.client(limits=Limits(outbox=100_000))
        down = client.whenDisconnected()
        self.routers.link(client).hold()
        asked = [client.request("s", "m", "x" * 50_000) for _ in range(10)]
        self.routers.advance(3)
        self.assertIsInstance(self.successResultOf(down), SlowConsumer)
        for each in asked:
            self.failureResultOf(each, LinkLost)


@implementer(IStreamClientEndpoint)
class RaisingEndpoint:
    """An endpoint that raises."""

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Raise."""
        raise ValueError("no such device")


@implementer(IStreamClientEndpoint)
class FailingEndpoint:
    """An endpoint that fails."""

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        """Fail."""
        return fail(DNSLookupError("nowhere"))


class EndpointTests(SynchronousTestCase):
    """What a client connects to."""

    def test_errors(self) -> None:
        """However an endpoint fails, the error names it, and it is tried again."""
        for endpoint, word in (
            (RaisingEndpoint(), "no such device"),
            (FailingEndpoint(), "nowhere"),
        ):
            clock = Clock()
            client = ClientRouter(endpoint, reactor=clock)
            up = client.whenConnected(failAfterFailures=2)
            client.startService()
            self.assertNoResult(up)
            clock.advance(1)
            error: Any = self.failureResultOf(up, NotConnected).value
            self.assertIn(word, str(error))
            self.assertIn(type(endpoint).__name__, str(error))
            self.successResultOf(client.stopService())
            self.assertEqual(clock.getDelayedCalls(), [])

    def test_strings(self) -> None:
        """A string names what we connect to; one that cannot be used is refused at once."""
        client = ClientRouter("example.org:99", reactor=Clock())
        self.assertEqual(client._uplink.text, "example.org:99")
        error = self.failureResultOf(client.request("s", "m"), NotConnected).value
        self.assertIn("example.org:99", str(error))
        for bad in ("", "tcp:", "nonsense:1:2", "host:0", 5):
            self.assertRaises(ConfigError, ClientRouter, bad, reactor=Clock())
        endpoint = HostnameEndpoint(Clock(), "example.org", 99)
        ClientRouter(endpoint, reactor=Clock())
