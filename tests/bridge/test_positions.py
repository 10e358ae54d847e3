"""Positions in sentences of NMEA 0183."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pysig_twisted.bridge.checksums import NmeaChecksum
from pysig_twisted.bridge.parsers import IParser
from pysig_twisted.bridge.positions import (
    LAYOUTS,
    PositionParser,
    asCourse,
    asDate,
    asDegrees,
    asDilution,
    asSatellites,
    asSpeed,
    asTime,
)

PUBLISHED: list[tuple[str, dict[str, Any]]] = [
    # The examples that most descriptions of NMEA 0183 have.
    (
        "$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A",
        {
            "type": "RMC",
            "valid": True,
            "lat": 48.1173,
            "lon": 11.51666667,
            "time": "12:35:19",
            "date": "1994-03-23",
            "speed": 11.524,
            "course": 84.4,
        },
    ),
    (
        "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47",
        {
            "type": "GGA",
            "valid": True,
            "lat": 48.1173,
            "lon": 11.51666667,
            "time": "12:35:19",
            "altitude": 545.4,
            "satellites": 8,
            "hdop": 0.9,
        },
    ),
    (
        "$GPGLL,4916.45,N,12311.12,W,225444,A*31",
        {
            "type": "GLL",
            "valid": True,
            "lat": 49.27416667,
            "lon": -123.18533333,
            "time": "22:54:44",
        },
    ),
    (
        "$GPRMC,225446,A,4916.45,N,12311.12,W,000.5,054.7,191194,020.3,E*68",
        {
            "type": "RMC",
            "valid": True,
            "lat": 49.27416667,
            "lon": -123.18533333,
            "time": "22:54:46",
            "date": "1994-11-19",
            "speed": 0.257,
            "course": 54.7,
        },
    ),
    (
        "$GNGNS,103600.01,5114.51176,N,00012.29380,W,ANNN,07,1.18,111.5,45.6,,,V*00",
        {
            "type": "GNS",
            "valid": True,
            "lat": 51.24186267,
            "lon": -0.20489667,
            "time": "10:36:00.01",
            "altitude": 111.5,
            "satellites": 7,
            "hdop": 1.18,
        },
    ),
]


def parse(text: str) -> Any:
    """What a position parser makes of a sentence."""
    return PositionParser().parse(text, text.encode("utf-8", "replace"))


def summed(body: str) -> Any:
    """What it makes of one whose checksum is added."""
    return parse(NmeaChecksum().append(f"${body}".encode()).decode())


class PositionParserTests(SynchronousTestCase):
    """L{PositionParser<pysig_twisted.bridge.positions.PositionParser>}."""

    def test_interface(self) -> None:
        """It is a parser."""
        verifyObject(IParser, PositionParser())

    def test_published(self) -> None:
        """Examples from descriptions of the format are read as these say."""
        for text, expected in PUBLISHED:
            self.assertEqual(parse(text), expected, text)

    def test_noFix(self) -> None:
        """What is empty is left out, and what has no position is not valid."""
        for body, expected in (
            ("GPRMC,,V,,,,,,,,,,N", {"type": "RMC"}),
            ("GPRMC,083559.00,V,,,,,,,091202,,,N", {"time": "08:35:59.00", "date": "2002-12-09"}),
            ("GPRMC,,A,,,,,,,", {"type": "RMC"}),
            ("GPGGA,,,,,,0,00,99.99,,,,,,", {"satellites": 0, "hdop": 99.99}),
            ("GNGNS,,,,,,N,00,99.99,,,,", {"satellites": 0, "hdop": 99.99}),
            ("GPGLL,,,,,,V,N", {"type": "GLL"}),
        ):
            kind = body[2:5]
            self.assertEqual(summed(body), {**expected, "type": kind, "valid": False}, body)

    def test_valid(self) -> None:
        """A position that is not measured is told, and is not valid."""
        place = "4807.038,N,01131.000,E"
        for body, isValid in (
            *((f"GPGGA,,{place},{quality},,,", quality in "123459") for quality in "0123456789"),
            (f"GPGGA,,{place},,,,", False),
            *((f"GPRMC,,{state},{place},,,", state == "A") for state in "AV"),
            *((f"GPGLL,{place},,{state}", state == "A") for state in "AV"),
            *((f"GNGNS,,{place},{mode},,,", mode in "ADFPR") for mode in "ADEFMNPRS"),
            (f"GNGNS,,{place},NNA,,,", True),
            (f"GNGNS,,{place},NEN,,,", False),
        ):
            body += "," * (LAYOUTS[body[2:5]].least - body.count(","))
            found = summed(body)
            self.assertEqual((found["valid"], found["lat"]), (isValid, 48.1173), body)

    def test_talkers(self) -> None:
        """Any talker will do; what a maker has made up is something else."""
        for talker in ("GP", "GN", "GL", "GA", "II"):
            self.assertEqual(summed(f"{talker}GLL,4916.45,N,12311.12,W,,A")["lat"], 49.27416667)
        self.assertIsNone(summed("PGLL,4916.45,N,12311.12,W,,A"))

    def test_others(self) -> None:
        """Other sentences, and damaged ones, are left alone."""
        text = PUBLISHED[0][0]
        for wrong in (text[:-1] + "B", text[:-3], text[1:], text.replace("22.4", "22.5"), "", "é"):
            self.assertIsNone(parse(wrong), wrong)
        self.assertIsNone(summed("GPVTG,084.4,T,,M,022.4,N,041.5,K"))
        for kind, layout in LAYOUTS.items():
            self.assertEqual(summed(f"GP{kind}{',' * layout.least}")["type"], kind)
            self.assertIsNone(summed(f"GP{kind}{',' * (layout.least - 1)}"), kind)

    def test_impossible(self) -> None:
        """What cannot be makes the whole sentence none."""
        right = "GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394"
        self.assertEqual(summed(right)["lat"], 48.1173)
        for old, new in (
            ("123519", "243519"),
            ("123519", "126019"),
            ("123519", "123561"),
            ("123519", "12351"),
            ("4807.038", "9000.001"),
            ("4807.038", "4860.000"),
            ("4807.038", "807.038"),
            ("4807.038", "4807,038"),
            ("4807.038", "-807.038"),
            ("4807.038", ""),
            (",N,", ",,"),
            (",N,", ",E,"),
            (",N,", ",NS,"),
            ("01131.000", "18000.001"),
            ("01131.000", "1131.000"),
            ("01131.000", ""),
            (",E,", ",N,"),
            ("022.4", "-22.4"),
            ("022.4", "fast"),
            ("084.4", "360.1"),
            ("230394", "310294"),
            ("230394", "000000"),
            ("230394", "23394"),
        ):
            self.assertIsNone(summed(right.replace(old, new)), (old, new))
        right = "GPGGA,,4807.038,N,01131.000,E,1,08,0.9,545.4"
        for old, new in (("08", "-8"), ("08", "8.5"), ("0.9", "-1"), ("545.4", "high")):
            self.assertIsNone(summed(right.replace(f",{old}", f",{new}")), (old, new))

    @given(st.text())
    def test_anyText(self, text: str) -> None:
        """It never raises."""
        self.assertIsNone(parse(text))

    @given(
        st.sampled_from(sorted(LAYOUTS)),
        st.lists(
            st.one_of(
                st.sampled_from(["", "A", "V", "N", "S", "E", "W", "1", "4807.038", "01131.000"]),
                st.from_regex(r"[0-9]{2,6}(\.[0-9]{0,3})?", fullmatch=True),
                st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=8),
            ),
            max_size=14,
        ),
    )
    def test_anyFields(self, kind: str, fields: list[str]) -> None:
        """Whatever the fields are, the data are in their bounds, and JSON can carry them."""
        data = summed(",".join([f"GP{kind}", *(field.replace("*", "") for field in fields)]))
        if data is None:
            return
        self.assertEqual(json.loads(json.dumps(data, allow_nan=False)), data)
        self.assertEqual(data["type"], kind)
        self.assertEqual("lat" in data, "lon" in data)
        self.assertTrue("lat" in data or not data["valid"])
        self.assertTrue(-90 <= data.get("lat", 0) <= 90)
        self.assertTrue(-180 <= data.get("lon", 0) <= 180)
        self.assertTrue(0 <= data.get("course", 0) <= 360)
        for key in ("speed", "satellites", "hdop"):
            self.assertGreaterEqual(data.get(key, 0), 0)


class FieldTests(SynchronousTestCase):
    """What is in single fields."""

    @given(
        st.integers(0, 89), st.integers(0, 5_999_999), st.sampled_from(["NS", "EW"]), st.booleans()
    )
    def test_degrees(self, degrees: int, minutes: int, hemispheres: str, isFirst: bool) -> None:
        """Degrees and minutes are told to a millimeter or so, and the sign is right."""
        head = f"{degrees:02d}" if hemispheres == "NS" else f"{degrees:03d}"
        whole, rest = divmod(minutes, 100_000)
        text = f"{head}{whole:02d}.{rest:05d}"
        found = asDegrees(text, hemispheres[not isFirst], hemispheres)
        expected = degrees + minutes / 6_000_000
        self.assertAlmostEqual(found, expected if isFirst else -expected, 8)

    def test_ends(self) -> None:
        """The poles and the antimeridian are places, and there is no -0."""
        self.assertEqual(asDegrees("9000.00", "S", "NS"), -90)
        self.assertEqual(asDegrees("18000", "E", "EW"), 180)
        self.assertEqual(str(asDegrees("0000.0", "S", "NS")), "0.0")

    def test_time(self) -> None:
        """With as many digits as there are; a leap second is one."""
        self.assertEqual(asTime("000000"), "00:00:00")
        self.assertEqual(asTime("235960.125"), "23:59:60.125")

    def test_date(self) -> None:
        """Two digits of the year mean 1980 to 2079."""
        self.assertEqual(asDate("060180"), "1980-01-06")
        self.assertEqual(asDate("311279"), "2079-12-31")
        self.assertEqual(asDate("290200"), "2000-02-29")

    def test_numbers(self) -> None:
        """Speeds are in meters per second; the ends of ranges are within them."""
        self.assertEqual(asSpeed("1"), 0.514)
        self.assertEqual(asSpeed("1000"), 514.444)
        self.assertEqual((asCourse("0"), asCourse("360.0")), (0, 360))
        self.assertEqual(asSatellites("007"), 7)
        self.assertEqual(asDilution("99.99"), 99.99)
        self.assertEqual(str(asSpeed("-0")), "0.0")
