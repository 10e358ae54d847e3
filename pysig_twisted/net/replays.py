"""
What a router sends of what was fired before: the frames within REPLAY.

After a reconnect these are for all listeners that were there before, and so are who
came and went meanwhile. Or one new listener has asked for them, and they are for that
one alone: the others have heard them, or do not want them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from ..core.info import EventInfo
from ..core.listeners import Subscription
from ..errors import ProtocolError, PysigError
from ..names import matcher
from ..wire.messages import GapNotice, PresenceNotice, Replay, sidNumber
from ..wire.runs import Run, parseHead
from ..wire.version1 import Reader
from .arrivals import Arrivals, gapOf, hearsAll
from .gate import Gate
from .view import View


def framesOf(
    frames: bytes, maxFrame: int, events: Callable[[bytes, int, int], int] | None = None
) -> Iterator[Run | GapNotice | PresenceNotice]:
    """
    What a REPLAY holds.

    @param events: takes the events, if they are not to be given as runs; see
        L{FrameReader<pysig_twisted.wire.frames.FrameReader>}.
    @raise ProtocolError: something else.
    """
    reader = Reader(maxFrame)
    reader.events = events
    for message in reader.feed(frames):
        if not isinstance(message, (Run, GapNotice, PresenceNotice)):
            raise ProtocolError(f"{type(message).__name__.upper()} is not legal within a REPLAY")
        yield message
    if reader.held:
        raise ProtocolError("a REPLAY ends within a frame")


class Missed:
    """
    Gives all listeners what they missed while the link was down.
    """

    def __init__(
        self,
        arrivals: Arrivals,
        view: View,
        told: Callable[[PresenceNotice], object],
        isOpen: Callable[[], bool],
    ) -> None:
        """
        @param told: tells who came and went.
        @param isOpen: is the link up still?
        """
        self._arrivals = arrivals
        self._view = view
        self._told = told
        self._isOpen = isOpen
        # Of a life that was over: that it is here.
        self._again: PresenceNotice | None = None

    def hear(self, message: Replay, maxFrame: int) -> None:
        """
        A part of it has come.

        @param maxFrame: the most that a frame may count.
        @raise ProtocolError: it is none.
        """
        for notice in framesOf(message.frames, maxFrame, self._events):
            if not self._isOpen():
                break
            if isinstance(notice, PresenceNotice):
                self._presence(notice)
            elif isinstance(notice, GapNotice):
                self._tellAgain()
                self._arrivals.gap(notice)
        self._tellAgain()

    def _events(self, data: bytes, at: int, maxFrame: int) -> int:
        """
        Events have come.
        """
        self._tellAgain()
        stop = self._arrivals.read(data, at, maxFrame, True)
        return stop if stop > at else len(data)  # a listener has ended the link

    def _presence(self, notice: PresenceNotice) -> None:
        """
        A sender came or went. One of which we were told that it went, and which has
        done nothing since, need not be told again.
        """
        again, self._again = self._again, None
        if again is not None:
            isEnd = again.sender == notice.sender and again.sid == notice.sid and not notice.up
            if isEnd and notice.seq <= again.seq:
                return
            self._told(again)
        if notice.up and self._view.ended.isTold(notice.sender, sidNumber(notice.sid), notice.seq):
            self._again = notice
        else:
            self._told(notice)

    def _tellAgain(self) -> None:
        """
        A life that was over goes on.
        """
        again, self._again = self._again, None
        if again is not None and self._isOpen():
            self._told(again)


class Wish:
    """
    A new listener that has asked for a replay.

    @ivar subscription: the listener.
    @ivar gate: what keeps from it what is not for it, when the replay has begun.
    @ivar number: the call to which the replay is the answer.
    """

    def __init__(self, subscription: Subscription, arrivals: Arrivals, view: View) -> None:
        """
        It was asked of the router.
        """
        self.subscription = subscription
        self.gate: Gate | None = None
        self.number = 0
        self._arrivals = arrivals
        self._view = view
        self._sender: str | None = None
        self._logged: set[tuple[str, str, str]] = set()
        key = subscription.key
        self._isMine = matcher(key[0]), matcher(key[1])

    def hear(self, message: Replay, maxFrame: int) -> None:
        """
        A part of it has come.

        @param maxFrame: the most that a frame may count.
        @raise ProtocolError: it is none.
        """
        for item in framesOf(message.frames, maxFrame):
            if not self._arrivals.isOpen:
                return
            if isinstance(item, Run):
                self._events(item)
            elif isinstance(item, GapNotice):
                self._gap(item)
            elif self._begins(item.sender) and item.up:
                self._gate.takes(item.sender, sidNumber(item.sid), item.seq)
        if message.live and self._sender is not None:
            self._gate.open(self._sender)
            self._sender = None

    @property
    def _gate(self) -> Gate:
        """
        The gate, which is there.
        """
        assert self.gate is not None
        return self.gate

    def _begins(self, sender: str) -> bool:
        """
        The next frame is of this sender. Is it part of the replay?
        """
        isMine, _ = self._isMine
        if isMine(sender) and self._gate.awaits(sender):
            self._sender = sender
            return True
        return False

    def _events(self, run: Run) -> None:
        """
        Some events.
        """
        head = parseHead(run.head)
        name, event, sid = head.sender, head.event, head.sid
        if not (self._begins(name) and self._isMine[1](event)):
            return
        decode, takes = self._arrivals.decoder(head.codec), self._gate.takes
        deliver = self._view.dispatcherOf(name).deliver
        targets = (self.subscription.delivery,)
        count = 0
        for seq, stamp, data in run.events():
            if not self._arrivals.isOpen:
                break  # a listener has ended the link: what follows will come again
            if not takes(name, sid, seq):
                continue
            try:
                value = decode(data)
            except PysigError as error:
                gap = self._arrivals.unreadable(self._logged, name, sid, event, seq, error)
                self.subscription.delivery.missed(gap)
                continue
            count += 1
            deliver(targets, EventInfo(name, event, seq, stamp / 1e6, True), value)
        self._arrivals.delivered += count
        self._arrivals.replayed += count

    def _gap(self, notice: GapNotice) -> None:
        """
        Events that are no more.
        """
        if not self._begins(notice.sender):
            return
        gap = gapOf(notice)
        if not (gap.sid is None or gap.last is None):
            self._gate.takes(gap.sender, gap.sid, gap.last)
        if not hearsAll(self.subscription.key, gap):
            gap = msgspec.structs.replace(gap, n=None)
        self._arrivals.gaps += gap.n or 0
        self.subscription.delivery.missed(gap)
