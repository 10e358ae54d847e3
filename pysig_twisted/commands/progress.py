"""
A bar that shows how far a long input has been read, for people who wait.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Final

from .failing import say
from .options import QUIET
from .output import escape, isTerminal

PATIENCE: Final = 1.0
"""
Seconds after which an input counts as long.
"""

INTERVAL: Final = 0.1
"""
Seconds between two looks of the bar.
"""


class Bar:
    """
    The bar. It appears when it takes long, if a terminal is there to show it.
    """

    def __init__(self, session: Any, name: str, size: int | None) -> None:
        """
        @param session: the L{Session<pysig_twisted.commands.running.Session>}.
        @param name: what is read.
        @param size: its bytes; C{None} if they are not known.
        """
        self._session = session
        self._name = name
        self._size = size
        self._next = session.reactor.seconds() + PATIENCE
        self._progress: Any = None
        self._task: Any = None
        self._isWanted = (
            session.notices.verbosity > QUIET
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
        if self._progress is None:
            self._begin()
        self._progress.update(self._task, completed=taken, events=f"{count:,} events")
        self._progress.refresh()

    def _begin(self) -> None:
        """
        Show it.
        """
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        color = not os.environ.get("NO_COLOR")
        columns: list[Any] = [TextColumn("{task.description}", markup=False)]
        if self._size:
            columns += [BarColumn(), TaskProgressColumn()]
        columns.append(TextColumn("{task.fields[events]}", markup=False))
        console = Console(
            file=sys.stderr, force_terminal=True, no_color=not color, legacy_windows=False
        )
        self._progress = Progress(*columns, console=console, auto_refresh=False, transient=True)
        self._task = self._progress.add_task(
            escape(os.path.basename(self._name)), total=self._size or None, events=""
        )
        self._progress.start()
        self._session.notices.show = self._say

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
        if self._progress is not None:
            self._progress.stop()
            self._progress = None
            self._session.notices.show = say
        self._isWanted = False


def events(count: int) -> str:
    """
    So many events, for people.
    """
    return f"{count:,} event{'' if count == 1 else 's'}"
