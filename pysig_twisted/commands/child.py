"""
Processes that belong to another one, and end with it.

A child runs with the same interpreter and the same import path, whatever folder
it is started in. What it prints goes to a file. Its standard input is a pipe
whose other end its parent holds: when that is closed, by the parent or by its
death, the child stops.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReadDescriptor
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from .descriptor import Descriptor

BOOT: Final = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1));"
    "from pysig_twisted.commands.child import main; main(sys.argv[1:])"
)
PATIENCE: Final = 3.0
"""
Seconds that a child has to stop before it is told by SIGTERM, and again before
SIGKILL.
"""

SHOWN: Final = 8
"""
Last lines of a child's log that are shown when it fails.
"""


class Child(ProcessProtocol):
    """
    A process of ours.

    @ivar name: what it is called in messages.
    @ivar log: the file that it prints to.
    @ivar status: how it ended; C{None} while it runs.
    """

    def __init__(self, reactor: Any, name: str, log: Path) -> None:
        """
        See the class.
        """
        self.name = name
        self.log = log
        self.status: str | None = None
        self._reactor = reactor
        self._ended: list[Deferred[str]] = []

    def start(self, arguments: Sequence[str]) -> None:
        """
        Start it.

        @param arguments: see L{main}.
        """
        # Settings meant for the user's own router do not concern this one.
        environment = {key: value for key, value in os.environ.items() if key[:6] != "PYSIG_"}
        command = [sys.executable, "-c", BOOT, json.dumps(sys.path), *arguments]
        with self.log.open("wb") as file:
            self._reactor.spawnProcess(
                self,
                sys.executable,
                command,
                environment,
                childFDs={0: "w", 1: file.fileno(), 2: file.fileno()},
            )

    def whenEnded(self) -> Deferred[str]:
        """
        A new Deferred that fires with how it ended.
        """
        deferred: Deferred[str] = Deferred(self._ended.remove)
        if self.status is not None:
            deferred.callback(self.status)
        else:
            self._ended.append(deferred)
        return deferred

    def stop(self) -> Deferred[str]:
        """
        Have it stop.

        @return: a Deferred that fires when it has.
        """
        ended = self.whenEnded()
        if self.transport is not None and self.status is None:
            self.transport.closeStdin()
            calls = [
                self._reactor.callLater(PATIENCE * (turn + 1), self._signal, name)
                for turn, name in enumerate(("TERM", "KILL"))
            ]
            self.whenEnded().addCallback(
                lambda _: [call.cancel() for call in calls if call.active()]
            )
        return ended

    def _signal(self, name: str) -> None:
        """
        It takes too long.
        """
        if self.transport is not None and self.status is None:
            self.transport.signalProcess(name)

    def processEnded(self, reason: Failure) -> None:
        """
        See C{IProcessProtocol}.
        """
        value: Any = reason.value
        by = getattr(value, "signal", None)
        self.status = f"by signal {by}" if by is not None else f"with status {value.exitCode}"
        ended, self._ended = self._ended, []
        for deferred in ended:
            deferred.callback(self.status)

    def lastLines(self) -> list[str]:
        """
        The end of what it printed.
        """
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 8000))
                text = file.read().decode(errors="replace")
        except OSError:
            return []
        return [line for line in text.splitlines() if line.strip()][-SHOWN:]


@implementer(IReadDescriptor)
class Leash(Descriptor):
    """
    The standard input of a child: at its end the reactor stops.
    """

    def doRead(self) -> None:
        """
        See C{IReadDescriptor}.
        """
        if not os.read(self._number, 4096):
            self.connectionLost()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """
        See C{IFileDescriptor}.
        """
        self._reactor.removeReader(self)
        if self._reactor.running:
            self._reactor.stop()


def main(arguments: Sequence[str]) -> None:
    """
    Be a child.

    @param arguments: C{twistd} and its arguments, or C{machine} and those of
        L{machine.main<pysig_twisted.commands.machine.main>}.
    """
    from twisted.internet import reactor as installed

    reactor: Any = installed
    if hasattr(os, "setpgrp"):
        os.setpgrp()  # a Ctrl-C at the terminal is the parent's to deal with
    reactor.callWhenRunning(reactor.addReader, Leash(reactor, 0))
    if arguments[0] == "twistd":
        from twisted.scripts.twistd import run

        sys.argv[:] = arguments
        run()
    else:
        from .machine import main as publish

        publish(*arguments[1:])
