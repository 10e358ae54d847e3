"""
A listener that takes nothing at all, among many that do.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred

from ..checker import Presence
from ..rig import (
    TICK,
    Delays,
    Obedient,
    Rig,
    accounts,
    allFired,
    eventually,
    histories,
    passing,
    reached,
)
from ..rows import Row, Scenario
from .slow import Highest

SENDER = "meter"

PARTS = 5
"""Times of the same length that are looked at before."""


@dataclass(frozen=True)
class Stop:
    """
    @ivar listeners: how many there are, with the one that is stopped.
    @ivar rate: events a second.
    @ivar stall: seconds without progress after which one is cut.
    @ivar before: seconds for which all of them hear, for comparison.
    @ivar noise: seconds; a delay below this says nothing.
    """

    listeners: int
    rate: int
    stall: float
    before: float
    noise: float


async def stopped(rig: Rig, size: Stop) -> list[Row]:
    """One listener is stopped: it is cut, and it costs the others nothing."""
    rig.prepare(worker=2, crowd=1)
    server = await rig.server(stall=size.stall)
    crowd = await rig.crowd(SENDER, size.listeners - 1)
    one = await rig.worker()
    await one.ask("listen", sender=SENDER)
    sending = await rig.worker()
    await sending.ask("offer", name=SENDER)
    await sending.ask("fire", rate=size.rate)
    await reached([crowd, one], SENDER, size.rate // 2, 30)
    before, meanwhile = Delays(crowd), Delays(crowd)
    part = size.before / PARTS
    await before.begin()
    for _ in range(PARTS):
        await before.wait(part)
    memory = server.memory
    highest = Highest(server)

    lost = len(server.matching(r" is gone "))
    await meanwhile.begin()
    one.kill(signal.SIGSTOP)
    begin = monotonic()

    def cutAt() -> float:
        highest.look()
        return monotonic() if len(server.matching(r" is gone ")) > lost else 0.0

    cut: Deferred[float] = Deferred.fromCoroutine(
        eventually(cutAt, "the stopped listener is cut", size.stall * 2 + 10, 0.05)
    )
    while not cut.called or len(meanwhile.parts) < PARTS:
        await meanwhile.wait(part)
    took = await cut - begin
    highest.look()
    one.kill(signal.SIGCONT)
    await passing(1)
    [fired] = await sending.ask("halt")
    fired = await allFired(sending)
    await reached([crowd], SENDER, fired, 20)
    await reached([one], SENDER, fired, 20)

    others, all_ = accounts(await _withSid(crowd, one), SENDER, fired)
    [stoppedOne], _ = accounts(await histories([one]), SENDER, fired)
    fault = f"one stopped listener of {size.listeners} at {size.rate:,} events/s"
    room = (8 << 20) + memory // 10
    allowed = max(2 * before.usual, size.noise)
    cutWithin = size.stall + 1
    return [
        Row(
            fault,
            f"cut within {cutWithin:g} s",
            f"cut after {took:.1f} s",
            took <= cutWithin,
            {"cut": took},
        ),
        Row(
            fault,
            "server grows by at most 8 MiB + 10 %",
            f"{memory / (1 << 20):.1f} MiB +{highest.growth[0] / (1 << 20):.1f} MiB",
            highest.growth[0] <= room,
            {"before": memory, "growth": highest.growth[0]},
        ),
        Row(
            fault,
            f"the others' p99 at most twice the baseline, or {1e3 * size.noise:g} ms",
            f"{meanwhile.text}, before {before.text}",
            meanwhile.usual <= allowed,
            {"before": before.parts, "meanwhile": meanwhile.parts},
        ),
        Row(
            fault,
            "the others: 0 lost; the stopped one, when it goes on: resumed, or exact gap",
            f"others: {all_.text()}; stopped: {stoppedOne.text()}",
            all(each.isComplete for each in others) and stoppedOne.isTrue,
            {"others": vars(all_), "stopped": vars(stoppedOne)},
        ),
    ]


async def _withSid(crowd: Obedient, one: Obedient) -> list[list[Any]]:
    """What the crowd heard; it is told of no lives, so that of the other listener stands before."""
    [known] = await histories([one])
    came = [entry for entry in known if isinstance(entry, Presence)][:1]
    return [[*came, *history] for history in await histories([crowd])]


SCENARIOS = (
    Scenario(
        "stopped",
        stopped,
        Stop(100, 20_000, 10, 5, TICK),
        Stop(20, 5_000, 1, 0.5, 0.05),
    ),
)
