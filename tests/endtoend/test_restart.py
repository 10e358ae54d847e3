"""The server dies and comes back; no application code helps."""

from __future__ import annotations

import signal
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from pysig_twisted.errors import LinkLost

from .processes import EndToEnd, Heard, until

GRACE = 10.0
"""Seconds: enough for a server to start on a busy machine, and for a client to find it."""


class RestartTests(EndToEnd):
    """C{kill -9}, and the same command line again."""

    async def test_restart(self) -> None:
        """
        The listener hears the sender's next event, the request in flight fails at once, and of
        presence exactly what changed is told.
        """
        server = await self.server()
        heard = Heard()
        listening = await self.client(linkGrace=GRACE)
        await listening.addListener(heard).whenSettled()
        sending = await self.client()
        never: list[Deferred[None]] = []

        def wait(params: Any) -> Deferred[None]:
            never.append(Deferred())
            return never[-1]

        meter = sending.addSender("meter", "volts", {"never": wait})
        other = await self.peer("mortal")
        ticking = LoopingCall(lambda: meter.trigger("volts"))
        ticking.start(0.02)
        self.addCleanup(ticking.stop)
        await until(lambda: ("meter", "volts", None) in heard and heard.presence("mortal"))
        answer = listening.request("meter", "never")
        await until(lambda: never)

        killed = monotonic()
        server.kill()
        error = await self.assertFailure(answer, LinkLost)
        self.assertLess(monotonic() - killed, 1)
        self.assertIn("broke before the answer came", error.message)
        await server.ends()
        other.kill()
        await other.ends()
        count = len(heard)

        await self.server()
        restarted = monotonic()
        await until(lambda: ("meter", "volts", None) in heard[count:])
        # Not more than the longest wait of the attempts that failed meanwhile.
        self.assertLess(monotonic() - restarted, 3)
        self.assertEqual(heard.presence("meter"), [("#connect", None)])
        await until(lambda: len(heard.presence("mortal")) > 1)
        self.assertEqual(heard.presence("mortal"), [("#connect", None), ("#disconnect", "lost")])
        self.assertEqual(heard.presence("meter"), [("#connect", None)])
        self.assertEqual(await listening.senders(), await sending.senders())
        self.assertEqual([info.name for info in await listening.senders()], ["meter"])

    async def test_staysAway(self) -> None:
        """Where the server stays away, senders are told as gone once; when it is back, as come."""
        server = await self.server()
        heard = Heard()
        listening = await self.client(linkGrace=0.3)
        await listening.addListener(heard).whenSettled()
        sending = await self.client()
        await sending.addSender("meter", "volts").whenSettled()
        await until(lambda: heard)
        server.kill(signal.SIGKILL)
        await until(lambda: len(heard) > 1)
        await self.server()
        await until(lambda: len(heard) > 2)
        self.assertEqual(
            heard.presence("meter"),
            [("#connect", None), ("#disconnect", "link"), ("#connect", None)],
        )

    async def test_socketLeftOver(self) -> None:
        """The socket and the lock of a server that was killed do not hinder the next one."""
        for _ in range(2):
            server = await self.server()
            await self.assertWorks(await self.client())
            server.kill()
            self.assertEqual(await server.ends(), -signal.SIGKILL)
            self.assertTrue((self.folder / "bus").is_socket())
        server = await self.server()
        await self.assertWorks(await self.client())
        server.kill(signal.SIGTERM)
        await server.ends()
        self.assertEqual(list(self.folder.iterdir()), [])
