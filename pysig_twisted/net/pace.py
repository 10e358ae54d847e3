"""
How a client's application paces what it fires.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail

from ..core.clock import Deadlines
from ..core.requests import DEFAULT_TIMEOUT, PendingRequest
from ..errors import LinkLost, PysigError
from .ownsenders import OwnSenders
from .uplink import Uplink


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
            self._uplink.openLink()
        except PysigError as error:
            return fail(error)
        work = Deferred.fromCoroutine(self._flush())
        pending = PendingRequest("flush", self._deadlines, DEFAULT_TIMEOUT, lambda _: work.cancel())
        self._flushes.add(pending)

        def ended(result: Any) -> Any:
            self._flushes.discard(pending)
            return result

        answer = pending.answer.addBoth(ended)
        work.addCallbacks(pending.succeed, lambda failure: pending.fail(failure.value))
        return answer

    async def _flush(self) -> None:
        """
        See L{flush}.
        """
        given = self._own.given()
        while True:
            await self._uplink.whenConnected()
            link = self._uplink.openLink()
            await given()
            try:
                await link.ping()
            except PysigError:
                # The next link is given again what this one may have lost.
                continue
            return

    async def ready(self) -> None:
        """
        See L{ready<pysig_twisted.net.client.ClientRouter.ready>}.
        """
        if not self._uplink.isReady:
            await self._uplink.whenConnected()
        link, sending = self._uplink.openLink(), self._own.sending
        room, outbox = sending.room, link.outbox
        while link.isOpen:
            if sending.unsent > room:
                await sending.until(lambda: sending.unsent <= room)
            elif outbox.size > room - sending.unsent:
                await outbox.below(room - sending.unsent)
            else:
                return
        raise LinkLost(f"the link to {self._uplink.text} broke while much waited to be sent")

    def lost(self, error: PysigError) -> None:
        """
        The link is down: who waits for events to be given to it waits for the next.

        @param error: why.
        """
        self._own.wake()
