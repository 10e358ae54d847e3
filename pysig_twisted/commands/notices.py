"""
What the log says that the user of a command should know: one line each.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent
from zope.interface import implementer

from .failing import describe, isDebugging, named, say
from .options import NORMAL, QUIET, VERBOSE

TOLD_OTHERWISE = "pysig_twisted.net.arrivals."
"""
Who logs events that were missed, which commands are told of by C{onGap}.
"""

NEWS = "pysig_twisted.net."
"""
Whose news are told to those who want to know more.
"""

SERVICES = "twisted.application."
"""
Who logs when the next attempt to connect is, as its C{delay}.
"""

CODECS = "pysig_twisted.wire.codecs"
"""
Who logs what a codec of the user's own has raised.
"""

_SEVERE = (LogLevel.error, LogLevel.critical)


@implementer(ILogObserver)
class Notices:
    """
    A log observer that tells warnings about connections, and errors of any
    kind; and, as is asked for, less than that or more.

    @ivar told: the last lines it told.
    @ivar warned: the last warnings, whether they were told or not.
    @ivar isQuiet: tells nothing, while the command ends its own link.
    @ivar show: shows a line.
    """

    def __init__(self, verbosity: int = NORMAL) -> None:
        """
        Nothing was told.

        @param verbosity: C{QUIET}, C{NORMAL} or C{VERBOSE}.
        """
        self.told: deque[str] = deque(maxlen=20)
        self.warned: deque[str] = deque(maxlen=20)
        self.isQuiet = False
        self.verbosity = verbosity
        self.show: Callable[[str], object] = say

    def __call__(self, event: LogEvent) -> None:
        """
        Something was logged.
        """
        tell = self._tellerFor(event)
        if self.isQuiet or tell is None:
            return
        failure: Any = event.get("log_failure")
        text, namespace = formatEvent(event), event.get("log_namespace") or ""
        if namespace.startswith(CODECS) and failure is not None:
            text = f"{text}: {named(failure.value)}"
        elif failure is not None:
            text = f"{text}: {describe(failure.value)}" if text else describe(failure.value)
        elif "delay" in event and tell == self.detail:
            text = f"the next attempt to connect is in {event['delay']:.1f} s"
        tell(text)
        if failure is not None and isDebugging():
            for line in failure.getTraceback().splitlines():
                say(line)

    def _tellerFor(self, event: LogEvent) -> Callable[[str], None] | None:
        """
        What tells of such an event.
        """
        level, namespace = event.get("log_level"), event.get("log_namespace") or ""
        if level in _SEVERE:
            # What cannot be encoded ends the command, and is told then.
            isTold = namespace.startswith(CODECS) and event.get("task") == "encode"
            return None if isTold and not isDebugging() else self._say
        if level is LogLevel.warn:
            isOurs = namespace.startswith("pysig_twisted.net.")
            return self.tell if isOurs and not namespace.startswith(TOLD_OTHERWISE) else None
        isNews = namespace.startswith(NEWS)
        if namespace.startswith(SERVICES) and isinstance(event.get("delay"), (int, float)):
            isNews = True
        return self.detail if level is LogLevel.info and isNews else None

    def tell(self, text: str) -> None:
        """
        Tell the user this, unless only errors are asked for.
        """
        self.warned.append(text)
        self.mention(text)

    def mention(self, text: str) -> None:
        """
        Tell this, which is no warning, under the same condition.
        """
        if self.verbosity > QUIET:
            self._say(text)

    def detail(self, text: str) -> None:
        """
        Tell this to a user who wants to know more.
        """
        if self.verbosity >= VERBOSE and not self.isQuiet:
            self.show(text)

    def _say(self, text: str) -> None:
        """
        Tell the user this.
        """
        self.told.append(text)
        self.show(text)
