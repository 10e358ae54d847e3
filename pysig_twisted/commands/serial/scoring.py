"""
Which of several baud rates makes sense of a serial line, by what came at each.

At the right rate a device that speaks text is all printable, and its lines end. At a
wrong one there is hardly ever the end of a line, and less than half of it is printable.
Nothing here opens anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from ...bridge.checksums import NmeaChecksum

PRINTABLE: Final = 0.8
"""
The share of printable bytes from which on lines are believed.
"""

SURE: Final = 0.85
"""
The same where there are no lines, once L{DOUBT} is counted in.
"""

DOUBT: Final = 8
GUESS: Final = 0.4
"""
How many bytes are thought to have come besides, and what share of these was printable: a
few bytes that look well prove little.
"""

SAMPLE: Final = 3
SAMPLE_BYTES: Final = 60
"""
Lines of a sample, and its bytes where there are no lines.
"""

MODES: Final = {"7E1": 0, "7O1": 1}
PARITY_BYTES: Final = 16
PARITY_SHARE: Final = 0.95
HIGH: Final = 0.1
"""
Modes whose parity looks like an eighth bit, and what it makes of the number of bits that
are set; how many bytes it takes to see that, what share of them must be right, and what
share must have the highest bit set.
"""

_END = re.compile(rb"\r\n|\n|\r")
_SENTENCE = re.compile(rb"[$!][A-Z0-9]{3,}[^\r\n]*\*[0-9A-Fa-f]{2}")
_NMEA = NmeaChecksum()
_LOW = bytes(byte & 0x7F for byte in range(256))


class Score(msgspec.Struct, frozen=True):
    """
    What is to be said of the bytes that came at one rate.

    @ivar bytes: how many were looked at.
    @ivar printable: the share of them that is printable text, 0 to 1.
    @ivar high: the share of them above 0x7f, 0 to 1.
    @ivar lines: whole lines of printable text.
    @ivar nmea: those that are sentences of NMEA 0183 with the right checksum.
    @ivar json: those that are JSON objects.
    @ivar points: how much it looks like what a device says, 0 to 100.
    @ivar isText: is this convincing?
    @ivar mode: of the line, by which that holds: C{8N1}, or one of L{MODES}.
    @ivar end: what lines end with; empty where there are none.
    @ivar sample: the first lines, or where there are none, the first bytes as text.
    """

    bytes: int = 0
    printable: float = 0.0
    high: float = 0.0
    lines: int = 0
    nmea: int = 0
    json: int = 0
    points: int = 0
    isText: bool = False
    mode: str = "8N1"
    end: str = ""
    sample: tuple[str, ...] = ()

    @property
    def frame(self) -> str | dict[str, str]:
        """
        What the key C{frame} of such a device is.
        """
        if not self.lines:
            return "gap"
        if 2 * self.nmea > self.lines:
            return "nmea"
        return {"type": "line", "end": "\r"} if self.end == "\r" else "line"


def score(data: bytes, sent: bytes = b"") -> Score:
    """
    What is to be said of what came.

    @param sent: what was sent before: where it comes back at first, that is an echo, which
        tells nothing of the rate.
    """
    if sent and data.startswith(sent):
        data = data[len(sent) :]
    if not data:
        return Score()
    count = len(data)
    high = sum(byte > 0x7F for byte in data) / count
    mode = _mode(data, high)
    if mode in MODES:
        data = data.translate(_LOW)
    printable = _printable(data)
    lines = list(_lines(data))
    nmea = [line for line in lines if _isSentence(line)]
    json = [line for line in lines if _isObject(line)]
    whole, known = (sum(len(line) + 1 for line in some) for some in (lines, nmea + json))
    believed = (printable + GUESS * DOUBT) / (count + DOUBT)
    points = 40 * believed + (30 * min(whole, count) + 30 * min(known, count)) / (count + DOUBT)
    isText = printable >= PRINTABLE * count if lines else believed >= SURE
    # The first line is often the rest of one that had begun.
    shown = lines[1 : 1 + SAMPLE] if len(lines) > SAMPLE else lines or [data[:SAMPLE_BYTES]]
    return Score(
        bytes=count,
        printable=printable / count,
        high=high,
        lines=len(lines),
        nmea=len(nmea),
        json=len(json),
        points=round(points),
        isText=isText,
        mode=mode,
        end=("\n" if b"\n" in data else "\r") if lines else "",
        sample=tuple(line.decode("utf-8", "replace") for line in shown),
    )


def ranked(scores: Sequence[Score]) -> tuple[list[int], int | None]:
    """
    Which are best.

    @param scores: one for each rate, in the order in which rates are preferred.
    @return: the places in C{scores}, the best first; and the place of the one that is
        right, C{None} if none is convincing. Where all at which something came are, as
        with devices to which the rate means nothing, that is the first of them.
    """
    order = sorted(range(len(scores)), key=lambda at: -scores[at].points)
    convincing = [at for at in order if scores[at].isText]
    if not convincing:
        return order, None
    best = min(convincing) if isAnyRate(scores) else convincing[0]
    order.remove(best)
    return [best, *order], best


def isAnyRate(scores: Sequence[Score]) -> bool:
    """
    Does the rate seem to mean nothing? It is text at three rates or more, and at no rate
    anything else.
    """
    came = [one for one in scores if one.bytes]
    return len(came) > 2 and all(one.isText for one in came)


def _mode(data: bytes, high: float) -> str:
    """
    The mode of the line: C{8N1}, unless the highest bits are the parity of the others.

    @param high: the share of bytes in which that bit is set.
    """
    if high > HIGH and len(data) >= PARITY_BYTES:
        for mode, parity in MODES.items():
            right = sum(byte.bit_count() % 2 == parity for byte in data)
            if right >= PARITY_SHARE * len(data):
                return mode
    return "8N1"


def _printable(data: bytes) -> int:
    """
    How many bytes are printable text, in UTF-8, or the end of a line or a tab.
    """
    text = data.decode("utf-8", "replace")
    return sum(
        len(char.encode())
        for char in text
        if char != "\ufffd" and (char.isprintable() or char in "\t\r\n")
    )


def _lines(data: bytes) -> Iterator[bytes]:
    """
    The whole lines that are printable, and longer than a character.
    """
    for line in _END.split(data)[:-1]:
        if len(line) > 1 and _printable(line) == len(line):
            yield line


def _isSentence(line: bytes) -> bool:
    """
    Is that NMEA 0183, with the right checksum?
    """
    return _SENTENCE.fullmatch(line) is not None and _NMEA.verify(line) is not None


def _isObject(line: bytes) -> bool:
    """
    Is that a JSON object?
    """
    if not line.lstrip().startswith(b"{"):
        return False
    try:
        found: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError):
        return False
    return isinstance(found, dict)
