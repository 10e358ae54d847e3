"""Somebody tries out passwords."""

from __future__ import annotations

from .case import FaultCase
from .scenarios.passwords import SCENARIOS


class PasswordsTests(FaultCase):
    """See tests.faults.scenarios.passwords."""

    async def test_passwords(self) -> None:
        """Wrong ones come all the time; those who are in go on, and a token is taken."""
        await self.bring("passwords", *SCENARIOS)
