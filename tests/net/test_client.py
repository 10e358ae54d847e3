"""A client's router, as its users see it."""

from __future__ import annotations

from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from pysig_twisted import ClientRouter, IRouter, Limits, SenderInfo, connect
from pysig_twisted.core.clock import Clock as Times
from pysig_twisted.errors import (
    BadName,
    ConfigError,
    Denied,
    LinkLost,
    NotConnected,
    RequestTimeout,
    ShuttingDown,
)
from pysig_twisted.net import client as clientModule
from pysig_twisted.net.client import ROOM
from pysig_twisted.wire.messages import Hello, Ping, Reply, Request

from .clientcase import (
    ClientTestCase,
    Heard,
    Scripted,
    Scripts,
    Spoken,
    goodbye,
    obliging,
    welcome,
)
from .memory import MemoryEndpoint


class RouterTests(ClientTestCase):
    """The whole of it."""

    def test_interface(self) -> None:
        """A client router is what components are written against."""
        self.assertTrue(verifyObject(IRouter, self.client()))

    def test_splits(self) -> None:
        """However the bytes are cut, all happens in the same way."""
        logs = []
        for most in (1, 3, 7, 64, 1 << 16):
            self.routers = self.join()
            self.routers.most = most
            publisher, client = self.client(), self.client()
            heard = self.listen(client, snapshot=True)
            sender = self.sender(publisher, "s", ("e", "f"), {"m": lambda params: params})
            for number in range(5):
                sender.trigger("ef"[number % 2], number)
            answer = self.result(client.request("s", "m", "x" * 300))
            sender.remove()
            self.routers.pump()
            logs.append(([(info.event, info.seq) for info, _ in heard.all], heard.events, answer))
        self.assertEqual(len(logs[0][1]), 5)
        self.assertEqual(logs, [logs[0]] * len(logs))

    def test_pysigNames(self) -> None:
        """The names of pysig 0.7.3 work."""
        client = self.client()
        heard = Heard()
        self.result(client.addRemoteSender("s", "e", {"m": lambda params: 5}).whenSettled())
        self.result(client.addRemoteListener(heard, "s", "e").whenSettled())
        client.getSender("s").trigger("e", 1)  # type: ignore[union-attr]
        self.assertEqual(self.result(client.remoteRequest("s", "m")), 5)
        self.assertEqual(heard.events, [1])
        self.assertTrue(client.removeRemoteListener(heard, "s", "e"))
        self.assertTrue(client.removeRemoteSender("s"))
        self.routers.pump()
        self.assertEqual(self.result(client.senders()), [])

    def test_local(self) -> None:
        """Each client has a router of its own for its process."""
        client = self.client()
        heard = Heard()
        client.local.addListener(heard)
        sender = client.local.addSender("s", "e", {"m": lambda params: Deferred()})
        sender.trigger("e", 1)
        self.assertEqual(heard.events, [1])
        self.assertEqual(self.result(client.senders()), [])
        asked = client.local.request("s", "m", timeout=1)
        self.routers.advance(2)
        self.failureResultOf(asked, RequestTimeout)

    def test_senders(self) -> None:
        """Senders are listed, sorted, by pattern; the router's own only if asked for."""
        client = self.client()
        for name in ("b", "a", "dev1"):
            self.sender(client, name, ("e", "#c"), {"m": id, None: id})
        infos: list[SenderInfo] = self.result(client.senders())
        self.assertEqual([info.name for info in infos], ["a", "b", "dev1"])
        self.assertEqual((infos[0].events, infos[0].requests), (("e", "#c"), ("m", None)))
        self.assertEqual(infos, self.result(self.routers.server.senders()))
        self.assertEqual([info.name for info in self.result(client.senders("dev*"))], ["dev1"])
        self.assertEqual([info.name for info in self.result(client.senders("$*"))], ["$router"])
        self.failureResultOf(client.senders(""), BadName)
        self.failureResultOf(self.client(start=False).senders(), NotConnected)

    def test_manySenders(self) -> None:
        """A listing of more than fits into an answer comes whole."""
        client = self.client()
        events = [f"{number:03}" + "x" * 200 for number in range(200)]
        for number in range(20):
            client.addSender(f"s{number:02}", events)
        self.routers.pump()
        names = [info.name for info in self.result(client.senders())]
        self.assertEqual(names, [f"s{number:02}" for number in range(20)])

    def test_emptyPage(self) -> None:
        """A router that promises more and gives nothing is not asked for ever."""

        def react(server: Scripted, message: Any) -> None:
            if isinstance(message, Hello):
                server.say(welcome())
            elif isinstance(message, Request):
                server.say(Reply(1, message.id, b'{"senders": [], "more": true}'))

        self.routers.factory = Scripts(react)
        self.assertEqual(self.result(self.client().senders()), [])

    def test_service(self) -> None:
        """A client router is a service."""
        parent = MultiService()
        client = self.client(start=False)
        client.setServiceParent(parent)
        parent.startService()
        self.result(client.whenConnected())
        stopped: Any = parent.stopService()
        self.result(stopped)
        self.assertEqual(self.routers.server.peers(), [])


