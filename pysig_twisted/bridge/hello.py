"""
What a device says of itself, and which of that it may say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeGuard

from ..core.signals import MAX_EVENTS, checkSender
from ..errors import BadName
from ..names import checkName
from .building import RAW, STATS, TAKEN
from .rules import LATE, LINE, NOISE_EVENT

LONGEST: Final = 4096
"""
The most bytes of a line, without its end.
"""

BUFFER: Final = 512
"""
Bytes of a line that a device takes, if it does not say.
"""

SMALLEST: Final = 32
"""
The fewest that it may say.
"""

OWN_EVENTS: Final = (LINE, LATE, NOISE_EVENT, STATS, RAW)
"""
What the bridge fires by the name of each sender, besides what that declares.
"""

OWN_REQUESTS: Final = ("stats", "tap")
"""
What the bridge answers by the name of each sender.
"""

MOST_EVENTS: Final = MAX_EVENTS - len(OWN_EVENTS)
"""
Events that a device may declare for one sender.
"""

LONGEST_DESCRIPTION: Final = 1000
"""
Characters.
"""

_MARKUP: Final = re.compile(r"""[<>&"'`\\\[\]{}]""")


class Hello(NamedTuple):
    """
    A sender is there.

    @ivar name: its name.
    @ivar events: what it fires.
    @ivar requests: what it answers.
    @ivar description: what it is, for people.
    @ivar boot: differs from start to start, if the device tells starts apart.
    @ivar isChecked: has each later line a checksum?
    @ivar buffer: the most bytes of a line that it takes, without its end.
    """

    name: str
    events: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    description: str = ""
    boot: int | float | str | None = None
    isChecked: bool = False
    buffer: int = BUFFER


def readHello(fields: Mapping[str, Any]) -> Hello:
    """
    Who says that it is there.

    @raise ValueError: there cannot be such a sender.
    """
    name = checkSender(_name(fields["hello"], "sender"))
    events = _names(fields, "events", "event", (*TAKEN, LINE))
    if len(events) > MOST_EVENTS:
        raise ValueError(f"there are {len(events)} events; {MOST_EVENTS} is the limit")
    requests = _names(fields, "requests", "method", OWN_REQUESTS)
    description = textOf(fields, "description") if "description" in fields else ""
    if len(description) > LONGEST_DESCRIPTION or not description.isprintable():
        raise ValueError(
            f"the description is longer than {LONGEST_DESCRIPTION} characters, or has others than"
            " printable ones"
        )
    boot = fields.get("boot")
    if boot is not None and (isinstance(boot, bool) or not isinstance(boot, (int, float, str))):
        raise ValueError("boot is neither a number nor text")
    isChecked = fields.get("checksum", False)
    if not isinstance(isChecked, bool):
        raise ValueError("checksum is neither true nor false")
    buffer = fields.get("buffer", BUFFER)
    if not isWhole(buffer) or buffer < SMALLEST:
        raise ValueError(f"buffer is no whole number from {SMALLEST} on")
    return Hello(name, events, requests, description, boot, isChecked, min(buffer, LONGEST))


def _names(
    fields: Mapping[str, Any], key: str, what: str, reserved: Iterable[str]
) -> tuple[str, ...]:
    """
    The names in a list.

    @raise ValueError: it is none, or one of them cannot be.
    """
    given = fields.get(key, [])
    if not isinstance(given, list):
        raise ValueError(f"{key} is no list of names")
    names = tuple(_name(each, what) for each in given)
    seen: set[str] = set()
    for name in names:
        if name in reserved:
            raise BadName(f"{what} {name!r} is the bridge's own; give it another name")
        if name in seen:
            raise BadName(f"{what} {name!r} is there twice")
        seen.add(name)
    return names


def _name(name: object, what: str) -> str:
    """
    A name that a device may give. What it says of itself is shown in many places, so
    there are fewer than an application has.

    @raise BadName: it may not.
    """
    checkName(name, what)
    assert isinstance(name, str)
    if not name.isprintable() or _MARKUP.search(name) is not None:
        raise BadName(
            f"{what} name {name!r:.60} has one of < > & \" ' ` \\ [ ] {{ }} or is invisible"
        )
    return name


def textOf(fields: Mapping[str, Any], key: str) -> str:
    """
    The text of that key.

    @raise ValueError: it is none.
    """
    text = fields[key]
    if not isinstance(text, str):
        raise ValueError(f"{key} is no text")
    return text


def isWhole(number: object) -> TypeGuard[int]:
    """
    Is it a whole number, and neither true nor false?
    """
    return isinstance(number, int) and not isinstance(number, bool)
