"""What is counted of one device."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.framing import Piece
from pysig_twisted.bridge.lifecycle import Lifecycle
from pysig_twisted.bridge.noise import NoiseMeter
from pysig_twisted.bridge.statistics import Statistics

BAUD_9600 = 10 / 9600


class StatisticsTests(SynchronousTestCase):
    """L{Statistics<pysig_twisted.bridge.statistics.Statistics>}."""

    def setUp(self) -> None:
        """A device that nobody has opened yet."""
        self.stats = Statistics()
        self.life = Lifecycle(lambda: None, lambda reason: None, lambda: None)
        self.noise = NoiseMeter(64, 10.0, True)

    def test_nothing(self) -> None:
        """At first all is 0."""
        told = self.stats.told(self.life, self.noise)
        self.assertEqual((told.pop("state"), told.pop("message")), ("stopped", ""))
        self.assertEqual((told.pop("reason"), told.pop("lineUse")), (None, None))
        self.assertEqual(set(told.values()), {0})

    def test_names(self) -> None:
        """Each counter is told under its own name, with the state of the device and the noise."""
        stats = self.stats
        stats.opens, stats.bytesIn, stats.frames, stats.events = 1, 2, 3, 4
        stats.held, stats.unchanged, stats.dropped, stats.early = 5, 6, 7, 8
        for now in (1.0, 2.0):
            self.life.opened(now)
        self.life.closed("unplugged", "/dev/x is gone")
        for size in (10, 20, 30):
            self.noise.add(Piece(b"x" * size, "noise", size), 1.0)
        self.assertEqual(
            stats.told(self.life, self.noise),
            {
                "state": "waiting",
                "reason": "unplugged",
                "message": "/dev/x is gone",
                "boot": 2,
                "opens": 1,
                "bytesIn": 2,
                "frames": 3,
                "badFrames": 3,
                "noiseBytes": 60,
                "events": 4,
                "held": 5,
                "unchanged": 6,
                "dropped": 7,
                "early": 8,
                "lineUse": None,
            },
        )

    def test_json(self) -> None:
        """What is told can be sent in every encoding."""
        self.life.opened(1.0)
        told = self.stats.told(self.life, self.noise)
        self.assertEqual(told["state"], "up")
        self.assertEqual(json.loads(json.dumps(told)), told)

    def test_lineUse(self) -> None:
        """It is the part of what the line could carry since it was measured last."""
        self.stats.measure(100.0, BAUD_9600)
        self.assertIsNone(self.stats.lineUse)
        self.stats.bytesIn += 4800
        self.stats.measure(110.0, BAUD_9600)
        self.assertEqual(self.stats.lineUse, 0.5)
        self.stats.bytesIn += 960
        self.stats.measure(120.0, BAUD_9600)
        self.assertEqual(self.stats.lineUse, 0.1)
        self.assertEqual(self.stats.told(self.life, self.noise)["lineUse"], 0.1)
        self.stats.measure(130.0, BAUD_9600)
        self.assertEqual(self.stats.lineUse, 0.0)

    def test_before(self) -> None:
        """What came before it was measured for the first time is not in it."""
        self.stats.bytesIn = 1_000_000
        self.stats.measure(100.0, BAUD_9600)
        self.stats.bytesIn += 96
        self.stats.measure(101.0, BAUD_9600)
        self.assertEqual(self.stats.lineUse, 0.1)

    def test_unknownSpeed(self) -> None:
        """It is not known where the speed of the line is not."""
        for now in (100.0, 110.0, 120.0):
            self.stats.measure(now, None)
            self.stats.bytesIn += 100
        self.assertIsNone(self.stats.lineUse)

    def test_sinceUnknown(self) -> None:
        """A time that was marked without a speed is one that the next counts from."""
        self.stats.measure(0.0, BAUD_9600)
        self.stats.bytesIn += 5000
        self.stats.measure(100.0, None)
        self.stats.bytesIn += 96
        self.stats.measure(101.0, BAUD_9600)
        self.assertEqual(self.stats.lineUse, 0.1)

    def test_sameTime(self) -> None:
        """Two at the same time leave what was found."""
        self.stats.measure(100.0, BAUD_9600)
        self.stats.bytesIn += 96
        self.stats.measure(101.0, BAUD_9600)
        self.stats.measure(101.0, BAUD_9600)
        self.assertEqual(self.stats.lineUse, 0.1)

    @given(st.lists(st.tuples(st.floats(0.01, 1000), st.floats(0, 1)), min_size=1, max_size=20))
    def test_anyUse(self, steps: list[tuple[float, float]]) -> None:
        """It is never more than the whole line where that carried no more."""
        stats, now = Statistics(), 0.0
        stats.measure(now, BAUD_9600)
        for seconds, share in steps:
            now += seconds
            stats.bytesIn += int(seconds * share / BAUD_9600)
            stats.measure(now, BAUD_9600)
            assert stats.lineUse is not None
            self.assertTrue(0 <= stats.lineUse <= 1)
            self.assertLess(abs(stats.lineUse - share), BAUD_9600 / seconds + 0.001)
