"""
What all routers have in common that are a process of their own.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger

from ..config import BadSettings, Settings
from ..errors import ConfigError
from ..net.endpoints import IN_PYTHON
from .application import Application, Applications
from .options import RouterOptions
from .process import Process

LONGEST = 500
"""
Characters of an error that are told.
"""


class RouterDaemon(MultiService):
    """
    A router as a process of its own: what belongs to the process and not to the
    router.
    """

    log = Logger()

    def __init__(self, options: RouterOptions, router: Any, reactor: Any) -> None:
        """
        @param options: where the settings come from, and the applications.
        @param router: the router, a service.
        """
        super().__init__()
        self._options = options
        self._reactor = reactor
        self._process = Process(options)
        self._process.keepTerminal()
        self._applications = Applications(options.applications, router, reactor, self._failed)
        self._hasFailed = False
        IService(router).setServiceParent(self)

    def privilegedStartService(self) -> None:
        """
        Listen. C{twist} leaves this call out.
        """
        self._start(super().privilegedStartService)

    def startService(self) -> None:
        """
        Run, and listen unless that was done. The applications come when the
        reactor runs, and before it hears anybody.
        """
        self._start(super().startService)
        if self._options.applications:
            self._process.hold()
        # One turn later than it starts: a loop of asyncio runs only then.
        self._reactor.callWhenRunning(self._reactor.callLater, 0, self._begin)

    def stopService(self) -> Deferred[Any]:
        """
        Stop the applications, and then the router, which they may need for that.
        """
        return self._applications.stopService().addCallback(
            lambda _: maybeDeferred(MultiService.stopService, self)
        )

    def takeSignals(self) -> None:
        """
        From now on, SIGHUP has the settings read again; before, it ends the
        process. What comes before the reactor runs is done when it does.

        SIGINT and SIGTERM do what they did, but in the reactor's turn.
        """
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, lambda *_: self._reactor.callFromThread(self.reload))
        self._reactor.callWhenRunning(self._postponeSignals)

    def _postponeSignals(self) -> None:
        """
        Have Twisted's handlers, which are there when the reactor runs, called in
        its turn. They log. A log file has a lock, and if the signal comes while
        that is being taken, a log from within its handler waits for ever.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            handler = signal.getsignal(number)
            if callable(handler):  # and neither ignored nor the system's business
                signal.signal(number, partial(self._postpone, handler))

    def _postpone(
        self, handler: Callable[[int, FrameType | None], Any], number: int, frame: FrameType | None
    ) -> None:
        """
        Call the handler of a signal in the reactor's turn.
        """
        self._reactor.callFromThread(handler, number, frame)

    def reload(self) -> None:
        """
        Read the settings again.
        """
        try:
            settings = self._options.load()
        except BadSettings as error:
            self.log.error("the settings stay as they were: {error}", error=error.message)
            return
        old, self._options.settings = self._options.settings, settings
        self.apply(old, settings)
        self.log.info("settings read again")

    def apply(self, old: Settings, new: Settings) -> None:
        """
        Go by other settings from now on.
        """
        raise NotImplementedError

    def warnOfChanges(self, old: object, new: object, keys: tuple[str, ...]) -> None:
        """
        Log which of these settings have changed, to no effect.
        """
        for key in keys:
            if getattr(old, key) != getattr(new, key):
                self.log.warn("{key} has changed, which takes a restart", key=key)

    def _start(self, start: Callable[[], None]) -> None:
        """
        A port that cannot be had ends the process with one sentence in the log,
        which in the foreground is the terminal.
        """
        try:
            start()
        except ConfigError as error:
            reason = error.message.removesuffix(IN_PYTHON)
            self.log.critical("{error}", error=reason)
            self._process.giveUp(reason)

    def _begin(self) -> None:
        """
        Call the applications, unless we are told to stop already.
        """
        if self.running:
            self._applications.startService()
        if not self._hasFailed:
            self._process.started()
            self.started()

    def started(self) -> None:
        """
        The process is up: its ports are open, and its applications were called.
        """

    def _failed(self, application: Application, error: BaseException) -> None:
        """
        An application has failed, or wants the process to end: stop in order, and
        say why at the very end.
        """
        status, reason = outcome(application.reference, error)
        if status:
            self._hasFailed = True
            self._reactor.addSystemEventTrigger("after", "shutdown", self._end, status, reason)
        with suppress(ReactorNotRunning):
            self._reactor.stop()

    def _end(self, status: int, reason: str) -> None:
        """
        All has stopped.
        """
        self.log.critical("{reason}", reason=reason)
        self._process.end(status, reason)


def outcome(reference: str, error: BaseException) -> tuple[int, str]:
    """
    What a process ends with because of an application, and why in one line.

    C{sys.exit} means in an application what it means in a program.
    """
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return int(error.code or 0) & 255, f"{reference} ended with {error.code}"
        return 1, _oneLine(f"{reference}: {error.code}")
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return 1, _oneLine(f"{reference} failed: {what}")


def _oneLine(text: str) -> str:
    """
    A text without its line ends, and not too long.
    """
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
