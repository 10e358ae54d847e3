"""Serial devices that come and go, say nonsense or very much, or cannot be opened."""

from __future__ import annotations

from tests.linesim import withoutPtys

from .case import FaultCase
from .scenarios import serialasking, seriallines, serialload, serialports, serialreplug

SCENARIOS = (
    *serialasking.SCENARIOS,
    *serialload.SCENARIOS,
    *serialports.SCENARIOS,
    *serialreplug.SCENARIOS,
    *seriallines.SCENARIOS,
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

    async def test_goodput(self) -> None:
        """Over a bad line too bytes arrive once, in order, and as many as it carries."""
        await self.bring("line-goodput", *SCENARIOS)

    async def test_killed(self) -> None:
        """Who is killed at the end of a line is back soon, and nothing of before comes."""
        await self.bring("line-killed", *SCENARIOS)

    async def test_cut(self) -> None:
        """A line that is silent for a second loses nothing, nor do strangers on it."""
        await self.bring("line-cut", *SCENARIOS)

    async def test_request(self) -> None:
        """A request does not wait behind events."""
        await self.bring("line-request", *SCENARIOS)

    async def test_flood(self) -> None:
        """More than the line carries costs nobody anything; the newest is there soon."""
        await self.bring("line-flood", *SCENARIOS)
