"""
The types of what a configuration says of serial devices.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from .framing import LARGEST
from .tables import snake

Size = Annotated[int, Meta(ge=1, le=LARGEST, description=f"a whole number, 1 to {LARGEST}")]
SizeOrNone = Annotated[int, Meta(ge=0, le=LARGEST, description=f"a whole number, 0 to {LARGEST}")]
Milliseconds = Annotated[float, Meta(gt=0, description="a number of milliseconds above 0")]
Count = Annotated[int, Meta(ge=1, description="a whole number, 1 or more")]
Seconds = Annotated[float, Meta(gt=0, description="a number of seconds above 0")]
SecondsOrNone = Annotated[float, Meta(ge=0, description="a number of seconds, 0 or more")]
Pause = Annotated[float, Meta(ge=0.05, description="a number of seconds, 0.05 or more")]
Delay = Annotated[float, Meta(ge=0, le=10, description="a number of seconds, 0 to 10")]
# A sender's handlers work on so many requests at once; see core.requests.
Room = Annotated[int, Meta(ge=1, le=100, description="a whole number, 1 to 100")]
Description = Annotated[str, Meta(max_length=1000, description="text of 1,000 characters at most")]
Hex = Annotated[
    str, Meta(pattern=r"^\s*([0-9A-Fa-f]{2}\s*)*$", description='bytes in hex, such as "AA 55"')
]
Byte = Annotated[str, Meta(pattern=r"^[0-9A-Fa-f]{2}$", description='a byte in hex, such as "02"')]
ByteOrNone = Annotated[
    str, Meta(pattern=r"^([0-9A-Fa-f]{2})?$", description='a byte in hex, such as "10", or ""')
]
# A pattern within this union crashes msgspec 0.22: the highest character is looked at later.
Ends = Annotated[str | tuple[str, ...], Meta(description=r'text such as "\r\n", or a list of such')]
Texts = Annotated[tuple[str, ...], Meta(description="a list of texts")]
Type = Literal["int", "float", "str", "bool", "hex"]
Types = Annotated[
    dict[str, Type],
    Meta(description='a table of int, float, str, bool or hex, such as {t = "float"}'),
]


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename=snake):
    """
    The base of what is read from a file.
    """
