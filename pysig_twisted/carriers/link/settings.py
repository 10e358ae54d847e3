"""
How a link is to be run.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from ..serialline import LineSettings

Patience = Annotated[float, Meta(gt=0, le=3600, description="a number of seconds, 3600 at most")]


SLOWEST: Final = 300
"""
Bits in a second that a line must carry, or acknowledgements come too late.
"""


class LinkSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    The options of a link.

    @ivar line: those of its line.
    @ivar pace: C{clock}: the line is given no more than it carries at its rate; C{off}: it has
        none, as it is USB all the way.
    @ivar deflate: is what goes over it made smaller, if the other end can do so, too?
    @ivar timeout: seconds that a client waits for the other end.
    @raise ValueError: the line cannot carry a link.
    """

    line: LineSettings = LineSettings()
    pace: Literal["clock", "off"] = "clock"
    deflate: bool = True
    timeout: Patience = 10.0

    def __post_init__(self) -> None:
        """
        See that the line carries every byte, and that all is what it is said to be.
        """
        if self.pace not in ("clock", "off"):
            raise ValueError(f"pace is {self.pace!r}; it must be clock or off")
        if not isinstance(self.deflate, bool):
            raise ValueError(f"deflate is {self.deflate!r}; it must be True or False")
        if not 0 < self.timeout <= 3600:
            raise ValueError(f"timeout is {self.timeout!r}; it must be above 0, and 3600 at most")
        if self.isPaced and self.line.baud < SLOWEST:
            raise ValueError(f"baudrate is {self.line.baud}; a link needs {SLOWEST} at least")
        if self.line.flow == "xonxoff":
            raise ValueError(
                "flow is 'xonxoff', which takes two characters out of what is sent; give 'none',"
                " or 'rtscts'"
            )
        if self.line.dataBits != 8:
            raise ValueError(f"mode is {self.line.mode!r}; a link needs 8 data bits, such as '8N1'")

    @property
    def isPaced(self) -> bool:
        """
        Has the line a rate?
        """
        return self.pace == "clock"
