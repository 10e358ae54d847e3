"""Peers that take what a server has little of."""

from __future__ import annotations

from .case import FaultCase
from .scenarios.exhaustion import SCENARIOS


class ExhaustionTests(FaultCase):
    """See tests.faults.scenarios.exhaustion."""

    async def test_strangers(self) -> None:
        """Strangers that say half a frame cost little, and are cut."""
        await self.bring("strangers", *SCENARIOS)

    async def test_descriptors(self) -> None:
        """Without descriptors nobody more gets in; those who are in notice nothing."""
        await self.bring("descriptors", *SCENARIOS)
