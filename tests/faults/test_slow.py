"""Listeners that are slower than the sender."""

from __future__ import annotations

from .case import FaultCase
from .scenarios.slow import SCENARIOS


class SlowTests(FaultCase):
    """See tests.faults.scenarios.slow."""

    async def test_halfSpeed(self) -> None:
        """Beside a listener half as fast, a burst loses nothing."""
        await self.bring("halfspeed", *SCENARIOS)

    async def test_quarterSpeed(self) -> None:
        """Beside one four times slower, the fast one loses nothing; the slow one knows what."""
        await self.bring("quarterspeed", *SCENARIOS)

    async def test_steady(self) -> None:
        """One that always takes something does not slow down the others, and is not cut."""
        await self.bring("steady", *SCENARIOS)

    async def test_mutual(self) -> None:
        """Two peers that are slow to hear each other neither stop nor take each other for dead."""
        await self.bring("mutual", *SCENARIOS)
