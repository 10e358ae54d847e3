"""What the tests of blocking routers have in common."""

from __future__ import annotations

import functools
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from pysig_twisted import ServerRouter
from pysig_twisted.blocking import BlockingRouter

PATIENCE = 20.0


def threaded(test: Callable[..., object]) -> Callable[..., Deferred[Any]]:
    """A test that runs in a thread, while the reactor runs where it does in tests."""

    @functools.wraps(test)
    def run(self: Any) -> Deferred[Any]:
        return deferToThread(test, self)

    return run


def until(condition: Callable[[], object], what: str = "") -> None:
    """Wait in a thread until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"it never came to be: {what or condition}")
        time.sleep(0.002)


class Heard:
    """A listener that notes what it hears, and in which threads."""

    def __init__(self) -> None:
        self.data: list[Any] = []
        self.gaps: list[Any] = []
        self.events: list[tuple[str, str]] = []
        self.threads: set[str] = set()

    def __call__(self, info: Any, data: Any) -> None:
        """An event."""
        self.events.append((info.sender, info.event))
        self.data.append(data)
        self.threads.add(threading.current_thread().name)

    def onGap(self, gap: Any) -> None:
        """A gap, in its place among the data."""
        self.gaps.append(gap)
        self.data.append(gap)
        self.threads.add(threading.current_thread().name)


class Threads:
    """Threads whose errors are not lost."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []
        self._threads: list[threading.Thread] = []

    def start(self, function: Callable[..., object], *arguments: Any) -> threading.Thread:
        """Start one."""

        def run() -> None:
            try:
                function(*arguments)
            except BaseException as error:
                self.errors.append(error)

        thread = threading.Thread(target=run, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def join(self, seconds: float = PATIENCE) -> None:
        """Wait for all; raise what the first of them raised."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                raise AssertionError("a thread has not ended")
        if self.errors:
            raise self.errors[0]


class ThreadCase(TestCase):
    """Routers that end with the test."""

    timeout = 120

    def router(self, *arguments: Any, **options: Any) -> BlockingRouter:
        """A router; called in a thread."""
        router = BlockingRouter(*arguments, **options)
        self.addCleanup(deferToThread, router.close)
        return router


class ServerCase(ThreadCase):
    """
    The same, with a server.

    @ivar endpoint: where it is.
    @ivar server: its router.
    """

    def setUp(self) -> None:
        """Start one on a socket, whose path must be short."""
        folder = tempfile.mkdtemp(prefix="pysig-")
        self.addCleanup(shutil.rmtree, folder)
        self.endpoint = f"unix:{folder}/bus"
        self.server = ServerRouter([self.endpoint])
        self.server.startService()
        self.addCleanup(self.server.stopService)
