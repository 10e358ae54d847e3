"""What is asked of a device, and how fast it is sent."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.command import Command, Pacing

SECONDS = st.sampled_from([0.0, 0.01, 0.5])


class CommandTests(SynchronousTestCase):
    """L{Command<pysig_twisted.bridge.command.Command>}."""

    def test_plain(self) -> None:
        """Without further wishes it is sent once, nothing is sure of it, and it ends in time."""
        command = Command("read", b"R\n", lambda: "reply")
        self.assertEqual((command.what, command.data, command.reply()), ("read", b"R\n", "reply"))
        self.assertEqual((command.timeout, command.deadline, command.retries), (1.0, 10.0, 0))
        self.assertEqual((command.isSure, command.isLatest, list(command.echo)), (False, False, []))

    def test_all(self) -> None:
        """What is wished is what it has."""
        command = Command(
            "read",
            b"R\n",
            lambda: None,
            echo=[b"R"],
            timeout=2.0,
            deadline=5.0,
            retries=3,
            isSure=True,
            isLatest=True,
        )
        self.assertEqual((command.timeout, command.deadline, command.retries), (2.0, 5.0, 3))
        self.assertEqual((command.isSure, command.isLatest, command.echo), (True, True, [b"R"]))


class PacingTests(SynchronousTestCase):
    """L{Pacing<pysig_twisted.bridge.command.Pacing>}."""

    def parts(self, pacing: Pacing, data: bytes) -> list[tuple[bytes, float]]:
        """The parts, with seconds that can be compared."""
        return [(part, round(pause, 6)) for part, pause in pacing.parts(data)]

    def test_plain(self) -> None:
        """Without further wishes all is sent at once, and nothing takes time."""
        pacing = Pacing()
        self.assertEqual(pacing.gap, 0.0)
        self.assertEqual(pacing.onLine(b"abc"), 0.0)
        self.assertEqual(self.parts(pacing, b"a\nb\n"), [(b"a\nb\n", 0.0)])

    def test_empty(self) -> None:
        """Of nothing, nothing is sent."""
        for pacing in (Pacing(), Pacing(charDelay=1.0), Pacing(lineDelay=1.0)):
            self.assertEqual(b"".join(part for part, _ in pacing.parts(b"")), b"")

    def test_onLine(self) -> None:
        """A line of a known speed takes its time for each byte, whatever is sent at once."""
        pacing = Pacing(gap=0.5, secondsPerByte=0.01)
        self.assertAlmostEqual(pacing.onLine(b"abcd"), 0.04)
        self.assertEqual(pacing.onLine(b""), 0.0)
        self.assertEqual(self.parts(pacing, b"a\nb\n"), [(b"a\nb\n", 0.0)])
        self.assertEqual(pacing.gap, 0.5)

    def test_lineDelay(self) -> None:
        """Lines are sent one by one, with all their ends, and a pause after each."""
        pacing = Pacing(lineDelay=0.2)
        parts = self.parts(pacing, b"ab\r\nc\nd")
        self.assertEqual(parts, [(b"ab\r\n", 0.2), (b"c\n", 0.2), (b"d", 0.2)])

    def test_lineDelayOnLine(self) -> None:
        """The pause after a line begins when the line has carried it."""
        pacing = Pacing(lineDelay=0.2, secondsPerByte=0.01)
        self.assertEqual(self.parts(pacing, b"ab\nc\n"), [(b"ab\n", 0.23), (b"c\n", 0.22)])

    def test_charDelay(self) -> None:
        """Bytes are sent one by one, with a pause after each, that of a line being one of them."""
        pacing = Pacing(charDelay=0.05)
        self.assertEqual(self.parts(pacing, b"ab\n"), [(b"a", 0.05), (b"b", 0.05), (b"\n", 0.05)])

    def test_charDelayOnLine(self) -> None:
        """The pause after a byte begins when the line has carried that."""
        [first, *_] = Pacing(charDelay=0.05, secondsPerByte=0.01).parts(b"ab")
        self.assertEqual((first[0], round(first[1], 6)), (b"a", 0.06))

    def test_both(self) -> None:
        """After the last byte of a line, the longer of both pauses is made."""
        parts = self.parts(Pacing(charDelay=0.05, lineDelay=0.2), b"a\nb\n")
        self.assertEqual(parts, [(b"a", 0.05), (b"\n", 0.2), (b"b", 0.05), (b"\n", 0.2)])
        parts = self.parts(Pacing(charDelay=0.5, lineDelay=0.2), b"a\n")
        self.assertEqual(parts, [(b"a", 0.5), (b"\n", 0.5)])

    def test_bytes(self) -> None:
        """Only ends of lines are such: other bytes that text would end at are data."""
        data = b"\x0b\x0c\x1c\x1d\x1e\x85\n\xff"
        parts = self.parts(Pacing(lineDelay=0.2), data)
        self.assertEqual([part for part, _ in parts], [data[:7], b"\xff"])

    @given(st.binary(max_size=40), SECONDS, SECONDS, st.none() | SECONDS)
    def test_whole(self, data: bytes, char: float, line: float, perByte: float | None) -> None:
        """However it is cut, all of it is sent, once and in order; it is never too fast."""
        pacing = Pacing(0.0, char, line, perByte)
        parts = list(pacing.parts(data))
        self.assertEqual(b"".join(part for part, _ in parts), data)
        if char:
            self.assertEqual({len(part) for part, _ in parts} - {1}, set())
        if char or line:
            for part, pause in parts:
                isEnd = part.endswith((b"\n", b"\r"))
                wanted = max(char, line if isEnd and part != b"\r" else 0.0)
                self.assertGreaterEqual(pause, wanted + pacing.onLine(part) - 1e-9)
