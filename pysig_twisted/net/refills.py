"""
Asking owners for events that were fired before the router knew their sender.

After a restart a router knows nothing, but owners keep what they sent last. Once a
reader needs it, the owner is asked for all of it, once, and it becomes part of what
the router remembers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any, Final

from twisted.logger import Logger

from ..core.clock import Deadlines
from ..core.presence import Life, sidText
from ..errors import ProtocolError
from ..wire.messages import HIGHEST_MAX_FRAME, MAX_ID, Call, Error, Refill, Replay, Result
from ..wire.runs import Run, parseHead
from ..wire.version1 import Reader
from .history import LIFE_BYTES, History
from .kept import COST, Kept, Stream
from .liferecord import LifeRecord
from .peers import Peer

MAX_RENEWALS: Final = 80
"""
Parts that renew the time of an owner: what there may be, in parts of 64 KiB, and some.
"""

TIMEOUT: Final = 10.0
"""
Seconds that an owner has, from one part of its answer to the next.
"""


class _Asked:
    """
    A call to an owner.

    @ivar owner: its connection.
    @ivar record: the life.
    @ivar items: what has come.
    @ivar size: bytes of that.
    @ivar renewals: how many parts have come.
    @ivar waiting: told when it has ended.
    @ivar bucket: see L{Deadlines.add}.
    """

    __slots__ = ("bucket", "items", "owner", "record", "renewals", "size", "waiting")

    def __init__(self, owner: Peer, record: LifeRecord) -> None:
        """
        See the class.
        """
        self.owner = owner
        self.record = record
        self.items: deque[Kept] = deque()
        self.renewals = 0
        self.size = 0
        self.waiting: list[Callable[[], object]] = []
        self.bucket = 0


class Refills:
    """
    See the module.

    @ivar refilled: how many events owners have sent again.
    """

    log = Logger()

    def __init__(
        self, history: History, deadlines: Deadlines, find: Callable[[str], Life[Any] | None]
    ) -> None:
        """
        @param history: what is remembered.
        @param find: the life of a name.
        """
        self.refilled = 0
        self._history = history
        self._deadlines = deadlines
        self._find = find
        self._numbers = count(1)
        self._calls: dict[int, _Asked] = {}
        self._ofRecord: dict[LifeRecord, int] = {}

    def ask(self, record: LifeRecord, done: Callable[[], object]) -> bool:
        """
        Have the owner send what it has.

        @param done: called when it has, or never will.
        @return: is that to be waited for? Else there is nothing to come.
        """
        number = self._ofRecord.get(record)
        if number is None:
            life = self._find(record.info.name)
            if life is not None and life.record is record and life.owner is None:
                return False  # it may come back
            if life is None or life.sid != record.info.sid or not isinstance(life.owner, Peer):
                self._history.refill(record, [])
                return False
            number = next(self._numbers) % MAX_ID + 1
            self._ofRecord[record] = number
            asked = self._calls[number] = _Asked(life.owner, record)
            info = record.info
            call = Refill(info.name, sidText(info.sid), record.oldest, record.start)
            life.owner.send(Call(number, call))
            self._await(number, asked)
        self._calls[number].waiting.append(done)
        return True

    def part(self, peer: Peer, message: Replay) -> None:
        """
        An owner has sent some of it.

        @raise ProtocolError: it is not what was asked for.
        """
        asked = self._calls.get(message.id)
        if asked is None or asked.owner is not peer:
            return
        reader = Reader(HIGHEST_MAX_FRAME)
        for run in reader.feed(message.frames):
            kept = _checked(run, asked)
            asked.items.append(kept)
            asked.size += len(kept.frames) + COST
        if reader.held:
            raise ProtocolError("the answer to refill ends within a frame")
        while asked.size > LIFE_BYTES:
            asked.size -= len(asked.items.popleft().frames) + COST
        if message.frames and asked.renewals < MAX_RENEWALS:
            asked.renewals += 1
            self._deadlines.drop(asked.bucket, (self, message.id))
            self._await(message.id, asked)

    def answered(self, peer: Peer, message: Result | Error) -> None:
        """
        An owner has sent all that it has, or cannot.
        """
        asked = self._calls.get(message.id)
        if asked is not None and asked.owner is peer:
            self._end(message.id)

    def left(self, peer: Peer) -> None:
        """
        A connection is gone, and sends nothing more.
        """
        for number, asked in tuple(self._calls.items()):
            if asked.owner is peer:
                self._end(number)

    def _await(self, number: int, asked: _Asked) -> None:
        """
        Wait, but not for ever.
        """
        asked.bucket = self._deadlines.add(TIMEOUT, (self, number), partial(self._late, number))

    def _late(self, number: int) -> None:
        """
        An owner does not answer.
        """
        self.log.warn(
            "the owner of {sender} has not sent its events again within {seconds:g} s",
            sender=self._calls[number].record.info.name,
            seconds=TIMEOUT,
        )
        self._end(number)

    def _end(self, number: int) -> None:
        """
        What has come is all there is.
        """
        asked = self._calls.pop(number)
        del self._ofRecord[asked.record]
        self._deadlines.drop(asked.bucket, (self, number))
        items = list(asked.items)
        if items and items[-1].last != asked.record.start:
            items = []  # it would leave a hole that nobody could explain
        self.refilled += sum(item.last - item.first + 1 for item in items)
        self._history.refill(asked.record, items)
        for done in asked.waiting:
            done()


def _checked(run: Any, asked: _Asked) -> Kept:
    """
    Events that follow those that have come.

    @raise ProtocolError: they are not, or not of this life.
    """
    info, items = asked.record.info, asked.items
    if not isinstance(run, Run):
        raise ProtocolError("the answer to refill holds something other than EVENT frames")
    head = parseHead(run.head)
    codecName = asked.owner.codecs.get(head.codec)
    if (head.sender, head.sid) != (info.name, info.sid) or head.event not in info.events:
        raise ProtocolError(f"the answer to refill holds events of another life than {info.name}'s")
    if codecName is None:
        raise ProtocolError(f"codec {head.codec} was not named in HELLO")
    isNext = not items or run.first == items[-1].last + 1
    if not isNext or run.last - run.first + 1 != run.count or run.last > asked.record.start:
        raise ProtocolError("the answer to refill leaves numbers out, or has too many")
    stream = Stream(info.name, head.event, info.sid, head.codec, codecName, run.head)
    return Kept(stream, run.frames, run.first, run.last, run.longest)
