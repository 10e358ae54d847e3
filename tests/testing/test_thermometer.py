"""What the simulated instrument says and answers."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.testing.thermometer import RELAYS, Thermometer


class ThermometerTests(SynchronousTestCase):
    """L{Thermometer<pysig_twisted.testing.thermometer.Thermometer>}."""

    def setUp(self) -> None:
        """It has started."""
        self.thermometer = Thermometer()
        self.assertEqual(self.thermometer.start(), b"READY thermometer 1.0\r\n")

    def ask(self, line: bytes) -> bytes:
        """What it answers, without the end."""
        answer = self.thermometer.answer(line)
        self.assertTrue(answer.endswith(b"\r\n"))
        return answer[:-2]

    def test_relays(self) -> None:
        """Each relay is switched by its number, and there are no others."""
        for number in range(1, RELAYS + 1):
            self.assertEqual(self.ask(b"RLY %d on" % number), b"OK")
        self.assertEqual(self.ask(b"RLY 2 off"), b"OK")
        self.assertEqual(self.thermometer.relays, [True, False, True, True])
        for number in (0, 5, 123456789):
            self.assertEqual(self.ask(b"RLY %d on" % number), b"ERR 2 no such relay")
        self.assertEqual(self.thermometer.relays, [True, False, True, True])
        self.thermometer.start()
        self.assertEqual(self.thermometer.relays, [False] * RELAYS)

    def test_temperature(self) -> None:
        """It is that of the last reading."""
        self.assertEqual(self.ask(b"TEMP?"), b"TEMP 21.5")
        self.assertEqual(self.thermometer.reading(11), b"T=23.5 H=43\r\n")
        self.assertEqual(self.ask(b"TEMP?"), b"TEMP 23.5")

    def test_identity(self) -> None:
        """It tells what it is, in four fields."""
        self.assertEqual(self.ask(b"*IDN?").split(b",")[1::2], [b"thermometer", b"1.0"])

    def test_unknown(self) -> None:
        """Whatever else is sent is an error."""
        for line in (
            b"",
            b"temp?",
            b"TEMP? ",
            b"RLY 1",
            b"RLY 1 ON",
            b"RLY -1 on",
            b"RLY 1 on 2",
            b"RLY 99999999999999999999 on",
            "RLY \u0661 on".encode(),
            b"\xff\xfe",
        ):
            self.assertEqual(self.ask(line), b"ERR 1 unknown command", line)
