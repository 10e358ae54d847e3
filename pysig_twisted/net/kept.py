"""
What is kept of a sender's events: runs of frames, and the places of those that are
gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from ..wire.runs import Run, frameEnds

COST: Final = 200
"""
Bytes that each run takes in memory besides its frames.
"""


class Stream(msgspec.Struct, frozen=True, eq=False, gc=False):
    """
    What the frames with one head have in common.

    @ivar sender: who fires them.
    @ivar event: the event.
    @ivar sid: the life.
    @ivar codec: the number of their payloads' encoding, C{codecName} its name.
    @ivar head: what they begin with.
    """

    sender: str
    event: str
    sid: int
    codec: int
    codecName: str
    head: bytes


class Kept(msgspec.Struct, eq=False, gc=False):
    """
    Frames of one stream with consecutive numbers.

    @ivar stream: whose they are.
    @ivar frames: the frames, whole.
    @ivar first: the number of the first.
    @ivar last: the number of the last.
    @ivar longest: none counts more than this.
    """

    stream: Stream
    frames: bytes
    first: int
    last: int
    longest: int

    def run(self) -> Run:
        """
        The same, as others take it.
        """
        count = self.last - self.first + 1
        return Run(self.stream.head, self.frames, count, self.first, self.last, self.longest)

    def singles(self) -> Iterator[Kept]:
        """
        Each of them by itself.
        """
        start, seq = 0, self.first
        for end in frameEnds(self.frames):
            yield Kept(self.stream, self.frames[start:end], seq, seq, end - start - 4)
            start, seq = end, seq + 1

    def after(self, seq: int) -> Kept:
        """
        Those with higher numbers, of which there must be one.
        """
        if seq < self.first:
            return self
        [at] = islice(frameEnds(self.frames), seq - self.first, seq - self.first + 1)
        return Kept(self.stream, self.frames[at:], seq + 1, self.last, self.longest)


class Hole(msgspec.Struct, eq=False, gc=False):
    """
    Numbers that the owner has left out, because it could not keep their events.
    """

    first: int
    last: int
    why: str

    def after(self, seq: int) -> Hole:
        """
        Those that are higher, of which there must be one.
        """
        return self if seq < self.first else Hole(seq + 1, self.last, self.why)


class Missing(NamedTuple):
    """
    Events that are remembered no more.

    @ivar first: the number of the first that may have been one of them.
    @ivar last: the number of the last.
    @ivar n: how many there were, if known.
    @ivar events: their names, if known.
    """

    first: int
    last: int
    n: int | None
    events: tuple[str, ...] | None


class Passed(NamedTuple):
    """
    Events that are remembered, and were too many for the reader.

    @ivar first: the number of the first of them.
    @ivar last: the number of the last, or of another one that the reader does not hear.
    @ivar n: how many there were.
    @ivar events: their names.
    """

    first: int
    last: int
    n: int
    events: tuple[str, ...]
