"""
Who has serial ports open, in a process of its own: C{python -m tests.faults.ports}, with commands.
"""

from __future__ import annotations

import os
import time
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.serialport import SerialPort
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from pysig_twisted import EventInfo, Router
from pysig_twisted.bridge import SerialBridge, readDevices
from pysig_twisted.bridge.lifecycle import State
from pysig_twisted.carriers.reopening import Reopener
from pysig_twisted.carriers.serialendpoints import SerialClientEndpoint

HANDFUL: Final = 4096
"""Bytes that are written at a time."""

NOBODY: Final = 65534
"""The user and the group that have no rights."""


@implementer(IPushProducer)
class Endless(Protocol):
    """
    Writes without end.

    @ivar isBlocked: is there no room for more?
    """

    transport: Any

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self.isBlocked = False
        self._isOver = False

    def connectionMade(self) -> None:
        """The line is open."""
        self._actor.note("up")
        self.transport.registerProducer(self, True)
        self.resumeProducing()

    def resumeProducing(self) -> None:
        """There is room."""
        self.isBlocked = False
        while not (self.isBlocked or self._isOver):
            self.transport.write(b"x" * HANDFUL)

    def pauseProducing(self) -> None:
        """There is not."""
        self.isBlocked = True

    def stopProducing(self) -> None:
        """The line ends."""
        self._isOver = True

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The line has ended."""
        self._isOver = True


class Bare(LineOnlyReceiver):
    """Counts lines, as little as Twisted alone does with them."""

    MAX_LENGTH = 512

    def __init__(self) -> None:
        self.count = 0

    def lineReceived(self, line: bytes) -> None:
        """A line."""
        self.count += 1


class Actor:
    """What does the commands."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._log: list[list[Any]] = []
        self._awaited: list[tuple[int, Deferred[None]]] = []
        self._reopener: Reopener | None = None
        self._bare: list[Bare] = []
        self._bridge: SerialBridge | None = None
        self._held = 0

    def note(self, *what: Any) -> None:
        """Something has happened, now."""
        self._log.append([what[0], time.monotonic(), *what[1:]])
        for awaited in tuple(self._awaited):
            count, came = awaited
            if len(self._log) >= count:
                self._awaited.remove(awaited)
                came.callback(None)

    def doLog(self, count: int = 0) -> Deferred[list[list[Any]]]:
        """What has happened, and when; the answer comes when there is so much of it."""
        came: Deferred[None] = Deferred()
        if len(self._log) < count:
            self._awaited.append((count, came))
        else:
            came.callback(None)
        return came.addCallback(lambda _: self._log)

    def doWrite(self, path: str) -> None:
        """Keep a port open, and write to it without end."""
        self._reopener = Reopener(
            self._reactor,
            SerialClientEndpoint(self._reactor, path),
            Factory.forProtocol(lambda: Endless(self)),  # type: ignore[arg-type]
            lost=lambda word, error: self.note("down", word),
        )
        self._reopener.start()

    def doIsBlocked(self) -> bool:
        """Is there a port, and no room for more?"""
        protocol = self._reopener and self._reopener.protocol
        return bool(protocol and protocol.isBlocked)

    def doBecomeNobody(self) -> None:
        """Have no rights any more."""
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    def doBridge(self, tables: dict[str, Any]) -> None:
        """Bridge devices to a router of this process; all they fire is noted."""
        router = Router()
        router.addListener(self._hear)
        self._bridge = SerialBridge(router, readDevices(tables), reactor=self._reactor)
        self._bridge.startService()

    def _hear(self, info: EventInfo, data: Any) -> None:
        self.note("event", info.sender, info.event, data)

    def doWatch(self, name: str) -> None:
        """See after all that comes from a device how much its framer holds."""
        assert self._bridge is not None
        device: Any = self._bridge.devices[name]
        received = device.received

        def watched(data: bytes) -> None:
            received(data)
            self._held = max(self._held, device._framer.held)

        device.received = watched

    def doHeld(self) -> int:
        """The most that the framer has held."""
        return self._held

    def doStates(self) -> list[dict[str, Any]]:
        """How the devices are."""
        assert self._bridge is not None
        return self._bridge.states()

    def doIsUp(self, name: str) -> bool:
        """Is a device there?"""
        assert self._bridge is not None
        return self._bridge.devices[name].life.state is State.UP

    def doStatistics(self, name: str) -> dict[str, Any]:
        """What a device has counted."""
        assert self._bridge is not None
        return self._bridge.devices[name].statistics()

    def doBare(self, paths: list[str]) -> None:
        """Read lines from ports with what Twisted has for it, and nothing else."""
        for path in paths:
            self._bare.append(Bare())
            SerialPort(self._bare[-1], path, self._reactor, baudrate=9600)

    def doCounted(self) -> list[int]:
        """How many lines have come from each."""
        return [bare.count for bare in self._bare]


if __name__ == "__main__":
    from .commands import obey

    obey(Actor)
