"""
The serial devices of a configuration file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import msgspec

from ..carriers.serialline import LineSettings
from ..carriers.serialmatch import PortMatch
from ..core.signals import MAX_EVENTS
from ..errors import BadName
from ..names import checkName, isReserved
from .building import RAW, STATS, checksumOf, framerFor
from .effort import quickExpression
from .eventmistakes import eventMistakes
from .framesettings import FRAMES, ChecksumSettings, LineFrame
from .ports import portMistakes, twins
from .presets import PRESETS, merged, preset
from .requesttables import pollsOf, requestsOf
from .settings import DeviceSettings, EventSettings, NoiseSettings, Reopen
from .tables import Place, heading, isTable, read, shown, snake, unknown
from .text import decoder

TABLE: Final = "serial"
"""
The table of the file that has all devices, by name.
"""

FASTEST_STATS: Final = 0.1
"""
The fewest seconds between two events C{#stats}, if there are any.
"""

LONG_FRAME: Final = 4096
"""
The most bytes of a line of a device that describes itself, where the table does not say.
"""

# Keys that mean nothing where a device says itself what it offers.
DESCRIBED: Final = ("event", "request", "poll", "lines", "ready", "checksum", "preset", "console")

LISTS: Final = ("event", "request", "poll")

# Keys of the line that mean nothing where the port is an endpoint.
LINE_KEYS: Final = LineSettings.__struct_fields__


def devices(
    tables: object,
    where: str,
    *,
    resolve: Callable[[str], str] = os.path.realpath,
    endpointProblem: Callable[[str], str] = lambda text: "",
) -> tuple[list[DeviceSettings], list[str]]:
    """
    The devices of the table C{[serial]}, and a sentence for each mistake.

    @param tables: the value of the key C{serial} of the file: tables, by name.
    @param where: what the file is called.
    @param resolve: gives the path that a path stands for, so that a device is found
        out that is given twice.
    @param endpointProblem: tells what is wrong with an endpoint string, or nothing.
    @return: the devices that are right, and all mistakes.
    """
    errors: list[str] = []
    found: list[DeviceSettings] = []
    if not isinstance(tables, Mapping):
        return [], [f"{where}: {TABLE}: is {shown(tables)}; head it [{TABLE}.NAME]"]
    for name, values in tables.items():
        place = _placeOf(errors, where, name)
        if isTable(values, place):
            before = len(errors)
            inner = partial(_placeOf, errors, where, name)
            device = _device(name, values, place, inner, endpointProblem)
            if device is not None and len(errors) == before:
                found.append(device)
    for device, key, problem in twins(found, resolve, lambda name: f"[{heading(TABLE, name)}]"):
        _placeOf(errors, where, device.name).wrong(key, problem)
    return found, errors


def _placeOf(
    errors: list[str], where: str, name: str, key: str = "", which: str | int = ""
) -> Place:
    """
    The place of a device's table, or of one in it: of a list by its number, else by name.
    """
    if isinstance(which, int):
        return Place(errors, f"{where}: [[{heading(TABLE, name, key)}]] {which}")
    names = [TABLE, name, key, which] if key else [TABLE, name]
    return Place(errors, f"{where}: [{heading(*names)}]")


def _device(
    name: str,
    values: Mapping[str, Any],
    place: Place,
    inner: Callable[..., Place],
    endpointProblem: Callable[[str], str],
) -> DeviceSettings | None:
    """
    One device; where there are mistakes, they are noted.

    @param inner: the place of a table in it: by its key, and its name or its number for
        people.
    """
    try:
        checkName(name, "sender")
        if isReserved(name):
            raise BadName(f"sender name {name!r} begins with $, as only the router's own do")
    except BadName as error:
        place.wrong("", f"is no name for a device: {error.message}")
    known = [
        snake(key) for key in DeviceSettings.__struct_fields__ if key not in DeviceSettings.KEYLESS
    ]
    given, values = values, _withPreset(values, place)
    own = {key: value for key, value in values.items() if key in known and key not in LISTS}
    if values.get("speaks") == "pysig":
        for key in given:
            if key in DESCRIBED:
                place.wrong(
                    key,
                    "means nothing with speaks = 'pysig': the device says itself what it offers",
                )
        own.setdefault("frame", {"type": "line", "max": LONG_FRAME})
    line = {key: value for key, value in values.items() if key in LINE_KEYS}
    for key in values:
        if key not in known and key not in LINE_KEYS:
            unknown(key, [*known, "preset", *LINE_KEYS], place)
    device = read(
        DeviceSettings,
        {**own, "name": name},
        place,
        {
            "match": lambda value, inner: _table(PortMatch, value, inner),
            "reopen": lambda value, inner: _table(Reopen, value, inner),
            "noise": lambda value, inner: _table(NoiseSettings, value, inner),
            "frame": _frame,
            "checksum": _checksum,
        },
    )
    settings = read(LineSettings, line, place)
    assert device is not None  # its name is text, and nothing else is required
    for key, problem in _mistakes(device, own, line, endpointProblem):
        if place.isRight(key):
            place.wrong(key, problem)
    rules = _rules(values.get("event", []), device.longestText, place, partial(inner, "event"))
    device = msgspec.structs.replace(device, line=settings or LineSettings(), event=tuple(rules))
    if all(place.isRight(key) for key in ("frame", "checksum", "encoding")):
        requests = requestsOf(values.get("request", {}), device, place, partial(inner, "request"))
        device = msgspec.structs.replace(device, request=requests)
        polls = pollsOf(values.get("poll", []), device, place, partial(inner, "poll"))
        device = msgspec.structs.replace(device, poll=tuple(polls))
    if problem := _eventProblem(device):
        place.wrong("event", problem)
    if device.checksum.type == "nmea" and any(rule.parse in ("nmea", "position") for rule in rules):
        place.wrong(
            "checksum", "is 'nmea', as is a rule's parse, which looks at it itself; leave it out"
        )
    return device


def _withPreset(values: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
    """
    The table of a device with what its preset gives, if it names one.
    """
    if "preset" not in values:
        return values
    rest, name = dict(values), values["preset"]
    del rest["preset"]
    if name in PRESETS:
        return merged(rest, preset(name))
    place.wrong("preset", f"is {shown(name)}; give one of {', '.join(PRESETS)}")
    return rest


def _eventProblem(device: DeviceSettings) -> str:
    """
    What is wrong with how many events the rules have; nothing where it is right.
    """
    own = {*msgspec.structs.replace(device, event=(), poll=()).events, STATS, RAW}
    count, room = len({*device.events} - own), MAX_EVENTS - len(own)
    if count <= room:
        return ""
    return (
        f"its rules and polls have {count} different events; {room} is the most, beside"
        f" {', '.join(sorted(own))}"
    )


def _table(kind: type[Any], value: object, place: Place) -> Any:
    """
    A table within a line.
    """
    return read(kind, value, place) if isTable(value, place) else None  # type: ignore[arg-type]


def _frame(value: object, place: Place) -> Any:
    """
    The kind of frame: a table with its type, or the type alone.
    """
    if isinstance(value, str):
        value = {"type": value}
    if not isTable(value, place):
        return None
    assert isinstance(value, Mapping)
    rest = dict(value)
    kind = rest.pop("type", None)
    if not isinstance(kind, str) or kind not in FRAMES:
        said = "is missing" if kind is None else f"is {shown(kind)}"
        place.wrong("type", f"{said}; give one of {', '.join(FRAMES)}")
        return None
    return read(FRAMES[kind], rest, place)


def _checksum(value: object, place: Place) -> Any:
    """
    The checksum: a table with its type, or the type alone.
    """
    return _table(ChecksumSettings, {"type": value} if isinstance(value, str) else value, place)


def _rules(
    values: object, longest: int, place: Place, rulePlace: Callable[[int], Place]
) -> list[EventSettings]:
    """
    The rules of a device.

    @param longest: the most characters of the text of a frame.
    """
    if not isinstance(values, list):
        place.wrong("event", f"is {shown(values)}; head each rule [[serial.NAME.event]]")
        return []
    rules: dict[int, EventSettings] = {}
    for number, value in enumerate(values, 1):
        inner = rulePlace(number)
        rule = read(EventSettings, value, inner) if isTable(value, inner) else None
        if rule is None:
            continue
        for attribute, problem in eventMistakes(rule, longest):
            if inner.isRight(snake(attribute)):
                inner.wrong(snake(attribute), problem)
        for other, earlier in rules.items():
            if rule == earlier:
                inner.wrong("", f"is the same as number {other}; leave one of them out")
                break
        rules[number] = rule
    return list(rules.values())


def _mistakes(
    device: DeviceSettings,
    own: Mapping[str, Any],
    line: Mapping[str, Any],
    endpointProblem: Callable[[str], str],
) -> Iterator[tuple[str, str]]:
    """
    What is wrong with settings that are right one by one: the key, and the rest of a
    sentence.

    @param own: what is given of the device.
    @param line: what is given of the line.
    """
    yield from portMistakes(device, own, line, endpointProblem)
    for key, text in (("ready", device.ready), ("reset", device.reset)):
        try:
            quickExpression(text, device.longestText)
        except ValueError as error:
            yield key, f"{shown(text)} {error}"
    if 0 < device.stats < FASTEST_STATS:
        yield "stats", f"is {device.stats:g}; give 0, or at least {FASTEST_STATS:g} seconds"
    if device.reopen.min > device.reopen.max:
        yield (
            "reopen",
            f"has a min of {device.reopen.min:g}, above its max of {device.reopen.max:g}",
        )
    if isinstance(device.frame, LineFrame) is False and device.speaks == "pysig":
        yield "frame", "must be of type line with speaks = 'pysig'"
    if device.clear is not None and not device.clear.isascii():
        yield "clear", f"is {shown(device.clear)}; give ASCII text"
    try:
        decoder(device.encoding)
    except ValueError as error:
        yield "encoding", f"is {shown(device.encoding)}: {error}"
    try:
        checksumOf(device)
    except ValueError as error:
        yield "checksum", f"cannot be: {error}"
    else:
        try:
            framerFor(device)
        except ValueError as error:
            yield "frame", f"cannot be: {error}"
