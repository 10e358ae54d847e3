"""What came of listening at several rates, for people and programs."""

from __future__ import annotations

import json
from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.failing import CommandFailed
from pysig_twisted.commands.output import toJson
from pysig_twisted.commands.serial import findings
from pysig_twisted.commands.serial.findings import ECHO, NO_TEXT, NOTHING, Findings, kind, snippet
from pysig_twisted.commands.serial.probe import FIELDS
from pysig_twisted.commands.serial.probing import Trial
from pysig_twisted.commands.serial.scoring import score

from .. import HOSTILE, UNSAFE

GARBAGE = bytes.fromhex("98fe66e678fe0600") * 3

PEOPLE = """\
  baud  bytes  printable  lines  score  mode
* 9600     24       100%      3     54  8N1
 19200     24        25%            12  8N1
  1200      0
921600                                  refused by the driver

9600 baud, 8N1: lines of text, such as
  T=21.5
  T=21.5
  T=21.5

[serial.NAME]
port = "/dev/meter"
baud = 9600
frame = "line"
"""


def trial(baud: int, data: bytes = b"", refused: str = "") -> Trial:
    """What came at a rate."""
    made = Trial(baud)
    made.add(data)
    made.refused = refused
    return made


class FindingsTests(SynchronousTestCase):
    """L{Findings}."""

    def shown(self, found: Findings, line: Any = None, isTerminal: bool = False) -> str:
        """What is printed."""
        printed: list[str] = []
        self.patch(findings, "isTerminal", lambda stream: isTerminal)
        self.patch(findings, "terminalSize", lambda: (80, 24))
        self.patch(findings, "write", lambda text, encoding: printed.append(text))
        found.show(line)
        return "".join(f"{text}\n" for text in printed)

    def some(self) -> Findings:
        """Four rates, of which one is right."""
        return Findings(
            "/dev/meter",
            [
                trial(1200),
                trial(9600, b"T=21.5\r\n" * 3),
                trial(19200, GARBAGE),
                trial(921600, refused="no"),
            ],
        )

    def test_people(self) -> None:
        """A table, the best first, a sample, and a table for a configuration."""
        text = self.shown(self.some(), isTerminal=True)
        self.assertEqual(text.splitlines(), PEOPLE.splitlines())

    def test_programs(self) -> None:
        """In a pipe the same as lines with tabs, and as objects with all fields."""
        rows = [line.split("\t") for line in self.shown(self.some()).splitlines()]
        self.assertEqual({len(row) for row in rows}, {9})
        self.assertEqual([row[0] for row in rows if row[-1] == "*"], ["9600"])
        objects = [json.loads(line) for line in self.shown(self.some(), toJson).splitlines()]
        self.assertEqual({tuple(one) for one in objects}, {tuple(FIELDS)})
        self.assertEqual([one["baud"] for one in objects if one["best"]], [9600])
        self.assertEqual([one["refused"] for one in objects if one["refused"]], ["no"])
        self.assertEqual([one["frame"] for one in objects if one["frame"]], ["line"])

    def test_hostile(self) -> None:
        """What a device says does nothing to a terminal."""
        for data in (f"{HOSTILE}\n" * 3, f"{HOSTILE}{'x' * 400}"):
            hostile = Findings("/dev/x", [trial(9600, data.encode())])
            people = self.shown(hostile, isTerminal=True)
            for char in UNSAFE:
                self.assertNotIn(char, people + self.shown(hostile) + self.shown(hostile, toJson))
        self.assertIn("\\u001b]0;title", people)

    def test_nothing(self) -> None:
        """Where no rate is right it says what that may come from."""
        for trials, sent, told in (
            ([trial(9600), trial(1200)], b"", NOTHING),
            ([trial(9600, b"AT\r\n"), trial(1200)], b"AT\r\n", ECHO),
            ([trial(9600, GARBAGE), trial(1200)], b"", NO_TEXT),
        ):
            found = Findings("/dev/x", trials, sent)
            with self.assertRaises(CommandFailed) as caught:
                found.check()
            error = caught.exception
            self.assertEqual((error.message, error.details), (told[0], told[1:]))
            self.assertEqual(error.status, 1)
        self.assertEqual(self.shown(Findings("/dev/x", [trial(9600)]), isTerminal=True), "")
        self.some().check()

    def test_narrow(self) -> None:
        """Each sentence has room on a terminal."""
        for told in (NOTHING, ECHO, NO_TEXT):
            for text in told:
                self.assertLess(len(text), 92, text)


class SnippetTests(SynchronousTestCase):
    """L{snippet} and L{kind}."""

    def test_readable(self) -> None:
        """Whatever it is, a bridge takes the table."""
        from pysig_twisted.bridge import readDevices

        try:
            import tomllib
        except ImportError:
            import tomli as tomllib  # type: ignore[import-not-found, no-redef]

        parity = bytes(byte | byte.bit_count() % 2 << 7 for byte in b"T=21.5\r\n" * 3)
        for data, words in (
            (b"T=1\r\n", "lines of text"),
            (b"T=1\r" * 3, "lines of text"),
            (b"$GPGLL*50\r\n", "sentences of NMEA 0183"),
            (b'{"t":1}\n', "lines of JSON"),
            (b"T=21.5 " * 9, "text without ends of lines"),
            (parity, "lines of text"),
        ):
            found = score(data)
            self.assertTrue(found.isText, data)
            self.assertEqual(kind(found), words)
            text = "\n".join(snippet('/dev/a "b"\\c', 9600, found))
            table = tomllib.loads(text)["serial"]
            self.assertEqual(table["NAME"]["port"], '/dev/a "b"\\c')
            [device] = readDevices(table)
            self.assertEqual(device.name, "NAME")
        self.assertEqual(score(parity).mode, "7E1")
        self.assertIn('mode = "7E1"', text)

    def test_byId(self) -> None:
        """A name that stays is better than the one that was given."""
        names = {"/dev/ttyX0": ("/dev/serial/by-id/usb-X",)}
        with mock.patch.object(findings, "lastingNames", lambda kind: names):
            self.assertIn(
                'port = "/dev/serial/by-id/usb-X"', snippet("/dev/ttyX0", 9600, score(b"OK\n"))
            )
