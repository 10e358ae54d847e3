"""
Asking, and checking the answers: the same for all that have coroutines.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from ..workload import FIRST, Plan
from .hearing import spread
from .running import Stretch, say

Ask = Callable[[Any], Awaitable[Any]]
"""
Sends params, encoded, and gives the answer, decoded.
"""


class Asking:
    """
    The requests of one process.
    """

    def __init__(self, ask: Ask, plan: Plan) -> None:
        """
        Begin the time.
        """
        self._ask = ask
        self._fields = plan.fields()
        self._numbers: Iterator[int] = iter(range(FIRST, FIRST + plan.count))
        self._times: list[float] = []
        self._count = plan.count
        self._stretch = Stretch()

    async def worker(self) -> None:
        """
        One request after the other, until all were asked.

        @raise RuntimeError: an answer is not that to the request.
        """
        ask, fields, times, clock = self._ask, self._fields, self._times, time.monotonic
        for number in self._numbers:
            begin = clock()
            answer = await ask({"n": number, **fields})
            times.append(clock() - begin)
            if answer["n"] != number:
                say(failed=f"the answer to request {number} is {answer!r}")
                raise RuntimeError("a wrong answer")

    def done(self) -> None:
        """
        Tell how it went.
        """
        end = time.monotonic()
        cpu = self._stretch.cpu()
        times = self._times
        say(begin=self._stretch.begin, end=end, cpu=cpu, count=len(times), **spread(times))
