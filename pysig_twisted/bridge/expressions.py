"""
Regular expressions that come from a configuration.

Python's matcher tries one way of dividing a text after the other. An expression
such as C{(\\w+\\s?)+$} leaves it more ways than there is time for, and a line of
40 letters would stop the whole process. What makes it so is a repeat inside a
repeat where it is open which of the two takes a character. Such expressions are
refused: inside what is repeated, each character may fit in one place only.
(In other words, the repeated part has a deterministic automaton, by Glushkov's
construction.)

What is left takes time that grows with a power of the length of the text. Whether that
is quick enough for the frames of a device,
L{checkEffort<pysig_twisted.bridge.effort.checkEffort>} tells.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterable
from functools import cache
from typing import Any, Final, NamedTuple

if sys.version_info >= (3, 11):
    from re import _constants as codes
    from re import _parser as parser
else:
    import sre_constants as codes
    import sre_parse as parser

POSSESSIVE: Final = getattr(codes, "POSSESSIVE_REPEAT", None)
CHARACTERS: Final = frozenset(range(256))


def compileExpression(text: str) -> re.Pattern[str]:
    """
    The expression that C{text} spells.

    @raise ValueError: it spells none, or one in which a repeat inside a repeat could take
        for ever; the message says why, and where.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what a later Python may read otherwise
            pattern = re.compile(text)
            isOpen = _isOpen(parser.parse(text))
    except re.error as error:
        where = "" if error.pos is None else f" at character {error.pos + 1}"
        raise ValueError(f"is no regular expression: {error.msg}{where}") from None
    except (OverflowError, RecursionError) as error:
        raise ValueError(f"is no regular expression: {error}") from None
    if isOpen:
        raise ValueError(
            "repeats a part where a character fits in more than one place, so that one line"
            " could stop everything; let it fit in one place only, such as ([^,]+,)* in place"
            " of (.*,)*"
        )
    return pattern


def isRequired(text: str, character: str) -> bool:
    """
    Is a character in all that an expression finds?

    @param text: the expression, which is one.
    """
    return _isRequired(parser.parse(text), ord(character))


def _isRequired(items: Any, code: int) -> bool:
    """
    See L{isRequired}.
    """
    for kind, value in items:
        if kind is codes.LITERAL:
            isFound = value == code
        elif kind is codes.SUBPATTERN:
            isFound = _isRequired(value[3], code)
        elif kind is codes.BRANCH:
            isFound = all(_isRequired(branch, code) for branch in value[1])
        else:
            isFound = isRepeat(kind) and value[0] > 0 and _isRequired(value[2], code)
        if isFound:
            return True
    return False


def isRepeat(kind: object) -> bool:
    """
    Is it the code of a repeat that tries again? Codes are numbers, but not all
    numbers in an expression are codes.
    """
    return kind is codes.MAX_REPEAT or kind is codes.MIN_REPEAT


class Part(NamedTuple):
    """
    What an automaton has to know of a part of an expression. Places are numbers.

    @ivar isEmpty: can it match nothing?
    @ivar first: the places where it can begin.
    @ivar last: the places where it can end.
    """

    isEmpty: bool
    first: tuple[int, ...]
    last: tuple[int, ...]


NOTHING: Final = Part(True, (), ())


