"""
A session: two streams of bytes over the line, one each way, complete and in order.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from .arrived import Arrived
from .counts import LinkCounts
from .deflate import Deflater, Inflater
from .fragments import FragmentSize
from .frames import Frame, Kind, written
from .roundtrip import RoundTrip
from .sent import Sent

NAK_APART: Final = 1.5
NAK_SHORTEST: Final = 0.02
"""
Frame times between two NAKs, at least, and seconds; the longer counts.
"""

TOGETHER: Final = 4096
"""
Bytes that are deflated at a time.
"""


class Outgoing(NamedTuple):
    """
    A frame for the line.

    @ivar data: its bytes.
    @ivar seq: its place in the stream, if it has one.
    """

    data: bytes
    seq: int | None


class Session:
    """
    See the module. It is asked for one frame at a time, whenever the line takes one.

    @ivar number: which one it is, the same at both ends.
    @ivar isEnded: has the other end said that there is no more?
    @ivar isClosing: has this end?
    @ivar isAckDue: is something to be said to the other end, if it is only that we are there?
    """

    def __init__(
        self,
        number: int,
        seed: int,
        window: int,
        frameTime: float,
        size: FragmentSize,
        counts: LinkCounts,
        isDeflated: bool,
    ) -> None:
        """
        @param seed: what the CRC of our frames begins from.
        @param window: how many frames the other end takes at a time.
        @param frameTime: seconds that the longest frame takes on the line.
        """
        self.number = number
        self._seed = seed
        self.isEnded = False
        self.roundTrip = RoundTrip(frameTime)
        self._frameTime = frameTime
        self._size = size
        self._counts = counts
        self._arrived = Arrived()
        self._sent = Sent(window, self.roundTrip)
        self._deflater = Deflater() if isDeflated else None
        self._inflater = Inflater() if isDeflated else None
        self._waiting: deque[bytes] = deque()
        self._waitingBytes = 0
        # What is to be cut into frames next.
        self._stream = bytearray()
        self.isClosing = self._isEndSent = False
        self.isAckDue = self._isNakDue = False
        self._nakAt = 0.0

    @property
    def unsent(self) -> int:
        """
        Bytes that wait to be sent for the first time; about as many as they will be on the line.
        """
        return math.ceil(self.ratio * self._waitingBytes) + len(self._stream)

    @property
    def ratio(self) -> float:
        """
        To what part what is written is made smaller, lately.
        """
        return 1.0 if self._deflater is None else self._deflater.ratio

    @property
    def isDrained(self) -> bool:
        """
        Has the other end taken all, but for the end of it?
        """
        return self._isEndSent and self._sent.count <= 1

    @property
    def isFinished(self) -> bool:
        """
        Has the other end taken all, and the end of it?
        """
        return self._isEndSent and not self._sent.count

    @property
    def due(self) -> float | None:
        """
        When there is something to send that there is not now; C{None} if never.
        """
        dues = [self._sent.due]
        if self._isNakDue:
            dues.append(self._nakAt)
        return min((due for due in dues if due is not None), default=None)

    def write(self, data: bytes) -> None:
        """
        Bytes are to be sent.
        """
        if data and not self.isClosing:
            self._waiting.append(data)
            self._waitingBytes += len(data)

    def end(self) -> None:
        """
        There is no more.
        """
        self.isClosing = True

    def damaged(self) -> None:
        """
        Something has come that is no frame, or none of this session.
        """
        self._isNakDue = True

    def take(self, frame: Frame, now: float, received: Callable[[bytes], object]) -> None:
        """
        A frame of this session has come.

        @param received: is given the bytes that are next in the stream.
        @raise Damaged: what it has was not deflated.
        """
        self._sent.acknowledged(frame.ack, now)
        if frame.kind == Kind.NAK and frame.payload:
            apart = (self.roundTrip.smoothed or 0.0) / 2
            self._sent.refused(frame.ack, frame.payload[0], now, apart)
        if frame.kind not in (Kind.DATA, Kind.END):
            return
        self.isAckDue = True
        duplicates = self._arrived.duplicates
        for each in self._arrived.take(frame):
            if each.kind == Kind.END:
                self.isEnded = True
                return
            self._counts.streamIn += len(each.payload)
            if self._inflater is None:
                received(each.payload)
            else:
                for piece in self._inflater.put(each.payload):
                    received(piece)
        self._counts.duplicates += self._arrived.duplicates - duplicates
        self._isNakDue = bool(self._arrived.missing)

    def expire(self, now: float) -> None:
        """
        Time has passed.
        """
        self._sent.expire(now)

    def next(self, now: float) -> Outgoing | None:
        """
        The frame that is to go over the line next, if there is one: what tells of damage, what is
        sent again, what is new, what tells that all is well.
        """
        if self._isNakDue and self._nakAt <= now:
            self._isNakDue = False
            self._nakAt = now + max(NAK_SHORTEST, NAK_APART * self._frameTime)
            return self._frame(Kind.NAK, None, bytes([self._arrived.missing or 1]))
        found = self._sent.again()
        if found is not None:
            self._counts.resent += 1
            self._size.sent(isAgain=True)
        else:
            found = self._new()
        if found is not None:
            return self._frame(*found)
        return self.heartbeat() if self.isAckDue else None

    def heartbeat(self) -> Outgoing:
        """
        A frame that says only that we are there.
        """
        return self._frame(Kind.ACK, None)

    def resetting(self) -> bytes:
        """
        The frame that gives it up.
        """
        return written(Frame(Kind.RESET, 0, 0), self._seed)

    def left(self, seq: int, at: float) -> None:
        """
        A frame of that place is handed to the line, which has carried it at a time.
        """
        self._sent.left(seq, at)

    def _new(self) -> tuple[int, int, bytes] | None:
        """
        The next part of the stream, if one may be sent.
        """
        if self._sent.isFull:
            return None
        self._fill()
        if self._stream:
            payload = bytes(self._stream[: self._size.size])
            del self._stream[: self._size.size]
            self._counts.streamOut += len(payload)
            self._size.sent(isAgain=False)
            return self._sent.add(Kind.DATA, payload)
        if self.isClosing and not self._isEndSent:
            self._isEndSent = True
            return self._sent.add(Kind.END, b"")
        return None

    def _fill(self) -> None:
        """
        See that there is enough for a frame, if there is as much.
        """
        while self._waiting and len(self._stream) < self._size.size:
            block = self._waiting.popleft()
            while self._waiting and len(block) + len(self._waiting[0]) <= TOGETHER:
                block += self._waiting.popleft()
            self._waitingBytes -= len(block)
            self._stream += block if self._deflater is None else self._deflater.put(block)

    def _frame(self, kind: int, seq: int | None, payload: bytes = b"") -> Outgoing:
        """
        A frame for the line. Each tells what has come.
        """
        self.isAckDue = False
        frame = Frame(kind, seq or 0, self._arrived.expected, payload)
        return Outgoing(written(frame, self._seed), seq)
