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
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Final

from twisted.internet.defer import Deferred, fail

from ..errors import Busy, Cancelled, PysigError, RemoteError, RequestTimeout, TooLarge
from .command import Command, Pacing
from .exchangecounts import ExchangeCounts
from .polls import Polls
from .replies import Answer, Taken

DEVICE_ERROR: Final = "DeviceError"
"""
The type of the L{RemoteError} for what a device says is wrong.
"""

BLOCKED: Final = 0.25
"""
Seconds between two looks at a line that takes nothing.
"""

Late = Callable[[str, str], object]
"""
Is told the text that came late, and the method that it was asked by.
"""


class _Asked:
    """
    A command that was asked for.

    @ivar answer: whoever asked waits for it; C{None} when nobody waits any more.
    @ivar until: when that is, at the latest.
    @ivar retries: how often it may still be sent again.
    """

    __slots__ = ("answer", "command", "retries", "until")

    def __init__(self, command: Command, until: float, answer: Deferred[Any]) -> None:
        self.command = command
        self.until = until
        self.answer: Deferred[Any] | None = answer
        self.retries = command.retries

    def succeed(self, data: Any) -> None:
        """
        Give the answer to who waits.
        """
        answer, self.answer = self.answer, None
        if answer is not None:
            answer.callback(data)

    def fail(self, error: PysigError) -> None:
        """
        Tell who waits that there is none.
        """
        answer, self.answer = self.answer, None
        if answer is not None:
            answer.errback(error)


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