class ConnectTests(ClientTestCase):
    """Connecting in one step."""

    def connect(self, **options: Any) -> Deferred[ClientRouter]:
        """Connect."""
        self.endpoint = MemoryEndpoint(self.routers)
        return connect(self.routers.clock, self.endpoint, **options)

    def test_up(self) -> None:
        """It gives a router that is connected and started."""
        client: ClientRouter = self.result(self.connect(codec="msgpack"))
        self.assertTrue(client.running)
        self.sender(client)
        self.result(client.stopService())

    def test_notThere(self) -> None:
        """If nobody is there it fails, and does not go on trying."""
        self.routers.isRefusing = True
        self.assertIn("memory", str(self.failure(self.connect(), NotConnected)))
        self.routers.advance(100)
        self.assertEqual(self.endpoint.attempts, 1)

    def test_refused(self) -> None:
        """If the router refuses, it fails with its reason."""
        self.routers.factory = Scripts(goodbye("denied"))
        self.assertIn("because of denied", str(self.failure(self.connect(), Denied)))
        self.routers.advance(100)
        self.assertEqual(self.endpoint.attempts, 1)

    def test_badOptions(self) -> None:
        """What cannot be used is refused."""
        self.failureResultOf(connect(Clock(), "tcp:"), ConfigError)
        self.failureResultOf(connect(Clock(), "host", codec="nonsense"), ConfigError)

    def test_cancelled(self) -> None:
        """Connecting can be given up."""
        self.routers.isHanging = True
        connecting = self.connect()
        self.routers.pump()
        connecting.cancel()
        self.failureResultOf(connecting, CancelledError)
        self.assertEqual(self.routers.clock.getDelayedCalls(), [])


