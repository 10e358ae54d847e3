"""
Firing events at a rate.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from ..workload import FIRST, Plan


async def pace(
    plan: Plan, fire: Callable[[Any], object], sleep: Callable[[float], Awaitable[object]]
) -> None:
    """
    Fire each event when its time has come, with the time in it.
    """
    fields, clock = plan.fields(), time.monotonic
    begin = clock()
    for number in range(plan.count):
        wait = begin + number / plan.rate - clock()
        if wait > 0:
            await sleep(wait)
        fire({"n": FIRST + number, "at": clock(), **fields})
