"""
The kinds of answers that a configuration can name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from zope.interface import implementer

from .replies import Answer, IReply, Parse, Taken

MOST_FRAMES: Final = 1000
"""
Frames of one answer.
"""

MOST_BYTES: Final = 65536
"""
Bytes of all frames of one answer.
"""


class _Reply:
    """
    What the answers that are read have in common.
    """

    size = 0
    isKnown = False
    isNone = False

    def __init__(
        self, parse: Parse, error: re.Pattern[str] | None = None, *, what: str = "text"
    ) -> None:
        """
        @param parse: makes data of a frame; C{None} where it is not of that kind.
        @param error: what is looked for in each frame first. Where it is found, the
            frame is the answer: the device tells of an error.
        @param what: what the kind that C{parse} reads is called.
        """
        self._parse = parse
        self._what = what
        self._error = error
        self._size = _Size()

    def gathered(self) -> Answer | None:
        """
        See L{IReply.gathered}.
        """
        return None

    def _failed(self, text: str) -> Answer | None:
        """
        The answer, if the device tells of an error.
        """
        if self._error is not None and self._error.search(text) is not None:
            return Answer(error=text)
        return None

    def _read(self, frame: bytes, text: str) -> Answer:
        """
        The answer of one frame.
        """
        data = self._parse(text, frame)
        if data is None:
            shown = repr(text) if len(text) <= 60 else f"{text[:56]!r}..."
            error = f"the frame could not be read as {self._what}: {shown}"
            return Answer(error=error, isUnreadable=True)
        return Answer(data)


class _Size:
    """
    How much an answer is as yet.
    """

    __slots__ = ("_bytes", "_frames")

    def __init__(self) -> None:
        self._frames = self._bytes = 0

    def add(self, frame: bytes) -> Answer | None:
        """
        There is one more frame.

        @return: the answer, if that is too much.
        """
        self._frames += 1
        self._bytes += len(frame)
        if self._frames <= MOST_FRAMES and self._bytes <= MOST_BYTES:
            return None
        return Answer(
            error=f"the answer has more than {MOST_FRAMES} frames or {MOST_BYTES} bytes;"
            " ask for less at a time",
            isTooLong=True,
        )


@implementer(IReply)
class NoReply:
    """
    There is no answer. Whatever comes is something else.
    """

    size = 0
    isKnown = False
    isNone = True

    def take(self, frame: bytes, text: str, isEvent: Callable[[], bool]) -> Answer | Taken:
        """
        See L{IReply.take}.
        """
        return Taken.NO

    def gathered(self) -> Answer | None:
        """
        See L{IReply.gathered}.
        """
        return None


@implementer(IReply)
class LineReply(_Reply):
    """
    The next frame that is no event.
    """

    def take(self, frame: bytes, text: str, isEvent: Callable[[], bool]) -> Answer | Taken:
        """
        See L{IReply.take}.
        """
        failed = self._failed(text)
        if failed is not None:
            return failed
        return Taken.NO if isEvent() else self._size.add(frame) or self._read(frame, text)


@implementer(IReply)
class LinesReply(_Reply):
    """
    So many frames that are no events. The data are a list of what each of them is.
    """

    def __init__(
        self,
        count: int,
        parse: Parse,
        error: re.Pattern[str] | None = None,
        *,
        what: str = "text",
    ) -> None:
        """
        @param count: 1 to L{MOST_FRAMES}.
        @raise ValueError: it is not.
        """
        super().__init__(parse, error, what=what)
        self._missing = _within(count, MOST_FRAMES, "lines")
        self._data: list[Any] = []
        self._unread: Answer | None = None

    def take(self, frame: bytes, text: str, isEvent: Callable[[], bool]) -> Answer | Taken:
        """
        See L{IReply.take}.
        """
        failed = self._failed(text)
        if failed is not None:
            return failed
        if isEvent():
            return Taken.NO
        tooLong = self._size.add(frame)
        if tooLong is not None:
            return tooLong
        read = self._read(frame, text)
        self._missing -= 1
        if read.error is None:
            self._data.append(read.data)
        elif self._unread is None:  # the others belong to this answer all the same
            self._unread = read
        if self._missing:
            return Taken.MORE
        return self._unread or Answer(self._data)


@implementer(IReply)
class MatchReply(_Reply):
    """
    The next frame in which an expression is found. All others are something else.
    """

    isKnown = True

    def __init__(
        self,
        expression: re.Pattern[str],
        parse: Parse,
        error: re.Pattern[str] | None = None,
        *,
        what: str = "text",
    ) -> None:
        """
        @param expression: what is looked for.
        """
        super().__init__(parse, error, what=what)
        self._search = expression.search

    def take(self, frame: bytes, text: str, isEvent: Callable[[], bool]) -> Answer | Taken:
        """
        See L{IReply.take}.
        """
        failed = self._failed(text)
        if failed is not None:
            return failed
        if self._search(text) is None:
            return Taken.NO
        return self._size.add(frame) or self._read(frame, text)


@implementer(IReply)
class UntilReply(_Reply):
    """
    All frames up to the one in which an expression is found. The data are
    C{{"lines": [...], "last": ...}}: the texts of those before it that are no events,
    and what that one is. Where something is looked for among them, the data are what the
    first frame is in which that is found.
    """

    isKnown = True

    def __init__(
        self,
        expression: re.Pattern[str],
        parse: Parse,
        error: re.Pattern[str] | None = None,
        *,
        what: str = "text",
        among: re.Pattern[str] | None = None,
    ) -> None:
        """
        @param parse: for the last frame, or the one that is looked for.
        @param among: what is looked for in frames that are no events, if anything.
        """
        super().__init__(parse, error, what=what)
        self._search = expression.search
        self._among = among
        self._found: Answer | None = None
        self._lines: list[str] = []

    def take(self, frame: bytes, text: str, isEvent: Callable[[], bool]) -> Answer | Taken:
        """
        See L{IReply.take}.
        """
        failed = self._failed(text)
        if failed is not None:
            return failed
        isLast = self._search(text) is not None
        isFound = self._among is not None and self._among.search(text) is not None
        if not isLast and not isFound and isEvent():
            return Taken.NO
        tooLong = self._size.add(frame)
        if tooLong is not None:
            return tooLong
        if isFound and self._found is None:
            self._found = self._read(frame, text)
        if not isLast:
            self._lines.append(text)
            return Taken.MORE
        if self._among is not None:
            return self._found or Answer(error=f"no line of the answer is what match finds: {text}")
        last = self._read(frame, text)
        return last if last.error is not None else Answer({"lines": self._lines, "last": last.data})


@implementer(IReply)
class BytesReply(_Reply):
    """
    So many bytes, whatever they are.
    """

    def __init__(
        self,
        size: int,
        parse: Parse,
        error: re.Pattern[str] | None = None,
        *,
        what: str = "text",
    ) -> None:
        """
        @param size: 1 to L{MOST_BYTES}.
        @raise ValueError: it is not.
        """
        super().__init__(parse, error, what=what)
        self.size = _within(size, MOST_BYTES, "bytes")

    def take(self, frame: bytes, text: str, isEvent: Callable[[], bool]) -> Answer | Taken:
        """
        See L{IReply.take}.
        """
        return self._failed(text) or self._read(frame, text)


@implementer(IReply)
class GatherReply:
    """
    All frames, as texts, until somebody has enough of them. Events are among them, and
    are fired as ever.
    """

    size = 0
    isKnown = False
    isNone = False

    def __init__(self) -> None:
        """
        There is nothing to set.
        """
        self._texts: list[str] = []
        self._size = _Size()

    def take(self, frame: bytes, text: str, isEvent: Callable[[], bool]) -> Answer | Taken:
        """
        See L{IReply.take}.
        """
        tooLong = self._size.add(frame)
        if tooLong is not None:
            return tooLong
        self._texts.append(text)
        return Taken.NO if isEvent() else Taken.MORE

    def gathered(self) -> Answer:
        """
        See L{IReply.gathered}.
        """
        return Answer(list(self._texts))


def _within(number: int, most: int, key: str) -> int:
    """
    The number, if there can be so many.
    """
    if not 1 <= number <= most:
        raise ValueError(f"{key} is {number}; give 1 to {most}")
    return number
