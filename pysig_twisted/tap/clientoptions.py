"""
The command line of C{twistd pysig client}.
"""

from __future__ import annotations

import shlex
from typing import Any

from ..config import BadSettings
from ..errors import ConfigError
from ..references import loadCodec
from ..wire.codecs import Codecs
from .options import APPLICATIONS, showOrigin
from .uplinkoptions import UplinkOptions


class ClientOptions(UplinkOptions):
    """
    Options of C{twistd pysig client}.
    """

    name = "client"
    command = "twistd pysig client"
    synopsis = "[options] package.module:function [argument]..."
    longdesc = (
        "Run a function of yours with a router elsewhere: it is called with a ClientRouter,"
        " which connects, and stays connected, by itself."
    )
    examples = f"""{APPLICATIONS}
Examples:
  twistd -n pysig client greenhouse.sensors:start
  twistd -n pysig client --connect unix:/run/pysig/bus \\
                         greenhouse.sensors:start /dev/ttyUSB0
  twistd --logfile /var/log/sensors.log --pidfile /run/sensors.pid \\
         pysig client --config /etc/pysig.toml

With -n it stays in the foreground; without, twistd goes to the background, and
logs to twistd.log in the current directory. Where there is no --connect,
PYSIG_CONNECT may say it. While there is no router, the client keeps trying.
SIGTERM and SIGINT stop it, which then ends itself by the same signal: a shell
shows 143 or 130.
"""

    optParameters = [
        ["connect", None, None, "host, host:port or unix:/path [default: 127.0.0.1:7744]"],
        ["codec", None, None, "how to encode what is sent: json, msgpack, cbor, or your own"
         " as package.module:name [default: json]"],
        ["config", "c", None, "a TOML file with the table [client]"],
    ]  # fmt: skip

    codec: dict[str, Any]

    def __init__(self) -> None:
        """
        No application yet.
        """
        super().__init__()
        self["app"] = []

    def parseArgs(self, function: str = "", *arguments: str) -> None:
        """
        The application.
        """
        if function:
            self["app"] = [shlex.join([function, *arguments])]

    def resolve(self) -> None:
        """
        See L{RouterOptions.resolve}. An application there must be.
        """
        if not self.named():
            raise BadSettings(["name a function to run, such as greenhouse.sensors:start"])
        super().resolve()
        try:
            self.codec = loadCodec(self.settings.client.codec)
            Codecs(self.codec["codecs"]).named(self.codec["codec"])
        except ConfigError as error:
            showOrigin(error)
            raise BadSettings([error.message]) from None

    def flags(self) -> dict[str, Any]:
        """
        See L{RouterOptions.flags}.
        """
        said = {key: self[key] for key in ("connect", "codec", "app") if self[key]}
        return {**said, **self.proof()}

    def named(self) -> tuple[str, ...]:
        """
        See L{RouterOptions.named}.
        """
        return self.settings.client.app
