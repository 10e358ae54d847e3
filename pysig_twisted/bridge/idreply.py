"""
The answer to a request of a device that describes itself.
"""

from __future__ import annotations

from collections.abc import Callable

from zope.interface import implementer

from .jsonlines import Failed, Message, Response
from .replies import Answer, IReply, Taken


@implementer(IReply)
class IdReply:
    """
    The answer that has the number of the request.
    """

    size = 0
    isKnown = True
    isNone = False

    def __init__(
        self, number: int, read: Callable[[bytes], Message], answered: Callable[[int], object]
    ) -> None:
        """
        @param read: tells what a frame says.
        @param answered: told the number.
        """
        self._number = number
        self._read = read
        self._answered = answered

    def take(self, frame: bytes, text: str, isEvent: Callable[[], bool]) -> Answer | Taken:
        """
        See L{IReply.take}.
        """
        said = self._read(frame)
        if not isinstance(said, (Response, Failed)) or said.id != self._number:
            return Taken.NO
        self._answered(self._number)
        return Answer(said.data) if isinstance(said, Response) else Answer(error=said.error)

    def gathered(self) -> Answer | None:
        """
        See L{IReply.gathered}.
        """
        return None
