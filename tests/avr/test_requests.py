"""A board answers over the bridge what it is asked, however busy it is."""

from __future__ import annotations

import time

from twisted.internet.defer import gatherResults

from pysig_twisted.errors import RemoteError
from tests import slow

from .case import BridgedCase
from .test_board import ATTEMPTS, Console, median, roundTrips


class RequestTests(BridgedCase):
    """Each answer goes to who asked for it."""

    async def atOnce(self, baud: int) -> None:
        """Ask 20 things while the board does something else."""
        await self.bridge(self.plug(baud))
        await self.ask("busy", ms=300)
        asked = [self.ask("set", n=1 + n % 8, v=1000 + n) for n in range(10)]
        asked += [self.ask("tag") for _ in range(10)]
        answers = await gatherResults(asked)
        self.assertEqual(answers[:10], [{"n": 1 + n % 8, "v": 1000 + n} for n in range(10)])
        self.assertEqual(answers[10:], [{"c": 12 + n} for n in range(10)])

    async def test_slowLine(self) -> None:
        """20 requests at once while it is busy are all answered right at 9600 baud."""
        await self.atOnce(9600)

    async def test_quickLine(self) -> None:
        """20 requests at once while it is busy are all answered right at 115200 baud."""
        await self.atOnce(115200)

    async def test_error(self) -> None:
        """What the board does not like is an error, with its words; and its events go on."""
        await self.bridge(self.plug(115200))
        error = await self.assertFailure(self.ask("get", n=9), RemoteError)
        self.assertIn("GET 9", error.message)
        self.assertEqual(await self.ask("get", n=8), {"v": 0})
        ticks = self.heard.dataOf("board", "tick")
        await self.heard.next(3)
        self.assertGreater(len(self.heard.dataOf("board", "tick")), len(ticks))


class TimeTests(BridgedCase):
    """The bridge costs next to nothing."""

    async def bridged(self, number: int) -> list[float]:
        """Seconds from each of so many requests to its answer."""
        await self.ask("every", ms=0)
        taken = []
        for index in range(number):
            start = time.perf_counter()
            await self.ask("set", n=1, v=1000 + index)
            taken.append(time.perf_counter() - start)
        return taken

    async def compare(self, baud: int) -> None:
        """Time requests without the bridge and with it."""
        board = self.plug(baud)
        for _ in range(ATTEMPTS):
            console = Console(board)
            console.started(board)
            own = median(roundTrips(console, 100)) * 1000
            console.port.close()
            await self.bridge(board, command_gap=0.0)
            taken = median(await self.bridged(100)) * 1000
            await self.service.stopService()
            print(f"round trip at {baud} baud: board {own:.2f} ms, over the bridge {taken:.2f} ms")
            if taken < own + 2:
                return
        self.fail("more than 2 ms")

    @slow
    async def test_slowLine(self) -> None:
        """A round trip takes at most 2 ms more at the median at 9600 baud."""
        await self.compare(9600)

    @slow
    async def test_quickLine(self) -> None:
        """A round trip takes at most 2 ms more at the median at 115200 baud."""
        await self.compare(115200)
