"""What people and programs see."""

from __future__ import annotations

import io
import json
import os
import sys
import unicodedata
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import EventInfo, Gap
from pysig_twisted.commands import output
from pysig_twisted.commands.failing import CommandFailed, Interrupted

from . import HOSTILE, UNSAFE

anyText = st.text(st.characters())
anyJson = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64) + 1, 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | anyText,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(anyText, inner, max_size=4),
    max_leaves=20,
)


def info(**changes: Any) -> EventInfo:
    """An event's info."""
    fields = {"sender": "thermo", "event": "temp", "seq": 7, "time": 1.5, **changes}
    return EventInfo(**fields)


class EscapeTests(SynchronousTestCase):
    """L{output.escape} and L{output.encode}."""

    @given(anyText)
    def test_safe(self, text: str) -> None:
        """Nothing is left that does more than be seen."""
        shown = output.escape(text)
        for char in shown:
            self.assertNotIn(unicodedata.category(char), ("Cc", "Cs", "Zl", "Zp"))
            self.assertNotIn(unicodedata.bidirectional(char), BIDI)

    @given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))))
    def test_visible(self, text: str) -> None:
        """What can be seen stays as it is, in any script."""
        self.assertEqual(output.escape(text), text)

    def test_every(self) -> None:
        """Each dangerous character is escaped, and a joiner of scripts is not."""
        dangerous = [*range(0x20), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F]
        dangerous += [*range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0xD800]
        for number in dangerous:
            self.assertEqual(output.escape(chr(number)), f"\\u{number:04x}")
        self.assertEqual(output.escape("\U000e0041"), "\\udb40\\udc41")
        self.assertEqual(output.escape("a\u200db"), "a\u200db")

    def test_markup(self) -> None:
        """Square brackets mean nothing."""
        self.assertEqual(output.escape("[/x][red]"), "[/x][red]")

    def test_encode(self) -> None:
        """What an encoding lacks is escaped, so that JSON stays JSON."""
        self.assertEqual(output.encode('"é😀"', "utf-8"), '"é😀"'.encode())
        self.assertEqual(output.encode('"é😀"', "ascii"), b'"\\u00e9\\ud83d\\ude00"')
        self.assertEqual(json.loads(output.encode('"é😀"', "ascii")), "é😀")
        self.assertEqual(output.encode("é", "no-such-encoding"), b"\\u00e9")
        self.assertEqual(output.encode("é", None), "é".encode())


BIDI = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


class ToJsonTests(SynchronousTestCase):
    """L{output.toJson}."""

    @given(anyJson, st.sampled_from([None, 2]))
    def test_roundTrip(self, value: Any, indent: int | None) -> None:
        """It is JSON of the same value, and safe."""
        text = output.toJson(value, indent)
        self.assertEqual(json.loads(text), value)
        for line in text.split("\n"):
            self.assertEqual(output.escape(line), line)
        if indent is None:
            self.assertNotIn("\n", text)

    def test_notJson(self) -> None:
        """What JSON does not have becomes text."""
        inf = float("inf")
        for value, expected in (
            (float("nan"), '"NaN"'),
            ([inf, -inf], '["Infinity","-Infinity"]'),
            (b"\x00\xff", '"AP8="'),
            ({1: 2, (3, 4): b"", None: 5, b"k": 6}, '{"1":2,"[3,4]":"","null":5,"aw==":6}'),
            ({"a"}, '["a"]'),
            (datetime(2026, 1, 2), '"2026-01-02T00:00:00"'),
            ([datetime(2026, 1, 2), inf], '["2026-01-02T00:00:00","Infinity"]'),
            (10**5000, f'"{hex(10**5000)}"'),
        ):
            self.assertEqual(output.toJson(value), expected)

    def test_deep(self) -> None:
        """However deep a value nests, it is printed."""
        value: Any = b""
        for _ in range(100_000):
            value = [value]
        self.assertIn('"..."', output.toJson(value))

    def test_hostile(self) -> None:
        """A hostile text is one line of harmless JSON."""
        text = output.toJson({HOSTILE: [HOSTILE]})
        self.assertEqual(json.loads(text), {HOSTILE: [HOSTILE]})
        for char in UNSAFE:
            self.assertNotIn(char, text)


