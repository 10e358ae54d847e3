"""
One message at a time, to a peer that takes what one C{recv} gives for one message.

Two messages that arrive before it looks are one to it, and both are lost. So the next one is said
only when it is certain that the one before was read:

  - A question was read when its answer comes. Nothing is said in between.
  - Nothing answers an answer. That it was read is shown by the peer's next question, if it comes
    L{CALM} seconds after and the peer waits for nothing else: its threads wait for their answers
    before they ask again. Where something is to be said before there was such a question, the peer
    is asked something first, L{CALM} seconds after the answer: a I{probe}, a question without
    effect. A probe that is not answered has met the answer before it was read, perhaps, and both
    are lost; then both are said once more.

Answers go before questions, and questions in the order in which they came.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from ...core.clock import Clock, ITimer
from ...errors import PysigError, SlowConsumer
from ...wire.pysig07 import LONGEST, Said, question

CALM: Final = 0.005
"""
Seconds in which the receiving thread of a peer has read what came, nearly always.
"""

PROBE_TIME: Final = 0.5
"""
Seconds after which a probe is taken for lost. A peer that has read an answer has forgotten by then
that it waited, so that the same answer does it no harm.
"""

MAX_OPEN: Final = 1000
"""
Questions of a peer that may wait for their answers, since each of its threads has one.
"""

MAX_WAITING: Final = 1 << 18
"""
Bytes of answers that may wait until a peer takes them.
"""

AGAIN: Final = 0.01
"""
Seconds after which a question is asked again that the peer was not ready for.
"""

Done = Callable[["Said | None"], "bool | None"]
"""
Takes the answer to a question; C{None} if the question was too long to be asked. Is it to be asked
again, before all others?
"""


class Question:
    """
    Something to be asked.

    @ivar done: takes the answer.
    @ivar begun: called when it is asked.
    """

    __slots__ = ("begun", "done", "method", "params")

    def __init__(
        self, method: str, params: bytes, done: Done, begun: Callable[[], object] | None = None
    ) -> None:
        """
        @param params: JSON.
        """
        self.begun = begun
        self.method = method
        self.params = params
        self.done = done


class Exchange:
    """
    See the module.

    @ivar probes: how many were asked.
    @ivar longest: bytes that the peer takes for a message.
    """

    def __init__(
        self,
        clock: Clock,
        write: Callable[[bytes], object],
        probe: str,
        patience: float,
        failed: Callable[[PysigError], object],
        drained: Callable[[], object],
    ) -> None:
        """
        @param write: sends bytes.
        @param probe: a method without effect.
        @param patience: seconds that the peer has for an answer.
        @param failed: told, once, that it had not enough.
        @param drained: told whenever no question waits any more.
        """
        self.probes = 0
        self.longest = LONGEST
        self._clock = clock
        self._write = write
        self._probe = probe
        self._patience = patience
        self._failed = failed
        self._drained = drained
        self._number = 0
        # The question that waits for its answer; whether that is a probe.
        self._asked: Question | None = None
        self._isProbing = False
        self._questions: deque[Question] = deque()
        self._answers: deque[bytes] = deque()
        self._size = 0
        # The answer of which it is not known whether it was read, and when it was said.
        self._unread: bytes | None = None
        self._saidAt = 0.0
        # Questions of the peer that were not answered yet.
        self._open = 0
        self._timer: ITimer | None = None
        self._isOver = False

    @property
    def isAsking(self) -> bool:
        """
        Is an answer of the peer awaited?
        """
        return self._asked is not None or self._isProbing

    @property
    def waiting(self) -> int:
        """
        How many questions wait to be asked.
        """
        return len(self._questions)

    @property
    def isIdle(self) -> bool:
        """
        Has the peer taken all that it was asked, and has an answer to all that it has asked?
        """
        return not (self._questions or self._answers or self._asked)

    def ask(self, asked: Question) -> None:
        """
        Ask the peer something, in its turn. It may be answered before this returns.
        """
        self._questions.append(asked)
        self._proceed()

    def forget(self, asked: Question) -> bool:
        """
        Do not ask that, if it was not asked yet.
        """
        try:
            self._questions.remove(asked)
        except ValueError:
            return False
        return True

    def heardQuestion(self) -> bool:
        """
        The peer asks something, which must be answered.

        @return: may it ask so much?
        """
        isCalm = self._clock.now() - self._saidAt >= CALM
        if self._unread is not None and isCalm and not (self._open or self._isProbing):
            self._unread = None
            self._stopTimer()
            self._proceed()
        self._open += 1
        return self._open <= MAX_OPEN

    def answer(self, text: bytes) -> None:
        """
        Answer one of its questions.
        """
        self._answers.append(text)
        self._size += len(text)
        self._proceed()
        if self._size > MAX_WAITING:
            self._failed(SlowConsumer(f"{self._size} bytes of answers wait to be taken"))

    def heardAnswer(self, said: Said) -> None:
        """
        The peer has answered something; what is no answer to the last question is ignored.
        """
        asked = self._asked
        if said.id != self._number or (asked is None and not self._isProbing):
            return
        self._stopTimer()
        self._asked = None
        self._unread = None
        if self._isProbing:
            self._isProbing = False
        elif asked is not None and asked.done(said) and not self._isOver:
            self._questions.appendleft(asked)
            self._timer = self._clock.callLater(AGAIN, self._rested)
        self._proceed()

    def stop(self) -> None:
        """
        The connection is over.
        """
        self._isOver = True
        self._stopTimer()
        self._questions.clear()
        self._answers.clear()
        self._asked = self._unread = None

    def _rested(self) -> None:
        """
        The peer may be ready now.
        """
        self._timer = None
        self._proceed()

    def _proceed(self) -> None:
        """
        Say the next message, if there is one and the peer is ready for it.
        """
        # A timer runs while an answer is waited for, or what comes next waits for it.
        while not (self._isOver or self._timer):
            if not (self._answers or self._questions):
                return
            if self._unread is not None:
                calm = max(0.0, self._saidAt + CALM - self._clock.now())
                self._timer = self._clock.callLater(calm, self._sayProbe)
                return
            if self._answers:
                self._sayAnswer(self._answers.popleft())
            else:
                self._sayQuestion(self._questions.popleft())

    def _sayAnswer(self, text: bytes) -> None:
        """
        Answer.
        """
        self._open -= 1
        self._size -= len(text)
        self._unread = text
        self._saidAt = self._clock.now()
        self._write(text)

    def _sayQuestion(self, asked: Question) -> None:
        """
        Ask.
        """
        text = question(self._number + 1, asked.method, asked.params)
        if len(text) > self.longest:
            asked.done(None)
        else:
            self._number += 1
            self._asked = asked
            if asked.begun is not None:
                asked.begun()
            self._timer = self._clock.callLater(self._patience, self._late)
            self._write(text)
        if not self._questions:
            self._drained()

    def _sayProbe(self) -> None:
        """
        Ask something without effect.
        """
        self.probes += 1
        self._number += 1
        self._isProbing = True
        self._timer = self._clock.callLater(PROBE_TIME, self._lostProbe, PROBE_TIME)
        self._write(question(self._number, self._probe, b"{}"))

    def _lostProbe(self, waited: float) -> None:
        """
        A probe was not answered: say the answer before it again, and then another probe.
        """
        if waited >= self._patience:
            self._late()
            return
        assert self._unread is not None
        self._saidAt = self._clock.now()
        self._write(self._unread)
        self._timer = self._clock.callLater(CALM, self._probeAgain, waited)

    def _probeAgain(self, waited: float) -> None:
        """
        Another probe. Its wait is longer, as the peer may only be slow.
        """
        self.probes += 1
        self._number += 1
        self._timer = self._clock.callLater(waited, self._lostProbe, 2 * waited)
        self._write(question(self._number, self._probe, b"{}"))

    def _late(self) -> None:
        """
        The peer has not answered in time.
        """
        self._timer = None
        what = "a probe" if self._asked is None else f"a {self._asked.method}"
        self._failed(SlowConsumer(f"no answer to {what} came within {self._patience:g} s"))

    def _stopTimer(self) -> None:
        """
        Nothing is waited for.
        """
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
