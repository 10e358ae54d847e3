"""Ctrl-Z, and jobs in the background, on a terminal with a shell of sorts."""

from __future__ import annotations

import os
import signal
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands import suspending
from pysig_twisted.commands.screen import ENTER, LEAVE
from pysig_twisted.commands.suspending import Suspension, isForeground

from . import CommandCase, Run, settled, thermometer

SHELL = """
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
start, *command = sys.argv[1:]
child = os.fork()
if not child:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.executable, [sys.executable, *command])
try:
    os.setpgid(child, child)
except OSError:
    pass  # it has been faster
os.tcsetpgrp(0, child if start == "fg" else os.getpgrp())
print(f"child {child}.", flush=True)
while True:
    _, status = os.waitpid(child, os.WUNTRACED)
    os.tcsetpgrp(0, os.getpgrp())
    if not os.WIFSTOPPED(status):
        break
    print("stopped.", flush=True)
    sys.stdin.readline()
    os.tcsetpgrp(0, child)
    os.killpg(child, signal.SIGCONT)
print(f"status {os.waitstatus_to_exitcode(status)}.", flush=True)
"""
"""Runs one command as a job, in the foreground or not; a line brings it back."""


class JobTests(CommandCase):
    """The command as a job."""

    def job(self, start: str) -> Run:
        """C{senders --watch} as a job of that shell."""
        thermometer(self.serve())
        program = ("-c", SHELL, start, "-m", "pysig_twisted.commands.main")
        return self.spawn("senders", "--watch", usePTY=True, program=program)

    def child(self, run: Run) -> int:
        """The number of the job's process."""
        return int(run.out.partition("child ")[2].partition(".")[0])

    async def test_stop(self) -> None:
        """Ctrl-Z gives the terminal back as it was; in the foreground it is drawn on again."""
        run = self.job("fg")
        await run.printed("1 sender at ")
        run.transport.write(b"\x1a")
        await run.printed("stopped.")
        before = run.out[: run.out.index("stopped.")]
        self.assertTrue(before.removesuffix("^Z").rstrip("\r\n").endswith(LEAVE), before[-80:])
        run.transport.write(b"\n")
        await run.printed(ENTER, 2)
        drawn = before.count("1 sender at ")
        await run.printed("1 sender at ", drawn + 1)
        run.transport.write(b"\x03")
        await run.printed("status 130.")
        self.assertEqual(run.out.count(ENTER), run.out.count(LEAVE))

    async def test_background(self) -> None:
        """In the background nothing is drawn, and nothing to be given back."""
        run = self.job("bg")
        await run.printed("child ")
        [router] = self.routers
        await settled(lambda: any(peer.listens for peer in router.peers()))
        os.kill(self.child(run), signal.SIGTERM)
        await run.printed("status 143.")
        self.assertNotIn("\x1b", run.out)


class SuspensionTests(SynchronousTestCase):
    """L{Suspension} and L{isForeground}, without a terminal."""

    def test_noTerminal(self) -> None:
        """What is no terminal belongs to everybody."""
        with open(os.devnull) as null:
            self.assertTrue(isForeground(null))

    def test_stop(self) -> None:
        """First it is hidden, then the process stops as usual, then it goes on."""
        trace: list[Any] = []

        class FakeReactor:
            callFromThread = staticmethod(lambda function: function())

        def kill(process: int, number: int) -> None:
            trace.append((process, number, signal.getsignal(signal.SIGTSTP)))

        self.patch(suspending.os, "kill", kill)
        before = signal.getsignal(signal.SIGTSTP)
        self.addCleanup(signal.signal, signal.SIGTSTP, before)
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        suspension = Suspension(
            FakeReactor(), lambda: trace.append("hidden"), lambda: trace.append("goes on")
        )
        suspension.open()
        signal.raise_signal(signal.SIGTSTP)
        stopped = (os.getpid(), signal.SIGTSTP, signal.SIG_DFL)
        self.assertEqual(trace, ["hidden", stopped, "goes on"])
        self.assertIsNot(signal.getsignal(signal.SIGTSTP), signal.SIG_DFL)
        suspension.close()
        self.assertIs(signal.getsignal(signal.SIGTSTP), signal.SIG_DFL)

    def test_ignored(self) -> None:
        """Where Ctrl-Z is ignored from outside it stays so."""
        before = signal.getsignal(signal.SIGTSTP)
        self.addCleanup(signal.signal, signal.SIGTSTP, before)
        signal.signal(signal.SIGTSTP, signal.SIG_IGN)
        suspension = Suspension(None, lambda: None, lambda: None)
        suspension.open()
        suspension.close()
        self.assertIs(signal.getsignal(signal.SIGTSTP), signal.SIG_IGN)
