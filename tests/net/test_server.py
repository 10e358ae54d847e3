"""The router of a server as a service."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import (
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    UNIXClientEndpoint,
    connectProtocol,
)
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pysig_twisted.errors import ConfigError
from pysig_twisted.interfaces import IRouter
from pysig_twisted.net.limits import Limits
from pysig_twisted.net.server import ServerRouter
from pysig_twisted.wire.messages import (
    Call,
    Goodbye,
    Hello,
    Listen,
    Ping,
    Pong,
    PresenceNotice,
    Result,
    Welcome,
)
from pysig_twisted.wire.version1 import Reader, encode

from .rig import ServerRig


class MadeTests(SynchronousTestCase):
    """ServerRouter()."""

    def test_endpoints(self) -> None:
        """It takes one endpoint or several, as strings or not, and nothing else."""
        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        for given, count in (("unix:x", 1), (endpoint, 1), (["unix:x", endpoint], 2), ((), 0)):
            self.assertEqual(len(ServerRouter(given)._endpoints), count)
        wrong: Any
        for wrong in (5, None, [5]):
            self.assertRaises(ConfigError, ServerRouter, wrong)
        wrong = 5
        self.assertRaises(ConfigError, ServerRouter, codecs=wrong)
        self.assertRaises(ConfigError, ServerRouter, limits=wrong)


class StopTests(ServerRig):
    """stopService()."""

    def test_goodbye(self) -> None:
        """All are told, also those that have not said HELLO, and then it is over."""
        peers = [self.peer() for _ in range(3)]
        stranger = self.stranger()
        peers[0].addSender("s")
        stopping = self.router.stopService()
        self.assertNoResult(stopping)
        for peer in (*peers, stranger):
            self.assertEnded(peer, "shutting-down", "going down")
        self.successResultOf(stopping)
        self.assertEqual(self.router.peers(), [])
        self.assertEmpty()

    def test_notReading(self) -> None:
        """Peers that do not read keep it for 2 s, and not longer."""
        slow, fast = self.peer(), self.peer()
        slow.listen()
        slow.carrier.fill()
        fast.addSender("s")
        stopping = self.router.stopService()
        self.clock.advance(1.9)
        self.assertNoResult(stopping)
        self.assertTrue(fast.isOver)
        self.clock.advance(0.2)
        self.clock.advance(0)
        self.successResultOf(stopping)
        self.assertTrue(slow.carrier.wasAborted)

    def test_lastEvents(self) -> None:
        """What was fired before is sent before GOODBYE."""
        peer = self.peer()
        peer.listen("t")
        self.router.addSender("t", ["e"]).trigger("e", "last")
        self.router.stopService()
        self.clock.advance(0)
        kinds = [type(one).__name__ for one in peer.take()]
        self.assertEqual(kinds, ["PresenceNotice", "Run", "Goodbye"])

    def test_nobodyHasGone(self) -> None:
        """
        Nobody is told that the others' senders are gone: clients then keep them for as long as
        a lost link may last.
        """
        owner, listener = self.peer(), self.peer()
        owner.addSender("s", "e")
        listener.listen("s")
        listener.take()
        self.router.stopService()
        self.clock.advance(0)
        self.assertEqual([type(one).__name__ for one in listener.take()], ["Goodbye"])

    def test_empty(self) -> None:
        """With nobody there it stops at once, and twice."""
        self.router.startService()
        self.successResultOf(self.router.stopService())
        self.successResultOf(self.router.stopService())

    def test_endedAlready(self) -> None:
        """Those who are on their way out are waited for too."""
        peer = self.peer()
        peer.carrier.fill()
        peer.say(Goodbye("shutting-down"))
        self.clock.advance(1)
        stopping = self.router.stopService()
        self.clock.advance(0.9)
        self.assertNoResult(stopping)
        self.clock.advance(0.2)
        self.clock.advance(0)
        self.successResultOf(stopping)


class ReloadTests(ServerRig):
    """reload()."""

    def test_limits(self) -> None:
        """New limits hold from then on, for connections that are there too; what is over stays."""
        peer = self.peer()
        for name in "abc":
            peer.addSender(name)
        self.router.reload(Limits(senders=2, subscriptions=1, requests=1, silence=20.0))
        self.assertEqual(peer.call(peer.claim("d").action), "busy")
        self.assertEqual(len(self.router._lives), 3)
        peer.listen()
        self.assertEqual(peer.call(Listen("x")), "busy")
        self.assertEqual(self.peer().welcome.limits["senders"], 2)  # type: ignore[union-attr]
        self.wait(22)
        self.assertEnded(peer, "timeout", "20 s")

    def test_maxFrame(self) -> None:
        """The longest frame stays as it was told, and that is logged."""
        self.router.reload(Limits(maxFrame=2048))
        self.assertEqual(self.router.limits.maxFrame, 1 << 20)
        self.assertEqual(self.peer().welcome.maxFrame, 1 << 20)  # type: ignore[union-attr]
        self.assertTrue([line for line in self.lines() if "maxFrame stays" in line])


class FrameLimitTests(ServerRig):
    """A server with short frames."""

    def makeRouter(self, **options: Any) -> Any:
        """One that takes 2 KiB."""
        return super().makeRouter(limits=Limits(maxFrame=2048), **options)

    def test_tooLong(self) -> None:
        """It tells so, and holds to it; listeners with the usual frames get all."""
        peer, listener = self.peer(), self.peer()
        self.assertEqual(peer.welcome.maxFrame, 2048)  # type: ignore[union-attr]
        sender = peer.addSender("s", "e")
        listener.listen("s")
        overhead = len(sender.frames("e", "")) - 4
        sender.seq = 0
        sender.fire("e", "x" * (2048 - overhead))
        self.assertEqual(len(listener.events()), 1)
        sender.fire("e", "x" * (2049 - overhead))
        self.assertEnded(peer, "protocol-error", "2049", "2048")
        self.assertFalse(listener.isOver)


@implementer(IStreamServerEndpoint)
class LateEndpoint:
    """An endpoint that takes its time."""

    def __init__(self) -> None:
        self.listening: Deferred[Any] = Deferred()

    def listen(self, factory: Any) -> Deferred[Any]:
        """Later."""
        return self.listening


class Talker(Protocol):
    """A client on a real carrier."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.reader = Reader(1 << 20)
        self.wanted = 0
        self.waiting: Deferred[None] | None = None
        self.over: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        """Collect messages."""
        self.messages += self.reader.feed(data)
        if self.waiting is not None and len(self.messages) >= self.wanted:
            waiting, self.waiting = self.waiting, None
            waiting.callback(None)

    def connectionLost(self, reason: object = None) -> None:
        """The end."""
        self.over.callback(None)

    def say(self, *messages: Any) -> None:
        """Send messages."""
        assert self.transport is not None
        self.transport.write(b"".join(map(encode, messages)))

    def until(self, count: int) -> Deferred[None]:
        """A Deferred that fires when there are so many messages."""
        if len(self.messages) >= count:
            return succeed(None)
        self.wanted, self.waiting = count, Deferred()
        return self.waiting.addTimeout(10, reactor)  # type: ignore[arg-type]


