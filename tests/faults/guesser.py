"""
Somebody who tries out passwords: C{python -m tests.faults.guesser}, with commands.

It speaks the wire, and is cheap: all it says is the same HELLO over and over, each on a connection
of its own, since a connection has but one. It can also only use as much of a processor, without
saying anything to anybody.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

from twisted.internet.endpoints import clientFromString
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from pysig_twisted.wire.messages import Hello
from pysig_twisted.wire.version1 import encode

GOODBYE = 3

TICK = 0.01
"""Seconds between two handfuls of what is done so many times a second."""


class Guess(Protocol):
    """One password, and what is said to it."""

    transport: Any

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._read = b""
        self._begin = time.monotonic()

    def connectionMade(self) -> None:
        """Try it."""
        self._actor.said += 1
        self.transport.write(self._actor.hello)

    def dataReceived(self, data: bytes) -> None:
        """It is told whether it is right."""
        self._read += data
        at = 4 + int.from_bytes(self._read[:4], "big")
        if len(self._read) < max(at, 5):
            return
        rest = self._read[5:at]
        code = json.loads(rest)["code"] if self._read[4] == GOODBYE else "let in"
        self._actor.answers[code] += 1
        self._actor.longest = max(self._actor.longest, time.monotonic() - self._begin)
        self._read = b""
        self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self._actor.open -= 1


class Actor:
    """
    What does the commands.

    @ivar open: connections that there are, or will be soon.
    @ivar said: passwords that were said.
    @ivar answers: what was said to how many.
    @ivar longest: seconds until the answer that took longest.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._loop: LoopingCall | None = None
        self.hello = b""
        self._forget()

    def _forget(self) -> None:
        self.open = self.said = 0
        self.longest = 0.0
        self.answers: Counter[str] = Counter()
        self._begin, self._used = time.monotonic(), time.process_time()

    def doGuess(self, endpoint: str, user: str, rate: float) -> None:
        """Try so many wrong passwords of a user in a second."""
        self._forget()
        target = clientFromString(self._reactor, endpoint)
        self.hello = encode(
            Hello((1,), "guesser", credentials={"user": user, "password": "guessed"})
        )
        factory: Any = Factory.forProtocol(lambda: Guess(self))
        begun = 0

        def failed(_: Failure) -> None:
            self.open -= 1
            self.answers["no connection"] += 1

        def few() -> None:
            nonlocal begun
            due = int((time.monotonic() - self._begin) * rate) - begun
            begun += due
            for _ in range(due):
                self.open += 1
                target.connect(factory).addErrback(failed)

        self._start(few)

    def doBurn(self, share: float) -> None:
        """Use this share of a processor, and do nothing else."""
        self._forget()

        def burn() -> None:
            while time.process_time() - self._used < share * (time.monotonic() - self._begin):
                pass

        self._start(burn)

    def _start(self, call: Any) -> None:
        self._loop = LoopingCall(call)
        self._loop.start(TICK)

    def doHalt(self) -> dict[str, Any]:
        """Begin nothing more; how long it went on, and the share of a processor that it took."""
        assert self._loop is not None
        self._loop.stop()
        seconds = time.monotonic() - self._begin
        return {
            "seconds": seconds,
            "processor": (time.process_time() - self._used) / seconds,
        }

    def doWaiting(self) -> int:
        """How many have not been answered."""
        return self.open

    def doAnswers(self) -> dict[str, Any]:
        """How many passwords were said, what came of it, and how long the longest took."""
        return {"said": self.said, "answers": self.answers, "longest": self.longest}


if __name__ == "__main__":
    from .commands import obey

    obey(Actor)
