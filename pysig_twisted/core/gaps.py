"""
What one listener missed and has yet to be told.

However long a listener takes, and whatever the senders do meanwhile, the
account stays small: one gap for each sender, and beyond L{MAX_SENDERS} one for
all other senders together, which still says how many events they were.
"""

from __future__ import annotations

from typing import Final

from .info import Gap

MAX_SENDERS: Final = 1000
MAX_EVENTS: Final = 256
"""
Events that one gap names; with more, it may concern any.
"""

OTHERS: Final = "*"
"""
In a gap's place for the sender: more than one.
"""


class Gaps:
    """
    The gaps that wait to be told.
    """

    __slots__ = ("_open",)

    def __init__(self) -> None:
        """
        Nothing was missed.
        """
        self._open: dict[str, Gap] = {}

    def add(self, gap: Gap) -> bool:
        """
        Enter what was missed.

        @return: is it the first of its sender since L{take}?
        """
        sender = gap.sender
        if sender not in self._open and len(self._open) >= MAX_SENDERS:
            sender = OTHERS
            gap = Gap(OTHERS, None, None, None, gap.n, None, gap.why)
        before = self._open.get(sender)
        self._open[sender] = gap if before is None else joined(before, gap)
        return before is None

    def take(self) -> tuple[Gap, ...]:
        """
        The gaps, which are told now.
        """
        gaps = tuple(self._open.values())
        self._open.clear()
        return gaps


def joined(before: Gap, after: Gap) -> Gap:
    """
    One gap in place of two of the same sender.
    """
    return Gap(
        before.sender,
        before.sid if before.sid == after.sid else None,
        None if before.first is None or after.first is None else min(before.first, after.first),
        None if before.last is None or after.last is None else max(before.last, after.last),
        None if before.n is None or after.n is None else before.n + after.n,
        _joinedEvents(before.events, after.events),
        before.why if before.why == after.why else "listener-slow",
    )


def _joinedEvents(
    before: tuple[str, ...] | None, after: tuple[str, ...] | None
) -> tuple[str, ...] | None:
    """
    The events that either gap names; C{None} if those may be any.
    """
    if before is None or after is None:
        return None
    new = tuple(event for event in after if event not in before)
    if not new:
        return before
    return before + new if len(before) + len(new) <= MAX_EVENTS else None
