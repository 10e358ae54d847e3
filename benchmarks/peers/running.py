"""
How a process of clients is run: its command line, and what it tells the one that started it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
from twisted.internet import task
from twisted.internet.defer import Deferred

from ..workload import Plan

Role = Callable[[Any, str, Plan], Awaitable[None]]


def say(**result: Any) -> None:
    """
    Tell the process that started this one what came out. It may hold C{begin} and C{end}, by
    C{time.monotonic}, which is the same in all processes of a machine.
    """
    print("result", json.dumps(result), flush=True)


def ready() -> None:
    """
    Tell it that the others may begin.
    """
    print("ready", flush=True)


class Stretch:
    """
    Times a stretch of work of this process.

    @ivar begin: by C{time.monotonic}.
    """

    def __init__(self) -> None:
        self.begin = time.monotonic()
        self._cpu = time.process_time()

    def cpu(self) -> float:
        """
        Seconds of processor time since it began.
        """
        return time.process_time() - self._cpu


def options() -> tuple[str, str, Plan]:
    """
    The role, the address and the plan that the command line names.
    """
    role, address, plan = sys.argv[1:]
    return role, address, msgspec.json.decode(plan, type=Plan)


def runTwisted(roles: Mapping[str, Role]) -> None:
    """
    Run the role of the command line under Twisted, until it ends.
    """
    name, address, plan = options()

    def main(reactor: Any) -> Deferred[None]:
        return Deferred.fromCoroutine(roles[name](reactor, address, plan))  # type: ignore[arg-type]

    task.react(main, ())
