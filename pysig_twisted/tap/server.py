"""
The service of C{twistd pysig server}.
"""

from __future__ import annotations

import gc
from typing import Any, Final

from msgspec.structs import replace

from ..bridge.bridge import SerialBridge
from ..config import Settings
from ..net.limits import Limits
from ..net.server import ServerRouter
from ..security.rulefile import BadRules
from .daemon import RouterDaemon
from .process import descriptors
from .serveroptions import UNRULED, ServerOptions, policyFor

SPARE: Final = 50
"""
File descriptors that are not for peers: ports, logs, what Twisted needs.
"""


class ServerDaemon(RouterDaemon):
    """
    A server router as a process of its own.

    @ivar router: the router.
    @ivar bridge: the serial devices of this machine.
    """

    def __init__(self, options: ServerOptions, reactor: Any) -> None:
        """
        @param options: where the settings come from.
        """
        settings = options.settings
        self._authenticator = options.authenticator
        self.router = ServerRouter(
            settings.server.listen,
            limits=self._affordable(settings.limits),
            authenticator=options.authenticator,
            policy=options.policy,
            insecure=settings.server.insecure,
            legacy=settings.server.legacy,
            verbose=settings.server.verbose,
            reactor=reactor,
        )
        super().__init__(options, self.router, reactor)
        self.bridge = SerialBridge(
            self.router, settings.serial, name=settings.bridge.name, reactor=reactor
        )
        self.bridge.setServiceParent(self)
        self.router.whenDeserted().addCallback(lambda _: self._deserted())

    def _deserted(self) -> None:
        """
        The process that started this one, and spoke to it on its standard input,
        has ended that.
        """
        if self.running:
            self.log.info("standard input has ended, and nobody else can connect: going down")
            self._reactor.stop()

    def started(self) -> None:
        """
        See L{RouterDaemon.started}.
        """
        # Modules and the like stay for good. Looking through them again and again
        # holds up what is on its way for tens of milliseconds.
        gc.collect()
        gc.freeze()

    def apply(self, old: Settings, new: Settings) -> None:
        """
        See L{RouterDaemon.apply}.
        """
        self.warnOfChanges(old.server, new.server, ("listen", "insecure", "legacy", "app", "auth"))
        self.warnOfChanges(old.bridge, new.bridge, ("name",))
        self.bridge.reload(new.serial)
        self.router.reload(self._affordable(new.limits))
        if self._authenticator is not None:
            self._authenticator.reload()
        self._applyRules(new)
        self.router.verbose = new.server.verbose

    def _applyRules(self, settings: Settings) -> None:
        """
        Go by the rules as they are now. Where they are wrong, those before stay: all of them.
        """
        try:
            policy = policyFor(settings)
            if policy is None and self._authenticator is not None:
                raise BadRules([UNRULED])
        except BadRules as error:
            self.log.error("the rules stay as they were: {error}", error=error.message)
            return
        self.router.setPolicy(policy)

    def _affordable(self, limits: Limits) -> Limits:
        """
        The limits, with no more connections than there are file descriptors for. Of few
        descriptors, a quarter at least is for those that have not said who they are.
        """
        wanted = limits.peers + limits.unauthenticated
        free = descriptors(wanted + SPARE) - SPARE
        if free >= wanted:
            return limits
        strangers = min(limits.unauthenticated, max(free // 4, free - limits.peers, 1))
        peers = free - strangers
        limits = replace(limits, unauthenticated=strangers)
        if peers >= limits.peers:
            return limits
        self.log.warn(
            "peers is {peers} rather than {wanted}, since this process may not open more files"
            " (ulimit -n, LimitNOFILE)",
            peers=max(peers, 1),
            wanted=limits.peers,
        )
        return replace(limits, peers=max(peers, 1))
