"""The wall clock is set while a server runs."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from time import monotonic, time

from .processes import FAIL, REQUEST, EndToEnd, Raw, Server

STEPPED = (str(Path(__file__).with_name("stepped.py")), "-n", "--pidfile=")


def request(id: int, sender: str, method: str, milliseconds: int) -> bytes:
    """What a REQUEST frame holds."""
    subject = f"{sender}\0{method}".encode()
    head = b"\x01" + len(subject).to_bytes(2, "big") + subject
    return head + id.to_bytes(4, "big") + milliseconds.to_bytes(4, "big") + b"\0null"


class WallClockTests(EndToEnd):
    """Nobody is cut, and whatever has a deadline ends at it, neither early nor late."""

    async def ask(self, raw: Raw, count: int) -> None:
        """Ask what is never answered; the router ends it at its deadline."""
        at = monotonic()
        raw.say(REQUEST, request(count, "awake", "never", 400))
        fields = json.loads((await raw.hears(FAIL, count))[4:])
        self.assertEqual(fields["code"], "timeout")
        self.assertTrue(0.35 < monotonic() - at < 1.5, monotonic() - at)

    async def uptime(self) -> float:
        """For how long the server says that it runs."""
        uptime: float = (await self.good.request("$router", "stats"))["uptime"]
        return uptime

    async def step(self, server: Server, number: signal.Signals, hours: int) -> None:
        """Set the server's clock, and see that all goes on; then that a silent peer is found."""
        before = await self.uptime()
        silent = await (await self.raw()).enter()
        at = monotonic()
        server.kill(number)
        await server.says(f"off by {hours * 3600}")
        stats = await self.good.request("$router", "stats")
        self.assertTrue(abs(stats["time"] - time() - hours * 3600) < 60, "the step did not work")
        await self.ask(self.asking, len(self.asking.frames(FAIL)) + 1)
        self.assertEqual(await self.good.request("awake", "echo", hours), hours)
        # It answers no PING, so it goes for that and not before.
        self.assertEqual((await silent.goodbye())["code"], "timeout")
        self.assertTrue(1 < monotonic() - at < 4, monotonic() - at)
        self.assertFalse(self.asking.isClosed)
        self.assertTrue(0 < await self.uptime() - before < 30)
        await self.assertWorks(self.good)

    async def test_steps(self) -> None:
        """An hour forward, and twice back: peers stay, requests and silent peers end on time."""
        server = await self.server(command=STEPPED, limits="heartbeat = 0.5\nsilence = 1.5")
        self.good = await self.client()
        losses = self.losses(self.good)
        peer = await self.peer("awake")
        self.asking = await (await self.raw()).enter()
        self.asking.answersPings = True
        await self.ask(self.asking, 1)
        for number, hours in ((signal.SIGUSR1, 1), (signal.SIGUSR2, 0), (signal.SIGUSR2, -1)):
            await self.step(server, number, hours)
        self.assertEqual(losses, [])
        self.assertEqual(peer.matching("^down"), [], server.text)
        self.assertEqual(len(server.matching(r"is gone .*timeout")), 3)

    async def test_quiet(self) -> None:
        """A silent peer is found on time though nobody else says anything that wakes the router."""
        limits = "heartbeat = 0.5\nsilence = 1.5\nhelloTimeout = 1.5"
        server = await self.server(command=STEPPED, limits=limits)
        for number, hours in ((signal.SIGUSR2, -1), (signal.SIGUSR1, 0), (signal.SIGUSR1, 1)):
            raws = [await (await self.raw()).enter(), await self.raw()]
            at = monotonic()
            server.kill(number)
            await server.says(f"off by {hours * 3600}")
            raws[1].write(b"\0")
            for raw in raws:
                self.assertEqual((await raw.goodbye())["code"], "timeout")
            self.assertTrue(1 < monotonic() - at < 4, monotonic() - at)
