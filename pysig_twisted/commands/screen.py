"""
A terminal whose picture is kept up to date.

What it shows is drawn anew when it has changed, or the terminal's size has; not
more often than the eye follows, and not while the terminal takes nothing, nor
while it belongs to another job. In the end, and at Ctrl-Z, the terminal looks as it
did before.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final

from .failing import say
from .output import escape, isTerminal
from .standard import StandardOutput
from .suspending import Suspension, isForeground
from .table import cropped

ENTER: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l"
LEAVE: Final = "\x1b[?7h\x1b[?25h\x1b[?1049l"
"""
Another page, without a cursor, that wraps no lines; and back.
"""

INTERVAL: Final = 0.1
"""
Seconds between two pictures.
"""

BACKGROUND: Final = 0.5
"""
Seconds between two looks whether the terminal belongs to this job again.
"""

Draw = Callable[[int], "tuple[str, Sequence[str]]"]


def canShow() -> bool:
    """
    Is the standard output a terminal that can be drawn on?
    """
    return isTerminal(sys.stdout) and os.environ.get("TERM", "") not in ("", "dumb")


class Screen:
    """
    See the module. It shows something while it is entered.
    """

    def __init__(self, session: Any, draw: Draw) -> None:
        """
        @param session: the L{Session<pysig_twisted.commands.running.Session>}; what
            it has to tell is shown in the last line.
        @param draw: C{draw(width)} gives a title and the lines below it, none of
            them wider than that.
        """
        self._session = session
        self._draw = draw
        self._output = StandardOutput(session)
        self._isOpen = False
        self._isShown = False
        self._suspension = Suspension(session.reactor, self._hide, self.changed)
        self._call: Any = None
        self._note = ""
        self._previous: Any = None

    def __enter__(self) -> Screen:
        """
        Begin to show.
        """
        self._isOpen = True
        self._suspension.open()
        number = getattr(signal, "SIGWINCH", None)
        if number is not None:
            self._previous = signal.signal(number, self._resized)
        self.changed()
        return self

    def __exit__(self, *error: object) -> None:
        """
        Show nothing more.
        """
        self._isOpen = False
        number = getattr(signal, "SIGWINCH", None)
        if number is not None:
            signal.signal(number, self._previous)
        self._suspension.close()
        self._hide()
        self._output.close()

    def _hide(self) -> None:
        """
        Give the terminal back as it was.
        """
        if self._call is not None and self._call.active():
            self._call.cancel()
        if self._isShown:
            self._isShown = False
            self._session.notices.show = say
            self._output.forget()
            with suppress(OSError, ValueError):  # the terminal is gone
                # A picture that is half drawn may end within a control sequence.
                os.write(sys.stdout.fileno(), f"\x18{LEAVE}".encode())

    def changed(self) -> None:
        """
        There is something else to show.
        """
        if self._isOpen and (self._call is None or not self._call.active()):
            self._call = self._session.reactor.callLater(INTERVAL, self._show)

    def _resized(self, number: int, frame: object) -> None:
        """
        The terminal has another size.
        """
        self._session.reactor.callFromThread(self.changed)

    def _tell(self, text: str) -> None:
        """
        Show this in the last line.
        """
        self._note = escape(text)
        self.changed()

    def _show(self) -> None:
        """
        Draw a picture.
        """
        if self._output.isBusy:
            self._output.drained().addCallback(lambda _: self.changed())
            return
        if not isForeground(sys.stdout):
            # Nobody is told when that changes.
            self._call = self._session.reactor.callLater(BACKGROUND, self._show)
            return
        if not self._isShown:
            self._isShown = True
            self._session.notices.show = self._tell
            self._output.put(ENTER)
        width, height = terminalSize()
        title, lines = self._draw(width)
        picture = fitted(title, lines, self._note, width, height)
        self._output.put("\x1b[H" + "\r\n".join(f"{line}\x1b[K" for line in picture) + "\x1b[J")


def terminalSize() -> tuple[int, int]:
    """
    The columns and lines of the terminal; 80 and 24 of one that does not know (for
    which Python before 3.11 says 0).
    """
    size = shutil.get_terminal_size()
    return size.columns or 80, size.lines or 24


def fitted(title: str, lines: Sequence[str], note: str, width: int, height: int) -> list[str]:
    """
    What has room on a terminal of this size: the title, as many lines as can be,
    how many others there are, and the note.
    """
    notes = [cropped(note, width)] if note else []
    room = max(0, height - 1 - len(notes))
    shown = list(lines[:room])
    if len(lines) > room and shown:
        shown[-1] = cropped(f"... {len(lines) - room + 1} more lines", width)
    return [cropped(title, width), *shown, *notes][: max(1, height)]
