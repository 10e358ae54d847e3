"""
Somebody tries out passwords: what do those notice who are in?
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred

from pysig_twisted.security.passwordfile import Entry
from pysig_twisted.security.passwords import newToken, stretched, tokenDigest

from ..ledger import percentile
from ..rig import Obedient, Rig, accounts, eventually, histories, passing, processorTime, reached
from ..rows import Row, Scenario

SENDER = "meter"
USER, PASSWORD = "ann", "a good one"

WRONG = "not-authenticated"
TOLD = {WRONG, "busy", "timeout"}
"""What somebody may be told who shows a wrong password."""

SHARES = {"median": 0.5, "p95": 0.95, "p99": 0.99}
"""What is told of how late events are."""

RULES = """
[[allow]]
who = ["*"]
send = ["*"]
listen = ["*"]
request = ["*"]
"""


@dataclass(frozen=True)
class Guesses:
    """
    @ivar rate: events a second.
    @ivar guesses: passwords that are tried in a second.
    @ivar seconds: how long it is looked at how late events are, each time.
    @ivar turns: how often: without the guesser, with it, and with one that is only as busy.
    @ivar noise: seconds; a delay below this says nothing.
    """

    rate: int
    guesses: int
    seconds: float
    turns: int
    noise: float


Late = dict[str, float]
"""How late events were, by L{SHARES}."""


async def passwords(rig: Rig, size: Guesses) -> list[Row]:
    """Wrong passwords come all the time, and those who are in go on."""
    rig.prepare(worker=2 + size.turns, guesser=1)
    server, shown, token = await _server(rig)
    listening, sending = [await rig.idle() for _ in range(2)]
    for one in (listening, sending):
        await one.ask("open", endpoint=server.tcp, credentials=shown)
    await listening.ask("listen", sender=SENDER, sampled=1)
    await sending.ask("offer", name=SENDER)
    await sending.ask("fire", rate=size.rate)
    await reached([listening], SENDER, 10, 10)
    guesser = await rig.guesser()

    async def late() -> Late:
        await passing(size.seconds * 0.2)
        await listening.ask("lateness")
        await passing(size.seconds * 0.8)
        found = await listening.ask("lateness")
        counts = {int(kind): count for kind, count in found.items()}
        return {name: percentile(counts, share) for name, share in SHARES.items()}

    async def getsIn() -> float:
        """How long it takes somebody with a token."""
        newcomer = await rig.idle()
        await newcomer.ask("open", endpoint=server.tcp, credentials=token)
        [[*_, [_, up]]] = await newcomer.ask("links")
        took: float = up - await newcomer.ask("opened")
        await rig.kill(newcomer)
        return took

    turns: list[dict[str, Late]] = []
    answers: Counter[str] = Counter()
    said, seconds, busy, longest = 0, 0.0, 0.0, 0.0
    loads: list[float] = []
    entered: list[float] = []
    for _ in range(size.turns):
        quiet = await late()
        used = processorTime(server.pid)
        await guesser.ask("guess", endpoint=server.tcp, user=USER, rate=size.guesses)
        tried = await late()
        took = await getsIn()
        facts = await guesser.ask("halt")
        busy += processorTime(server.pid) - used
        await _answered(guesser)
        found = await guesser.ask("answers")
        answers += Counter(found["answers"])
        said, longest = said + found["said"], max(longest, found["longest"])
        seconds += facts["seconds"]
        entered.append(took)
        loads.append(facts["processor"])
        await guesser.ask("burn", share=facts["processor"])
        burned = await late()
        await guesser.ask("halt")
        turns.append({"quiet": quiet, "tried": tried, "burned": burned})

    [fired] = await sending.ask("halt")
    await reached([listening], SENDER, fired, 10)
    each, all_ = accounts(await histories([listening]), SENDER, fired)
    ratios = [turn["tried"]["median"] / turn["quiet"]["median"] for turn in turns]
    best = turns[ratios.index(min(ratios))]
    kinds = ", ".join(f"{count / seconds:.0f} {code}" for code, count in answers.most_common())
    fault = f"{size.guesses} wrong passwords a second, {size.rate} events/s"
    allowed = max(2 * best["quiet"]["median"], size.noise)
    return [
        Row(
            fault,
            "those who are in: median latency at most twice as without"
            + (f", or {1e3 * size.noise:g} ms" if size.noise else "")
            + "; 0 lost",
            f"{_compared(best, 'tried')}; median in all turns"
            f" {', '.join(f'{ratio:.1f}x' for ratio in ratios)}; {all_.text()}",
            best["tried"]["median"] <= allowed and all(one.isComplete for one in each),
            {"turns": turns, **vars(all_)},
        ),
        Row(
            "the same process uses as much of a processor, and tries nothing",
            "for comparison",
            _compared(best, "burned"),
            True,
        ),
        Row(
            fault,
            "each is told that it is wrong, or to try again; nobody is let in",
            f"{said / seconds:.0f} a second: {kinds}; the last after {longest:.1f} s; server at"
            f" {100 * busy / seconds:.0f} % of a processor, who tries at"
            f" {100 * sum(loads) / len(loads):.0f} %",
            set(answers) <= TOLD and sum(answers.values()) == said and answers[WRONG] > 0,
            {"said": said, "seconds": seconds, "answers": answers},
        ),
        Row(
            fault,
            "who comes with a token is in within 1 s",
            f"at most {1e3 * max(entered):.0f} ms",
            max(entered) <= 1,
            {"entered": entered},
        ),
    ]


async def _server(rig: Rig) -> tuple[Any, str, str]:
    """A server that asks who is there, and files with a good password and a good token."""
    users, rules, shown, token = (rig.folder / name for name in ("passwd", "acl", "ann", "meter"))
    for private in (users, shown, token):
        private.touch(0o600)
    secret = newToken()
    ann = Entry(USER, stretched(PASSWORD.encode()))
    users.write_text(f"{ann}\n{Entry('meter', None, 'main', tokenDigest(secret))}\n")
    rules.write_text(RULES)
    shown.write_text(f'user = "{USER}"\npassword = "{PASSWORD}"\n')
    token.write_text(f'token = "{secret}"\n')
    asking = ("--auth", f"pysig-passwd:{users}", "--acl", str(rules))
    return await rig.server(options=asking), str(shown), str(token)


async def _answered(guesser: Obedient) -> None:
    """Wait until all that was tried has been answered."""

    async def none() -> bool:
        return not await guesser.ask("waiting")

    await eventually(lambda: Deferred.fromCoroutine(none()), "answers to all passwords", pause=0.05)


def _compared(turn: dict[str, Late], key: str) -> str:
    """How late events were, beside what is usual, for people."""
    parts = []
    for name in SHARES:
        now, usual = turn[key][name], turn["quiet"][name]
        parts.append(f"{name} {1e3 * now:.2f} ms ({now / usual:.1f}x)")
    return ", ".join(parts)


SCENARIOS = (
    Scenario("passwords", passwords, Guesses(200, 200, 10, 3, 0.0), Guesses(200, 50, 0.5, 1, 0.1)),
)
