"""
The parts of the fuzzing: how much of each there is, and what must come of it.
"""

from __future__ import annotations

import resource
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Any, Final

from tests.faults.rows import Row

from . import chunks, clientworld, flood, machine, machines, model, payloads, serverworld
from .cases import Fails, Failure

Rows = Awaitable[list[Row]]

FRAMES: Final = 10_000_000
"""Frames for the reader."""

FLOODED: Final = 200_000
"""Frames for a server's socket."""

BUDGET: Final = 240.0
"""Seconds in which there is time for as many."""

PIECE: Final = 500_000
GROWTH: Final = 64 << 20
"""Bytes by which reading frames may make the process grow."""

EXAMPLES: Final = 200
STEPS: Final = 40


@dataclass
class Size:
    """
    @ivar seed: what everything is made from.
    @ivar seconds: for all parts together.
    @ivar found: what went wrong: the part, and the failure.
    """

    seed: str
    seconds: float
    found: list[tuple[str, Failure]]

    def of(self, share: float) -> float:
        """The seconds of a part that has this share of all."""
        return self.seconds * share

    def scaled(self, count: int) -> int:
        """As many of so many as there is time for; all of them if there is enough."""
        return max(1000, int(count * min(1.0, self.seconds / BUDGET)))


@dataclass(frozen=True)
class Part:
    """
    A part.

    @ivar name: what to call it.
    @ivar run: does it.
    @ivar fails: what goes wrong with the items of a failure; C{None} if they cannot be played
        again by themselves.
    """

    name: str
    run: Callable[[Size], Rows]
    fails: Fails | None


def _row(size: Size, name: str, what: str, text: str, failures: list[Any], isMet: bool) -> Row:
    """A row; what went wrong is noted."""
    part = next(one for one in PARTS if one.name == name)
    size.found += [(part.name, Failure(*failure)) for failure in failures]
    said = text if not failures else f"{text}; {len(failures)} failures: {failures[0][1]}"[:400]
    return Row(name, what, said, isMet and not failures, {"failures": len(failures)})


async def frames(size: Size) -> list[Row]:
    """The reader of frames, and the rules of a conversation."""
    count = size.scaled(FRAMES)
    made = machine.Machine(f"{size.seed} frames")
    begin = monotonic()
    made.run(count // 10)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    while made.frames < count and not made.failures:
        made.run(min(PIECE, count - made.frames))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
    rate = made.frames / (monotonic() - begin)
    return [
        _row(
            size,
            "frames",
            f"{count:,} are read: a message or a ProtocolError, the same in pieces",
            f"{made.frames:,} read, {rate:,.0f}/s; {made.changed:,} were changed,"
            f" {made.refused:,} streams refused",
            made.failures,
            made.frames >= count,
        ),
        _row(
            size,
            "frames",
            f"the process grows by {GROWTH >> 20} MiB at most",
            f"{grown / 2**20:.1f} MiB",
            [],
            grown <= GROWTH,
        ),
    ]


async def worlds(size: Size, name: str, made: Any, share: float, what: str) -> list[Row]:
    """Hostile peers, as long as there is time."""
    begin = monotonic()
    while not made.failures:
        made.run()
        if monotonic() - begin > size.of(share):
            break
    rate = made.said / (monotonic() - begin)
    text = (
        f"{made.said:,} frames in {made.connections:,} connections, {rate:,.0f}/s,"
        f" {len(made.pairs)} kinds in states"
    )
    return [_row(size, name, what, text, made.failures, made.said > 0)]


def server(size: Size) -> Rows:
    """Hostile clients in every state."""
    made = serverworld.ServerFuzz(f"{size.seed} server")
    what = "hostile clients: others miss nothing, nothing fails or stays"
    return worlds(size, "server", made, 0.17, what)


def client(size: Size) -> Rows:
    """Hostile routers in every state."""
    made = clientworld.ClientFuzz(f"{size.seed} client")
    what = "hostile routers: a client comes back, and all is as before"
    return worlds(size, "client", made, 0.12, what)


async def cut(size: Size) -> list[Row]:
    """Conversations that are cut."""
    made = chunks.ChunkFuzz(f"{size.seed} chunks")
    begin = monotonic()
    while not made.failures:
        made.run()
        if monotonic() - begin > size.of(0.05):
            break
    text = f"{made.conversations:,} conversations, cut in {made.ways:,} ways"
    what = "wherever a stream is cut, it comes to the same"
    return [_row(size, "chunks", what, text, made.failures, made.ways > 0)]


async def flooded(size: Size) -> list[Row]:
    """A real server."""
    found: list[Failure] = []
    rows = await flood.flood(f"{size.seed} flood", size.scaled(FLOODED), found)
    size.found += [("server" if failure.items else "flood", failure) for failure in found]
    return rows


async def promises(size: Size) -> list[Row]:
    """A server against its promises."""
    random, begin = Random(f"{size.seed} model"), monotonic()
    chosen = machines.ServerMachine
    chosen.runs = chosen.taken = 0
    failures: list[Any] = []
    while not failures:
        examples = max(2, min(EXAMPLES, int(4 * size.seconds)))
        try:
            machines.run(random.getrandbits(32), examples, STEPS)
        except Exception as error:
            failures.append((list(chosen.last), repr(error)[:1000]))
        if monotonic() - begin > size.of(0.17):
            break
    what = "names, order, at most once, gaps, presence, requests: as promised"
    text = f"{chosen.taken:,} steps in {chosen.runs:,} lists"
    return [_row(size, "model", what, text, failures, chosen.taken > 0)]


async def data(size: Size) -> list[Row]:
    """Payloads."""
    made = payloads.PayloadFuzz(f"{size.seed} payloads")
    begin = monotonic()
    made.bombs()
    while not made.failures:
        made.run()
        if monotonic() - begin > size.of(0.04):
            break
    text = f"{made.payloads:,} payloads, {made.valid:,} of them valid"
    what = "payloads: a value or BadData, soon, and in little memory"
    return [_row(size, "payloads", what, text, made.failures, made.payloads > 0)]


PARTS: Final = (
    Part("frames", frames, machine.fails),
    Part("flood", flooded, None),
    Part("server", server, serverworld.fails),
    Part("client", client, clientworld.fails),
    Part("chunks", cut, chunks.fails),
    Part("model", promises, model.fails),
    Part("payloads", data, payloads.fails),
)

BY_NAME: Final = {part.name: part for part in PARTS}
