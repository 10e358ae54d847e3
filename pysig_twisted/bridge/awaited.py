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
        # Framers have no frames without bytes.
        self._echoes = [echo for echo in asked.command.echo if echo] if isEchoing else []
        self._rawEcho = asked.command.data if isEchoing else b""
        self._decode = decode
        self._raw = b""

    @property
    def isNone(self) -> bool:
        """
        Is there no answer?
        """
        return bool(self._reply.isNone)

    @property
    def isEchoAwaited(self) -> bool:
        """
        Has part of what was sent not come back?
        """
        return bool(self._echoes)

    @property
    def isKnown(self) -> bool:
        """
        Is the answer known by what it says?
        """
        return bool(self._reply.isKnown)

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
        if self._echoes and frame.startswith(self._echoes[0]):
            frame = frame[len(self._echoes.pop(0)) :]
            if self.isNone and not self._echoes:
                return Said(Answer(), self._decode(frame))
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
        echo, size = self._rawEcho, self._reply.size
        if len(self._raw) >= len(echo):
            self._raw, self._rawEcho = self._raw.removeprefix(echo), b""
        elif echo.startswith(self._raw):
            return None, b""
        if len(self._raw) < size:
            return None, b""
        frame, rest = self._raw[:size], self._raw[size:]
        self._raw = b""
        text = self._decode(frame)
        return Said(self._reply.take(frame, text, lambda: False), text), rest
