"""The request C{send}: any text for a device."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.command import Command
from pysig_twisted.bridge.console import LONGEST, METHOD, USUAL, consoleCommand
from pysig_twisted.bridge.devices import devices
from pysig_twisted.bridge.replies import Answer
from pysig_twisted.errors import BadRequest


def command(params: Any, **table: Any) -> Command:
    """The command for parameters, to such a device."""
    [found], errors = devices({"d": {"port": "/dev/x", "console": True, **table}}, "f")
    assert not errors, errors
    return consoleCommand(found, params)


class ConsoleTests(SynchronousTestCase):
    """L{consoleCommand<pysig_twisted.bridge.console.consoleCommand>}."""

    def wrong(self, params: Any, **table: Any) -> str:
        """What is said of parameters."""
        return self.assertRaises(BadRequest, command, params, **table).message

    def test_text(self) -> None:
        """A text is sent as a frame of the device; it comes back without its end."""
        made = command("RLY 1 on")
        self.assertEqual((made.what, made.data), (METHOD, b"RLY 1 on\n"))
        self.assertEqual(list(made.echo), [b"RLY 1 on"])
        self.assertEqual(command({"text": "RLY 1 on"}).data, made.data)
        self.assertEqual(command("$A", checksum="nmea").data, b"$A*41\n")
        self.assertEqual(command("°", encoding="latin-1").data, b"\xb0\n")

    def test_empty(self) -> None:
        """An empty line may be what wakes a device."""
        self.assertEqual(command("").data, b"\n")

    def test_holes(self) -> None:
        """There are no holes in it: braces are braces."""
        self.assertEqual(command("{n:int} {{}}").data, b"{n:int} {{}}\n")

    def test_answer(self) -> None:
        """All that is said in time is the answer, errors and events, too."""
        reply = command("A").reply()
        for text in ("OK", "!T=1", "ERR 5"):
            reply.take(text.encode(), text, lambda text=text: text.startswith("!"))
        self.assertEqual(reply.gathered(), Answer(["OK", "!T=1", "ERR 5"]))
        self.assertFalse(command("A").isSure)
        self.assertEqual(command("A").retries, 0)

    def test_wait(self) -> None:
        """It waits a second, or as long as is said; it has time to wait for others besides."""
        for params, seconds in (
            ("A", USUAL),
            ({"text": "A"}, USUAL),
            ({"text": "A", "wait": 0.1}, 0.1),
            ({"text": "A", "wait": 60}, LONGEST),
        ):
            made = command(params)
            self.assertEqual((made.timeout, made.deadline), (seconds, seconds + LONGEST))

    def test_wrongWait(self) -> None:
        """Other times are not waited."""
        for wait in (0, -1, 60.1, True, "1", None, float("nan"), float("inf"), 10**400, [1]):
            said = self.wrong({"text": "A", "wait": wait})
            self.assertTrue(said.startswith("wait is "), said)
            self.assertTrue(said.endswith("; give seconds above 0, 60 at most"), said)

    def test_wrongText(self) -> None:
        """What is no text, or has characters that end lines or are not for people, is not sent."""
        for params in (None, 5, True, ["A"], {}, {"text": None}, {"wait": 1}, {"text": b"A"}):
            said = self.wrong(params)
            self.assertTrue(said.endswith("; give the text to send"), said)
        for text in ("A\nB", "A\r", "\x1b", "\0", "\x7f", "\x85", "\u2028", "\ud800"):
            said = self.wrong(text)
            self.assertEqual(said, f"text is {text!r}; control characters cannot be sent")

    def test_unsendable(self) -> None:
        """What the encoding or the frames do not have is not sent."""
        for text, table in (
            ("5°", {"encoding": "ascii:replace"}),
            ("too long", {"frame": {"type": "line", "max": 7}}),
            ("a;b", {"frame": {"type": "line", "end": ";"}}),
            ("abc", {"frame": {"type": "fixed", "size": 4}}),
        ):
            said = self.wrong(text, **table)
            self.assertTrue(said.startswith(f"{text!r} cannot be sent: "), said)

    @given(
        st.one_of(
            st.text(),
            st.dictionaries(
                st.sampled_from(["text", "wait", "x"]),
                st.one_of(st.text(), st.floats(), st.integers(), st.none()),
            ),
        ),
        st.sampled_from(["line", "cobs", "nmea", "length"]),
    )
    def test_any(self, params: Any, frame: str) -> None:
        """Whatever is given, there is one frame, or a mistake of who has given it."""
        try:
            made = command(params, frame=frame)
        except BadRequest:
            return
        self.assertTrue(0 < made.timeout <= LONGEST)
        if frame == "line":
            self.assertEqual(made.data.count(b"\n") + made.data.count(b"\r"), 1)
