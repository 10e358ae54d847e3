"""
One publisher, a server and listeners, each a process of its own: from the first event fired to the
last listener called, encoding and decoding included. All that was fired must have arrived, in
order.
"""

from __future__ import annotations

from contextlib import ExitStack

from .contenders import Contender, Server
from .processes import cpuOf
from .timing import Figures
from .workload import Plan, encoded

PROCESSOR = ("us publisher", "us server", "us listeners")
"""
The figures of processor time for each event that is fired, in microseconds.
"""


def text(plan: Plan) -> str:
    """
    A plan, for a command line.
    """
    return encoded(plan).decode()


def planned(contender: Contender, most: int, quick: int | None = None, **more: int) -> Plan:
    """
    A plan with as many events as a contender handles in about the same time as the others.

    @param quick: how many instead, whoever it is.
    """
    count = quick or int(most * contender.share)
    senders = more.get("senders", 1)
    return Plan(max(1, count // senders) * senders, **more)


def deliver(contender: Contender, server: Server, plan: Plan, listeners: int = 1) -> Figures:
    """
    Let it run.

    @param listeners: processes that share the connections of listeners.
    @return: the calls of listeners a second (C{rate}), the median and the 99.9th percentile of the
        latency where there is a rate (C{median}, C{p999}), and processor times.
    @raise Lost: not all of it arrived.
    """
    each = Plan(
        plan.count,
        senders=plan.senders,
        size=plan.size,
        connections=plan.connections // listeners,
        rate=plan.rate,
    )
    with ExitStack() as stack:
        hearing = [
            stack.enter_context(contender.process("listen", server.address, text(each)))
            for _ in range(listeners)
        ]
        for process in hearing:
            process.waitFor("ready")
        used = cpuOf(server.pid)
        publisher = stack.enter_context(contender.process("publish", server.address, text(plan)))
        heard = [process.result(plan.count * each.connections) for process in hearing]
        sent = publisher.result(plan.count)
        usedNow = cpuOf(server.pid)
    calls = sum(found["count"] for found in heard)
    figures: Figures = {"rate": calls / (max(found["end"] for found in heard) - sent["begin"])}
    figures |= {name: heard[0][name] for name in ("median", "p999") if name in heard[0]}
    if used is not None and usedNow is not None:
        seconds = (sent["cpu"], usedNow - used, sum(found["cpu"] for found in heard))
        figures |= {
            name: 1e6 * used / plan.count for name, used in zip(PROCESSOR, seconds, strict=True)
        }
    return figures
