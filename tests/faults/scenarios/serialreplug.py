"""
Serial devices that are unplugged and plugged in, again and again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from math import sqrt
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred, gatherResults

from pysig_twisted import CONNECT, DISCONNECT
from tests.endtoend.processes import Program

from ..devices import METER, Told, descriptors, hearing, module, server
from ..rig import Obedient, Rig, eventually, passing, processorTime
from ..rows import Row, Scenario

UP, DOWN = "up", "down"

GOLDEN = (sqrt(5) - 1) / 2
"""Multiples of it, less what is whole, are spread evenly however many there are."""


@dataclass(frozen=True)
class Replugs:
    """
    @ivar each: how often each of the two devices is unplugged.
    @ivar absence: seconds that it is away, at most.
    @ivar away: seconds for which it is away in the end, to see what waiting costs.
    @ivar noticed: seconds within which that it is gone must be told.
    @ivar opened: seconds within which it must be open when it is back.
    """

    each: int
    absence: float
    away: float
    noticed: float
    opened: float


@dataclass
class Cycles:
    """
    What came of the cycles of one device.

    @ivar noticed: for each, seconds from the unplugging to the news of it.
    @ivar opened: for each, seconds from the replugging until it was open.
    @ivar files: how many descriptors were open before, and after.
    @ivar busy: which part of a processor was used while the device was away.
    """

    noticed: list[float]
    opened: list[float]
    files: tuple[int, int]
    busy: float

    def row(self, size: Replugs, fault: str, also: str, said: str, isMet: bool) -> Row:
        """
        The row.

        @param also: what else is demanded, and C{said} what came of it.
        """
        before, after = self.files
        return Row(
            f"unplugged {size.each} times: {fault}",
            f"noticed within {1e3 * size.noticed:g} ms, open within {size.opened:g} s, as many"
            f" descriptors as before, at most 2 % of a processor while it is away; {also}",
            f"at most {1e3 * max(self.noticed):.1f} ms and {max(self.opened):.2f} s;"
            f" {after} descriptors, before {before}; {100 * self.busy:.1f} %; {said}",
            len(self.noticed) == len(self.opened) == size.each
            and max(self.noticed) <= size.noticed
            and max(self.opened) <= size.opened
            and before == after
            and self.busy <= 0.02
            and isMet,
            vars(self),
        )


async def cycle(
    lines: Obedient,
    line: int,
    program: Program,
    size: Replugs,
    log: Callable[[int], Awaitable[list[tuple[str, float]]]],
    ready: Callable[[], Awaitable[Any]],
) -> Cycles:
    """
    Unplug a device and plug it in, so many times.

    @param line: its number.
    @param program: who has it open.
    @param log: gives what has happened, C{UP} or C{DOWN} and when, once there is so much.
    @param ready: done when the device is open, before it is unplugged.
    """
    noticed, opened = [], []
    await log(1)
    await ready()
    files = descriptors(program)
    for number in range(1, size.each + 1):
        gone = await lines.ask("unplug", line=line)
        [*_, (word, at)] = await log(2 * number)
        assert word == DOWN
        noticed.append(at - gone)
        # At any phase of the looking for it.
        await passing(size.absence * (number * GOLDEN % 1))
        back = await lines.ask("replug", line=line)
        [*_, (word, at)] = await log(2 * number + 1)
        assert word == UP
        opened.append(at - back)
        await ready()
    after = descriptors(program)
    await lines.ask("unplug", line=line)
    await log(2 * size.each + 2)
    used, begin = processorTime(program.pid), monotonic()
    await passing(size.away)
    busy = (processorTime(program.pid) - used) / (monotonic() - begin)
    return Cycles(noticed, opened, (files, after), busy)


async def replug(rig: Rig, size: Replugs) -> list[Row]:
    """One device is bridged by a server; the other takes nothing of what is written to it."""
    lines = module(rig, "lines")
    first, second = await lines.ask("open", count=2)
    return await gatherResults(
        [
            Deferred.fromCoroutine(bridged(rig, size, lines, first)),
            Deferred.fromCoroutine(blocked(rig, size, lines, second)),
        ],
        consumeErrors=True,
    )


async def bridged(rig: Rig, size: Replugs, lines: Obedient, path: str) -> Row:
    """A server has it as a sender; each time it is back it says a number."""
    running = await server(rig, {"meter": {"port": path, **METER}})
    told = Told()
    said = 0

    async def log(count: int) -> list[tuple[str, float]]:
        await eventually(lambda: len(told.presence("meter")) >= count, "its coming or going")
        return [(words[one.event], one.at) for one in told.presence("meter")]

    async def ready() -> None:
        nonlocal said
        said += 1
        await lines.ask("say", text=f"T={said}\r\n", line=0)
        await eventually(lambda: readings()[-1:] == [said], lambda: f"{said} in {readings()}")

    def readings() -> list[int]:
        return [one.data["t"] for one in told.of("meter", "reading")]

    words = {CONNECT: UP, DISCONNECT: DOWN}
    async with hearing(rig, told.hear, "meter"):
        cycles = await cycle(lines, 0, running, size, log, ready)
    reasons = {one.data["reason"] for one in told.of("meter", DISCONNECT)}
    heard = len(readings())
    return cycles.row(
        size,
        "a device of a server, as a listener elsewhere hears it",
        "the reason, and a reading each time",
        f"{', '.join(reasons)}; {heard} of {said} readings",
        reasons == {"unplugged"} and readings() == list(range(1, size.each + 2)),
    )


async def blocked(rig: Rig, size: Replugs, lines: Obedient, path: str) -> Row:
    """What is written to it waits, and would for ever."""
    ports = module(rig, "ports")
    await lines.ask("block", line=1)
    await ports.ask("write", path=path)
    full = 0

    async def log(count: int) -> list[tuple[str, float]]:
        return [(word, at) for word, at, *_ in await ports.ask("log", count=count)]

    async def ready() -> None:
        nonlocal full
        await eventually(lambda: ports.ask("isBlocked"), "a write queue that is full")
        full += 1

    cycles = await cycle(lines, 1, ports, size, log, ready)
    return cycles.row(
        size,
        "a device that takes nothing, with more to write to it than there is room for",
        "blocked each time",
        f"blocked {full} times",
        full == size.each + 1,
    )


SCENARIOS = (
    Scenario("serial-replug", replug, Replugs(100, 0.5, 5, 0.05, 1), Replugs(4, 0.3, 1, 0.25, 2)),
)
