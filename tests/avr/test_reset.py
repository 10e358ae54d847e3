"""A board starts anew amid traffic, and whoever uses it is told."""

from __future__ import annotations

import time

from twisted.internet.defer import Deferred

from pysig_twisted.bridge.lifecycle import APART
from pysig_twisted.errors import SenderGone
from tests import SLOW, slow
from tests.endtoend.processes import until

from .board import Board
from .case import BridgedCase

AT_ONCE = 0.1
"""Seconds from when the board has said that it is ready until all must be as new."""


class ResetTests(BridgedCase):
    """It goes and comes, also when its first word is glued to half a line."""

    def failing(self, answer: Deferred[object]) -> Deferred[float]:
        """When a request has failed because the board has gone."""
        failed = self.assertFailure(answer, SenderGone)
        return failed.addCallback(lambda error: time.perf_counter())

    async def oneLife(self, board: Board, lives: int) -> float:
        """
        Press the button while the line is full of events, one request is under way, and another
        one waits.

        @return: seconds from when the board was ready until all was as new.
        """
        await self.ask("every", ms=1)
        await until(lambda: time.perf_counter() > self.times[-1] + APART + 0.05)
        answers = [self.failing(self.ask("wait")), self.failing(self.ask("set", n=1, v=7))]
        before = len(self.heard.all)
        await until(lambda: self.ear.data[-3:].isdigit(), lambda: self.ear.data[-50:])
        board.reset()
        failed = [await answer for answer in answers]
        await self.whenUp(lives + 1)
        self.assertEqual(len(self.ear.starts), lives + 1)
        self.assertEqual(self.heard.presence[-2:], [("board", "reset"), ("board", "came")])
        fired = [each.info.event for each in self.heard.all[before:]]
        self.assertIn("start", fired)
        self.assertEqual(await self.ask("get", n=1), {"v": 0})
        return max(*failed, *self.times[-2:]) - self.ear.starts[-1].time

    async def lives(self, baud: int, most: int, isAll: bool) -> None:
        """
        Press the button time and again, until the first word came glued to half a line.

        @param most: how often at most.
        @param isAll: so often in any case.
        """
        board = self.plug(baud)
        device = await self.bridge(board)
        taken: list[float] = []
        while len(taken) < most and (isAll or not self.ear.starts[-1].isGlued):
            taken.append(await self.oneLife(board, len(taken) + 1))
        glued = sum(start.isGlued for start in self.ear.starts[1:])
        self.assertGreater(glued, 0)
        self.assertEqual(device.life.boot, len(taken) + 1)
        if SLOW:
            print(
                f"{len(taken)} resets at {baud} baud, {glued} glued to half a line: as new after "
                f"{max(taken) * 1000:.1f} ms at most"
            )
            self.assertLess(max(taken), AT_ONCE)

    async def test_quickLine(self) -> None:
        """What is open fails, and the next request is answered, at 115200 baud."""
        await self.lives(115200, 5, False)

    @slow
    async def test_slowLine(self) -> None:
        """So it is at 9600 baud, each time."""
        await self.lives(9600, 10, True)
