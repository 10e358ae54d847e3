"""
One sender of a client, as its link sees it.
"""

from __future__ import annotations

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
from .blocks import COST, pieces
from .clientprotocol import ClientProtocol
from .remotesignals import RemoteSignal
from .ring import SHUT
from .sending import LONG, REFUSED, ROOM, Sending

PIECE: Final = 1 << 16
"""
Bytes of a piece of what is sent again on demand.
"""


class OwnSender:
    """
    A sender of a client, as the link sees it.

    Its ring has the events that the router may yet have to be sent. The router is
    asked for the name on each new link, and told how far the events go. When it
    has answered, with the number of the last event that it has, it is sent all
    after that, in order and without a hole but for what the ring had to drop; and
    from then on what is fired.

    What was fired before the router was asked for the first time is not sent. It
    is kept, though, for a router that asks for it.

    @ivar name: its name.
    @ivar sender: what the application has.
    @ivar sid: the number of its life.
    @ivar secret: what proves that the life is ours.
    @ivar codec: the encoding of its events.
    @ivar encode: encodes their data, or raises because the sender was removed.
    @ivar maxFrame: the longest frame that the router takes, and that may be kept.
    @ivar room: bytes that may wait in the outbox for more to be put there.
    @ivar ring: its last events.
    @ivar link: where its events go, if the router has taken the sender.
    @ivar isAsked: has the router been asked, and not answered yet?
    @ivar isExpected: is it sent to those who listen, what it fires now?
    @ivar isLeaving: was it removed while there is something that the link is to be
        given before?
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
        self.maxFrame = _longest(sending, MAX_FRAME)
        self.room = sending.room
        self.ring = sending.rings.add(name)
        self.link: ClientProtocol | None = None
        self.isAsked = False
        self.isExpected = False
        # What the router was told that could be sent again.
        self._oldest = 1
        self.isLeaving = False
        self._sending = sending
        self._signals: list[RemoteSignal] = []

    def makeSignal(self, sender: Sender, event: str) -> RemoteSignal:
        """
        What fires one of its events.
        """
        signal = RemoteSignal(sender, event, self)
        self._signals.append(signal)
        return signal

    def fire(self, frame: bytes) -> None:
        """
        An event was fired: give it to the link, or keep it.
        """
        ring = self.ring
        if ring.isOpen:
            if self.link is not None and self.link.outbox.size < self.room:
                ring.put(frame)
                return
            ring.shut()
            ring.keep(frame)
            self._sending.queue(self)
            self._sending.feed()
        elif self.sender.state is State.REFUSED:
            self._sending.lost(self.name, REFUSED)
        else:
            if not self.isExpected:
                self._sending.early(self.name)
            ring.keep(frame)

    def give(self, link: ClientProtocol, size: int) -> bool:
        """
        Give the link what it was not given yet, as far as C{size} bytes go.

        @return: is there more?
        """
        ring = self.ring
        data = ring.give(size)
        if data:
            link.write(data)
        if ring.unsent:
            return True
        if ring.isShort:
            # No event will show that the last ones are missing.
            ring.isShort = False
            link.settled(self._registration(self.sender.seq))
        if self.isLeaving:
            self.isLeaving = False
        else:
            isDirect = link.isPlain and self.room >= ROOM
            ring.open(link.write, link.outbox if isDirect else SHUT)
        return False

    def hasGiven(self, sid: int, seq: int) -> bool:
        """
        Was the link given an event, or will it never be?

        @param sid: the life that has fired it.
        @param seq: its number.
        """
        if sid != self.sid or self.sender.state is State.REFUSED:
            return True
        if self.sender.state is State.REMOVED and not self.isLeaving:
            return True
        return self.link is not None and self.sender.seq - self.ring.unsent >= seq

    def refill(self, first: int, last: int) -> list[bytes]:
        """
        Events that the ring still has.

        @return: their frames, whole and in order, in pieces of at most 64 KiB or
            one frame.
        """
        before = self.sender.seq - len(self.ring)
        frames = self.ring.slice(max(0, first - 1 - before), last - before)
        return list(pieces(frames, PIECE))

    def register(self, link: ClientProtocol, last: int | None = None) -> Deferred[None]:
        """
        Ask the router for the name.

        @param last: the number of the last event that the router need not be
            sent; the last one that was fired, unless given.
        @return: a Deferred that fires when the router has answered.
        """
        assert link.welcome is not None
        if self.sender.state is State.REFUSED:
            # Another had the name, so the life from before is over.
            self._beginAnew()
            self.sender._settle(State.PENDING)
        self._setMaxFrame(_longest(self._sending, link.welcome.maxFrame))
        self.room = self._sending.room
        self.isAsked = self.isExpected = True
        self.ring.isShort = False
        answer = link.call(self._registration(self.sender.seq if last is None else last))
        return answer.addCallback(self._answered, link).addErrback(self._failed, link)

    def _beginAnew(self) -> None:
        """
        Let the next registration be that of another life.
        """
        self.sid = newSid()
        self.sender.seq = 0
        for signal in self._signals:
            signal.beginAnew()

    def _setMaxFrame(self, longest: int) -> None:
        """
        The router takes frames of this length. Longer ones cannot be sent again,
        and those before them make room for the gap.
        """
        if longest < self.maxFrame:
            dropped = self.ring.forget(self.ring.behindLong(longest + 4))
            if dropped:
                self._sending.lost(self.name, LONG, dropped)
        self.maxFrame = longest

    def _registration(self, last: int) -> AddSender:
        """
        What the router is told of the sender.
        """
        self._oldest = self.sender.seq - len(self.ring) + 1
        return AddSender(
            self.name,
            sidText(self.sid),
            self.secret,
            self.sender.events,
            self.sender.requests,
            last,
            self._oldest,
        )

    def _answered(self, value: Any, link: ClientProtocol) -> None:
        """
        The router has given the name: send what it does not have.
        """
        if not self.isAsked:
            return
        try:
            have = msgspec.convert(value, Added).have
        except msgspec.ValidationError as error:
            link.end(ProtocolError(f"this is no answer to addSender: {error}"))
            return
        self.isAsked = False
        self.link = link
        seq, ring = self.sender.seq, self.ring
        ring.rewind(max(0, seq - have))
        if have < seq and self._oldest <= seq and not ring.unsent:
            # All of that had to go meanwhile, for other senders.
            ring.isShort = True
        self._sending.queue(self)
        self._sending.feed()
        if self.sender.state is not State.REMOVED:
            self.sender._settle(State.ACCEPTED)
        self._sending.wake()

    def _failed(self, failure: Failure, link: ClientProtocol) -> None:
        """
        The router has not given the name; or the link is down, and it will be
        asked again.
        """
        failure.trap(PysigError)
        error: Any = failure.value
        if link.isOpen and self.isAsked:
            self._refuse(error, "the router refused sender {sender}: {error}")

    def revoke(self, error: PysigError) -> None:
        """
        The rules do not allow the sender any more: the router has ended its life.
        """
        self.link = None
        self.ring.shut()
        self._refuse(error, "the router has sender {sender} no more: {error}")

    def _refuse(self, error: PysigError, text: str) -> None:
        """
        The router does not have the sender.
        """
        self.isAsked = self.isLeaving = False
        # That they go nowhere is said with the refusal.
        self._sending.dropped += self.ring.clear()
        if self.sender.state is not State.REMOVED:
            self.log.warn(text, sender=self.name, error=error.message)
            self.sender._settle(State.REFUSED, error)
            self._sending.refused(self.sender, error)
        self._sending.wake()

    def unlink(self) -> None:
        """
        The link is down.
        """
        self.link = None
        self.isAsked = self.isLeaving = False
        self.ring.shut()
        if self.sender.state is State.ACCEPTED:
            self.sender._settle(State.PENDING)

    def forget(self, why: str) -> None:
        """
        Keep no events any more.

        @param why: why those go nowhere that no link was given.
        """
        unsent = self.ring.clear()
        if unsent:
            self._sending.lost(self.name, why, unsent)


def _longest(sending: Sending, maxFrame: int) -> int:
    """
    The longest frame that a router takes with this limit, and that may be kept.
    """
    return max(0, min(maxFrame, sending.rings.limit - COST - 4))
