"""
Ctrl-Z, and jobs in the background, for what draws on a terminal.

A job that is stopped gives the terminal back as it was. One in the background
does not draw on it: the terminal belongs to others then.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import IO, Any, Final

STOP: Final = getattr(signal, "SIGTSTP", None)


def isForeground(stream: IO[str]) -> bool:
    """
    Does the terminal belong to this job? So does one that controls no jobs.
    """
    try:
        return os.tcgetpgrp(stream.fileno()) == os.getpgrp()
    except (OSError, ValueError, AttributeError):
        return True


class Suspension:
    """
    Stops this process at Ctrl-Z, once what it draws is hidden.
    """

    def __init__(
        self, reactor: Any, hide: Callable[[], object], goOn: Callable[[], object]
    ) -> None:
        """
        @param hide: gives the terminal back.
        @param goOn: called when the process goes on.
        """
        self._reactor = reactor
        self._hide = hide
        self._goOn = goOn
        self._isOpen = False

    def open(self) -> None:
        """
        From here on Ctrl-Z is dealt with, unless it was ignored for us.
        """
        if STOP is not None and signal.getsignal(STOP) is signal.SIG_DFL:
            self._isOpen = True
            signal.signal(STOP, self._signaled)

    def close(self) -> None:
        """
        Ctrl-Z does again what it usually does.
        """
        if self._isOpen and STOP is not None:
            self._isOpen = False
            signal.signal(STOP, signal.SIG_DFL)

    def _signaled(self, number: int, frame: object) -> None:
        """
        The signal came, at any point of the program.
        """
        self._reactor.callFromThread(self._stop)

    def _stop(self) -> None:
        """
        Stop, and go on when the shell says so.
        """
        if not self._isOpen:
            return
        self._hide()
        self.close()
        assert STOP is not None
        os.kill(os.getpid(), STOP)  # returns when the process goes on
        self.open()
        self._goOn()