class FlushTests(ClientTestCase):
    """Waiting until the router has taken all."""

    def test_flush(self) -> None:
        """It fires when all that was fired before has been taken, registrations included."""
        client = self.client()
        heard = self.listen(self.client(), None, "e")
        sender = client.addSender("s", "e")
        sender.trigger("e", 1)
        taken: list[int] = []
        flushed = client.flush()
        flushed.addCallback(lambda _: taken.append(self.routers.server.events.accepted))
        self.assertNoResult(flushed)
        self.assertIsNone(self.result(flushed))
        self.assertEqual(taken, [1])
        self.assertEqual(heard.events, [1])

    def test_waits(self) -> None:
        """It does not fire earlier."""
        client = self.client()
        sender = client.addSender("s", "e")
        self.routers.connection(client).hold(client=False)
        sender.trigger("e", 1)
        flushed = client.flush()
        self.routers.advance(20)
        self.assertNoResult(flushed)
        self.assertEqual(self.routers.server.events.accepted, 0)
        self.routers.connection(client).release()
        self.result(flushed)
        self.assertEqual(self.routers.server.events.accepted, 1)

    def test_refused(self) -> None:
        """A sender that is refused holds nobody up."""
        self.sender(self.client())
        client = self.client()
        client.addSender("s", "e").trigger("e", 1)
        self.assertIsNone(self.result(client.flush()))

    def test_notConnected(self) -> None:
        """Without a link it fails at once."""
        error = self.failureResultOf(self.client(start=False).flush(), NotConnected)
        self.assertIn("memory", str(error))

    def test_lost(self) -> None:
        """When the link breaks it fails at once, whatever it waits for."""
        client = self.client()
        self.routers.connection(client).hold()
        first = client.flush()
        client.addSender("s", "e")
        second = client.flush()
        self.routers.connection(client).cut()
        self.failureResultOf(first, LinkLost)
        self.failureResultOf(second, LinkLost)
        self.reconnect(client)
        self.assertIsNone(self.result(client.flush()))

    def test_timeout(self) -> None:
        """It does not wait for ever."""
        self.routers.factory = Scripts(obliging)
        client = self.client()
        flushed = client.flush()
        self.routers.advance(29)
        self.assertNoResult(flushed)
        self.routers.advance(2)
        self.failureResultOf(flushed, RequestTimeout)
        self.assertEqual(client._flushes, set())

    def test_cancel(self) -> None:
        """Who does not wait any more leaves nothing behind."""
        client = self.client()
        flushed = client.flush()
        flushed.cancel()
        self.failureResultOf(flushed, CancelledError)
        self.assertEqual(client._flushes, set())
        self.routers.pump()
        self.assertIsNone(self.result(client.flush()))


