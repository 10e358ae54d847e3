"""
Accounts for every event: what was delivered and what was reported as missing is what was fired.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple


class Run(NamedTuple):
    """
    Events of one life of a sender that were heard one after the other, without a hole.

    @ivar sid: the life, as C{#connect} tells it; empty if that was not heard.
    """

    sender: str
    sid: str
    first: int
    last: int
    replayed: bool = False


class Missing(NamedTuple):
    """
    A gap that was told; see L{pysig_twisted.core.info.Gap}.
    """

    sender: str
    sid: str | None
    first: int | None
    last: int | None
    n: int | None
    why: str = ""


class Presence(NamedTuple):
    """
    A sender that came, or went for a reason.

    @ivar at: when that was heard.
    """

    sender: str
    sid: str
    reason: str | None
    at: float = 0.0


Entry = Run | Missing | Presence

Life = tuple[str, str]
"""Sender and sid."""

Fired = Mapping[Life, tuple[int, int]]
"""Of each life, the numbers of the first and the last event that a listener is owed."""

_KINDS: dict[str, Any] = {"run": Run, "gap": Missing, "presence": Presence}


def packed(entries: Iterable[Entry]) -> list[list[Any]]:
    """A history as JSON holds it."""
    names = {kind: name for name, kind in _KINDS.items()}
    return [[names[type(entry)], *entry] for entry in entries]


def unpacked(rows: Iterable[Sequence[Any]]) -> list[Entry]:
    """A history from what L{packed} made of it."""
    return [_KINDS[kind](*rest) for kind, *rest in rows]


class Spans:
    """A set of numbers, kept as ranges."""

    def __init__(self) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []

    def __len__(self) -> int:
        return sum(b - a + 1 for a, b in zip(self._firsts, self._lasts, strict=True))

    def ranges(self) -> list[tuple[int, int]]:
        """What is in it, in order."""
        return list(zip(self._firsts, self._lasts, strict=True))

    def count(self, first: int, last: int) -> int:
        """How many of these numbers are in it."""
        return sum(
            max(0, min(b, last) - max(a, first) + 1)
            for a, b in zip(self._firsts, self._lasts, strict=True)
        )

    def add(self, first: int, last: int) -> None:
        """Put these in."""
        if last < first:
            return
        begin = bisect_left(self._lasts, first - 1)
        end = begin
        while end < len(self._firsts) and self._firsts[end] <= last + 1:
            first, last = min(first, self._firsts[end]), max(last, self._lasts[end])
            end += 1
        self._firsts[begin:end] = [first]
        self._lasts[begin:end] = [last]

    def without(self, other: Spans) -> Spans:
        """What is in this and not in the other."""
        left = Spans()
        for a, b in self.ranges():
            for first, last in other.ranges():
                if last >= a and first <= b:
                    left.add(a, first - 1)
                    a = last + 1
            left.add(a, b)
        return left


@dataclass
class Account:
    """
    What became of the events that one listener, or several, were owed.

    @ivar fired: how many were fired.
    @ivar delivered: how many of them were heard at least once.
    @ivar missing: how many were not.
    @ivar reported: how many the gaps say were not.
    @ivar silent: missing, and no gap tells of them.
    @ivar untrue: told as missing, although they were heard.
    @ivar twice: deliveries of events that were heard before.
    @ivar disordered: deliveries after a later event of the same life.
    @ivar strange: heard, although never fired. (What was fired before the first event that is
        owed may be heard or not.)
    @ivar replayed: deliveries that were marked so.
    @ivar gaps: how many gaps were told.
    @ivar uncounted: how many of those could not say how many events they are.
    @ivar came: how often a sender came, and C{went} how often one went.
    @ivar unpaired: how often the one was heard without the other before it.
    """

    fired: int = 0
    delivered: int = 0
    missing: int = 0
    reported: int = 0
    silent: int = 0
    untrue: int = 0
    twice: int = 0
    disordered: int = 0
    strange: int = 0
    replayed: int = 0
    gaps: int = 0
    uncounted: int = 0
    came: int = 0
    went: int = 0
    unpaired: int = 0

    @property
    def isTrue(self) -> bool:
        """
        Once each, in order, and what is missing was told, to the event; and senders came and
        went in turns.
        """
        return not (
            self.unpaired
            or self.silent
            or self.untrue
            or self.twice
            or self.disordered
            or self.strange
            or self.uncounted
            or self.delivered + self.reported != self.fired
        )

    @property
    def isComplete(self) -> bool:
        """Once each, in order, and nothing is missing."""
        return self.isTrue and not self.missing and not self.gaps

    def __add__(self, other: Account) -> Account:
        return Account(
            *(getattr(self, one.name) + getattr(other, one.name) for one in fields(self))
        )

    def text(self) -> str:
        """The same for people; what is 0 and says nothing by that is left out."""
        parts = [f"{self.delivered:,} of {self.fired:,} heard", f"{self.silent:,} lost in silence"]
        for name in ("twice", "disordered"):
            parts.append(f"{getattr(self, name):,} {name}")
        if self.gaps:
            parts.append(f"{self.reported:,} in {self.gaps:,} gaps")
        parts += [
            f"{getattr(self, name):,} {name}"
            for name in ("replayed", "uncounted", "untrue", "strange", "unpaired")
            if getattr(self, name)
        ]
        return ", ".join(parts)


def total(accounts: Iterable[Account]) -> Account:
    """The sum of several."""
    return sum(accounts, Account())


@dataclass
class _Heard:
    """What was heard of one life."""

    spans: Spans = field(default_factory=Spans)
    told: Spans = field(default_factory=Spans)
    high: int = 0


def account(entries: Iterable[Entry], fired: Fired) -> Account:
    """
    Account for what one listener heard, in that order.

    @param fired: what it was owed.
    """
    found = Account(fired=sum(last - first + 1 for first, last in fired.values()))
    lives = {life: _Heard() for life in fired}
    here: set[str] = set()
    for entry in entries:
        if isinstance(entry, Run):
            _enter(found, lives.get((entry.sender, entry.sid)), fired, entry)
        elif isinstance(entry, Missing):
            found.gaps += 1
            found.reported += entry.n or 0
            found.uncounted += entry.n is None
            for life, (first, last) in fired.items():
                if entry.sender in ("*", life[0]) and entry.sid in (None, life[1]):
                    lives[life].told.add(
                        first if entry.first is None else entry.first,
                        last if entry.last is None else entry.last,
                    )
        elif entry.reason is None:
            found.came += 1
            found.unpaired += entry.sender in here
            here.add(entry.sender)
        else:
            found.went += 1
            found.unpaired += entry.sender not in here
            here.discard(entry.sender)
    untold = 0
    for life, (first, last) in fired.items():
        heard, owed = lives[life], Spans()
        owed.add(first, last)
        missing = owed.without(heard.spans)
        found.missing += len(missing)
        untold += len(missing.without(heard.told))
    found.delivered = found.fired - found.missing
    if found.uncounted:
        found.silent = untold
    else:
        found.silent = max(untold, found.missing - found.reported)
    found.untrue = max(0, found.reported - found.missing + untold)
    return found


def _enter(found: Account, heard: _Heard | None, fired: Fired, run: Run) -> None:
    """Note a run."""
    count = run.last - run.first + 1
    found.replayed += count if run.replayed else 0
    if heard is None:
        found.strange += count
        return
    last = fired[run.sender, run.sid][1]
    found.strange += max(0, run.last - max(run.first - 1, last))
    again = heard.spans.count(run.first, run.last)
    found.twice += again
    late = max(0, min(run.last, heard.high) - run.first + 1)
    found.disordered += late - heard.spans.count(run.first, min(run.last, heard.high))
    heard.spans.add(run.first, run.last)
    heard.high = max(heard.high, run.last)