class Automaton:
    """
    The places of a repeated part, and which may follow which.

    @ivar characters: what fits in each place.
    @ivar following: which places may follow each; twice if in two ways.
    """

    def __init__(self, flags: int) -> None:
        self.characters: list[frozenset[int]] = []
        self.following: list[list[int]] = []
        self._flags = flags
        self._isVague = False

    def sequence(self, items: Iterable[Any]) -> Part:
        """
        Parts, one after the other.
        """
        whole = NOTHING
        for item in items:
            part = self._item(item)
            self._join(whole.last, part.first)
            whole = Part(
                whole.isEmpty and part.isEmpty,
                whole.first + part.first if whole.isEmpty else whole.first,
                whole.last + part.last if part.isEmpty else part.last,
            )
        return whole

    def isOpen(self, whole: Part) -> bool:
        """
        Is it open somewhere which place a character fits in?
        """
        return self._isVague or any(map(self._overlap, [list(whole.first), *self.following]))

    def again(self, part: Part) -> None:
        """
        After its end, it may begin anew.
        """
        self._join(part.last, part.first)

    def _join(self, last: tuple[int, ...], first: tuple[int, ...]) -> None:
        for place in last:
            self.following[place] += first

    def _overlap(self, places: list[int]) -> bool:
        taken: set[int] = set()
        for place in places:
            if taken & self.characters[place]:
                return True
            taken |= self.characters[place]
        return False

    def _item(self, item: tuple[Any, Any]) -> Part:
        kind, value = item
        if isRepeat(kind) or kind is POSSESSIVE:
            low, high, body = value
            part = self.sequence(body)
            if kind is not POSSESSIVE and low != high > 1:
                self.again(part)
            self._isVague |= part.isEmpty  # nothing, or nothing once more
            return part._replace(isEmpty=part.isEmpty or not low)
        if kind is codes.SUBPATTERN:
            outside, self._flags = self._flags, self._flags | value[1]
            part = self.sequence(value[3])
            self._flags = outside
            return part
        if kind is codes.BRANCH:
            return self._any([self.sequence(branch) for branch in value[1]])
        if kind is codes.GROUPREF_EXISTS:
            return self._any([self.sequence(branch or ()) for branch in value[1:]])
        if kind in (codes.AT, codes.ASSERT, codes.ASSERT_NOT):
            return NOTHING
        self.characters.append(_charactersOf(kind, value, self._flags))
        self.following.append([])
        place = (len(self.characters) - 1,)
        return Part(kind is codes.GROUPREF, place, place)

    def _any(self, parts: list[Part]) -> Part:
        empty = sum(part.isEmpty for part in parts)
        self._isVague |= empty > 1  # nothing can be matched in two ways
        return Part(
            bool(empty),
            tuple(place for part in parts for place in part.first),
            tuple(place for part in parts for place in part.last),
        )


@cache
def _category(code: Any) -> frozenset[int]:
    """
    The characters of C{\\d} and the like.
    """
    letter = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[str(code).rpartition("_")[2]]
    return frozenset(
        place
        for place in CHARACTERS
        if bool(re.match(rf"\{letter}", chr(place))) != ("_NOT_" in str(code))
    )


def _charactersOf(kind: Any, value: Any, flags: int) -> frozenset[int]:
    """
    Which of the first 256 characters fit there. All others count as the last one.
    """
    found: frozenset[int]
    if kind is codes.LITERAL:
        found = frozenset((min(value, 255),))
    elif kind is codes.NOT_LITERAL:
        found = CHARACTERS - {value}
    elif kind is codes.RANGE:
        found = frozenset(range(min(value[0], 255), min(value[1], 255) + 1))
    elif kind is codes.CATEGORY:
        found = _category(value)
    elif kind is codes.IN:
        isNegated = value[0][0] is codes.NEGATE
        found = frozenset().union(
            *(_charactersOf(code, inner, 0) for code, inner in value[isNegated:])
        )
        if isNegated:  # what counts as the last one is not all of it
            found = CHARACTERS - found | {255}
    else:
        found = CHARACTERS
    if flags & re.IGNORECASE:
        both = {chr(place).swapcase() for place in found}
        found |= {ord(letter) for letter in both if len(letter) == 1 and ord(letter) < 256}
    return found


def _isOpen(parsed: Any) -> bool:
    """
    Is there a repeat, anywhere inside, of which it is open how to match it?
    """
    flags = parsed.state.flags
    waiting: list[Any] = [parsed]
    while waiting:
        items = waiting.pop()
        if isinstance(items, tuple) and items and isRepeat(items[0]):
            _, high, body = items[1]
            if high > 1:
                automaton = Automaton(flags)
                part = automaton.sequence(body)
                automaton.again(part)
                if part.isEmpty or automaton.isOpen(part):
                    return True
        if isinstance(items, (tuple, list, parser.SubPattern)):
            waiting.extend(items)  # type: ignore[arg-type]
    return False
