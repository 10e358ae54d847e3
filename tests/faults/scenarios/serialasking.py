"""
Serial devices that are asked, and answer late.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

from pysig_twisted import ClientRouter
from pysig_twisted.carriers.serialendpoints import SerialClientEndpoint
from pysig_twisted.errors import RequestTimeout

from ..devices import hearing, module, reactor, server
from ..rig import Rig, eventually
from ..rows import Row, Scenario

TIMEOUT = 0.05
"""Seconds that the device has to answer."""

QUIET = 0.25
"""Seconds of quiet after it has not."""

LATEST = TIMEOUT + QUIET - 0.15
"""Seconds after which the device answers at the latest. A busy machine may add some."""

ABOVE = 0.002
"""Seconds that a request may take more than the device."""

TOGETHER = 40
"""Requests that wait at a time."""


@dataclass(frozen=True)
class Asking:
    """
    @ivar count: how many requests are made.
    @ivar late: which part of them is answered late.
    """

    count: int
    late: float


async def late(rig: Rig, size: Asking) -> list[Row]:
    """Of the answers, each of which could be that of any command, some are late."""
    answerer = module(rig, "answerer")
    path = await answerer.ask("path", late=size.late, least=1.02 * TIMEOUT, most=LATEST)
    await server(rig, {"meter": {"port": path, **_table(TIMEOUT, QUIET)}})
    told: list[Any] = []

    def hear(info: Any, data: Any) -> None:
        told.append(data["text"])

    results: dict[int, Any] = {}
    async with hearing(rig, hear, "meter", event="late") as router:
        await _there(router)
        for begin in range(0, size.count, TOGETHER):
            numbers = range(begin, min(begin + TOGETHER, size.count))
            asked = [_asked(router, number) for number in numbers]
            answers: Any = await DeferredList(asked, consumeErrors=True)
            results |= zip(numbers, [answer for _, answer in answers], strict=True)
        tags = await answerer.ask("tags")
        lates = await answerer.ask("lates")
        answered = {each: got for each, got in results.items() if not isinstance(got, Failure)}
        failed = [got for got in results.values() if isinstance(got, Failure)]
        other = [got for got in failed if not got.check(RequestTimeout)]
        wrong = [each for each, got in answered.items() if got not in tags[str(each)]]
        given = {tag for each in tags.values() for tag in each}
        await eventually(
            lambda: len(set(told) | set(answered.values())) == len(given), "all answers are told"
        )
        last = await router.request("meter", "ask", -1)
    tags = await answerer.ask("tags")
    fault = (
        f"a device answers {size.late:.0%} of {size.count:,} commands late, and nothing tells which"
    )
    return [
        Row(
            fault,
            "no wrong answer; each request ends, in its answer or in a timeout",
            f"{len(wrong)} wrong; {len(answered):,} answered, {len(failed):,} timed out, {lates:,}"
            f" were late; {len(other)} other errors",
            not wrong and not other and len(results) == size.count and lates > 0,
            {"wrong": wrong, "other": [str(each.value) for each in other]},
        ),
        Row(
            fault,
            "what came late is told as such; the next request is answered",
            f"{len(told):,} told; {'answered' if last in tags['-1'] else last}",
            len(told) == len(given) - len(answered) and last in tags["-1"],
            {"told": len(told), "given": len(given)},
        ),
    ]


async def own(rig: Rig, size: Asking) -> list[Row]:
    """How long a request takes, beside what the device needs by itself."""
    answerer = module(rig, "answerer")
    path = await answerer.ask("path")
    bare = await _bare(path, size.count)
    await server(rig, {"meter": {"port": path, **_table(1.0, 1.0)}})
    async with hearing(rig, lambda info, data: None) as router:
        await _there(router)
        times = []
        for number in range(size.count):
            began = monotonic()
            await _asked(router, number)
            times.append(monotonic() - began)
    took = median(times)
    return [
        Row(
            "a client asks a device over a server that bridges it",
            f"at most {1e3 * ABOVE:g} ms more than the device takes, at the median",
            f"{1e3 * took:.2f} ms, the device alone {1e3 * bare:.2f} ms",
            took - bare <= ABOVE,
            {"bridge": took, "bare": bare},
        )
    ]


def _table(timeout: float, quiet: float) -> dict[str, Any]:
    """What can be asked of the device."""
    request = {"send": "{n:int}", "timeout": timeout, "deadline": 60.0}
    return {"settle_reply": quiet, "stats": 0, "command_gap": 0.0, "request": {"ask": request}}


def _asked(router: ClientRouter, number: int) -> Deferred[Any]:
    """The answer to a request."""
    return router.request("meter", "ask", number, timeout=60.0)


async def _there(router: ClientRouter) -> None:
    """Wait until the device is."""

    async def isThere() -> bool:
        return bool(await router.senders("meter"))

    await eventually(lambda: Deferred.fromCoroutine(isThere()), "the device is there")


class Asker(Protocol):
    """
    Asks one thing after the other, and does nothing else.
    """

    transport: Any

    def __init__(self) -> None:
        self._answer: Deferred[None] | None = None

    def ask(self, number: int) -> Deferred[None]:
        """Ask; fires when there is an answer."""
        answer = self._answer = Deferred()
        self.transport.write(b"%d\n" % number)
        return answer

    def dataReceived(self, data: bytes) -> None:
        """There is some of it."""
        if data.endswith(b"\n") and self._answer is not None:
            answer, self._answer = self._answer, None
            answer.callback(None)


async def _bare(path: str, count: int) -> float:
    """How long the device takes to answer, at the median: by a transport and nothing else."""
    endpoint = SerialClientEndpoint(reactor, path)
    asker: Asker = await endpoint.connect(Factory.forProtocol(Asker))  # type: ignore[arg-type]
    times = []
    for number in range(count):
        began = monotonic()
        await asker.ask(number)
        times.append(monotonic() - began)
    asker.transport.abortConnection()
    return median(times)


SCENARIOS = (
    Scenario("serial-late", late, Asking(10_000, 0.05), Asking(400, 0.05)),
    Scenario("serial-answer", own, Asking(1_000, 0.0), Asking(50, 0.0)),
)
