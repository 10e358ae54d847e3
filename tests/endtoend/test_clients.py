"""Client processes that die or stop."""

from __future__ import annotations

import signal
from time import monotonic

from twisted.internet.task import LoopingCall

from pysig_twisted.errors import NameTaken

from .processes import EndToEnd, Heard, until


class ClientProcessTests(EndToEnd):
    """What the others hear of it, and when."""

    async def test_killed(self) -> None:
        """Of a client that is killed, the others hear within a second: lost."""
        await self.server()
        heard = Heard()
        client = await self.client()
        await client.addListener(heard).whenSettled()
        peer = await self.peer("mortal")
        await until(lambda: heard)
        peer.kill()
        at = monotonic()
        await until(lambda: len(heard) > 1)
        self.assertLess(monotonic() - at, 1)
        self.assertEqual(heard.presence("mortal"), [("#connect", None), ("#disconnect", "lost")])

    async def test_stopped(self) -> None:
        """One that does nothing is gone after C{silence}: timeout. It comes back when it can."""
        await self.server(limits="heartbeat = 0.5\nsilence = 1.5")
        heard = Heard()
        client = await self.client()
        await client.addListener(heard).whenSettled()
        peer = await self.peer("sleeper")
        await until(lambda: heard)
        peer.kill(signal.SIGSTOP)
        at = monotonic()
        await until(lambda: len(heard) > 1)
        self.assertTrue(1 < monotonic() - at < 4, monotonic() - at)
        self.assertEqual(heard.presence("sleeper")[1:], [("#disconnect", "timeout")])
        peer.kill(signal.SIGCONT)
        await peer.says("^down timeout|^down link-lost")
        await peer.says("^up", 2)
        self.assertEqual(await client.request("sleeper", "echo", 1), 1)
        self.assertEqual(heard.presence("sleeper")[2:], [("#connect", None)])

    async def test_claimed(self) -> None:
        """Its name goes to who asks for it within about 2 s, long before C{silence}."""
        await self.server()
        heard = Heard()
        client = await self.client()
        await client.addListener(heard).whenSettled()
        peer = await self.peer("sleeper")
        await until(lambda: heard)
        peer.kill(signal.SIGSTOP)
        at = monotonic()
        await client.addSender("sleeper", "tick", {"who": lambda _: "I"}).whenSettled()
        self.assertTrue(1.5 < monotonic() - at < 4, monotonic() - at)
        self.assertEqual(await client.request("sleeper", "who"), "I")
        self.assertEqual(
            heard.presence("sleeper"),
            [("#connect", None), ("#disconnect", "timeout"), ("#connect", None)],
        )
        peer.kill(signal.SIGCONT)
        await peer.says("^refused name-taken")
        self.assertEqual(await client.request("sleeper", "who"), "I")

    async def test_claimRefused(self) -> None:
        """A name whose owner lives is refused at once."""
        await self.server()
        client = await self.client()
        await self.peer("awake")
        at = monotonic()
        await self.assertFailure(client.addSender("awake").whenSettled(), NameTaken)
        self.assertLess(monotonic() - at, 1.5)
        self.assertEqual(await client.request("awake", "echo", "still"), "still")

    async def test_listensOnly(self) -> None:
        """One that says nothing, because it hears so much that PING is never due, is not cut."""
        await self.server(limits="heartbeat = 0.5\nsilence = 1.5")
        listening, sending = await self.client(), await self.client()
        losses = self.losses(listening)
        heard = Heard()
        await listening.addListener(heard, "meter").whenSettled()
        meter = sending.addSender("meter", "volts")
        await meter.whenSettled()
        ticking = LoopingCall(lambda: meter.trigger("volts"))
        ticking.start(0.05)
        self.addCleanup(ticking.stop)
        await until(lambda: len(heard) > 60 or losses)
        self.assertEqual(losses, [])
