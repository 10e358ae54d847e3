"""SIGHUP: the settings are read again."""

from __future__ import annotations

import signal

from .processes import FOREGROUND, TWIST, TWISTD, EndToEnd, Server

# Sends the signal to itself before it listens, and so before its reactor runs.
EARLY = """\
import os, signal
from pysig_twisted.tap import RouterDaemon
start = RouterDaemon.privilegedStartService
def early(self):
    os.kill(os.getpid(), signal.SIGHUP)
    start(self)
RouterDaemon.privilegedStartService = early
"""


class ReloadTests(EndToEnd):
    """Nobody is disturbed by it."""

    async def full(self, peers: int) -> None:
        """Check how many connections may be open; one is ours."""
        raws = [await (await self.raw()).enter() for _ in range(peers - 1)]
        said = await (await self.raw()).goodbye()
        self.assertIn(f"{peers} connections are open, which is the limit", said["reason"])
        for raw in raws:
            raw.transport.loseConnection()
            await raw.hearsEnd()

    async def check(self, command: tuple[str, ...]) -> None:
        """Check a server through some reloads."""
        server = await self.server(limits="peers = 2", command=command)
        client = await self.client()
        losses = self.losses(client)
        await self.full(2)

        self.configure("peers = 4")
        server.kill(signal.SIGHUP)
        await server.says("settings read again")
        await self.full(4)

        for n, bad in enumerate(("peers = 0", "peers = ", "buad = 3"), 1):
            self.configure(bad)
            server.kill(signal.SIGHUP)
            await server.says("the settings stay as they were: .*pysig.toml: ", n)
        (self.folder / "pysig.toml").unlink()
        server.kill(signal.SIGHUP)
        await server.says("the settings stay as they were: .*pysig.toml: No such file")
        await self.full(4)
        await self.assertWorks(client)
        self.assertEqual(losses, [])

    async def test_twistd(self) -> None:
        """Limits change; a broken file changes nothing, and is told."""
        await self.check(FOREGROUND)

    async def test_twist(self) -> None:
        """C{twist} does the same."""
        await self.check(TWIST)

    async def test_needsRestart(self) -> None:
        """What a reload cannot change is told, and stays."""
        self.configure(f'[server]\nlisten = ["{self.unix}"]')
        server = Server()
        self.start(server, *FOREGROUND, "pysig", "server", "--config", "pysig.toml")
        await server.says("listening on unix:")
        (self.folder / "pysig.toml").write_text(
            '[server]\nlisten = ["tcp:1"]\ninsecure = true\n[limits]\nmaxFrame = 2048\n'
        )
        server.kill(signal.SIGHUP)
        for what in ("listen", "insecure"):
            await server.says(f"{what} has changed, which takes a restart")
        await server.says("maxFrame stays at 1048576")
        await self.assertWorks(await self.client())

    async def test_early(self) -> None:
        """A SIGHUP while it still starts does not end the process, and is heeded."""
        command = ("-c", EARLY + TWISTD[1], "-n", "--pidfile=")
        server = await self.server(limits="peers = 2", command=command)
        await server.says("settings read again")
        await self.assertWorks(await self.client())
