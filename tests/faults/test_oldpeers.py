"""Clients of pysig 0.7.3."""

from __future__ import annotations

from .case import FaultCase
from .scenarios.oldpeers import SCENARIOS


class OldPeerTests(FaultCase):
    """See tests.faults.scenarios.oldpeers."""

    async def test_oldPeers(self) -> None:
        """Nothing is lost on them, and they hold up nobody."""
        await self.bring("old-peers", *SCENARIOS)
