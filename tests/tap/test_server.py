"""The service of C{twistd pysig server}, where nothing needs to listen."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from twisted.application.service import IService
from twisted.logger import LogLevel
from zope.interface.verify import verifyObject

from pysig_twisted.core.permission import Verb
from pysig_twisted.net.limits import Limits
from pysig_twisted.tap import ServerDaemon
from pysig_twisted.tap.server import SPARE

from .tapcase import UNIX, Calls, TapCase
from .test_process import limit


class ServerDaemonTests(TapCase):
    """L{ServerDaemon}."""

    def setUp(self) -> None:
        """A server with a file."""
        super().setUp()
        self.path = self.file("[limits]\npeers = 3\n")
        self.options = self.parse("--config", self.path, "--listen", UNIX)
        self.clock = Calls()
        self.daemon = ServerDaemon(self.options, self.clock)

    def test_service(self) -> None:
        """It is a service, with the router and serial devices as its children."""
        verifyObject(IService, self.daemon)
        self.assertEqual(list(self.daemon), [self.daemon.router, self.daemon.bridge])
        self.assertEqual(self.daemon.router.limits.peers, 3)

    def test_reload(self) -> None:
        """The file is read again; flags still win."""
        Path(self.path).write_text("[server]\nverbose = true\n[limits]\npeers = 4\n")
        self.daemon.reload()
        self.assertEqual(self.daemon.router.limits.peers, 4)
        self.assertTrue(self.daemon.router.verbose)
        self.assertEqual(self.said(LogLevel.warn), [])
        self.assertEqual(self.said(LogLevel.info), ["settings read again"])

    def test_reloadBad(self) -> None:
        """Where something is wrong, all stays as it was."""
        Path(self.path).write_text("[server]\nverbose = true\n[limits]\npeers = 0\n")
        self.daemon.reload()
        self.assertEqual(self.daemon.router.limits.peers, 3)
        self.assertFalse(self.daemon.router.verbose)
        (said,) = self.said(LogLevel.error)
        self.assertTrue(said.startswith(f"the settings stay as they were: {self.path}: [limits]"))

    def rules(self, who: str) -> str:
        """A file with rules."""
        path = Path("acl.toml").absolute()
        path.write_text(f'[[allow]]\nwho = ["{who}"]\nsend = ["*"]\n')
        path.chmod(0o644)
        return str(path)

    def test_rules(self) -> None:
        """The file with the rules is read again, also if the settings stay as they are."""
        options = self.parse("--acl", self.rules("ann"), "--listen", UNIX)
        daemon = ServerDaemon(options, self.clock)
        may = daemon.router.access.policy
        assert may is not None
        self.assertTrue(may.decide("ann", Verb.SEND, "x", None).isAllowed)
        self.rules("bob")
        daemon.reload()
        may = daemon.router.access.policy
        assert may is not None
        self.assertFalse(may.decide("ann", Verb.SEND, "x", None).isAllowed)
        self.assertTrue(may.decide("bob", Verb.SEND, "x", None).isAllowed)

    def test_rulesBad(self) -> None:
        """Where they are wrong, the rules stay as they were, and one line says why."""
        path = self.rules("ann")
        daemon = ServerDaemon(self.parse("--acl", path, "--listen", UNIX), self.clock)
        before = daemon.router.access.policy
        for text in ("", "[[allow]]", "x"):
            Path(path).write_text(text)
            daemon.reload()
        Path(path).unlink()
        daemon.reload()
        self.assertIs(daemon.router.access.policy, before)
        said = self.said(LogLevel.error)
        self.assertEqual(len(said), 4)
        for line in said:
            self.assertTrue(line.startswith(f"the rules stay as they were: {path}: "), line)

    def test_reloadRestart(self) -> None:
        """What takes a restart is told, once for each change."""
        Path(self.path).write_text("[server]\ninsecure = true\n")
        self.daemon.reload()
        self.daemon.reload()
        self.assertEqual(self.said(LogLevel.warn), ["insecure has changed, which takes a restart"])

    def test_hangup(self) -> None:
        """SIGHUP reads them again, in the reactor's turn."""
        self.keepSignals()
        self.daemon.takeSignals()
        Path(self.path).write_text("[limits]\npeers = 5\n")
        os.kill(os.getpid(), signal.SIGHUP)
        self.assertEqual(self.daemon.router.limits.peers, 3)
        self.clock.advance(0)
        self.assertEqual(self.daemon.router.limits.peers, 5)

    def test_frozen(self) -> None:
        """What is there when all have started is out of the collector's sight from then on."""
        self.daemon.router.startService = lambda: None
        self.daemon.startService()
        self.assertEqual(self.frozen, [])
        self.clock.advance(0)
        self.assertEqual(len(self.frozen), 1)

    def test_peers(self) -> None:
        """There are never more peers than descriptors, and at least one."""
        options = self.parse("--listen", UNIX)
        usual = Limits()
        for soft, peers, strangers in (
            (SPARE + 8, 6, 2),
            (SPARE, 1, 1),
            (SPARE + usual.peers + 1, usual.peers - 255, 256),
            (20_000, usual.peers, 256),
        ):
            limit(self, soft, soft)
            daemon = ServerDaemon(options, Calls())
            limits = daemon.router.limits
            self.assertEqual((limits.peers, limits.unauthenticated), (peers, strangers))
            daemon.reload()
            self.assertEqual(daemon.router.limits, limits)