class ServiceTests(TestCase):
    """On the machine's own reactor."""

    def router(self, *endpoints: Any, **options: Any) -> ServerRouter:
        """A server that is stopped in the end."""
        router = ServerRouter(endpoints, **options)
        self.addCleanup(router.stopService)
        return router

    def portsOf(self, router: ServerRouter) -> list[Any]:
        """The ports that are open."""
        return list(router._ports._ports)

    async def talk(self, port: Any) -> Talker:
        """A client that was welcomed."""
        host = port.getHost()
        if hasattr(host, "port"):
            endpoint: Any = TCP4ClientEndpoint(reactor, "127.0.0.1", host.port)
        else:
            endpoint = UNIXClientEndpoint(reactor, host.name.decode())
        talker: Talker = await connectProtocol(endpoint, Talker())
        talker.say(Hello((1,)))
        await talker.until(1)
        self.assertIsInstance(talker.messages.pop(), Welcome)
        return talker

    def test_interface(self) -> None:
        """It is a router, and the reactor of the program is its own."""
        verifyObject(IRouter, self.router())

    async def test_severalCarriers(self) -> None:
        """Peers on TCP and on a unix socket meet in one router."""
        path = os.path.relpath(self.mktemp())
        router = self.router("tcp:0:interface=127.0.0.1", f"unix:{path}")
        router.startService()
        first, second = [await self.talk(port) for port in self.portsOf(router)]
        first.say(Call(1, Listen()))
        await first.until(1)
        router.addSender("s", ["e"]).trigger("e", "x" * 300_000)
        second.say(Call(1, Listen("s")), Ping(3))
        await first.until(3)
        await second.until(3)
        self.assertEqual([type(one) for one in second.messages], [PresenceNotice, Result, Pong])
        self.assertEqual(first.messages[2].longest, 300_000 + 2 + 4 + 3 + 8 + 16)
        addresses = {info.address for info in router.peers()}
        self.assertEqual(len(addresses), 2)
        await router.stopService()
        await first.over
        await second.over
        self.assertEqual(first.messages[-1].code, "shutting-down")
        self.assertFalse(os.path.exists(path))

    async def test_notReadingPeer(self) -> None:
        """A peer that does not read is cut when the service stops, in its own time."""
        router = self.router("tcp:0:interface=127.0.0.1", limits=Limits(linger=0.2))
        router.startService()
        talker = await self.talk(self.portsOf(router)[0])
        talker.say(Call(1, Listen()))
        await talker.until(1)
        assert talker.transport is not None
        talker.transport.pauseProducing()  # type: ignore[attr-defined]
        sender = router.addSender("s", ["e"])
        for _ in range(7):
            sender.trigger("e", "x" * 1_000_000)
        await deferLater(reactor, 0)  # type: ignore[arg-type]
        self.assertGreater(router.peers()[0].pending, 0)
        await router.stopService().addTimeout(5, reactor)  # type: ignore[arg-type]
        talker.transport.abortConnection()  # type: ignore[attr-defined]
        await talker.over

    async def test_again(self) -> None:
        """A service that was stopped can be started again, on the same endpoints."""
        router = self.router("tcp:0:interface=127.0.0.1")
        for _ in range(2):
            router.privilegedStartService()
            router.startService()
            self.assertEqual(len(self.portsOf(router)), 1)
            talker = await self.talk(self.portsOf(router)[0])
            await router.stopService()
            await talker.over
            self.assertEqual(self.portsOf(router), [])

    async def test_startFails(self) -> None:
        """When one endpoint cannot be used, none is left open, and it can be tried again."""
        first = self.router("tcp:0:interface=127.0.0.1")
        first.startService()
        busy = f"tcp:{self.portsOf(first)[0].getHost().port}:interface=127.0.0.1"
        path = os.path.relpath(self.mktemp())
        router = self.router(f"unix:{path}", busy)
        for start in (router.startService, router.privilegedStartService):
            error = self.assertRaises(ConfigError, start)
            self.assertIn("in use", str(error))
            self.assertEqual(self.portsOf(router), [])
            await deferLater(reactor, 0)  # type: ignore[arg-type]
        await first.stopService()
        router.startService()
        self.assertEqual(len(self.portsOf(router)), 2)

    def test_badEndpoint(self) -> None:
        """A string that is none is told when the router is made."""
        error = self.assertRaises(ConfigError, ServerRouter, ["tcp:notaport"])
        self.assertIn("'notaport'", str(error))

    def test_openToAll(self) -> None:
        """Starting where others can reach it fails, unless told to."""
        self.assertRaises(ConfigError, self.router("tcp:0").startService)
        router = self.router("tcp:0", insecure=True)
        router.startService()
        self.assertEqual(len(self.portsOf(router)), 1)

    async def test_addEndpoint(self) -> None:
        """One more endpoint, while it runs; a bad one fails its own Deferred."""
        router = self.router()
        router.startService()
        port = await router.addEndpoint("tcp:0:interface=127.0.0.1")
        talker = await self.talk(port)
        for text in ("nonsense", "tcp:0", f"tcp:{port.getHost().port}:interface=127.0.0.1"):
            self.failureResultOf(router.addEndpoint(text), ConfigError)
        await router.stopService()
        await talker.over

    def test_lateEndpoint(self) -> None:
        """An endpoint that fails later is logged."""
        late = LateEndpoint()
        router = self.router(late)
        router.startService()
        late.listening.errback(ZeroDivisionError("at last"))
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual(self.portsOf(router), [])
