"""Which baud rate makes sense, by what came at each."""

from __future__ import annotations

from functools import reduce
from operator import xor

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.serial.scoring import PRINTABLE, Score, isAnyRate, ranked, score

USUAL = (1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200)
TEXT = b"T=21.5 H=48\r\nT=21.6 H=47\r\nT=21.7 H=47\r\n"

lines = st.lists(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=2, max_size=40),
    min_size=3,
    max_size=20,
).map(lambda found: "".join(f"{line}\r\n" for line in found).encode())


def sentence(body: bytes) -> bytes:
    """A sentence of NMEA 0183."""
    return b"$%s*%02X\r\n" % (body, reduce(xor, body))


def heard(data: bytes, own: int, rate: int) -> bytes:
    """What a UART at one rate makes of bytes that were sent at another, one after the other."""
    bits = [bit for byte in data for bit in (0, *(byte >> at & 1 for at in range(8)), 1)] + [1] * 40
    step, found, at = own / rate, bytearray(), 0.0
    while at + 9.5 * step < len(bits):
        if bits[int(at)]:  # the line is idle, or this is a stop bit
            at = float(int(at) + 1)
            continue
        # Without parity checking, drivers hand on also what has no stop bit.
        samples = [bits[int(at + (number + 1.5) * step)] for number in range(8)]
        found.append(sum(bit << number for number, bit in enumerate(samples)))
        at += 9.5 * step
    return bytes(found)


def withParity(data: bytes, odd: bool) -> bytes:
    """What 8N1 makes of text that was sent as 7E1 or 7O1."""
    return bytes(byte | (byte.bit_count() % 2 ^ odd) << 7 for byte in data)


class ScoreTests(SynchronousTestCase):
    """L{score}."""

    def test_text(self) -> None:
        """Lines of text are text, all of it."""
        found = score(TEXT)
        self.assertEqual(
            (found.bytes, found.printable, found.high, found.lines), (len(TEXT), 1.0, 0.0, 3)
        )
        self.assertTrue(found.isText)
        self.assertEqual((found.mode, found.frame, found.end), ("8N1", "line", "\n"))
        self.assertEqual(found.sample[0], "T=21.5 H=48")

    def test_nothing(self) -> None:
        """Where nothing came there is nothing to be said."""
        self.assertEqual(score(b""), Score())
        self.assertFalse(Score().isText)

    def test_nmea(self) -> None:
        """Sentences count with the right checksum only, and are a frame of their own."""
        good = sentence(b"GPGLL,5300.97,N,00259.98,W")
        found = score(good * 3 + good.replace(b"5300", b"5301"))
        self.assertEqual((found.lines, found.nmea, found.frame), (4, 3, "nmea"))
        self.assertGreater(found.points, score(b"T=21.5\r\n" * 12).points)

    def test_json(self) -> None:
        """Objects of JSON count; numbers, which any line may be, do not."""
        found = score(b'{"t":1}\n21\n{"t":\n[1]\n')
        self.assertEqual((found.lines, found.json, found.frame), (4, 1, "line"))

    def test_ends(self) -> None:
        """Lines that end with CR alone need another frame; text without ends a pause."""
        self.assertEqual(score(b"+1.25\r" * 4).frame, {"type": "line", "end": "\r"})
        self.assertEqual(score(b"12.5kg  " * 8).frame, "gap")
        self.assertTrue(score(b"12.5kg  " * 8).isText)

    def test_few(self) -> None:
        """A few bytes that look well prove nothing, unless they are a line."""
        self.assertFalse(score(b"xfx").isText)
        self.assertFalse(score(b"x\n").isText)
        self.assertTrue(score(b"OK\r\n").isText)

    def test_utf8(self) -> None:
        """Characters beyond ASCII are printable, and what is no text is not."""
        self.assertEqual(score("21 °C\n".encode()).printable, 1.0)
        self.assertEqual(score(b"\xff\xfe\x00\x1b").printable, 0.0)

    def test_echo(self) -> None:
        """What was sent and comes back says nothing."""
        self.assertEqual(score(b"AT\r\n", b"AT\r\n"), Score())
        self.assertEqual(score(b"AT\r\nOK\r\n", b"AT\r\n").sample, ("OK",))
        self.assertEqual(score(b"OK\r\n", b"AT\r\n").sample, ("OK",))

    def test_sample(self) -> None:
        """The first of many lines is left out of the sample: it may be half of one."""
        self.assertEqual(score(b"lf\n" + b"whole\n" * 3).sample, ("whole",) * 3)
        self.assertEqual(score(b"lf\nwhole\n").sample, ("lf", "whole"))
        self.assertEqual(len(score(b"x" * 500).sample[0]), 60)

    @given(lines, st.booleans())
    def test_parity(self, data: bytes, odd: bool) -> None:
        """Text with parity as its eighth bit is found, and is as good as without."""
        sent = withParity(data, odd)
        plain, found = score(data), score(sent)
        if plain.bytes >= 16 and sum(byte > 127 for byte in sent) / len(sent) > 0.1:
            self.assertEqual(found.mode, "7O1" if odd else "7E1")
            self.assertEqual((found.points, found.sample), (plain.points, plain.sample))
        self.assertEqual(plain.mode, "8N1")

    @given(st.binary(max_size=2000), st.binary(max_size=8))
    def test_anything(self, data: bytes, sent: bytes) -> None:
        """Whatever came, the numbers are what they promise to be."""
        found = score(data, sent)
        self.assertIn(found.bytes, (len(data), len(data) - len(sent)))
        self.assertTrue(0 <= found.printable <= 1 and 0 <= found.high <= 1)
        self.assertTrue(0 <= found.points <= 100)
        self.assertTrue(found.nmea <= found.lines and found.json <= found.lines)
        self.assertEqual(bool(found.sample), bool(found.bytes))

    @given(lines)
    def test_better(self, data: bytes) -> None:
        """Lines that are recognized as something are better than as many that are not."""
        known = b"".join(sentence(b"GPTXT," + line) for line in data.splitlines())
        unknown = known.replace(b"$", b"_")
        self.assertGreater(score(known).points, score(unknown).points)

    @given(lines, st.integers(0, 30))
    def test_middle(self, data: bytes, cut: int) -> None:
        """Text is text also where listening begins in the middle of a line."""
        self.assertTrue(score(data + data[cut:]).isText)


