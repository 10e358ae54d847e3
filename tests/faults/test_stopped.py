"""A listener that takes nothing at all."""

from __future__ import annotations

from .case import FaultCase
from .scenarios.stopped import SCENARIOS


class StoppedTests(FaultCase):
    """See tests.faults.scenarios.stopped."""

    async def test_stopped(self) -> None:
        """It is cut, costs the others nothing, and knows what it missed when it goes on."""
        await self.bring("stopped", *SCENARIOS)
