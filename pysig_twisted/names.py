"""
Names of senders, events and methods, and the patterns that match them.

A name is 1 to 255 bytes of UTF-8 without control characters and without
C{*}. An event whose name starts with C{#} is a I{channel}: an event that many
senders share. A sender whose name starts with C{$} belongs to the router
itself. Where a listener gives a name, a C{*} in it stands for any run of
characters, also none: such a name is a I{pattern}.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from .errors import BadName

ANY: Final = None
"""
In a listener's place for the sender or the event: all of them.
"""

CONNECT: Final = "#connect"
DISCONNECT: Final = "#disconnect"
ROUTER: Final = "$router"

MAX_BYTES: Final = 255
MAX_STARS: Final = 4
"""
More stars than this in one pattern would only cost time to match.
"""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def isPattern(name: str | None) -> bool:
    """
    Does this match more than one name, other than by being L{ANY}?
    """
    return name is not None and "*" in name


def isChannel(event: str | None) -> bool:
    """
    Is this an event that several senders share?
    """
    return event is not None and event.startswith("#")


def isBuiltin(event: str | None) -> bool:
    """
    Is this one of the two events that only routers fire?
    """
    return event in (CONNECT, DISCONNECT)


def isReserved(sender: str) -> bool:
    """
    Is this the name of one of the router's own senders?
    """
    return sender.startswith("$")


def checkName(name: object, what: str) -> str:
    """
    Return C{name} if it can name a C{what}.

    @param what: "sender", "event" or "method", for the message.
    @raise BadName: it cannot; the message says why.
    """
    if not isinstance(name, str):
        raise BadName(f"{what} name {_shown(name)} is not a string")
    return _checkedName(name, what)


@lru_cache(maxsize=1024)
def _checkedName(name: str, what: str) -> str:
    """
    L{checkName} for strings. A program uses the same names over and over.
    """
    if "*" in _checkText(name, what):
        raise BadName(f"{what} name {name!r} contains *, which only listeners may use")
    return name


def checkPattern(name: object, what: str) -> str | None:
    """
    Return C{name} if a listener may ask for it: a name, a pattern, or L{ANY}.

    @raise BadName: it may not; the message says why.
    """
    if name is None:
        return None
    if not isinstance(name, str):
        raise BadName(f"{what} name {_shown(name)} is neither a string nor None (any)")
    if _checkText(name, what).count("*") > MAX_STARS:
        raise BadName(f"{what} pattern {name!r} has more than {MAX_STARS} *")
    return name


def _shown(name: object) -> str:
    """
    What someone gave for a name, as messages show it, whatever its length.
    """
    text = repr(name[: MAX_BYTES + 1] if isinstance(name, (str, bytes)) else name)
    return text if len(text) <= 60 else f"{text[:56]}..."


def _checkText(name: str, what: str) -> str:
    """
    What names and patterns have in common.
    """
    if 0 < len(name) <= MAX_BYTES and name.isascii() and name.isprintable():
        return name
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise BadName(f"{what} name {_shown(name)} is not valid Unicode") from None
    if not size:
        raise BadName(f"the {what} name is empty")
    if size > MAX_BYTES:
        raise BadName(f"{what} name {_shown(name)} is {size} bytes long; {MAX_BYTES} is the limit")
    if _CONTROL.search(name):
        raise BadName(f"{what} name {name!r} contains a control character")
    return name


@lru_cache(maxsize=1024)
def decodeName(data: bytes, what: str) -> str:
    """
    The name that these bytes of a frame spell.

    @raise BadName: they are not UTF-8, or not a name.
    """
    try:
        name = data.decode()
    except UnicodeDecodeError:
        raise BadName(f"{what} name {_shown(data)} is not valid UTF-8") from None
    return checkName(name, what)


def matcher(pattern: str | None) -> Callable[[str], bool]:
    """
    A function that tells whether a name matches C{pattern}.

    Matching takes time proportional to the two lengths for one star, and is
    bounded by the few stars that L{checkPattern} lets through for more: the
    parts between stars are looked for from left to right, never backtracking.
    """
    if pattern is None:
        return lambda name: True
    if "*" not in pattern:
        return pattern.__eq__
    first, *middle, last = pattern.split("*")

    def matches(name: str) -> bool:
        end = len(name) - len(last)
        at = len(first)
        if end < at or not name.startswith(first) or not name.endswith(last):
            return False
        for part in middle:
            found = name.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    return matches
