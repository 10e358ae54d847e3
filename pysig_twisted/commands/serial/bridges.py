"""
What bridges tell of their devices.

A bridge is a sender that answers the request C{devices} and fires the event C{state}.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import msgspec

from ...errors import BadData
from ..output import escape, toJson

DEVICES: Final = "devices"
STATE: Final = "state"
"""
The request for all devices, and the event that tells of one.
"""

PATIENCE: Final = 10.0
"""
Seconds that a bridge has for its answer.
"""


class DeviceState(msgspec.Struct, frozen=True):
    """
    What a bridge tells of a device.

    @ivar device: its name.
    @ivar state: what it is doing: C{up}, C{waiting}...
    @ivar reason: why it is waiting, in a word.
    @ivar message: the same as a sentence.
    @ivar boot: how often it has started.
    @ivar port: the path, the endpoint string, or what the port must match.
    @ivar description: that of the configuration.
    @ivar senders: those that are there, by name.
    """

    device: str
    state: str
    reason: str | None = None
    message: str = ""
    boot: int = 0
    port: Any = None
    description: str = ""
    senders: tuple[str, ...] = ()

    def isAbout(self, name: str) -> bool:
        """
        Is that the name of its table, or of one of its senders?
        """
        return name == self.device or name in self.senders

    @property
    def among(self) -> str:
        """
        Who speaks over it, for people, where that is not the device itself.
        """
        others = [escape(name) for name in self.senders if name != self.device]
        return f", with {', '.join(others)}" if others else ""

    @property
    def why(self) -> str:
        """
        Why it is not there, for people; empty where nothing is said about it.
        """
        if self.message:
            return self.message
        return self.reason or EXPLAINED.get(self.state, "")


EXPLAINED: Final = {
    "settling": "its port was opened a moment ago",
    "starting": "its port is open; it has not said yet that it is ready",
    "silent": "its port is open, and it says nothing",
    "stopped": "its bridge does not open it",
}
"""
What states mean that come without a message.
"""


def isBridge(
    events: Collection[str | None] | None, requests: Collection[str | None] | None
) -> bool:
    """
    Is a sender with these events and requests a bridge?
    """
    return STATE in (events or ()) and DEVICES in (requests or ())


def readState(data: Any) -> DeviceState | None:
    """
    What the event C{state} tells; C{None} if it is none of a bridge's.
    """
    try:
        return msgspec.convert(data, DeviceState)
    except msgspec.ValidationError:
        return None


async def askDevices(router: Any, bridge: str) -> list[DeviceState]:
    """
    The devices of a bridge.

    @raise BadData: its answer is no list of devices.
    @raise PysigError: it has not answered.
    """
    answer = await router.request(bridge, DEVICES, timeout=PATIENCE)
    try:
        return msgspec.convert(answer, list[DeviceState])
    except msgspec.ValidationError as error:
        raise BadData(f"{bridge} is no bridge: its devices cannot be read: {error}") from None


def portText(port: Any) -> str:
    """
    A port, for people. What it must match is written as in an endpoint string.
    """
    if isinstance(port, str):
        return escape(port)
    if isinstance(port, dict):
        given = (f"{key}={value}" for key, value in port.items() if value is not None)
        return escape(", ".join(given))
    return "" if port is None else toJson(port)
