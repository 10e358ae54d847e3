"""Links that fail when a test wants them to, in memory and over a real network."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectionDone, ConnectionLost, ConnectionRefusedError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface.verify import verifyObject

from pysig_twisted import ClientRouter, ServerRouter
from pysig_twisted.testing import Cut, Recorder, memoryRouters

from .noting import ConnectionCase, Noting


class CutTests(ConnectionCase):
    """Cutting a connection."""

    def test_interface(self) -> None:
        """It is an endpoint, with the name of the one that it stands for."""
        self.assertTrue(verifyObject(IStreamClientEndpoint, self.link))
        self.assertEqual(repr(self.link), "memory")

    def test_both(self) -> None:
        """Both sides notice, and what was under way is lost."""
        self.client.transport.write(b"abc")
        self.server.transport.write(b"abc")
        self.assertTrue(self.link.isUp)
        self.link.cut()
        self.assertEqual(self.client.ended, [ConnectionLost])
        self.assertFalse(self.link.isUp)
        self.routers.pump()
        self.assertEqual(self.server.ended, [ConnectionLost])
        self.assertEqual((self.client.data, self.server.data), (b"", b""))

    def test_client(self) -> None:
        """Where only the client notices, what the server sends vanishes."""
        self.link.cut(server=False)
        self.server.transport.write(b"abc")
        self.routers.advance(100)
        self.assertEqual((self.client.ended, self.server.ended), ([ConnectionLost], []))
        self.assertEqual(self.client.data, b"")
        self.server.transport.loseConnection()
        self.routers.pump()
        self.assertEqual(self.server.ended, [ConnectionDone])
        self.assertEqual(self.link._all, {})

    def test_server(self) -> None:
        """Where only the server notices, what the client sends vanishes."""
        self.link.cut(client=False)
        self.client.transport.write(b"abc")
        self.client.transport.loseConnection()
        self.routers.advance(100)
        self.assertEqual((self.client.ended, self.server.ended), ([], [ConnectionLost]))
        self.assertTrue(self.link.isUp)
        self.client.transport.abortConnection()
        self.routers.pump()
        self.assertEqual(len(self.client.ended), 1)
        self.assertEqual(self.link._all, {})

    def test_none(self) -> None:
        """Where nobody notices, each may do so later."""
        self.link.cut(client=False, server=False)
        self.client.transport.write(b"abc")
        self.server.transport.write(b"abc")
        self.routers.pump()
        self.assertEqual(self.client.data + self.server.data, b"")
        self.assertEqual(self.client.ended + self.server.ended, [])
        self.link.cut(client=False)
        self.routers.pump()
        self.assertEqual((self.client.ended, self.server.ended), ([], [ConnectionLost]))
        self.link.cut()
        self.assertEqual(self.client.ended, [ConnectionLost])

    def test_again(self) -> None:
        """The client may come back at once, on a sound connection."""
        self.link.hold()
        self.link.cut()
        self.connect()
        self.assertEqual((self.link.attempts, self.link.connections), (2, 2))
        self.client.transport.write(b"abc")
        self.routers.pump()
        self.assertEqual(self.server.data, b"abc")

    def test_within(self) -> None:
        """In a block it stays down; at the end of it, everybody has noticed."""
        with self.link.cut(server=False):
            refused = self.link.connect(Factory.forProtocol(Noting))
            self.failureResultOf(refused, ConnectionRefusedError)
            self.routers.advance(10)
            self.assertEqual(self.server.ended, [])
        self.routers.pump()
        self.assertEqual(self.server.ended, [ConnectionLost])
        self.connect()

    def test_nested(self) -> None:
        """The outer block counts, also where the inner one raises."""
        with self.link.cut():
            with self.assertRaises(KeyError), self.link.cut():
                raise KeyError
            self.failureResultOf(self.link.connect(Factory.forProtocol(Noting)))
        self.connect()

    def test_whileConnecting(self) -> None:
        """An attempt that is under way does not get through."""
        made = self.link.connect(Factory.forProtocol(Noting))
        with self.link.cut():
            self.routers.pump()
            self.failureResultOf(made)

    def test_nothing(self) -> None:
        """There need not be a connection, and the next one is none the worse for it."""
        self.link = self.routers.endpoint()
        self.link.cut()
        self.assertEqual((self.link.attempts, self.link.connections), (0, 0))
        self.connect()
        self.assertEqual(self.link.connections, 1)
        self.client.transport.write(b"abc")
        self.routers.pump()
        self.assertEqual((self.server.data, self.client.ended), (b"abc", []))

    def test_after(self) -> None:
        """So many bytes arrive, then both sides notice."""
        self.link.cutAfter(4)
        self.client.transport.write(b"abc")
        self.routers.pump()
        self.assertEqual((self.server.data, self.client.ended), (b"abc", []))
        self.client.transport.write(b"defg")
        self.assertEqual(self.client.ended, [])
        self.routers.pump()
        self.assertEqual(self.server.data, b"abcd")
        self.assertEqual(
            (self.client.ended, self.server.ended), ([ConnectionLost], [ConnectionDone])
        )

    def test_afterFromServer(self) -> None:
        """So it is with bytes of the server; those of the client do not count."""
        self.link.cutAfter(2, fromServer=True)
        self.client.transport.write(b"abc")
        self.server.transport.write(b"abc")
        self.routers.pump()
        self.assertEqual((self.client.data, self.server.data), (b"ab", b"abc"))
        self.assertEqual(len(self.client.ended + self.server.ended), 2)


class DisturbedTests(ConnectionCase):
    """What else can happen to a link."""

    def test_hold(self) -> None:
        """A direction that is held carries later what was written meanwhile."""
        self.link.hold(server=False)
        self.client.transport.write(b"abc")
        self.server.transport.write(b"x")
        self.routers.pump()
        self.assertEqual((self.server.data, self.client.data), (b"", b"x"))
        self.link.release()
        self.routers.pump()
        self.assertEqual(self.server.data, b"abc")

    def test_within(self) -> None:
        """In a block, until its end, and only what it holds itself."""
        self.link.hold(client=False)
        with self.link.hold(server=False):
            self.client.transport.write(b"abc")
            self.server.transport.write(b"x")
            self.routers.pump()
            self.assertEqual(self.server.data, b"")
        self.routers.pump()
        self.assertEqual((self.server.data, self.client.data), (b"abc", b""))
        self.link.release(server=True)
        self.routers.pump()
        self.assertEqual(self.client.data, b"x")

    def test_next(self) -> None:
        """Without a connection, the next one is meant, and only that one."""
        self.link.cut()
        self.link.hold(server=False)
        self.connect()
        self.client.transport.write(b"abc")
        self.routers.pump()
        self.assertEqual(self.server.data, b"")
        self.link.cut()
        self.connect()
        self.client.transport.write(b"abc")
        self.routers.pump()
        self.assertEqual(self.server.data, b"abc")

    def test_corrupt(self) -> None:
        """One byte is turned, in the direction that is meant."""
        self.link.corrupt()
        self.link.corrupt(1, fromServer=True)
        self.client.transport.write(b"aa")
        self.server.transport.write(b"aa")
        self.routers.pump()
        self.assertEqual((self.server.data, self.client.data), (b"\x9ea", b"a\x9e"))

    def test_slow(self) -> None:
        """Bytes take their time in both directions, also on the next connection."""
        self.link.bytesPerSecond = 10
        for _ in range(2):
            self.client.transport.write(b"x" * 20)
            self.server.transport.write(b"x" * 20)
            self.routers.advance(1.01)
            self.assertEqual((len(self.client.data), len(self.server.data)), (10, 10))
            self.link.cut()
            self.connect()
        self.assertEqual(self.routers.clock.getDelayedCalls(), [])

    def test_noSpeed(self) -> None:
        """A speed is a number above 0."""
        for rate in (0, -1, float("inf"), float("nan"), "fast"):
            self.assertRaises(ValueError, setattr, self.link, "bytesPerSecond", rate)
        self.assertIsNone(self.link.bytesPerSecond)

    def test_refusing(self) -> None:
        """Attempts to connect fail."""
        self.link.isRefusing = True
        made = self.link.connect(Factory.forProtocol(Noting))
        self.failureResultOf(made, ConnectionRefusedError)
        self.assertEqual((self.link.attempts, self.link.connections), (2, 1))

    def test_hanging(self) -> None:
        """Attempts to connect get no answer."""
        self.link.isHanging = True
        made = self.link.connect(Factory.forProtocol(Noting))
        self.routers.advance(1000)
        self.assertNoResult(made)
        made.cancel()
        self.failureResultOf(made)

    def test_heal(self) -> None:
        """All is in order again."""
        self.link.isRefusing = self.link.isHanging = True
        self.link.bytesPerSecond = 1
        self.link.corrupt()
        self.link.cutAfter(3)
        self.link.hold()
        self.client.transport.write(b"abcd")
        self.server.transport.write(b"abcd")
        self.routers.pump()
        self.link.heal()
        self.routers.pump()
        self.assertEqual((self.client.data, self.server.data), (b"abcd", b"abcd"))
        self.link.cut(client=False, server=False)
        self.link.corrupt()
        self.link.heal()
        self.routers.pump()
        self.assertEqual((self.client.ended, self.server.ended), ([ConnectionLost],) * 2)
        self.connect()
        self.client.transport.write(b"abcd")
        self.routers.pump()
        self.assertEqual(self.server.data, b"abcd")


class CorruptTests(SynchronousTestCase):
    """What a byte that is turned does to a client."""

    def test_refused(self) -> None:
        """The server takes it for another protocol; the client stays away for a minute."""
        with memoryRouters(clients=1) as routers:
            [client] = routers.clients
            link = routers.link(client)
            routers.result(client.whenConnected())
            down = client.whenDisconnected()
            link.corrupt()
            client.addSender("s", "e")
            self.assertEqual(routers.result(down).code, "protocol-error")
            routers.advance(59)
            self.assertEqual(link.attempts, 1)
            routers.advance(60)
            self.assertEqual((link.connections, link.isUp), (2, True))


class NetworkTests(TestCase):
    """The same over a real network."""

    timeout = 30

    async def setUp(self) -> None:  # type: ignore[override]
        """A server, a client whose link can be cut, and what it hears."""
        self.server = ServerRouter()
        self.server.startService()
        endpoint = "tcp:0:interface=127.0.0.1"
        port: Any = await self.server.addEndpoint(endpoint)
        self.link = Cut(TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port))
        self.client = ClientRouter(self.link)
        self.client.startService()
        self.addCleanup(self.stop)
        await self.client.whenConnected()
        self.heard = Recorder()
        subscription = self.client.addListener(self.heard, "s", "e", onGap=self.heard.onGap)
        await subscription.whenSettled()
        self.sender = self.server.addSender("s", "e")

    async def stop(self) -> None:
        """Stop all."""
        if self.client.running:
            await self.client.stopService()
        self.link.heal()
        await self.server.stopService()

    async def hear(self, count: int) -> None:
        """Wait for so many events in all."""
        await self.heard.whenHeard(count).addTimeout(10, reactor)  # type: ignore[arg-type]

    async def test_cut(self) -> None:
        """The client hears what it missed."""
        self.sender.trigger("e", 1)
        await self.hear(1)
        with self.link.cut():
            self.sender.trigger("e", 2)
        await self.client.whenConnected().addTimeout(10, reactor)  # type: ignore[arg-type]
        self.sender.trigger("e", 3)
        await self.hear(3)
        self.assertEqual((self.heard.data, self.heard.gaps), ([1, 2, 3], []))
        self.assertEqual(len(self.server.peers()), 1)

    async def test_clientAlone(self) -> None:
        """The server does not notice, and keeps the connection, until the link is healed."""
        self.link.cut(server=False)
        await self.client.whenConnected().addTimeout(10, reactor)  # type: ignore[arg-type]
        self.assertEqual(len(self.server.peers()), 2)
        self.link.heal()
        for _ in range(500):
            if len(self.server.peers()) == 1:
                break
            await deferLater(reactor, 0.01)  # type: ignore[arg-type]
        self.assertEqual(len(self.server.peers()), 1)

    async def test_hold(self) -> None:
        """What is held arrives, in order."""
        with self.link.hold():
            for number in range(100):
                self.sender.trigger("e", number)
            asked = self.client.request("$router", "senders")
        await asked
        await self.hear(100)
        self.assertEqual(self.heard.data, list(range(100)))

    async def test_large(self) -> None:
        """Much data in both directions, slowly, and none of it is lost."""
        self.link.bytesPerSecond = 1 << 20
        self.server.addSender("echo", requests={"echo": lambda params: params})
        text = "x" * 300_000
        answers = [self.client.request("echo", "echo", text) for _ in range(3)]
        for answer in answers:
            self.assertEqual(await answer, text)

    async def test_after(self) -> None:
        """A connection that breaks within a frame is made anew."""
        self.sender.trigger("e", 0)
        await self.hear(1)
        self.link.cutAfter(5, fromServer=True)
        self.sender.trigger("e", 1)
        await self.client.whenDisconnected().addTimeout(10, reactor)  # type: ignore[arg-type]
        await self.client.whenConnected().addTimeout(10, reactor)  # type: ignore[arg-type]
        self.sender.trigger("e", 2)
        await self.hear(3)
        self.assertEqual((self.heard.data, self.heard.gaps), ([0, 1, 2], []))

    async def test_unfinished(self) -> None:
        """A client whose link is held can be stopped."""
        self.link.hold()
        await self.client.stopService()
