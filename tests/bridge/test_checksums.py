"""Checksums, by their published check values."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.checksums import KINDS, NAMES, checksumFor, crc16modbus, sum8, xor8

CHECK = b"123456789"


def checksum(name: str, *arguments: Any) -> Any:
    """A checksum that is one."""
    return checksumFor(name, *arguments)


class ChecksumTests(SynchronousTestCase):
    """Each of them."""

    def test_published(self) -> None:
        """The check values of the catalogs, in the usual order of bytes."""
        for name, check in (
            ("crc32", "cbf43926"),
            ("crc16-modbus", "374b"),
            ("sum8", "dd"),
            ("xor8", "31"),
        ):
            self.assertEqual(checksum(name).append(CHECK), CHECK + bytes.fromhex(check), name)
        self.assertEqual(crc16modbus(CHECK), 0x4B37)
        self.assertEqual((sum8(b"\xff\xff"), xor8(b""), crc16modbus(b"")), (0xFE, 0, 0xFFFF))

    def test_modbus(self) -> None:
        """A request as it is on the line."""
        frame = bytes.fromhex("01 03 00 00 00 0a c5 cd")
        self.assertEqual(checksum("crc16-modbus").verify(frame), frame[:-2])

    def test_nmea(self) -> None:
        """What stands after C{$} and before C{*} counts, with or without the C{$}."""
        nmea = checksum("nmea")
        body = b"$GPGLL,5300.97914,N,00259.98174,E,125926,A"
        self.assertEqual(nmea.append(body), body + b"*28")
        self.assertEqual(nmea.append(body[1:]), body[1:] + b"*28")
        self.assertEqual(nmea.verify(b'{"event":1}*61'), b'{"event":1}')
        ais = b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0"
        self.assertEqual((nmea.verify(ais + b"*5C"), nmea.verify(ais + b"*5c")), (ais, ais))
        for bad in (b"", b"*", b"28", body, body + b"*29", body + b"#28", body + b"*2 "):
            self.assertIsNone(nmea.verify(bad), bad)

    def test_order(self) -> None:
        """The bytes may come in the other order."""
        self.assertEqual(checksum("crc16-modbus", "big").append(CHECK)[9:], b"\x4b\x37")
        self.assertEqual(checksum("crc32", "little").append(CHECK)[9:], b"\x26\x39\xf4\xcb")

    def test_skip(self) -> None:
        """The beginning of a frame may not be covered."""
        skipping = checksum("crc32", None, 2)
        self.assertEqual(skipping.append(b"\xaa\x55" + CHECK)[11:].hex(), "cbf43926")
        self.assertEqual(skipping.verify(skipping.append(b"ab")), b"ab")
        self.assertIsNone(skipping.verify(b"a" + bytes(4)))
        error = self.assertRaises(ValueError, skipping.append, b"a")
        self.assertIn("the checksum skips 2", str(error))

    @given(st.sampled_from(NAMES[1:]), st.binary(max_size=40), st.data())
    def test_damage(self, name: str, payload: bytes, data: Any) -> None:
        """What is appended is right, and with any one bit changed it is not."""
        kind = checksum(name)
        frame = kind.append(payload)
        self.assertEqual(len(frame), len(payload) + kind.size)
        self.assertEqual(kind.verify(frame), payload)
        bit = data.draw(st.integers(0, 8 * len(frame) - 1))
        damaged = bytearray(frame)
        damaged[bit // 8] ^= 1 << bit % 8
        if name == "nmea" and (bit // 8 == 0 or bytes(damaged).upper() == frame.upper()):
            return  # capitals do not matter, and a "$" at the beginning does not count
        self.assertIsNone(kind.verify(bytes(damaged)))

    @given(st.sampled_from(NAMES[1:]), st.binary(max_size=8), st.integers(0, 4))
    def test_short(self, name: str, frame: bytes, skip: int) -> None:
        """Whatever comes, it does not raise."""
        checksum(name, None, skip if name in KINDS else 0).verify(frame)

    def test_names(self) -> None:
        """None is none; what there is not is refused, with what there is."""
        self.assertIsNone(checksumFor("none"))
        error = self.assertRaises(ValueError, checksumFor, "crc-16")
        self.assertIn("there are none, nmea, sum8", str(error))
        error = self.assertRaises(ValueError, checksumFor, "nmea", "big")
        self.assertIn("neither order nor skip", str(error))
