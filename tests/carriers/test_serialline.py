"""The options of a serial line."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.serialline import KEYS, LineSettings, lineSettings, unknownKey


class LineSettingsTests(SynchronousTestCase):
    """LineSettings."""

    def test_defaults(self) -> None:
        """What most devices want."""
        line = LineSettings()
        self.assertEqual((line.baud, line.mode, line.flow), (9600, "8N1", "none"))
        self.assertEqual((line.dtr, line.rts), ("keep", "keep"))
        self.assertEqual((line.exclusive, line.flush, line.linger), (True, True, 1.0))
        self.assertEqual(str(line), "9600 baud, 8N1")

    def test_mode(self) -> None:
        """The mode has data bits, parity and stop bits in it."""
        line = LineSettings(mode="7e1.5")
        self.assertEqual((line.dataBits, line.parity, line.stopBits), (7, "E", 1.5))
        self.assertEqual(LineSettings(mode="8O2").stopBits, 2)

    def test_secondsPerByte(self) -> None:
        """A byte takes its bits, with start, parity and stop bits."""
        for mode, bits in (("8N1", 10), ("8E1", 11), ("8N2", 11), ("5N1.5", 7.5), ("7M1", 10)):
            self.assertAlmostEqual(LineSettings(1000, mode).secondsPerByte, bits / 1000)

    def test_refused(self) -> None:
        """A value that is none is told with its key, itself, and what there is."""
        cases: list[tuple[dict[str, Any], str]] = [
            ({"baud": 0}, "baud is 0; it must be a whole number, 1 or more"),
            ({"baud": True}, "baud is True; it must be a whole number"),
            ({"baud": 9600.5}, "baud is 9600.5; it must be a whole number"),
            ({"mode": "9N1"}, "mode is '9N1'; it must be data bits 5 to 8"),
            ({"mode": "8N1\n"}, "mode is '8N1\\n'; it must be"),
            ({"mode": "8N3"}, "such as 8N1"),
            ({"flow": "on"}, "flow is 'on'; it must be none, rtscts, xonxoff or dsrdtr"),
            ({"dtr": True}, "dtr is True; it must be keep, on, off or pulse"),
            ({"rts": "pulse"}, "rts is 'pulse'; it must be keep, on or off"),
            ({"exclusive": 1}, "exclusive is 1; it must be true or false"),
            ({"flush": None}, "flush is None; it must be true or false"),
            ({"linger": -1}, "linger is -1; it must be a number of seconds, 0 to 3600"),
            ({"linger": float("nan")}, "linger is nan; it must be"),
            ({"flow": "rtscts", "rts": "on"}, "rts is 'on', but with flow 'rtscts'"),
            ({"flow": "dsrdtr", "dtr": "off"}, "dtr is 'off', but with flow 'dsrdtr'"),
        ]
        for values, words in cases:
            error = self.assertRaises(ValueError, LineSettings, **values)
            self.assertIn(words, str(error))
            self.assertRaises(msgspec.ValidationError, msgspec.convert, values, LineSettings)

    def test_unknown(self) -> None:
        """There are no other keys in a file."""
        self.assertRaises(msgspec.ValidationError, msgspec.convert, {"bauds": 1}, LineSettings)


class LineStringTests(SynchronousTestCase):
    """lineSettings()."""

    def test_names(self) -> None:
        """All keys can be given as text, with the names that other programs have, too."""
        self.assertEqual(lineSettings({}), LineSettings())
        given = {
            "baudrate": "115200",
            "bytesize": "7",
            "parity": "e",
            "stopbits": "2",
            "flow": "RTSCTS",
            "dtr": "off",
            "exclusive": "no",
            "flush": "false",
            "linger": "2.5",
        }
        expected = LineSettings(115200, "7E2", "rtscts", "off", "keep", False, False, 2.5)
        self.assertEqual(lineSettings(given), expected)
        self.assertEqual(lineSettings({"baud": "1", "mode": "7o1"}), LineSettings(1, "7O1"))
        self.assertEqual(lineSettings({"parity": "O"}).mode, "8O1")
        self.assertEqual(lineSettings({"exclusive": "1", "flush": "Yes"}), LineSettings())

    def test_refused(self) -> None:
        """What is wrong is told in the words of the string."""
        cases = {
            "baudrate is 'fast'; it must be a whole number": {"baudrate": "fast"},
            "baud is '0'": {"baud": "0"},
            "baud is '-1'": {"baud": "-1"},
            "baudrate is '²'": {"baudrate": "²"},
            f"baud is '{'9' * 30}'": {"baud": "9" * 30},
            "parity is 'Q'; it must be N, E, O, M or S": {"parity": "Q"},
            "bytesize is '9'; it must be 5, 6, 7 or 8": {"bytesize": "9"},
            "stopbits is ''": {"stopbits": ""},
            "exclusive is 'maybe'; it must be true or false": {"exclusive": "maybe"},
            "linger is 'soon'": {"linger": "soon"},
            "linger is 'nan'": {"linger": "nan"},
            "baud and baudrate are the same": {"baud": "1", "baudrate": "1"},
            "mode has parity in it already": {"mode": "8N1", "parity": "N"},
            "there is no option 'bauds'; did you mean 'baud'? The options are": {"bauds": "1"},
        }
        for words, options in cases.items():
            error = self.assertRaises(ValueError, lineSettings, options)
            self.assertIn(words, str(error))

    def test_unknownKey(self) -> None:
        """A key that is like none is answered with all that there are."""
        self.assertEqual(
            unknownKey("zzz", ("a", "b")), "there is no option 'zzz'; the options are a, b"
        )

    @given(st.dictionaries(st.sampled_from([*KEYS, "x"]), st.text(max_size=6)))
    def test_any(self, options: dict[str, str]) -> None:
        """Whatever is given, it is settings or a ValueError in one line."""
        try:
            self.assertGreater(lineSettings(options).secondsPerByte, 0)
        except ValueError as error:
            self.assertNotIn("\n", str(error))
