"""The service of C{twistd pysig client}, without a network."""

from __future__ import annotations

import os

from twisted.application.service import IService
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogLevel
from twisted.python.failure import Failure
from zope.interface.verify import verifyObject

from pysig_twisted.tap import ClientDaemon, Options, ServerDaemon, makeService

from .tapcase import TapCase


class ClientDaemonTests(TapCase):
    """L{ClientDaemon}."""

    def setUp(self) -> None:
        """A client of a router on this machine."""
        super().setUp()
        self.tapped = self.modules()
        self.options = self.parseClient("--connect", "tcp:127.0.0.1:7", "tapped:start")
        self.reactor = MemoryReactorClock()
        self.daemon = ClientDaemon(self.options, self.reactor)

    def test_service(self) -> None:
        """It is a service, with the router as its child."""
        verifyObject(IService, self.daemon)
        self.assertEqual(list(self.daemon), [self.daemon.router])

    def test_noRouter(self) -> None:
        """That there is no router is told once, however often it is tried; the rest goes on."""
        self.daemon.startService()
        for _ in range(3):
            host, port, factory, *_ = self.reactor.tcpClients[-1]
            self.assertEqual((host, port), ("127.0.0.1", 7))
            factory.clientConnectionFailed(None, Failure(ConnectionRefusedError()))
            self.reactor.advance(3)
        self.assertEqual(len(self.reactor.tcpClients), 4)
        [said] = self.said(LogLevel.warn)
        self.assertTrue(said.startswith("cannot connect to tcp:127.0.0.1:7: "), said)
        self.assertTrue(said.endswith("; trying again"), said)
        self.successResultOf(self.daemon.stopService())
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_stoppedRouter(self) -> None:
        """A router that the process stops itself is told as such; started again, it goes on."""
        self.daemon.startService()
        for _ in range(2):
            self.successResultOf(self.daemon.router.stopService())
            [said] = self.said(LogLevel.warn)
            self.assertEqual(
                said,
                "the router was stopped by this process itself; there is no link until it is"
                " started again",
            )
        self.daemon.router.startService()
        self.assertEqual(len(self.reactor.tcpClients), 2)
        self.successResultOf(self.daemon.stopService())
        self.assertEqual(len(self.said(LogLevel.warn)), 1)
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_reload(self) -> None:
        """All that can change takes a restart."""
        os.environ["PYSIG_CONNECT"] = "there"
        self.daemon.reload()
        self.assertEqual(self.said(LogLevel.warn), [])  # the option wins
        self.options["connect"] = None
        self.daemon.reload()
        self.assertEqual(self.said(LogLevel.warn), ["connect has changed, which takes a restart"])

    def test_made(self) -> None:
        """Each command line leads to its service."""
        self.keepSignals()
        from twisted.internet import reactor

        self.patch(reactor, "seconds", reactor.seconds)
        self.patch(reactor, "callWhenRunning", lambda call: None)
        for kind, arguments in (
            (ClientDaemon, ["client", "tapped:start"]),
            (ServerDaemon, ["server", "--app", "tapped:start"]),
        ):
            options = Options()
            options.parseOptions(arguments)
            self.assertIsInstance(makeService(options), kind)
