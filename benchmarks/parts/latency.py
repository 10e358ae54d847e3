"""
Part C{latency}: events at a rate that keeps nobody busy; how long after it was fired a listener in
another process is called.
"""

from __future__ import annotations

from functools import partial

from ..between import deliver
from ..contenders import Contender, present
from ..timing import Figures, Settings, Table, inTurns, tableOf
from ..workload import SMALL, Plan

RATE = 1_000
SECONDS = 5


def measured(contender: Contender, quick: bool) -> Figures:
    """
    One run of one contender.
    """
    plan = Plan(200 if quick else RATE * SECONDS, rate=RATE)
    with contender.server() as server:
        return deliver(contender, server, plan)


def run(settings: Settings) -> list[Table]:
    """
    Measure all of them in turns.
    """
    found = inTurns(
        {contender.name: partial(measured, contender, settings.quick) for contender in present()},
        settings.repeats,
    )
    note = (
        f"events of {SMALL} bytes of JSON and the time, {SECONDS} seconds a turn; all arrived, in"
        " order"
    )
    return [
        tableOf(
            f"latency-{key}",
            f"latency: at {RATE:,} events a second, {name}",
            "ms",
            found,
            figure,
            [note],
        )
        for key, name, figure in (
            ("median", "median", "median"),
            ("p99.9", "99.9th percentile", "p999"),
        )
    ]
