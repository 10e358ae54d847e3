"""How the server stops, and what it tells its peers."""

from __future__ import annotations

import signal
from time import monotonic

from .processes import CALL, FOREGROUND, RESULT, TWIST, EndToEnd, Server


class ShutdownTests(EndToEnd):
    """
    SIGTERM and SIGINT end it. C{twistd} and C{twist} then end themselves by that same signal, so
    that whoever started them knows (a shell shows 143 and 130).
    """

    async def stop(self, number: signal.Signals, command: tuple[str, ...] = FOREGROUND) -> Server:
        """Stop a server that has a peer which reads and one which does not."""
        server = await self.server(command=command, limits="linger = 1")
        client = await self.client()
        flood = client.addSender("flood", "water")
        await flood.whenSettled()
        deaf = await (await self.raw()).enter()
        deaf.say(CALL, {"call": "listen", "sender": "flood"}, 1)
        await deaf.hears(RESULT)
        deaf.transport.pauseProducing()
        for _ in range(40):
            flood.trigger("water", "x" * 100_000)
        await client.flush()
        stats = await client.request("$router", "stats")
        self.assertGreater(stats["bytesPending"], 1_000_000)
        attentive = await (await self.raw()).enter()
        greeting = await self.raw()

        at = monotonic()
        server.kill(number)
        said = await attentive.goodbye()
        self.assertEqual(said["code"], "shutting-down")
        self.assertEqual((await greeting.goodbye())["code"], "shutting-down")
        status = await server.ends()
        self.assertLess(monotonic() - at, 2)
        self.assertEqual(status, -number)
        self.assertFalse((self.folder / "bus").exists())
        return server

    async def test_terminate(self) -> None:
        """SIGTERM: GOODBYE shutting-down to all, and the end, though one peer does not read."""
        await self.stop(signal.SIGTERM)

    async def test_interrupt(self) -> None:
        """SIGINT, a Ctrl-C, does the same."""
        await self.stop(signal.SIGINT)

    async def test_twist(self) -> None:
        """C{twist} does the same."""
        await self.stop(signal.SIGTERM, TWIST)

    async def test_alone(self) -> None:
        """Without peers there is nothing to wait for."""
        server = await self.server()
        raw = await (await self.raw()).enter()
        raw.transport.loseConnection()
        await server.says("is gone")
        at = monotonic()
        server.kill(signal.SIGTERM)
        self.assertEqual(await server.ends(), -signal.SIGTERM)
        self.assertLess(monotonic() - at, 1)
