"""
The simulated instrument as a device that describes itself, as docs/serial-firmware.md has it.

It has one sender, which fires C{climate} once a second, such as C{{"celsius": 21.5,
"humidity": 48}}, and answers the request C{led}: C{1}, C{"on"} and C{true} switch it on,
C{0}, C{"off"} and C{false} off. The answer is C{"on"} or C{"off"}, as it is now.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from secrets import randbits
from typing import Any, Final

from .thermometer import climate

STATES: Final = {"1": "on", '"on"': "on", "true": "on", "0": "off", '"off"': "off", "false": "off"}
"""
What the params of C{led}, as JSON, mean.
"""


class DescribedThermometer:
    """
    See the module. Lines that come and go have no end, and one.

    @ivar led: C{on} or C{off}.
    """

    def __init__(self, name: str = "green") -> None:
        """
        @param name: the sender's.
        """
        self.led = "off"
        self._name = name
        self._boot = 0

    def start(self) -> bytes:
        """
        What it says when it has started.
        """
        self.led = "off"
        self._boot = randbits(32)
        return b"\n" + self._hello()

    def reading(self, number: int) -> bytes:
        """
        What it says once a second.

        @param number: how often it has, from 1 on.
        """
        celsius, humidity = climate(number)
        return _line({"event": "climate", "data": {"celsius": celsius, "humidity": humidity}})

    def answer(self, line: bytes) -> bytes:
        """
        What it says to a line, if anything.
        """
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            return b""
        if not isinstance(said, dict):
            return b""
        if said.get("hello") == "?":
            return self._hello()
        number = said.get("id")
        if "method" not in said or not isinstance(number, int):
            return b""
        if said.get("to", self._name) != self._name:
            return b""
        return _line({"id": number, **self._do(said["method"], said.get("params"))})

    def _hello(self) -> bytes:
        """
        Who it is.
        """
        return _line(
            {
                "hello": self._name,
                "events": ["climate"],
                "requests": ["led"],
                "description": "a simulated thermometer",
                "boot": self._boot,
            }
        )

    def _do(self, method: Any, params: Any) -> Mapping[str, Any]:
        """
        What it answers to a request.
        """
        if method != "led":
            return {"error": f"there is no method {method}; there is led"}
        state = STATES.get(json.dumps(params))
        if state is None:
            return {"error": "led takes 1, 0, on or off"}
        self.led = state
        return {"response": state}


def _line(said: Mapping[str, Any]) -> bytes:
    """
    The line for that.
    """
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"
