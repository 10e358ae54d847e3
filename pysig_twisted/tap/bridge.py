"""
The service of C{twistd pysig bridge}.
"""

from __future__ import annotations

from typing import Any

from ..bridge.bridge import SerialBridge
from ..config import Settings
from ..net.client import ClientRouter
from .bridgeoptions import BridgeOptions
from .uplink import UplinkDaemon


class BridgeDaemon(UplinkDaemon):
    """
    A bridge for serial devices as a process of its own.

    @ivar router: what connects to the router.
    @ivar bridge: the devices.
    """

    def __init__(self, options: BridgeOptions, reactor: Any) -> None:
        """
        @param options: where the settings come from.
        """
        settings = options.settings
        router = ClientRouter(
            settings.client.connect,
            credentials=options.credentials,
            insecure=settings.client.insecure,
            linkGrace=settings.client.linkGrace,
            reactor=reactor,
        )
        super().__init__(options, router, reactor)
        self.bridge = SerialBridge(
            router, settings.serial, name=settings.bridge.name, reactor=reactor
        )
        self.bridge.setServiceParent(self)

    def apply(self, old: Settings, new: Settings) -> None:
        """
        See L{RouterDaemon.apply}.
        """
        keys = ("connect", "linkGrace", "credentials", "insecure")
        self.warnOfChanges(old.client, new.client, keys)
        self.warnOfChanges(old.bridge, new.bridge, ("name",))
        self.bridge.reload(new.serial)
