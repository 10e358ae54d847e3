"""A client's router, as its users see it."""

from __future__ import annotations

from typing import Any

from twisted.application.service import MultiService
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from zope.interface.verify import verifyObject

from pysig_twisted import ClientRouter, IRouter, connect
from pysig_twisted.core.clock import Clock as Times
from pysig_twisted.errors import (
    ConfigError,
    Denied,
    NotConnected,
    RequestTimeout,
)
from pysig_twisted.net import client as clientModule
from pysig_twisted.net.replays import framesOf
from pysig_twisted.testing import Recorder
from pysig_twisted.wire.messages import AddSender, Call, Ping, Refill, Result

from .clientcase import (
    ClientTestCase,
    Scripts,
    Spoken,
    goodbye,
    obliging,
)


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
            self.routers.piece = most
            publisher, client = self.client(), self.client()
            heard = self.listen(client, snapshot=True)
            sender = self.sender(publisher, "s", ("e", "f"), {"m": lambda params: params})
            for number in range(5):
                sender.trigger("ef"[number % 2], number)
            answer = self.result(client.request("s", "m", "x" * 300))
            sender.remove()
            self.routers.pump()
            logs.append(([(info.event, info.seq) for info, _ in heard.all], heard.data, answer))
        self.assertEqual(len(logs[0][1]), 5)
        self.assertEqual(logs, [logs[0]] * len(logs))

    def test_refill(self) -> None:
        """A router may ask for events that were fired before it knew their sender."""
        self.routers.factory = scripts = Scripts(obliging)
        client = self.client()
        sender = self.sender(client)
        for number in range(1, 6):
            sender.trigger("e", "x" * 40_000 + str(number))
        self.routers.pump()
        sid = next(
            message.action.sid
            for message in scripts.made[0].messages
            if isinstance(message, Call) and isinstance(message.action, AddSender)
        )
        scripts.made[0].messages.clear()
        scripts.made[0].say(
            Call(7, Refill("s", sid, 2, 4)),
            Call(8, Refill("s", sid[::-1], 2, 4)),
            Call(9, Refill("t", sid, 2, 4)),
        )
        self.routers.pump()
        *pieces, last = [m for m in scripts.made[0].messages if m.id == 7]
        self.assertEqual(last, Result(7, {}))
        self.assertEqual([piece.final for piece in pieces], [False] * (len(pieces) - 1) + [True])
        self.assertFalse(any(piece.live for piece in pieces))
        numbers = [
            seq
            for piece in pieces
            for run in framesOf(piece.frames, 1 << 20)
            for seq, _, _ in run.events()  # type: ignore[union-attr]
        ]
        self.assertEqual(numbers, [2, 3, 4])
        others = [m for m in scripts.made[0].messages if m.id != 7]
        self.assertEqual(others, [Result(8, {}), Result(9, {})])

    def test_pysigNames(self) -> None:
        """The names of pysig 0.7.3 work."""
        client = self.client()
        heard = Recorder()
        self.result(client.addRemoteSender("s", "e", {"m": lambda params: 5}).whenSettled())
        self.result(client.addRemoteListener(heard, "s", "e").whenSettled())
        client.getSender("s").trigger("e", 1)  # type: ignore[union-attr]
        self.assertEqual(self.result(client.remoteRequest("s", "m")), 5)
        self.assertEqual(heard.data, [1])
        self.assertTrue(client.removeRemoteListener(heard, "s", "e"))
        self.assertTrue(client.removeRemoteSender("s"))
        self.routers.pump()
        self.assertEqual(self.result(client.senders()), [])

    def test_local(self) -> None:
        """Each client has a router of its own for its process."""
        client = self.client()
        heard = Recorder()
        client.local.addListener(heard)
        sender = client.local.addSender("s", "e", {"m": lambda params: Deferred()})
        sender.trigger("e", 1)
        self.assertEqual(heard.data, [1])
        self.assertEqual(self.result(client.senders()), [])
        asked = client.local.request("s", "m", timeout=1)
        self.routers.advance(2)
        self.failureResultOf(asked, RequestTimeout)

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
        self.endpoint = self.routers.endpoint()
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
        heard = Recorder()
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
        self.assertEqual(heard.presence, [("s", "came")])

    def test_forwardInGrace(self) -> None:
        """So it is while the link is down."""
        heard = Recorder()
        self.subject.addListener(heard, snapshot=True)
        self.settle()
        self.routers.isRefusing = True
        self.routers.link(self.subject).cut()
        self.wall.advance(3600)
        self.settle(4.5)
        self.assertEqual(heard.presence, [("s", "came")])
        self.settle(1)
        self.assertEqual(heard.presence, [("s", "came"), ("s", "link")])
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
        self.routers.link(client).cut()
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
