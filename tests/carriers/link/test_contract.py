"""The link keeps the contract of carriers."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from pysig_twisted.testing.carriercontract import CarrierContract
from tests.linesim import LineSim, withoutPtys
from tests.testing.seldom import seldom


@seldom("test_farEndWaits")  # 32 MiB, in frames of 240 bytes
class LinkTests(CarrierContract, TestCase):
    """A line that is as fast as it goes."""

    timeout = 240
    deadline = 200.0
    grace = 0.2
    several = False

    if reason := withoutPtys():
        skip = reason

    async def carrier(self) -> str:
        """The ends of a line."""
        line = LineSim()
        self.addCleanup(line.close)
        await self.serve(f"seriallink:{line.a.path}:pace=off")
        return f"seriallink:{line.b.path}:pace=off"
