"""The C{pysig} command: what its tests have in common."""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

import pysig_twisted
from pysig_twisted import Sender, ServerRouter
from pysig_twisted.commands.group import status as runLine

reactor: Any = installed
ROOT = Path(pysig_twisted.__file__).resolve().parent.parent

DEADLINE = 30.0
"""Seconds in which what a test waits for must happen, on however slow a machine."""

HOSTILE = "[/x] [red]\x1b]0;title\x07\x1b[2J \x9b31m \u202eabc\u2066\u2028 \x7f \\[link]"
"""Markup, control sequences, other directions of writing, other ends of lines."""

UNSAFE = "\x1b\x07\x9b\u202e\u2066\u2028\x7f"
"""What of it must not reach a terminal."""


class Outcome(NamedTuple):
    """What a command line came to."""

    status: int
    out: str
    err: str


def inProcess(*arguments: str, environment: dict[str, str] | None = None) -> Outcome:
    """Run a command line that ends before it needs the reactor, in this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    variables = {name: text for name, text in os.environ.items() if "PYSIG_" not in name}
    with (
        redirect_stdout(out),
        redirect_stderr(err),
        mock.patch.dict(os.environ, {**variables, **(environment or {})}, clear=True),
    ):
        try:
            status = runLine(arguments)
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else 0
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode())
    return Outcome(status, *texts)


class Run(ProcessProtocol):
    """
    A C{pysig} at work.

    @ivar err: what it told.
    @ivar status: how it ended; C{None} while it runs.
    """

    def __init__(self) -> None:
        self._printed: list[str] = []
        self.err = ""
        self.status: int | None = None
        self._waiting: list[tuple[Any, Deferred[Run]]] = []

    @property
    def out(self) -> str:
        """What it printed; on a terminal, also what it told."""
        # Adding piece by piece would take forever when it is much.
        self._printed = ["".join(self._printed)]
        return self._printed[0]

    def outReceived(self, data: bytes) -> None:
        """It printed something."""
        self._printed.append(data.decode())
        self._check()

    def errReceived(self, data: bytes) -> None:
        """It told something."""
        self.err += data.decode()
        self._check()

    def processEnded(self, reason: Failure) -> None:
        """It has ended."""
        value: Any = reason.value
        signal = getattr(value, "signal", None)
        self.status = value.exitCode if signal is None else -signal
        self._check()

    def _check(self) -> None:
        for item in tuple(self._waiting):
            condition, deferred = item
            if condition() or self.status is not None:
                self._waiting.remove(item)
                deferred.callback(self)

    def until(self, condition: Any) -> Deferred[Run]:
        """A Deferred that fires with this when C{condition()} holds, or it has ended."""
        deferred: Deferred[Run] = Deferred()
        self._waiting.append((condition, deferred))
        deferred.addTimeout(DEADLINE, reactor)
        deferred.addErrback(self._late)
        self._check()
        return deferred

    def _late(self, failure: Failure) -> Any:
        raise AssertionError(
            f"too late; printed {self.out!r}, told {self.err!r}"
        ) from failure.value

    def printed(self, text: str, times: int = 1) -> Deferred[Run]:
        """A Deferred that fires when it has printed this, so many times."""
        return self.until(lambda: self.out.count(text) >= times)

    def told(self, text: str) -> Deferred[Run]:
        """A Deferred that fires when it has told this."""
        return self.until(lambda: text in self.err)

    def ended(self) -> Deferred[Run]:
        """A Deferred that fires when it has ended."""
        return self.until(lambda: False)

    def signal(self, name: str) -> None:
        """Send it a signal."""
        self.transport.signalProcess(name)


class CommandCase(TestCase):
    """Tests that run the command as a process of its own, against a router in this one."""

    timeout = 100

    def setUp(self) -> None:
        """Make a folder for a socket; what listens on it is up to the test."""
        # Not below the one trial runs in: its path may be too long for a socket.
        self.folder = Path(tempfile.mkdtemp(prefix="pysig-test-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.routers: list[ServerRouter] = []
        self.endpoint = f"unix:{self.folder}/bus"

    def serve(self, *endpoints: str) -> ServerRouter:
        """Run a router until the test ends."""
        router = ServerRouter(endpoints or [self.endpoint], reactor=reactor)
        router.startService()
        self.routers.append(router)
        self.addCleanup(lambda: router.stopService() if router.running else None)
        return router

    def spawn(
        self,
        *arguments: str,
        environment: dict[str, str | None] | None = None,
        usePTY: bool = False,
        childFDs: Any = None,
        connect: bool = True,
        program: tuple[str, ...] = ("-m", "pysig_twisted.commands.main"),
    ) -> Run:
        """
        Start a C{pysig}.

        @param environment: variables besides the usual ones; C{None} for those to leave out.
        @param connect: connect to this test's socket.
        """
        run = Run()
        variables: dict[str, str | None] = {
            **{key: value for key, value in os.environ.items() if not key.startswith("PYSIG_")},
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            "PYTHONUTF8": "1",
            "TERM": "xterm",
            "COLUMNS": "100",
            **(environment or {}),
        }
        before = ("--connect", self.endpoint) if connect else ()
        reactor.spawnProcess(
            run,
            sys.executable,
            [sys.executable, *program, *before, *arguments],
            {key: value for key, value in variables.items() if value is not None},
            usePTY=usePTY,
            **({} if childFDs is None else {"childFDs": childFDs}),
        )

        def stop() -> Any:
            if run.status is None:
                run.signal("KILL")
                return run.ended()
            return None

        self.addCleanup(stop)
        return run

    def assertEnds(self, run: Run, status: int, told: str = "") -> None:
        """Check that it ended with this status and said this in at most one line."""
        self.assertEqual(run.status, status, f"printed {run.out!r}, told {run.err!r}")
        self.assertNotIn("Traceback", run.out + run.err)
        if told:
            self.assertTrue(run.err.startswith("pysig: "), run.err)
            self.assertIn(told, run.err)
            self.assertEqual(run.err.count("\n"), 1, run.err)
        else:
            self.assertEqual(run.err, "")


def settled(condition: Any) -> Deferred[None]:
    """A Deferred that fires when C{condition()} holds; it is looked at again in every turn."""
    done: Deferred[None] = Deferred()
    end = reactor.seconds() + DEADLINE

    def check() -> None:
        if condition():
            done.callback(None)
        elif reactor.seconds() > end:
            done.errback(AssertionError("it has not come true in time"))
        else:
            reactor.callLater(0.005, check)

    check()
    return done


def thermometer(router: ServerRouter) -> Sender:
    """A sender with an event, a channel and some requests."""

    def fail(params: Any) -> Any:
        raise ValueError(params)

    return router.addSender(
        "thermo",
        ["temp", "#alarm"],
        {"echo": lambda params: params, "never": lambda params: Deferred(), "fail": fail},
    )
