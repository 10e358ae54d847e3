"""What a process asks of its system and of C{twistd}."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Any

from twisted.python.usage import Options as TwistedOptions

from pysig_twisted.tap.process import MOST, Process, descriptors

from .tapcase import TapCase


def limit(case: TapCase, soft: int, hard: int, allowed: bool = True) -> list[tuple[int, int]]:
    """Have these limits; what they are set to is put into the list."""
    now = [(soft, hard)]

    def change(kind: int, to: tuple[int, int]) -> None:
        case.assertEqual(kind, resource.RLIMIT_NOFILE)
        if not allowed:
            raise ValueError("not allowed")
        now.append(to)

    case.patch(resource, "getrlimit", lambda kind: now[-1])
    case.patch(resource, "setrlimit", change)
    return now


class DescriptorsTests(TapCase):
    """L{descriptors}."""

    def test_enough(self) -> None:
        """Where there are enough, nothing is changed."""
        for soft in (10, 11, resource.RLIM_INFINITY):
            now = limit(self, soft, resource.RLIM_INFINITY)
            self.assertEqual(descriptors(10), 10)
            self.assertEqual(len(now), 1)

    def test_more(self) -> None:
        """As many are taken as are wanted, if they are allowed."""
        for hard in (10, 1000, resource.RLIM_INFINITY):
            now = limit(self, 5, hard)
            self.assertEqual(descriptors(10), 10)
            self.assertEqual(now[1:], [(10, hard)])

    def test_fewer(self) -> None:
        """Else as many as there are."""
        now = limit(self, 5, 8)
        self.assertEqual(descriptors(10), 8)
        self.assertEqual(now[1:], [(8, 8)])
        limit(self, 5, 8, allowed=False)
        self.assertEqual(descriptors(10), 5)
        limit(self, 8, 8, allowed=False)
        self.assertEqual(descriptors(10), 8)


class ProcessTests(TapCase):
    """L{Process}."""

    def setUp(self) -> None:
        """A pipe to a command that waits, and a pid file."""
        super().setUp()
        self.read, self.write = os.pipe()
        self.addCleanup(os.close, self.read)
        self.pidFile = self.file("1")

    def process(self, **values: Any) -> Process:
        """A process with these options of C{twistd}, which are those of ours an ancestor."""
        outer, middle, inner = TwistedOptions(), TwistedOptions(), TwistedOptions()
        outer.update(values)
        inner.parent, middle.parent = middle, outer
        outer.parent = None
        self.options = outer
        return Process(inner)

    def daemon(self) -> Process:
        """One in the background."""
        return self.process(statusPipe=self.write, pidfile=self.pidFile)

    def told(self) -> str:
        """What the command that waits was told; nobody can tell it anything any more."""
        self.assertRaises(OSError, os.fstat, self.write)
        said = os.read(self.read, 100).decode()
        self.assertEqual(os.read(self.read, 1), b"")
        return said

    def test_foreground(self) -> None:
        """Giving up ends the process with 1."""
        error = self.assertRaises(SystemExit, self.process().giveUp, "why")
        self.assertEqual(error.code, 1)
        self.assertRaises(SystemExit, self.process(pidfile="/nowhere/at/all").giveUp, "why")
        os.close(self.write)

    def test_giveUp(self) -> None:
        """It tells the command that waits, and takes the pid file away."""
        self.assertRaises(SystemExit, self.daemon().giveUp, "whý")
        self.assertEqual(self.told(), "1 whý")
        self.assertFalse(Path(self.pidFile).exists())

    def terminal(self) -> int:
        """Have a pipe for a standard error; its end."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.patch(os, "dup", lambda descriptor: {2: write}[descriptor])
        return read

    def test_terminal(self) -> None:
        """The terminal, which a daemon loses, shows the whole reason; twistd shows where it is."""
        read = self.terminal()
        process = self.process(statusPipe=self.write, nodaemon=0)
        process.keepTerminal()
        reason = "cannot listen on 'unix:/ö': " + "why " * 50
        self.assertRaises(SystemExit, process.giveUp, reason)
        self.assertEqual(os.read(read, 1000).decode(), f"{reason}\n")
        self.assertEqual(self.told(), "1 see the line above")

    def test_terminalReleased(self) -> None:
        """When it has started, it lets go of the terminal, once."""
        read = self.terminal()
        process = self.process(statusPipe=self.write, nodaemon=0)
        process.keepTerminal()
        process.hold()
        process.started()
        self.assertEqual(os.read(read, 1), b"")
        process.started()
        self.assertEqual(self.told(), "0")

    def test_terminalGone(self) -> None:
        """Where there is no terminal, twistd's pipe has as much as it takes, in whole letters."""
        for shift in ("", "x"):
            self.read, self.write = os.pipe()
            self.addCleanup(os.close, self.read)
            process = self.process(statusPipe=self.write, nodaemon=0)
            broken = os.open(os.devnull, os.O_RDONLY)
            self.patch(os, "dup", lambda _, broken=broken: broken)
            process.keepTerminal()
            self.assertRaises(SystemExit, process.giveUp, shift + "ý" * 99)
            said = self.told()
            self.assertIn(len(said.encode()), (MOST - 1, MOST))
            self.assertRegex(said, rf"\A1 {shift}ý+\.\.\.\Z")

    def test_terminalClosed(self) -> None:
        """The standard error may be closed; in the foreground it is needed for nothing."""

        def dup(descriptor: int) -> int:
            raise OSError

        self.patch(os, "dup", dup)
        process = self.process(nodaemon=0)
        process.keepTerminal()
        process.started()
        self.patch(os, "dup", lambda _: self.fail("kept"))
        for values in ({}, {"nodaemon": 1}):
            self.process(**values).keepTerminal()
        os.close(self.write)

    def test_held(self) -> None:
        """Held, twistd does not find whom to tell; we tell when we have started."""
        process = self.daemon()
        process.hold()
        self.assertNotIn("statusPipe", self.options)
        process.started()
        self.assertEqual(self.told(), "0")
        process.started()
        self.assertTrue(Path(self.pidFile).exists())

    def test_notHeld(self) -> None:
        """There is nobody to tell in the foreground."""
        process = self.process()
        process.hold()
        process.started()
        os.close(self.write)

    def test_goneAlready(self) -> None:
        """The command that waits may have been ended."""
        read, write = os.pipe()
        os.close(read)
        process = self.process(statusPipe=write)
        process.hold()
        process.started()
        self.assertRaises(OSError, os.fstat, write)
        os.close(self.write)

    def end(self, process: Process) -> list[Any]:
        """End it, as far as that can be done in a test: what happened, in order."""
        done: list[Any] = []
        self.patch(os, "_exit", lambda status: done.append(status))
        self.patch(sys, "stderr", Flushed(done))
        import atexit

        self.patch(atexit, "_run_exitfuncs", lambda: done.append("atexit"))
        process.end(7, "why")
        return done

    def test_end(self) -> None:
        """An end while the reactor runs: functions for the exit are called, output is written."""
        self.assertEqual(self.end(self.daemon()), ["atexit", "flushed", 7])
        self.assertEqual(self.told(), "1 why")
        self.assertFalse(Path(self.pidFile).exists())

    def test_endLater(self) -> None:
        """The command that waited was told that all is well, and is told nothing more."""
        process = self.daemon()
        process.hold()
        process.started()
        self.assertEqual(self.end(process)[-1], 7)
        self.assertEqual(self.told(), "0")


class Flushed:
    """
    A stream that cannot be written any more.
    """

    def __init__(self, done: list[Any]) -> None:
        self._done = done

    def flush(self) -> None:
        """Note it."""
        self._done.append("flushed")
        raise OSError
