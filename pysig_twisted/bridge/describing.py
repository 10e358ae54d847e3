"""
A device that says itself who is there, what that fires and what it answers.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from twisted.internet.defer import Deferred
from zope.interface import implementer

from ..core.requests import Handler
from ..errors import PysigError
from .claim import Claim
from .command import Command
from .described import Described
from .hello import OWN_EVENTS, Hello
from .lifecycle import RESET, SILENT
from .polls import Polls
from .text import decoder
from .voice import ILine, IVoice

READY: Final = r'"hello"\s*:\s*"[^?]'
"""
What the first line that a device says of itself has. A line that echoes has the question.
"""

TIMEOUT: Final = 5.0
"""
Seconds that a device has to answer a request.
"""

DEADLINE: Final = 30.0
"""
Seconds that a request may take in all, with the time that it waits for others.
"""


@implementer(IVoice)
class DescribingVoice:
    """
    A sender for each that the device says hello of.
    """

    isText = True

    def __init__(self, line: ILine) -> None:
        """
        @param line: the device.
        """
        self.isUp = False
        self.polls = Polls(())
        self._line = line
        self._text = decoder(line.settings.encoding)
        self._claims: dict[str, Claim] = {}
        # Why the router does not give the names that it does not give.
        self._refused: dict[str, str] = {}
        self._wasSilent = False
        self._described = Described(
            self._declare, self._remove, self._fire, line.write, line.noise, line.note
        )

    @property
    def named(self) -> list[str]:
        """
        See L{IVoice}.
        """
        return list(self._claims)

    @property
    def due(self) -> float | None:
        """
        See L{IVoice}.
        """
        return self._described.due

    def starting(self, now: float) -> None:
        """
        See L{IVoice.starting}.
        """
        self._described.opened(now)

    def connect(self, now: float) -> None:
        """
        See L{IVoice.connect}. Where the device is not silent any more, all that it has said
        of itself before is forgotten.
        """
        self.isUp = True
        if self._wasSilent:
            self._wasSilent = False
            self._described.opened(now)

    def disconnect(self, reason: str) -> None:
        """
        See L{IVoice.disconnect}.
        """
        self.isUp = False
        self._wasSilent = reason == SILENT
        self._described.closed(reason)

    def closed(self, reason: str) -> None:
        """
        See L{IVoice.closed}.
        """
        self._wasSilent = False
        self._described.closed(reason)

    def isEvent(self, frame: bytes) -> bool:
        """
        See L{IVoice.isEvent}. Each line says itself what it is.
        """
        return True

    def take(self, frame: bytes, now: float) -> None:
        """
        See L{IVoice.take}.
        """
        self._described.take(self._text(frame), frame, now)

    def fire(self, event: str, data: Any) -> bool:
        """
        See L{IVoice.fire}. The first sender stands for the line.
        """
        claim = self._claims.get(self._described.first or "")
        return claim is not None and claim.fire(event, data)

    def expire(self, now: float) -> None:
        """
        See L{IVoice.expire}.
        """
        self._described.expire(now)

    def _declare(self, name: str, hello: Hello) -> None:
        """
        A sender is there.
        """
        line = self._line
        requests: dict[str | None, Handler] = dict(line.requests)
        for method in hello.requests:
            requests[method] = partial(self._ask, name, method)
        claim = self._claims[name] = Claim(
            line.router,
            line.clock,
            name,
            [*hello.events, *OWN_EVENTS],
            requests,
            partial(self._settled, name),
        )
        claim.ask()
        self._line.changed()

    def _remove(self, name: str, reason: str) -> None:
        """
        A sender is there no more.
        """
        claim = self._claims.pop(name, None)
        self._refused.pop(name, None)
        if claim is not None:
            claim.remove(reason)
        if reason == RESET and not self._claims:
            self._line.restarted(reason)
        if self.isUp:
            self._line.changed()

    def _fire(self, name: str, event: str, data: Any) -> None:
        """
        A sender fires an event.
        """
        claim = self._claims.get(name)
        if claim is not None:
            self._line.stats.events += claim.fire(event, data)

    def _settled(self, name: str, error: PysigError | None) -> None:
        """
        The router has given a name, or refused it.
        """
        if error is None:
            self._refused.pop(name, None)
        else:
            self._refused[name] = error.message
            self._described.refuse(error.message, self._line.clock.now())
        self._line.note(next(iter(self._refused.values()), ""))

    def _ask(self, name: str, method: str, params: Any = None) -> Deferred[Any]:
        """
        A request has come for one of the senders.
        """
        asked = self._described.request(name, method, params)
        return self._line.ask(
            Command(
                method,
                asked.data,
                asked.reply,
                echo=(asked.echo,),
                timeout=TIMEOUT,
                deadline=DEADLINE,
                isSure=True,
            )
        )
