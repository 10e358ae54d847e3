"""
The link: what makes a line that loses and damages bytes carry a stream reliably.

It has no clock and no port: it is given bytes and times, hands out bytes, and says when it is
L{due<Link.due>}. docs/serial-link.md describes what goes over the line.

  - Both ends say HELLO until there is a session, and there is one at a time. Whoever starts
    anew has another epoch, and with it a session of its own: nothing of the old one is taken for
    it.
  - What is written arrives at the other end once, in order and whole, or the session ends, and
    both ends are told so.
  - The line is given what is most urgent, when it takes more.
  - An end that is not heard for L{deadAfter} seconds is taken for dead, unless nobody listens.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from typing import Final

from .counts import LineFacts, LinkCounts
from .deflate import Damaged
from .fragments import FragmentSize, usualSize
from .frames import MOST_PAYLOAD, OVERHEAD, WINDOW, Deframer, Frame, Kind, isWhole, read
from .greeting import Greeting
from .hello import Hello, readHello
from .lately import Lately
from .linepace import LinePace
from .linkuser import Ended, ILinkUser
from .session import Outgoing, Session

KINDS: Final = frozenset(Kind)
"""
What frames of a session may be. Others, which later versions may have, mean nothing.
"""

BLOCKED: Final = 0.05
"""
Seconds between two looks at a line that takes nothing.
"""

DEAD: Final = 3.0
DEAD_FRAMES: Final = 12
"""
Seconds without a frame, and frame times, after which the other end is taken for dead; the
longer counts. It is sent one after a third of that.
"""


class Link:
    """
    See the module.

    @ivar counts: what has happened.
    @ivar session: the one that there is; C{None} if there is none.
    """

    def __init__(
        self,
        user: ILinkUser,
        send: Callable[[bytes], object],
        *,
        baud: int = 9600,
        secondsPerByte: float = 0.0,
        isDeflating: bool = True,
        isBlocked: Callable[[], bool] = lambda: False,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        """
        @param send: hands bytes to the line.
        @param baud: the rate of the line, which decides how long frames are.
        @param secondsPerByte: how long it takes; 0: the line has no rate of its own, and says
            itself when it takes no more.
        @param isDeflating: is the stream made smaller, if the other end can do so, too?
        @param isBlocked: does the line take nothing now?
        """
        self.counts = LinkCounts()
        self.session: Session | None = None
        self._user = user
        self._send = send
        self._isBlocked = isBlocked
        most = usualSize(baud) if secondsPerByte else MOST_PAYLOAD
        self._size = FragmentSize(most)
        self._frameTime = (most + OVERHEAD) * secondsPerByte
        self._secondsPerByte = secondsPerByte
        self._pace = LinePace(secondsPerByte)
        self._lately = Lately(self.counts)
        self.deadAfter = max(DEAD, DEAD_FRAMES * self._frameTime)
        self._deframer = Deframer()
        # The last words of sessions, which go out before all else.
        self._last: deque[bytes] = deque()
        self._greeting = Greeting(isDeflating, self._frameTime, random)
        self._isOpen = self._isRetired = False
        # When the line takes more, where something may wait for that.
        self._pumpAt: float | None = None
        self._heardAt = self._saidAt = 0.0
        self._isListening = True

    @property
    def unsent(self) -> int:
        """
        Bytes that wait to be sent for the first time; about as many as they will be on the line.
        """
        return 0 if self.session is None else self.session.unsent

    @property
    def isHeard(self) -> bool:
        """
        Has the other end said HELLO, although there is no session yet?
        """
        return self._greeting.isHeard

    @property
    def room(self) -> int:
        """
        Bytes that may wait until whoever writes is told to wait. Where the line has a rate that is
        one frame: what is written later may be more urgent, and could not overtake them.
        """
        return self._size.size if self._secondsPerByte else self.pieceSize

    @property
    def pieceSize(self) -> int:
        """
        Bytes that are better not written at once: those of two windows.
        """
        return 2 * WINDOW * self._size.size

    @property
    def due(self) -> float | None:
        """
        When L{expire} is to be called; C{None} where time changes nothing.
        """
        if not self._isOpen:
            return None
        dues: list[float | None] = []
        if self._pumpAt is not None:
            dues.append(self._pumpAt)  # until then the line takes nothing
        elif self.session is None:
            dues.append(None if self._isRetired else self._greeting.at)
        else:
            dues += [self.session.due, self._saidAt + self.deadAfter / 3]
        if self.session is not None and self._isListening:
            dues.append(self._heardAt + self.deadAfter)
        return min((each for each in dues if each is not None), default=None)

    @property
    def bytesPerSecond(self) -> float | None:
        """
        How much of what is written the line carries; C{None} where it has no rate of its own.
        """
        ratio = 1.0 if self.session is None else self.session.ratio
        return 1 / (self._secondsPerByte * ratio) if self._secondsPerByte else None

    def facts(self, now: float) -> LineFacts:
        """
        How it is, for people.
        """
        counts, seconds, session = self.counts, self._secondsPerByte, self.session
        rates = self._lately.rates(now)
        return LineFacts(
            1 / seconds if seconds else None,
            counts.sessions,
            counts.framesIn,
            counts.framesOut,
            counts.resent,
            counts.duplicates,
            counts.bad,
            None if session is None else session.roundTrip.smoothed,
            round(rates.streamIn, 1),
            round(rates.streamOut, 1),
            round(rates.lineIn * seconds, 4) if seconds else None,
            round(rates.lineOut * seconds, 4) if seconds else None,
        )

    def open(self, now: float) -> None:
        """
        The line is open.
        """
        self._lately.passed(now)
        self._isOpen = True
        self._greeting.at = now
        self._pump(now)

    @property
    def isThrough(self) -> bool:
        """
        Is it retired, and has nothing more to say?
        """
        return self._isRetired and self.session is None and not self._last

    def retire(self) -> None:
        """
        Have no session after this one.
        """
        self._isRetired = True

    def close(self) -> None:
        """
        The line is open no more. Nobody is told.
        """
        self._isOpen = False
        self.session = None
        self._last.clear()

    def pause(self) -> None:
        """
        Nothing is read from the line from now on, whatever comes.
        """
        self._isListening = False

    def resume(self, now: float) -> None:
        """
        It is read again.
        """
        self._isListening = True
        self._heardAt = now

    def write(self, data: bytes, now: float) -> None:
        """
        Bytes are to be sent. Where there is no session, they are lost.
        """
        if self.session is not None:
            self.counts.bytesOut += len(data)
            self.session.write(data)
            self._pump(now)

    def end(self, now: float) -> None:
        """
        There is nothing more to send. The session ends when all has arrived.
        """
        if self.session is not None:
            self.session.end()
            self._pump(now)

    def abort(self, now: float) -> None:
        """
        Give the session up.
        """
        if self.session is not None:
            self._last.append(self.session.resetting())
            self._over(Ended.ABORTED, now)
            self._pump(now)

    def receive(self, data: bytes, now: float) -> None:
        """
        Bytes have come over the line.
        """
        self._lately.passed(now)
        self.counts.lineIn += len(data)
        for body in self._deframer.feed(data):
            if not self._isOpen:
                return
            self._take(body, now)
        self._pump(now)

    def expire(self, now: float) -> None:
        """
        Time has passed.
        """
        session = self.session
        if session is not None:
            if self._isListening and self._heardAt + self.deadAfter <= now:
                self._over(Ended.CLOSED if session.isDrained else Ended.DEAD, now)
            else:
                session.expire(now)
        self._pump(now)

    def _take(self, body: bytes | None, now: float) -> None:
        """
        What stood between two zeros.
        """
        if body is not None:
            if isWhole(body, 0) and (hello := readHello(body)) is not None:
                self._takeHello(hello, now)
                return
            seed = self._greeting.theirSeed
            if seed is not None and isWhole(body, seed) and (frame := read(body)) is not None:
                if frame.kind not in KINDS:
                    return
                if self.session is None:  # of whoever has heard our answer to its HELLO
                    self._begin(now)
                self._takeFrame(frame, now)
                return
        self.counts.bad += 1
        if self.session is not None:
            self.session.damaged()

    def _takeHello(self, hello: Hello, now: float) -> None:
        """
        Somebody says hello.
        """
        if self._isRetired and self.session is None:
            return
        greeting = self._greeting
        if greeting.isOurs(hello):
            self._user.echoed()
            return
        isNew = greeting.isNew(hello)
        if isNew and self.session is not None:
            self._over(Ended.CLOSED if self.session.isDrained else Ended.RESTARTED, now)
            if self._isRetired:
                return
        self._heardAt = now
        isKnown = greeting.hear(hello)
        if isKnown and self.session is None:
            self._begin(now)
        if isNew or not isKnown or self.session is None:
            greeting.isAsked = True
        else:  # it has no session yet, and has missed our HELLO; any frame of it will do
            self.session.isAckDue = True

    def _takeFrame(self, frame: Frame, now: float) -> None:
        """
        A frame of the session has come.
        """
        session = self.session
        if session is None:
            return
        self.counts.framesIn += 1
        self._heardAt = now
        if frame.kind == Kind.RESET:
            self._over(Ended.CLOSED if session.isDrained else Ended.RESET, now)
            return
        try:
            session.take(frame, now, self._received)
        except Damaged:
            self._last.append(session.resetting())
            self._over(Ended.DAMAGED, now)
            return
        if session is not self.session:  # whoever was told has ended it
            return
        if session.isEnded:
            self._last.append(session.heartbeat().data)
            self._pump(now)
        if session.isEnded or session.isFinished:
            self._over(Ended.CLOSED, now)

    def _received(self, data: bytes) -> None:
        """
        Bytes of the stream have come.
        """
        self.counts.bytesIn += len(data)
        self._user.received(data)

    def _begin(self, now: float) -> None:
        """
        There is a session.
        """
        greeting = self._greeting
        self.session = Session(
            greeting.number,
            greeting.ourSeed,
            greeting.window,
            self._frameTime,
            self._size,
            self.counts,
            greeting.isDeflated,
        )
        self.counts.sessions += 1
        self._heardAt = self._saidAt = now
        self._user.began()

    def _over(self, why: Ended, now: float) -> None:
        """
        There is no session any more. The next one has another epoch.
        """
        self.session = None
        self._greeting.anew(now)
        self._user.ended(why)

    def _pump(self, now: float) -> None:
        """
        Give the line what it takes.
        """
        self._pumpAt = None
        while self._isOpen:
            if self._pace.due > now:
                self._pumpAt = self._pace.due
                return
            if self._isBlocked():
                self._pumpAt = now + BLOCKED
                return
            session, outgoing = self.session, self._next(now)
            if outgoing is None:
                return
            self._saidAt = now
            self._lately.passed(now)
            self.counts.framesOut += 1
            self.counts.lineOut += len(outgoing.data)
            at = self._pace.take(len(outgoing.data), now)
            if session is not None and outgoing.seq is not None:
                session.left(outgoing.seq, at)
            self._send(outgoing.data)

    def _next(self, now: float) -> Outgoing | None:
        """
        The most urgent frame.
        """
        if self._last:
            return Outgoing(self._last.popleft(), None)
        session, greeting = self.session, self._greeting
        if greeting.isAsked or (session is None and not self._isRetired and greeting.at <= now):
            return Outgoing(greeting.say(now), None)
        if session is None:
            return None
        outgoing = session.next(now)
        if outgoing is None and self._saidAt + self.deadAfter / 3 <= now:
            return session.heartbeat()
        return outgoing
