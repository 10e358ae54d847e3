"""
A serial line that routers speak over, as its far end comes, is heard, and goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from ...errors import LinkLost, NotConnected, PysigError, RequestTimeout
from ...names import CONNECT, DISCONNECT
from ..peers import listPeers
from .states import Tell
from .view import STATS, askedRecord, isLine

USUAL: Final = 1.0
"""
Seconds between two looks.
"""


class LineMonitor:
    """
    Tells, as records, who is at the other end of a line of the router, and at each look how the
    line is.

    @ivar ended: fires when as many looks were told as should be.
    """

    def __init__(
        self,
        router: Any,
        name: str,
        tell: Tell,
        note: Callable[[str], object],
        clock: Any,
        *,
        every: float | None = None,
        count: int | None = None,
    ) -> None:
        """
        @param router: a client of the router whose line it is.
        @param name: the line's address, as C{pysig peers} shows it.
        @param tell: called with each record; may return a Deferred that fires when there is
            room for more.
        @param note: called with a sentence where something cannot be told.
        @param clock: monotonic time, an C{IReactorTime}.
        @param every: seconds between two looks.
        @param count: how many looks to tell; C{None} for no end.
        """
        self.ended: Deferred[None] = Deferred()
        self._router = router
        self._name = name
        self._tell = tell
        self._note = note
        self._left = count
        # The number of the connection over it.
        self._peer: int | None = None
        self._every = USUAL if every is None else every
        self._looking = LoopingCall(self._again)
        self._looking.clock = clock

    async def settle(self) -> None:
        """
        Look for the first time, and from then on again and again.

        @raise PysigError: the router refuses.
        """
        found = await listPeers(self._router)
        if not any(peer["address"] == self._name for peer in found):
            lines = [peer["address"] for peer in found if isLine(peer["address"])]
            others = f"; there is: {', '.join(lines)}" if lines else ""
            self._note(f"nobody is connected over {self._name} now{others}")
        await self._take(found)
        self._looking.start(self._every, now=False).addErrback(self._failed)

    async def close(self) -> None:
        """
        Tell nothing more.
        """
        if self._looking.running:
            self._looking.stop()

    def _again(self) -> Deferred[None]:
        """
        Look again.
        """
        return Deferred.fromCoroutine(self._look())

    async def _look(self) -> None:
        """
        See L{_again}. While the router is away nothing is told.
        """
        try:
            found = await listPeers(self._router)
        except (LinkLost, NotConnected, RequestTimeout):
            return
        await self._take(found)

    async def _take(self, found: list[dict[str, Any]]) -> None:
        """
        Tell what has changed, and how the line is.

        @param found: the connections of the router.
        """
        peer = next((each for each in found if each["address"] == self._name), None)
        number = None if peer is None else peer["id"]
        if number != self._peer:
            if self._peer is not None:
                await self._say(DISCONNECT, {"reason": "gone"})
            if peer is not None:
                facts = {key: peer[key] for key in ("since", "software", "senders")}
                await self._say(CONNECT, facts)
            self._peer = number
        if peer is None or peer["line"] is None or self.ended.called:
            return
        await self._say(STATS, peer["line"])
        if self._left:
            self._left -= 1
            if not self._left:
                self.ended.callback(None)

    async def _say(self, event: str, data: Mapping[str, Any]) -> None:
        """
        Tell this.
        """
        waiting = self._tell(askedRecord(self._name, event, data))
        if waiting is not None:
            await waiting

    def _failed(self, failure: Failure) -> None:
        """
        The router does not tell any more.
        """
        failure.trap(PysigError)
        if not self.ended.called:
            self.ended.errback(failure)
