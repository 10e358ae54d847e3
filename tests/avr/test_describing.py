"""The example of firmware that describes itself, on the board that it is written for."""

from __future__ import annotations

from pysig_twisted.errors import RemoteError
from tests.endtoend.processes import ROOT, until

from .case import BridgedCase

SKETCH = ROOT / "examples/arduino/self_describing/self_describing.ino"


class DescribingTests(BridgedCase):
    """It is on the bus with nothing said of it but its port."""

    sender = "green"

    async def test_appears(self) -> None:
        """It comes, fires its event, answers its request, and says what it does not like."""
        self.open(self.plug(115200, SKETCH), speaks="pysig")
        await self.whenUp()
        [info] = await self.router.senders(self.sender)
        self.assertIn("t", info.events)
        self.assertIn("led", info.requests)
        self.assertEqual([await self.router.request("green", "led", n) for n in (1, 0)], [1, 0])
        asked = self.router.request("green", "led", "bright")
        error = await self.assertFailure(asked, RemoteError)
        self.assertIn("led takes 1 or 0", error.message)
        await until(lambda: self.heard.dataOf("green", "t"))

    async def test_startsAnew(self) -> None:
        """Its button has it go and come, and then it answers again."""
        board = self.plug(115200, SKETCH)
        self.open(board, speaks="pysig")
        await self.whenUp()
        board.reset()
        await self.whenUp(2)
        self.assertEqual(
            self.heard.presence, [("green", "came"), ("green", "reset"), ("green", "came")]
        )
        self.assertEqual(await self.router.request("green", "led", 1), 1)
