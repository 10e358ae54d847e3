"""
A device of which the configuration says what its frames mean, and what it can be asked.
"""

from __future__ import annotations

from functools import partial
from itertools import count
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from ..core.requests import Handler
from ..errors import PysigError
from .building import rulesFor
from .claim import Claim
from .console import consoleCommand
from .framesettings import BracketedFrame, GapFrame, LineFrame, NmeaFrame
from .framing import Piece
from .polls import Polls
from .requestbuilding import Asking, askings, pollsFor
from .requestsettings import PollSettings
from .rules import Fired, Quiet, Rules
from .voice import ILine, IVoice

TEXTS = (BracketedFrame, GapFrame, LineFrame, NmeaFrame)
"""
Frames that are text, as a rule.
"""


@implementer(IVoice)
class PlainVoice:
    """
    One sender, with the events of the rules and the requests of the configuration.
    """

    log = Logger()

    def __init__(self, line: ILine, events: tuple[str, ...]) -> None:
        """
        @param events: what it fires.
        """
        self.named: list[str] = []
        self.isText = isinstance(line.settings.frame, TEXTS)
        self._line = line
        self._events = events
        self._rules: Rules = rulesFor(line.settings)
        self._claim: Claim | None = None
        numbers = count(1)
        self._methods = askings(line.settings, numbers)
        self.polls = Polls(pollsFor(line.settings, self._methods, numbers, self._polled))

    @property
    def isUp(self) -> bool:
        """
        See L{IVoice}.
        """
        return self._claim is not None

    @property
    def due(self) -> float | None:
        """
        See L{IVoice}.
        """
        return self._rules.due if self.isUp else None

    def starting(self, now: float) -> None:
        """
        See L{IVoice.starting}.
        """

    def connect(self, now: float) -> None:
        """
        See L{IVoice.connect}.
        """
        line = self._line
        requests: dict[str | None, Handler] = dict(line.requests)
        for method, asking in self._methods.items():
            requests[method] = partial(self._ask, asking)
        if line.settings.console:
            requests["send"] = self._send
        self._rules = rulesFor(line.settings)
        self._claim = claim = Claim(
            line.router, line.clock, line.settings.name, self._events, requests, self._settled
        )
        claim.ask()

    def disconnect(self, reason: str) -> None:
        """
        See L{IVoice.disconnect}.
        """
        self._fireAll(self._rules.end())
        claim, self._claim = self._claim, None
        if claim is not None:
            claim.remove(reason)

    def closed(self, reason: str) -> None:
        """
        See L{IVoice.closed}.
        """

    def isEvent(self, frame: bytes) -> bool:
        """
        See L{IVoice.isEvent}.
        """
        return self._rules.takes(frame)

    def take(self, frame: bytes, now: float) -> None:
        """
        See L{IVoice.take}.
        """
        stats = self._line.stats
        fired = self._rules.apply(frame, now)
        if isinstance(fired, Fired):
            self._fireAll([fired])
        elif fired is Quiet.HELD:
            stats.held += 1
        elif fired is Quiet.UNCHANGED:
            stats.unchanged += 1
        elif fired is Quiet.DROPPED:
            stats.dropped += 1
        else:
            self._line.noise(Piece(frame[:64], "no text", len(frame)), now)

    def fire(self, event: str, data: Any) -> bool:
        """
        See L{IVoice.fire}.
        """
        return self._claim is not None and self._claim.fire(event, data)

    def expire(self, now: float) -> None:
        """
        See L{IVoice.expire}.
        """
        if self.isUp:
            self._fireAll(self._rules.expire(now))

    def _polled(self, poll: PollSettings, result: Any) -> None:
        """
        A poll was answered, or has failed.
        """
        if isinstance(result, Failure):
            if result.value is not None and self.isUp:
                self.log.debug("{name}: {error}", name=self._line.settings.name, error=result.value)
        elif poll.event:
            self._fireAll([Fired(poll.event, result)])

    def _settled(self, error: PysigError | None) -> None:
        """
        The router has given the name, or refused it.
        """
        self._line.note("" if error is None else error.message)

    def _fireAll(self, fired: list[Fired]) -> None:
        """
        Fire what frames stand for.
        """
        for event, data in fired:
            self._line.stats.events += self.fire(event, data)

    def _ask(self, asking: Asking, params: Any = None) -> Deferred[Any]:
        """
        A request has come for the device.
        """
        return self._line.ask(asking.command(params))

    def _send(self, params: Any = None) -> Deferred[Any]:
        """
        Some text is to be sent.
        """
        answer = self._line.ask(consoleCommand(self._line.settings, params))
        return answer.addCallback(lambda texts: {"lines": texts})
