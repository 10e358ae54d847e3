"""NMEA 0183."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.framers.sentences import NmeaFramer

from .contract import FramerContract, faultsOf, payloadsOf, run

GGA = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"
AIS = b"!AIVDM,1,1,,B,177KQJ5000G?tO`K>RA1wUbN0TKH,0*5C"


class NmeaFramerTests(FramerContract, SynchronousTestCase):
    """Sentences."""

    marks = (b"$", b"!", b"*", b"*47", b"\r\n", b"\n", GGA[:20])
    most = 101

    def make(self) -> Any:
        """A framer."""
        return NmeaFramer(100)

    def payload(self) -> Any:
        """Sentences, as they come out."""
        fields = st.text("ABC123,.", min_size=1, max_size=40)
        made = fields.map(lambda text: self.make().wrap(text.encode())[:-2])
        return made

    def test_bothWays(self) -> None:
        """What is sent comes back, with what is added."""
        framer = self.make()
        for payload in (b"GPRMC,1", b"$GPRMC,1"):
            line = framer.wrap(payload)
            self.assertEqual(line[-2:], b"\r\n")
            self.assertEqual(payloadsOf(run(framer, line)), [line[:-2]])
        self.assertTrue(framer.wrap(b"!AIVDO,1").startswith(b"!AIVDO,1*"))
        for bad in (b"", b"$", b"A*47", b"A\r\n", b"A$B", "é".encode()):
            error = self.assertRaises(ValueError, framer.wrap, bad)
            self.assertIn("printable ASCII", str(error))

    def stream(self) -> Any:
        """Sentences, and what is none."""
        fragments = [*self.marks, GGA, AIS, GGA + b"\r\n", b"x", b"\xff", b"x" * 300]
        return st.lists(
            st.one_of(st.sampled_from(fragments), st.binary(max_size=30)), max_size=12
        ).map(b"".join)

    def test_afterGarbage(self) -> None:
        """A sentence behind half of another, or behind noise, is found."""
        pieces = run(self.make(), b"\xfe\xff" + GGA[:30] + AIS + b"\r\n" + GGA + b"\r\n")
        self.assertEqual(payloadsOf(pieces), [AIS, GGA])
        self.assertEqual(faultsOf(pieces), [("noise", b"\xfe\xff" + GGA[:30], 32)])
        pieces = run(self.make(), GGA[:30] + GGA + b"\r\n")
        self.assertEqual(payloadsOf(pieces), [GGA])

    def test_checksum(self) -> None:
        """A sentence whose checksum is wrong, or missing, is noise."""
        bad = GGA.replace(b"4807", b"4817")
        pieces = run(
            self.make(), bad + b"\r\n$GPGLL,1\r\n" + GGA.lower()[:1] + b"no\n" + GGA + b"\n"
        )
        self.assertEqual(payloadsOf(pieces), [GGA])
        self.assertEqual([fault for fault, _, _ in faultsOf(pieces)], ["checksum"] * 3)

    def test_text(self) -> None:
        """Lines that are no sentences are noise."""
        self.assertEqual(faultsOf(run(self.make(), b"boot\r\n\r\n")), [("noise", b"boot", 4)])
