"""
What a listener heard, kept in few words however much it was.
"""

from __future__ import annotations

import time
from math import log
from typing import Any

from pysig_twisted import EventInfo
from pysig_twisted.core.info import Gap
from pysig_twisted.names import CONNECT, DISCONNECT

from .checker import Entry, Missing, Presence, Run
from .publishing import numberOf

GROWTH = 1.05
"""Each class of L{Lateness} ends this much later than the one before."""

FINEST = 1e-5
"""Seconds: where the first class ends."""


PRESENCE = (CONNECT, DISCONNECT)

SAMPLED = 8
"""Of so many events, it is usually looked at one how late it is."""


class Lateness:
    """
    How late events came, by classes.

    @ivar counts: how many there were of each class.
    """

    def __init__(self) -> None:
        self.counts: dict[int, int] = {}

    def add(self, seconds: float, count: int = 1) -> None:
        """Events came so late."""
        kind = 0
        if seconds > FINEST:
            kind = int(log(seconds / FINEST) / log(GROWTH)) + 1
        self.counts[kind] = self.counts.get(kind, 0) + count


def percentile(counts: dict[int, int], share: float) -> float:
    """So many seconds late, at most, was this share of the events."""
    left = share * sum(counts.values())
    for kind in sorted(counts):
        left -= counts[kind]
        if left <= 0:
            return float(FINEST * GROWTH**kind)
    return 0.0


class Ledger:
    """
    A listener, and what is told of gaps.

    @ivar entries: what it heard, in order.
    @ivar lateness: how late it heard events that were not replayed.
    @ivar false: how many events held another number than their own.
    @ivar heard: how many events it heard.
    """

    def __init__(self, sampled: int = SAMPLED) -> None:
        """
        @param sampled: of so many events, it is looked at one how late it is.
        """
        self._sampled = sampled
        self.entries: list[Entry] = []
        self.lateness = Lateness()
        self.false = 0
        self.heard = 0
        self._sids: dict[str, str] = {}
        self._reached: dict[str, int] = {}
        # The run that is going on: of whom, from where, and what would continue it.
        self._sender = ""
        self._isReplayed = False
        self._first = self._next = 0

    def hear(self, info: EventInfo, data: Any) -> None:
        """An event, or a sender that came or went."""
        event, seq = info.event, info.seq
        if event in PRESENCE:
            self._presence(info, data)
            return
        if seq != self._next or info.sender != self._sender or info.replayed != self._isReplayed:
            self._close()
            self._sender, self._isReplayed, self._first = info.sender, info.replayed, seq
        self._next = seq + 1
        self.heard += 1
        if numberOf(data) != seq:
            self.false += 1
        if not self.heard % self._sampled and not info.replayed:
            self.lateness.add(time.time() - info.time)

    def _presence(self, info: EventInfo, data: Any) -> None:
        self.enter(Presence(info.sender, data["sid"], data.get("reason"), time.monotonic()))
        if self._sids.get(info.sender) != data["sid"]:
            self._sids[info.sender] = data["sid"]
            self._reached[info.sender] = 0

    def missed(self, gap: Gap) -> None:
        """A gap."""
        sid = None if gap.sid is None else f"{gap.sid:016x}"
        self.enter(Missing(gap.sender, sid, gap.first, gap.last, gap.n, gap.why))

    def enter(self, entry: Entry) -> None:
        """Something that is no event."""
        self._close()
        self.entries.append(entry)
        known = self._sids.get(entry.sender)
        if isinstance(entry, Missing) and entry.sid in (None, known) and entry.last:
            self._reaches(entry.sender, entry.last)

    def _reaches(self, sender: str, number: int) -> None:
        """Everything up to there was heard, or told of."""
        self._reached[sender] = max(self._reached.get(sender, 0), number)

    def _close(self) -> None:
        """The run is over."""
        if self._next:
            sid = self._sids.get(self._sender, "")
            self.entries.append(
                Run(self._sender, sid, self._first, self._next - 1, self._isReplayed)
            )
            self._reaches(self._sender, self._next - 1)
            self._sender, self._next = "", 0

    def history(self) -> list[Entry]:
        """What it heard so far."""
        self._close()
        return self.entries

    def reach(self, sender: str) -> int:
        """The highest number that was heard, or told as missing, of a sender's current life."""
        here = self._next - 1 if self._sender == sender and self._next else 0
        return max(self._reached.get(sender, 0), here)
