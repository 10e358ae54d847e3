"""
The reactor that all threads share: found, or started; and ended with the process.

Twisted has one reactor in a process, which runs once. If it runs when the first router is made, it
is somebody's, and left to them. Else it is run in a daemon thread from then on, until the
interpreter ends: then, as C{atexit} has it, the main thread has ended, and all threads that are no
daemons, and threads of daemons still run, so that the reactor can say goodbye.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.python import threadable
from zope.interface import Interface

from ..errors import BadRequest, ConfigError

STARTING: Final = 10.0
ENDING: Final = 5.0
"""
Seconds that the reactor has to start, and to end with the process.
"""


class CannotBlock(BadRequest):
    """
    A call that waits was made where it must not: in the reactor's thread, or in a process that was
    forked.
    """


class IUser(Interface):
    """
    Who has something at work in the reactor.
    """

    def shut() -> Deferred[None]:
        """
        End it, in the reactor's thread.

        @return: a Deferred that fires when that is done.
        """

    def abandon() -> None:
        """
        The reactor is gone, and nothing will come of it any more; in any thread.
        """


class ReactorThread:
    """
    See the module. There is one, L{reactorThread}.

    @ivar users: those who have something at work in the reactor.
    @ivar isFork: was this process forked from one that uses it?
    """

    def __init__(self) -> None:
        """
        Nothing runs yet, as far as we know.
        """
        self.users: dict[IUser, None] = {}
        self._lock = threading.Lock()
        self._reactor: Any = None
        self._own: threading.Thread | None = None
        self._isUsed = False
        self.isFork = False

    def check(self) -> None:
        """
        See that a call may wait here.

        @raise CannotBlock: it may not.
        """
        if self.isFork:
            raise CannotBlock(
                "this process was forked from one that uses BlockingRouter, and has no thread for"
                ' the reactor; start processes anew (multiprocessing: "spawn"), or fork before'
                " the first BlockingRouter is made"
            )
        if threadable.isInIOThread():
            raise CannotBlock(
                "this is the reactor's thread, which would wait for itself; call from another"
                " one (twisted.internet.threads.deferToThread), or use the router that returns"
                " Deferreds"
            )
        if not self.isRunning and threading.current_thread() is threading.main_thread():
            raise CannotBlock(
                "the reactor does not run (yet), and this is the thread that is to run it; call"
                " from another one"
            )

    @property
    def isRunning(self) -> bool:
        """
        Does the reactor run?
        """
        return self._reactor is not None and bool(self._reactor.running)

    def isHere(self) -> bool:
        """
        Is this the reactor's thread?
        """
        return bool(threadable.isInIOThread())

    def obtain(self, mayStart: bool = True) -> Any:
        """
        The reactor, which runs.

        @param mayStart: run it, if it does not run. Else it is somebody's who is yet to run it.
        @raise CannotBlock: this process was forked from one that has it.
        @raise ConfigError: it does not run, and cannot be started.
        """
        if self.isFork:
            self.check()
        from twisted.internet import reactor

        with self._lock:
            if not self._isUsed:
                self._isUsed = True
                atexit.register(self._atExit)
                if hasattr(os, "register_at_fork"):
                    os.register_at_fork(after_in_child=self._forked)
            self._reactor = reactor
            if mayStart and not reactor.running:
                self._start(reactor)
        return reactor

    def _start(self, reactor: Any) -> None:
        """
        Run the reactor in a thread.
        """
        # As in C{twistd pysig}: timers that do not follow a clock which is set.
        reactor.seconds = time.monotonic
        started = threading.Event()
        errors: list[BaseException] = []
        reactor.callWhenRunning(started.set)

        def run() -> None:
            try:
                reactor.run(installSignalHandlers=False)
            except BaseException as error:
                errors.append(error)
            for user in tuple(self.users.copy()):
                user.abandon()
            started.set()

        # The threads that it starts, in which names are looked up, are daemons then as well.
        self._own = threading.Thread(target=run, name="pysig-reactor", daemon=True)
        self._own.start()
        started.wait(STARTING)
        if not reactor.running:
            why = repr(errors[0]) if errors else f"it has not started within {STARTING:g} s"
            raise ConfigError(
                f"the reactor cannot be run in a thread: {why}; a reactor runs once in a process,"
                " and one on a loop of asyncio's only where that loop runs"
            )

    def _atExit(self) -> None:
        """
        The interpreter ends.
        """
        from twisted.internet import reactor

        # A reactor that ran in this thread does so no more, whatever it says.
        if self.isFork or self.isHere() or not reactor.running:
            return
        deadline = time.monotonic() + ENDING
        if self._own is not None and self._own.is_alive():
            reactor.callFromThread(self._stop, reactor)  # type: ignore[attr-defined]
            self._own.join(ENDING)
            return
        done = threading.Semaphore(0)
        users = tuple(self.users.copy())
        for user in users:
            reactor.callFromThread(  # type: ignore[attr-defined]
                lambda user=user: user.shut().addBoth(lambda _: done.release())
            )
        for _ in users:
            done.acquire(timeout=max(0.0, deadline - time.monotonic()))

    def _stop(self, reactor: Any) -> None:
        """
        End the reactor, in its thread: it tells its users before.
        """
        if reactor.running:
            reactor.stop()

    def _forked(self) -> None:
        """
        This is another process, in which nothing of this runs.
        """
        self.isFork = True


reactorThread: Final = ReactorThread()
