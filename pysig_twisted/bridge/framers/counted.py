"""
Frames whose length is known, or is told at their beginning.

Where a frame begins is a guess until it is whole: bytes that announce a wrong
length hide what comes after them. So a start that proves to be none costs one
byte, and the search goes on right behind it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final, Literal

from zope.interface import implementer

from ..checksums import Checksum
from ..framing import CHECKSUM, CUT, LARGEST, IFramer, Noise, Piece

SYNC: Final = "sync"
LENGTH: Final = "length"
HALF: Final = "half a frame"

UNSYNCED: Final = 512
"""
The most bytes of a frame with a checksum and without sync bytes. Any byte can begin
such a frame, so that as many bytes are summed up for each byte of noise.
"""

FIELDS: Final[dict[str, tuple[int, Literal["little", "big"]]]] = {
    "u8": (1, "big"),
    "u16le": (2, "little"),
    "u16be": (2, "big"),
    "u32le": (4, "little"),
    "u32be": (4, "big"),
}
"""
Kinds of numbers that tell a length: their bytes and the order of these.
"""


class Counted(ABC):
    """
    What the two kinds have in common.

    @ivar due: when half a frame is given up if nothing comes.
    """

    due: float | None = None

    def __init__(
        self, longest: int, sync: bytes, checksum: Checksum | None, timeout: float
    ) -> None:
        """
        @param longest: the most bytes of a whole frame.
        @param sync: the bytes that each frame begins with; maybe none.
        @param checksum: what each frame ends with.
        @param timeout: seconds of silence after which half a frame is noise.
        @raise ValueError: it would take too long to find frames.
        """
        if checksum is not None and not sync and longest > UNSYNCED:
            raise ValueError(
                f"with a checksum and without sync, frames of {longest} bytes are too long;"
                f" give sync, or {UNSYNCED} at most"
            )
        self._sync = sync
        self._checksum = checksum
        self._checked = checksum.size if checksum is not None else 0
        self._timeout = timeout
        self._held = bytearray()
        self._noise = Noise()

    @property
    def held(self) -> int:
        """
        See L{IFramer}.
        """
        return len(self._held)

    @abstractmethod
    def _total(self, at: int) -> int:
        """
        How many bytes the frame has that begins there in what is held: 0 where too
        few are here to tell, -1 where none begins.
        """

    @abstractmethod
    def _payload(self, frame: bytes) -> bytes:
        """
        What is inside a frame. The checksum is not in it any more.
        """

    def feed(self, data: bytes, now: float) -> list[Piece]:
        """
        See L{IFramer.feed}.
        """
        pieces = self.expire(now)
        if data:
            self._held += data
            self._scan(pieces)
            self.due = now + self._timeout if self._held or self._noise.held else None
        return pieces

    def _scan(self, pieces: list[Piece]) -> None:
        """
        Take all frames that are whole, and what is none.
        """
        held, at = self._held, 0
        while at < len(held):
            start = self._start(at)
            if start > at:
                self._noise.add(pieces, held[at:start], SYNC)
                at = start
            if len(held) - at < len(self._sync):
                break
            total = self._total(at)
            if total < 0:
                self._noise.add(pieces, held[at : at + 1], LENGTH)
                at += 1
                continue
            if not total or len(held) - at < total:
                break
            frame: bytes | None = bytes(held[at : at + total])
            if self._checksum is not None and frame is not None:
                frame = self._checksum.verify(frame)
            if frame is None:
                self._noise.add(pieces, held[at : at + 1], CHECKSUM)
                at += 1
                continue
            self._noise.flush(pieces)
            payload = self._payload(frame)
            if payload:
                pieces.append(Piece(payload))
            at += total
        del held[:at]

    def _start(self, at: int) -> int:
        """
        Where a frame may begin, from there on.
        """
        sync, held = self._sync, self._held
        if not sync:
            return at
        found = held.find(sync, at)
        if found >= 0:
            return found
        for size in range(min(len(sync) - 1, len(held) - at), 0, -1):
            if held.endswith(sync[:size]):
                return len(held) - size
        return len(held)

    def _giveUp(self, pieces: list[Piece], fault: str) -> None:
        """
        The frame that is waited for does not come. Others may be in what was taken
        for it.
        """
        while self._held:
            self._noise.add(pieces, self._held[:1], fault)
            del self._held[:1]
            self._scan(pieces)
        self._noise.flush(pieces)
        self.due = None

    def expire(self, now: float) -> list[Piece]:
        """
        See L{IFramer.expire}.
        """
        pieces: list[Piece] = []
        if self.due is not None and now >= self.due:
            self._giveUp(pieces, HALF)
        return pieces

    def end(self) -> list[Piece]:
        """
        See L{IFramer.end}. Frames that are whole come out as such.
        """
        pieces: list[Piece] = []
        self._giveUp(pieces, CUT)
        return pieces

    def _sealed(self, frame: bytes) -> bytes:
        """
        A frame with its checksum.
        """
        return frame if self._checksum is None else self._checksum.append(frame)


@implementer(IFramer)
class FixedFramer(Counted):
    """
    Frames of one size. The payload is what stands between the sync bytes and the
    checksum.

    Without either of the two, only a pause of the line tells where a frame begins.
    """

    def __init__(
        self,
        size: int,
        sync: bytes = b"",
        checksum: Checksum | None = None,
        timeout: float = 1.0,
    ) -> None:
        """
        @param size: the bytes of a whole frame.
        @param sync: the bytes that each frame begins with; maybe none.
        @param checksum: what each frame ends with.
        @param timeout: seconds of silence after which half a frame is noise.
        @raise ValueError: such a frame has no payload.
        """
        super().__init__(size, sync, checksum, timeout)
        self._size = size
        self._inside = size - len(sync) - self._checked
        if self._inside < 1:
            raise ValueError(
                f"size is {size}, of which sync and checksum take {size - self._inside};"
                " it counts the whole frame"
            )

    def _total(self, at: int) -> int:
        return self._size

    def _payload(self, frame: bytes) -> bytes:
        return frame[len(self._sync) :]

    def wrap(self, payload: bytes) -> bytes:
        """
        See L{IFramer.wrap}.
        """
        if len(payload) != self._inside:
            raise ValueError(f"it has {len(payload)} bytes; a frame has {self._inside} inside")
        return self._sealed(self._sync + payload)


@implementer(IFramer)
class LengthFramer(Counted):
    """
    Frames that tell their length. The payload is what remains without the sync
    bytes, the length and the checksum. Empty ones are skipped.
    """

    def __init__(
        self,
        field: str = "u8",
        offset: int | None = None,
        adjust: int = 0,
        longest: int = 512,
        sync: bytes = b"",
        checksum: Checksum | None = None,
        timeout: float = 1.0,
    ) -> None:
        """
        @param field: the kind of number that tells the length, one of L{FIELDS}.
        @param offset: where it stands, from the beginning of the frame; C{None}
            for right after the sync bytes.
        @param adjust: what to add to it for the number of bytes that follow it,
            the checksum included.
        @param longest: the most bytes of a whole frame.
        @param sync: the bytes that each frame begins with; maybe none.
        @param checksum: what each frame ends with.
        @param timeout: seconds of silence after which half a frame is noise.
        @raise ValueError: there are no such frames.
        """
        super().__init__(longest, sync, checksum, timeout)
        self._width, self._order = FIELDS[field]
        self._offset = len(sync) if offset is None else offset
        self._head = self._offset + self._width
        self._adjust = adjust
        self._longest = longest
        if self._offset < len(sync):
            raise ValueError(
                f"offset is {offset}, which is inside the {len(sync)} bytes of sync;"
                " it counts from the beginning of the frame"
            )
        if self._head + self._checked >= longest:
            raise ValueError(
                f"max is {longest}, of which all but the payload takes"
                f" {self._head + self._checked}; it counts the whole frame"
            )
        if abs(adjust) > LARGEST:
            raise ValueError(f"adjust is {adjust}; no frame is that long")

    def _total(self, at: int) -> int:
        number = self._held[at + self._offset : at + self._head]
        if len(number) < self._width:
            return 0
        total = self._head + int.from_bytes(number, self._order) + self._adjust
        return total if self._head + self._checked <= total <= self._longest else -1

    def _payload(self, frame: bytes) -> bytes:
        return frame[len(self._sync) : self._offset] + frame[self._head :]

    def wrap(self, payload: bytes) -> bytes:
        """
        See L{IFramer.wrap}. What stands before the length comes first in the payload.
        """
        before = self._offset - len(self._sync)
        if len(payload) < before:
            raise ValueError(
                f"it has {len(payload)} bytes, of which {before} belong before the length"
            )
        following = len(payload) - before + self._checked
        if self._head + following > self._longest:
            raise ValueError(
                f"the frame would have {self._head + following} bytes; max is {self._longest}"
            )
        number = following - self._adjust
        if not 0 <= number < 1 << 8 * self._width:
            raise ValueError(f"{number} does not fit into the length")
        return self._sealed(
            self._sync
            + payload[:before]
            + number.to_bytes(self._width, self._order)
            + payload[before:]
        )
