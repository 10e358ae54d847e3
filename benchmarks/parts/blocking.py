"""
Part C{blocking}: what it costs a thread to wait for a call, beside the same call in an application
of Twisted's.
"""

from __future__ import annotations

from functools import partial

from ..between import text
from ..contenders import OURS
from ..processes import python
from ..timing import Figures, Settings, Table, inTurns, tableOf
from ..workload import SMALL, Plan

MOST = 20_000
THREADS = 32
DEFERRED = {"ask": "request", "fire": "trigger"}
BLOCKING = "BlockingRouter"


def measured(role: str, isRemote: bool, plan: Plan) -> Figures:
    """
    Microseconds a call, and of processor time.
    """
    if not isRemote:
        return ran(role, "", plan)
    with (
        OURS.server() as server,
        OURS.process("answer", server.address, text(plan)) as answering,
    ):
        answering.waitFor("ready")
        return ran(role, server.address, plan)


def ran(role: str, address: str, plan: Plan) -> Figures:
    """
    One process of it.
    """
    with python("benchmarks.peers.threaded", role, address, text(plan)) as process:
        found = process.result(plan.count)
    us = 1e6 / plan.count
    return {"us": us * (found["end"] - found["begin"]), "us of processor time": us * found["cpu"]}


def run(settings: Settings) -> list[Table]:
    """
    Measure requests and triggers, in one process and across a network.
    """
    count = 200 if settings.quick else MOST
    tables = []
    for isRemote, where, router in (
        (False, "within one process", "Router"),
        (True, "through a server", "ClientRouter"),
    ):
        for role, call in DEFERRED.items():
            one, many = Plan(count), Plan(count, inFlight=THREADS)
            contenders = {
                router: partial(measured, role, isRemote, one),
                BLOCKING: partial(measured, f"blocking-{role}", isRemote, one),
            }
            if role == "ask":
                contenders[f"{router}, {THREADS} in flight"] = partial(
                    measured, role, isRemote, many
                )
            contenders[f"{BLOCKING}, {THREADS} threads"] = partial(
                measured, f"blocking-{role}", isRemote, many
            )
            note = f"data of {SMALL} bytes of JSON; {count:,} calls a turn"
            if role == "ask":
                note += "; each got its answer"
            else:
                note += "; until flush() has returned; without listeners"
            tables.append(
                tableOf(
                    f"blocking-{call}-{'remote' if isRemote else 'local'}",
                    f"blocking: a {call} {where}",
                    "us a call",
                    inTurns(contenders, settings.repeats),
                    "us",
                    [note],
                    ["us of processor time"],
                )
            )
    return tables
