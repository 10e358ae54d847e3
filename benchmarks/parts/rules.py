"""
Part C{rules}: our server alone, with rules and without, fed and drained by raw sockets as in the
part C{server}.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from ..contenders import LISTENING, Server
from ..processes import python
from ..timing import Figures, Settings, Table, inTurns, tableOf
from ..workload import SMALL, Plan
from .server import measured

WITHOUT: Final = "without rules"
WITH: Final = "with 100 rules"
EVENTS: Final = 1_000_000


def started(rules: int, senders: int, quick: bool) -> Figures:
    """
    One run of a server with so many rules.
    """
    with python("benchmarks.peers.ruledserver", str(rules)) as process:
        server = Server(process.waitFor(LISTENING), process.pid)
        return measured("ours", server, Plan(2_000 if quick else EVENTS, senders=senders))


def run(settings: Settings) -> list[Table]:
    """
    Measure both in turns: events of one sender, and of eight in turns.
    """
    tables = []
    for key, senders, title in (
        ("rules-runs", 1, "rules: a server fed with events of one sender"),
        ("rules-interleaved", 8, "rules: a server fed with events of eight senders in turns"),
    ):
        found = inTurns(
            {
                name: partial(started, rules, senders, settings.quick)
                for name, rules in ((WITHOUT, 0), (WITH, 100))
            },
            settings.repeats,
        )
        note = f"events of {SMALL} bytes of JSON; what came out was compared byte by byte"
        tables.append(tableOf(key, title, "events a second", found, "rate", [note], ["us server"]))
    return tables
