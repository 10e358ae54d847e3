"""
Settings to framers and rules, and what is wrong with settings that are right one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from ..errors import BadName
from ..names import CONNECT, DISCONNECT, checkName
from .checksums import Checksum, checksumFor
from .effort import checkEffort
from .expressions import compileExpression
from .framers.bracketed import BracketedFramer
from .framers.checked import CheckedFramer
from .framers.counted import FixedFramer, LengthFramer
from .framers.delimited import LineFramer
from .framers.sentences import NmeaFramer
from .framers.silent import GapFramer
from .framers.stuffed import CobsFramer, SlipFramer
from .framing import SAMPLE
from .parsers import (
    SKIPPED,
    CsvParser,
    HexParser,
    JsonParser,
    NmeaParser,
    PairsParser,
    RegexParser,
    TextParser,
)
from .rules import NOISE_EVENT, Rule, Rules
from .settings import (
    BracketedFrame,
    CobsFrame,
    DeviceSettings,
    EventSettings,
    FixedFrame,
    Frame,
    GapFrame,
    LengthFrame,
    LineFrame,
    NmeaFrame,
    SlipFrame,
)
from .tables import shown
from .values import TYPES

STATS: Final = "#stats"
RAW: Final = "#raw"
TAKEN: Final = (CONNECT, DISCONNECT, NOISE_EVENT, STATS, RAW)
"""
Events that no rule fires.
"""

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


def framerFor(settings: DeviceSettings) -> Any:
    """
    A framer for what a device says, an L{IFramer<pysig_twisted.bridge.framing.IFramer>}.
    Its payloads have no checksum any more.

    @raise ValueError: the settings of the frame do not go together.
    """
    checksum = checksumOf(settings)
    frame = settings.frame
    if isinstance(frame, (FixedFrame, LengthFrame)):
        return _counted(frame, checksum)
    if isinstance(frame, NmeaFrame) and checksum is not None:
        raise ValueError("frames of type nmea have their own checksum; leave checksum out")
    framer = _delimited(frame)
    return framer if checksum is None else CheckedFramer(framer, checksum)


def checksumOf(settings: DeviceSettings) -> Checksum | None:
    """
    The checksum of a device's frames, if they have one.

    @raise ValueError: its settings do not go together.
    """
    given = settings.checksum
    return checksumFor(given.type, given.order, given.skip)


def _counted(frame: FixedFrame | LengthFrame, checksum: Checksum | None) -> Any:
    """
    The framers that know where a checksum is.
    """
    sync = bytes.fromhex(frame.sync)
    if isinstance(frame, FixedFrame):
        return FixedFramer(frame.size, sync, checksum, frame.timeout)
    return LengthFramer(
        frame.field, frame.offset, frame.adjust, frame.max, sync, checksum, frame.timeout
    )


def _delimited(frame: Frame) -> Any:
    """
    The other ones.
    """
    if isinstance(frame, LineFrame):
        ends = (frame.end,) if isinstance(frame.end, str) else frame.end
        try:
            coded = [end.encode("latin-1") for end in ends]
        except UnicodeEncodeError:
            raise ValueError(
                "each character of end is one byte; the highest is '\\u00ff'"
            ) from None
        return LineFramer(coded, frame.max)
    if isinstance(frame, CobsFrame):
        return CobsFramer(frame.max)
    if isinstance(frame, SlipFrame):
        return SlipFramer(frame.max)
    if isinstance(frame, NmeaFrame):
        return NmeaFramer(frame.max)
    if isinstance(frame, GapFrame):
        return GapFramer(frame.ms / 1000, frame.max)
    assert isinstance(frame, BracketedFrame)
    dle = int(frame.dle, 16) if frame.dle else None
    return BracketedFramer(int(frame.stx, 16), int(frame.etx, 16), dle, frame.max)


def rulesFor(settings: DeviceSettings) -> Rules:
    """
    The rules for a device, from when it comes until it goes: they remember what was
    fired.

    @raise ValueError: L{eventMistakes} has something to say.
    """
    return Rules(
        map(_rule, settings.event), encoding=settings.encoding, lines=settings.lines == "event"
    )


def _rule(settings: EventSettings) -> Rule:
    """
    One of them.
    """
    expression = compileExpression(settings.match) if settings.match else None
    return Rule(
        _parser(settings, expression),
        settings.names or (settings.name,),
        nameFrom=settings.nameFrom or None,
        match=None if settings.parse == "regex" else expression,
        minInterval=settings.minInterval,
        onChange=settings.onChange,
    )


def _parser(settings: EventSettings, expression: re.Pattern[str] | None) -> Any:
    """
    What a rule reads frames with.
    """
    types = {name: TYPES[kind] for name, kind in settings.types.items()}
    columns, delimiter = settings.columns, settings.delimiter
    if settings.parse == "regex":
        if expression is None:
            raise ValueError("match is missing")
        return RegexParser(expression, types)
    if settings.parse == "csv":
        return CsvParser(columns, types, delimiter or ",")
    if settings.parse == "kv":
        return PairsParser(columns, types, delimiter or " ", settings.equals)
    if settings.parse == "nmea":
        return NmeaParser(columns, types)
    return {"json": JsonParser, "hex": HexParser, "text": TextParser}[settings.parse]()


def expressionFor(text: str, longest: int) -> re.Pattern[str]:
    """
    The expression that a setting spells.

    @param longest: the most characters that it is looked for in; see L{longestText}.
    @raise ValueError: it is none, or one that could take too long.
    """
    expression = compileExpression(text)
    checkEffort(text, longest)
    return expression


def longestText(settings: DeviceSettings) -> int:
    """
    The most characters that the text of a frame has, or of noise that is looked at.
    """
    frame = settings.frame
    most = max(SAMPLE, frame.size if isinstance(frame, FixedFrame) else frame.max)
    return most * (4 if settings.encoding.endswith(":backslashreplace") else 1)  # as \\xff


def eventMistakes(settings: EventSettings, longest: int) -> Iterator[Mistake]:
    """
    What is wrong with a rule: the key, and the rest of a sentence.

    @param longest: the most characters of the text of a frame; see L{longestText}.
    """
    for attribute, parsers in _CONCERNED.items():
        given = getattr(settings, attribute)
        if given != getattr(_USUAL, attribute) and settings.parse not in parsers:
            yield attribute, f"means nothing with parse = {shown(settings.parse)}; leave it out"
    known: list[str] | None = None
    if settings.match:
        try:
            expression = expressionFor(settings.match, longest)
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
