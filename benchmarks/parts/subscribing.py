"""
Part C{subscribing}: 100,000 listeners over 10,000 senders, some of them on patterns: what one more
costs, and what all of them cost the events of others.
"""

from __future__ import annotations

import time
from functools import partial

from pysig_twisted import Router

from ..between import PROCESSOR, deliver, planned, text
from ..contenders import OURS
from ..timing import Figures, Settings, Table, inTurns, tableOf
from ..workload import ROOM_EVENTS, Plan, rooms

LISTENERS, SENDERS, PATTERNS = 100_000, 10_000, 50
MOST = 1_000_000
IN_PROCESS, NETWORK = "Router", "ClientRouter"
WITHOUT, WITH = "nobody else", "with the 100,000"


def sizes(quick: bool) -> Plan:
    """
    How many listeners and senders there are; the connections are the patterns.
    """
    if quick:
        return Plan(500, senders=50, connections=5)
    return Plan(LISTENERS, senders=SENDERS, connections=PATTERNS)


def ignore(info: object, data: object) -> None:
    """
    Hear nothing.
    """


def inProcess(plan: Plan) -> Figures:
    """
    Microseconds a listener, in a router within one process.
    """
    router, topics = Router(), rooms(plan)
    for name in {sender for sender, _ in topics if "*" not in sender}:
        router.addSender(name, ROOM_EVENTS)
    begin = time.perf_counter()
    for sender, event in topics:
        router.addListener(ignore, sender, event)
    return {"us": 1e6 * (time.perf_counter() - begin) / plan.count}


def overNetwork(plan: Plan) -> Figures:
    """
    The same on one connection to a server, until the last is known there.
    """
    with (
        OURS.server() as server,
        OURS.process("offer", server.address, text(plan)) as offering,
    ):
        offering.waitFor("ready")
        with OURS.process("subscribe", server.address, text(plan)) as subscribing:
            found = subscribing.result(plan.count)
    return {"us": 1e6 * (found["end"] - found["begin"]) / plan.count}


def besides(plan: Plan, quick: bool, others: bool) -> Figures:
    """
    Events from one publisher to one listener, on a server that has the others too.
    """
    events = planned(OURS, MOST, 4_000 if quick else None)
    if not others:
        with OURS.server() as server:
            return deliver(OURS, server, events)
    with (
        OURS.server() as server,
        OURS.process("offer", server.address, text(plan)) as offering,
        OURS.process("subscribe", server.address, text(plan)) as subscribing,
    ):
        offering.waitFor("ready")
        subscribing.result(plan.count)
        return deliver(OURS, server, events)


def run(settings: Settings) -> list[Table]:
    """
    Measure both, and then the events of others with and without them.
    """
    plan = sizes(settings.quick)
    adding = inTurns(
        {IN_PROCESS: partial(inProcess, plan), NETWORK: partial(overNetwork, plan)},
        settings.repeats,
    )
    events = inTurns(
        {
            WITHOUT: partial(besides, plan, settings.quick, False),
            WITH: partial(besides, plan, settings.quick, True),
        },
        settings.repeats,
    )
    for figures in (figures for turns in events.values() for figures in turns):
        if all(name in figures for name in PROCESSOR):
            figures["cpu"] = sum(figures[name] for name in PROCESSOR)
    title = (
        f"subscribing: {plan.count:,} listeners over {plan.senders:,} senders,"
        f" {plan.connections} of them on patterns"
    )
    others = "subscribing: with and without them, one publisher to one listener"
    tables = [
        tableOf(
            "subscribing",
            title,
            "us a listener",
            adding,
            "us",
            ["in one process; and over a network, on one connection, until the server has them"],
        ),
        tableOf("subscribed", others, "events a second", events, "rate"),
    ]
    if all("cpu" in figures for turns in events.values() for figures in turns):
        tables.append(
            tableOf(
                "subscribed-cpu",
                f"{others}, processor time of all three",
                "us an event",
                events,
                "cpu",
                beside=PROCESSOR,
            )
        )
    return tables