class _Dirt:
    """
    That an answer may still come, to nobody.

    @ivar asker: what was asked.
    @ivar since: when it was to be answered.
    @ivar quiet: how long the line has to be quiet, in seconds.
    @ivar until: when it has been, if nothing comes.
    """

    __slots__ = ("asker", "quiet", "since", "until")

    def __init__(self, asker: str, since: float, now: float, quiet: float) -> None:
        self.asker = asker
        self.since = since
        self.quiet = quiet
        self.until = now + quiet


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
        self._room = room
        self._clear = clear
        self._settle = settle
        self._isEchoing = isEchoing
        self._isBlocked = isBlocked
        self._polls = polls or Polls(())
        self._state = _State.CLOSED
        self._waiting: deque[_Asked] = deque()
        self._current: _Asked | None = None
        self._reply: Any = None
        self._parts: Iterator[tuple[bytes, float]] = iter(())
        # When the current state ends, if nothing happens before.
        self._until = 0.0
        self._sentAt = 0.0
        self._asker = ""
        self._echo = b""
        self._raw = b""
        self._dirt: _Dirt | None = None

    @property
    def due(self) -> float | None:
        """
        When L{expire} is to be called; C{None} where time changes nothing.
        """
        dues = [asked.until for asked in self._waiting]
        if self._state not in (_State.CLOSED, _State.IDLE):
            dues.append(self._until)
        elif self._dirt is not None:
            dues.append(self._dirt.until)
        elif self._state is _State.IDLE and self._polls.due is not None:
            dues.append(self._polls.due)
        if self._current is not None and self._current.answer is not None:
            dues.append(self._current.until)
        return min(dues, default=None)

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
        return self._state is _State.WAITING and self._reply.size > 0

    def open(self, now: float) -> None:
        """
        The device is there.
        """
        if self._state is _State.CLOSED:
            self._state = _State.IDLE
            self._polls.begin(now)

    def close(self, reason: str) -> None:
        """
        The device has gone, and with it all that was asked.
        """
        self._state = _State.CLOSED
        asked, self._current = self._current, None
        gone = [*([asked] if asked is not None else []), *self._waiting]
        self._waiting.clear()
        self._dirt = None
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
        asked = _Asked(command, now + command.deadline, Deferred(lambda _: self._leave(asked)))
        assert asked.answer is not None
        answer = asked.answer
        self.counts.asked += 1
        for at, other in enumerate(self._waiting):
            if command.isLatest and other.command.what == command.what and other.command.isLatest:
                self._waiting[at] = asked
                self.counts.replaced += 1
                other.fail(Busy(f"a newer {command.what} came before this one was sent"))
                return answer
        if len(self._waiting) >= self._room:
            self.counts.busy += 1
            return fail(Busy(f"{self._room} requests wait for {self._device} already; try later"))
        self._waiting.append(asked)
        return answer

    def take(self, frame: bytes, isEvent: Callable[[], bool], now: float) -> bool:
        """
        A frame has come.

        @param isEvent: tells whether a rule takes it.
        @return: has it to do with what was asked? Else it is an event.
        """
        if self._state is _State.WAITING and self._offer(frame, isEvent, now):
            return True
        isOver = self._state is _State.GAP
        if not (isOver or self._dirt is not None) or isEvent():
            return False
        if isOver:
            self._until = now + self._pacing.gap
        self.stir(now)
        self._tellLate(self._decode(frame), self._dirt.asker if self._dirt else self._asker)
        return True

    def stir(self, now: float) -> None:
        """
        Something has come that is no frame yet, or none at all: the line is not quiet.
        """
        if self._dirt is not None:
            self._dirt.until = now + self._dirt.quiet

    def takeRaw(self, data: bytes, now: float) -> bytes:
        """
        Bytes have come while the answer L{isRaw}.

        @return: what is not part of it.
        """
        self._raw += data
        if self._echo:
            if self._echo.startswith(self._raw[: len(self._echo)]):
                if len(self._raw) < len(self._echo):
                    return b""
                self._raw = self._raw[len(self._echo) :]
            self._echo = b""
        size = self._reply.size
        if len(self._raw) < size:
            return b""
        frame, rest = self._raw[:size], self._raw[size:]
        self._raw = b""
        self._end(self._reply.take(frame, self._decode(frame), lambda: False), frame, now)
        return rest

    def expire(self, now: float) -> None:
        """
        Time has passed.
        """
        for asked in [asked for asked in self._waiting if asked.until <= now]:
            self._waiting.remove(asked)
            self.counts.timeouts += 1
            asked.fail(RequestTimeout(self._whyNotSent(asked.command, now)))
        current = self._current
        if current is not None and current.until <= now:
            deadline = current.command.deadline
            self._expired(current, f"within {deadline:g} s")
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
        Can anything be sent?
        """
        if self._state is _State.GAP and self._until <= now:
            self._state = _State.IDLE
        if self._state is not _State.IDLE:
            return False
        if self._dirt is not None and self._dirt.until <= now:
            self._dirt = None
        if self._isBlocked():
            self._soil(now, BLOCKED)
            return False
        return True

    def _next(self, now: float) -> _Asked | None:
        """
        What is to be sent now, if anything is.
        """
        isClean = self._dirt is None
        if self._waiting:
            isNext = isClean or self._waiting[0].command.isSure
            return self._waiting.popleft() if isNext else None
        if isClean and (poll := self._polls.take(now)) is not None:
            command, answer = poll
            return _Asked(command, now + command.deadline, answer)
        return None

    def _begin(self, asked: _Asked, now: float) -> None:
        """
        Send a command.
        """
        command = asked.command
        self._current = asked
        self._asker = command.what
        self._reply = command.reply()
        self._echo = command.echo if self._isEchoing else b""
        self._raw = b""
        self._parts = self._pacing.parts(command.data)
        self._state = _State.SENDING
        self.counts.sent += 1
        self._send(now)

    def _send(self, now: float) -> None:
        """
        Send the next part of it.
        """
        for part, pause in self._parts:
            self._write(part)
            self.counts.bytes += len(part)
            self._until = now + pause
            if pause:
                return
        asked = self._current
        assert asked is not None
        onLine = self._pacing.onLine(asked.command.data)
        self._sentAt = now
        if self._reply.isNone:
            self._rest(now + onLine)
            asked.succeed(None)
        else:
            self._state = _State.WAITING
            self._until = now + onLine + asked.command.timeout

    def _offer(self, frame: bytes, isEvent: Callable[[], bool], now: float) -> bool:
        """
        A frame has come that may be the answer.
        """
        if self._echo and frame.startswith(self._echo):
            frame, self._echo = frame[len(self._echo) :], b""
            if not frame:
                return True
        taken = self._reply.take(frame, self._decode(frame), isEvent)
        if taken is Taken.NO:
            return False
        if taken is Taken.MORE:
            assert self._current is not None
            if self._reply.gathered() is None:
                self._until = now + self._current.command.timeout
        else:
            self._end(taken, frame, now)
        return True

    def _end(self, answer: Answer, frame: bytes, now: float) -> None:
        """
        The device has answered.
        """
        asked = self._current
        assert asked is not None
        if asked.answer is None:
            self._tellLate(self._decode(frame), self._asker)
        if answer.isTooLong:
            self._rest(now)
            self._dirty(asked.command, now)
            asked.fail(TooLarge(f"{self._device} answered {self._asker}: {answer.error}"))
            return
        self.counts.answered(now - self._sentAt, answer.error is not None)
        self._rest(now)
        if self._dirt is not None and asked.retries < asked.command.retries:
            self._dirt.until = now + self._dirt.quiet  # it was sent twice, and answered once
        if answer.error is None:
            asked.succeed(answer.data)
        else:
            asked.fail(RemoteError(DEVICE_ERROR, answer.error))

    def _rest(self, now: float) -> None:
        """
        The current command has ended. Leave the device alone for a moment.
        """
        self._current = None
        self._state = _State.GAP
        self._until = now + self._pacing.gap

    def _timedOut(self, now: float) -> None:
        """
        The device has not answered in time.
        """
        asked, gathered = self._current, self._reply.gathered()
        assert asked is not None
        self._rest(now)
        if gathered is not None:
            asked.succeed(gathered.data)
            return
        self._dirty(asked.command, now)
        if asked.retries > 0 and asked.answer is not None:
            asked.retries -= 1
            self.counts.retries += 1
            self._waiting.appendleft(asked)
        else:
            self._expired(asked, f"within {asked.command.timeout:g} s")

    def _expired(self, asked: _Asked, when: str) -> None:
        """
        Nobody waits for the current command any more.
        """
        if asked.answer is not None:
            self.counts.timeouts += 1
            asked.fail(RequestTimeout(f"{self._device} did not answer {asked.command.what} {when}"))

    def _dirty(self, command: Command, now: float) -> None:
        """
        An answer to this one may still come, to nobody.
        """
        self._soil(now, self._settle or command.timeout)
        if self._clear and not self._isBlocked():
            self._write(self._clear)

    def _soil(self, now: float, quiet: float) -> None:
        """
        Send nothing until the line is quiet.

        @param quiet: for so many seconds.
        """
        since, before = (now, 0.0) if self._dirt is None else (self._dirt.since, self._dirt.quiet)
        self._dirt = _Dirt(self._asker, since, now, max(quiet, before))

    def _leave(self, asked: _Asked) -> None:
        """
        Who asked has gone.
        """
        answer, asked.answer = asked.answer, None
        if asked in self._waiting:
            self._waiting.remove(asked)
        if answer is not None:
            answer.errback(Cancelled(f"{asked.command.what} was cancelled"))

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
