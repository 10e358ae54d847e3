"""Telling the application's observer, whatever it does."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import ServerRouter
from pysig_twisted.errors import Busy, ConfigError, Kicked, PysigError
from pysig_twisted.net.observing import Observing
from pysig_twisted.net.peers import PeerInfo

from .rig import ServerRig


class Observer:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def connected(self, peer: PeerInfo) -> Any:
        """A connection is ready."""
        self.told.append(("connected", peer.id, peer.software))

    def disconnected(self, peer: PeerInfo, reason: PysigError) -> Any:
        """A connection has ended."""
        self.told.append(("disconnected", peer.id, peer.senders, reason.code))

    def refused(self, declaration: Any, error: PysigError) -> Any:
        """A declaration was refused."""
        self.told.append(("refused", declaration, error.code))


class ObservingTests(SynchronousTestCase):
    """The seam."""

    def test_nobody(self) -> None:
        """Nobody need observe."""
        Observing(None).refused("s", Busy("no"))

    def test_told(self) -> None:
        """All three are passed on."""
        observer = Observer()
        told = Observing(observer)
        info = PeerInfo(5, "here", "soft", "me", 1.0)
        told.connected(info)
        told.disconnected(info, Kicked("out"))
        told.refused("s", Busy("no"))
        self.assertEqual(
            observer.told,
            [("connected", 5, "soft"), ("disconnected", 5, (), "kicked"), ("refused", "s", "busy")],
        )

    def test_raises(self) -> None:
        """An observer that raises, in whatever way, is logged by the method's name."""

        async def coroutine(*arguments: object) -> None:
            raise ZeroDivisionError("coroutine")

        def plain(*arguments: object) -> None:
            raise ZeroDivisionError("plain")

        class Broken:
            connected = staticmethod(plain)
            disconnected = staticmethod(coroutine)
            refused = staticmethod(lambda *arguments: fail(ZeroDivisionError("Deferred")))

        told = Observing(Broken())
        told.connected(None)  # type: ignore[arg-type]
        told.disconnected(None, Busy())  # type: ignore[arg-type]
        told.refused(None, Busy())
        texts = [str(one.value) for one in self.flushLoggedErrors(ZeroDivisionError)]
        self.assertEqual(texts, ["plain", "coroutine", "Deferred"])

    def test_lacks(self) -> None:
        """What lacks a method is no observer."""
        error = self.assertRaises(ConfigError, Observing, object())
        self.assertIn("has no connected(); see IConnectionObserver", error.message)
        self.assertRaises(ConfigError, ServerRouter, observer=3)

    def test_coroutine(self) -> None:
        """A coroutine function runs to its end."""
        done: list[str] = []
        later: Deferred[None] = Deferred()

        class Slow:
            async def connected(self, peer: Any) -> None:
                await later
                done.append("yes")

            disconnected = refused = connected

        Observing(Slow()).connected(None)  # type: ignore[arg-type]
        self.assertEqual(done, [])
        later.callback(None)
        self.assertEqual(done, ["yes"])


class ServerObserverTests(ServerRig):
    """What a server's observer is told."""

    def makeRouter(self, **options: Any) -> Any:
        """A server with an observer."""
        self.observer = Observer()
        return super().makeRouter(observer=self.observer, **options)

    def test_server(self) -> None:
        """It is told of connections that said HELLO, once each way, after their senders went."""
        self.stranger().leave()
        refused = self.stranger()
        refused.raw(b"x")
        peer = self.peer(software="x")
        peer.addSender("s")
        peer.raw(b"\0\0\0\0")
        peer.leave()
        self.assertEqual(
            self.observer.told,
            [("connected", 1, "x"), ("disconnected", 1, (), "protocol-error")],
        )

    def test_raising(self) -> None:
        """One that raises disturbs nobody."""
        self.patch(self.observer, "connected", None)
        self.patch(self.observer, "disconnected", None)
        peer = self.peer()
        peer.leave()
        self.assertEqual(len(self.flushLoggedErrors(TypeError)), 2)
        self.peer()
        self.flushLoggedErrors(TypeError)
