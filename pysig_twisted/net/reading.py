"""
Sending one name's history to one peer, step by step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..core.presence import sidText
from ..core.subscriptions import Key
from ..wire.codecs import Codecs
from ..wire.messages import MAX_SEQ, GapNotice
from .adapting import Adapted, isPlain
from .audience import presenceFrame
from .cursor import Cursor, Down, Newest, Step, Unknown, Up
from .interest import Interest
from .kept import Hole, Kept, Missing, Passed
from .liferecord import LifeRecord
from .skim import Skim

if TYPE_CHECKING:
    from .peers import Peer


Place = tuple[LifeRecord, int]
"""
A life, and the number of an event in it.
"""


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
    @ivar claim: the life that the peer says is here, and its last event there, as long as
        it was told nothing of that on this connection.
    """

    __slots__ = (
        "_ahead",
        "_place",
        "_shown",
        "answer",
        "claim",
        "cursor",
        "interest",
        "isPartial",
        "isWaiting",
    )

    def __init__(
        self,
        cursor: Cursor | Newest | Skim,
        interest: Interest,
        answer: Answer | None,
        isPartial: bool = False,
        place: Place | None = None,
        claim: tuple[int, int] | None = None,
    ) -> None:
        """
        @param interest: which events the peer is to hear.
        @param place: the life that the peer knows to be here, and the last event of that
            which it was given.
        @param claim: the same by what it says it knows from another connection.
        """
        self.claim = claim
        self.cursor = cursor
        self.interest = interest
        self.answer = answer
        self.isPartial = isPartial
        self.isWaiting = False
        self._ahead: Step | None = None
        # Where the peer is; and what it was told of that life, if it was.
        self._place = place
        self._shown = None if place is None else interest.shown(place[0].info)

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
            self._passed(step.last)
            if isPlain(peer, step):
                yield step.frames, step.last - step.first + 1
            else:
                yield from Adapted(codecs, step).framesFor(peer)
        elif isinstance(step, Up):
            self._place = step.record, step.seq
            self._shown = self.interest.shown(step.record.info)
            claim, self.claim = self.claim, None
            if self._shown is not None:
                yield presenceFrame(self._shown, step.seq, None, peer.maxFrame), 0
            elif claim is not None:
                yield peer.frame(unknown(self.name, *claim)), 0
        elif isinstance(step, Down):
            shown, self._shown, self._place = self._shown, None, None
            if shown is not None:
                record = step.record
                yield presenceFrame(shown, record.last, record.reason, peer.maxFrame), 0
        else:
            if not isinstance(step, Unknown):
                self._passed(step.last)
            gap = self._gap(step)
            if gap is not None:
                yield peer.frame(gap), 0

    def _passed(self, seq: int) -> None:
        """
        The peer is given what there is up to this event.
        """
        if self._place is not None:
            self._place = self._place[0], seq

    def standing(self, peer: Peer) -> bytes:
        """
        What tells the peer once more that the life that this stands in is here; nothing, if
        it was not told so.
        """
        if self._place is None or self._shown is None:
            return b""
        return presenceFrame(self._shown, self._place[1], None, peer.maxFrame)

    def judged(self, interest: Interest, reason: str | None, peer: Peer) -> bytes:
        """
        What the peer is to hear has changed: what is it to be told now of the life that this
        stands in?

        @param interest: what it is to hear from now on.
        @param reason: why what it does not see any more went; C{None} if it knows.
        """
        self.interest = interest
        if self._place is None or self.isPartial:
            return b""
        record, seq = self._place
        before, self._shown = self._shown, interest.shown(record.info)
        if self._shown == before:
            return b""
        if self._shown is not None:
            return presenceFrame(self._shown, seq, None, peer.maxFrame)
        if before is None or reason is None:
            return b""
        return presenceFrame(before, seq, reason, peer.maxFrame)

    def _gap(self, step: Hole | Missing | Passed | Unknown) -> GapNotice | None:
        """
        What tells of events that will not come; C{None} if the peer may hear none of them.
        """
        name, record = self.cursor.lives.name, self.cursor.record
        if isinstance(step, Unknown) or record is None:
            isHeard = self.interest.misses(name, self.cursor.lives.forgotten)
            return GapNotice(name, why="history") if isHeard else None
        count: int | None = step.last - step.first + 1
        names, why = None, "history"
        if isinstance(step, Hole):
            why = step.why
        else:
            count, names = step.n, step.events
            why = "slow" if isinstance(step, Passed) else why
        if not self.interest.misses(name, record.info.events if names is None else names):
            return None
        if names is not None:
            # Some may have been found when other rules were in force.
            events = tuple(event for event in names if self.interest.misses(name, (event,)))
            count, names = count if events == names else None, events
        sid = sidText(record.info.sid)
        return GapNotice(name, sid, step.first, step.last, count, names, why)


def unknown(name: str, sid: int, seq: int) -> GapNotice:
    """
    What tells that nobody knows what a life has fired after this event. It is told to a
    peer that has named both, which learns nothing by it but that.
    """
    first = min(seq + 1, MAX_SEQ)  # whoever says that it has heard the last one of all gets a frame
    return GapNotice(name, sidText(sid), first, None, None, None, "history")
