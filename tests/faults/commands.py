"""
Processes that do what they are told.

A line of JSON on the standard input is a command, C{{"id": 7, "do": "fire", ...}}; a line on the
standard output answers it, C{{"id": 7, "answer": ...}} or C{{"id": 7, "error": "..."}}. When the
input ends, so does the process: it never outlives who started it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import maybeDeferred
from twisted.internet.protocol import connectionDone
from twisted.internet.stdio import StandardIO
from twisted.logger import ILogObserver, LogLevel, globalLogBeginner, textFileLogObserver
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from zope.interface import implementer


class Commands(LineOnlyReceiver):
    """
    Takes the commands, and has an actor do them: C{fire} is its method C{doFire}, which
    returns the answer, or a Deferred with it.
    """

    delimiter = b"\n"
    MAX_LENGTH = 1 << 20
    transport: Any

    def __init__(self, actor: Any, ended: Callable[[], object]) -> None:
        self._actor = actor
        self._ended = ended

    def lineReceived(self, line: bytes) -> None:
        """A command."""
        command = json.loads(line)
        id, do = command.pop("id"), command.pop("do")
        method = getattr(self._actor, f"do{do[0].upper()}{do[1:]}")
        maybeDeferred(method, **command).addCallbacks(
            lambda answer: self._say(id=id, answer=answer),
            lambda failure: self._say(id=id, error=failure.getTraceback()),
        )

    def _say(self, **fields: Any) -> None:
        self.transport.write(json.dumps(fields).encode() + b"\n")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Nobody is there any more."""
        self._ended()


def obey(makeActor: Callable[[Any], Any]) -> None:
    """Be a process that obeys, until its input ends."""
    from twisted.internet import reactor as installed

    reactor: Any = installed
    show = textFileLogObserver(sys.stderr)

    @implementer(ILogObserver)
    def logged(event: Any) -> None:
        if event["log_level"] >= LogLevel.error:
            show(event)

    globalLogBeginner.beginLoggingTo([logged], redirectStandardIO=False)
    StandardIO(Commands(makeActor(reactor), lambda: reactor.running and reactor.stop()))
    reactor.run()
