"""
What one peer has yet to hear of what was fired before.

A peer is I{late} on a name while a L{Reading} of that name is here: what is fired does
not go to the peer directly then; the reading comes to it. That is so

  - after a reconnect, from where the peer says that it stopped;
  - when too much waits in its outbox, from the first event that was not put there.

Besides, a new subscription may ask for what its senders fired before. That is sent
for this subscription alone, while the connection hears these senders as before.

All of it is sent only while less than L{ROOM} bytes wait for the peer, so that being
late costs no memory. At the head of a name's history the peer hears it directly again.

A peer on a slow line hears only the last events of what it is late on, the newest of each, and how
many it has not heard, if it is late on more than the line carries soon.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from sys import maxsize
from typing import TYPE_CHECKING, Final

from ..core.subscriptions import Key
from ..errors import Busy
from ..wire.codecs import Codecs
from ..wire.messages import Replay, Result
from ..wire.runs import inPieces
from ..wire.version1 import encode
from .access import Access
from .audience import presenceFrame
from .cursor import Cursor, Newest
from .interest import Interest
from .liferecord import LifeRecord
from .reading import Answer, Place, Reading, unknown
from .skim import Skim

if TYPE_CHECKING:
    from .peers import Peer
    from .refills import Refills

ROOM: Final = 512 << 10
REST: Final = 0.25
"""
Seconds from when a peer on a slow line was told that it has not heard some events of a name until
it hears more of that.
"""

MAX_ASKED: Final = 10_000
"""
Senders of which subscriptions may wait for a replay.
"""

PART: Final = 64 << 10
"""
Bytes of frames in a REPLAY, unless one frame is longer.
"""


Resumed = tuple[Cursor, tuple[int, int] | None]
"""
Where a peer goes on, and the life and its last event by which it has found that, if so.
"""


class Backlog:
    """
    See the module.

    @ivar late: the names that the peer is late on.
    @ivar hasResumed: has it said what it had heard before?
    """

    def __init__(
        self,
        peer: Peer,
        codecs: Codecs,
        access: Access,
        refresh: Callable[[str], object],
        refills: Refills,
    ) -> None:
        """
        @param codecs: the encodings that this process speaks.
        @param access: knows what the peer may hear and see.
        @param refresh: told of a name that the peer is late on from now on, or no more.
        @param refills: asks owners for what they fired before the router knew them.
        """
        self.late: dict[str, Reading] = {}
        self.hasResumed = False
        self._peer = peer
        self._tally = peer.link.context.tally
        self._codecs = codecs
        self._access = access
        self._refresh = refresh
        self._refills = refills
        self._known: Interest | None = None
        self._asked: deque[Reading] = deque()
        self._room = max(1, min(ROOM, peer.link.outbox.behind // 2))
        self._isDraining = False
        # Names that the peer on a slow line has heard only the newest of, a moment ago.
        self._resting: set[str] = set()
        # How many owners were asked on behalf of replays.
        self._pending = 0

    @property
    def _interest(self) -> Interest:
        """
        What the peer hears.
        """
        if self._known is None:
            self._known = self._interestIn(self._peer.listens)
        return self._known

    def _interestIn(self, keys: Iterable[Key]) -> Interest:
        """
        What the peer hears by some subscriptions.
        """
        return Interest(keys, self._access, self._peer.principal)

    def fallBehind(self, record: LifeRecord, seq: int) -> None:
        """
        The peer was not given what follows this event.
        """
        if record.lives.name not in self.late:
            cursor = Cursor(record.lives, record, seq, isTold=True)
            self._begin(cursor, None, (record, seq))
        self._awaitRoom()

    def resume(self, number: int, cursors: Iterable[Resumed]) -> Answer:
        """
        The peer goes on from where it stopped.

        @param number: its call.
        @param cursors: where that was.
        """
        answer = Answer(number)
        for cursor, claim in cursors:
            answer.open += 1
            self._begin(cursor, answer, claim=claim)
        self._finish(answer)
        self.fill()
        return answer

    def goOn(self, resumed: Resumed, answer: Answer) -> None:
        """
        A sender that the peer asked to resume was not here then, and is now.
        """
        answer.open += 1
        cursor, claim = resumed
        self._begin(cursor, answer, claim=claim)
        self.fill()

    def checkRoom(self) -> None:
        """
        May one more subscription ask for a replay?

        @raise Busy: the peer waits for too much already.
        """
        count = len(self._asked) + self._pending
        if count >= MAX_ASKED:
            raise Busy(f"{count} replays for this connection are not through; try later")

    def replay(
        self, number: int, key: Key, start: str | int, records: Iterable[LifeRecord]
    ) -> None:
        """
        A subscription asks for what these senders fired before. What the router does
        not have, because it was restarted, it asks their owners for.

        @param start: see L{Listen<pysig_twisted.wire.messages.Listen>}.
        """
        records = list(records)
        waiting = 0

        def refilled() -> None:
            nonlocal waiting
            waiting -= 1
            self._pending -= 1
            if not waiting and self._peer.link.ended is None:
                self._replay(number, key, start, records)

        for record in records:
            waiting += record.oldest > 0 and self._refills.ask(record, refilled)
        self._pending += waiting
        if not waiting:
            self._replay(number, key, start, records)

    def _replay(
        self, number: int, key: Key, start: str | int, records: Iterable[LifeRecord]
    ) -> None:
        """
        See L{replay}.
        """
        answer, interest = Answer(number, key), self._interestIn((key,))
        for record in records:
            hears = partial(interest.hears, record.lives.name)
            cursor: Cursor | Newest | Skim
            if isinstance(start, int):
                seq = record.before(start, hears)
                cursor = Cursor(record.lives, record, seq, isTold=True)
            else:
                cursor = Newest(record, hears)
            if self._peer.link.outbox.isSlow:
                cursor = Skim(cursor, lambda: maxsize)  # all of it, but one by one
            answer.open += 1
            self._asked.append(Reading(cursor, interest, answer, isPartial=True))
        self._finish(answer)
        self.fill()

    def isWaiting(self, name: str) -> bool:
        """
        Does the peer wait for an owner, where it is late on this name?
        """
        return self.late[name].isWaiting

    def interestChanged(self, reason: str | None = None) -> None:
        """
        The peer's subscriptions have changed, or what it may hear.

        @param reason: what it is told of a sender that is not for it any more; C{None} if
            it knows.
        """
        self._known = None
        if not self.late and not self._asked:
            return
        for reading in tuple(self.late.values()):
            presence = reading.judged(self._interest, reason, self._peer)
            if presence and reading.answer is None:
                self._peer.write(presence)
            elif presence and reading.answer is not None:
                self._say(reading, reading.answer, presence, False)
            if not self._isConcerned(reading):
                if reading.claim is not None and reason is not None:
                    self._peer.send(unknown(reading.name, *reading.claim))
                del self.late[reading.name]
                self._refresh(reading.name)
                self._leaveOut(reading)
        for reading in tuple(self._asked):
            if reading.answer and reading.answer.key not in self._peer.listens:
                self._asked.remove(reading)
                self._leaveOut(reading)

    def _isConcerned(self, reading: Reading) -> bool:
        """
        Is any of that for the peer?
        """
        here = reading.cursor.record
        records = (*reading.cursor.lives.records, *([] if here is None else [here]))
        return not records or any(reading.interest.shown(record.info) for record in records)

    def _leaveOut(self, reading: Reading) -> None:
        """
        The peer does not want to hear the rest.
        """
        if reading.answer is not None:
            self._say(reading, reading.answer, b"", True)

    def fill(self) -> None:
        """
        Send what there is, as far as there is room.
        """
        outbox = self._peer.link.outbox
        while self._asked and outbox.size < self._room:
            if self._read(self._asked[0]):
                self._asked.popleft()
        for name, reading in tuple(self.late.items()):
            if outbox.size >= self._room:
                break
            if self._isWaiting(reading) or self.late.get(name) is not reading:
                continue
            isThrough = self._read(reading)
            del self.late[name]
            if isThrough:
                self._refresh(name)
            else:
                self.late[name] = reading  # the others come first, the next time
                if reading.hasPassed:
                    self._rest(name)
        if self._asked or not all(map(self._isWaiting, self.late.values())):
            self._awaitRoom()

    def _isWaiting(self, reading: Reading) -> bool:
        """
        Is there something else to wait for than room?
        """
        return reading.isWaiting or reading.name in self._resting

    def _rest(self, name: str) -> None:
        """
        The peer has heard the newest, and how many it has not heard.
        """
        self._resting.add(name)
        self._peer.link.context.deadlines.add(REST, (self, name), partial(self._rested, name))

    def _rested(self, name: str) -> None:
        """
        It may hear more.
        """
        self._resting.discard(name)
        if name in self.late:
            self.late[name].goOn()
        if not self._peer.link.outbox.isClosed:
            self.fill()

    def _begin(
        self,
        cursor: Cursor,
        answer: Answer | None,
        place: Place | None = None,
        claim: tuple[int, int] | None = None,
    ) -> None:
        """
        The peer is late on a name.

        @param place: see L{Reading}; C{claim}, too.
        """
        name = cursor.lives.name
        reads = Skim(cursor, self._soon) if self._peer.link.outbox.isSlow else cursor
        self.late[name] = Reading(reads, self._interest, answer, place=place, claim=claim)
        self._refresh(name)

    def _soon(self) -> int:
        """
        Bytes that the peer's line carries soon, of each name.
        """
        return self._peer.link.outbox.soon // max(1, len(self.late))

    def _awaitRoom(self) -> None:
        """
        Go on when much of what waits for the peer was taken.
        """
        if not self._isDraining:
            self._isDraining = True
            self._peer.link.outbox.below(self._room // 2).addCallback(self._drained)

    def _drained(self, _: object) -> None:
        """
        There is room; or the connection is gone.
        """
        self._isDraining = False
        if not self._peer.link.outbox.isClosed:
            self.fill()

    def _read(self, reading: Reading) -> bool:
        """
        Send of one name what there is, as far as there is room.

        @return: is it through?
        """
        outbox, answer = self._peer.link.outbox, reading.answer
        frames: list[bytes] = []
        size, events, isThrough = 0, 0, False
        while True:
            record = reading.needsRefill
            if record and self._refills.ask(record, partial(self._refilled, reading)):
                reading.isWaiting = True
                break
            if reading.hasPassed:
                break
            step = reading.next()
            if step is None:
                isThrough = True
                break
            if outbox.size + size >= self._room:
                reading.putBack(step)
                break
            for data, count in reading.frames(step, self._peer, self._codecs):
                frames.append(data)
                size += len(data)
                events += count
        if answer is None:
            self._tally.late += events
            self._peer.write(b"".join(frames))
        else:
            self._tally.replayed += events
            self._say(reading, answer, b"".join(frames), isThrough)
        return isThrough

    def _say(self, reading: Reading, answer: Answer, frames: bytes, isThrough: bool) -> None:
        """
        Part of the answer to a call.

        @param isThrough: is it the last of its name?
        """
        answer.open -= isThrough
        pieces = inPieces(frames, min(PART, self._peer.maxFrame))
        if not pieces and isThrough:
            if answer.begun in (None, reading.name):
                pieces = [self._mark(reading)]
            elif standing := reading.standing(self._peer):
                # An empty part would be about the sender of the part before.
                pieces = [standing]
        for number, piece in enumerate(pieces, 1):
            isLast = isThrough and number == len(pieces)
            isFinal = isLast and not answer.open and not answer.isGiven
            answer.begun = None if isLast else reading.name
            self._peer.write(encode(Replay(answer.number, isLast, isFinal, piece)))
        self._finish(answer)

    def _mark(self, reading: Reading) -> bytes:
        """
        What says of whom there was nothing, where nothing else of it was sent.
        """
        record = reading.cursor.record
        info = None if record is None else reading.interest.shown(record.info)
        if record is None or info is None or not reading.isPartial:
            return b""
        return presenceFrame(info, record.last, record.reason, self._peer.maxFrame)

    def _finish(self, answer: Answer) -> None:
        """
        If all of the answer was sent, say so, once.
        """
        if not answer.open and not answer.isGiven:
            answer.isGiven = True
            self._peer.send(Result(answer.number, {}))

    def _refilled(self, reading: Reading) -> None:
        """
        The owner has sent what it still had.
        """
        reading.isWaiting = False
        if not self._peer.link.outbox.isClosed:
            self.fill()
