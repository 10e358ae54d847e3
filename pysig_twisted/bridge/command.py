"""
What is asked of a device: the bytes to send, and what answers them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

Reply = Callable[[], Any]
"""
Makes an L{IReply<pysig_twisted.bridge.replies.IReply>}, for each time that a command is sent.
"""


class Command:
    """
    One thing to ask.

    @ivar what: the method, or what a poll sends; for messages.
    @ivar data: what is sent.
    @ivar echo: what comes back of that from a device that echoes: the payloads of frames.
    @ivar reply: makes what waits for the answer.
    @ivar timeout: seconds that the device has to answer, each time the command is sent.
    @ivar deadline: seconds until whoever asks has waited long enough, in all.
    @ivar retries: how often it may be sent again.
    @ivar isSure: can no answer to another command be taken for this one's?
    @ivar isLatest: does it take the place of an older one of the same method that waits?
    """

    __slots__ = (
        "data",
        "deadline",
        "echo",
        "isLatest",
        "isSure",
        "reply",
        "retries",
        "timeout",
        "what",
    )

    def __init__(
        self,
        what: str,
        data: bytes,
        reply: Reply,
        *,
        echo: Sequence[bytes] = (),
        timeout: float = 1.0,
        deadline: float = 10.0,
        retries: int = 0,
        isSure: bool = False,
        isLatest: bool = False,
    ) -> None:
        """
        See the class.
        """
        self.what = what
        self.data = data
        self.reply = reply
        self.echo = echo
        self.timeout = timeout
        self.deadline = deadline
        self.retries = retries
        self.isSure = isSure
        self.isLatest = isLatest


class Pacing:
    """
    How fast a device takes what it is sent. Many have room for 64 bytes, and no way to say
    that it is full.

    @ivar gap: seconds between the end of one command and the next.
    """

    def __init__(
        self,
        gap: float = 0.0,
        charDelay: float = 0.0,
        lineDelay: float = 0.0,
        secondsPerByte: float | None = None,
    ) -> None:
        """
        @param charDelay: seconds after each byte.
        @param lineDelay: seconds after each line that is sent.
        @param secondsPerByte: how long the line takes, where that is known.
        """
        self.gap = gap
        self._charDelay = charDelay
        self._lineDelay = lineDelay
        self._secondsPerByte = secondsPerByte or 0.0

    def onLine(self, data: bytes) -> float:
        """
        Seconds that the line takes to carry this.
        """
        return len(data) * self._secondsPerByte

    def parts(self, data: bytes) -> Iterator[tuple[bytes, float]]:
        """
        What is handed over at once, and the seconds to wait before the next.
        """
        if not self._lineDelay and not self._charDelay:
            yield data, 0.0
            return
        for line in data.splitlines(keepends=True):
            if not self._charDelay:
                yield line, self._lineDelay + self.onLine(line)
                continue
            for at in range(len(line)):
                isLast = at == len(line) - 1
                delay = max(self._lineDelay, self._charDelay) if isLast else self._charDelay
                yield line[at : at + 1], delay + self.onLine(b" ")
