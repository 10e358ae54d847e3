"""
The senders that a client has declared.

Each is registered anew after every reconnect, as the same life: with the same
number (sid), proved by the same secret, and counting its events on. What is
fired while the router has not answered the registration yet is kept until it
has; what is fired while the link is down is counted but not kept, and the
listeners are told of the gap.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from secrets import token_hex
from typing import Any, Final

from twisted.logger import Logger

from ..core.declaration import State
from ..core.presence import newSid, sidText
from ..core.signals import Publish, Sender
from ..errors import PysigError
from ..wire.messages import MAX_FRAME, Added, AddSender, RemoveSender
from ..wire.runs import eventFrame, makeHead
from .clientprotocol import ClientProtocol
from .events import tooLarge

KEPT: Final = 4 << 20
"""
Bytes of one sender's events that are kept while it is being registered.
"""


class OwnSender:
    """
    A sender of a client, as the link sees it.

    @ivar sender: what the application has.
    @ivar isKeeping: has the router been asked, and not answered yet?
    """

    log = Logger()

    def __init__(
        self,
        name: str,
        codec: Any,
        limit: int,
        lost: Callable[[str], None],
    ) -> None:
        """
        @param codec: the encoding of its events.
        @param limit: bytes that may wait on the link before events are dropped.
        @param lost: told the sender's name when an event of it goes nowhere.
        """
        self.name = name
        self.sender: Sender
        self.sid = newSid()
        self.secret = token_hex(16)
        self.isKeeping = False
        self._codec = codec
        self._limit = limit
        self._lost = lost
        self._maxFrame = MAX_FRAME
        self._heads: dict[str, bytes] = {}
        self._link: ClientProtocol | None = None
        self._kept: deque[tuple[int, bytes]] = deque()
        self._keptSize = 0

    def publisher(self, sender: Sender, event: str) -> Publish:
        """
        What sends one of its events.
        """
        heads, toBytes = self._heads, self._codec.encode
        heads[event] = self._head(event)
        overhead = len(heads[event]) + 16

        def publish(seq: int, time: float, data: Any) -> None:
            payload = toBytes(data)
            head = heads[event]
            if len(payload) + overhead > self._maxFrame:
                raise tooLarge(self.name, event, len(payload), self._maxFrame - overhead)
            link = self._link
            if link is not None and link.outbox.size < self._limit:
                link.outbox.write(eventFrame(head, seq, int(time * 1e6), payload))
            elif self.isKeeping:
                self._keep(seq, eventFrame(head, seq, int(time * 1e6), payload))
            else:
                self._lost(self.name)

        return publish

    def _head(self, event: str) -> bytes:
        """
        The head of an event's frames in the present life.
        """
        return makeHead(self._codec.id, self.name, event, self.sid)

    def _beginAnew(self) -> None:
        """
        Let the next registration be that of another life.
        """
        self.sid = newSid()
        for event in self._heads:
            self._heads[event] = self._head(event)

    def _keep(self, seq: int, frame: bytes) -> None:
        """
        Keep an event until the router has answered.
        """
        self._kept.append((seq, frame))
        self._keptSize += len(frame)
        while self._keptSize > KEPT:
            self._keptSize -= len(self._kept.popleft()[1])
            self._lost(self.name)

    def register(self, link: ClientProtocol, refused: Callable[[PysigError], object]) -> Any:
        """
        Ask the router for the name.

        @param refused: told when the router does not give it.
        @return: a Deferred that fires when the router has answered.
        """
        assert link.welcome is not None
        self._maxFrame = link.welcome.maxFrame
        self._forgetKept()
        self.isKeeping = True
        seq = self.sender.seq
        answer = link.call(
            AddSender(
                self.name,
                sidText(self.sid),
                self.secret,
                self.sender.events,
                self.sender.requests,
                seq,
                seq + 1,
            )
        )

        def accepted(value: Any) -> None:
            if self.sender.state is State.REMOVED:
                return
            have = Added(**value).have
            self.isKeeping = False
            self._link = link
            for seq, frame in self._kept:
                if seq > have:
                    link.outbox.write(frame)
            self._forgetKept()
            self.sender._settle(State.ACCEPTED)

        def failed(failure: Any) -> None:
            self.isKeeping = False
            self._forgetKept()
            error = failure.value
            if not isinstance(error, PysigError):
                failure.raiseException()
            if link.isOpen and self.sender.state is not State.REMOVED:
                # Another has the name, so this life is over.
                self._beginAnew()
                self.log.warn(
                    "the router refused sender {sender}: {error}",
                    sender=self.name,
                    error=error.message,
                )
                self.sender._settle(State.REFUSED, error)
                refused(error)

        return answer.addCallbacks(accepted, failed)

    def unlink(self) -> None:
        """
        The link is down.
        """
        self._link = None
        self.isKeeping = False
        self._forgetKept()
        if self.sender.state is State.ACCEPTED:
            self.sender._settle(State.PENDING)

    def remove(self, link: ClientProtocol | None) -> Any:
        """
        Give the name back.

        @return: a Deferred that fires when the router has it; C{None} if there is
            no link.
        """
        self._link = None
        self.isKeeping = False
        self._forgetKept()
        self.sender._removed()
        return link.call(RemoveSender(self.name)) if link is not None else None

    def _forgetKept(self) -> None:
        """
        Keep nothing any more.
        """
        self._kept.clear()
        self._keptSize = 0
