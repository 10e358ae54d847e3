"""The options of C{twistd pysig}, and what belongs to the process rather than to the router."""

from __future__ import annotations

import os
import resource
import signal
import sys
from io import StringIO
from pathlib import Path
from typing import Any

from twisted.application.service import IService
from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher
from twisted.python.usage import Options as TwistedOptions
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pysig_twisted.net.endpoints import DEFAULT_LISTEN
from pysig_twisted.net.limits import Limits
from pysig_twisted.tap import SPARE, Options, RouterDaemon, ServerOptions, descriptors, giveUp
from pysig_twisted.version import VERSION

UNIX = "unix:/run/pysig/bus"


class TapCase(SynchronousTestCase):
    """Tests with a clean environment."""

    def setUp(self) -> None:
        """Leave out the settings of whoever runs the tests."""
        kept = {key: value for key, value in os.environ.items() if key[:6] != "PYSIG_"}
        self.patch(os, "environ", kept)
        self.printed = StringIO()
        self.patch(sys, "stdout", self.printed)

    def parse(self, *arguments: str) -> ServerOptions:
        """The options of C{twistd pysig server}."""
        options = Options()
        options.parseOptions(["server", *arguments])
        self.assertEqual(options.subCommand, "server")
        parsed = options.subOptions
        assert isinstance(parsed, ServerOptions)
        return parsed

    def ends(self, *arguments: str) -> Any:
        """What a command line that ends the process ends it with: a status or a text."""
        return self.assertRaises(SystemExit, Options().parseOptions, list(arguments)).code

    def file(self, text: str) -> str:
        """A file with this in it."""
        path = Path(self.mktemp()).absolute()
        path.write_text(text)
        return str(path)


class OptionsTests(TapCase):
    """L{Options} and L{ServerOptions}."""

    def test_nothing(self) -> None:
        """Without options, the defaults."""
        settings = self.parse().settings
        self.assertEqual(settings.server.listen, (DEFAULT_LISTEN,))
        self.assertEqual(settings.limits, Limits())

    def test_flags(self) -> None:
        """Options become settings."""
        os.environ["PYSIG_LISTEN"] = "tcp:1"
        server = self.parse("-l", UNIX, "--listen", "tcp:2", "--insecure", "-v").settings.server
        self.assertEqual(server.listen, (UNIX, "tcp:2"))
        self.assertTrue(server.insecure and server.verbose)

    def test_variable(self) -> None:
        """PYSIG_LISTEN is used where there is no C{--listen}."""
        os.environ["PYSIG_LISTEN"] = f"{UNIX} tcp:1"
        self.assertEqual(self.parse().settings.server.listen, (UNIX, "tcp:1"))

    def test_config(self) -> None:
        """A file is read, and remembered by its whole path."""
        path = self.file("[limits]\npeers = 3\n")
        options = self.parse("--config", os.path.relpath(path))
        self.assertEqual(options.settings.limits.peers, 3)
        self.assertEqual(options["config"], path)

    def test_check(self) -> None:
        """C{--check} prints the settings, and ends with 0."""
        path = self.file("[limits]\npeers = 3\n")
        self.assertEqual(self.ends("server", "-c", path, "--listen", UNIX, "--check"), 0)
        self.assertIn(f'listen = ["{UNIX}"]\n', self.printed.getvalue())
        self.assertIn("peers = 3\n", self.printed.getvalue())

    def test_version(self) -> None:
        """C{--version} prints ours."""
        for times, arguments in enumerate((["--version"], ["server", "--version"]), 1):
            self.assertEqual(self.ends(*arguments), 0)
            self.assertEqual(self.printed.getvalue(), f"pysig_twisted {VERSION}\n" * times)

    def test_mistakes(self) -> None:
        """A mistake ends the process with one sentence, which is also its status 1."""
        for arguments, said in (
            ([], "twistd pysig: say what to run, such as: twistd pysig server"),
            (["client"], "twistd pysig: Unknown command: client"),
            (["--x"], "twistd pysig: option --x not recognized"),
            (["server", "--x"], "twistd pysig server: option --x not recognized"),
            (["server", "--listen"], "twistd pysig server: option --listen requires argument"),
            (["server", "--insecure=1"], "twistd pysig server: option --insecure must not have"),
            (["server", UNIX], f"twistd pysig server: unexpected argument '{UNIX}'; to listen"),
            (["server", "-c", "/nowhere"], "twistd pysig server: /nowhere: No such file"),
            (["server", "--check", "-l", "x"], "twistd pysig server: --listen: cannot listen on"),
        ):
            text = self.ends(*arguments)
            self.assertTrue(text.startswith(said), text)
            self.assertTrue(text.endswith(" (--help tells more)"), text)
            self.assertNotIn("\n", text)
        self.assertEqual(self.printed.getvalue(), "")

    def test_allMistakes(self) -> None:
        """All that is wrong with the settings is told at once, a line each."""
        path = self.file("[limits]\npeers = 0\nx = 1\n")
        text = self.ends("server", "--config", path, "--listen", "x", "--check")
        self.assertEqual(len(text.splitlines()), 3)

    def test_help(self) -> None:
        """The help has the examples as they are, and every option."""
        text = ServerOptions().getUsage(80)
        self.assertIn("\n  twistd -n pysig server --config /etc/pysig.toml --check\n", text)
        for option in ("--listen=", "--insecure", "--check", "--verbose", "--config="):
            self.assertIn(option, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)