class RankedTests(SynchronousTestCase):
    """L{ranked}."""

    def test_best(self) -> None:
        """The one that is convincing is best, wherever it stands."""
        bad = score(bytes.fromhex("98fe66e678fe0600") * 20)
        self.assertEqual(ranked([bad, Score(), score(TEXT)]), ([2, 0, 1], 2))
        self.assertEqual(ranked([bad, Score()]), ([0, 1], None))
        self.assertEqual(ranked([]), ([], None))

    def test_any(self) -> None:
        """Where all rates are convincing it is the first, however much came at which."""
        scores = [score(TEXT), score(TEXT * 9), score(TEXT * 5)]
        self.assertTrue(isAnyRate(scores))
        self.assertEqual(ranked(scores), ([0, 1, 2], 0))
        self.assertFalse(isAnyRate(scores[:2]))
        self.assertFalse(isAnyRate([*scores, score(b"\xff" * 9)]))
        self.assertEqual(ranked([*scores, score(b"\xff" * 9)])[1], 1)

    @settings(max_examples=40, deadline=None)
    @given(lines, st.sampled_from(USUAL))
    def test_uart(self, data: bytes, own: int) -> None:
        """Of all usual rates, that of the device is found."""
        data = (data * 10)[:200]
        scores = [score(heard(data, own, rate)) for rate in USUAL]
        self.assertEqual(ranked(scores)[1], USUAL.index(own))

    def test_uartFacts(self) -> None:
        """A wrong rate leaves no whole line, and too little of it printable."""
        data = b"".join(sentence(b"GPGLL,5300.%02d,N,00259.98,W" % number) for number in range(60))
        for rate in USUAL:
            found = score(heard(data, 9600, rate))
            self.assertEqual(found.isText, rate == 9600, rate)
            if rate != 9600:
                self.assertEqual((found.lines, found.nmea), (0, 0), rate)
                self.assertLess(found.printable, PRINTABLE, rate)
