"""
Checksums at the end of a frame.

These there are, the numbers with the byte first that is named::

    name          bytes  first    of
    none          0               nothing is checked
    nmea          3               *HH: XOR, in hex, but for a $ or ! at the beginning
    sum8          1               the sum of the bytes, modulo 256
    xor8          1               XOR of the bytes
    crc16-modbus  2      little   CRC-16 with 0xA001, begun with 0xFFFF
    crc32         4      big      CRC-32 as in zlib, Ethernet and PNG

The check is the last bytes of a frame, and covers those before it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import reduce
from operator import xor
from typing import Final, Literal

Order = Literal["little", "big"]


def xor8(data: bytes) -> int:
    """
    All bytes, exclusive or.
    """
    return reduce(xor, data, 0)


def sum8(data: bytes) -> int:
    """
    The sum of all bytes, of which the lowest eight bits stay.
    """
    return sum(data) & 0xFF


def _modbusTable() -> tuple[int, ...]:
    """
    What each value of a byte does to the remainder.
    """
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_MODBUS: Final = _modbusTable()


def crc16modbus(data: bytes) -> int:
    """
    The CRC of Modbus RTU.
    """
    table = _MODBUS
    remainder = 0xFFFF
    for byte in data:
        remainder = remainder >> 8 ^ table[(remainder ^ byte) & 0xFF]
    return remainder


class Checksum:
    """
    A number at the end of a frame.

    @ivar name: what the settings call it.
    @ivar size: its bytes.
    """

    def __init__(
        self, name: str, size: int, compute: Callable[[bytes], int], order: Order, skip: int = 0
    ) -> None:
        """
        @param compute: the number for the bytes that it covers.
        @param order: which byte of it comes first: the lowest (little) or the highest.
        @param skip: how many bytes at the beginning of a frame it does not cover.
        """
        self.name = name
        self.size = size
        self._compute = compute
        self._order: Order = order
        self._skip = skip

    def verify(self, frame: bytes) -> bytes | None:
        """
        The frame without its check; C{None} if that is not right.
        """
        at = len(frame) - self.size
        if at < self._skip:
            return None
        payload = frame[:at]
        return payload if frame[at:] == self._check(payload) else None

    def append(self, payload: bytes) -> bytes:
        """
        The frame: the payload and its check.

        @raise ValueError: the payload is too short.
        """
        if len(payload) < self._skip:
            raise ValueError(f"{len(payload)} bytes are too short: the checksum skips {self._skip}")
        return payload + self._check(payload)

    def _check(self, payload: bytes) -> bytes:
        """
        The bytes of the check.
        """
        return self._compute(payload[self._skip :]).to_bytes(self.size, self._order)


class NmeaChecksum(Checksum):
    """
    C{*HH}, as after a sentence of NMEA 0183. Small letters are taken too.
    """

    def __init__(self) -> None:
        """
        There is nothing to set.
        """
        super().__init__("nmea", 3, xor8, "big")

    def verify(self, frame: bytes) -> bytes | None:
        """
        See L{Checksum.verify}.
        """
        payload = frame[:-3]
        return payload if frame[-3:].upper() == self._check(payload) else None

    def _check(self, payload: bytes) -> bytes:
        """
        C{*} and two digits.
        """
        return b"*%02X" % xor8(payload[1:] if payload[:1] in (b"$", b"!") else payload)


KINDS: Final[dict[str, tuple[int, Callable[[bytes], int], Order]]] = {
    "sum8": (1, sum8, "big"),
    "xor8": (1, xor8, "big"),
    "crc16-modbus": (2, crc16modbus, "little"),
    "crc32": (4, zlib.crc32, "big"),
}
"""
For each one that is a number: its bytes, how it is computed, their order.
"""

NAMES: Final = ("none", "nmea", *KINDS)


def checksumFor(name: str, order: Order | None = None, skip: int = 0) -> Checksum | None:
    """
    The checksum of that name; C{None} for C{none}.

    @param order: which byte of it comes first, if not the usual one.
    @param skip: how many bytes at the beginning of a frame it does not cover.
    @raise ValueError: there is no such checksum.
    """
    if name not in NAMES:
        raise ValueError(f"there is no checksum {name!r}; there are {', '.join(NAMES)}")
    if name not in KINDS:
        if order is not None or skip:
            raise ValueError(f"checksum {name!r} has neither order nor skip; leave them out")
        return NmeaChecksum() if name == "nmea" else None
    size, compute, usual = KINDS[name]
    return Checksum(name, size, compute, order or usual, skip)
