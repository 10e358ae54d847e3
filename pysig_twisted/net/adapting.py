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
from .transcoding import toJson

if TYPE_CHECKING:
    from .events import PeerSignal
    from .peers import Peer


def adapt(codecs: Codecs, signal: PeerSignal, run: Run) -> int:
    """
    Send a run to those peers of a signal that do not take it as it is.

    @param codecs: the encodings that this process speaks.
    @return: how many events were sent.
    """
    translated: list[Run | GapNotice] | None = None
    sent = 0
    for peer in signal.others:
        parts: list[Run | GapNotice] = [run]
        if peer.codecs.get(signal.codec) != signal.codecName:
            if translated is None:
                translated = list(translate(codecs, signal, run))
            parts = translated
        for part in parts:
            if isinstance(part, GapNotice):
                peer.send(part)
            else:
                sent += _sendShort(peer, signal, part)
    return sent


def _sendShort(peer: Peer, signal: PeerSignal, run: Run) -> int:
    """
    Send the frames of a run that are not too long for the peer.
    """
    sent = 0
    for one in (run,) if run.longest <= peer.maxFrame else run.split():
        if one.longest > peer.maxFrame:
            peer.send(gapNotice(signal, one.first, one.last, "too-large"))
        else:
            peer.write(one.frames)
            sent += one.count
    return sent


def translate(codecs: Codecs, signal: PeerSignal, run: Run) -> Iterator[Run | GapNotice]:
    """
    A run in JSON, in parts: what can be said in it, and gaps for the rest.
    """
    head = makeHead(JSON, signal.life.name, signal.route.event, signal.life.sid)
    frames: list[bytes] = []
    unsaid = 0
    seq = run.first
    for seq, time, data in run.events():
        try:
            payload = toJson(codecs, signal.codec, signal.codecName, data)
        except UnsupportedCodec:
            if frames:
                yield _joined(head, frames, seq - 1)
                frames = []
            unsaid += 1
        else:
            if unsaid:
                yield gapNotice(signal, seq - unsaid, seq - 1, "codec")
                unsaid = 0
            frames.append(eventFrame(head, seq, time, payload))
    if frames:
        yield _joined(head, frames, seq)
    else:
        yield gapNotice(signal, seq - unsaid + 1, seq, "codec")


def _joined(head: bytes, frames: list[bytes], last: int) -> Run:
    """
    The run of consecutive frames.
    """
    longest = max(map(len, frames)) - 4
    return Run(head, b"".join(frames), len(frames), last - len(frames) + 1, last, longest)


def gapNotice(signal: PeerSignal, first: int, last: int, why: str) -> GapNotice:
    """
    What tells a peer which events of a signal it does not get.
    """
    life = signal.life
    count = last - first + 1
    return GapNotice(life.name, sidText(life.sid), first, last, count, (signal.route.event,), why)
