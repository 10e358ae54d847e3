"""
What a fault came to: rows of the table.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """
    One demand, and whether it was met.

    @ivar fault: what was done.
    @ivar demand: what must come of it.
    @ivar measured: what came of it, for people.
    @ivar isMet: is that what must?
    @ivar figures: the same for programs.
    """

    fault: str
    demand: str
    measured: str
    isMet: bool
    figures: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        verdict = "met" if self.isMet else "NOT MET"
        return f"{self.fault} | {self.demand} | {self.measured} | {verdict}"


@dataclass(frozen=True)
class Scenario:
    """
    A fault, and how to bring it about.

    @ivar name: what to call it on a command line.
    @ivar run: does it, with a rig and one of the sizes.
    @ivar full: how much of it C{make faults} wants.
    @ivar quick: how much the tests want.
    """

    name: str
    run: Callable[[Any, Any], Awaitable[list[Row]]]
    full: Any
    quick: Any
