"""
What all senders of one client share when they fire.

The link is given their events as they are fired, as long as less than
L{ROOM<pysig_twisted.net.sending.ROOM>} bytes wait in its outbox. What comes on top
waits in the rings, and is given to the link as that drains: 64 KiB of each sender
in its turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from ..core.signals import Sender
from ..errors import PysigError
from .ring import Ring
from .rings import Rings

if TYPE_CHECKING:
    from .clientprotocol import ClientProtocol
    from .ownsender import OwnSender

ROOM: Final = 1 << 20
"""
Bytes that may wait in the link's outbox for it to be given more.
"""

TURN: Final = 1 << 16
"""
Bytes that one sender gives the link before it is another's turn.
"""

GONE: Final = "the sender was removed"
REFUSED: Final = "the router refused the sender"
FULL: Final = "more waits to be sent than may"
LONG: Final = "the router takes only shorter frames than before"
"""
Why events go nowhere.
"""

EARLY: Final = "the router does not have them yet"
"""
Why events are kept, but not sent.
"""


class Sending:
    """
    What all senders of a client share.

    @ivar codec: the encoding of their events.
    @ivar rings: their events.
    @ivar room: bytes that may wait in the link's outbox for it to be given more:
        L{ROOM}, or half of what may wait in all if that is less; on a slow line, little.
    @ivar link: where the events go, once the router has welcomed us, until it ends.
    @ivar refused: told which senders the router refuses.
    @ivar dropped: how many events went nowhere since the start.
    """

    log = Logger()

    def __init__(
        self, codec: Any, limit: int, refused: Callable[[Sender, PysigError], object]
    ) -> None:
        """
        @param limit: bytes that events may take which are not sent yet, or could
            be sent again.
        """
        self.codec = codec
        self.rings = Rings(limit, self._full)
        self.room = self._most = max(1, min(ROOM, limit // 2))
        self.link: ClientProtocol | None = None
        self.refused = refused
        self.dropped = 0
        self._warned: set[str] = set()
        # Those that have something for the link, in turns.
        self._queue: deque[OwnSender] = deque()
        self._isWaiting = False
        self._waiting: list[tuple[Callable[[], bool], Deferred[None]]] = []

    @property
    def held(self) -> int:
        """
        Bytes that all events take which wait, or are kept to be sent again.
        """
        return self.rings.held

    @property
    def unsent(self) -> int:
        """
        Bytes that those take which the link was not given yet.
        """
        return self.rings.unsent

    def begin(self, link: ClientProtocol) -> None:
        """
        There is a new link: what is lost from here on is worth a warning again.
        """
        self.link = link
        self.room = min(self._most, link.outbox.behind) if link.outbox.isSlow else self._most
        self._warned.clear()

    def end(self) -> None:
        """
        The link is down. Those who wait are told by L{wake}.
        """
        self.link = None
        self._queue.clear()
        self._isWaiting = False

    def lost(self, sender: str, why: str, count: int = 1) -> None:
        """
        Events go nowhere: say so, but not for each of them.
        """
        self.dropped += count
        self._warn(why, "events of {sender} and others are dropped: {why}", sender)

    def early(self, sender: str) -> None:
        """
        Events are fired before the router has the sender.
        """
        text = "what {sender} and others fire now is sent to nobody who does not ask for it: {why}"
        self._warn(EARLY, text, sender)

    def _warn(self, why: str, text: str, sender: str) -> None:
        """
        Say this once per link.
        """
        if why not in self._warned:
            self._warned.add(why)
            self.log.warn(text, sender=sender, why=why)

    def _full(self, ring: Ring, count: int) -> None:
        """
        A ring has lost events, to make room.
        """
        self.lost(ring.name, FULL, count)

    def queue(self, own: OwnSender) -> None:
        """
        A sender has something that the link was not given. It is not queued yet;
        L{feed} is called next.
        """
        self._queue.append(own)

    def feed(self, room: int | None = None) -> None:
        """
        Give the link what there is room for.

        @param room: bytes that may wait in its outbox, if not the usual.
        """
        link, queue = self.link, self._queue
        if link is None or not link.isOpen:
            return
        outbox, room = link.outbox, self.room if room is None else room
        while queue and outbox.size < room:
            own = queue.popleft()
            if own.link is link and own.give(link, min(TURN, self.room)):
                queue.append(own)
        if queue and not self._isWaiting:
            self._isWaiting = True
            outbox.below(self.room // 2).addCallback(self._drained, link)

    def _drained(self, _: object, link: ClientProtocol) -> None:
        """
        The outbox has drained, or the link is gone.
        """
        if link is self.link:
            self._isWaiting = False
            self.feed()
            self.wake()

    def until(self, isSo: Callable[[], bool]) -> Deferred[None]:
        """
        A new Deferred that fires when something is so that L{feed} brings about,
        or when the link has ended.
        """
        waiting: Deferred[None] = Deferred(self._forget)
        self._waiting.append((isSo, waiting))
        return waiting

    def _forget(self, waiting: Deferred[None]) -> None:
        """
        One who waited does so no more.
        """
        self._waiting = [item for item in self._waiting if item[1] is not waiting]

    def wake(self) -> None:
        """
        Tell those for whom it is so now; all, if there is no link.
        """
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        ready: list[tuple[Callable[[], bool], Deferred[None]]] = []
        for item in waiting:
            (ready if self.link is None or item[0]() else self._waiting).append(item)
        for _, deferred in ready:
            # Those told first may cancel the others.
            if not deferred.called:
                deferred.callback(None)
