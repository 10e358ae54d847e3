"""Serial devices that come and go, say nonsense or very much, or cannot be opened."""

from __future__ import annotations

from tests.linesim import withoutPtys

from .case import FaultCase
from .scenarios import serialasking, serialload, serialports, serialreplug

SCENARIOS = (
    *serialasking.SCENARIOS,
    *serialload.SCENARIOS,
    *serialports.SCENARIOS,
    *serialreplug.SCENARIOS,
)


class SerialTests(FaultCase):
    """See tests.faults.scenarios, those whose names begin with serial."""

    if reason := withoutPtys():
        skip = reason

    async def test_replug(self) -> None:
        """An unplugged device is gone at once, and open when it is back; nothing leaks."""
        await self.bring("serial-replug", *SCENARIOS)

    async def test_noise(self) -> None:
        """Random bytes without the end of a line cost no memory; the next good line is there."""
        await self.bring("serial-noise", *SCENARIOS)

    async def test_many(self) -> None:
        """Of many devices that speak without a pause no line is lost."""
        await self.bring("serial-many", *SCENARIOS)

    async def test_pieces(self) -> None:
        """The same where lines come in pieces."""
        await self.bring("serial-pieces", *SCENARIOS)

    async def test_refused(self) -> None:
        """A port that cannot be opened is told with the reason, and opened when it can be."""
        await self.bring("serial-refused", *SCENARIOS)

    async def test_late(self) -> None:
        """Late answers are never taken for those of other commands."""
        await self.bring("serial-late", *SCENARIOS)

    async def test_stop(self) -> None:
        """A line that takes nothing does not keep a process from ending."""
        await self.bring("serial-stop", *SCENARIOS)
