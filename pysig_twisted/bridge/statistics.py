"""
What is counted of one device: its request C{stats}, and its event C{#stats}.
"""

from __future__ import annotations

from typing import Any

from .lifecycle import Lifecycle
from .noise import NoiseMeter


class Statistics:
    """
    Plain counters, from the start of the bridge on.

    @ivar opens: how often the port was opened.
    @ivar bytesIn: bytes that came.
    @ivar frames: good frames.
    @ivar events: events that were fired for frames.
    @ivar held: frames whose event came too soon after the one before, so that it waited.
    @ivar unchanged: frames whose event was not fired, as its data were the same.
    @ivar dropped: frames that no rule takes, where such are not wanted.
    @ivar early: frames that came before the device was there, and were too many to
        be kept until it was.
    @ivar lineUse: which part of what the line can carry did come lately, 0 to 1;
        C{None} where its speed is not known.
    """

    def __init__(self) -> None:
        """
        Nothing yet.
        """
        self.opens = self.bytesIn = self.frames = self.events = 0
        self.held = self.unchanged = self.dropped = self.early = 0
        self.lineUse: float | None = None
        # When it was measured last, and how many bytes there were then.
        self._measured: tuple[float, int] | None = None

    def told(self, life: Lifecycle, noise: NoiseMeter) -> dict[str, Any]:
        """
        All of it.
        """
        return {
            "state": life.state.value,
            "reason": life.reason,
            "message": life.message,
            "boot": life.boot,
            "opens": self.opens,
            "bytesIn": self.bytesIn,
            "frames": self.frames,
            "badFrames": noise.pieces,
            "noiseBytes": noise.bytes,
            "events": self.events,
            "held": self.held,
            "unchanged": self.unchanged,
            "dropped": self.dropped,
            "early": self.early,
            "lineUse": self.lineUse,
        }

    def measure(self, now: float, secondsPerByte: float | None) -> None:
        """
        Find C{lineUse} for the time since this was called last.

        @param now: a monotonic time, in seconds.
        @param secondsPerByte: C{None} where the speed of the line is not known.
        """
        before, self._measured = self._measured, (now, self.bytesIn)
        if secondsPerByte is not None and before is not None and now > before[0]:
            use = (self.bytesIn - before[1]) * secondsPerByte / (now - before[0])
            self.lineUse = round(use, 3)
