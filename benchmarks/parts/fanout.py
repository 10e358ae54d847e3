"""
Part C{fan-out}: one publisher, a hundred connections that listen. They are shared by two processes,
since there are hardly more processors to spare.
"""

from __future__ import annotations

from functools import partial

from ..between import PROCESSOR, deliver, planned
from ..contenders import Contender, present
from ..timing import Figures, Settings, Table, inTurns, tableOf
from ..workload import SMALL

CONNECTIONS = 100
PROCESSES = 2
MOST = 30_000


def measured(contender: Contender, quick: bool) -> Figures:
    """
    One run of one contender.
    """
    plan = planned(contender, MOST, 100 if quick else None, connections=CONNECTIONS)
    with contender.server() as server:
        return deliver(contender, server, plan, PROCESSES)


def run(settings: Settings) -> list[Table]:
    """
    Measure all of them in turns.
    """
    found = inTurns(
        {contender.name: partial(measured, contender, settings.quick) for contender in present()},
        settings.repeats,
    )
    note = (
        f"events of {SMALL} bytes of JSON, {MOST:,} a turn of the relay's, fewer of slower ones;"
        f" each arrived in order on all {CONNECTIONS} connections, shared by {PROCESSES} processes"
    )
    title = f"fan-out: one publisher to {CONNECTIONS} connections"
    return [tableOf("fan-out", title, "deliveries a second", found, "rate", [note], PROCESSOR)]
