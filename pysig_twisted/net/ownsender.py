"""
One sender of a client, as its link sees it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from secrets import token_hex
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..core.declaration import State
from ..core.presence import newSid, sidText
from ..core.signals import Sender
from ..errors import ProtocolError, PysigError
from ..wire.messages import MAX_FRAME, Added, AddSender
from .clientprotocol import ClientProtocol
from .remotesignals import RemoteSignal
from .sending import DOWN, FULL, REFUSED, Sending

KEPT: Final = 4 << 20
"""
Bytes of one sender's events that are kept while it is being registered.
"""


class OwnSender:
    """
    A sender of a client, as the link sees it.

    @ivar name: its name.
    @ivar sender: what the application has.
    @ivar sid: the number of its life.
    @ivar secret: what proves that the life is ours.
    @ivar codec: the encoding of its events.
    @ivar encode: encodes their data, or raises because the sender was removed.
    @ivar maxFrame: the longest frame that the router takes.
    @ivar limit: bytes that may wait to be sent.
    @ivar link: where its events go, if the router has taken the sender.
    @ivar isKeeping: has the router been asked, and not answered yet?
    """

    log = Logger()

    def __init__(self, name: str, sending: Sending) -> None:
        """
        A sender that is not registered.
        """
        self.name = name
        self.sender: Sender
        self.sid = newSid()
        self.secret = token_hex(16)
        self.codec = sending.codec
        self.encode: Callable[[Any], bytes] = sending.codec.encode
        self.maxFrame = MAX_FRAME
        self.limit = sending.limit
        self.link: ClientProtocol | None = None
        self.isKeeping = False
        self._isBehind = False
        self._sending = sending
        self._signals: list[RemoteSignal] = []
        self._kept: deque[tuple[int, bytes]] = deque()
        self._keptSize = 0

    def makeSignal(self, sender: Sender, event: str) -> RemoteSignal:
        """
        What fires one of its events.
        """
        signal = RemoteSignal(sender, event, self)
        self._signals.append(signal)
        return signal

    def withhold(self, seq: int, frame: bytes) -> None:
        """
        An event was fired that cannot be sent now.
        """
        if self.link is not None:
            self._drop(self.link)
        elif self.isKeeping:
            self._keep(seq, frame)
        else:
            isRefused = self.sender.state is State.REFUSED
            self._sending.lost(self.name, REFUSED if isRefused else DOWN)

    def _beginAnew(self) -> None:
        """
        Let the next registration be that of another life.
        """
        self.sid = newSid()
        self.sender.seq = 0
        for signal in self._signals:
            signal.beginAnew()

    def _drop(self, link: ClientProtocol) -> None:
        """
        The link has more to send than it may hold, so an event is dropped. Once
        there is room again the router is told how far we are, so that listeners
        hear of the gap, also if nothing is fired any more.
        """
        self._sending.lost(self.name, FULL)
        if not self._isBehind:
            self._isBehind = True
            link.outbox.below(self._sending.limit // 2).addCallback(lambda _: self._sayWhere(link))

    def _sayWhere(self, link: ClientProtocol) -> None:
        """
        Tell the router the number of our last event.
        """
        self._isBehind = False
        if self.link is link and link.isOpen:
            link.settled(self._registration())

    def _registration(self) -> AddSender:
        """
        What the router is told of the sender.
        """
        seq = self.sender.seq
        return AddSender(
            self.name,
            sidText(self.sid),
            self.secret,
            self.sender.events,
            self.sender.requests,
            seq,
            seq + 1,
        )

    def _keep(self, seq: int, frame: bytes) -> None:
        """
        Keep an event until the router has answered; the oldest make room.
        """
        sending = self._sending
        self._kept.append((seq, frame))
        self._keptSize += len(frame)
        sending.kept += len(frame)
        while self._kept and (self._keptSize > KEPT or sending.kept > sending.limit):
            size = len(self._kept.popleft()[1])
            self._keptSize -= size
            sending.kept -= size
            sending.lost(self.name, FULL)

    def register(self, link: ClientProtocol) -> Deferred[None]:
        """
        Ask the router for the name.

        @return: a Deferred that fires when the router has answered.
        """
        assert link.welcome is not None
        if self.sender.state is State.REFUSED:
            # Another had the name, so the life from before is over.
            self._beginAnew()
            self.sender._settle(State.PENDING)
        self.maxFrame = link.welcome.maxFrame
        self.isKeeping = True
        answer = link.call(self._registration())
        return answer.addCallback(self._answered, link).addErrback(self._failed, link)

    def _answered(self, value: Any, link: ClientProtocol) -> None:
        """
        The router has given the name: send what was fired meanwhile.
        """
        if self.sender.state is State.REMOVED:
            return
        try:
            have = msgspec.convert(value, Added).have
        except msgspec.ValidationError as error:
            link.end(ProtocolError(f"this is no answer to addSender: {error}"))
            return
        self.isKeeping = False
        self.link = link
        for seq, frame in self._kept:
            if seq > have:
                link.write(frame)
        self._forgetKept()
        self.sender._settle(State.ACCEPTED)

    def _failed(self, failure: Failure, link: ClientProtocol) -> None:
        """
        The router has not given the name; or the link is down, and it will be
        asked again.
        """
        failure.trap(PysigError)
        error: Any = failure.value
        if not link.isOpen or self.sender.state is State.REMOVED:
            return
        self.isKeeping = False
        self._forgetKept()
        self.log.warn(
            "the router refused sender {sender}: {error}", sender=self.name, error=error.message
        )
        self.sender._settle(State.REFUSED, error)
        self._sending.refused(self.sender, error)

    def unlink(self) -> None:
        """
        The link is down.
        """
        self.link = None
        self.isKeeping = False
        self._forgetKept()
        if self.sender.state is State.ACCEPTED:
            self.sender._settle(State.PENDING)

    def _forgetKept(self) -> None:
        """
        Keep nothing any more.
        """
        self._kept.clear()
        self._sending.kept -= self._keptSize
        self._keptSize = 0
