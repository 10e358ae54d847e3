"""
How long an expression may take for a frame.

Where two repeats can take the same characters, such as the two of C{.*,.*;}, each place
for the border between them is tried. So many of them in sequence take a time that grows
with that power of the length of the text; and one that is looked for anywhere in the text
takes one power more, as it is tried from each character on.

That the same text can be divided in many ways between two repeats is so exactly if there
are characters that the first can take and be where it was, that the second can take and
be where it was, and that lead from the first to the second (Weber and Seidl, "On the
degree of ambiguity of finite automata"). That is looked for. C{\\s*=\\s*} is not such a
pair, though both take spaces.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from functools import lru_cache
from itertools import product, zip_longest
from math import factorial
from typing import Any, Final

from .expressions import (
    CHARACTERS,
    NOTHING,
    POSSESSIVE,
    Automaton,
    Part,
    compileExpression,
    isRepeat,
)

if sys.version_info >= (3, 11):
    from re import _constants as codes
    from re import _parser as parser
else:
    import sre_constants as codes
    import sre_parse as parser

BUDGET: Final = 50_000_000
"""
The most that L{effort} may be: 0.2 seconds as a rule, 1 at most, on a machine of 2020.
"""

GROUP: Final = 4
"""
The steps that a repeated group takes for a character, where a repeated character takes 1.
"""

RUN: Final = 16
"""
The characters in sequence, none of them repeated, that are passed over in one step.
"""

_ENDLESS: Final = 10**30
_PATIENCE: Final = 100_000
_ATOMIC: Final = getattr(codes, "ATOMIC_GROUP", None)
_SINGLE: Final = (codes.ANY, codes.IN, codes.LITERAL, codes.NOT_LITERAL)


@lru_cache(1024)
def quickExpression(text: str, length: int) -> re.Pattern[str]:
    """
    The expression that a text spells, if it is quick enough.

    @param length: the most characters of what it is looked for in.
    @raise ValueError: it is none, or see L{checkEffort}.
    """
    expression = compileExpression(text)
    checkEffort(text, length)
    return expression


def checkEffort(text: str, length: int) -> None:
    """
    See that an expression is quick enough.

    @param text: the expression, which is one.
    @param length: the most characters of what it is looked for in.
    @raise ValueError: L{effort} is above L{BUDGET}; the message says what to do.
    """
    needed = effort(text, length)
    if needed > BUDGET:
        raise ValueError(
            f"could take too long: for {length} characters up to"
            f" {'1e30 or more' if needed >= _ENDLESS else f'{needed:.0e}'} steps, of"
            f" {BUDGET:.1e} that are allowed; let each character fit in one repeat only, such as"
            " [^,]* in place of .*; begin with ^; or give frame a smaller max"
        )


def effort(text: str, length: int) -> int:
    """
    About how many steps it takes at most to look for an expression: the ways to try, by
    the characters of each.

    @param text: the expression, which is one, and has no open repeat in a repeat.
    @param length: the most characters of what it is looked for in.
    """
    parsed = parser.parse(text)
    flags = parsed.state.flags
    isAnchored = not flags & re.MULTILINE and _isAnchored(parsed)
    return _effort(parsed, flags, length, length, isAnchored)


def _effort(parsed: Any, flags: int, length: int, reach: int, isAnchored: bool) -> int:
    """
    That of an expression, or of what is looked ahead for.

    @param reach: the most characters that one way has.
    """
    graph = _Graph(flags, length, isAnchored)
    graph.start(_withoutEnd(parsed))
    each = 1
    for inner in graph.asides:  # are looked for on each way, one after the other
        width = int(inner.getwidth()[1])
        each += _effort(inner, flags, length, min(length, width), True)
    return min(graph.steps(reach) * each, _ENDLESS)


def _isAnchored(items: Any) -> bool:
    """
    Does it begin at the beginning of the text only?
    """
    if not len(items):
        return False
    kind, value = items[0]
    if kind is codes.AT:
        return value in (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING)
    if kind is codes.SUBPATTERN:
        return not value[1] & re.MULTILINE and _isAnchored(value[3])
    if kind is codes.BRANCH:
        return all(map(_isAnchored, value[1]))
    return False


def _withoutEnd(items: Any) -> list[Any]:
    """
    The items without what can be left out at the end. Where that begins, the expression
    is found, and nothing more is tried.
    """
    rest = list(items)
    while rest:
        kind, value = rest[-1]
        if isRepeat(kind) and len(value[2]) == 1 and value[2][0][0] in _SINGLE:
            low, _, body = value
            rest[-1:] = [(kind, (low, low, body))] if low else []
            if low:
                break
        elif kind is codes.SUBPATTERN:
            inner = _withoutEnd(value[3])
            rest[-1:] = [(kind, (*value[:3], inner))] if inner else []
            if inner:
                break
        else:
            break
    return rest


def _longestRun(items: Any) -> int:
    """
    The most items in sequence that are one character each, inside of groups, too.
    """
    longest = length = 0
    for kind, value in items:
        if kind is codes.SUBPATTERN:
            longest = max(longest, _longestRun(value[3]))
        length = length + 1 if kind in _SINGLE else 0
        longest = max(longest, length)
    return longest


_Ways = tuple[int, ...]
"""
In how many ways a text can be divided by no border that can be anywhere, by one, and so on.
"""

_Loop = tuple[int, int, int]
"""
A repeat: its first place, the one after its last, and the longest text that it takes.
"""


def _sum(one: _Ways, other: _Ways) -> _Ways:
    """
    Both.
    """
    return tuple(min(a + b, _ENDLESS) for a, b in zip_longest(one, other, fillvalue=0))


class _Graph(Automaton):
    """
    The places of a whole expression, as far as they repeat.

    @ivar asides: what is looked for ahead or behind.
    """

    def __init__(self, flags: int, length: int, isAnchored: bool) -> None:
        """
        @param length: the most characters of the text.
        @param isAnchored: does it begin at the beginning of the text only?
        """
        super().__init__(flags)
        self.asides: list[Any] = []
        self._length = max(1, length)
        self._isAnchored = isAnchored
        self._patience = _PATIENCE
        self._pace = 1
        self._loops: list[_Loop] = []

    def start(self, items: Sequence[Any]) -> None:
        """
        Read the expression. Place 0 stands before it: for all that is passed over.
        """
        self._pace = max(1, _longestRun(items) // RUN)
        self._place(CHARACTERS)
        if not self._isAnchored:
            self.again(Part(False, (0,), (0,)))
            self._loops.append((0, 1, self._length))
        self.following[0] += self.sequence(items).first
        kinds = set(self.characters)  # of characters that fit in the same places, one will do
        one = {tuple(place in kind for kind in kinds): place for place in CHARACTERS}.values()
        self.characters = [kind.intersection(one) for kind in self.characters]

    def steps(self, reach: int) -> int:
        """
        The ways to divide a text, at most, by the characters of each.
        """
        loops = {place: loop for loop in self._loops for place in range(loop[0], loop[1])}
        size = len(self.characters)
        ways: list[_Ways] = [()] * size
        for place in reversed(range(size)):  # what follows comes later, but in repeats
            loop = loops.get(place, (place, place + 1, 1))
            if place == loop[0]:
                found = self._on(loop, ways) or (1,)
                for other in self._loops:
                    if other[0] >= loop[1] and self._canShare(loop, other):
                        found = _sum(found, self._times(self._between(loop, other, ways), loop[2]))
                ways[place : loop[1]] = [found] * (loop[1] - place)
        return self._pace * self._count(self._times(ways[0], max(1, reach)))

    def _between(self, one: _Loop, other: _Loop, ways: list[_Ways]) -> _Ways:
        """
        The ways to go on after a repeat by way of another, where what stands between
        them has no share in it.
        """
        found: list[_Ways] = [()] * len(ways)
        found[other[0] : other[1]] = ways[other[0] : other[1]]
        loops = {place: loop for loop in self._loops for place in range(loop[0], loop[1])}
        for place in reversed(range(one[1], other[0])):
            loop = loops.get(place, (place, place + 1, 1))
            if place == loop[0]:
                found[place : loop[1]] = [self._on(loop, found)] * (loop[1] - place)
        return self._on(one, found)

    def _on(self, loop: _Loop, ways: list[_Ways]) -> _Ways:
        """
        The ways to go on after a repeat, with the character for which there are most.
        """
        most: _Ways = ()
        for place in range(loop[0], loop[1]):
            found: dict[int, _Ways] = {}
            for after in self.following[place]:
                if after >= loop[1]:
                    for character in self.characters[after]:
                        found[character] = _sum(found.get(character, ()), ways[after])
            most = max([most, *found.values()], key=self._count)
        return most

    def _times(self, ways: _Ways, longest: int) -> _Ways:
        """
        The ways with one more border, which can be after each of so many characters.
        """
        if longest >= self._length:
            return (0, *ways)
        return tuple(min(each * longest, _ENDLESS) for each in ways)

    def _count(self, ways: _Ways) -> int:
        """
        How many ways there are. Borders come one after the other: a text has n * n / 2
        places for two.
        """
        return sum(
            each * self._length**borders // factorial(borders) for borders, each in enumerate(ways)
        )

    def _canShare(self, one: _Loop, other: _Loop) -> bool:
        """
        Is there a text that can be divided between two repeats in many ways? Where that
        takes too long to find out, it counts as so.
        """
        pairs = list(product(range(*one[:2]), range(*other[:2])))
        if not any(self.characters[a] & self.characters[b] for a, b in pairs):
            return False
        return any(self._leads(a, b, one, other) for a, b in pairs)

    def _leads(self, a: int, b: int, one: _Loop, other: _Loop) -> bool:
        """
        Are there characters that lead from C{a} to C{a}, from C{a} to C{b}, and from
        C{b} to C{b}, where the first and the last stay in their repeats?
        """
        waiting, seen = [(a, a, b)], set[tuple[int, int, int]]()
        while waiting:
            self._patience -= 1
            if self._patience < 0:
                return True
            for state in self._next(waiting.pop(), one, other):
                if state == (a, b, b):
                    return True
                if state not in seen:
                    seen.add(state)
                    waiting.append(state)
        return False

    def _next(
        self, state: tuple[int, int, int], one: _Loop, other: _Loop
    ) -> list[tuple[int, int, int]]:
        """
        Where one character can lead from three places.
        """
        firsts, betweens, lasts = (set(self.following[place]) for place in state)
        found = []
        for first in firsts:
            for last in lasts:
                if one[0] <= first < one[1] and other[0] <= last < other[1]:
                    both = self.characters[first] & self.characters[last]
                    found += [
                        (first, place, last)
                        for place in betweens
                        if place < other[1] and both & self.characters[place]
                    ]
        return found

    def _place(self, characters: frozenset[int]) -> Part:
        """
        One more place.
        """
        self.characters.append(characters)
        self.following.append([])
        place = (len(self.characters) - 1,)
        return Part(False, place, place)

    def _item(self, item: tuple[Any, Any]) -> Part:
        kind, value = item
        if kind in (codes.ASSERT, codes.ASSERT_NOT):
            self.asides.append(value[1])
            return NOTHING
        if kind is _ATOMIC:
            return self.sequence(value)
        first = len(self.characters)
        if kind is codes.GROUPREF:  # as long as the group
            part = self._place(CHARACTERS)
            longest = self._length
        elif (isRepeat(kind) or kind is POSSESSIVE) and value[1] > 1:
            part = self.sequence(value[2])
            longest = min(self._length, int(value[2].getwidth()[1] * value[1]))
            if len(value[2]) != 1 or value[2][0][0] not in _SINGLE:
                self._pace = max(self._pace, GROUP)
        else:
            return super()._item(item)
        self.again(part)
        end = len(self.characters)
        inner = [loop for loop in self._loops if loop[0] >= first]
        for loop in inner:  # a repeat in a repeat is a part of it
            self._loops.remove(loop)
        if end > first:
            self._loops.append((first, end, longest))
        return part._replace(isEmpty=kind is codes.GROUPREF or part.isEmpty or not value[0])
