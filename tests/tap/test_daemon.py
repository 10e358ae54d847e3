"""What all routers have in common that are a process of their own."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.logger import LogLevel

from pysig_twisted.config import Settings
from pysig_twisted.errors import ConfigError, NameTaken
from pysig_twisted.net.endpoints import IN_PYTHON
from pysig_twisted.tap.daemon import LONGEST, RouterDaemon, outcome
from pysig_twisted.tap.process import Process

from .tapcase import UNIX, Calls, TapCase


class Plain(Service):
    """
    A router, as far as a daemon knows.

    @ivar stopped: fires when it may have stopped.
    """

    def __init__(self) -> None:
        self.stopped: Deferred[None] = Deferred()

    def stopService(self) -> Deferred[None]:
        """Stop."""
        super().stopService()
        return self.stopped


class PlainDaemon(RouterDaemon):
    """One that notes what it goes by."""

    def apply(self, old: Settings, new: Settings) -> None:
        """See L{RouterDaemon}."""
        self.applied = (old, new)
        self.warnOfChanges(old.server, new.server, ("listen", "app"))


class RouterDaemonTests(TapCase):
    """L{RouterDaemon}, with any router."""

    def setUp(self) -> None:
        """There are modules; nothing ends this process."""
        super().setUp()
        self.tapped = self.modules()
        self.ended: list[tuple[Any, ...]] = []
        self.patch(Process, "giveUp", lambda process, reason: self.ended.append(("up", reason)))
        self.patch(Process, "end", lambda process, *end: self.ended.append(end))
        self.patch(Process, "hold", lambda process: self.ended.append(("held",)))
        self.patch(Process, "started", lambda process: self.ended.append(("started",)))

    def make(self, *applications: str) -> RouterDaemon:
        """A daemon."""
        self.router = Plain()
        self.clock = Calls()
        arguments = [part for text in applications for part in ("--app", text)]
        return PlainDaemon(self.parse(*arguments), self.router, self.clock)

    def test_plain(self) -> None:
        """Without an application, nothing is between twistd and the router."""
        daemon = self.make()
        daemon.privilegedStartService()
        daemon.startService()
        self.assertTrue(self.router.running)
        self.assertEqual(self.ended, [])
        self.clock.advance(0)
        self.assertEqual(self.ended, [("started",)])

    def test_begins(self) -> None:
        """Applications are called a turn after the reactor runs, and then the parent is told."""
        daemon = self.make("tapped:start")
        daemon.startService()
        self.assertEqual(self.ended, [("held",)])
        self.assertEqual(self.tapped.calls, [])
        self.clock.advance(0)
        self.assertEqual(self.tapped.calls, [(self.router,)])
        self.assertEqual(self.ended, [("held",), ("started",)])

    def test_stoppedBefore(self) -> None:
        """A process that is told to stop before calls none; whoever waits is told."""
        daemon = self.make("tapped:start")
        daemon.startService()
        stopping = daemon.stopService()
        self.router.stopped.callback(None)
        self.successResultOf(stopping)
        self.clock.advance(0)
        self.assertEqual(self.tapped.calls, [])
        self.assertEqual(self.ended, [("held",), ("started",)])

    def test_stopOrder(self) -> None:
        """The router stops when the applications have."""
        daemon = self.make("tapped:stubborn")
        daemon.startService()
        self.clock.advance(0)
        stopping = daemon.stopService()
        self.assertTrue(self.router.running)
        self.clock.advance(6)
        self.assertFalse(self.router.running)
        self.assertNoResult(stopping)
        self.router.stopped.callback(None)
        self.successResultOf(stopping)

    def test_fails(self) -> None:
        """A failure stops the reactor; the end says why in the last line."""
        daemon = self.make("tapped:fails")
        daemon.startService()
        self.clock.advance(0)
        self.flushLoggedErrors(ValueError)
        self.assertTrue(self.clock.isStopped)
        self.assertEqual(self.ended, [("held",)])  # and not started
        [(call, *arguments)] = self.clock.triggers
        call(*arguments)
        reason = "tapped:fails failed: ValueError: no such thing"
        self.assertEqual(self.ended[1:], [(1, reason)])
        self.assertEqual(self.said(LogLevel.critical)[-1], reason)

    def test_failsWhileStopping(self) -> None:
        """A reactor that stops already is let be."""
        daemon = self.make("tapped:later")
        daemon.startService()
        self.clock.advance(0)
        self.clock.stop()
        self.tapped.waiting[0].errback(ValueError())
        self.flushLoggedErrors(ValueError)
        self.assertEqual(len(self.clock.triggers), 1)

    def test_leaves(self) -> None:
        """sys.exit(0) in an application ends the process as any end does."""
        daemon = self.make("tapped:leaves 0")
        daemon.startService()
        self.clock.advance(0)
        self.assertTrue(self.clock.isStopped)
        self.assertEqual(self.clock.triggers, [])
        self.assertEqual(self.ended, [("held",), ("started",)])

    def test_cannotListen(self) -> None:
        """What the router raises while it starts ends the process with a sentence."""

        def startService(service: Any) -> None:
            raise ConfigError("there is no port")

        self.patch(Plain, "startService", startService)
        self.make().startService()
        self.assertEqual(self.ended, [("up", "there is no port")])
        self.assertEqual(self.said(LogLevel.critical), ["there is no port"])

    def test_exposed(self) -> None:
        """What a router says to those who write Python is not said at a command line."""

        def startService(service: Any) -> None:
            raise ConfigError(f"say --insecure{IN_PYTHON}")

        self.patch(Plain, "startService", startService)
        self.make().startService()
        self.assertEqual(self.ended, [("up", "say --insecure")])
        self.assertEqual(self.said(LogLevel.critical), ["say --insecure"])

    def test_signals(self) -> None:
        """What a signal does is done in the reactor's turn."""
        self.keepSignals()
        caught: list[Any] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *arguments: caught.append(arguments))
        self.make().takeSignals()
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
            self.assertEqual(caught, [])
            self.clock.advance(0)
            [(received, frame)] = caught
            self.assertEqual((received, type(frame)), (number, FrameType))
            caught.clear()

    def test_signalsOfNobody(self) -> None:
        """A signal that is ignored, or left to the system, stays so."""
        self.keepSignals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.make().takeSignals()
        self.assertEqual(signal.getsignal(signal.SIGINT), signal.SIG_IGN)
        self.assertEqual(signal.getsignal(signal.SIGTERM), signal.SIG_DFL)

    def test_reload(self) -> None:
        """Other settings are applied and remembered; of some it is said that it takes more."""
        daemon: Any = self.make("tapped:start")
        before = daemon._options.settings
        os.environ["PYSIG_LISTEN"] = UNIX
        daemon.reload()
        old, new = daemon.applied
        self.assertIs(old, before)
        self.assertEqual(new.server.listen, (UNIX,))
        self.assertEqual(self.said(LogLevel.warn), ["listen has changed, which takes a restart"])
        daemon.reload()
        self.assertIs(daemon.applied[0], new)
        self.assertEqual(len(self.said(LogLevel.warn)), 1)


class OutcomeTests(TapCase):
    """L{outcome}."""

    def test_all(self) -> None:
        """Status and line for every kind of end."""
        for error, expected in (
            (ValueError("a\n b"), (1, "x:f failed: ValueError: a b")),
            (ValueError(), (1, "x:f failed: ValueError")),
            (NameTaken("gone"), (1, "x:f failed: NameTaken: gone")),
            (SystemExit(), (0, "x:f ended with None")),
            (SystemExit(0), (0, "x:f ended with 0")),
            (SystemExit(78), (78, "x:f ended with 78")),
            (SystemExit(-1), (255, "x:f ended with -1")),
            (SystemExit("no\nway"), (1, "x:f: no way")),
        ):
            self.assertEqual(outcome("x:f", error), expected)
        self.assertEqual(len(outcome("x:f", ValueError("x" * 9999))[1]), LONGEST + 3)
