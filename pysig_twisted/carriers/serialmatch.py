"""
Choosing a serial port by what is plugged in there.

The name C{/dev/ttyUSB0} goes to whatever is plugged in first; the numbers of a USB device
stay with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from .portinfo import PortInfo
from .serialerrors import DeviceMissing, DeviceRefused

Number = Annotated[
    str,
    Meta(
        pattern=r"\A(0[xX])?[0-9A-Fa-f]{1,4}\Z",
        description='text of four hexadecimal digits, such as "0403"',
    ),
]
Text = Annotated[str, Meta(min_length=1, description="text that is not empty")]


class PortMatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    Which port it is: the one of which all that is given is true.

    @ivar vid: the number of the maker, in hexadecimal: C{0403} or C{0x0403}.
    @ivar pid: the number of the product, likewise.
    @ivar serial: the serial number.
    @ivar location: the USB socket: C{1-1.2}, or C{1-1.2:1.0} with the interface.
    @raise ValueError: nothing is given, or a value is none that is allowed. It names the
        key, the value and what is allowed.
    """

    vid: Number | None = None
    pid: Number | None = None
    serial: Text | None = None
    location: Text | None = None

    def __post_init__(self) -> None:
        """
        Check what was given.
        """
        given = {key: value for key in KEYS if (value := getattr(self, key)) is not None}
        if not given:
            raise ValueError(f"nothing says which port it is; give {', '.join(KEYS)}, or some")
        for key, value in given.items():
            hint: Any = Number if key in ("vid", "pid") else Text
            try:
                msgspec.convert(value, hint)
            except msgspec.ValidationError:
                allowed = hint.__metadata__[0].description
                raise ValueError(f"{key} is {value!r}; it must be {allowed}") from None

    def __str__(self) -> str:
        """
        For people.
        """
        given = ((key, getattr(self, key)) for key in KEYS)
        return ", ".join(f"{key}={value}" for key, value in given if value is not None)

    def fits(self, port: PortInfo) -> bool:
        """
        Is all of it true of a port?
        """
        numbers = ((self.vid, port.vid), (self.pid, port.pid))
        texts = ((self.serial, port.serialNumber), (self.location, port.location))
        return all(want is None or int(want, 16) == number for want, number in numbers) and all(
            want is None or want == text for want, text in texts
        )


KEYS = PortMatch.__struct_fields__
"""
The keys that say which port it is.
"""


def choosePort(ports: Sequence[PortInfo], match: PortMatch) -> str:
    """
    The path of the one port that fits.

    @raise DeviceMissing: there is none.
    @raise DeviceRefused: there are several. It names them.
    """
    fitting = [port for port in ports if match.fits(port)]
    if len(fitting) == 1:
        return fitting[0].path
    if not fitting:
        there = "; ".join(map(str, ports)) or "none at all"
        raise DeviceMissing(f"no serial port with {match} is there; those that are: {there}")
    raise DeviceRefused(
        f"{len(fitting)} serial ports have {match}: {'; '.join(map(str, fitting))};"
        " say more: serial=, or location= for devices without a serial number"
    )
