"""
Serial devices that say nonsense, or very much.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred

from pysig_twisted import CONNECT, EventInfo
from tests.endtoend.processes import Program

from ..devices import METER, bridge, hearing, module
from ..lines import COLUMNS, sentence
from ..rig import Obedient, Rig, eventually, passing, processorTime
from ..rows import Row, Scenario

LONGEST = 512
"""Bytes that a line may have."""

SLACK = 1
"""Bytes that a framer may hold besides: half of the end of a line."""

GROWTH = 1 << 20
"""Bytes that a process may grow by."""


@dataclass(frozen=True)
class Babble:
    """
    @ivar seconds: for how long it is looked at.
    @ivar warmUp: for how long it goes on before, until memory is what it will be.
    @ivar baud: the speed of the line.
    @ivar every: seconds between two events that tell of noise.
    """

    seconds: float
    warmUp: float
    baud: int
    every: float


async def babble(rig: Rig, size: Babble) -> list[Row]:
    """A device says random bytes, and no end of a line; then a good line."""
    lines, ports = module(rig, "lines"), module(rig, "ports")
    [path] = await lines.ask("open", baud=size.baud)
    table = {"port": path, "baud": size.baud, "noise": {"every": size.every}, **METER}
    table["frame"] = {"type": "line", "max": LONGEST}
    await ports.ask("bridge", tables={"meter": table})
    await eventually(lambda: ports.ask("isUp", name="meter"), "the device is there")
    await ports.ask("watch", name="meter")
    count = int(size.baud / 10 * (size.warmUp + size.seconds))
    began = monotonic()
    await lines.ask("babble", size=count)
    await passing(size.warmUp)
    memory, highest = ports.memory, 0

    async def look() -> bool:
        nonlocal highest
        highest = max(highest, ports.memory - memory)
        found = await ports.ask("statistics", name="meter")
        return bool(found["bytesIn"] >= count)

    within = size.warmUp + 2 * size.seconds + 10
    await eventually(lambda: _do(look()), "all noise has come", within, 0.05)
    took = monotonic() - began
    await lines.ask("say", text="\r\nT=42\r\n")
    await eventually(lambda: _do(_hasReading(ports)), "the good line is an event")
    heard = [entry for entry in await ports.ask("log") if entry[2] == "meter"]
    noises = [at for _, at, _, event, _ in heard if event == "noise"]
    good = [data for *_, event, data in heard if event in ("reading", "line")]
    presence = [event for *_, event, _ in heard if event in ("#connect", "#disconnect")]
    closest = min((later - before for before, later in pairwise(noises)), default=size.every)
    found = await ports.ask("statistics", name="meter")
    held = await ports.ask("held")
    most = ceil(took / size.every) + 1
    fault = f"{size.seconds:g} s of random bytes at {size.baud} baud, without the end of a line"
    return [
        Row(
            fault,
            "the port stays open; the next good line is an event; all noise is counted",
            f"opened {found['opens']} times; {good}; {found['noiseBytes']:,} of {count:,} bytes",
            presence == ["#connect"]
            and found["opens"] == 1
            and good == [{"t": 42}]
            and found["noiseBytes"] == count,
            found,
        ),
        Row(
            fault,
            f"at most {LONGEST} + {SLACK} bytes held, {GROWTH >> 20} MiB more memory",
            f"{held} bytes; +{highest / (1 << 20):.2f} MiB",
            held <= LONGEST + SLACK and highest <= GROWTH,
            {"held": held, "growth": highest},
        ),
        Row(
            fault,
            f"an event for noise every {size.every:g} s at most",
            f"{len(noises)} in {took:.0f} s, {closest:.1f} s apart at least",
            0 < len(noises) <= most and closest >= size.every - 0.05,
            {"noises": noises},
        ),
    ]


@dataclass(frozen=True)
class Many:
    """
    @ivar devices: how many there are.
    @ivar sentences: how many each says.
    @ivar pieces: seconds of the line that come at once; C{None}: whole sentences.
    @ivar most: the part of a processor that the bridge may use.
    @ivar times: on a slower machine, how many times what Twisted alone uses.
    """

    devices: int
    sentences: int
    pieces: float | None
    most: float
    times: float


SPEED = 960
"""Bytes that each device says in a second."""


class Numbers:
    """
    A listener for what devices number.

    @ivar reached: the last number of each device.
    @ivar heard: how many there were in all.
    @ivar wrong: how many were not the next one.
    """

    def __init__(self) -> None:
        self.reached: dict[str, int] = {}
        self.heard = self.wrong = 0

    def hear(self, info: EventInfo, data: Any) -> None:
        """A number."""
        number = data["n"]
        self.heard += 1
        self.wrong += number != self.reached.get(info.sender, 0) + 1
        self.reached[info.sender] = number


async def many(rig: Rig, size: Many) -> list[Row]:
    """Devices that say sentences without a pause: to a bridge, and to Twisted alone."""
    lines, ports = module(rig, "lines"), module(rig, "ports")
    router = await rig.server()
    grain = len(sentence(0)) / SPEED if size.pieces is None else size.pieces
    paths = await lines.ask("open", count=size.devices, baud=10 * SPEED, grain=grain)
    types = {"n": "int", "lat": "float", "lon": "float", "speed": "float", "course": "float"}
    rule = {"parse": "nmea", "name": "position", "columns": COLUMNS, "types": types}
    names = [f"gps{number}" for number in range(size.devices)]
    tables = {
        name: {"port": path, "baud": 10 * SPEED, "frame": "nmea", "event": [rule]}
        for name, path in zip(names, paths, strict=True)
    }
    came: set[str] = set()
    numbers = Numbers()
    async with hearing(rig, lambda info, data: came.add(info.sender), "gps*", event=CONNECT) as (
        client
    ):
        await client.addListener(numbers.hear, "gps*", "position").whenSettled()
        bridging = bridge(rig, tables)
        await eventually(lambda: len(came) == size.devices, lambda: f"only {len(came)} are there")
        before = processorTime(router.pid)
        busy = await spoken(lines, bridging, size, lambda: min(numbers.reached.values(), default=0))
        routing = processorTime(router.pid) - before
    await rig.kill(bridging)
    await ports.ask("bare", paths=paths)
    bare = await spoken(lines, ports, size, lambda: _fewest(ports))
    counted = await ports.ask("counted")
    total = size.devices * size.sentences
    seconds = size.sentences * len(sentence(0)) / SPEED
    how = "whole" if size.pieces is None else f"in pieces of {1e3 * size.pieces:g} ms"
    return [
        Row(
            f"{size.devices} devices say NMEA sentences, {SPEED} bytes/s each, that come {how},"
            f" for {seconds:.0f} s",
            f"no line lost; the bridge takes at most {100 * size.most:g} % of a processor, or on a"
            f" slower machine, {size.times:g} times what Twisted alone does",
            f"{numbers.heard:,} of {total:,} heard; {100 * busy:.1f} %; Twisted alone, which only"
            f" counts the lines, {100 * bare:.1f} %; the server {100 * routing / seconds:.1f} %",
            numbers.heard == total
            and not numbers.wrong
            and all(numbers.reached.get(name) == size.sentences for name in names)
            and counted == [size.sentences] * size.devices
            and busy <= max(size.most, size.times * bare),
            {"heard": numbers.heard, "wrong": numbers.wrong, "busy": busy, "bare": bare},
        )
    ]


async def spoken(lines: Obedient, program: Program, size: Many, reached: Any) -> float:
    """
    Have all devices say their sentences.

    @param program: who reads them.
    @param reached: gives how many sentences have come from each.
    @return: which part of a processor it has used until the last one had come.
    """
    used, begin = processorTime(program.pid), monotonic()
    await lines.ask("narrate", count=size.sentences)
    within = 2 * size.sentences * len(sentence(0)) / SPEED + 20

    async def areThere() -> bool:
        found = reached()
        return bool((found if isinstance(found, int) else await found) >= size.sentences)

    await eventually(lambda: _do(areThere()), "all sentences have come", within, 0.1)
    return (processorTime(program.pid) - used) / (monotonic() - begin)


async def _fewest(ports: Obedient) -> int:
    """How many lines have come from each, at least."""
    return int(min(await ports.ask("counted")))


async def _hasReading(ports: Obedient) -> bool:
    """Was a reading fired?"""
    return any(entry[3] == "reading" for entry in await ports.ask("log"))


def _do(coroutine: Any) -> Deferred[Any]:
    """It, for C{eventually}."""
    return Deferred.fromCoroutine(coroutine)


SCENARIOS = (
    Scenario("serial-noise", babble, Babble(60, 5, 115_200, 10), Babble(2, 1, 115_200, 0.5)),
    Scenario("serial-many", many, Many(64, 270, None, 0.1, 5), Many(16, 30, None, 0.1, 5)),
    Scenario("serial-pieces", many, Many(64, 270, 0.016, 0.2, 3), Many(16, 30, 0.016, 0.1, 3)),
)
