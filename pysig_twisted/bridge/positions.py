"""
Positions in sentences of NMEA 0183.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from zope.interface import implementer

from .parsers import IParser, NmeaParser
from .values import asFloat, asInt

KNOT: Final = 1852 / 3600
"""
In meters per second.
"""

DECIMALS: Final = 8
"""
Of degrees: a millimeter.
"""

MAKER: Final = "P"
"""
The talker of sentences that a maker has made up.
"""

# What stands for a position that is measured. Others are none, estimated, set by hand or
# simulated.
_STATES: Final = frozenset("A")
_QUALITIES: Final = frozenset("123459")
_MODES: Final = frozenset("ADFPR")

_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d|60)((?:\.\d+)?)", re.ASCII)
_DATE = re.compile(r"(\d\d)(\d\d)(\d\d)", re.ASCII)
# By the hemispheres, of which the second is negative: what an angle looks like, and its most.
_ANGLES = {
    "NS": (re.compile(r"(\d\d)([0-5]\d(?:\.\d*)?)", re.ASCII), 90),
    "EW": (re.compile(r"(\d\d\d)([0-5]\d(?:\.\d*)?)", re.ASCII), 180),
}


class Layout(NamedTuple):
    """
    Where the fields of a type of sentence are. Latitude, hemisphere, longitude and
    hemisphere follow one another.

    @ivar least: how many fields there are at least.
    @ivar lat: the number of the latitude.
    @ivar state: the number of the field that tells whether it is valid.
    @ivar valid: what has to be in that field then; one of these letters.
    @ivar others: what else there is: key, number and what reads it.
    """

    least: int
    lat: int
    state: int
    valid: frozenset[str]
    others: tuple[tuple[str, int, Callable[[str], Any]], ...]


def asTime(text: str) -> str:
    """
    C{12:35:19.00} for C{123519.00}.

    @raise ValueError: it is no time.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError("no time")
    hour, minute, second, fraction = found.groups()
    return f"{hour}:{minute}:{second}{fraction}"


def asDate(text: str) -> str:
    """
    C{1994-03-23} for C{230394}. GPS began in 1980: 79 is 2079.

    @raise ValueError: it is no date.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError("no date")
    day, month, year = map(int, found.groups())
    return date(year + (1900 if year >= 80 else 2000), month, day).isoformat()


def asDegrees(text: str, hemisphere: str, hemispheres: str) -> float:
    """
    C{48.1173} for C{4807.038} and C{N}.

    @param hemispheres: C{NS} or C{EW}.
    @raise ValueError: it is no angle, or one of more degrees than there are.
    """
    pattern, most = _ANGLES[hemispheres]
    found = pattern.fullmatch(text)
    if found is None or len(hemisphere) != 1 or hemisphere not in hemispheres:
        raise ValueError("no angle")
    degrees = int(found[1]) + float(found[2]) / 60
    if degrees > most:
        raise ValueError("too many degrees")
    return round(-degrees if hemisphere == hemispheres[1] else degrees, DECIMALS) + 0.0


def asSpeed(text: str) -> float:
    """
    Meters per second for knots.

    @raise ValueError: it is no speed.
    """
    return round(_within(text, float("inf")) * KNOT, 3)


def asCourse(text: str) -> float:
    """
    Degrees, 0 to 360.

    @raise ValueError: it is no course.
    """
    return _within(text, 360)


def asSatellites(text: str) -> int:
    """
    How many there are.

    @raise ValueError: it is no such number.
    """
    _within(text, 999)
    return asInt(text)


def asDilution(text: str) -> float:
    """
    How much worse the position is than it could be.

    @raise ValueError: it is no such number.
    """
    return _within(text, float("inf"))


def _within(text: str, most: float) -> float:
    """
    A number from 0 on.
    """
    number = asFloat(text)
    if not 0 <= number <= most:
        raise ValueError("out of range")
    return number + 0.0


_HEIGHT: Final = (
    ("time", 0, asTime),
    ("altitude", 8, asFloat),
    ("satellites", 6, asSatellites),
    ("hdop", 7, asDilution),
)
_WAY: Final = (
    ("time", 0, asTime),
    ("date", 8, asDate),
    ("speed", 6, asSpeed),
    ("course", 7, asCourse),
)

LAYOUTS: Final = {
    "RMC": Layout(9, 2, 1, _STATES, _WAY),
    "GGA": Layout(10, 1, 5, _QUALITIES, _HEIGHT),
    "GLL": Layout(6, 0, 5, _STATES, (("time", 4, asTime),)),
    "GNS": Layout(9, 1, 5, _MODES, _HEIGHT),
}
"""
The types of sentences that have a position.
"""


@implementer(IParser)
class PositionParser:
    """
    The sentences RMC, GGA, GLL and GNS of any talker, with a checksum that is right. Their
    data have these keys, of which those are left out that are empty in the sentence, or not
    in its type:

      - C{type}: C{RMC} or another one; never left out.
      - C{valid}: was the position measured just now? Then there are C{lat} and C{lon}. Else
        there is none, or one that is old, estimated, set by hand or simulated. Never left out.
      - C{lat}, C{lon}: degrees, the south and the west below 0.
      - C{time}: in UTC, C{12:35:19.00}, with as many digits as the receiver gives.
      - C{date}: in UTC, C{1994-03-23}; RMC has it.
      - C{speed}: over ground, in meters per second; RMC has it.
      - C{course}: over ground, in degrees from true north; RMC has it.
      - C{altitude}: above the sea, in meters; GGA and GNS have it, as what follows.
      - C{satellites}: how many are used.
      - C{hdop}: the horizontal dilution of precision.

    A sentence in which one of these cannot be, such as 91 degrees north, is not taken.
    """

    def __init__(self) -> None:
        """
        There is nothing to set.
        """
        self._sentence = NmeaParser()

    def parse(self, text: str, frame: bytes) -> Any:
        """
        See L{IParser.parse}.
        """
        sentence = self._sentence.parse(text, frame)
        if sentence is None or sentence["talker"] == MAKER:
            return None
        layout = LAYOUTS.get(sentence["type"])
        fields = sentence["fields"]
        if layout is None or len(fields) < layout.least:
            return None
        try:
            return {"type": sentence["type"], **_position(layout, fields)}
        except ValueError:
            return None


def _position(layout: Layout, fields: Sequence[str]) -> dict[str, Any]:
    """
    What is in the fields.

    @raise ValueError: that cannot be.
    """
    lat, ns, lon, ew = fields[layout.lat : layout.lat + 4]
    place = {}
    if lat or lon:
        place = {"lat": asDegrees(lat, ns, "NS"), "lon": asDegrees(lon, ew, "EW")}
    return {
        "valid": bool(place) and not layout.valid.isdisjoint(fields[layout.state]),
        **place,
        **{key: read(fields[at]) for key, at, read in layout.others if fields[at]},
    }
