"""
What the command lines of daemons have in common whose router is elsewhere.
"""

from __future__ import annotations

import os
from typing import Any

from ..config import BadSettings
from ..errors import ConfigError
from ..net.credentials import Shown, shownBy
from .options import RouterOptions


class UplinkOptions(RouterOptions):
    """
    Options of C{twistd pysig client} and C{twistd pysig bridge}.

    @ivar credentials: gives what proves who we are.
    """

    optFlags = [
        ["insecure", None, "send credentials to other machines also where others could read them"],
    ]
    optParameters = [
        ["credentials", None, None, "a file with a token, or a user and a password"],
    ]

    credentials: Shown

    def resolve(self) -> None:
        """
        See L{RouterOptions.resolve}. The credentials are read again for each connection; that they
        can be is seen to now.
        """
        super().resolve()
        path = self.settings.client.credentials
        self.credentials = shownBy(path and os.path.abspath(path), os.environ)
        try:
            self.credentials()
        except ConfigError as error:
            raise BadSettings([error.message]) from None

    def proof(self) -> dict[str, Any]:
        """
        What flags say of credentials.
        """
        flags: dict[str, Any] = {}
        if self["credentials"]:
            flags["credentials"] = self["credentials"]
        if self["insecure"]:
            flags["insecure"] = True
        return flags
