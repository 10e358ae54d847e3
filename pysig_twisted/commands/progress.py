"""
A bar that shows how far a long input has been read, for people who wait.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Final

from .failing import say
from .options import QUIET
from .output import counted, escape, isTerminal
from .suspending import Suspension, isForeground

PATIENCE: Final = 1.0
"""
Seconds after which an input counts as long.
"""

INTERVAL: Final = 0.1
"""
Seconds between two looks of the bar.
"""

WIDE: Final = 60
NARROW: Final = 40
"""
Columns of the terminal from which on there is a bar, and the name of what is read.
"""


class Bar:
    """
    The bar. It appears when it takes long, if a terminal is there to show it,
    and as long as that belongs to this job.
    """

    def __init__(self, session: Any, name: str, size: int | None, isWanted: bool = True) -> None:
        """
        @param session: the L{Session<pysig_twisted.commands.running.Session>}.
        @param name: what is read.
        @param size: its bytes; C{None} if they are not known.
        @param isWanted: could it be of use?
        """
        self._session = session
        self._name = name
        self._size = size
        self._next = session.reactor.seconds() + PATIENCE
        self._progress: Any = None
        self._task: Any = None
        self._suspension = Suspension(session.reactor, self._hide, self._goOn)
        self._isWanted = (
            isWanted
            and session.notices.verbosity > QUIET
            and isTerminal(sys.stderr)
            and os.environ.get("TERM", "") not in ("", "dumb")
        )

    def update(self, taken: int, count: int) -> None:
        """
        So many bytes have been read, and so many events fired.
        """
        now = self._session.reactor.seconds()
        if not self._isWanted or now < self._next:
            return
        self._next = now + INTERVAL
        if not isForeground(sys.stderr):
            self._hide()
            return
        if self._progress is None:
            self._begin()
        self._progress.update(self._task, completed=taken, events=counted(count, ","))
        self._progress.refresh()

    def _begin(self) -> None:
        """
        Show it.
        """
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        color = not os.environ.get("NO_COLOR")
        console = Console(
            file=sys.stderr, force_terminal=True, no_color=not color, legacy_windows=False
        )
        columns: list[Any] = []
        if console.width >= NARROW:
            columns.append(TextColumn("{task.description}", markup=False))
        if self._size and console.width >= WIDE:
            columns.append(BarColumn())
        if self._size:
            columns.append(TaskProgressColumn())
        columns.append(TextColumn("{task.fields[events]}", markup=False))
        self._progress = Progress(*columns, console=console, auto_refresh=False, transient=True)
        self._task = self._progress.add_task(
            escape(os.path.basename(self._name)), total=self._size or None, events=""
        )
        self._progress.start()
        self._session.notices.show = self._say
        self._suspension.open()

    def _say(self, text: str) -> None:
        """
        Show a line above the bar.
        """
        from rich.text import Text

        self._progress.console.print(Text(f"pysig: {escape(text)}"))

    def end(self) -> None:
        """
        Take it away.
        """
        self._hide()
        self._suspension.close()
        self._isWanted = False

    def _hide(self) -> None:
        """
        Show nothing until the next look.
        """
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            self._session.notices.show = say

    def _goOn(self) -> None:
        """
        The next look is now.
        """
        self._next = self._session.reactor.seconds()
