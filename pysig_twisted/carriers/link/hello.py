"""
How two ends of a line find each other, and agree on a session.

Each end has an I{epoch}: four random bytes, new whenever its side of the session begins anew. It
says HELLO with it until there is a session, and answers the HELLO of the other end. The session
is up for whoever hears its own epoch in the HELLO of the other.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple
from zlib import crc32

from .frames import Kind, wrap

VERSION: Final = 1
NOBODY: Final = bytes(4)
"""
No epoch.
"""

DEFLATE: Final = 1
"""
The flag of who can inflate what the other end has deflated.
"""

_LAYOUT: Final = struct.Struct(">BBB4s4sB")


class Hello(NamedTuple):
    """
    What an end says of itself.

    @ivar version: of the link.
    @ivar flags: what it can do besides.
    @ivar epoch: its own.
    @ivar peer: that of the other end, as far as it has heard; else L{NOBODY}.
    @ivar window: how many frames it takes at a time.
    """

    version: int
    flags: int
    epoch: bytes
    peer: bytes
    window: int


def helloFrame(hello: Hello) -> bytes:
    """
    What goes over the line.
    """
    return wrap(_LAYOUT.pack(Kind.HELLO, *hello), 0)


def readHello(body: bytes) -> Hello | None:
    """
    The HELLO that is whole, if it is one. Later versions may have more at its end.

    @param body: with its CRC.
    """
    if len(body) < _LAYOUT.size + 4 or body[0] != Kind.HELLO:
        return None
    return Hello(*_LAYOUT.unpack_from(body)[1:])


def sessionOf(one: bytes, other: bytes) -> int:
    """
    The number of the session between two epochs: both ends find the same.
    """
    return crc32(min(one, other) + max(one, other))


def seedOf(sender: bytes, receiver: bytes) -> int:
    """
    What the CRC begins from of the frames that one end sends: the number of the session, or for who
    has the higher epoch its complement. So no end takes for the other's what comes back of its own.
    """
    number = sessionOf(sender, receiver)
    return number if sender < receiver else number ^ 0xFFFFFFFF
