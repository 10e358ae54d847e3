"""A server on its standard input and output: a carrier for the process that started it."""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.endpoints import ProcessEndpoint

from pysig_twisted import ClientRouter
from pysig_twisted.errors import ProtocolError

from .processes import FOREGROUND, TWIST, EndToEnd, Server, reactor, until


class StandardInputTests(EndToEnd):
    """C{--listen stdio:}."""

    def endpoint(self, *arguments: str) -> Any:
        """A child that listens there."""
        command = [sys.executable, *arguments, "pysig", "server", "--listen", "stdio:"]
        return ProcessEndpoint(reactor, command[0], command, None, str(self.folder))

    def log(self) -> str:
        """What the child has logged."""
        log = self.folder / "log"
        return log.read_text() if log.exists() else ""

    async def test_twistd(self) -> None:
        """With a log of its own, C{twistd -n} is a carrier like any other."""
        self.addCleanup(self.seeEnd)  # after the client has stopped
        router = await self.client(self.endpoint(*FOREGROUND, f"--logfile={self.folder}/log"))
        await self.assertWorks(router)
        self.assertIn("listening on stdio", self.log())

    async def seeEnd(self) -> None:
        """Check what the child has logged about the end of its connection."""
        await until(lambda: "stdio is gone (number 1, closed)" in self.log(), self.log)
        self.assertClean(self.log())

    async def test_twist(self) -> None:
        """So is C{twist}."""
        command = (*TWIST, f"--log-file={self.folder}/log")
        await self.assertWorks(await self.client(self.endpoint(*command)))

    async def test_logThere(self) -> None:
        """A log on standard output is no protocol, and the error says what it found."""
        router = ClientRouter(self.endpoint(*FOREGROUND))
        up = router.whenConnected()
        router.startService()
        self.addCleanup(router.stopService)
        with self.assertRaisesRegex(ProtocolError, "this is not the pysig protocol"):
            await up

    async def test_parentEnds(self) -> None:
        """When it ends, whatever the parent said before, the server goes down."""
        server = self.start(Server(), *FOREGROUND, "pysig", "server", "--listen", "stdio:")
        await server.says("listening on stdio")
        server.transport.closeStdin()
        await server.says("standard input has ended, and nobody else can connect")
        self.assertEqual(await server.ends(), 0)

    async def test_otherPorts(self) -> None:
        """A server that others can connect to goes on."""
        server = await self.server("stdio:")
        server.transport.closeStdin()
        await server.says("stdio went without HELLO")
        await self.assertWorks(await self.client())
