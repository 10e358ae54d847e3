"""
What a server counts of what went less smoothly than it should.
"""

from __future__ import annotations


class Tally:
    """
    Counters since the start, of all connections together.

    @ivar late: events that peers were given later than others, because they were slow.
    @ivar replayed: events that peers were given in answer to a call: what they missed
        while their connection was down, or what a new listener asked for.
    @ivar gaps: how often a peer was told that it does not get some events.
    @ivar missed: how many events those were, as far as that is known.
    @ivar cut: peers whose connection was ended because they took nothing.
    """

    __slots__ = ("cut", "gaps", "late", "missed", "replayed")

    def __init__(self) -> None:
        """
        Nothing was counted yet.
        """
        self.late = self.replayed = self.gaps = self.missed = self.cut = 0
