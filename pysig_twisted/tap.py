"""
What C{twistd pysig} does: options, and the service they lead to.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NoReturn

from msgspec.structs import replace
from twisted.application.service import IService, MultiService
from twisted.logger import Logger
from twisted.python import usage

from .config import BadSettings, Settings, describe, load
from .errors import ConfigError
from .net.limits import Limits
from .net.server import ServerRouter
from .version import VERSION

SPARE: Final = 50
"""
File descriptors that are not for peers: ports, logs, what Twisted needs.
"""


class _Options(usage.Options):
    """
    Options whose errors are one line, and whose examples stay as they are.
    """

    command = ""
    examples = ""

    def parseOptions(self, options: Any = None) -> None:
        """
        Read a command line; end the process with a sentence where it is wrong.
        (twistd would print the whole help above it.)
        """
        try:
            super().parseOptions(options)
        except usage.UsageError as error:
            sys.exit(f"{self.command}: {error} (--help tells more)")

    def getUsage(self, width: int | None = None) -> str:
        """
        The help, with examples.
        """
        return f"{super().getUsage(width)}{self.examples}"

    def opt_version(self) -> None:
        """
        print the version, and end
        """
        print(f"pysig_twisted {VERSION}")
        sys.exit(0)


class ServerOptions(_Options):
    """
    Options of C{twistd pysig server}.
    """

    command = "twistd pysig server"
    synopsis = "[options]"
    longdesc = (
        "Run a signal router. Senders and listeners connect to it with a ClientRouter"
        " or with the pysig command."
    )
    examples = """
Examples:
  twistd -n pysig server
  twistd -n pysig server --listen unix:/run/pysig/bus \\
                         --listen tcp:7744:interface=127.0.0.1
  twistd -n pysig server --config /etc/pysig.toml --check

