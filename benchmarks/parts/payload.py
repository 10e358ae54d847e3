"""
Part C{payload}: larger events, from one publisher to one listener.
"""

from __future__ import annotations

from functools import partial

from ..between import deliver, planned
from ..contenders import Contender, present
from ..timing import Figures, Settings, Table, inTurns, tableOf

SIZES = (
    ("1 KiB", 1 << 10, 300_000),
    ("64 KiB", 1 << 16, 20_000),
    ("1 MiB", (1 << 20) - 1024, 1_000),
)
"""
Their names, the bytes of JSON of an event, and how many there are. A frame of ours is 1 MiB at
most, so the largest event is a little less.
"""

QUICK = 50


def measured(contender: Contender, size: int, most: int, quick: bool) -> Figures:
    """
    One run of one contender.
    """
    plan = planned(contender, most, QUICK if quick else None, size=size)
    with contender.server() as server:
        figures = deliver(contender, server, plan)
    return {"MB/s": figures["rate"] * size / 1e6}


def run(settings: Settings) -> list[Table]:
    """
    Measure all of them in turns, one size after the other.
    """
    tables = []
    for name, size, most in SIZES:
        found = inTurns(
            {
                contender.name: partial(measured, contender, size, most, settings.quick)
                for contender in present()
            },
            settings.repeats,
        )
        note = f"{size:,} bytes of JSON an event; all of them arrived, in order"
        title = f"payload: events of {name}, one publisher to one listener"
        key = f"payload-{name.replace(' ', '-')}"
        tables.append(tableOf(key, title, "MB/s", found, "MB/s", [note]))
    return tables
