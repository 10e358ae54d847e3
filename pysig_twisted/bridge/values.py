"""
Text to values.

A value whose type is not told is a number where it is written as a number, and
text elsewhere: C{23.5}, C{-4}, C{+1e3} and C{.5} are numbers; C{007}, C{1,5},
C{0x1F}, C{12V} and the empty text are not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

INTEGERS: Final = (-(2**63), 2**64 - 1)
"""
The lowest and the highest integer that all encodings of payloads can carry.
"""

_NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(\.\d*)?|(\.\d+))([eE][+-]?\d+)?", re.ASCII)
_INT = re.compile(r"[+-]?\d+", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_HEX = re.compile(r"(?:0[xX])?[0-9A-Fa-f]+")
_TRUTHS: Final = {
    "1": True,
    "true": True,
    "on": True,
    "yes": True,
    "0": False,
    "false": False,
    "off": False,
    "no": False,
}


def _checked(number: int) -> int:
    """
    An integer, if it is within L{INTEGERS}.
    """
    if not INTEGERS[0] <= number <= INTEGERS[1]:
        raise ValueError("too large")
    return number


def _matched(pattern: re.Pattern[str], text: str) -> str:
    """
    The text, if it is of that form. Python's own conversions take more.
    """
    if not pattern.fullmatch(text):
        raise ValueError("not of that form")
    return text


def asInt(text: str) -> int:
    """
    A decimal integer.

    @raise ValueError: it is none.
    """
    return _checked(int(_matched(_INT, text)))


def asFloat(text: str) -> float:
    """
    A number, with or without a fraction.

    @raise ValueError: it is none, or too large.
    """
    number = float(_matched(_FLOAT, text))
    if not isfinite(number):
        raise ValueError("too large")
    return number


def asBool(text: str) -> bool:
    """
    1, true, on, yes; 0, false, off, no. Capitals do not matter.

    @raise ValueError: it is none of these.
    """
    try:
        return _TRUTHS[text.lower()]
    except KeyError:
        raise ValueError("neither true nor false") from None


def asHex(text: str) -> int:
    """
    An integer in hex, with C{0x} before it or without.

    @raise ValueError: it is none.
    """
    return _checked(int(_matched(_HEX, text), 16))


def guessed(text: str) -> int | float | str:
    """
    A number where it is written as one, else the text itself.
    """
    found = _NUMBER.fullmatch(text)
    if found is None:
        return text
    try:
        return asInt(text) if found.lastindex is None else asFloat(text)
    except ValueError:
        return text


TYPES: Final[Mapping[str, Callable[[str], Any]]] = {
    "int": asInt,
    "float": asFloat,
    "str": str,
    "bool": asBool,
    "hex": asHex,
}
"""
What a configuration calls the types.
"""

Converters = Mapping[str, Callable[[str], Any]]


def converted(texts: Mapping[str, str], converters: Converters) -> dict[str, Any] | None:
    """
    The values of texts, by name.

    @param converters: by name; what is not in it is guessed.
    @return: C{None} where one is not of its type.
    """
    try:
        return {name: converters.get(name, guessed)(text) for name, text in texts.items()}
    except ValueError:
        return None
