"""Whatever comes over a line, and however: the same events, no error, no growth."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Router
from pysig_twisted.bridge import readDevices
from pysig_twisted.bridge.building import framerFor
from pysig_twisted.bridge.device import EARLY, Device
from pysig_twisted.bridge.framesettings import FRAMES
from pysig_twisted.bridge.framing import BLOCK
from pysig_twisted.core.clock import clockOf
from pysig_twisted.errors import ConfigError
from pysig_twisted.testing import Recorder

from .framers.contract import cut

LONGEST = 24

HELD = {"slip": 2 * LONGEST}
"""Bytes that a framer may hold, where it is not one more than the longest frame."""

SIZES: dict[str, dict[str, Any]] = {
    "fixed": {"size": 10, "sync": "a55a"},
    "gap": {"max": LONGEST},
    "length": {"max": LONGEST, "sync": "aa"},
}
"""The keys of frames, where it is not only C{max}."""

EVENTS: list[dict[str, Any]] = [
    {"match": r"T=(?P<t>[-\d.]+)", "name": "t", "types": {"t": "float"}},
    {"parse": "json", "name": "json", "on_change": True},
    {"parse": "nmea", "name": "nmea"},
    {"parse": "csv", "name": "csv", "columns": ["a", "b"], "min_interval": 1.0},
    {"parse": "kv", "name": "kv"},
    {"parse": "hex", "name": "hex", "match": "H"},
]
"""A rule of each kind."""

SAID = [b"T=21.5", b'{"a": [1]}', b"GPX,1,2", b"1,2", b"a=1 b=2", b"H\xff", b"READY", b"x"]
"""Something for each rule, and for none."""

GARBAGE = [b"\n", b"\r\n", b"\0", b"\xc0", b"\xdb", b"\2", b"\3", b"$", b"*", b"\xaa", b"\xa5\x5a"]


def device(kind: str, checksum: str, **more: Any) -> tuple[Device, Recorder, Clock]:
    """A device with frames of a kind, what it fires, and its clock."""
    frame = {"type": kind, **SIZES.get(kind, {"max": LONGEST})}
    table = {"port": "/dev/x", "frame": frame, "event": EVENTS, "checksum": checksum, "stats": 0}
    [found] = readDevices({"meter": {**table, **more}})
    router, heard, clock = Router(), Recorder(), Clock()
    router.addListener(heard)
    return Device(found, router, clockOf(clock), lambda device: None), heard, clock


def events(heard: Recorder) -> list[tuple[str, Any]]:
    """What was fired, but for what differs from life to life."""
    return [
        (one.info.event, one.data.get("reason") if one.info.event[0] == "#" else one.data)
        for one in heard.all
    ]


def frames(kind: str, checksum: str) -> list[bytes]:
    """Good frames, as far as these payloads can be in such frames."""
    framer = framerFor(device(kind, checksum)[0].settings)
    found = []
    for payload in SAID:
        for one in (payload, payload.ljust(8)[:8], payload.ljust(6)[:6]):
            try:
                found.append(framer.wrap(one))
            except ValueError:  # not of that size
                continue
    return found


class AnythingTests(SynchronousTestCase):
    """L{Device<pysig_twisted.bridge.device.Device>}, with a router."""

    def check(self, kind: str, checksum: str = "none") -> None:
        """Try frames of a kind, what is none, in any pieces."""
        good = frames(kind, checksum)
        self.assertTrue(good)
        stream = st.lists(
            st.one_of(
                st.sampled_from(good),
                st.sampled_from(good).map(lambda one: one * (EARLY + 1)),
                st.sampled_from(GARBAGE),
                st.binary(max_size=40),
                st.integers(1, 2 * BLOCK).map(lambda size: b"x" * size),
            ),
            max_size=12,
        ).map(b"".join)

        @settings(max_examples=settings().max_examples // 2)  # there are many kinds
        @given(stream, st.lists(st.integers(0, 4000), max_size=20), st.booleans())
        def same(stream: bytes, places: list[int], isReady: bool) -> None:
            more = {} if isReady else {"ready": "READY", "reset": "READY"}
            whole = self.say(kind, checksum, [stream], **more)
            self.assertEqual(self.say(kind, checksum, cut(stream, places), **more), whole)

        same()

    def say(
        self, kind: str, checksum: str, chunks: list[bytes], **more: Any
    ) -> list[tuple[str, Any]]:
        """What is fired for these chunks, which come at once; it may never hold much."""
        made, heard, clock = device(kind, checksum, **more)
        made.opened()
        for chunk in chunks:
            made.received(chunk)
            self.assertLessEqual(made._framer.held, HELD.get(kind, LONGEST + 1))
            self.assertLessEqual(len(made._early), EARLY)
            self.assertLessEqual(len(clock.getDelayedCalls()), 1)
        clock.advance(10)
        made.lost("unplugged", "it has gone")
        self.assertEqual(made._framer.held, 0)
        self.assertEqual(clock.getDelayedCalls(), [])
        found = events(heard)
        counted = made.statistics()
        dull = ("#connect", "#disconnect", "noise")
        self.assertEqual(sum(event not in dull for event, _ in found), counted["events"])
        self.assertEqual(counted["bytesIn"], sum(map(len, chunks)))
        self.assertLessEqual(counted["noiseBytes"], counted["bytesIn"])
        return found


def _add(kind: str, checksum: str) -> None:
    def test(self: AnythingTests) -> None:
        self.check(kind, checksum)

    name = f"test_{kind}" if checksum == "none" else f"test_{kind}_{checksum}"
    test.__doc__ = f"Frames of type {kind}, checksum {checksum}."
    setattr(AnythingTests, name, test)


for _kind in FRAMES:
    for _checksum in ("none", "crc16-modbus"):
        try:
            device(_kind, _checksum)
        except ConfigError:  # they have their own
            continue
        _add(_kind, _checksum)
