"""
One run of a command under the reactor.

Whatever happens, a command ends in a status and at most one line about it: its
coroutine returned, an error ended it, a signal did, or nobody reads its output
any more. Its link is closed in all of these cases.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import globalLogBeginner
from twisted.python.failure import Failure

from .. import ClientRouter, PysigError
from ..errors import NotConnected, RequestTimeout
from ..net.backoff import LASTING
from ..net.credentials import shownBy
from .failing import Interrupted, failed
from .notices import Notices
from .options import Settings

T = TypeVar("T")

SIGNALS: Final = ("SIGINT", "SIGTERM", "SIGHUP")


class Session:
    """
    A command at work.

    @ivar reactor: the reactor.
    @ivar notices: tells the user what is logged.
    """

    def __init__(self, reactor: Any, settings: Settings | None = None) -> None:
        """
        See the class.
        """
        self.reactor = reactor
        self._settings = settings = settings or Settings()
        self.notices = Notices(settings.verbosity)
        self._working: Deferred[Any] | None = None
        self._ended: BaseException | None = None
        self._isClosing = False
        self._isDone = False
        self._result: Any = None
        self._signals: set[int] = set()

    def router(self, endpoint: str, **more: Any) -> ClientRouter:
        """
        What connects to a router, with the credentials that there are.

        @param more: see L{ClientRouter}.
        """
        return ClientRouter(
            endpoint,
            credentials=shownBy(self._settings.credentials, os.environ),
            insecure=self._settings.insecure,
            reactor=self.reactor,
            **more,
        )

    def start(self, work: Callable[[Session], Coroutine[Any, Any, Any]]) -> None:
        """
        Begin; the reactor stops when the work has ended.
        """
        self.catchSignals()  # again: the reactor has just taken one of them
        self._working = Deferred.fromCoroutine(work(self))
        self._working.addBoth(self._done)

    def catchSignals(self) -> None:
        """
        Have signals end this command.
        """
        for name in SIGNALS:
            number = getattr(signal, name, None)
            # What was ignored for us from outside (nohup, a job in the
            # background) stays ignored.
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._signaled)
                self._signals.add(number)

    def releaseSignals(self) -> None:
        """
        Let signals do again what they usually do.
        """
        for number in self._signals:
            isInt = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if isInt else signal.SIG_DFL)

    def _signaled(self, number: int, frame: object) -> None:
        """
        A signal came, at any point of the program.
        """
        self.reactor.callFromThread(self._interrupt, number)

    def _interrupt(self, number: int) -> None:
        """
        End because of a signal; if the command is ending already, at once.
        """
        if self._ended is not None or self._isClosing:
            self._ended = Interrupted(number)
            if self.reactor.running:
                self.reactor.stop()
        else:
            self.end(Interrupted(number))

    def end(self, error: BaseException) -> None:
        """
        End the command with this error, unless it is ending already.
        """
        if self._ended is None and not self._isClosing:
            self._ended = error
            # Not now: this may be called from within the coroutine.
            self.reactor.callLater(0, self._cancel)

    @property
    def isEnding(self) -> bool:
        """
        Has an error or a signal ended it?
        """
        return self._ended is not None

    @property
    def isInterrupted(self) -> bool:
        """
        Has a signal?
        """
        return isinstance(self._ended, Interrupted)

    def closing(self) -> None:
        """
        The command ends by itself from here on: what breaks because of that is
        no error, and not told.
        """
        self._isClosing = True
        self.notices.isQuiet = True

    def _cancel(self) -> None:
        """
        Let the coroutine end.
        """
        if self._working is not None:
            self._working.cancel()

    def stopping(self) -> None:
        """
        The reactor stops. If the work has not ended, a signal has stopped it, in
        the moment between its taking the signals and our taking them back.
        """
        if self._ended is None and not self._isDone:
            number = getattr(self.reactor, "_exitSignal", None)
            self._ended = Interrupted(number or signal.SIGTERM)

    def _done(self, result: Any) -> None:
        """
        The coroutine has ended.
        """
        self._working = None
        self._isDone = True
        if not isinstance(result, Failure):
            self._result = result
        elif self._ended is None:
            self._ended = result.value
        if self.reactor.running:
            self.reactor.stop()

    def result(self) -> Any:
        """
        What the coroutine returned.

        @raise BaseException: what ended the command instead.
        """
        if self._ended is not None:
            raise self._ended
        return self._result

    def since(self, began: float) -> str:
        """
        How long ago that was, for people.
        """
        seconds = self.reactor.seconds() - began
        return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"

    @asynccontextmanager
    async def link(
        self,
        router: ClientRouter,
        wait: Callable[[str], object] | None = None,
        seconds: float | None = None,
    ) -> AsyncIterator[ClientRouter]:
        """
        Connect, and disconnect in the end.

        @param wait: where it is given, connecting is tried until it succeeds,
            and this is told why it does not at first.
        @param seconds: how long connecting may take, where it is not tried until
            it succeeds.
        @raise PysigError: there is no connection to be had.
        """
        began = self.reactor.seconds()

        def late(result: Any, timeout: float) -> Any:
            raise RequestTimeout(f"no router has answered within {timeout:g} s")

        try:
            up = router.whenConnected(failAfterFailures=1)
            if seconds is not None:
                up.addTimeout(seconds, self.reactor, late)
            router.startService()
            try:
                await up
            except PysigError as error:
                text = error.message.rstrip(". ")
                if wait is not None and not isinstance(error, LASTING):
                    wait(text)
                elif isinstance(error, NotConnected):
                    hint = "" if ";" in text else "; is a router running there?"
                    raise NotConnected(f"{text}{hint}") from None
                else:
                    raise
                await router.whenConnected()
            self.notices.detail(f"the link is up after {self.since(began)}")
            yield router
        finally:
            self.notices.detail(f"done after {self.since(began)}")
            self.closing()
            await router.stopService()


def begin(settings: Settings) -> Session:
    """
    What comes before a run: from here on signals wait for it.
    """
    from twisted.internet import reactor as installed

    reactor: Any = installed
    # Twisted's timers run on the wall clock, which may be set while we run.
    reactor.seconds = time.monotonic
    session = Session(reactor, settings)
    session.catchSignals()
    globalLogBeginner.beginLoggingTo(
        [session.notices], redirectStandardIO=False, discardBuffer=True
    )
    return session


def run(work: Callable[[Session], Coroutine[Any, Any, T]], session: Session) -> T:
    """
    Run the reactor until C{work(session)} has ended.

    @param session: what L{begin} gave.
    @return: what it returned.
    @raise Interrupted: a signal ended it.
    @raise SystemExit: it failed; the user has been told why.
    """
    session.reactor.addSystemEventTrigger("before", "shutdown", session.stopping)
    session.reactor.callWhenRunning(session.start, work)
    session.reactor.run()
    session.releaseSignals()
    try:
        result: T = session.result()
    except Interrupted:
        raise
    except Exception as error:
        sys.exit(failed(error, session.notices.told))
    return result
