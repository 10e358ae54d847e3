"""What a device may say of itself."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.hello import (
    BUFFER,
    LONGEST,
    LONGEST_DESCRIPTION,
    MOST_EVENTS,
    OWN_EVENTS,
    Hello,
    readHello,
)
from pysig_twisted.core.signals import MAX_EVENTS, checkEvents


class HelloTests(SynchronousTestCase):
    """L{readHello<pysig_twisted.bridge.hello.readHello>}."""

    def refused(self, **fields: Any) -> str:
        """Why it is refused."""
        return str(self.assertRaises(ValueError, readHello, {"hello": "green", **fields}))

    def test_name(self) -> None:
        """A name alone is enough."""
        self.assertEqual(readHello({"hello": "green"}), Hello("green"))
        self.assertEqual(Hello("green").buffer, BUFFER)

    def test_all(self) -> None:
        """Everything that there is; keys that nobody knows change nothing."""
        hello = readHello(
            {
                "hello": "K\u00fcche / 1",
                "events": ["t", "#alarm"],
                "requests": ["led"],
                "description": "t < 5",
                "boot": "a",
                "checksum": True,
                "buffer": 32,
                "uptime": 5,
            }
        )
        expected = ("K\u00fcche / 1", ("t", "#alarm"), ("led",), "t < 5", "a", True, 32)
        self.assertEqual(hello, expected)

    def test_names(self) -> None:
        """What cannot be a name, or could be taken for something else, is refused."""
        for name, why in (
            ("", "empty"),
            (5, "string"),
            ("$router", "$"),
            ("a\nb", "control"),
            ("a*", "*"),
            ("x" * 256, "256 bytes"),
            ("<script>", "< >"),
            ("[red]", "< >"),
            ('a"b', "< >"),
            ("a\\b", "< >"),
            ("a\u202eb", "invisible"),
            ("a\u00a0b", "invisible"),
        ):
            self.assertIn(why, self.refused(hello=name), name)
            if name != "$router":
                self.assertIn(why, self.refused(events=["t", name]), name)
                self.assertIn(why, self.refused(requests=["led", name]), name)

    def test_own(self) -> None:
        """What the bridge or the router fires and answers is not the device's."""
        for event in (*OWN_EVENTS, "#connect", "#disconnect"):
            self.assertIn("own", self.refused(events=[event]))
        for method in ("stats", "tap"):
            self.assertIn("own", self.refused(requests=[method]))

    def test_lists(self) -> None:
        """What is no list, or has a name twice, is refused."""
        for key in ("events", "requests"):
            for value in ("t", None, {"t": 1}, 5):
                self.assertIn("no list", self.refused(**{key: value}))
            self.assertIn("twice", self.refused(**{key: ["a", "b", "a"]}))

    def test_many(self) -> None:
        """There are as many events as a sender can have, with those of the bridge."""
        names = [f"e{number}" for number in range(10_000)]
        events = readHello({"hello": "green", "events": names[:MOST_EVENTS]}).events
        self.assertEqual(len(checkEvents("green", (*events, *OWN_EVENTS))), MAX_EVENTS)
        self.assertIn(f"{MOST_EVENTS} is the limit", self.refused(events=names[: MOST_EVENTS + 1]))
        self.assertIn("10000 events", self.refused(events=names))

    def test_others(self) -> None:
        """The other keys have their types and limits."""
        for fields, why in (
            ({"description": 5}, "no text"),
            ({"description": "a\x1b[2J"}, "printable"),
            ({"description": "x" * (LONGEST_DESCRIPTION + 1)}, "longer"),
            ({"boot": True}, "boot"),
            ({"boot": [1]}, "boot"),
            ({"checksum": 1}, "checksum"),
            ({"checksum": "true"}, "checksum"),
            ({"buffer": 31}, "buffer"),
            ({"buffer": True}, "buffer"),
            ({"buffer": 64.0}, "buffer"),
            ({"buffer": None}, "buffer"),
        ):
            self.assertIn(why, self.refused(**fields), fields)

    def test_buffer(self) -> None:
        """However much it takes, the host sends no more than its most."""
        self.assertEqual(readHello({"hello": "green", "buffer": 10**9}).buffer, LONGEST)
