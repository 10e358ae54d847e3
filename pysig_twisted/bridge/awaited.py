"""
A command that was sent, and what has come of its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from .replies import Answer, Taken
from .waiting import Asked


class Said(NamedTuple):
    """
    What completes an answer.

    @ivar text: the last that was said.
    """

    answer: Answer
    text: str


class Awaited:
    """
    See the module.

    @ivar asked: who asked for it.
    @ivar sentAt: when all of it was sent.
    @ivar isRaw: are the next bytes the answer, whatever they look like as frames?
    """

    def __init__(self, asked: Asked, isEchoing: bool, decode: Callable[[bytes], str]) -> None:
        """
        @param isEchoing: does what is sent come back?
        @param decode: makes text of a frame.
        """
        self.asked = asked
        self.sentAt = 0.0
        self._reply: Any = asked.command.reply()
        self._echo = asked.command.echo if isEchoing else b""
        self._decode = decode
        self._raw = b""

    @property
    def isNone(self) -> bool:
        """
        Is there no answer?
        """
        return bool(self._reply.isNone)

    @property
    def isRaw(self) -> bool:
        """
        See the class.
        """
        return bool(self._reply.size)

    @property
    def gathered(self) -> Answer | None:
        """
        The answer, if it is whatever has come within a time.
        """
        answer: Answer | None = self._reply.gathered()
        return answer

    @property
    def rest(self) -> str:
        """
        What has come of bytes that are not all there.
        """
        return self._decode(self._raw)

    def take(self, frame: bytes, isEvent: Callable[[], bool]) -> Said | Taken:
        """
        A frame has come.

        @param isEvent: tells whether a rule takes it.
        """
        if self._echo and frame.startswith(self._echo):
            frame, self._echo = frame[len(self._echo) :], b""
            if not frame:
                return Taken.MORE
        text = self._decode(frame)
        taken: Answer | Taken = self._reply.take(frame, text, isEvent)
        return taken if isinstance(taken, Taken) else Said(taken, text)

    def takeRaw(self, data: bytes) -> tuple[Said | None, bytes]:
        """
        Bytes have come while the answer L{isRaw}.

        @return: the answer, if that is all of it; and what is not part of it.
        """
        self._raw += data
        if self._echo and len(self._raw) >= len(self._echo):
            self._raw = self._raw.removeprefix(self._echo)
            self._echo = b""
        size = self._reply.size
        if self._echo.startswith(self._raw) or len(self._raw) < size:
            return None, b""
        frame, rest = self._raw[:size], self._raw[size:]
        self._raw = b""
        text = self._decode(frame)
        return Said(self._reply.take(frame, text, lambda: False), text), rest
