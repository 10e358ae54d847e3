"""
How a client's application paces what it fires.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred, fail

from ..core.clock import Deadlines
from ..core.requests import DEFAULT_TIMEOUT, PendingRequest
from ..errors import LinkLost, PysigError
from .clientprotocol import ClientProtocol
from .ownsenders import OwnSenders
from .uplink import Uplink

ROOM: Final = 1 << 20
"""
Bytes that may wait to be sent for L{Pace.ready} to fire.
"""


class Pace:
    """
    Those who wait until there is room, or until the router has taken all.
    """

    def __init__(self, deadlines: Deadlines, uplink: Uplink, own: OwnSenders) -> None:
        """
        @param uplink: the link.
        @param own: the senders.
        """
        self._deadlines = deadlines
        self._uplink = uplink
        self._own = own
        self._flushes: set[PendingRequest] = set()

    def flush(self) -> Deferred[None]:
        """
        See L{flush<pysig_twisted.net.client.ClientRouter.flush>}.
        """
        try:
            link = self._uplink.openLink()
        except PysigError as error:
            return fail(error)
        work = Deferred.fromCoroutine(self._flush(link))
        pending = PendingRequest("flush", self._deadlines, DEFAULT_TIMEOUT, lambda _: work.cancel())
        self._flushes.add(pending)

        def ended(result: Any) -> Any:
            self._flushes.discard(pending)
            return result

        answer = pending.answer.addBoth(ended)
        work.addCallbacks(pending.succeed, lambda failure: pending.fail(failure.value))
        return answer

    async def _flush(self, link: ClientProtocol) -> None:
        """
        See L{flush}.
        """
        await self._own.settled()
        await link.ping()

    async def ready(self) -> None:
        """
        See L{ready<pysig_twisted.net.client.ClientRouter.ready>}.
        """
        await self._uplink.whenConnected()
        link = self._uplink.openLink()
        await link.outbox.below(ROOM)
        if not link.isOpen:
            raise LinkLost(f"the link to {self._uplink.text} broke while much waited to be sent")

    def lost(self, error: PysigError) -> None:
        """
        The link is down: the router will not say that it has taken anything.
        """
        for pending in tuple(self._flushes):
            pending.abandon(error)
