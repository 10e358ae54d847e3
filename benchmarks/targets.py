"""
What pysig_twisted must reach, and whether it did. All that is judged is in the table here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from .contenders import MOSQUITTO, NATS, OURS, OVER_TLS, REDIS, RELAY, ZEROMQ
from .parts.local import LOOP, OTHERS
from .parts.rules import WITH as RULED
from .parts.rules import WITHOUT as UNRULED
from .parts.subscribing import IN_PROCESS, NETWORK, WITH, WITHOUT
from .timing import Table, shown

MET, MISSED, UNKNOWN = "met", "not met", "not measured"
SIGNAL = "Signal.trigger"
NATS_SERVER = NATS.name.partition(",")[0]
LIBRARIES = tuple(OTHERS)


@dataclass(frozen=True)
class Target:
    """
    One thing to reach, in one table.

    @ivar table: its key.
    @ivar contender: whose values are judged.
    @ivar references: with whose they are compared, turn by turn: with each of those that are there,
        and the worst counts. None at all: the value itself is judged.
    @ivar bound: of the ratio, or of the value.
    @ivar atLeast: is more better?
    @ivar inverse: is the ratio that of the reference to ours, since less is faster?
    @ivar isGoal: is it wished for, and not asked for?
    """

    table: str
    contender: str
    references: Sequence[str]
    bound: float
    atLeast: bool = True
    inverse: bool = False
    isGoal: bool = False

    @property
    def asked(self) -> str:
        """
        What is asked for, in words.
        """
        side = "at least" if self.atLeast else "at most"
        if not self.references:
            return f"{side} {shown(self.bound)}"
        names = " or ".join(self.references)
        times = "times as fast as" if self.inverse else "times"
        return f"{side} {self.bound:g} {times} {names}"

    def measured(self, table: Table) -> float | None:
        """
        The ratio, or the value; C{None} if whom it takes is not there.
        """
        if self.contender not in table.values:
            return None
        if not self.references:
            return median(table.values[self.contender])
        present = [name for name in self.references if name in table.values]
        if not present:
            return None
        ratios = [
            table.ratio(name, self.contender) if self.inverse else table.ratio(self.contender, name)
            for name in present
        ]
        worst: Callable[[list[float]], float] = min if self.atLeast else max
        return worst(ratios)


def _atMost(table: str, contender: str, reference: str, bound: float) -> Target:
    """
    Less is better, and so many times the reference's value are allowed.
    """
    return Target(table, contender, (reference,), bound, atLeast=False)


def _over(table: str, reference: str, bound: float, isGoal: bool = False) -> Target:
    """
    More is better, and so many times the reference's value are asked for.
    """
    return Target(table, OURS.name, (reference,), bound, isGoal=isGoal)


TARGETS: Sequence[Target] = (
    _atMost("local-1", SIGNAL, LOOP, 4.5),
    Target("local-1", SIGNAL, LIBRARIES, 5.0, inverse=True),
    _atMost("local-10", SIGNAL, LOOP, 1.8),
    Target("local-10", SIGNAL, LIBRARIES, 4.0, inverse=True),
    _over("one-to-one", RELAY.name, 0.65),
    _over("one-to-one", NATS.name, 3.0),
    _over("one-to-one", ZEROMQ.name, 1.0, isGoal=True),
    _over("eight-senders", RELAY.name, 0.4),
    _over("fan-out", RELAY.name, 0.5),
    _over("fan-out", REDIS.name, 2.5),
    _atMost("requests-1", OURS.name, RELAY.name, 1.25),
    _over("requests-64", RELAY.name, 0.6),
    Target("requests-64", OURS.name, (NATS.name, REDIS.name), 1.0),
    _atMost("latency-median", OURS.name, RELAY.name, 1.25),
    _atMost("latency-p99.9", OURS.name, RELAY.name, 2.0),
    Target("idle", OURS.name, (), 4.0, atLeast=False),
    _over("server-runs", NATS_SERVER, 1.0),
    Target("server-runs", OURS.name, (), 5e6, isGoal=True),
    _over("server-interleaved", MOSQUITTO.name, 1.0),
    Target("server-interleaved", OURS.name, (), 239_000.0),
    Target("rules-runs", RULED, (UNRULED,), 0.95),
    Target("rules-interleaved", RULED, (UNRULED,), 0.95),
    Target("subscribing", IN_PROCESS, (), 20.0, atLeast=False),
    Target("subscribing", NETWORK, (), 20.0, atLeast=False),
    _atMost("subscribed-cpu", WITH, WITHOUT, 1.05),
    Target("tls-one-to-one", OVER_TLS.name, (OURS.name,), 0.5),
    Target("tls-fan-out", OVER_TLS.name, (OURS.name,), 0.5),
)


@dataclass(frozen=True)
class Verdict:
    """
    What came of a target.

    @ivar measured: the ratio or the value; C{None} if it was not measured.
    """

    target: Target
    measured: float | None

    @property
    def verdict(self) -> str:
        """
        L{MET}, L{MISSED} or L{UNKNOWN}.
        """
        if self.measured is None:
            return UNKNOWN
        bound = self.target.bound
        isMet = self.measured >= bound if self.target.atLeast else self.measured <= bound
        return MET if isMet else MISSED

    def line(self) -> str:
        """
        For people.
        """
        what = f"{self.target.table}, {self.target.contender}: {self.target.asked}"
        goal = " (a goal)" if self.target.isGoal else ""
        found = "" if self.measured is None else f": {shown(self.measured)}"
        return f"{self.verdict:12}  {what}{goal}{found}"

    def facts(self) -> dict[str, Any]:
        """
        For programs.
        """
        return {
            "table": self.target.table,
            "contender": self.target.contender,
            "references": list(self.target.references),
            "asked": self.target.asked,
            "bound": self.target.bound,
            "goal": self.target.isGoal,
            "measured": self.measured,
            "verdict": self.verdict,
        }


def judged(tables: Mapping[str, Table], targets: Sequence[Target] = TARGETS) -> list[Verdict]:
    """
    The verdicts on tables, by their keys.
    """
    return [
        Verdict(target, target.measured(tables[target.table]))
        for target in targets
        if target.table in tables
    ]
