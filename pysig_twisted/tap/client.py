"""
The service of C{twistd pysig client}.
"""

from __future__ import annotations

from typing import Any

from ..config import Settings
from ..net.client import ClientRouter
from .clientoptions import ClientOptions
from .uplink import UplinkDaemon


class ClientDaemon(UplinkDaemon):
    """
    A client router as a process of its own, with an application.
    """

    def __init__(self, options: ClientOptions, reactor: Any) -> None:
        """
        @param options: where the settings come from.
        """
        settings = options.settings.client
        router = ClientRouter(
            settings.connect,
            credentials=options.credentials,
            insecure=settings.insecure,
            linkGrace=settings.linkGrace,
            reactor=reactor,
            **options.codec,
        )
        super().__init__(options, router, reactor)

    def apply(self, old: Settings, new: Settings) -> None:
        """
        See L{RouterDaemon.apply}.
        """
        keys = ("connect", "app", "codec", "linkGrace", "credentials", "insecure")
        self.warnOfChanges(old.client, new.client, keys)
