"""Routers that are joined in memory behave as over a network, and leave nothing behind."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import ClientRouter, Limits, ServerRouter
from pysig_twisted.errors import LinkLost, NotConnected, RequestTimeout
from pysig_twisted.testing import MemoryRouters, Recorder, memoryRouters


class Echo(Protocol):
    """Sends back what it gets."""

    def dataReceived(self, data: bytes) -> None:
        """Send it back."""
        self.transport.write(data)


class LifeTests(SynchronousTestCase):
    """How they come and go."""

    def test_joined(self) -> None:
        """They are connected, and leave nothing behind."""
        routers = memoryRouters(2)
        self.assertEqual(len(routers.server.peers()), 2)
        first, second = routers.clients
        self.assertIsNot(first, second)
        routers.stop()
        self.assertEqual(routers.clock.getDelayedCalls(), [])
        self.assertEqual(routers.connections, [])

    def test_options(self) -> None:
        """The options are those of the server, and of the client."""
        with memoryRouters(limits=Limits(peers=1)) as routers:
            routers.client(codec="msgpack", codecs=())
            self.assertEqual(routers.server.limits.peers, 1)
            routers.client()
            self.assertEqual(len(routers.server.peers()), 1)

    def test_notStarted(self) -> None:
        """A client may be started later."""
        with memoryRouters() as routers:
            client = routers.client(start=False)
            self.assertEqual(routers.server.peers(), [])
            client.startService()
            routers.result(client.whenConnected())
            self.assertEqual(len(routers.server.peers()), 1)

    def test_within(self) -> None:
        """All are stopped at the end of a block; the error that ended it is what is told."""
        with self.assertRaises(KeyError), memoryRouters(1) as routers:
            routers.server.stopService = Deferred  # type: ignore[method-assign,assignment]
            raise KeyError
        self.assertFalse(routers.clients[0].running)
        with self.assertRaises(AssertionError), routers:
            pass

    def test_disturbed(self) -> None:
        """They can be stopped whatever was done to their links."""
        for disturb in ("hold", "cut"):
            routers = memoryRouters(2)
            link = routers.link(routers.clients[0])
            getattr(link, disturb)(server=False)
            link.bytesPerSecond = 1
            link.isHanging = True
            routers.stop()
            self.assertEqual((routers.clock.getDelayedCalls(), routers.connections), ([], []))

    def test_elsewhere(self) -> None:
        """A client and a server that are made elsewhere are joined too."""
        with memoryRouters() as routers:
            server = ServerRouter(reactor=routers.clock)
            routers.factory = server.factory
            link = routers.endpoint()
            client = ClientRouter(link, reactor=routers.clock)
            client.startService()
            routers.result(client.whenConnected())
            self.assertEqual((len(server.peers()), routers.server.peers()), (1, []))
            error = self.assertRaises(ValueError, routers.cut, client)
            self.assertIn("is no client of these routers", str(error))
            link.cut()
            routers.result(client.whenConnected())
            self.assertEqual(link.connections, 2)
            routers.result(client.stopService())

    def test_imports(self) -> None:
        """No test framework is imported, nor the reactor installed."""
        code = (
            "import sys, pysig_twisted.testing as t; t.memoryRouters(1).stop();"
            "names = 'twisted.trial', 'hypothesis', 'pytest', 'twisted.internet.reactor';"
            "print([name for name in names if name in sys.modules])"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        self.assertEqual(ran.stdout, "[]\n", ran.stderr)


class TimeTests(SynchronousTestCase):
    """What happens when."""

    def setUp(self) -> None:
        """A server and two clients."""
        self.routers = memoryRouters(2)
        self.addCleanup(self.routers.stop)
        self.first, self.second = self.routers.clients

    def test_pump(self) -> None:
        """All that needs no time is done."""
        heard = Recorder()
        self.second.addListener(heard, "s", "e")
        sender = self.first.addSender("s", "e")
        self.routers.pump()
        sender.trigger("e", 1)
        self.assertEqual(heard.data, [])
        self.routers.pump()
        self.assertEqual(heard.data, [1])
        self.assertEqual(self.routers.clock.seconds(), 0)

    def test_advance(self) -> None:
        """Time passes in steps, and what is sent meanwhile is carried."""
        times: list[float] = []
        clock = self.routers.clock
        clock.callLater(2, lambda: times.append(clock.seconds()))
        clock.callLater(1, lambda: clock.callLater(2, lambda: times.append(clock.seconds())))
        self.routers.advance(2.5)
        self.assertEqual((times, clock.seconds()), ([2], 2.5))
        self.routers.advance(100)
        self.assertEqual(times, [2, 3])
        self.assertEqual(len(self.routers.server.peers()), 2)

    def test_result(self) -> None:
        """A result that needs no time, and one that does."""
        self.first.addSender("s", requests={"m": lambda params: params})
        self.routers.pump()
        self.assertEqual(self.routers.result(self.second.request("s", "m", 5)), 5)
        self.assertEqual(self.routers.clock.seconds(), 0)
        later: Deferred[str] = Deferred()
        self.routers.clock.callLater(40, later.callback, "late")
        self.assertEqual(self.routers.result(later), "late")
        self.assertEqual(self.routers.clock.seconds(), 40)

    def test_resultFails(self) -> None:
        """An error is raised as it is."""
        self.first.addSender("s", requests={"m": lambda params: Deferred()})
        self.routers.pump()
        asked = self.second.request("s", "m", timeout=7)
        self.assertRaises(RequestTimeout, self.routers.result, asked)
        self.assertApproximates(self.routers.clock.seconds(), 7, 0.1)

    def test_noResult(self) -> None:
        """What does not fire in time is an error of the test."""
        error = self.assertRaises(AssertionError, self.routers.result, Deferred(), 5)
        self.assertIn("no result within 5 s: <Deferred", str(error))

    def test_coroutine(self) -> None:
        """A coroutine is run."""

        async def ask() -> Any:
            await self.first.whenConnected()
            return await self.second.senders("$*")

        [info] = self.routers.result(ask())
        self.assertEqual(info.name, "$router")

    def test_restless(self) -> None:
        """Two sides that never come to rest are noticed."""
        with memoryRouters() as routers:
            routers.factory = Factory.forProtocol(Echo)
            made: Any = routers.endpoint().connect(Factory.forProtocol(Echo))
            routers.result(made).transport.write(b"x")
            self.assertRaises(AssertionError, routers.pump)
            routers.connections[0].lose()

    def test_piece(self) -> None:
        """All works with bytes that come one by one."""
        self.routers.piece = 1
        self.first.addSender("s", requests={"m": lambda params: params})
        self.routers.pump()
        sizes = set()
        self.routers.watch = lambda connection, fromClient, data: sizes.add(len(data))
        self.assertEqual(self.routers.result(self.second.request("s", "m", "text")), "text")
        self.assertEqual(sizes, {1})

    def test_watch(self) -> None:
        """All bytes that are carried are told of."""
        carried: list[Any] = []
        self.routers.watch = lambda *each: carried.append(each)
        self.routers.result(self.first.flush())
        connection = self.routers.connections[0]
        ((where, fromClient, asked), (_, fromClientToo, answer)) = carried
        self.assertIs(where, connection)
        self.assertEqual((fromClient, fromClientToo), (True, False))
        self.assertEqual((asked[4], answer[4]), (4, 5))  # PING, PONG


class FaultTests(SynchronousTestCase):
    """What may go wrong."""

    def setUp(self) -> None:
        """A server, a client with a sender, and one that listens."""
        self.routers = memoryRouters(2)
        self.addCleanup(self.routers.stop)
        self.owner, self.client = self.routers.clients
        self.heard = Recorder()
        self.client.addListener(self.heard, onGap=self.heard.onGap)
        self.routers.pump()
        self.sender = self.owner.addSender("s", "e", {"m": lambda params: params})
        self.routers.pump()

    def test_cut(self) -> None:
        """A client is away for a while."""
        with self.routers.cut(self.client):
            self.assertRaises(NotConnected, self.routers.result, self.client.request("s", "m"))
            self.sender.trigger("e", 1)
            self.routers.advance(10)
            self.assertEqual(len(self.routers.server.peers()), 1)
        self.routers.result(self.client.whenConnected())
        self.sender.trigger("e", 2)
        self.routers.pump()
        self.assertEqual((self.heard.data, self.heard.gaps), ([1, 2], []))
        self.assertEqual(self.heard.presence, [("s", "came"), ("s", "link"), ("s", "came")])

    def test_oneSide(self) -> None:
        """Only one of the sides notices."""
        self.routers.cut(self.owner, client=False)
        self.routers.pump()
        self.assertEqual(self.heard.presence[1:], [("s", "lost")])
        self.routers.link(self.owner).heal()
        self.routers.advance(1)
        self.assertEqual(self.heard.presence[2:], [("s", "came")])

    def test_hold(self) -> None:
        """A link delays what it carries."""
        with self.routers.hold(self.owner):
            self.sender.trigger("e", 1)
            self.routers.advance(3)
            self.assertEqual(self.heard.data, [])
        self.routers.pump()
        self.assertEqual(self.heard.data, [1])

    def test_kill(self) -> None:
        """A server crashes, and another one takes its place."""
        before = self.routers.server
        asked = self.client.request("$router", "senders")
        self.routers.kill()
        self.assertRaises(LinkLost, self.routers.result, asked)
        self.routers.advance(10)
        self.assertEqual(self.routers.connections, [])
        self.routers.restart()
        self.assertIsNot(self.routers.server, before)
        for client in self.routers.clients:
            self.routers.result(client.whenConnected())
        self.assertEqual((len(self.routers.server.peers()), before.peers()), (2, []))
        self.assertEqual(self.routers.result(self.client.request("s", "m", 1)), 1)

    def test_restart(self) -> None:
        """The next server has the options of the one before, or others."""
        self.routers.restart(limits=Limits(peers=7))
        self.routers.restart()
        self.assertEqual(self.routers.server.limits.peers, 7)

    def test_refused(self) -> None:
        """Nobody gets a connection while they are refused."""
        self.routers.isRefusing = True
        client = self.routers.client()
        self.routers.advance(5)
        link = self.routers.link(client)
        self.assertEqual(link.connections, 0)
        self.assertGreater(link.attempts, 2)
        self.routers.isRefusing = False
        self.routers.result(client.whenConnected())

    def test_hanging(self) -> None:
        """Nobody gets an answer from a host that is gone."""
        self.routers.isHanging = True
        client = self.routers.client()
        self.routers.advance(500)
        self.assertEqual(self.routers.link(client).attempts, 1)


class RefusedTests(SynchronousTestCase):
    """What cannot be is refused in words."""

    def test_clients(self) -> None:
        """There are no fewer than no clients."""
        with self.assertRaisesRegex(ValueError, "number of clients, 0 or more, not -1"):
            memoryRouters(clients=-1)

    def test_backward(self) -> None:
        """Time does not go back; nothing happens then."""
        with memoryRouters() as routers:
            routers.advance(3)
            for wrong in (-1, -0.5, float("nan")):
                with self.assertRaisesRegex(ValueError, "time goes forward only"):
                    routers.advance(wrong)
            routers.advance(0)
            self.assertEqual(routers.clock.seconds(), 3)


class SharedTests(SynchronousTestCase):
    """Several at once."""

    def test_apart(self) -> None:
        """Routers that were joined apart have nothing in common."""
        with memoryRouters(1) as one, memoryRouters(1) as other:
            one.advance(100)
            self.assertEqual(other.clock.seconds(), 0)
            self.assertIsInstance(other, MemoryRouters)
            one.kill()
            self.assertEqual(len(other.server.peers()), 1)
