"""
The demo's senders: this machine, once a second, and a bench with an instrument.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from twisted.internet.task import LoopingCall

from .. import ClientRouter, Sender
from ..errors import BadRequest
from ..testing.instrument import Instrument
from .bench import Bench

NAME: Final = "machine"
INTERVAL: Final = 1.0
MEMINFO: Final = Path("/proc/meminfo")


def load() -> dict[str, float]:
    """
    How many processes ran or wanted to, on average over 1, 5 and 15 minutes.

    @raise OSError: the system does not say.
    """
    one, five, fifteen = os.getloadavg()
    return {"1min": round(one, 2), "5min": round(five, 2), "15min": round(fifteen, 2)}


def memory(meminfo: Path = MEMINFO) -> dict[str, int]:
    """
    Bytes of memory: in all, and available where the system says it.

    @param meminfo: Linux's account of it.
    """
    try:
        text = meminfo.read_text()
    except OSError:
        return {"total": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")}
    lines = (line.split() for line in text.splitlines())
    kibibytes = {words[0]: int(words[1]) for words in lines if len(words) > 1}
    found = {"total": kibibytes.get("MemTotal:"), "available": kibibytes.get("MemAvailable:")}
    return {name: size * 1024 for name, size in found.items() if size is not None}


def disk(params: Any = None) -> dict[str, Any]:
    """
    Bytes of the disk that a folder is on.

    @param params: C{{"path": ...}}; C{None} for the root.
    @raise BadRequest: there is no such folder.
    """
    given = {"path": "/"} if params is None else params
    if not isinstance(given, Mapping) or set(given) != {"path"}:
        raise BadRequest('the parameters are {"path": a folder}')
    path = given["path"]
    if not isinstance(path, str):
        raise BadRequest(f"path {path!r} is not text")
    try:
        usage = shutil.disk_usage(path)
    except (OSError, ValueError) as error:
        raise BadRequest(f"path {path!r}: {getattr(error, 'strerror', None) or error}") from None
    return {"path": path, "total": usage.total, "used": usage.used, "free": usage.free}


def uptime(params: Any = None) -> dict[str, float]:
    """
    Seconds since the machine was started.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return {"seconds": round(time.clock_gettime(clock), 1)}


class Machine:
    """
    Publishes the figures of this machine on a router of any kind.

    @ivar sender: the sender.
    """

    def __init__(self, router: Any, clock: Any) -> None:
        """
        @param router: an L{IRouter<pysig_twisted.interfaces.IRouter>}.
        @param clock: the reactor.
        """
        self.sender: Sender = router.addSender(
            NAME, ["load", "memory", "disk"], {"uptime": uptime, "disk": disk}
        )
        self._calls = LoopingCall(self.publish)
        self._calls.clock = clock

    def start(self) -> None:
        """
        Publish now, and then once a second.
        """
        self._calls.start(INTERVAL)

    def stop(self) -> None:
        """
        Publish no more.
        """
        self._calls.stop()

    def publish(self) -> None:
        """
        Fire one event of each kind that the system has figures for.
        """
        for event, measure in (("load", load), ("memory", memory), ("disk", disk)):
            try:
                figures = measure()
            except (OSError, ValueError):
                continue
            self.sender.trigger(event, figures)


def main(endpoint: str, device: str = "") -> None:
    """
    Publish on a router until the reactor is stopped.

    @param device: where a simulated instrument is to be plugged in; empty for none.
    """
    from twisted.internet import reactor as installed

    reactor: Any = installed
    reactor.seconds = time.monotonic
    router = ClientRouter(endpoint, reactor=reactor)
    machine = Machine(router, reactor)
    # Nothing is fired into a link that is not up yet.
    router.whenConnected().addCallback(lambda _: machine.start())
    if device:
        bench = Bench(router, reactor, Instrument(device))
        reactor.callWhenRunning(bench.start)
        reactor.addSystemEventTrigger("before", "shutdown", bench.stop)
    reactor.callWhenRunning(router.startService)
    reactor.addSystemEventTrigger("before", "shutdown", router.stopService)
    reactor.run()
