"""
What the simulated instrument says and answers.

=============  ============================================================
it is sent     it answers
=============  ============================================================
C{RLY n on}    C{OK}: relay C{n}, 1 to 4, is on; else C{ERR 2 no such relay}
C{RLY n off}   the same: it is off
C{TEMP?}       C{TEMP 21.5}
C{*IDN?}       its maker, model, serial number and version
all else       C{ERR 1 unknown command}
=============  ============================================================
"""

from __future__ import annotations

import re
from math import sin
from typing import Final

RELAYS: Final = 4

_RELAY: Final = re.compile(rb"RLY ([0-9]{1,9}) (on|off)")


def climate(number: int) -> tuple[float, int]:
    """
    The reading of that number: degrees Celsius, and percent of humidity.
    """
    wave = sin(number / 7)
    return round(21.5 + 2 * wave, 1), round(48 - 5 * wave)


class Thermometer:
    """
    See the module. Lines that come and go have no end, and one.

    @ivar relays: are they on? The first is relay 1.
    """

    def __init__(self) -> None:
        """
        It is off.
        """
        self.relays = [False] * RELAYS
        self._number = 0

    def start(self) -> bytes:
        """
        What it says when it has started.
        """
        self.relays = [False] * RELAYS
        self._number = 0
        return b"READY thermometer 1.0\r\n"

    def reading(self, number: int) -> bytes:
        """
        What it says once a second.

        @param number: how often it has, from 1 on.
        """
        self._number = number
        return b"T=%.1f H=%d\r\n" % climate(number)

    def answer(self, line: bytes) -> bytes:
        """
        What it says to a line.
        """
        return self._answer(line) + b"\r\n"

    def _answer(self, line: bytes) -> bytes:
        """
        The same without its end.
        """
        if line == b"TEMP?":
            return b"TEMP %.1f" % climate(self._number)[0]
        if line == b"*IDN?":
            return b"pysig_twisted,thermometer,0001,1.0"
        found = _RELAY.fullmatch(line)
        if found is None:
            return b"ERR 1 unknown command"
        number = int(found[1])
        if not 1 <= number <= RELAYS:
            return b"ERR 2 no such relay"
        self.relays[number - 1] = found[2] == b"on"
        return b"OK"