class DaemonTests(TapCase):
    """L{RouterDaemon}, where nothing needs to listen."""

    def setUp(self) -> None:
        """Note what is logged."""
        super().setUp()
        self.logged: list[Any] = []
        observe: Any = self.logged.append
        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        self.path = self.file("[limits]\npeers = 3\n")
        self.options = self.parse("--config", self.path, "--listen", UNIX)
        self.clock = Calls()
        self.daemon = RouterDaemon(self.options, self.clock)

    def said(self, level: Any) -> list[str]:
        """What was logged at a level."""
        return [
            event["log_format"].format(**event)
            for event in self.logged
            if event["log_level"] is level and event.get("log_namespace", "").startswith("pysig")
        ]

    def test_service(self) -> None:
        """It is a service, with the router as its child."""
        verifyObject(IService, self.daemon)
        self.assertEqual(list(self.daemon), [self.daemon.router])
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

    def test_reloadRestart(self) -> None:
        """What takes a restart is told, once for each change."""
        Path(self.path).write_text("[server]\ninsecure = true\n")
        self.daemon.reload()
        self.daemon.reload()
        self.assertEqual(self.said(LogLevel.warn), ["insecure has changed, which takes a restart"])

    def test_hangup(self) -> None:
        """SIGHUP reads them again, in the reactor's turn."""
        old = signal.getsignal(signal.SIGHUP)
        self.addCleanup(signal.signal, signal.SIGHUP, old)
        self.daemon.takeSignals()
        Path(self.path).write_text("[limits]\npeers = 5\n")
        os.kill(os.getpid(), signal.SIGHUP)
        self.assertEqual(self.daemon.router.limits.peers, 3)
        self.clock.advance(0)
        self.assertEqual(self.daemon.router.limits.peers, 5)


class Calls(Clock):
    """A clock that takes calls from signal handlers too."""

    def callFromThread(self, call: Any) -> None:
        """See C{IReactorFromThreads}."""
        self.callLater(0, call)


class DescriptorsTests(TapCase):
    """L{descriptors}, and the limit that depends on it."""

    def limit(self, soft: int, hard: int, allowed: bool = True) -> list[tuple[int, int]]:
        """Have these limits; what they are set to is put into the list."""
        now = [(soft, hard)]

        def change(kind: int, to: tuple[int, int]) -> None:
            self.assertEqual(kind, resource.RLIMIT_NOFILE)
            if not allowed:
                raise ValueError("not allowed")
            now.append(to)

        self.patch(resource, "getrlimit", lambda kind: now[-1])
        self.patch(resource, "setrlimit", change)
        return now

    def test_enough(self) -> None:
        """Where there are enough, nothing is changed."""
        for soft in (10, 11, resource.RLIM_INFINITY):
            now = self.limit(soft, resource.RLIM_INFINITY)
            self.assertEqual(descriptors(10), 10)
            self.assertEqual(len(now), 1)

    def test_more(self) -> None:
        """As many are taken as are wanted, if they are allowed."""
        for hard in (10, 1000, resource.RLIM_INFINITY):
            now = self.limit(5, hard)
            self.assertEqual(descriptors(10), 10)
            self.assertEqual(now[1:], [(10, hard)])

    def test_fewer(self) -> None:
        """Else as many as there are."""
        now = self.limit(5, 8)
        self.assertEqual(descriptors(10), 8)
        self.assertEqual(now[1:], [(8, 8)])
        self.limit(5, 8, allowed=False)
        self.assertEqual(descriptors(10), 5)
        self.limit(8, 8, allowed=False)
        self.assertEqual(descriptors(10), 8)

    def test_peers(self) -> None:
        """There are never more peers than descriptors, and at least one."""
        options = self.parse("--listen", UNIX)
        for soft, peers in ((SPARE + 7, 7), (SPARE, 1), (20_000, Limits().peers)):
            self.limit(soft, soft)
            daemon = RouterDaemon(options, Calls())
            self.assertEqual(daemon.router.limits.peers, peers)
            daemon.reload()
            self.assertEqual(daemon.router.limits.peers, peers)


class GiveUpTests(TapCase):
    """L{giveUp}."""

    def options(self, **values: Any) -> TwistedOptions:
        """Options of ours below those of C{twistd} with these values."""
        outer, middle, inner = TwistedOptions(), TwistedOptions(), TwistedOptions()
        outer.update(values)
        inner.parent, middle.parent = middle, outer
        outer.parent = None
        return inner

    def test_foreground(self) -> None:
        """It ends the process with 1."""
        error = self.assertRaises(SystemExit, giveUp, self.options(), "why")
        self.assertEqual(error.code, 1)

    def test_daemon(self) -> None:
        """It tells the process that waits, and takes the pid file away."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        pidFile = self.file("1")
        options = self.options(statusPipe=write, pidfile=pidFile)
        self.assertRaises(SystemExit, giveUp, options, "whý")
        self.assertEqual(os.read(read, 100).decode(), "1 whý")
        self.assertFalse(Path(pidFile).exists())
        self.assertRaises(SystemExit, giveUp, self.options(pidfile=pidFile), "why")
