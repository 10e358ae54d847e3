"""The service of C{twistd pysig bridge}, without a network or devices."""

from __future__ import annotations

from pathlib import Path

from twisted.application.service import IService
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import LogLevel
from zope.interface.verify import verifyObject

from pysig_twisted.tap import BridgeDaemon, BridgeOptions, Options, makeService

from .tapcase import TapCase

DEVICE = "[serial.{name}]\nport = '/nowhere/{name}'\n"


class BridgeDaemonTests(TapCase):
    """L{BridgeDaemon}."""

    def setUp(self) -> None:
        """A bridge with a device that is not there, whose router is not, either."""
        super().setUp()
        self.path = Path(self.file(DEVICE.format(name="meter")))
        options = Options()
        options.parseOptions(["bridge", "--connect", "tcp:127.0.0.1:7", "-c", str(self.path)])
        parsed = options.subOptions
        assert isinstance(parsed, BridgeOptions)
        self.reactor = MemoryReactorClock()
        self.daemon = BridgeDaemon(parsed, self.reactor)

    def test_service(self) -> None:
        """It is a service, with the router and the devices as its children."""
        verifyObject(IService, self.daemon)
        self.assertEqual(list(self.daemon), [self.daemon.router, self.daemon.bridge])
        self.daemon.startService()
        self.reactor.advance(0)
        self.reactor.advance(1)
        [said] = [text for text in self.said(LogLevel.warn) if "meter" in text]
        self.assertIn("/nowhere/meter", said)
        self.successResultOf(self.daemon.stopService())
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_reload(self) -> None:
        """Devices come and go when the file is read again; what takes a restart is told."""
        self.daemon.startService()
        self.path.write_text(
            DEVICE.format(name="scale") + "[bridge]\nname = 'b'\n[client]\nlinkGrace = 1\n"
        )
        self.daemon.reload()
        self.reactor.advance(0)
        self.assertEqual(list(self.daemon.bridge.devices), ["scale"])
        restarts = [text for text in self.said(LogLevel.warn) if "restart" in text]
        self.assertEqual([text.split()[0] for text in restarts], ["linkGrace", "name"])
        self.successResultOf(self.daemon.stopService())
        self.assertEqual(self.reactor.getDelayedCalls(), [])

    def test_emptyFile(self) -> None:
        """A file that has no devices when it is read again changes nothing."""
        self.daemon.startService()
        self.path.write_text("")
        self.daemon.reload()
        self.assertEqual(list(self.daemon.bridge.devices), ["meter"])
        [said] = self.said(LogLevel.error)
        self.assertIn("there is no device", said)
        self.successResultOf(self.daemon.stopService())

    def test_made(self) -> None:
        """The command line leads to it."""
        self.keepSignals()
        from twisted.internet import reactor

        self.patch(reactor, "seconds", reactor.seconds)
        self.patch(reactor, "callWhenRunning", lambda call: None)
        options = Options()
        options.parseOptions(["bridge", "-c", str(self.path)])
        self.assertIsInstance(makeService(options), BridgeDaemon)
