"""
The sending side of the window: frames that are on their way, and which of them to send again.
"""

from __future__ import annotations

from collections import deque

from .roundtrip import RoundTrip


class _Sent:
    """
    A frame that has not been acknowledged.

    @ivar at: when the line had carried it, the last time that it was sent.
    @ivar isAgain: was it sent more than once?
    @ivar isLost: is it to be sent again?
    """

    __slots__ = ("at", "isAgain", "isLost", "kind", "payload", "seq")

    def __init__(self, kind: int, seq: int, payload: bytes) -> None:
        self.kind = kind
        self.seq = seq
        self.payload = payload
        self.at = 0.0
        self.isAgain = self.isLost = False


class Sent:
    """
    What was sent of a session, and has not been acknowledged.
    """

    def __init__(self, window: int, roundTrip: RoundTrip) -> None:
        """
        @param window: how many frames the other end takes at a time.
        @param roundTrip: tells when a frame is overdue, and is told of each that was not.
        """
        self._window = window
        self._roundTrip = roundTrip
        self._frames: deque[_Sent] = deque()
        self._next = 0

    @property
    def count(self) -> int:
        """
        How many frames were not acknowledged.
        """
        return len(self._frames)

    @property
    def isFull(self) -> bool:
        """
        Are as many frames on their way as may be?
        """
        return len(self._frames) >= self._window

    @property
    def due(self) -> float | None:
        """
        When the oldest frame is overdue; C{None} where none is waited for.
        """
        oldest = self._frames[0] if self._frames else None
        return None if oldest is None or oldest.isLost else oldest.at + self._roundTrip.patience

    def add(self, kind: int, payload: bytes) -> tuple[int, int, bytes]:
        """
        One more frame is to be sent.

        @return: its kind, its place and its payload.
        """
        sent = _Sent(kind, self._next, payload)
        self._next = (self._next + 1) % 256
        self._frames.append(sent)
        return kind, sent.seq, payload

    def again(self) -> tuple[int, int, bytes] | None:
        """
        The first frame that is to be sent again, if there is one: its kind, its place and its
        payload.
        """
        for sent in self._frames:
            if sent.isLost:
                sent.isLost = False
                sent.isAgain = True
                return sent.kind, sent.seq, sent.payload
        return None

    def left(self, seq: int, at: float) -> None:
        """
        A frame is on the line.

        @param at: when the line has carried it.
        """
        for sent in self._frames:
            if sent.seq == seq:
                sent.at = at

    def acknowledged(self, ack: int, now: float) -> int:
        """
        All frames before C{ack} have come there.

        @return: how many of them that was not known of.
        """
        if not self._frames:
            return 0
        count = (ack - self._frames[0].seq) % 256
        if not 0 < count <= len(self._frames):
            return 0
        done = [self._frames.popleft() for _ in range(count)]
        if any(sent.isAgain for sent in done):
            # Of a frame that was sent twice it is open which one was acknowledged (Karn), and
            # those after it have waited for it.
            self._roundTrip.progressed()
        else:
            self._roundTrip.measured(max(0.0, now - done[-1].at))
        return count

    def refused(self, ack: int, missing: int, now: float, apart: float) -> None:
        """
        Some frames have not come there.

        @param missing: which, as bits: bit 0 stands for C{ack}.
        @param apart: seconds after a frame has left before its absence can have been noticed.
        """
        for sent in self._frames:
            place = (sent.seq - ack) % 256
            if place < 8 and missing >> place & 1 and sent.at + apart <= now:
                sent.isLost = True

    def expire(self, now: float) -> bool:
        """
        Time has passed.

        @return: is the oldest frame overdue? It is sent again. What else is lost the other end
            will tell.
        """
        due = self.due
        if due is None or now < due:
            return False
        self._frames[0].isLost = True
        self._roundTrip.failed()
        return True