class ReadyTests(ClientTestCase):
    """Pacing a burst."""

    def test_ready(self) -> None:
        """It fires at once while there is room, and else when there is again."""
        client = self.client()
        sender = self.sender(client)
        self.successResultOf(client.ready())
        self.routers.connection(client).hold()
        for _ in range(ROOM // 50_000):
            sender.trigger("e", "x" * 100_000)
        ready = client.ready()
        self.routers.pump()
        self.assertNoResult(ready)
        self.routers.connection(client).release()
        self.assertIsNone(self.result(ready))

    def test_pacedBurst(self) -> None:
        """A burst that paces itself loses nothing, whatever the limit."""
        client = self.client(limits=Limits(outbox=ROOM + 100_000))
        sender = self.sender(client)
        heard = self.listen(self.client(), "s")

        async def burst() -> None:
            for number in range(200):
                await client.ready()
                sender.trigger("e", str(number) + "x" * 50_000)
            await client.flush()

        self.assertIsNone(self.result(Deferred.fromCoroutine(burst())))
        self.assertEqual(len(heard.events), 200)
        self.assertEqual(heard.gaps, [])

    def test_waitsForLink(self) -> None:
        """While the link is down it waits for it."""
        client = self.client(start=False)
        ready = client.ready()
        self.routers.pump()
        self.assertNoResult(ready)
        client.startService()
        self.assertIsNone(self.result(ready))

    def test_lost(self) -> None:
        """When the link breaks meanwhile, it fails."""
        client = self.client()
        sender = self.sender(client)
        self.routers.connection(client).hold()
        for _ in range(20):
            sender.trigger("e", "x" * 100_000)
        ready = client.ready()
        self.assertNoResult(ready)
        self.routers.connection(client).cut()
        self.failureResultOf(ready, LinkLost)

    def test_stopped(self) -> None:
        """When the client is stopped while it waits, it fails."""
        client = self.client(start=False)
        ready = client.ready()
        client.stopService()
        self.failureResultOf(ready, ShuttingDown)
        client.startService()
        self.routers.pump()
        sender = self.sender(client)
        for _ in range(20):
            sender.trigger("e", "x" * 100_000)
        ready = client.ready()
        client.stopService()
        self.failure(ready, LinkLost)


class WallClock(Clock):
    """
    A reactor's clock that follows the wall clock, which somebody sets.

    @ivar steady: the monotonic time.
    """

    steady = 0.0

    def pass_(self, seconds: float) -> None:
        """Let time pass."""
        self.steady += seconds
        self.advance(seconds)


class ClockTests(ClientTestCase):
    """The wall clock is set while a client runs."""

    def setUp(self) -> None:
        """A router on a clock of its own, and a client on one that can be set."""
        super().setUp()
        self.wall = WallClock()
        wall = self.wall
        self.patch(
            clientModule,
            "clockOf",
            lambda reactor: (
                Times(wall.callLater, lambda: wall.steady)
                if reactor is wall
                else Times(reactor.callLater, reactor.seconds)
            ),
        )
        self.subject = self.client(reactor=self.wall, start=False)
        self.subject.startService()
        self.settle()
        self.sender(
            self.client(),
            "s",
            "e",
            {"wait": lambda params: Deferred(), "echo": lambda params: params},
        )

    def settle(self, seconds: float = 0.0) -> None:
        """Let time pass for both, and carry bytes."""
        for _ in range(3):
            self.wall.advance(0)
            self.routers.pump()
        for _ in range(round(seconds * 2)):
            self.wall.pass_(0.5)
            self.routers.advance(0.5)
            self.wall.advance(0)
            self.routers.pump()

    def stop(self, routers: Any) -> None:
        """Stop the subject on its own clock first."""
        if routers is self.routers:
            self.subject.stopService()
            self.settle(1)
        super().stop(routers)
        self.assertEqual(self.wall.getDelayedCalls(), [])

    def test_forward(self) -> None:
        """An hour forward ends neither the link nor a request nor presence early."""
        heard = Heard()
        self.subject.addListener(heard, snapshot=True)
        asked = self.subject.request("s", "wait", timeout=10)
        down = self.subject.whenDisconnected()
        self.settle()
        self.wall.advance(3600)
        self.settle(5)
        self.assertNoResult(down)
        self.assertNoResult(asked)
        self.settle(5.5)
        self.failureResultOf(asked, RequestTimeout)
        self.assertEqual(heard.presence, [("s", "+")])

    def test_forwardInGrace(self) -> None:
        """So it is while the link is down."""
        heard = Heard()
        self.subject.addListener(heard, snapshot=True)
        self.settle()
        self.routers.isRefusing = True
        self.routers.connection(self.subject).cut()
        self.wall.advance(3600)
        self.settle(4.5)
        self.assertEqual(heard.presence, [("s", "+")])
        self.settle(1)
        self.assertEqual(heard.presence, [("s", "+"), ("s", "link")])
        self.routers.isRefusing = False

    def test_back(self) -> None:
        """An hour back stops nothing for longer than until the next sign of life."""
        asked = self.subject.request("s", "wait", timeout=10)
        self.settle()
        self.wall.rightNow -= 3600
        self.settle(9)
        self.assertNoResult(asked)
        self.settle(3)
        self.assertEqual(self.successResultOf(self.echo()), 1)
        self.settle(1)
        self.failureResultOf(asked, RequestTimeout)

    def echo(self) -> Deferred[Any]:
        """An answer, which is a sign of life."""
        asked = self.subject.request("s", "echo", 1)
        self.settle()
        return asked


class QuietTests(ClientTestCase):
    """What a client leaves behind."""

    def test_nothing(self) -> None:
        """After a busy life, stopped, nothing is left on the clock."""
        spoken = Spoken(self.routers)
        client, other = self.client(), self.client()
        self.sender(client, "s", "e", {"wait": lambda params: Deferred()})
        self.listen(client, snapshot=True)
        asked = [other.request("s", "wait"), other.request("s", "wait", timeout=600)]
        flushed = client.flush()
        self.routers.pump()
        self.routers.connection(client).cut()
        self.routers.advance(1)
        for deferred in (*asked, flushed):
            deferred.addErrback(lambda failure: None)
        self.stop(self.routers)
        self.assertTrue(any(isinstance(message, Ping) for message in spoken.byClient))
        uplink = client._uplink
        self.assertEqual(
            (uplink.link, uplink._carrier, uplink._up, uplink._down), (None, None, [], [])
        )
        self.assertEqual(len(client._deadlines), 0)
