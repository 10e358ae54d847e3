"""
What daemons have in common whose router is elsewhere.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from ..errors import PysigError
from ..net.client import ClientRouter
from .daemon import RouterDaemon
from .options import RouterOptions


class UplinkDaemon(RouterDaemon):
    """
    A client router as a process of its own, which logs how its link is.

    @ivar router: the router.
    """

    def __init__(self, options: RouterOptions, router: ClientRouter, reactor: Any) -> None:
        """
        See L{RouterDaemon}.
        """
        self.router = router
        self._watching: Deferred[None] | None = None
        super().__init__(options, router, reactor)

    def startService(self) -> None:
        """
        See L{RouterDaemon.startService}. From now on, the log tells of a router
        that is not there.
        """
        self._watching = Deferred.fromCoroutine(self._watch())
        super().startService()

    def stopService(self) -> Deferred[Any]:
        """
        See L{RouterDaemon.stopService}.
        """
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.addErrback(lambda _: None).cancel()
        return super().stopService()

    async def _watch(self) -> None:
        """
        Tell once of each outage why the router cannot be had. (That a link is
        up, or has broken, is in the log without this.)
        """
        while True:
            try:
                await self.router.whenConnected(failAfterFailures=1)
            except PysigError as error:
                if self.router.running:
                    self.log.warn("{error}; trying again", error=error.message.rstrip(". "))
                else:
                    self.log.warn(
                        "the router was stopped by this process itself; there is no link until"
                        " it is started again"
                    )
                await self._up()
            await self.router.whenDisconnected()

    async def _up(self) -> None:
        """
        Wait for the link, however often it is refused.
        """
        while True:
            try:
                await self.router.whenConnected()
            except PysigError:
                continue
            return
