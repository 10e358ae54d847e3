"""
Settings to framers and rules.
"""

from __future__ import annotations

import re
from typing import Any, Final

from ..names import CONNECT, DISCONNECT
from .checksums import Checksum, checksumFor
from .expressions import compileExpression
from .framers.bracketed import BracketedFramer
from .framers.checked import CheckedFramer
from .framers.counted import FixedFramer, LengthFramer
from .framers.delimited import LineFramer
from .framers.sentences import NmeaFramer
from .framers.silent import GapFramer
from .framers.stuffed import CobsFramer, SlipFramer
from .framesettings import (
    BracketedFrame,
    CobsFrame,
    FixedFrame,
    Frame,
    GapFrame,
    LengthFrame,
    LineFrame,
    NmeaFrame,
    SlipFrame,
)
from .parsers import (
    CsvParser,
    HexParser,
    JsonParser,
    NmeaParser,
    PairsParser,
    RegexParser,
    TextParser,
)
from .positions import PositionParser
from .rules import LATE, NOISE_EVENT, Rule, Rules
from .settings import DeviceSettings, EventSettings
from .values import TYPES

STATS: Final = "#stats"
RAW: Final = "#raw"
TAKEN: Final = (CONNECT, DISCONNECT, LATE, NOISE_EVENT, STATS, RAW)
"""
Events that no rule fires.
"""


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
        parserFor(settings, expression),
        settings.names or (settings.name,),
        nameFrom=settings.nameFrom or None,
        match=None if settings.parse == "regex" else expression,
        minInterval=settings.minInterval,
        onChange=settings.onChange,
    )


def parserFor(settings: EventSettings, expression: re.Pattern[str] | None) -> Any:
    """
    What a rule reads frames with, an L{IParser<pysig_twisted.bridge.parsers.IParser>}.

    @param expression: what its C{match} spells.
    @raise ValueError: there is none where there must be one.
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
    plain = {
        "json": JsonParser,
        "position": PositionParser,
        "hex": HexParser,
        "text": TextParser,
    }
    return plain[settings.parse]()
