"""
What the tests of faults have in common.
"""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from .rig import Rig
from .rows import Scenario


class FaultCase(TestCase):
    """Brings faults about, as small as they can be and still be what they are."""

    timeout = 60

    async def bring(self, name: str, *scenarios: Scenario) -> None:
        """Bring this one about; each row must be met."""
        [scenario] = [one for one in scenarios if one.name == name]
        rig = Rig()
        self.addCleanup(rig.close)
        rows = await scenario.run(rig, scenario.quick)
        self.assertTrue(rows)
        self.assertEqual([str(row) for row in rows if not row.isMet], [])
        self.assertEqual(rig.complaints(), [])
