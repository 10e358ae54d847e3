"""
Asking a device: one command after the other, and the right answer to each.

A line has no way to say which answer belongs to which command. So there is one command
at a time. After one that was not answered in time, the answer may still come, and must not
be taken for that of the next: the line is I{dirty}. Something is sent that ends half a
command (a bare end of line), and the next command waits until the line is quiet, unless its
answer cannot be mistaken. What comes meanwhile, and is no event, is told as late.

  - Those who wait have a deadline, which counts from when they asked. It ends their
    waiting, not what the device is doing: an answer that comes after it is told as late,
    and the line is clean.
  - Polls are sent when nobody else waits.
  - When the device goes, all end at once.

It has no clock: whoever calls it says what time it is, and calls L{Exchange.expire} when
something is L{due<Exchange.due>}.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from enum import Enum
from typing import Any, Final

from twisted.internet.defer import Deferred, fail

from ..errors import Busy, Cancelled, RemoteError, RequestTimeout, TooLarge
from .awaited import Awaited, Said
from .command import Command, Pacing
from .dirt import Dirt
from .exchangecounts import ExchangeCounts
from .polls import Polls
from .replies import Taken
from .waiting import Asked, Waiting

DEVICE_ERROR: Final = "DeviceError"
"""
The type of the L{RemoteError} for what a device says is wrong.
"""

BLOCKED: Final = 0.25
"""
Seconds between two looks at a line that takes nothing.
"""

GAPS: Final = 10
"""
How many times as long a device is left alone that goes on to speak after its answer.
"""

Late = Callable[[str, str], object]
"""
Is told the text that came late, and the method that it was asked by.
"""


class _State(Enum):
    """
    What the line is doing.
    """

    CLOSED = "closed"
    IDLE = "idle"
    SENDING = "sending"
    WAITING = "waiting"
    GAP = "gap"
    """
    A command has ended a moment ago.
    """


class Exchange:
    """
    See the module.

    @ivar counts: what has happened.
    """

    def __init__(
        self,
        device: str,
        write: Callable[[bytes], object],
        late: Late,
        *,
        decode: Callable[[bytes], str],
        pacing: Pacing | None = None,
        room: int = 64,
        clear: bytes = b"",
        settle: float = 0.0,
        isEchoing: bool = False,
        isBlocked: Callable[[], bool] = lambda: False,
        polls: Polls | None = None,
    ) -> None:
        """
        @param device: its name, for messages.
        @param write: hands bytes to the line.
        @param late: told of answers that nobody waits for any more.
        @param decode: makes text of a frame.
        @param room: how many may wait.
        @param clear: what is sent after a command that was not answered.
        @param settle: seconds of quiet after that; 0: as many as the command had.
        @param isEchoing: does what is sent come back?
        @param isBlocked: tells whether the line does not take what was written before.
        @param polls: what is asked when nobody waits.
        """
        self.counts = ExchangeCounts()
        self._device = device
        self._write = write
        self._late = late
        self._decode = decode
        self._pacing = pacing or Pacing()
        self._clear = clear
        self._settle = settle
        self._isEchoing = isEchoing
        self._isBlocked = isBlocked
        self._polls = polls or Polls(())
        self._state = _State.CLOSED
        self._waiting = Waiting(device, room)
        self._current: Awaited | None = None
        self._parts: deque[tuple[bytes, float]] = deque()
        # When the current state ends, if nothing happens before.
        self._until = 0.0
        # Until when the device is to be left alone after what was sent.
        self._pauseUntil = 0.0
        # Until when it is, at the latest, after a command has ended.
        self._gapUntil = 0.0
        self._asker = ""
        self._isKnown = False
        self._isCut = False
        self._dirt: Dirt | None = None
        # When to look again at a line that takes nothing.
        self._lookAt: float | None = None

    @property
    def due(self) -> float | None:
        """
        When L{expire} is to be called; C{None} where time changes nothing.
        """
        dues = [self._waiting.due]
        if self._state is _State.IDLE:
            if self._lookAt is not None:
                dues.append(self._lookAt)
            else:
                dues.append(self._polls.due if self._dirt is None else self._dirt.until)
        elif self._state is not _State.CLOSED:
            dues.append(self._until)
        if self._current is not None and self._current.asked.answer is not None:
            dues.append(self._current.asked.until)
        return min((due for due in dues if due is not None), default=None)

    @property
    def length(self) -> int:
        """
        How many wait.
        """
        return len(self._waiting)

    @property
    def isRaw(self) -> bool:
        """
        Are the next bytes an answer, whatever they look like as frames?
        """
        current = self._current
        return self._state is _State.WAITING and current is not None and current.isRaw

    @property
    def isSending(self) -> bool:
        """
        Is part of a command sent, and part of it not?
        """
        return self._state is _State.SENDING

    def open(self, now: float) -> None:
        """
        The device is there.
        """
        if self._state is not _State.CLOSED:
            return
        self._state = _State.IDLE
        self._polls.begin(now)
        if self._dirt is not None:
            self._dirt.begin(now)
        isCut, self._isCut = self._isCut, False
        if isCut and self._clear:
            self._write(self._clear)

    def close(self, reason: str, isNew: bool = False) -> None:
        """
        The device has gone, and with it all that was asked.

        @param isNew: has it started anew? Else it may still answer, if it comes back.
        """
        self._isCut = self._state is _State.SENDING and not isNew
        self._state = _State.CLOSED
        self._lookAt = None
        current, self._current = self._current, None
        gone = [*([current.asked] if current is not None else []), *self._waiting.clear()]
        if isNew:
            self._dirt = None
        elif current is not None:
            self._soil(current.asked.command, 0.0)
        for each in gone:
            each.fail(Cancelled(f"{self._device} has gone ({reason}) before it answered"))

    def ask(self, command: Command, now: float) -> Deferred[Any]:
        """
        Ask something of the device. L{pump} sends it.

        @return: a new Deferred with the answer. It fails with L{Busy} where too many wait
            already, or a newer one took its place; with L{RequestTimeout}; with
            L{RemoteError} where the device says that it is wrong; with L{TooLarge} where
            the answer does not end; and with L{Cancelled} when the device goes: whoever
            asked over the bus is told by the router that the sender has gone.
        """
        if self._state is _State.CLOSED:
            return fail(Cancelled(f"{self._device} is not there"))
        self.counts.asked += 1
        try:
            answer, other = self._waiting.add(command, now)
        except Busy as error:
            self.counts.busy += 1
            return fail(error)
        if other is not None:
            self.counts.replaced += 1
            other.fail(Busy(f"a newer {command.what} took its place"))
        return answer

    def take(self, frame: bytes, isEvent: Callable[[], bool], now: float) -> bool:
        """
        A frame has come.

        @param isEvent: tells whether a rule takes it.
        @return: has it to do with what was asked? Else it is an event.
        """
        current = self._current
        if self._state is _State.WAITING and current is not None:
            taken = current.take(frame, isEvent)
            if isinstance(taken, Said):
                self._end(current, taken, now)
                return True
            if taken is Taken.MORE:
                self._goesOn(current, now)
                return True
        text, dirt = self._decode(frame), self._dirt
        if dirt is not None and dirt.take(frame, text, isEvent, now):
            self._tellLate(text, dirt.asker)
            return True
        if self._state is not _State.GAP or self._isKnown or isEvent():
            return False
        self._stayAway(now)
        self._tellLate(text, self._asker)
        return True

    def stir(self, now: float) -> None:
        """
        Something has come that is no frame yet, or none at all: the line is not quiet.
        """
        if self._dirt is not None:
            self._dirt.stir(now)
        if self._state is _State.GAP:
            self._stayAway(now)

    def takeRaw(self, data: bytes, now: float) -> bytes:
        """
        Bytes have come while the answer L{isRaw}.

        @return: what is not part of it.
        """
        assert self._current is not None
        said, rest = self._current.takeRaw(data)
        if said is not None:
            self._end(self._current, said, now)
        return rest

    def expire(self, now: float) -> None:
        """
        Time has passed.
        """
        for asked in self._waiting.expired(now):
            self.counts.timeouts += 1
            asked.fail(RequestTimeout(self._whyNotSent(asked.command, now)))
        if self._current is not None and self._current.asked.until <= now:
            asked = self._current.asked
            self._expired(asked, self._inTime(asked.command, now))
        if self._until <= now:
            if self._state is _State.SENDING:
                self._send(now)
            elif self._state is _State.WAITING:
                self._timedOut(now)
        self.pump(now)

    def pump(self, now: float) -> None:
        """
        Send what is next, if the line is free. This is called when all that has come at
        once was taken, so that a device that says more than it was asked for is heard out.
        """
        while self._isFree(now) and (asked := self._next(now)) is not None:
            self._begin(asked, now)

    def _isFree(self, now: float) -> bool:
        """
        Can something be sent that waits?
        """
        self._lookAt = None
        if self._state is _State.CLOSED:
            return False
        if self._state is _State.GAP and self._until <= now:
            self._state = _State.IDLE
        if self._dirt is not None and self._dirt.until <= now:
            self._dirt = None
        polled = self._polls.due
        isWanted = self._waiting.first is not None or (polled is not None and polled <= now)
        if self._state is not _State.IDLE or not isWanted:
            return False
        if self._isBlocked():
            self._lookAt = now + BLOCKED
        return self._lookAt is None

    def _next(self, now: float) -> Asked | None:
        """
        What is to be sent now, if anything is.
        """
        isClean = self._dirt is None
        first = self._waiting.first
        if first is not None:
            return self._waiting.take() if isClean or first.command.isSure else None
        if isClean and (poll := self._polls.take(now)) is not None:
            command, answer = poll
            return Asked(command, now + command.deadline, answer)
        return None

    def _begin(self, asked: Asked, now: float) -> None:
        """
        Send a command.
        """
        self._current = Awaited(asked, self._isEchoing, self._decode)
        self._asker = asked.command.what
        self._isKnown = self._current.isKnown
        self._parts.clear()
        self._parts.extend(self._pacing.parts(asked.command.data))
        self._state = _State.SENDING
        self.counts.sent += 1
        self._send(now)

    def _send(self, now: float) -> None:
        """
        Send the next part of it.
        """
        while self._parts:
            part, pause = self._parts.popleft()
            self._write(part)
            self.counts.bytes += len(part)
            self._until = self._pauseUntil = now + pause
            if pause and self._parts:
                return
        current = self._current
        assert current is not None
        current.sentAt = now
        isSentAt = now + self._pacing.onLine(current.asked.command.data)
        if current.isNone and not current.isEchoAwaited:
            self._rest(isSentAt)
            current.asked.succeed(None)
        else:
            self._state = _State.WAITING
            self._until = isSentAt + current.asked.command.timeout

    def _goesOn(self, current: Awaited, now: float) -> None:
        """
        Part of the answer has come, and there is time for the rest.
        """
        asked = current.asked
        if current.gathered is None and asked.answer is not None:
            self._until = min(now + asked.command.timeout, asked.until)

    def _end(self, current: Awaited, said: Said, now: float) -> None:
        """
        The device has answered.
        """
        asked, answer, what = current.asked, said.answer, self._asker
        isLate = asked.answer is None
        self._rest(now)
        if answer.isTooLong or answer.isUnreadable:
            self._dirty(asked.command, now)
        elif asked.isRepeated:
            self._soil(asked.command, now)  # it was sent twice, and answered once
        if answer.isTooLong:
            asked.fail(TooLarge(f"{self._device} answered {what}: {answer.error}"))
        else:
            self.counts.answered(now - current.sentAt, answer.error is not None)
            if answer.error is None:
                asked.succeed(answer.data)
            else:
                asked.fail(RemoteError(DEVICE_ERROR, answer.error))
        if isLate and said.text:
            self._tellLate(said.text, what)

    def _rest(self, now: float) -> None:
        """
        The current command has ended. Leave the device alone for a moment.
        """
        self._current = None
        self._state = _State.GAP
        self._until = max(now + self._pacing.gap, self._pauseUntil)
        self._gapUntil = now + GAPS * self._pacing.gap

    def _stayAway(self, now: float) -> None:
        """
        Leave it alone for a moment longer.
        """
        self._until = max(self._until, min(now + self._pacing.gap, self._gapUntil))

    def _timedOut(self, now: float) -> None:
        """
        The device has not answered in time.
        """
        current, what = self._current, self._asker
        assert current is not None
        asked, gathered = current.asked, current.gathered
        self._rest(now)
        if current.isNone:  # what it sends back has not come
            asked.succeed(None)
            return
        if gathered is not None:
            self._soil(asked.command, now)
            asked.succeed(gathered.data)
            return
        self._dirty(asked.command, now)
        isAgain = asked.retries > 0 and asked.answer is not None
        if isAgain:
            asked.retries -= 1
            self.counts.retries += 1
            self._waiting.again(asked)
        if current.rest:
            self._tellLate(current.rest, what)
        if not isAgain:
            self._expired(asked, f"within {asked.command.timeout:g} s")

    def _inTime(self, command: Command, now: float) -> str:
        """
        Within which time the device has not answered, where the deadline has come.
        """
        current = self._current
        left = 0.0 if current is None or not current.sentAt else now - current.sentAt
        if not 0 < left < 0.95 * command.deadline:
            return f"within {command.deadline:g} s"
        return f"within the {left:.1f} s that were left of {command.deadline:g} s when it was sent"

    def _expired(self, asked: Asked, when: str) -> None:
        """
        Nobody waits for the current command any more.
        """
        if asked.answer is not None:
            self.counts.timeouts += 1
            asked.fail(RequestTimeout(f"{self._device} did not answer {asked.command.what} {when}"))

    def _dirty(self, command: Command, now: float) -> None:
        """
        The device may still be at work on this one.
        """
        self._soil(command, now)
        if self._clear and not self._isBlocked():
            self._write(self._clear)

    def _soil(self, command: Command, now: float) -> None:
        """
        An answer to this one may still come, to nobody.
        """
        if self._dirt is None:
            self._dirt = Dirt(now)
        self._dirt.add(command, self._settle or command.timeout, now)

    def _whyNotSent(self, command: Command, now: float) -> str:
        """
        Why a command's deadline has come before it was sent.
        """
        within = f"{command.what} could not be sent to {self._device} within {command.deadline:g} s"
        if self._isBlocked():
            return f"{within}: its line takes nothing, perhaps by flow control"
        if self._dirt is not None:
            return (
                f"{within}: the line has not been quiet since {self._dirt.asker} was not answered"
                f" {now - self._dirt.since:.1f} s ago"
            )
        return f"{within}: it was busy with others"

    def _tellLate(self, text: str, method: str) -> None:
        """
        Tell of an answer that nobody waits for.
        """
        self.counts.late += 1
        self._late(text, method)
