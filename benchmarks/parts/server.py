"""
Part C{server}: servers alone. Raw sockets feed them with the ready bytes of events, and compare
what comes out with what should; so the clients' language does not matter.
"""

from __future__ import annotations

from functools import partial

from ..between import text
from ..contenders import MOSQUITTO, NATS, OURS, REDIS, RELAY, Contender, Server
from ..processes import cpuOf, python
from ..timing import Figures, Settings, Table, inTurns, tableOf
from ..workload import SMALL, Plan

WIRES: dict[str, tuple[Contender, int]] = {
    "relay": (RELAY, 1_000_000),
    "ours": (OURS, 1_000_000),
    "nats": (NATS, 1_000_000),
    "redis": (REDIS, 500_000),
    "mqtt": (MOSQUITTO, 200_000),
}
"""
Who takes part, by its wire, and with how many events.
"""


def measured(wire: str, server: Server, plan: Plan) -> Figures:
    """
    Let one server pass on all of it.
    """
    where = f"{wire}@{server.address}"
    with python("benchmarks.peers.raw", "drain", where, text(plan)) as draining:
        draining.waitFor("ready")
        used = cpuOf(server.pid)
        with python("benchmarks.peers.raw", "feed", where, text(plan)) as feeding:
            drained, fed = draining.result(plan.count), feeding.result(plan.count)
        usedNow = cpuOf(server.pid)
    figures = {"rate": plan.count / (drained["end"] - fed["begin"])}
    if used is not None and usedNow is not None:
        figures["us server"] = 1e6 * (usedNow - used) / plan.count
    return figures


def started(wire: str, senders: int, quick: bool) -> Figures:
    """
    One run of one server.
    """
    contender, most = WIRES[wire]
    with contender.server() as server:
        return measured(wire, server, Plan(2_000 if quick else most, senders=senders))


def run(settings: Settings) -> list[Table]:
    """
    Measure all of them in turns: events of one sender, and of eight in turns.
    """
    tables = []
    for key, senders, title in (
        ("server-runs", 1, "server: fed with events of one sender"),
        ("server-interleaved", 8, "server: fed with events of eight senders in turns"),
    ):
        found = inTurns(
            {
                contender.name.partition(",")[0]: partial(started, wire, senders, settings.quick)
                for wire, (contender, _) in WIRES.items()
                if contender.serverMissing() is None
            },
            settings.repeats,
        )
        note = f"events of {SMALL} bytes of JSON; what came out was compared byte by byte"
        tables.append(tableOf(key, title, "events a second", found, "rate", [note], ["us server"]))
    return tables
