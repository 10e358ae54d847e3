"""
Unplugging a serial device and plugging it in again, many times: is it noticed, is it opened
again, is anything left behind?

C{python -m tests.carriers.cycles 200} prints the figures.
"""

from __future__ import annotations

import os
import random
import sys
import time
from statistics import median
from typing import Any, NamedTuple

from twisted.internet import reactor as installed
from twisted.internet import task
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol

from pysig_twisted.carriers.serialendpoints import SerialServerEndpoint
from tests.linesim import LineSim

reactor: Any = installed

BLOCKING = 200_000
"""Bytes that are written where nobody reads: more than the kernel takes."""

PATIENCE = 10.0
"""Seconds within which each thing has to happen."""


class Figures(NamedTuple):
    """
    What came of it.

    @ivar count: how often it was unplugged and plugged in again.
    @ivar blocked: how often with more written than anybody reads.
    @ivar noticed: the most seconds from the unplugging to C{connectionLost}.
    @ivar usual: the same, in the middle.
    @ivar opened: the most seconds from the plugging in to C{connectionMade}.
    @ivar before: open descriptors of the process before the first time.
    @ivar after: the same after the last.
    @ivar idle: seconds of CPU per second with the device away.
    """

    count: int
    blocked: int
    noticed: float
    usual: float
    opened: float
    before: int
    after: int
    idle: float

    def __str__(self) -> str:
        return (
            f"{self.count} times, {self.blocked} of them blocked:"
            f" noticed within {self.noticed * 1000:.1f} ms ({self.usual * 1000:.1f} usually),"
            f" opened again within {self.opened:.3f} s;"
            f" descriptors {self.before} before, {self.after} after;"
            f" {self.idle:.2%} of a core while it is away"
        )


class Device(Protocol):
    """Tells when it comes and when it goes."""

    factory: Devices

    def connectionMade(self) -> None:
        self.factory.tell("made", self)

    def connectionLost(self, reason: object = None) -> None:
        self.factory.tell("lost", self)


class Devices(Factory):
    """What comes and goes."""

    protocol = Device

    def __init__(self) -> None:
        self._waiting: dict[str, Deferred[tuple[Any, float]]] = {}

    def next(self, what: str) -> Deferred[tuple[Any, float]]:
        """Fires with the protocol and the time, when C{made} or C{lost} is next."""
        self._waiting[what] = Deferred()
        return self._waiting[what].addTimeout(PATIENCE, reactor)

    def tell(self, what: str, device: Device) -> None:
        """It has come or gone."""
        waiting = self._waiting.pop(what, None)
        if waiting is not None:
            waiting.callback((device, time.monotonic()))


def descriptors() -> int:
    """How many this process has open."""
    return len(os.listdir("/dev/fd"))


async def cycles(count: int, seed: int = 0) -> Figures:
    """Unplug a device and plug it in again, so many times, every other time with a blocked line."""
    chance = random.Random(seed)
    noticed: list[float] = []
    opened = 0.0
    blocked = 0
    devices = Devices()
    with LineSim(device=lambda data: None) as line:
        made = devices.next("made")
        port = await SerialServerEndpoint(reactor, line.a.path).listen(devices)
        device, _ = await made
        before = descriptors()
        for number in range(count):
            if number % 2:
                blocked += 1
                line.a.block()
                device.transport.write(bytes(BLOCKING))
                await task.deferLater(reactor, 0.02)
            lost = devices.next("lost")
            start = time.monotonic()
            line.a.unplug()
            noticed.append((await lost)[1] - start)
            line.a.unblock()
            await task.deferLater(reactor, chance.uniform(0, 0.6))
            made = devices.next("made")
            start = time.monotonic()
            line.a.replug()
            device, end = await made
            opened = max(opened, end - start)
        after = descriptors()
        line.a.unplug()
        start, spent = time.monotonic(), time.process_time()
        await task.deferLater(reactor, 1.0)
        idle = (time.process_time() - spent) / (time.monotonic() - start)
        await port.stopListening()
    return Figures(count, blocked, max(noticed), median(noticed), opened, before, after, idle)


if __name__ == "__main__":

    def main(_: Any) -> Deferred[None]:
        """Print them."""
        counted = Deferred.fromCoroutine(cycles(int((sys.argv[1:] or ["200"])[0])))
        return counted.addCallback(print)

    task.react(main)
