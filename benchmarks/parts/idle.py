"""
Part C{idle}: what a connection with one listener costs the server while nothing happens, and how
long it takes until it is there.
"""

from __future__ import annotations

import time
from functools import partial

from ..between import text
from ..contenders import Contender, present
from ..processes import memoryOf
from ..timing import Figures, Settings, Table, inTurns, tableOf
from ..workload import Plan

CONNECTIONS = 2_000
SETTLE = 1.0
"""
Seconds after the last connection before the memory is read.
"""


def measured(contender: Contender, quick: bool) -> Figures:
    """
    One run of one contender.
    """
    connections = 60 if quick else CONNECTIONS
    plan = Plan(0, connections=connections)
    with contender.server() as server:
        before = memoryOf(server.pid)
        with contender.process("idle", server.address, text(plan)) as clients:
            found = clients.result(connections)
            time.sleep(0 if quick else SETTLE)
            after = memoryOf(server.pid)
    figures: Figures = {"ms": 1e3 * (found["end"] - found["begin"]) / connections}
    if before is not None and after is not None:
        figures["KiB"] = (after - before) / connections / 1024
    return figures


def run(settings: Settings) -> list[Table]:
    """
    Measure all of them in turns.
    """
    found = inTurns(
        {contender.name: partial(measured, contender, settings.quick) for contender in present()},
        settings.repeats,
    )
    title = f"idle: {CONNECTIONS:,} connections with one listener each"
    tables = [
        tableOf(
            "connecting",
            f"{title}, the time to make them",
            "ms a connection",
            found,
            "ms",
            ["one process makes them, with clients of its own kind, which take most of the time"],
        )
    ]
    if all("KiB" in figures for turns in found.values() for figures in turns):
        notes = ["what the server's memory (RSS) grew by, divided by their number"]
        tables.insert(
            0, tableOf("idle", f"{title}, memory", "KiB a connection", found, "KiB", notes)
        )
    return tables
