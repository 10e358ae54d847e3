"""
Events for peers that do not take them as they are.

A peer may lack an event's encoding, or take no frame that long. What cannot be
made to fit is told as a gap, in the place of the events.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..core.presence import sidText
from ..errors import UnsupportedCodec
from ..wire.codecs import JSON, Codecs
from ..wire.messages import GapNotice
from ..wire.runs import Run, eventFrame, makeHead
from .kept import Kept, Stream
from .transcoding import toJson

if TYPE_CHECKING:
    from .peers import Peer


def speaks(peer: Peer, stream: Stream) -> bool:
    """
    Does the peer know the encoding?
    """
    return peer.codecs.get(stream.codec) == stream.codecName


def isPlain(peer: Peer, kept: Kept) -> bool:
    """
    Does the peer take the run as it is?
    """
    return kept.longest <= peer.maxFrame and speaks(peer, kept.stream)


class Adapted:
    """
    A run, for peers that do not take it as it is. It is translated once for all of
    them.
    """

    def __init__(self, codecs: Codecs, kept: Kept) -> None:
        """
        @param codecs: the encodings that this process speaks.
        @param kept: the run.
        """
        self._codecs = codecs
        self._stream = kept.stream
        self._run = kept.run()
        self._translated: list[Run | GapNotice] | None = None

    def framesFor(self, peer: Peer) -> Iterator[tuple[bytes, int]]:
        """
        What to send to a peer: frames, and how many events are in them.
        """
        parts: list[Run | GapNotice] = [self._run]
        if not speaks(peer, self._stream):
            if self._translated is None:
                self._translated = list(translate(self._codecs, self._stream, self._run))
            parts = self._translated
        for part in parts:
            if isinstance(part, GapNotice):
                yield peer.frame(part), 0
            elif part.longest <= peer.maxFrame:
                yield part.frames, part.count
            else:
                yield from self._short(peer, part)

    def _short(self, peer: Peer, run: Run) -> Iterator[tuple[bytes, int]]:
        """
        The frames of a run that are not too long for the peer.
        """
        for one in run.split():
            if one.longest <= peer.maxFrame:
                yield one.frames, 1
            else:
                yield peer.frame(gapNotice(self._stream, one.first, one.last, "too-large")), 0


def translate(codecs: Codecs, stream: Stream, run: Run) -> Iterator[Run | GapNotice]:
    """
    A run in JSON, in parts: what can be said in it, and gaps for the rest.
    """
    head = makeHead(JSON, stream.sender, stream.event, stream.sid)
    frames: list[bytes] = []
    unsaid = 0
    seq = run.first
    for seq, time, data in run.events():
        try:
            payload = toJson(codecs, stream.codec, stream.codecName, data)
        except UnsupportedCodec:
            if frames:
                yield _joined(head, frames, seq - 1)
                frames = []
            unsaid += 1
        else:
            if unsaid:
                yield gapNotice(stream, seq - unsaid, seq - 1, "codec")
                unsaid = 0
            frames.append(eventFrame(head, seq, time, payload))
    if frames:
        yield _joined(head, frames, seq)
    else:
        yield gapNotice(stream, seq - unsaid + 1, seq, "codec")


def _joined(head: bytes, frames: list[bytes], last: int) -> Run:
    """
    The run of consecutive frames.
    """
    longest = max(map(len, frames)) - 4
    return Run(head, b"".join(frames), len(frames), last - len(frames) + 1, last, longest)


def gapNotice(stream: Stream, first: int, last: int, why: str) -> GapNotice:
    """
    What tells a peer which events of a stream it does not get.
    """
    count = last - first + 1
    return GapNotice(stream.sender, sidText(stream.sid), first, last, count, (stream.event,), why)
