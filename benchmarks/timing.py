"""
Measuring several things fairly: in turns, several times, and compared within each turn.

A machine is faster in one minute than in the next. So all contenders are measured once, then
all of them again, each time in another order; and a ratio is taken between values of the same
turn. What is reported is the median over the turns.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Figures = dict[str, float]
"""
What one measurement of one contender gave, by name.
"""

Measure = Callable[[], Figures]


@dataclass(frozen=True)
class Settings:
    """
    How much to measure.

    @ivar repeats: turns; in each of them every contender is measured once.
    @ivar quick: only see that everything works: the figures mean nothing.
    """

    repeats: int = 5
    quick: bool = False


@dataclass(frozen=True)
class Table:
    """
    What was measured of one workload.

    @ivar key: its name for programs.
    @ivar title: the workload.
    @ivar unit: of the values.
    @ivar reference: the contender that the others are compared with.
    @ivar values: for each contender, its value in each turn.
    @ivar notes: what was counted, for people.
    @ivar beside: what else was measured: for each contender medians, by name.
    """

    key: str
    title: str
    unit: str
    reference: str
    values: Mapping[str, Sequence[float]]
    notes: Sequence[str] = ()
    beside: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def ratio(self, name: str, reference: str | None = None) -> float:
        """
        How many times the reference's value this one's is: the median over the turns.
        """
        pairs = zip(self.values[name], self.values[reference or self.reference], strict=True)
        return median(value / reference for value, reference in pairs)

    def lines(self) -> list[str]:
        """
        The table, for people.
        """
        width = max(map(len, self.values))
        more = list(dict.fromkeys(key for found in self.beside.values() for key in found))
        head = f"{'':{width}}  {'median':>12}  {'lowest':>12}  {'highest':>12}  {'ratio':>6}"
        lines = [f"{self.title} ({self.unit})", "  ".join([head, *more])]
        for name, values in self.values.items():
            figures = "  ".join(
                f"{shown(value):>12}" for value in (median(values), min(values), max(values))
            )
            line = f"{name:{width}}  {figures}  {self.ratio(name):6.2f}"
            for key in more:
                value = self.beside.get(name, {}).get(key)
                line += "  " + f"{'' if value is None else shown(value):>{len(key)}}"
            lines.append(line.rstrip())
        return [*lines, *self.notes]

    def facts(self) -> dict[str, Any]:
        """
        The table, for programs.
        """
        return {
            "key": self.key,
            "title": self.title,
            "unit": self.unit,
            "reference": self.reference,
            "notes": list(self.notes),
            "contenders": {
                name: {
                    "values": list(values),
                    "median": median(values),
                    "ratio": self.ratio(name),
                    "beside": dict(self.beside.get(name, {})),
                }
                for name, values in self.values.items()
            },
        }


def shown(value: float) -> str:
    """
    A figure with three digits at least.
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def inTurns(contenders: Mapping[str, Measure], repeats: int) -> dict[str, list[Figures]]:
    """
    Measure each contender once in each turn, beginning with another one each time.

    @return: their figures, by name.
    """
    values: dict[str, list[Figures]] = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(repeats):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            if sys.stderr.isatty():
                print(f"\r\033[K{turn + 1}/{repeats} {name}", end="", file=sys.stderr, flush=True)
            values[name].append(contenders[name]())
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    return values


def tableOf(
    key: str,
    title: str,
    unit: str,
    measured: Mapping[str, Sequence[Figures]],
    figure: str,
    notes: Sequence[str] = (),
    beside: Sequence[str] = (),
) -> Table:
    """
    The table of one figure of a workload; the first contender is the reference.

    @param beside: other figures of it, which are shown too.
    """
    medians = {
        name: {other: median(figures[other] for figures in found) for other in beside}
        for name, found in measured.items()
        if all(other in figures for figures in found for other in beside)
    }
    values = {name: [figures[figure] for figures in found] for name, found in measured.items()}
    return Table(key, title, unit, next(iter(values)), values, notes, medians)
