"""Tests with processes in the background, which nobody but their number leads to."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from .processes import TWISTD, EndToEnd, Program, until


def lives(pid: int) -> bool:
    """Does this process run? One that has ended, and nobody has asked how, does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return os.path.exists(f"/proc/{pid}") or not os.path.exists("/proc/self")
    return state not in "ZX"


class DaemonCase(EndToEnd):
    """C{twistd} without C{-n}: it goes to the background."""

    @property
    def pidFile(self) -> Path:
        """Where it writes its number."""
        return self.folder / "twistd.pid"

    @property
    def log(self) -> str:
        """What it logged."""
        path = self.folder / "twistd.log"
        return path.read_text() if path.exists() else ""

    async def daemon(self, *arguments: str, status: int = 0) -> Program:
        """Start one; what is returned is the command, which has ended."""
        self.addCleanup(self.stop)
        program = await self.ended(*arguments, command=TWISTD)
        self.assertEqual(program.status, status, program.text + self.log)
        return program

    async def stop(self) -> None:
        """Stop it by its number, if it runs. Where it does not end in time, it is killed."""
        if self.pidFile.exists():
            pid = int(self.pidFile.read_text())
            os.kill(pid, signal.SIGTERM)
            try:
                await until(lambda: not lives(pid), lambda: self.log)
            finally:
                if lives(pid):
                    os.kill(pid, signal.SIGKILL)
            self.assertFalse(self.pidFile.exists())
        self.assertClean(self.log)
