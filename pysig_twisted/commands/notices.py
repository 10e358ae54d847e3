"""
What the log says that the user of a command should know: one line each.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent
from zope.interface import implementer

from .failing import describe, isDebugging, say

TOLD_OTHERWISE = "pysig_twisted.net.arrivals."
"""
Who logs events that were missed, which commands are told of by C{onGap}.
"""

_SEVERE = (LogLevel.error, LogLevel.critical)


@implementer(ILogObserver)
class Notices:
    """
    A log observer that tells warnings about connections, and errors of any
    kind.

    @ivar told: the last lines it told.
    @ivar isQuiet: tells nothing, while the command ends its own link.
    """

    def __init__(self) -> None:
        """
        Nothing was told.
        """
        self.told: deque[str] = deque(maxlen=20)
        self.isQuiet = False

    def __call__(self, event: LogEvent) -> None:
        """
        Something was logged.
        """
        level, namespace = event.get("log_level"), event.get("log_namespace") or ""
        isOurs = (
            level is LogLevel.warn
            and namespace.startswith("pysig_twisted.net.")
            and not namespace.startswith(TOLD_OTHERWISE)
        )
        if self.isQuiet or not (isOurs or level in _SEVERE):
            return
        failure: Any = event.get("log_failure")
        text = formatEvent(event)
        if failure is not None:
            text = f"{text}: {describe(failure.value)}" if text else describe(failure.value)
        self.tell(text)
        if failure is not None and isDebugging():
            for line in failure.getTraceback().splitlines():
                say(line)

    def tell(self, text: str) -> None:
        """
        Tell the user this.
        """
        self.told.append(text)
        say(text)
