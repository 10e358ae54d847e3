"""
Processes that are killed or stopped.
"""

from __future__ import annotations

import json
import signal
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred

from pysig_twisted import EventInfo
from tests.endtoend.processes import Program

from ..checker import Missing, Presence
from ..ledger import Ledger
from ..rig import (
    LIVELY,
    Obedient,
    Rig,
    accounts,
    eventually,
    histories,
    passing,
    reached,
)
from ..rows import Row, Scenario
from .links import LOOK

SENDER = "meter"


@dataclass(frozen=True)
class SenderEnd:
    """
    @ivar listeners: how many hear of it.
    @ivar rate: events a second.
    @ivar stopped: seconds for which a process is stopped.
    @ivar settle: seconds after the last event in which all must have come.
    """

    listeners: int
    rate: int
    stopped: float
    settle: float


async def senderKilled(rig: Rig, size: SenderEnd) -> list[Row]:
    """A sender's process is killed."""
    rig.prepare(worker=2)
    await rig.server(**LIVELY)
    listening = await rig.worker("", size.listeners, **LIVELY)
    await listening.ask("listen", sender=SENDER)
    sending = await rig.worker(**LIVELY)
    await sending.ask("offer", name=SENDER)
    await sending.ask("fire", rate=size.rate)
    await reached([listening], SENDER, size.rate // 4, 10)
    begin = monotonic()
    sending.kill()
    found = await gone([listening], size.listeners, 5)
    times = [entry.at - begin for each in found for entry in each]
    latest = max(times, default=0.0)
    # Up to the last event that anybody heard, nobody may have missed one.
    heard = await histories([listening])
    last = max((entry.last for one in heard for entry in one if hasattr(entry, "first")), default=0)
    each, all_ = accounts(heard, SENDER, last)
    return [
        Row(
            f"a sender's process is killed, {size.listeners} listeners",
            "#disconnect once within 100 ms; nothing lost before",
            f"{len(times)} times, the last after {1e3 * latest:.0f} ms; {all_.text()}",
            [len(one) for one in found] == [1] * size.listeners
            and latest <= 0.1
            and all(one.isComplete for one in each),
            {"latest": latest, **vars(all_)},
        )
    ]


async def senderStopped(rig: Rig, size: SenderEnd) -> list[Row]:
    """A sender's process is stopped, and goes on later."""
    rig.prepare(worker=2)
    await rig.server(**LIVELY)
    listening = await rig.worker("", size.listeners, **LIVELY)
    await listening.ask("listen", sender=SENDER)
    sending = await rig.worker(**LIVELY)
    await sending.ask("offer", name=SENDER)
    await sending.ask("fire", rate=size.rate)
    await reached([listening], SENDER, size.rate // 4, 10)
    begin = monotonic()
    sending.kill(signal.SIGSTOP)
    await passing(size.stopped)
    found = await gone([listening], size.listeners, 1)
    times = [entry.at - begin for each in found for entry in each]
    latest = max(times, default=0.0)
    sending.kill(signal.SIGCONT)
    await passing(1)
    [fired] = await sending.ask("halt")
    await reached([listening], SENDER, fired, size.settle)
    each, all_ = accounts(await histories([listening]), SENDER, fired)
    limit = LIVELY["silence"]
    fault = f"a sender's process is stopped for {size.stopped:g} s, {size.listeners} listeners"
    return [
        Row(
            fault,
            f"#disconnect once within 3 pings ({limit:g} s, +{LOOK:g} to look)",
            f"{len(times)} times, the last after {latest:.2f} s",
            [len(one) for one in found] == [1] * size.listeners and latest <= limit + LOOK,
            {"latest": latest},
        ),
        Row(
            fault,
            "when it goes on: #connect; 0 lost, 0 twice, 0 out of order",
            f"{all_.came} #connect, {all_.went} #disconnect; {all_.text()}",
            all(one.isComplete and one.came == 2 for one in each),
            vars(all_),
        ),
    ]


async def gone(listening: list[Obedient], count: int, within: float) -> list[list[Presence]]:
    """Wait until each listener has heard C{#disconnect}; what each heard of it."""

    async def look() -> list[list[Presence]]:
        return [
            [entry for entry in history if isinstance(entry, Presence) and entry.reason]
            for history in await histories(listening)
        ]

    async def all_() -> bool:
        return all(await look())

    with suppress(AssertionError):
        await eventually(lambda: Deferred.fromCoroutine(all_()), within=within, pause=0.02)
    return await look()


@dataclass(frozen=True)
class ServerEnd:
    """
    @ivar clients: how many there are, each with a sender, a listener and an open request.
    @ivar processes: how many processes they are in.
    @ivar rate: events a second that all of them hear.
    @ivar down: seconds until the server is started again.
    @ivar back: seconds in which all must be back, once the new one listens.
    @ivar settle: seconds after the last event in which all must have come.
    """

    clients: int
    processes: int
    rate: int
    down: float
    back: float
    settle: float


async def serverKilled(rig: Rig, size: ServerEnd) -> list[Row]:
    """The server is killed, and started again."""
    rig.prepare(worker=size.processes + 1)
    server = await rig.server()
    port, endpoint = server.port, server.tcp
    share = size.clients // size.processes
    crowd = []
    for number in range(size.processes):
        worker = await rig.worker(endpoint, share)
        await worker.ask("offer", name=f"client-{number}-")
        await worker.ask("listen", sender=SENDER)
        crowd.append(worker)
    sending = await rig.worker(endpoint)
    await sending.ask("offer", name=SENDER)
    await sending.ask("fire", rate=size.rate)
    await reached(crowd, SENDER, size.rate, 20)
    for worker in crowd:
        await worker.ask("ask")

    begin = monotonic()
    await rig.kill(server)
    await passing(size.down)
    await rig.server(port=port)
    started = monotonic()
    answers = [answer for worker in crowd for answer in await worker.ask("answers")]
    isBack = await _allUp([*crowd, sending], begin, size.back + 5)
    logs = [log for worker in (*crowd, sending) for log in await worker.ask("links")]
    returns = [[at for what, at, *_ in log if what == "up" and at > begin][:1] for log in logs]
    back = max((at - started for times in returns for at in times), default=0.0)
    failed = max((at - begin for _, at in answers), default=0.0)
    senders = await sending.ask("senders")
    [fired] = await sending.ask("halt")
    await reached(crowd, SENDER, fired, size.settle)
    each, all_ = accounts(await histories(crowd), SENDER, fired)
    count = share * size.processes
    fault = f"kill -9 of the server with {count:,} clients, and a new one {size.down:g} s later"
    codes = sorted({code for code, _ in answers})
    return [
        Row(
            fault,
            "pending requests fail within 1 s",
            f"{len(answers):,} of {count:,} failed ({', '.join(codes)}),"
            f" the last after {failed:.2f} s",
            len(answers) == count and failed <= 1 and codes == ["link-lost"],
            {"answers": len(answers), "latest": failed},
        ),
        Row(
            fault,
            f"all back within {size.back:g} s, each sender once",
            f"{sum(map(bool, returns)):,} of {count + 1:,} back, the last after {back:.1f} s;"
            f" {len(senders):,} senders, {len(set(senders)):,} names",
            isBack and back <= size.back and len(senders) == len(set(senders)) == count + 1,
            {"back": back, "senders": len(senders)},
        ),
        Row(
            fault,
            "0 lost in silence; delivered + reported = fired",
            all_.text(),
            all(one.isTrue for one in each),
            vars(all_),
        ),
    ]


async def _allUp(workers: list[Obedient], since: float, within: float) -> bool:
    """Wait until the links of all clients have been up again."""

    async def all_() -> bool:
        logs = [log for worker in workers for log in await worker.ask("links")]
        return all(any(what == "up" and at > since for what, at, *_ in log) for log in logs)

    try:
        await eventually(lambda: Deferred.fromCoroutine(all_()), within=within, pause=0.1)
    except AssertionError:
        return False
    return True


@dataclass(frozen=True)
class Terminal:
    """
    @ivar rate: events a second.
    @ivar before: seconds until the server is killed.
    @ivar down: seconds until it is started again.
    @ivar after: seconds for which events are fired after that.
    @ivar times: how often that is done.
    @ivar settle: seconds after the last event in which all must have come.
    """

    rate: int
    before: float
    down: float
    after: float
    times: int
    settle: float


async def terminal(rig: Rig, size: Terminal) -> list[Row]:
    """C{pysig listen} prints numbered events, while the server is killed and started again."""
    rig.prepare(worker=1)
    server = await rig.server()
    printing: Program = rig.start(
        Program(),
        *("-m", "pysig_twisted.commands.main", "--connect", rig.unix),
        *("listen", SENDER, "--json"),
    )
    sending = await rig.worker()
    await sending.ask("offer", name=SENDER)
    await eventually(lambda: printing.lines, "pysig listen prints who is there")
    await sending.ask("fire", rate=size.rate)
    for _ in range(size.times):
        await passing(size.before)
        await rig.kill(server)
        await passing(size.down)
        server = await rig.server()
        await passing(size.after)
    [fired] = await sending.ask("halt")
    ledger = Reading(printing)

    def isThere() -> bool:
        ledger.read()
        return bool(ledger.ledger.reach(SENDER) >= fired)

    with suppress(AssertionError):
        await eventually(isThere, within=size.settle, pause=0.05)
    [one], _ = accounts([ledger.ledger.history()], SENDER, fired)
    told = [line for line in printing.lines if not line.startswith("{")]
    return [
        Row(
            f"`pysig listen` across kill -9 and restart of the server, {size.times} times,"
            f" {size.rate:,} events/s",
            "no number missing, none twice, or the exact gap printed",
            f"{one.text()}; {len(told)} other lines",
            one.isTrue and ledger.ledger.false == 0 and printing.status is None,
            {**vars(one), "told": told},
        )
    ]


class Reading:
    """
    What C{pysig listen --json} printed, as a listener's ledger.

    @ivar ledger: that.
    """

    def __init__(self, printing: Program) -> None:
        self.ledger = Ledger()
        self._printing = printing
        self._at = 0

    def read(self) -> None:
        """Read what has come since the last time."""
        lines = self._printing.lines
        for line in lines[self._at :]:
            if not line.startswith("{"):
                continue
            said: dict[str, Any] = json.loads(line)
            gap = said.get("gap")
            if gap is None:
                data = said.pop("data")
                self.ledger.hear(EventInfo(**said), data)
            else:
                self.ledger.enter(
                    Missing(gap["sender"], gap["sid"], gap["first"], gap["last"], gap["n"])
                )
        self._at = len(lines)


SCENARIOS = (
    Scenario("sender-killed", senderKilled, SenderEnd(10, 1000, 0, 20), SenderEnd(3, 500, 0, 4)),
    Scenario("sender-stopped", senderStopped, SenderEnd(10, 1000, 3, 20), SenderEnd(3, 500, 2, 4)),
    Scenario(
        "server-killed",
        serverKilled,
        ServerEnd(1000, 4, 10, 0.5, 10, 20),
        ServerEnd(40, 1, 50, 0.1, 10, 4),
    ),
    Scenario(
        "terminal", terminal, Terminal(1000, 3, 1, 4, 3, 20), Terminal(1000, 0.5, 0.2, 0.5, 1, 4)
    ),
)
