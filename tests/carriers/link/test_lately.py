"""What a link has done during the last seconds."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.link.counts import LinkCounts
from pysig_twisted.carriers.link.lately import SPAN, Lately


class LatelyTests(SynchronousTestCase):
    """Rates."""

    def test_steady(self) -> None:
        """A steady rate is told as it is, also after it has changed, ten seconds later."""
        counts = LinkCounts()
        lately = Lately(counts)
        lately.passed(0.0)
        now = 0.0
        for rate in (100, 10):
            for _ in range(SPAN * 10 + 10):
                now += 0.1
                counts.lineIn += rate // 10
                counts.streamOut += 2 * (rate // 10)
                lately.passed(now)
            found = lately.rates(now)
            self.assertAlmostEqual(found.lineIn, rate, delta=0.1 * rate)
            self.assertAlmostEqual(found.streamOut, 2 * rate, delta=0.2 * rate)
            self.assertEqual((found.lineOut, found.streamIn), (0, 0))

    def test_early(self) -> None:
        """In the first second it is as if one had passed: a few bytes are no high rate."""
        counts = LinkCounts()
        lately = Lately(counts)
        lately.passed(5.0)
        counts.lineOut += 50
        self.assertEqual(lately.rates(5.001).lineOut, 50)

    def test_seldom(self) -> None:
        """Where nobody has looked for long, it is what has happened since."""
        counts = LinkCounts()
        lately = Lately(counts)
        lately.passed(0.0)
        counts.lineIn += 600
        self.assertEqual(lately.rates(60.0).lineIn, 10)
