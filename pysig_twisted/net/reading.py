"""
Sending one name's history to one peer, step by step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..core.presence import sidText
from ..core.subscriptions import Key
from ..wire.codecs import Codecs
from ..wire.messages import GapNotice
from .adapting import Adapted, isPlain
from .audience import presenceFrame
from .cursor import Cursor, Down, Newest, Step, Unknown, Up
from .interest import Interest
from .kept import Hole, Kept, Missing, Passed
from .liferecord import LifeRecord
from .skim import Skim

if TYPE_CHECKING:
    from .peers import Peer


class Answer:
    """
    A call that is answered with REPLAY, name by name, and then with RESULT.

    @ivar number: the call.
    @ivar key: the subscription that it is for; C{None} for all of them.
    @ivar open: how many names are not through.
    @ivar begun: the name of the part that was sent last, if that is not through.
    @ivar isGiven: has RESULT been sent?
    """

    __slots__ = ("begun", "isGiven", "key", "number", "open")

    def __init__(self, number: int, key: Key | None = None) -> None:
        """
        No name is known yet.
        """
        self.number = number
        self.key = key
        self.begun: str | None = None
        self.open = 0
        self.isGiven = False


class Reading:
    """
    One name of which a peer has yet to hear something.

    @ivar cursor: how far it is.
    @ivar answer: the call that this is part of the answer to, if any.
    @ivar isPartial: is it for one subscription alone? That one is told of lives
        otherwise, and no more than one concerns it.
    @ivar isWaiting: does it wait for what the owner was asked for?
    """

    __slots__ = ("_ahead", "answer", "cursor", "interest", "isPartial", "isWaiting")

    def __init__(
        self,
        cursor: Cursor | Newest | Skim,
        interest: Interest,
        answer: Answer | None,
        isPartial: bool = False,
    ) -> None:
        """
        @param interest: which events the peer is to hear.
        """
        self.cursor = cursor
        self.interest = interest
        self.answer = answer
        self.isPartial = isPartial
        self.isWaiting = False
        self._ahead: Step | None = None

    @property
    def name(self) -> str:
        """
        The name.
        """
        return self.cursor.lives.name

    @property
    def needsRefill(self) -> LifeRecord | None:
        """
        The life whose owner must be asked before this can go on.
        """
        return self.cursor.record if self.cursor.needsRefill else None

    @property
    def hasPassed(self) -> bool:
        """
        Is it to rest, as it has passed over something?
        """
        cursor = self.cursor
        return isinstance(cursor, Skim) and cursor.hasPassed and self._ahead is None

    def goOn(self) -> None:
        """
        It has rested.
        """
        if isinstance(self.cursor, Skim):
            self.cursor.goOn()

    def next(self) -> Step | None:
        """
        Go on by one step; C{None} at the end.
        """
        step, self._ahead = self._ahead, None
        if step is None or (isinstance(step, Kept) and not self._hears(step.stream.event)):
            step = self.cursor.next(self._hears)
        return None if self.isPartial and isinstance(step, (Down, Unknown)) else step

    def putBack(self, step: Step) -> None:
        """
        There was no room for this one: it comes next.
        """
        self._ahead = step

    def _hears(self, event: str) -> bool:
        """
        Is the peer to hear this event?
        """
        return self.interest.hears(self.name, event)

    def frames(self, step: Step, peer: Peer, codecs: Codecs) -> Iterator[tuple[bytes, int]]:
        """
        What to send for a step: frames, and how many events are in them.

        @param codecs: the encodings that this process speaks.
        """
        if isinstance(step, Kept):
            if isPlain(peer, step):
                yield step.frames, step.last - step.first + 1
            else:
                yield from Adapted(codecs, step).framesFor(peer)
        elif isinstance(step, (Up, Down)):
            info = step.record.info
            if self.interest.concerns(info.name, info.events):
                isUp = isinstance(step, Up)
                seq = step.seq if isinstance(step, Up) else step.record.last
                reason = None if isUp else step.record.reason
                yield presenceFrame(info, seq, reason, peer.maxFrame), 0
        else:
            yield peer.frame(self._gap(step)), 0

    def _gap(self, step: Hole | Missing | Passed | Unknown) -> GapNotice:
        """
        What tells of events that will not come.
        """
        name, record = self.cursor.lives.name, self.cursor.record
        if isinstance(step, Unknown) or record is None:
            return GapNotice(name, why="history")
        sid = sidText(record.info.sid)
        if isinstance(step, Hole):
            count = step.last - step.first + 1
            return GapNotice(name, sid, step.first, step.last, count, None, step.why)
        why = "slow" if isinstance(step, Passed) else "history"
        return GapNotice(name, sid, step.first, step.last, step.n, step.events, why)
