"""
What a process asks of its system and of C{twistd}: file descriptors, and an end
that says why.
"""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress
from typing import Any, Final, NoReturn

MOST: Final = 100
"""
Bytes that C{twistd} reads of what a daemon says about its start.
"""


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


class Process:
    """
    This process, as C{twistd} started it.
    """

    def __init__(self, options: Any) -> None:
        """
        @param options: ours; those of C{twistd} are an ancestor. (C{twist}, which
            stays in the foreground and has no pid file, has neither option.)
        """
        while options.parent is not None:
            options = options.parent
        self._options = options
        self._held: int | None = None
        self._terminal: int | None = None

    def keepTerminal(self) -> None:
        """
        Keep the standard error, which a daemon loses, until it has started. The
        command that waits shows few characters of why it has not, and those as a
        literal of Python's.
        """
        if not self._options.get("nodaemon", True):
            with suppress(OSError):  # it may be closed
                self._terminal = os.dup(2)

    def hold(self) -> None:
        """
        Let the command that waits for a daemon to start wait until L{started}.
        C{twistd} would tell it before the reactor runs.
        """
        self._held = self._options.pop("statusPipe", None)

    def started(self) -> None:
        """
        Tell it that all is well. The process has no terminal from now on.
        """
        self._tell(b"0")
        terminal, self._terminal = self._terminal, None
        if terminal is not None:
            os.close(terminal)

    def giveUp(self, reason: str) -> NoReturn:
        """
        End while starting, as C{twistd} does after an exception, but without the
        traceback: tell the command that waits, and leave no pid file behind.
        """
        self._leave(reason)
        sys.exit(1)

    def end(self, status: int, reason: str) -> NoReturn:
        """
        The same when the reactor has run. C{twistd} ends with 0 then, whatever
        happened, unless the end is made here.
        """
        try:
            self._leave(reason)
            atexit._run_exitfuncs()
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):
                    stream.flush()
        finally:
            os._exit(status)

    def _leave(self, reason: str) -> None:
        """
        Say why, and remove the pid file.
        """
        if self._held is None:
            self.hold()
        if self._held is not None and self._say(f"{reason}\n".encode()):
            reason = "see the line above"
        said = f"1 {reason}".encode()
        if len(said) > MOST:
            said = said[: MOST - 3].decode(errors="ignore").encode() + b"..."
        self._tell(said)
        pidFile = self._options.get("pidfile")
        if pidFile:
            with suppress(OSError):
                os.unlink(pidFile)

    def _say(self, line: bytes) -> bool:
        """
        Print a line on the terminal, if it is still there; is it?
        """
        if self._terminal is None:
            return False
        try:
            return os.write(self._terminal, line) == len(line)
        except OSError:
            return False

    def _tell(self, said: bytes) -> None:
        """
        Say something to the command that waits, if it still does.
        """
        pipe, self._held = self._held, None
        if pipe is not None:
            with suppress(OSError):
                os.write(pipe, said)
            os.close(pipe)
