"""Links that break."""

from __future__ import annotations

from .case import FaultCase
from .scenarios.links import SCENARIOS


class LinkTests(FaultCase):
    """See tests.faults.scenarios.links."""

    async def test_reset(self) -> None:
        """Every link is reset again and again: each event is heard once, in order."""
        await self.bring("reset", *SCENARIOS)

    async def test_blackhole(self) -> None:
        """Nothing comes through, and sockets stay open: it is found out, and made up for."""
        await self.bring("blackhole", *SCENARIOS)

    async def test_beyondWindow(self) -> None:
        """Who is away for too long is told exactly what is missing."""
        await self.bring("beyond-window", *SCENARIOS)

    async def test_rough(self) -> None:
        """Late bytes, single bytes, and links that break within a frame: nothing is lost."""
        await self.bring("rough", *SCENARIOS)

    async def test_overflow(self) -> None:
        """What a sender fires while its link is down is sent later, or told as missing."""
        await self.bring("overflow", *SCENARIOS)
