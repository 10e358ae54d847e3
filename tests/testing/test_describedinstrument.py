"""The simulated instrument that describes itself."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge import jsonlines
from pysig_twisted.bridge.hello import Hello
from pysig_twisted.testing.describedinstrument import DescribedThermometer

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner),
    max_leaves=5,
)


class DescribedThermometerTests(SynchronousTestCase):
    """L{DescribedThermometer<pysig_twisted.testing.describedinstrument.DescribedThermometer>}."""

    def setUp(self) -> None:
        """It has started."""
        self.device = DescribedThermometer("blue")
        self.said = self.device.start()

    def ask(self, **message: Any) -> Any:
        """What it says to a message."""
        answer = self.device.answer(json.dumps(message).encode())
        return json.loads(answer) if answer else None

    def test_hello(self) -> None:
        """It says who it is, after an empty line, and says it again when it is asked."""
        empty, line, rest = self.said.split(b"\n")
        self.assertEqual((empty, rest), (b"", b""))
        hello = jsonlines.parse(line)
        assert isinstance(hello, Hello)
        self.assertEqual(
            (hello.name, hello.events, hello.requests), ("blue", ("climate",), ("led",))
        )
        self.assertEqual(self.device.answer(jsonlines.question()), line + b"\n")

    def test_boot(self) -> None:
        """Each start is another one."""
        self.assertNotEqual(self.device.start(), self.said)

    def test_event(self) -> None:
        """A reading is an event that its hello has."""
        self.assertEqual(
            jsonlines.parse(self.device.reading(1).rstrip()),
            jsonlines.Event("climate", {"celsius": 21.8, "humidity": 47}),
        )

    def test_led(self) -> None:
        """It is switched by number, word or truth value, and is off after a start."""
        for params, state in ((1, "on"), (0, "off"), ("on", "on"), ("off", "off"), (True, "on")):
            answer = self.ask(id=7, method="led", params=params)
            self.assertEqual(answer, {"id": 7, "response": state})
            self.assertEqual(self.device.led, state)
        self.device.start()
        self.assertEqual(self.device.led, "off")

    def test_errors(self) -> None:
        """Wrong params and methods are told."""
        self.assertIn("takes", self.ask(id=1, method="led", params="blue")["error"])
        self.assertIn("takes", self.ask(id=2, method="led")["error"])
        self.assertIn("dance", self.ask(id=3, method="dance")["error"])

    def test_others(self) -> None:
        """What is for others, or nothing at all, is not answered."""
        self.assertIsNone(self.ask(id=1, to="green", method="led", params=1))
        self.assertEqual(self.ask(id=1, to="blue", method="led", params=1)["response"], "on")
        for line in (b"", b"READY", b"[1]", b"{", b"\xff", b"[" * 100000, b'{"error":"no"}'):
            self.assertEqual(self.device.answer(line), b"")

    @given(st.binary() | JSON.map(lambda value: json.dumps({"method": value, "id": 1}).encode()))
    def test_anything(self, line: bytes) -> None:
        """Nothing that is sent to it makes it say what is none of its messages."""
        for said in self.device.answer(line).splitlines():
            self.assertIsInstance(
                jsonlines.parse(said), (Hello, jsonlines.Response, jsonlines.Failed)
            )
