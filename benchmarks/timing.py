"""
Measuring several things fairly: in turns, several times, and compared within each turn.

A machine is faster in one minute than in the next. So all contenders are measured once, then
all of them again, each time in another order; and a ratio is taken between values of the same
turn. What is reported is the median over the turns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Measure = Callable[[], float]


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

    @ivar title: the workload.
    @ivar unit: of the values.
    @ivar reference: the contender that the others are compared with.
    @ivar values: for each contender, its value in each turn.
    @ivar notes: what was counted, for people.
    """

    title: str
    unit: str
    reference: str
    values: Mapping[str, Sequence[float]]
    notes: Sequence[str] = field(default_factory=tuple)

    def ratio(self, name: str) -> float:
        """
        How many times the reference's value this one's is: the median over the turns.
        """
        pairs = zip(self.values[name], self.values[self.reference], strict=True)
        return median(value / reference for value, reference in pairs)

    def lines(self) -> list[str]:
        """
        The table, for people.
        """
        width = max(map(len, self.values))
        head = f"{'':{width}}  {'median':>12}  {'lowest':>12}  {'highest':>12}  ratio"
        lines = [f"{self.title} ({self.unit})", head]
        for name, values in self.values.items():
            figures = "  ".join(
                f"{value:12,.0f}" for value in (median(values), min(values), max(values))
            )
            lines.append(f"{name:{width}}  {figures}  {self.ratio(name):5.2f}")
        return [*lines, *self.notes]

    def facts(self) -> dict[str, Any]:
        """
        The table, for programs.
        """
        return {
            "title": self.title,
            "unit": self.unit,
            "reference": self.reference,
            "notes": list(self.notes),
            "contenders": {
                name: {
                    "values": list(values),
                    "median": median(values),
                    "ratio": self.ratio(name),
                }
                for name, values in self.values.items()
            },
        }


def inTurns(contenders: Mapping[str, Measure], repeats: int) -> dict[str, list[float]]:
    """
    Measure each contender once in each turn, beginning with another one each time.

    @return: their values, by name.
    """
    values: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(repeats):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            values[name].append(contenders[name]())
    return values
