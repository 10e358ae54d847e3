"""
Frames to events: which rule a frame falls under, and what is fired when.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from math import inf
from typing import Any, Final, NamedTuple

from .text import decoder, isReadable

LINE: Final = "line"
"""
The event for frames that no rule takes.
"""

LATE: Final = "late"
"""
The event for answers that nobody waits for any more.
"""

NOISE_EVENT: Final = "noise"
"""
The event that tells of bytes that are no frames.
"""


class Fired(NamedTuple):
    """
    What is to be fired now.

    @ivar event: its name.
    @ivar data: its data, which JSON can carry.
    """

    event: str
    data: Any


class Quiet(Enum):
    """
    Why nothing is fired now for a frame.
    """

    HELD = "held"
    """
    Its event was fired only a while ago. It is the newest one now, and is fired when
    the interval has passed.
    """

    UNCHANGED = "unchanged"
    """
    Its data are what was fired last.
    """

    DROPPED = "dropped"
    """
    No rule takes it, and such frames are not wanted.
    """

    UNREADABLE = "unreadable"
    """
    No rule takes it, and it is not text: that is noise.
    """


def _isSame(one: Any, other: Any) -> bool:
    """
    Are data the same for JSON? C{True} and 1 are equal in Python.
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if one != other:
        return False
    if isinstance(one, dict):
        return all(_isSame(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return all(map(_isSame, one, other))
    return True


class _Paced:
    """
    What was fired of one event, and what waits to be, by whatever rules.

    @ivar due: when that is to be fired; C{None} where nothing waits.
    """

    __slots__ = ("_data", "_isFired", "_last", "_pending", "due")

    def __init__(self) -> None:
        self._isFired = False
        self._data: Any = None
        self._last = 0.0
        self._pending: Any = None
        self.due: float | None = None

    def offer(self, data: Any, now: float, minInterval: float, onChange: bool) -> Quiet | None:
        """
        C{None} if the data are to be fired now: what waited is older.
        """
        if onChange and self._isFired and _isSame(data, self._data):
            self.due = self._pending = None  # what waited is not so any more
            return Quiet.UNCHANGED
        if self._isFired and now - self._last < minInterval:
            self._pending = data
            self.due = self._last + minInterval
            return Quiet.HELD
        self._note(data, now)
        return None

    def take(self, now: float) -> Any:
        """
        What waits. It counts as fired.
        """
        data = self._pending
        self._note(data, now)
        return data

    def _note(self, data: Any, now: float) -> None:
        self._isFired = True
        self._last = now
        self._data = data
        self.due = self._pending = None


class Rule:
    """
    What becomes of one kind of frame.

    @ivar names: the events that it can fire.
    @ivar minInterval: seconds between one of them and the last of that name, at least.
    @ivar onChange: fire only data that differ from the last of that name?
    """

    def __init__(
        self,
        parser: Any,
        names: Sequence[str],
        *,
        nameFrom: str | None = None,
        match: re.Pattern[str] | None = None,
        minInterval: float = 0.0,
        onChange: bool = False,
    ) -> None:
        """
        @param parser: an L{IParser<pysig_twisted.bridge.parsers.IParser>}.
        @param names: the name of its event; with C{nameFrom}, all that there can be.
        @param nameFrom: the key of the data that has the name. A frame with none of
            C{names} there does not fall under this rule.
        @param match: what is to be found in the text of a frame, if given.
        @param minInterval: seconds between an event and the last of that name, at least.
        @param onChange: fire only data that differ from the last of that name?
        """
        self.names = tuple(names)
        self.minInterval = minInterval
        self.onChange = onChange
        self._parse: Callable[[str, bytes], Any] = parser.parse
        self._nameFrom = nameFrom
        self._match = match

    def read(self, text: str, frame: bytes) -> Fired | None:
        """
        The event that a frame is under this rule, if it falls under it.
        """
        if self._match is not None and self._match.search(text) is None:
            return None
        data = self._parse(text, frame)
        if data is None:
            return None
        if self._nameFrom is None:
            return Fired(self.names[0], data)
        name = data.get(self._nameFrom) if isinstance(data, Mapping) else None
        if not isinstance(name, str) or name not in self.names:
            return None
        return Fired(name, data)


class Rules:
    """
    The rules of one device, from when it came until it goes.

    The first rule that takes a frame decides. What none takes is the event L{LINE}
    with the text, unless that is mostly no text.

    Of an event that comes too often, the newest data are never lost: they are fired
    when the interval has passed.
    """

    def __init__(
        self, rules: Iterable[Rule] = (), *, encoding: str = "utf-8", lines: bool = True
    ) -> None:
        """
        @param encoding: of the text; see L{decoder}.
        @param lines: fire what no rule takes?
        """
        self._rules = tuple(rules)
        self._text = decoder(encoding)
        self._lines = lines
        self._paced: dict[str, _Paced] = {
            name: _Paced()
            for rule in self._rules
            if rule.minInterval or rule.onChange
            for name in rule.names
        }

    @property
    def due(self) -> float | None:
        """
        When L{expire} is to be called; C{None} where nothing waits.
        """
        if not self._paced:  # as a rule
            return None
        return min(
            (paced.due for paced in self._paced.values() if paced.due is not None), default=None
        )

    def apply(self, frame: bytes, now: float) -> Fired | Quiet:
        """
        What is to be fired for a frame.

        @param now: a monotonic time, in seconds.
        """
        text = self._text(frame)
        for rule in self._rules:
            fired = rule.read(text, frame)
            if fired is not None:
                return self._offer(fired, now, rule.minInterval, rule.onChange)
        if not self._lines:
            return Quiet.DROPPED
        if not isReadable(text):
            return Quiet.UNREADABLE
        return self._offer(Fired(LINE, text), now)

    def takes(self, frame: bytes) -> bool:
        """
        Does a frame fall under a rule?
        """
        text = self._text(frame)
        return any(rule.read(text, frame) is not None for rule in self._rules)

    def expire(self, now: float) -> list[Fired]:
        """
        What has waited long enough, in the order in which it was due.
        """
        waiting = [
            (paced.due, number, name)
            for number, (name, paced) in enumerate(self._paced.items())
            if paced.due is not None and now >= paced.due
        ]
        return [Fired(name, self._paced[name].take(now)) for _, _, name in sorted(waiting)]

    def end(self) -> list[Fired]:
        """
        All that waits: the device is gone, and nothing newer will come.
        """
        return self.expire(inf)

    def _offer(
        self, fired: Fired, now: float, minInterval: float = 0.0, onChange: bool = False
    ) -> Fired | Quiet:
        """
        The event, unless it is not to be fired now.
        """
        paced = self._paced.get(fired.event)
        quiet = paced.offer(fired.data, now, minInterval, onChange) if paced is not None else None
        return quiet or fired