class LineTests(SynchronousTestCase):
    """Lines about events and gaps."""

    def test_time(self) -> None:
        """Today's times have no date; others have one; impossible ones are numbers."""
        now = datetime(2026, 3, 4, 12, 0)
        moment = datetime(2026, 3, 4, 11, 22, 33, 456000)
        self.assertEqual(output.timeText(moment.timestamp(), now), "11:22:33.456")
        older = datetime(2026, 3, 3, 11, 22, 33).timestamp()
        self.assertEqual(output.timeText(older, now), "2026-03-03 11:22:33.000")
        self.assertEqual(output.timeText(2.0**64, now), "18446744073709551616")
        self.assertEqual(output.timeText(1e300, now), f"{1e300:.0f}")
        self.assertEqual(output.timeText(10**400, now), str(10**400))

    def test_event(self) -> None:
        """Time, sender, event, number, data; and whether it is late."""
        line = output.eventLine(info(), {"v": 1})
        self.assertTrue(line.endswith('  thermo  temp  7  {"v":1}'), line)
        line = output.eventLine(info(replayed=True), None)
        self.assertTrue(line.endswith("  thermo  temp  7  null  (replayed)"), line)

    def test_eventColor(self) -> None:
        """With color the same words, and every color ends."""
        line = output.eventLine(info(), 1, color=True)
        self.assertEqual(line.count("\x1b["), 4)
        self.assertEqual(line.count("\x1b[0m"), 2)

    def test_replayedColor(self) -> None:
        """With color one that is sent again is dim as a whole."""
        line = output.eventLine(info(replayed=True), 1, color=True)
        self.assertRegex(line, "^\x1b\\[2m[^\x1b]*  thermo  temp  7  1  \\(replayed\\)\x1b\\[0m$")

    def test_hostileNames(self) -> None:
        """Names are escaped too."""
        line = output.eventLine(info(sender="a\u202eb", event="#\u2066[/x]"), 1)
        self.assertIn("a\\u202eb  #\\u2066[/x]", line)

    def test_eventRecord(self) -> None:
        """The fields, in the order the documentation gives."""
        self.assertEqual(
            output.eventRecord(info(), [None]),
            {
                "sender": "thermo",
                "event": "temp",
                "seq": 7,
                "time": 1.5,
                "data": [None],
                "replayed": False,
            },
        )

    def test_gap(self) -> None:
        """A gap names what is known of it."""
        full = Gap("thermo", 255, 3, 7, 5, ("temp", "#alarm"), "link")
        self.assertEqual(
            output.gapLine(full), "missed 5 events of temp, #alarm of thermo, from 3 to 7: link"
        )
        self.assertEqual(
            json.loads(output.gapJson(full)),
            {
                "gap": {
                    "sender": "thermo",
                    "sid": "00000000000000ff",
                    "first": 3,
                    "last": 7,
                    "n": 5,
                    "events": ["temp", "#alarm"],
                    "why": "link",
                }
            },
        )
        open_ = Gap("*", None, 3, None, None, None, "listener-slow")
        self.assertEqual(
            output.gapLine(open_),
            "missed some events of several senders, from 3 on: listener-slow",
        )
        unknown = Gap("a\x1bb", None, None, None, None, None, "link")
        self.assertEqual(output.gapLine(unknown), "missed some events of a\\u001bb: link")


class TerminalTests(SynchronousTestCase):
    """Who looks on."""

    def test_color(self) -> None:
        """Colors only on a terminal that has them, for a person who wants them."""

        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        for terminal, noColor, term, expected in (
            (True, "", "xterm", True),
            (True, "1", "xterm", False),
            (True, "", "dumb", False),
            (True, "", "", False),
            (False, "", "xterm", False),
        ):
            self.patch(os, "environ", {"NO_COLOR": noColor, "TERM": term})
            stream = Terminal() if terminal else io.StringIO()
            self.assertEqual(output.wantsColor(stream), expected, (terminal, noColor, term))

    def test_closed(self) -> None:
        """A closed output is no terminal."""
        stream = io.StringIO()
        stream.close()
        self.assertFalse(output.isTerminal(stream))
        self.assertFalse(output.isTerminal(None))


class WriteTests(SynchronousTestCase):
    """L{output.write}."""

    def test_write(self) -> None:
        """A line goes out at once, after what was printed before."""
        raw = io.BytesIO()
        self.patch(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
        sys.stdout.write("before ")
        output.write("é")
        self.assertEqual(raw.getvalue(), b"before \\u00e9\n")

    def test_absent(self) -> None:
        """Without a standard output there is a clear error."""
        self.patch(sys, "stdout", None)
        error = self.assertRaises(CommandFailed, output.write, "x")
        self.assertEqual(
            (error.message, error.status), ("cannot write the output: it is closed", 74)
        )

    def test_errors(self) -> None:
        """A reader that is gone ends a command like SIGPIPE, a full disk with a sentence."""
        self.assertIsInstance(output.cannotWrite(BrokenPipeError(32, "x")), Interrupted)
        error = output.cannotWrite(OSError(28, "No space left on device"))
        self.assertEqual(str(error), "cannot write the output: No space left on device")
