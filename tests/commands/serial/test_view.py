"""What happens to a device, as lines."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.building import STATS as DEVICES_STATS
from pysig_twisted.bridge.device import RAW as DEVICES_RAW
from pysig_twisted.bridge.lifecycle import Lifecycle
from pysig_twisted.bridge.noise import NoiseMeter
from pysig_twisted.bridge.rules import NOISE_EVENT
from pysig_twisted.bridge.statistics import Statistics
from pysig_twisted.commands.listen import FIELDS
from pysig_twisted.commands.output import toJson
from pysig_twisted.commands.serial import view
from pysig_twisted.commands.serial.dump import NARROW
from pysig_twisted.commands.serial.view import NOISE, RAW, STATS, View, askedRecord, countersText

from .. import HOSTILE, UNSAFE
from .case import COUNTERS, MISSING, state

NOISY = {"bytes": 37, "why": "too long", "sample": "80 81", "text": "\x80\x81", "hint": "wrong?"}


def record(event: str, data: Any, sender: str = "meter", replayed: bool = False) -> dict[str, Any]:
    """A happening at a time of its own."""
    return {**askedRecord(sender, event, data), "time": 1.5, "replayed": replayed}


class ViewTests(SynchronousTestCase):
    """L{View}."""

    def setUp(self) -> None:
        """It is always noon."""
        self.patch(view, "timeText", lambda seconds: "12:00:00.000")

    def test_addresses(self) -> None:
        """The address of a line is what its endpoint string has without options."""
        for name, address in (
            ("seriallink:/dev/ttyS1:baudrate=9600:deflate=no", "seriallink:/dev/ttyS1"),
            ("seriallink:/dev/ttyS1", "seriallink:/dev/ttyS1"),
            (r"seriallink:/dev/a\:b:baudrate=9600", "seriallink:/dev/a:b"),
            ("seriallink:/dev/a:b", "seriallink:/dev/a:b"),
            ("meter", "meter"),
        ):
            self.assertEqual(view.lineAddress(name), address)

    def test_people(self) -> None:
        """Each kind of happening as people see it."""
        view = View("meter", count=NARROW)
        waiting = state("scale", "waiting", **MISSING)
        texts = [
            view.text(one)
            for one in (
                record("state", waiting, "bridge"),
                record("state", state("meter", "starting"), "bridge"),
                record("state", state("meter", boot=3), "bridge"),
                record("#connect", {"since": 1.0, "events": []}),
                record("temperature", {"celsius": 21.5}),
                record("temperature", {"celsius": 21.6}, replayed=True),
                record("noise", NOISY),
                record("#raw", {"hex": "54 3d 32 31 2e 35 0d 0a 54", "text": "T"}),
                record("#disconnect", {"reason": "unplugged"}),
                record("#disconnect", {"reason": "lost"}, "bridge"),
                record("#stats", COUNTERS),
            )
        ]
        self.assertEqual("\n".join(texts), PEOPLE)

    def test_others(self) -> None:
        """What looks otherwise than bridges tell is shown as it is."""
        view = View("meter")
        for event, sender in (
            ("state", "bridge"),
            ("#connect", "meter"),
            ("#disconnect", "meter"),
            ("noise", "meter"),
            ("#raw", "meter"),
            ("#stats", "meter"),
        ):
            for data in (None, [1], {"x": 1}, {"since": "x", "text": 1, "hex": 1}):
                text = view.text(record(event, data, sender))
                self.assertTrue(text.endswith(toJson(data)), text)

    def test_ownState(self) -> None:
        """An event of the device's own that is called state is nothing special."""
        text = View("meter").text(record("state", state("meter")))
        self.assertTrue(text.endswith("}"), text)

    def test_hostile(self) -> None:
        """What devices say does nothing to a terminal."""
        view = View("meter")
        fields = {"reason": HOSTILE, "message": HOSTILE}
        texts = [
            view.text(record("state", state("meter", HOSTILE, **fields), HOSTILE)),
            view.text(record("#disconnect", {"reason": HOSTILE})),
            view.text(record("noise", {**NOISY, "why": HOSTILE, "text": HOSTILE, "hint": HOSTILE})),
            view.text(record("line", HOSTILE)),
        ]
        for char in UNSAFE:
            self.assertNotIn(char, "".join(texts))

    def test_color(self) -> None:
        """Colors end, and what is sent again is dim as a whole."""
        view = View("meter", color=True)
        self.assertEqual(
            view.text(record("a", 1)), "\x1b[2m12:00:00.000\x1b[0m  \x1b[1ma           \x1b[0m  1"
        )
        self.assertEqual(
            view.text(record("a", 1, replayed=True)),
            "\x1b[2m12:00:00.000  a             1  (replayed)\x1b[0m",
        )

    def test_form(self) -> None:
        """With a form the lines are what it makes, and the fields those of C{listen}."""
        made = json.loads(View("meter", toJson).text(record("#raw", {"hex": "54"})))
        self.assertEqual(list(made), list(FIELDS))
        self.assertEqual((made["event"], made["seq"], made["data"]), ("#raw", None, {"hex": "54"}))

    def test_names(self) -> None:
        """The names are those that devices use, and so are the counters."""
        self.assertEqual((RAW, STATS, NOISE), (DEVICES_RAW, DEVICES_STATS, NOISE_EVENT))
        life = Lifecycle(lambda: None, lambda reason: None, lambda: None)
        told = Statistics().told(life, NoiseMeter(1, 1.0, True))
        self.assertEqual(list(told), list(COUNTERS))
        shown = {"bytesIn", "lineUse", *view.WORDS}
        self.assertEqual(set(told) - shown, {"state", "reason", "message", "boot"})

    def test_counters(self) -> None:
        """Counters that are rarely more than 0 are shown when they are."""
        text = countersText({**COUNTERS, "noiseBytes": 5, "dropped": 1, "lineUse": None})
        self.assertEqual(
            text,
            "in 2.0 KiB, opened 1, frames 1,234, bad frames 0, bytes of noise 5, events 56,"
            " dropped 1",
        )


PEOPLE = """\
12:00:00.000  state         waiting (missing), at bridge: /dev/scale is not there; plug the device \
in, or give another path
12:00:00.000  state         starting, at bridge: its port is open; it has not said yet that it is \
ready
12:00:00.000  state         up, boot 3, at bridge
12:00:00.000  #connect      since 12:00:00.000
12:00:00.000  temperature   {"celsius":21.5}
12:00:00.000  temperature   {"celsius":21.6}  (replayed)
12:00:00.000  noise         37 bytes (too long), such as "\\u0080\\u0081"; wrong?
12:00:00.000  #raw          54 3d 32 31 2e 35 0d 0a  |T=21.5..|
                            54                       |T|
12:00:00.000  #disconnect   unplugged
12:00:00.000  #disconnect   its bridge bridge is gone: lost
12:00:00.000  #stats        in 2.0 KiB, opened 1, frames 1,234, bad frames 0, events 56, \
line use 1.4%"""
