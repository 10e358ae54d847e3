"""What tests of C{pysig serial} have in common: a bridge and a device that are made up."""

from __future__ import annotations

from typing import Any

from pysig_twisted import Sender

COUNTERS: dict[str, Any] = {
    "state": "up",
    "reason": None,
    "message": "",
    "boot": 1,
    "opens": 1,
    "bytesIn": 2048,
    "frames": 1234,
    "badFrames": 0,
    "noiseBytes": 0,
    "events": 56,
    "held": 0,
    "unchanged": 0,
    "dropped": 0,
    "early": 0,
    "lineUse": 0.014,
}
"""What a device counts."""


def state(device: str, word: str = "up", **fields: Any) -> dict[str, Any]:
    """What a bridge tells of a device."""
    return {
        "device": device,
        "state": word,
        "reason": None,
        "message": "",
        "boot": 1,
        "port": f"/dev/{device}",
        "description": "",
        "senders": [],
        **fields,
    }


MISSING: dict[str, Any] = {
    "reason": "missing",
    "message": "/dev/scale is not there; plug the device in, or give another path",
    "boot": 0,
}


def addBridge(router: Any, *states: dict[str, Any], name: str = "bridge") -> Sender:
    """A bridge with devices."""
    found: Sender = router.addSender(name, ["state"], {"devices": lambda params: list(states)})
    return found


class Device:
    """
    A device that is a sender.

    @ivar taps: for how many seconds its bytes were asked for, each time.
    """

    def __init__(self, router: Any, name: str = "meter") -> None:
        self.taps: list[float] = []
        self.sender: Sender = router.addSender(
            name,
            ["temperature", "noise", "#stats", "#raw"],
            {
                "stats": lambda params: COUNTERS,
                "tap": lambda params: self.taps.append(params["seconds"]),
            },
        )

    def say(self, data: bytes) -> None:
        """Fire some bytes of the line."""
        self.sender.trigger("#raw", {"hex": data.hex(" "), "text": data.decode("ascii", "replace")})
