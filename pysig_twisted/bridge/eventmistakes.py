"""
What is wrong with rules whose settings are right one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..errors import BadName
from ..names import checkName
from .building import TAKEN
from .effort import quickExpression
from .parsers import SKIPPED
from .settings import EventSettings
from .tables import shown

NMEA_HEAD: Final = ("talker", "type")

# The parsers that look at a key. Others leave it alone, so that giving it is a mistake.
_CONCERNED: Final = {
    "types": ("regex", "csv", "kv", "nmea"),
    "columns": ("csv", "kv", "nmea"),
    "delimiter": ("csv", "kv"),
    "equals": ("kv",),
}
_NAMED: Final = ("regex", "json", "csv", "kv", "nmea")
_USUAL: Final = EventSettings()

Mistake = tuple[str, str]
"""
A key, and the rest of a sentence.
"""


def eventMistakes(settings: EventSettings, longest: int) -> Iterator[Mistake]:
    """
    What is wrong with a rule: the key, and the rest of a sentence.

    @param longest: the most characters of the text of a frame.
    """
    for attribute, parsers in _CONCERNED.items():
        given = getattr(settings, attribute)
        if given != getattr(_USUAL, attribute) and settings.parse not in parsers:
            yield attribute, f"means nothing with parse = {shown(settings.parse)}; leave it out"
    known: list[str] | None = None
    if settings.match:
        try:
            expression = quickExpression(settings.match, longest)
        except ValueError as error:
            yield "match", f"{shown(settings.match)} {error}"
        else:
            known = list(expression.groupindex)
            if settings.parse == "regex" and expression.groups > len(known):
                yield (
                    "match",
                    f"{shown(settings.match)} has a group without a name;"
                    " write (?P<name>...), or (?:...) for one that is no value",
                )
    elif settings.parse == "regex":
        yield "match", "is missing; give a regular expression, or another parse"
    if settings.parse != "regex":
        known = None
    if settings.parse in _CONCERNED["columns"]:
        yield from _columnMistakes(settings)
        known = [name for name in settings.columns if name != SKIPPED] or None
    if known is not None and settings.parse in _CONCERNED["types"]:
        for name in settings.types:
            if name not in known:
                has = ", ".join(known) or "none"
                yield "types", f"has {shown(name)}, which is no value here; there are: {has}"
    yield from _delimiterMistakes(settings)
    yield from _nameMistakes(settings, known)


def _columnMistakes(settings: EventSettings) -> Iterator[Mistake]:
    """
    What is wrong with the names of values.
    """
    columns = settings.columns
    if settings.parse == "csv" and not columns:
        yield "columns", "is missing; give the names of the values, such as ['t', 'h']"
    for name in dict.fromkeys(columns):
        if columns.count(name) > 1 and name != SKIPPED:
            yield "columns", f"has {shown(name)} twice"
        if not name:
            yield "columns", "has an empty name; '_' stands for a value that is left out"
        if settings.parse == "nmea" and name in NMEA_HEAD:
            yield "columns", f"has {shown(name)}, which each sentence has anyway"


def _delimiterMistakes(settings: EventSettings) -> Iterator[Mistake]:
    """
    What is wrong with what stands between values.
    """
    delimiter, equals = settings.delimiter, settings.equals
    if settings.parse == "csv" and (len(delimiter) > 1 or delimiter in ('"', "\r", "\n")):
        yield "delimiter", f"is {shown(delimiter)}; give one character, such as ';'"
    if settings.parse == "kv":
        if not equals:
            yield "equals", "is empty; give what stands between a name and its value"
        elif equals.isspace() or equals == delimiter:
            yield "equals", f"is {shown(equals)}, which stands between pairs, too"


def _nameMistakes(settings: EventSettings, known: list[str] | None) -> Iterator[Mistake]:
    """
    What is wrong with the names of events.
    """
    if settings.nameFrom:
        if settings.name:
            yield "name", "stands beside name_from; leave one of them out"
        if not settings.names:
            yield "names", "is missing; give the names that name_from can find"
        if settings.parse not in _NAMED:
            yield "nameFrom", f"means nothing with parse = {shown(settings.parse)}; give name"
        elif known is not None:
            keys = [*known, *(NMEA_HEAD if settings.parse == "nmea" else ())]
            if settings.nameFrom not in keys:
                has = ", ".join(keys) or "none"
                yield "nameFrom", f"is {shown(settings.nameFrom)}; give one of: {has}"
    elif settings.names:
        yield "names", "means nothing without name_from; give name for one event"
    elif not settings.name:
        yield "name", "is missing; give the name of the event"
    given = [("name", settings.name)] if settings.name else []
    for key, name in [*given, *(("names", name) for name in settings.names)]:
        try:
            checkName(name, "event")
        except BadName as error:
            yield key, f"is no name: {error.message}"
        if name in TAKEN:
            yield key, f"is {shown(name)}, which the bridge fires itself; take another"
