"""
The command line of C{twistd pysig bridge}.
"""

from __future__ import annotations

from typing import Any

from twisted.python import usage

from ..config import BadSettings, Settings
from .uplinkoptions import UplinkOptions


class BridgeOptions(UplinkOptions):
    """
    Options of C{twistd pysig bridge}.
    """

    name = "bridge"
    command = "twistd pysig bridge"
    synopsis = "[options]"
    longdesc = (
        "Put serial devices on the bus of a router elsewhere: each becomes a sender, and"
        " what it says becomes events."
    )
    examples = """
A device is a table [serial.NAME] of the file, such as:

  [serial.meter]
  port = "/dev/serial/by-id/usb-FTDI_FT232R_A50285BI-if00-port0"
  baud = 9600

  [[serial.meter.event]]
  match = 'T=(?P<celsius>[-.0-9]+)'
  name = "temperature"

A server bridges the devices of its own file, too; this command is for devices
that are plugged in elsewhere. "pysig serial list" tells which ports there are.

Examples:
  twistd -n pysig bridge --config devices.toml
  twistd -n pysig bridge --connect bus.example:7744 --config devices.toml
  twistd -n pysig bridge --config devices.toml --check

With -n it stays in the foreground; without, twistd goes to the background, and
logs to twistd.log in the current directory. Where there is no --connect,
PYSIG_CONNECT or the table [client] of the file may say it. Devices and routers
that are not there are waited for. SIGHUP has the file read again. SIGTERM and
SIGINT stop it, which then ends itself by the same signal: a shell shows 143 or
130.
"""

    optParameters = [
        ["connect", None, None, "host, host:port or unix:/path [default: 127.0.0.1:7744]"],
        ["config", "c", None, "a TOML file with tables [serial.NAME]"],
    ]

    def parseArgs(self, *arguments: str) -> None:
        """
        There are none.
        """
        if arguments:
            raise usage.UsageError(
                f"unexpected argument {arguments[0]!r}; devices are tables [serial.NAME] of"
                " the file that --config names"
            )

    def load(self) -> Settings:
        """
        See L{RouterOptions.load}. A device there must be, also when the file is read
        again: an editor may just be writing it.
        """
        settings = super().load()
        if not settings.serial:
            where = self["config"] or "a file that --config names"
            raise BadSettings([f"there is no device; put a table [serial.NAME] into {where}"])
        return settings

    def flags(self) -> dict[str, Any]:
        """
        See L{RouterOptions.flags}.
        """
        return {**({"connect": self["connect"]} if self["connect"] else {}), **self.proof()}

    def named(self) -> tuple[str, ...]:
        """
        See L{RouterOptions.named}. A bridge has none.
        """
        return ()
