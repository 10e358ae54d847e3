"""
The receiving side of the window: frames in the order in which they were sent, each once.
"""

from __future__ import annotations

from .frames import WINDOW, Frame


class Arrived:
    """
    What has come of a session.

    @ivar expected: the place of the first frame that has not come, modulo 256.
    @ivar duplicates: how many came again.
    """

    def __init__(self) -> None:
        """
        Nothing has come.
        """
        self.expected = 0
        self.duplicates = 0
        self._early: dict[int, Frame] = {}

    @property
    def missing(self) -> int:
        """
        Of the next frames, those that have not come while a later one has, as bits: bit 0 stands
        for C{expected}.
        """
        places = [(seq - self.expected) % 256 for seq in self._early]
        return sum(1 << at for at in range(max(places)) if at not in places) if places else 0

    def take(self, frame: Frame) -> list[Frame]:
        """
        A frame has come.

        @return: the frames that are next now, in their order.
        """
        place = (frame.seq - self.expected) % 256
        if place >= WINDOW or frame.seq in self._early:
            self.duplicates += 1
            return []
        self._early[frame.seq] = frame
        ready: list[Frame] = []
        while (found := self._early.pop(self.expected, None)) is not None:
            ready.append(found)
            self.expected = (self.expected + 1) % 256
        return ready
