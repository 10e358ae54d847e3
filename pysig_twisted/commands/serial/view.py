"""
What happens to a device, as lines.

A happening is a record with the fields of C{pysig listen --json}. C{seq} is C{None} in
those that were not fired but asked for: the state of the device at first, and counters.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from ...names import CONNECT, DISCONNECT
from ..facts import sizeText
from ..output import escape, timeText, toJson
from ..template import Line
from .bridges import STATE, DeviceState, readState
from .dump import WIDE, bytesOf, dump

RAW: Final = "#raw"
STATS: Final = "#stats"
NOISE: Final = "noise"

COLUMN: Final = 12
"""
Columns for the name of an event, at least.
"""

WORDS: Final = {
    "opens": "opened",
    "frames": "frames",
    "badFrames": "bad frames",
    "noiseBytes": "bytes of noise",
    "events": "events",
    "held": "held back",
    "unchanged": "unchanged",
    "dropped": "dropped",
    "early": "too early",
}
ALWAYS: Final = ("opens", "frames", "badFrames", "events")
"""
Counters that are shown even if they are 0.
"""


LINE: Final = "seriallink:"
"""
What the addresses of lines between routers begin with.
"""

_OPTIONS: Final = re.compile(r"(?<!\\):\w+=.*\Z")
_ESCAPED: Final = re.compile(r"\\(.)")


def isLine(name: str) -> bool:
    """
    Does this name a line between routers, and no device?
    """
    return name.startswith(LINE)


def lineAddress(name: str) -> str:
    """
    The address of a line, from its endpoint string, or as it is.
    """
    return _ESCAPED.sub(r"\1", _OPTIONS.sub("", name))


class View:
    """
    Makes the lines, for people or by a form.
    """

    def __init__(
        self, name: str, line: Line | None = None, color: bool = False, count: int = WIDE
    ) -> None:
        """
        @param name: that of the device.
        @param line: what makes a line of a record; C{None} for people.
        @param color: may there be colors?
        @param count: how many bytes of C{#raw} people see on a line.
        """
        self._name = name
        self._line = line
        self._color = color
        self._count = count

    def text(self, record: Mapping[str, Any]) -> str:
        """
        The line for a record, or the lines, without the end of the last one.
        """
        if self._line is not None:
            return self._line(record)
        event, data = record["event"], record["data"]
        time, shown = timeText(record["time"]), f"{escape(event):<{COLUMN}}"
        lead = " " * (len(time) + 2 + len(shown) + 2)
        found = bytesOf(data) if event == RAW else None
        if found is not None:
            rest = f"\n{lead}".join(dump(found, self._count))
        else:
            rest = self._words(record["sender"], event, data)
        if record["replayed"]:
            text = f"{time}  {shown}  {rest}  (replayed)"
            return f"\x1b[2m{text}\x1b[0m" if self._color else text
        if self._color:
            time, shown = f"\x1b[2m{time}\x1b[0m", f"\x1b[1m{shown}\x1b[0m"
        return f"{time}  {shown}  {rest}".rstrip()

    def _words(self, sender: str, event: str, data: Any) -> str:
        """
        What an event tells.
        """
        isBridges = sender != self._name
        if isBridges and event == DISCONNECT:
            return f"its bridge {escape(sender)} is gone: {reasonOf(data)}"
        if isBridges and event == STATE:
            state = readState(data)
            return toJson(data) if state is None else stateText(state, sender)
        if event == CONNECT:
            return sinceText(data)
        if event == DISCONNECT:
            return reasonOf(data)
        make: Callable[[Any], str] = {NOISE: noiseText, STATS: countersText}.get(event, toJson)
        return make(data)


def stateText(state: DeviceState, bridge: str) -> str:
    """
    How a device is.
    """
    reason = f" ({escape(state.reason)})" if state.reason else ""
    why = f": {escape(state.why)}" if state.why and state.why != state.reason else ""
    boot = f", boot {state.boot}" if state.boot and not why else ""
    return f"{escape(state.state)}{reason}{boot}{state.among}, at {escape(bridge)}{why}"


def reasonOf(data: Any) -> str:
    """
    Why something is gone.
    """
    reason = data.get("reason") if isinstance(data, Mapping) else None
    return escape(reason) if isinstance(reason, str) else toJson(data)


def sinceText(data: Any) -> str:
    """
    Since when a device is there.
    """
    since = data.get("since") if isinstance(data, Mapping) else None
    return f"since {timeText(since)}" if isinstance(since, (int, float)) else toJson(data)


def noiseText(data: Any) -> str:
    """
    What came that is no frame.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("text"), str):
        return toJson(data)
    hint = f"; {escape(str(data['hint']))}" if "hint" in data else ""
    why = escape(str(data.get("why", "")))
    return f"{toJson(data.get('bytes'))} bytes ({why}), such as {toJson(data['text'])}{hint}"


def countersText(data: Any) -> str:
    """
    The counters of a device. Those that are rarely more than 0 are left out then.
    """
    if not isinstance(data, Mapping):
        return toJson(data)
    if "goodputIn" in data:
        return lineText(data)
    parts = []
    number = data.get("bytesIn")
    if isinstance(number, (int, float)):
        parts.append(f"in {sizeText(number)}")
    for name, words in WORDS.items():
        number = data.get(name)
        if isinstance(number, int) and (number or name in ALWAYS):
            parts.append(f"{words} {number:,}")
    use = data.get("lineUse")
    if isinstance(use, (int, float)):
        parts.append(f"line use {use:.1%}")
    return ", ".join(parts) or toJson(data)


def lineText(data: Mapping[str, float | None]) -> str:
    """
    How a line is that routers speak over.
    """

    def figure(key: str) -> float:
        return data.get(key) or 0.0

    parts = [f"in {figure('goodputIn'):,.0f} B/s, out {figure('goodputOut'):,.0f} B/s"]
    if figure("rate"):
        parts.append(f"line use in {figure('useIn'):.0%}, out {figure('useOut'):.0%}")
    if figure("roundTrip"):
        parts.append(f"round trip {figure('roundTrip') * 1000:,.0f} ms")
    parts += [f"{figure(key):,.0f} {key}" for key in ("resent", "bad")]
    return ", ".join(parts)


def askedRecord(sender: str, event: str, data: Any) -> dict[str, Any]:
    """
    The record of something that was asked for, now.
    """
    return {
        "sender": sender,
        "event": event,
        "seq": None,
        "time": time.time(),
        "data": data,
        "replayed": False,
    }
