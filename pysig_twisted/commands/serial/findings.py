"""
What came of listening to a port at several rates, for people and programs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Final

from ...carriers.portinfo import lastingNames
from ..failing import CommandFailed
from ..output import escape, isTerminal, toJson, write
from ..screen import terminalSize
from ..template import Line
from .probing import Trial
from .scoring import Score, isAnyRate, ranked, score
from .table import listed

HEADINGS: Final = ("baud", "bytes", "printable", "lines", "NMEA", "JSON", "score", "mode")
NUMBERS: Final = HEADINGS[:-1]
NMEA_JSON: Final = slice(3, 5)
"""
Where the columns of these are, after the first.
"""

BEST: Final = "*"
"""
What marks the rate that is right.
"""

NOTHING: Final = (
    "nothing came at any rate",
    "Does the device speak by itself? Many only answer: --send '*IDN?', or --send AT.",
    "Does it speak often enough? --seconds 10 listens for longer.",
    "Is it powered, and is the cable one that carries data?",
    "Is its TX wired to RX here, its RX to TX, and ground to ground? Try RX and TX swapped.",
)
ECHO: Final = (
    "nothing came but what was sent: the line gives that back, which tells nothing of the rate",
    "Are TX and RX wired together? Or is it RS-485 with two wires, and nobody answers?",
)
NO_TEXT: Final = (
    "bytes came, but at no rate are they text",
    "It may have another rate: --baud 31250 tries that one.",
    "It may not speak text, as with Modbus: its manual has the rate then.",
    "Parity looks like that, and so does a level that is inverted (RS-232 at pins of TTL).",
)


class Findings:
    """
    See the module.

    @ivar isAnyRate: does the rate seem to mean nothing to the device?
    """

    def __init__(self, port: str, trials: Sequence[Trial], sent: bytes = b"") -> None:
        """
        @param port: its path.
        @param trials: what came, in the order in which rates are preferred.
        @param sent: what was sent at each.
        """
        self._port = port
        self._trials = trials
        self._sent = sent
        self._scores = [score(trial.data, sent) for trial in trials]
        self._order, self._best = ranked(self._scores)
        self.isAnyRate = isAnyRate(self._scores)

    def show(self, line: Line | None) -> None:
        """
        Print them: as lines if C{line} is given, else for people, else with a tab
        between columns.
        """
        if line is not None:
            lines = [line(self._record(at)) for at in self._order]
        elif not isTerminal(sys.stdout):
            mark = {self._best: BEST}
            lines = ["\t".join((*self._row(at), mark.get(at, ""))) for at in self._order]
        else:
            lines = list(self._forPeople())
        if lines:
            write("\n".join(lines), "utf-8" if line is toJson else None)

    def check(self) -> None:
        """
        See that a rate was found.

        @raise CommandFailed: none was; it says what to do.
        """
        if self._best is not None:
            return
        if any(one.bytes for one in self._scores):
            told: tuple[str, ...] = NO_TEXT
        else:
            told = ECHO if any(trial.data for trial in self._trials) else NOTHING
        raise CommandFailed(told[0], 1, told[1:])

    def _record(self, at: int) -> dict[str, Any]:
        """
        What is known of a rate, for programs.
        """
        trial, found = self._trials[at], self._scores[at]
        return {
            "baud": trial.baud,
            "best": at == self._best,
            "bytes": trial.count,
            "printable": round(found.printable, 4),
            "high": round(found.high, 4),
            "lines": found.lines,
            "nmea": found.nmea,
            "json": found.json,
            "score": found.points,
            "mode": found.mode,
            "frame": found.frame if found.isText else None,
            "sample": found.sample,
            "refused": trial.refused or None,
        }

    def _row(self, at: int) -> tuple[str, ...]:
        """
        The same as columns.
        """
        trial, found = self._trials[at], self._scores[at]
        if trial.refused:
            return (str(trial.baud), "", "", "", "", "", "", "refused by the driver")
        counts = (found.lines, found.nmea, found.json, found.points)
        if not found.bytes:
            return (str(trial.baud), str(trial.count), "", *map(str, counts), "")
        cells = (str(trial.count), f"{found.printable:.0%}", *map(str, counts))
        return (str(trial.baud), *cells, found.mode)

    def _forPeople(self) -> Iterator[str]:
        """
        A table; then the rate, a sample, and lines for a configuration.
        """
        if not any(trial.data for trial in self._trials):
            return
        rows = []
        for at in self._order:
            baud, *others = self._row(at)
            # Nothing in columns that mean nothing here.
            cells = [
                "" if cell == "0" and column > 1 else cell for column, cell in enumerate(others)
            ]
            rows.append((f"{BEST} {baud}" if at == self._best else baud, *cells))
        yield from listed(HEADINGS, rows, terminalSize()[0], NUMBERS)
        if self._best is None:
            return
        best = self._scores[self._best]
        yield from ("", f"{self._trials[self._best].baud} baud, {best.mode}: {kind(best)}, such as")
        yield from (f"  {escape(text)}" for text in best.sample)
        yield from ("", *snippet(self._port, self._trials[self._best].baud, best))


def kind(found: Score) -> str:
    """
    What it is that a device says, in a few words.
    """
    if not found.lines:
        return "text without ends of lines"
    if 2 * found.nmea > found.lines:
        return "sentences of NMEA 0183"
    return "lines of JSON" if 2 * found.json > found.lines else "lines of text"


def snippet(port: str, baud: int, found: Score) -> list[str]:
    """
    The table of a configuration to begin with.

    @param port: the path that was opened. A name that stays takes its place, where udev
        has one.
    """
    path = os.path.realpath(port)
    names = lastingNames("by-id").get(path, ())
    lines = ["[serial.NAME]", f"port = {toJson(names[0] if names else port)}", f"baud = {baud}"]
    if found.mode != "8N1":
        lines.append(f'mode = "{found.mode}"')
    frame = found.frame
    if isinstance(frame, str):
        return [*lines, f"frame = {toJson(frame)}"]
    keys = ", ".join(f"{key} = {toJson(value)}" for key, value in frame.items())
    return [*lines, f"frame = {{{keys}}}"]
