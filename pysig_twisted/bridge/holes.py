"""
The holes of templates: what each type takes, and how a value is written there.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final
from unicodedata import category

from .values import INTEGERS

LONGEST_TEXT: Final = 256
"""
Characters of a C{str}, and bytes of a C{hex}, where the hole does not say.
"""

LONGEST: Final = 4096
"""
Characters of a C{json}, and the most that a hole can allow for C{str} and C{hex}.
"""

SHORT: Final = 64
"""
Lengths of examples, which are tried one by one.
"""

EXACT: Final = 2**53
"""
Above that not each whole number is a float, so that floats are none.
"""

IDS: Final = (0, 65535)
"""
The range of an C{id}, where the hole does not say.
"""

_WHOLES = re.compile(r"(-?[0-9]{1,20})-(-?[0-9]{1,20})")
_NUMBERS = re.compile(r"(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)-(-?[0-9]{1,15}(?:\.[0-9]{1,15})?)")
_WHOLE_FORMAT = re.compile(r"\+?0?(?:[1-9][0-9]?)?[dxX]")
_NUMBER_FORMAT = re.compile(r"\+?0?(?:[1-9][0-9]?)?(?:\.[0-9]{1,2})?[feEgG]")
_BYTES = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_REFUSED: Final = ("Cc", "Cs", "Zl", "Zp")  # control, half a character, ends of lines


class Kind:
    """
    The type of a hole.

    @cvar name: what it is called.
    @ivar description: what it takes, for people.
    @ivar examples: values that it takes, of all lengths as far as these are not many; the
        least comes first.
    @ivar count: how many numbers it has, if it is counted.
    """

    name = ""
    count = 0
    examples: Sequence[Any] = (0,)

    def __init__(self, options: Sequence[str]) -> None:
        """
        @param options: what follows the type in the hole.
        @raise ValueError: that is wrong; the message goes on after the hole and a comma.
        """
        self.description = self.name
        self._set(list(options))

    def write(self, value: Any) -> str:
        """
        The text for a value.

        @raise ValueError: it is not of that type; the message goes on after the name.
        """
        raise NotImplementedError

    def _set(self, options: list[str]) -> None:
        """
        Take the options.
        """
        if options:
            raise ValueError(f"where {self.name} takes nothing after it; write {self.name} alone")

    def _wrong(self, value: Any) -> ValueError:
        """
        The error for a value of another type, or out of range.
        """
        return ValueError(f"is {shown(value)}; give {self.description}")

    def _range(self, pattern: re.Pattern[str], options: list[str], example: str) -> Any:
        """
        The two ends of a range, which is the first option if there is one; as texts.
        """
        if not options or "-" not in options[0]:
            return None
        text = options.pop(0)
        found = pattern.fullmatch(text)
        if found is None:
            raise ValueError(f"whose range {cut(text)} is none; write it as {example}")
        low, high = found.groups()
        if float(low) > float(high) or ("." not in text and int(low) > int(high)):
            raise ValueError(f"whose range is upside down; write {high}-{low}")
        return low, high

    def _format(self, pattern: re.Pattern[str], options: list[str], example: str) -> str:
        """
        How it is written, which is the next option if there is one.
        """
        if not options:
            return ""
        text = options.pop(0)
        if not pattern.fullmatch(text):
            raise ValueError(
                f"where {cut(text)} is neither a range nor a format that is allowed;"
                f" write a format such as {example}, at most 99 wide"
            )
        if options:
            raise ValueError(f"with {cut(':'.join(options))} after its format; leave that out")
        return text


class _Int(Kind):
    name = "int"

    def _set(self, options: list[str]) -> None:
        self._low, self._high = low, high = self._wholes(options, INTEGERS)
        steps = (sign * 10**digits for sign in (1, -1) for digits in range(20))
        self.examples = [low, high, *(step for step in steps if low < step < high)]
        self._spec = self._format(_WHOLE_FORMAT, options, "02d") or "d"

    def _wholes(
        self, options: list[str], usual: tuple[int, int], example: str = "1-8"
    ) -> tuple[int, int]:
        """
        The range, within the usual one.
        """
        ends = self._range(_WHOLES, options, example)
        if ends is None:
            return usual
        low, high = map(int, ends)
        if low < INTEGERS[0] or high > INTEGERS[1]:
            raise ValueError(f"whose range is too large; write it as {example}")
        self.description = f"{self.name}, {low} to {high}"
        return low, high

    def write(self, value: Any) -> str:
        isWhole = isinstance(value, int) and not isinstance(value, bool)
        if isinstance(value, float):
            isWhole = value.is_integer() and abs(value) <= EXACT
        if not isWhole or not self._low <= value <= self._high:
            raise self._wrong(value)
        return format(int(value), self._spec)


class _Id(_Int):
    name = "id"

    def _set(self, options: list[str]) -> None:
        self._low, self._high = self._wholes(options, IDS, "0-255")
        if self._low < 0:
            raise ValueError("whose range begins below 0; write it as 0-255")
        if options:
            raise ValueError(f"with {cut(':'.join(options))}, which is no range; write it 0-255")
        self.description = f"counted, {self._low} to {self._high}"
        self.count = self._high - self._low + 1

    def write(self, value: Any) -> str:
        return str(self._low + value % self.count)


class _Float(Kind):
    name = "float"

    def _set(self, options: list[str]) -> None:
        ends = self._range(_NUMBERS, options, "0-30 or -5.5-5.5")
        self._spec = self._format(_NUMBER_FORMAT, options, ".1f")
        self._low, self._high = -sys.float_info.max, sys.float_info.max
        if ends is not None:
            self._low, self._high = float(ends[0]), float(ends[1])
            self.examples = [self._low, self._high]
            self.description = f"float, {ends[0]} to {ends[1]}"
            for end in (self._low, self._high):  # what is between them is written between them
                written = self._written(end)
                if not self._low <= float(written) <= self._high:
                    raise ValueError(
                        f"whose format writes {written} for {end!r}, the end of its range;"
                        " give the format more digits"
                    )

    def write(self, value: Any) -> str:
        isNumber = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not isNumber or not self._low <= value <= self._high:
            raise self._wrong(value)
        return self._written(float(value))

    def _written(self, number: float) -> str:
        number += 0.0  # there is no -0.0
        return format(number, self._spec) if self._spec else repr(number)


class _Str(Kind):
    name = "str"

    def _set(self, options: list[str]) -> None:
        self._longest = LONGEST_TEXT
        if options:
            text = ":".join(options)
            if not re.fullmatch("[0-9]{1,4}", text) or not 1 <= int(text) <= LONGEST:
                raise ValueError(
                    f"whose length {cut(text)} is none; write the most characters that it may"
                    f" have, 1 to {LONGEST}"
                )
            self._longest = int(text)
        self.description = f"str, 1 to {self._longest} characters"
        self.examples = [digit * length for length in _lengths(1, self._longest) for digit in "x0"]

    def write(self, value: Any) -> str:
        if not isinstance(value, str) or not 1 <= len(value) <= self._longest:
            raise self._wrong(value)
        if (character := _refused(value)) is not None:
            raise ValueError(f"has {character!r}, which no command may have; leave it out")
        return value


class _Hex(Kind):
    name = "hex"

    def _set(self, options: list[str]) -> None:
        ends = self._range(_WHOLES, options, "1-8")
        self._low, self._high = (1, LONGEST_TEXT) if ends is None else map(int, ends)
        if options:
            raise ValueError(
                f"with {cut(':'.join(options))}, which is no range; write the bytes as 1-8, or 4-4"
            )
        if self._low < 1 or self._high > LONGEST:
            raise ValueError(f"whose range is not within 1-{LONGEST}, in bytes; write it as 1-8")
        self.examples = ["00" * length for length in _lengths(self._low, self._high)]
        self.description = f"hex digits of {self._low} to {self._high} bytes"

    def write(self, value: Any) -> str:
        isHex = isinstance(value, str) and _BYTES.fullmatch(value)
        if not isHex or not self._low <= len(value) // 2 <= self._high:
            raise self._wrong(value)
        return str(value)


class _Json(Kind):
    name = "json"

    def write(self, value: Any) -> str:
        try:
            # No control character is left in it, DEL neither.
            text = json.dumps(value, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise ValueError(f"is {shown(value)}; give what JSON can carry") from None
        if len(text) > LONGEST:
            raise ValueError(f"has {len(text)} characters as JSON; {LONGEST} are allowed")
        return text


class _Choice(Kind):
    name = "choice"

    def _set(self, options: list[str]) -> None:
        self._choices = frozenset(options)
        self.examples = options
        for option in options:
            if not option:
                raise ValueError("where one of the choices is empty; write them as on|off")
            if options.count(option) > 1:
                raise ValueError(f"where {cut(option)} is there twice; write it once")
            if (character := _refused(option)) is not None:
                raise ValueError(f"with {character!r} in a choice; leave it out")
        self.description = f"one of {', '.join(options)}"

    def write(self, value: Any) -> str:
        text = value
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= EXACT:
            text = format(int(value), "d")
        if not isinstance(text, str) or text not in self._choices:
            raise self._wrong(value)
        return text


def _lengths(least: int, most: int) -> list[int]:
    """
    The lengths between two, as far as these are not many.
    """
    return sorted({most, *range(least, min(most, least + SHORT) + 1)})


KINDS: Final[Mapping[str, Callable[[Sequence[str]], Kind]]] = {
    kind.name: kind for kind in (_Int, _Float, _Str, _Hex, _Json, _Id)
}


def kindOf(text: str) -> Kind:
    """
    The type that a hole spells.
    """
    if "|" in text:
        return _Choice(text.split("|"))
    name, *options = text.split(":")
    if name in KINDS:
        if "" in options:
            raise ValueError("with nothing after a colon; leave the colon out")
        return KINDS[name](options)
    near = get_close_matches(name, KINDS, 1, 0.6)
    kinds = f"there are {', '.join(KINDS)} and choices such as on|off"
    raise ValueError(
        f"whose type {cut(name)} is unknown; {f'did you mean {near[0]}?' if near else kinds}"
    )


def _refused(text: str) -> str | None:
    """
    The first character of a text that could end a line, or is not for people.
    """
    if text.isprintable():
        return None
    return next((character for character in text if category(character) in _REFUSED), None)


def cut(text: str) -> str:
    """
    A part of a template, for people, whatever its length.
    """
    text = text if text.isprintable() else repr(text)[1:-1]
    return text if len(text) <= 60 else f"{text[:56]}..."


def shown(value: Any) -> str:
    """
    A value, for people, whatever it is.
    """
    try:
        text = repr(value)
    except Exception:
        # Such as a whole number of more digits than Python writes.
        text = f"of type {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:56]}..."
