"""The proxy does to connections what it says."""

from __future__ import annotations

from time import monotonic
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from .proxy import Actor, Proxy
from .rig import eventually, passing

reactor: Any = installed


@implementer(IHalfCloseableProtocol)
class End(Protocol):
    """
    One end of a connection.

    @ivar chunks: what came, and C{times} when.
    @ivar isEnded: will no more come?
    @ivar reason: why it was lost.
    """

    transport: Any

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.times: list[float] = []
        self.isEnded = False
        self.reason: Any = None

    @property
    def received(self) -> bytes:
        """All that came."""
        return b"".join(self.chunks)

    def dataReceived(self, data: bytes) -> None:
        """Bytes came."""
        self.chunks.append(data)
        self.times.append(monotonic())

    def readConnectionLost(self) -> None:
        """No more will come."""
        self.isEnded = True

    def writeConnectionLost(self) -> None:
        """No more will go."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.isEnded = True
        self.reason = reason.value


class ProxyTests(TestCase):
    """Proxy, with real sockets."""

    timeout = 20

    def setUp(self) -> None:
        """Make a server, and a proxy that leads to it."""
        self.ends: list[End] = []
        self.begin = monotonic()

        def accept() -> End:
            self.ends.append(End())
            return self.ends[-1]

        factory = Factory.forProtocol(accept)
        factory.noisy = False
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.proxy = Proxy(reactor, f"tcp:127.0.0.1:{port.getHost().port}")
        self.endpoint = self.proxy.listen()
        self.addCleanup(lambda: Deferred.fromCoroutine(self.proxy.close()))

    async def pair(self) -> tuple[End, End]:
        """A connection: the client's end of it, and the server's."""
        before = len(self.ends)
        near: End = await connectProtocol(clientFromString(reactor, self.endpoint), End())
        await eventually(lambda: len(self.ends) > before, within=5)
        far = self.ends[before]

        def close() -> Deferred[Any]:
            for end in (near, far):
                if end.reason is None:
                    end.transport.abortConnection()
            return Deferred.fromCoroutine(eventually(lambda: near.reason and far.reason))

        self.addCleanup(close)
        return near, far

    async def comes(self, end: End, data: bytes) -> float:
        """Wait until exactly this has come; how many seconds after the test's C{begin}."""
        await eventually(lambda: len(end.received) >= len(data), lambda: end.received[-50:], 10)
        self.assertEqual(end.received, data)
        return end.times[-1] - self.begin

    async def test_through(self) -> None:
        """Bytes go both ways, however many."""
        near, far = await self.pair()
        data = bytes(range(256)) * 20_000
        near.transport.write(data)
        far.transport.write(data[::-1])
        await self.comes(far, data)
        await self.comes(near, data[::-1])
        self.assertEqual((self.proxy.up.carried, self.proxy.down.carried), (len(data), len(data)))

    async def test_latency(self) -> None:
        """They take time; one way more than the other."""
        near, far = await self.pair()
        self.proxy.set("up", latency=0.2)
        self.begin = monotonic()
        near.transport.write(b"slow")
        far.transport.write(b"quick")
        self.assertLess(await self.comes(near, b"quick"), 0.15)
        self.assertGreaterEqual(await self.comes(far, b"slow"), 0.19)

    async def test_jitter(self) -> None:
        """They take different times, and keep their order."""
        near, far = await self.pair()
        self.proxy.set(latency=0.01, jitter=0.05)
        data = b"".join(b"%03d," % number for number in range(50))
        for number in range(50):
            near.transport.write(b"%03d," % number)
            await passing(0.002)
        await self.comes(far, data)

    async def test_rate(self) -> None:
        """No more go than the line carries, and the sender is made to wait."""
        near, far = await self.pair()
        self.proxy.set("down", rate=400_000)
        self.begin = monotonic()
        far.transport.write(b"x" * 120_000)
        near.transport.write(b"y" * 120_000)
        self.assertLess(await self.comes(far, b"y" * 120_000), 0.2)
        took = await self.comes(near, b"x" * 120_000)
        self.assertTrue(0.25 <= took <= 1, took)

    async def test_backpressure(self) -> None:
        """What a slow line does not take stays with its sender."""
        proxy = Proxy(reactor, self.proxy.target, 1 << 14)
        self.addCleanup(lambda: Deferred.fromCoroutine(proxy.close()))
        self.endpoint = proxy.listen()
        proxy.set("down", rate=10_000)
        near, far = await self.pair()
        paused: list[bool] = []

        class Producer:
            def pauseProducing(self) -> None:
                paused.append(True)

            def resumeProducing(self) -> None:
                paused.append(False)

            def stopProducing(self) -> None:
                pass

        far.transport.registerProducer(Producer(), True)
        far.transport.write(b"x" * (8 << 20))
        await eventually(lambda: near.received, within=5)
        await passing(0.1)
        self.assertEqual(paused, [True])
        self.assertLess(len(near.received), 20_000)

    async def test_hole(self) -> None:
        """They are swallowed; nobody is told anything; afterwards the connection is reset."""
        near, far = await self.pair()
        near.transport.write(b"before")
        await self.comes(far, b"before")
        self.proxy.set(hole=True)
        near.transport.write(b"never")
        far.transport.write(b"never")
        later = await self.pairUnheard()
        await eventually(lambda: all(pair.isBroken for pair in self.proxy.pairs), within=5)
        self.assertEqual((near.received, far.received), (b"", b"before"))
        self.assertEqual((near.isEnded, far.isEnded), (False, False))
        self.proxy.heal()
        await eventually(lambda: near.reason and far.reason and later.reason, within=5)
        self.assertNotIsInstance(near.reason, ConnectionDone)
        near, far = await self.pair()
        near.transport.write(b"after")
        await self.comes(far, b"after")

    async def pairUnheard(self) -> End:
        """A client that connects while nothing comes through, and says something."""
        near: End = await connectProtocol(clientFromString(reactor, self.endpoint), End())
        near.transport.write(b"hello?")
        return near

    async def test_holeOneWay(self) -> None:
        """One way may be closed while the other is open."""
        near, far = await self.pair()
        self.proxy.set("up", hole=True)
        near.transport.write(b"never")
        far.transport.write(b"heard")
        await self.comes(near, b"heard")
        self.assertEqual(far.received, b"")

    async def test_holeUntouched(self) -> None:
        """A connection on which nothing was said meanwhile goes on afterwards."""
        near, far = await self.pair()
        self.proxy.set(hole=True)
        self.proxy.heal()
        near.transport.write(b"after")
        await self.comes(far, b"after")

    async def test_holeSwallowsEnds(self) -> None:
        """Who ends a connection in a hole ends it alone, until the hole is healed."""
        near, far = await self.pair()
        self.proxy.set(hole=True)
        near.transport.abortConnection()
        [pair] = self.proxy.pairs
        await eventually(lambda: pair.isBroken, within=5)
        self.assertFalse(far.isEnded)
        self.proxy.heal()
        await eventually(lambda: far.reason, within=5)

    async def test_holeOnTheWay(self) -> None:
        """What was on its way when the hole opened is swallowed too."""
        near, far = await self.pair()
        self.proxy.set(latency=0.1)
        near.transport.write(b"late")
        [pair] = self.proxy.pairs
        await eventually(lambda: pair.up._queue, within=5)
        self.proxy.set(hole=True)
        await eventually(lambda: pair.up.swallowed == 4, within=5)
        self.assertEqual(far.received, b"")

    async def test_reset(self) -> None:
        """Both sides see a reset, and can connect again."""
        near, far = await self.pair()
        self.assertEqual(self.proxy.reset(), 1)
        await eventually(lambda: near.reason and far.reason, within=5)
        for end in (near, far):
            self.assertNotIsInstance(end.reason, ConnectionDone)
        near, far = await self.pair()
        near.transport.write(b"again")
        await self.comes(far, b"again")

    async def test_ends(self) -> None:
        """A clean end is passed on as one, after the last byte; so is a reset."""
        near, far = await self.pair()
        near.transport.write(b"last words")
        near.transport.loseConnection()
        await self.comes(far, b"last words")
        await eventually(lambda: far.isEnded, within=5)
        self.assertIsNone(far.reason)
        far.transport.loseConnection()
        await eventually(lambda: far.reason, within=5)
        self.assertIsInstance(far.reason, ConnectionDone)
        near, far = await self.pair()
        far.transport.abortConnection()
        await eventually(lambda: near.reason, within=5)
        self.assertNotIsInstance(near.reason, ConnectionDone)
        self.assertEqual(self.proxy.pairs, set())

    async def test_halfClose(self) -> None:
        """One direction ends, the other goes on."""
        near, far = await self.pair()
        self.proxy.halfClose("up")
        await eventually(lambda: far.isEnded, within=5)
        self.assertIsNone(far.reason)
        far.transport.write(b"still here")
        await self.comes(near, b"still here")
        self.assertFalse(near.isEnded)

    async def test_slices(self) -> None:
        """They arrive one at a time."""
        near, far = await self.pair()
        self.proxy.set(slice=1)
        near.transport.write(b"0123456789" * 20)
        await self.comes(far, b"0123456789" * 20)
        self.assertGreater(len(far.chunks), 150)

    async def test_cut(self) -> None:
        """So many arrive, and then the connection is reset."""
        near, far = await self.pair()
        self.proxy.set("up", cut=7)
        far.transport.write(b"more than seven")
        await self.comes(near, b"more than seven")
        near.transport.write(b"0123")
        await self.comes(far, b"0123")
        near.transport.write(b"456789")
        await eventually(lambda: near.reason and far.reason, within=5)
        self.assertEqual(far.received, b"0123456")
        self.assertNotIsInstance(far.reason, ConnectionDone)

    async def test_refuse(self) -> None:
        """Connections are refused for a while; those that are there stay."""
        near, far = await self.pair()
        await self.proxy.refuse()
        with self.assertRaises(ConnectionRefusedError):
            await connectProtocol(clientFromString(reactor, self.endpoint), End())
        near.transport.write(b"stays")
        await self.comes(far, b"stays")
        self.assertEqual(self.proxy.listen(), self.endpoint)
        await self.pair()
        self.assertEqual(self.proxy.accepted, 2)

    async def test_nobodyThere(self) -> None:
        """Where nobody listens behind it, who connects is reset."""
        self.proxy.target = "tcp:127.0.0.1:1"
        near: End = await connectProtocol(clientFromString(reactor, self.endpoint), End())
        await eventually(lambda: near.reason, within=5)

    async def test_heal(self) -> None:
        """Everything is as if nothing had been."""
        near, far = await self.pair()
        self.proxy.set(latency=60, jitter=1, rate=1, slice=1, cut=1000)
        self.proxy.heal()
        self.begin = monotonic()
        near.transport.write(b"x" * 10_000)
        self.assertLess(await self.comes(far, b"x" * 10_000), 1)

    def test_unknown(self) -> None:
        """A condition that there is not is refused."""
        self.assertRaises(ValueError, self.proxy.set, latenzy=1)

    async def test_actor(self) -> None:
        """A process of its own does the same by commands."""
        actor = Actor(reactor)
        self.endpoint = actor.doOpen(self.proxy.target)
        self.addCleanup(actor.doReset)
        self.addCleanup(actor.doRefuse)
        near, far = await self.pair()
        actor.doSet("up", latency=0.01)
        near.transport.write(b"hello")
        await self.comes(far, b"hello")
        self.assertEqual(actor.doFacts(), {"accepted": 1, "open": 1, "up": 5, "down": 0})
        actor.doHalfClose()
        await eventually(lambda: far.isEnded, within=5)
        actor.doHeal()
        self.assertEqual(actor.doReset(), 1)
        await eventually(lambda: near.reason, within=5)
        self.assertEqual(actor.doListen(), self.endpoint)
