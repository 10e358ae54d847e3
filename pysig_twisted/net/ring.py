"""
The last events of a client's senders.

A sender's L{Ring} has the frames of its consecutive events: the last ones that
were given to a link, so that they can be given again, and behind them those that
no link has been given yet. A frame's number is known from its place, counted
from the sender's last event.

The frames are put together in blocks of about 60 KiB, and in small rings of an
eighth of the ring. What must go, to make room, goes by blocks, so that little has
to be done per event.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain, takewhile
from typing import TYPE_CHECKING, Any, Final, Protocol

from .blocks import BLOCK, COST, Block, divided, ends

if TYPE_CHECKING:
    from .rings import Rings

KEPT: Final = 4 << 20
"""
Bytes of events that a ring keeps of those that were given to a link.
"""


class Outlet(Protocol):
    """
    Where a ring may put frames for the link without a call; see
    L{Outbox<pysig_twisted.net.flow.Outbox>}.
    """

    easy: int
    size: int
    tail: list[bytes]


class Shut:
    """
    An L{Outlet} that takes nothing.
    """

    __slots__ = ("easy", "size", "tail")

    def __init__(self) -> None:
        """
        See the class.
        """
        self.easy = self.size = -1
        self.tail: list[bytes] = []


SHUT: Final = Shut()


class Ring:
    """
    See the module. L{RemoteSignal<pysig_twisted.net.remotesignals.RemoteSignal>}
    fills it, for speed without a call: while it is easy to write to C{outlet}, it
    puts a frame there and into C{fresh}, takes its length off C{room}, and calls
    L{roll} if there is no C{room} left. This is L{put}. Else L{put} is called if
    the ring is open, or L{keep}.

    @ivar name: the sender's name.
    @ivar fresh: the frames of the last block, which is being filled.
    @ivar room: bytes that it has room for.
    @ivar outlet: where what is fired may go without a call.
    @ivar write: takes what goes to the link.
    @ivar isOpen: does what is fired go to the link at once?
    @ivar unsentBytes: bytes of what no link was given.
    @ivar isShort: was the newest event dropped, so that no later one will show
        that it is missing?
    @ivar isListed: does L{Rings} know that there is something that can go?
    """

    __slots__ = (
        "__weakref__",
        "_all",
        "_count",
        "_quantum",
        "_sent",
        "_sentBytes",
        "_unsent",
        "_unsentCount",
        "fresh",
        "isListed",
        "isOpen",
        "isShort",
        "name",
        "outlet",
        "room",
        "unsentBytes",
        "write",
    )

    def __init__(self, name: str, rings: Rings) -> None:
        """
        An empty ring, made by L{Rings.add}.
        """
        self.name = name
        self.fresh: list[bytes] = []
        self.room = 0
        self.outlet: Outlet = SHUT
        self.write: Callable[[bytes], Any] = _nowhere
        self.isOpen = False
        self.unsentBytes = 0
        self.isShort = False
        self.isListed = False
        self._all = rings
        # What the block that is being filled is charged, whatever is in it.
        self._quantum = 0
        self._sent: deque[Block] = deque()
        self._unsent: deque[Block] = deque()
        self._sentBytes = 0
        # How many frames the full blocks have.
        self._count = 0
        self._unsentCount = 0

    def __len__(self) -> int:
        """
        How many frames it has.
        """
        return self._count + len(self.fresh)

    @property
    def unsent(self) -> int:
        """
        How many frames no link was given.
        """
        return self._unsentCount + (0 if self.isOpen else len(self.fresh))

    def hasBlocks(self, count: int) -> bool:
        """
        Are there at least so many full blocks that no link was given?
        """
        return len(self._unsent) >= count

    def open(self, write: Callable[[bytes], Any], outlet: Outlet = SHUT) -> None:
        """
        Let what is fired go to the link at once, from here on. Nothing waits.
        """
        self._close()
        self.isOpen = True
        self.outlet, self.write = outlet, write

    def shut(self) -> None:
        """
        Give the link nothing, from here on.
        """
        if self.isOpen:
            self._close()
            self.isOpen = False
            self.outlet, self.write = SHUT, _nowhere

    def put(self, frame: bytes) -> None:
        """
        Have a newer frame, and give it to the link.
        """
        self.fresh.append(frame)
        self.write(frame)
        self.room = room = self.room - len(frame)
        if room < 0:
            self.roll()

    def keep(self, frame: bytes) -> None:
        """
        Have a newer frame, which the link is not given yet.
        """
        size = len(frame)
        self.fresh.append(frame)
        self.unsentBytes += size
        self._all.unsent += size
        self.room = room = self.room - size
        if room < 0:
            self.roll()

    def roll(self) -> None:
        """
        The block that is being filled is full: begin another.
        """
        self._close()
        rings = self._all
        if self._sentBytes > KEPT - BLOCK:
            self._trim()
        quantum = min(rings.block, (self._sentBytes + self.unsentBytes) >> 3)
        if rings.held + quantum > rings.limit:
            rings.makeRoom(self, quantum)
            quantum = min(quantum, rings.limit - rings.held)
        if quantum <= COST:
            return
        rings.held += quantum
        self._quantum, self.room = quantum, quantum - COST
        if self.isOpen:
            rings.listSent(self)

    def give(self, size: int) -> bytes:
        """
        The next frames that no link was given, which now one is: at most C{size}
        bytes, or one frame.
        """
        if not self._unsent:
            self._close()
        unsent = self._unsent
        if unsent and len(unsent[0].data) > size and unsent[0].n > 1:
            self._divide(size)
        given: list[bytes] = []
        while unsent and (not given or len(unsent[0].data) <= size):
            block = unsent.popleft()
            size -= len(block.data)
            given.append(block.data)
            self._charge(block, True, -1)
            self._sent.append(block)
            self._charge(block, False)
        if given:
            self.isShort = False
            self._all.listSent(self)
            self._trim()
        if not self.unsent:
            self._close()
        return given[0] if len(given) == 1 else b"".join(given)

    def _divide(self, size: int) -> None:
        """
        Make two blocks of the next one: one of at most C{size} bytes or one frame, and the rest.
        """
        block = self._unsent.popleft()
        self._charge(block, True, -1)
        at = max(1, sum(1 for _ in takewhile(lambda end: end <= size, ends(block.data))))
        for part in reversed(list(divided((block,), at))):
            self._unsent.appendleft(part)
            self._charge(part, True)

    def rewind(self, count: int) -> None:
        """
        The link is to be given the last C{count} frames, and has the others. It is
        given them by L{give}.
        """
        self.shut()
        self._close()
        left = self._count - count
        blocks = self._takeOut(self._sent, False) + self._takeOut(self._unsent, True)
        for block in divided(blocks, left):
            isUnsent = left <= 0
            (self._unsent if isUnsent else self._sent).append(block)
            self._charge(block, isUnsent)
            left -= block.n
        self._trim()
        if self._sent:
            self._all.listSent(self)
        if self._all.held > self._all.limit:
            self._all.makeRoom(self, 0)

    def slice(self, start: int, stop: int) -> Iterator[bytes]:
        """
        Some of the frames, counted from the oldest, in pieces of any size.
        """
        last = Block(len(self.fresh), b"".join(self.fresh))
        blocks = chain(self._sent, self._unsent, (last,))
        for block in divided(divided(blocks, stop), start):
            if start <= 0 < stop and block.n:
                yield block.data
            start -= block.n
            stop -= block.n

    def forget(self, count: int) -> int:
        """
        Have the oldest C{count} frames no more. The ring is shut.

        @return: how many of them no link was given.
        """
        self._close()
        dropped = max(0, count - (self._count - self._unsentCount))
        for blocks, isUnsent in ((self._sent, False), (self._unsent, True)):
            for block in divided(self._takeOut(blocks, isUnsent), count):
                if count <= 0:
                    blocks.append(block)
                    self._charge(block, isUnsent)
                count -= block.n
        if self._all.held > self._all.limit:
            self._all.makeRoom(self, 0)
        return dropped

    def behindLong(self, size: int) -> int:
        """
        How many frames there are up to the last one that is longer than this.
        """
        place = found = 0
        for data in self.slice(0, len(self)):
            start = 0
            for end in ends(data):
                place += 1
                if end - start > size:
                    found = place
                start = end
        return found

    def clear(self) -> int:
        """
        Have nothing, and give the link nothing.

        @return: how many frames no link was given.
        """
        self.shut()
        self.isShort = False
        unsent = self.forget(len(self))
        self._all.unlist(self)
        return unsent

    def forgetSent(self) -> bool:
        """
        Have fewer of the frames that the link was given.

        @return: are there more?
        """
        if not self._sent and self.isOpen:
            self._close()
        if self._sent:
            self._charge(self._sent.popleft(), False, -1)
        return bool(self._sent) or (self.isOpen and self._quantum > 0)

    def dropUnsent(self) -> int:
        """
        Have fewer of the frames that no link was given: the oldest block.

        @return: how many it had.
        """
        if not self._unsent:
            self._close()
        if not self._unsent:
            return 0
        block = self._unsent.popleft()
        self._charge(block, True, -1)
        if not self.unsent:
            self._close()
            self.isShort = True
        return block.n

    def _close(self) -> None:
        """
        Fill the last block no further.
        """
        frames, isUnsent = self.fresh, not self.isOpen
        self._all.held -= self._quantum
        self._quantum = self.room = 0
        if not frames:
            return
        block = Block(len(frames), frames[0] if len(frames) == 1 else b"".join(frames))
        frames.clear()
        if isUnsent:
            self._unsent.append(block)
            # They were counted one by one.
            self.unsentBytes -= len(block.data)
            self._all.unsent -= len(block.data)
        else:
            self._sent.append(block)
            self._all.listSent(self)
        self._charge(block, isUnsent)

    def _trim(self) -> None:
        """
        Have no more of what the link was given than is kept.
        """
        while self._sentBytes > KEPT - BLOCK:
            self._charge(self._sent.popleft(), False, -1)

    def _takeOut(self, blocks: deque[Block], isUnsent: bool) -> list[Block]:
        """
        Take all blocks out of here.
        """
        taken = list(blocks)
        blocks.clear()
        for block in taken:
            self._charge(block, isUnsent, -1)
        return taken

    def _charge(self, block: Block, isUnsent: bool, sign: int = 1) -> None:
        """
        A block has come, or if C{sign} is -1, gone.
        """
        count, size = sign * block.n, sign * (len(block.data) + COST)
        self._all.held += size
        self._count += count
        if isUnsent:
            self._unsentCount += count
            self.unsentBytes += size
            self._all.unsent += size
        else:
            self._sentBytes += size


def _nowhere(frames: bytes) -> None:
    """
    What a ring gives to no link.
    """