With -n it stays in the foreground; without, twistd goes to the background, and
logs to twistd.log in the current directory. Where there is no --listen,
PYSIG_LISTEN may hold endpoints, separated by spaces. SIGHUP has the file read
again. SIGTERM and SIGINT stop the server, which then ends itself by the same
signal: a shell shows 143 or 130.
"""

    optFlags = [
        ["insecure", None, "listen also where others than this machine can connect"],
        ["check", None, "print the settings in force, and end"],
        ["verbose", "v", "log more"],
    ]
    optParameters = [
        ["config", "c", None, "a TOML file with the tables [server] and [limits]"],
    ]

    settings: Settings

    def __init__(self) -> None:
        """
        No endpoints yet.
        """
        usage.Options.__init__(self)
        self["listen"] = []

    def opt_listen(self, endpoint: str) -> None:
        """
        an endpoint, such as unix:/path; may be given again
        [default: tcp:7744:interface=127.0.0.1]
        """
        self["listen"].append(endpoint)

    opt_l = opt_listen

    def parseArgs(self, *arguments: str) -> None:
        """
        There are none.
        """
        if arguments:
            raise usage.UsageError(
                f"unexpected argument {arguments[0]!r};"
                f" to listen there, say --listen {arguments[0]}"
            )

    def postOptions(self) -> None:
        """
        Read the settings.
        """
        try:
            self.settings = self.load()
        except BadSettings as error:
            raise usage.UsageError(error.message) from None
        if self["config"] is not None:
            # It is read again later, when twistd may have gone to another folder.
            self["config"] = os.path.abspath(self["config"])
        if self["check"]:
            print(describe(self.settings), end="")
            sys.exit(0)

    def load(self) -> Settings:
        """
        The settings in force now.

        @raise BadSettings: something is wrong with them.
        """
        flags: dict[str, Any] = {}
        if self["listen"]:
            flags["listen"] = self["listen"]
        for flag in ("insecure", "verbose"):
            if self[flag]:
                flags[flag] = True
        return load(self["config"], flags, os.environ)


class Options(_Options):
    """
    Options of C{twistd pysig}.
    """

    command = "twistd pysig"
    longdesc = "A signal router: events and requests between named senders."
    subCommands = [
        ["server", None, ServerOptions, "Run a router that others connect to."],
    ]

    def postOptions(self) -> None:
        """
        There must be a subcommand.
        """
        if self.subCommand is None:
            raise usage.UsageError("say what to run, such as: twistd pysig server")


class RouterDaemon(MultiService):
    """
    A server router as a process of its own: what belongs to the process and not
    to the router.
    """

    log = Logger()

    def __init__(self, options: ServerOptions, reactor: Any) -> None:
        """
        @param options: where the settings come from.
        """
        super().__init__()
        self._options = options
        self._reactor = reactor
        settings = options.settings
        self.router = ServerRouter(
            settings.server.listen,
            limits=self._affordable(settings.limits),
            insecure=settings.server.insecure,
            verbose=settings.server.verbose,
            reactor=reactor,
        )
        self.router.setServiceParent(self)

    def privilegedStartService(self) -> None:
        """
        Listen. C{twist} leaves this call out.
        """
        self._start(super().privilegedStartService)

    def startService(self) -> None:
        """
        Run, and listen unless that was done.
        """
        self._start(super().startService)

    def takeSignals(self) -> None:
        """
        From now on, SIGHUP has the settings read again; before, it ends the
        process. What comes before the reactor runs is done when it does.
        """
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, lambda *_: self._reactor.callFromThread(self.reload))

    def _start(self, start: Callable[[], None]) -> None:
        """
        A port that cannot be had ends the process with one sentence in the log,
        which in the foreground is the terminal.
        """
        try:
            start()
        except ConfigError as error:
            self.log.critical("{error}", error=error.message)
            giveUp(self._options, error.message)

    def _affordable(self, limits: Limits) -> Limits:
        """
        The limits, with no more peers than there are file descriptors for.
        """
        peers = descriptors(limits.peers + SPARE) - SPARE
        if peers >= limits.peers:
            return limits
        self.log.warn(
            "peers is {peers} rather than {wanted}, since this process may not open more files"
            " (ulimit -n, LimitNOFILE)",
            peers=max(peers, 1),
            wanted=limits.peers,
        )
        return replace(limits, peers=max(peers, 1))

    def reload(self) -> None:
        """
        Read the settings again.
        """
        try:
            settings = self._options.load()
        except BadSettings as error:
            self.log.error("the settings stay as they were: {error}", error=error.message)
            return
        old = self._options.settings.server
        for key in ("listen", "insecure"):
            if getattr(settings.server, key) != getattr(old, key):
                self.log.warn("{key} has changed, which takes a restart", key=key)
        self._options.settings = settings
        self.router.reload(self._affordable(settings.limits))
        self.router.verbose = settings.server.verbose
        self.log.info("settings read again")


def descriptors(wanted: int) -> int:
    """
    Have as many file descriptors as that, or as are allowed.

    @return: how many we may have.
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return wanted
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    highest = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if highest > soft:
        with suppress(OSError, ValueError):  # macOS allows less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
            soft = highest
    return soft


def giveUp(options: Any, reason: str) -> NoReturn:
    """
    End the process while it starts, as C{twistd} does after an exception, but
    without the traceback: tell the process that waits for a daemon to start,
    and leave no pid file behind.

    @param options: ours; those of C{twistd} are an ancestor. (C{twist}, which
        stays in the foreground and has no pid file, has neither option.)
    """
    while options.parent is not None:
        options = options.parent
    pipe, pidFile = options.get("statusPipe"), options.get("pidfile")
    if pipe is not None:
        os.write(pipe, f"1 {reason}".encode())
    if pidFile:
        with suppress(OSError):
            os.unlink(pidFile)
    sys.exit(1)


def makeService(options: Options) -> IService:
    """
    The service of a command line.
    """
    from twisted.internet import reactor as installed

    # Twisted's timers run on the wall clock, which may be set while we run.
    reactor: Any = installed
    reactor.seconds = time.monotonic
    daemon = RouterDaemon(options.subOptions, reactor)
    daemon.takeSignals()
    return daemon
