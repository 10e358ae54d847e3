"""Processes that are killed or stopped."""

from __future__ import annotations

from .case import FaultCase
from .scenarios.ends import SCENARIOS


class EndTests(FaultCase):
    """See tests.faults.scenarios.ends."""

    async def test_senderKilled(self) -> None:
        """A sender that is killed is told as gone once, at once."""
        await self.bring("sender-killed", *SCENARIOS)

    async def test_senderStopped(self) -> None:
        """A sender that is stopped is told as gone once; nothing is lost when it goes on."""
        await self.bring("sender-stopped", *SCENARIOS)

    async def test_serverKilled(self) -> None:
        """All come back to a new server, and nothing is lost in silence."""
        await self.bring("server-killed", *SCENARIOS)

    async def test_terminal(self) -> None:
        """pysig listen prints each number once, or the gap, across a restart of the server."""
        await self.bring("terminal", *SCENARIOS)
