"""How long a client waits before it connects again."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import (
    Denied,
    LinkLost,
    NotAuthenticated,
    ProtocolError,
    ShuttingDown,
    VersionMismatch,
)
from pysig_twisted.net import backoff
from pysig_twisted.net.backoff import (
    BROKEN,
    FIRST,
    LONGEST,
    MOST,
    REFUSED,
    SETTLED,
    SPREAD,
    Backoff,
)

LOST = LinkLost("the link broke")
ENDED = ShuttingDown("the router ended it")


class BackoffTests(SynchronousTestCase):
    """The waits of one client."""

    def setUp(self) -> None:
        """Waits in the middle of what chance allows."""
        self.backoff = Backoff()
        self.chance = lambda low, high: (low + high) / 2
        self.patch(backoff.random, "uniform", lambda low, high: self.chance(low, high))

    def waits(self, count: int) -> list[float]:
        """The waits after so many failed attempts in a row."""
        found = []
        for _ in range(count):
            self.backoff.failed()
            found.append(self.backoff.delay())
        return found

    def test_grows(self) -> None:
        """Each failure makes the wait longer, up to a limit."""
        waits = self.waits(15)
        self.assertAlmostEqual(waits[0], FIRST)
        self.assertEqual(waits, sorted(waits))
        self.assertAlmostEqual(waits[-1], LONGEST)
        self.assertLess(waits[3], 2)

    def test_forDays(self) -> None:
        """Failures without end do not make the arithmetic fail."""
        self.assertAlmostEqual(self.waits(5000)[-1], LONGEST)

    def test_most(self) -> None:
        """A router that asks for days is asked again after an hour."""
        for error in (ENDED, ProtocolError("no")):
            self.backoff.ended(100, error, 4_294_967.295)
            self.assertGreaterEqual(self.backoff.delay(), MOST)
            self.backoff.ended(100, error, 4_294_967.295)
            self.assertLessEqual(self.backoff.delay(), MOST * (1 + SPREAD))

    def test_spread(self) -> None:
        """Chance moves the wait by its share at most, in both directions."""
        self.chance = lambda low, high: low
        self.assertAlmostEqual(self.waits(1)[0], FIRST * (1 - SPREAD))
        self.chance = lambda low, high: high
        self.assertAlmostEqual(self.waits(20)[-1], LONGEST * (1 + SPREAD))

    def test_shortLives(self) -> None:
        """Connections that do not live count as failures; one that does ends the row."""
        waits = []
        for _ in range(5):
            self.backoff.ended(SETTLED - 0.1, ENDED, 0)
            waits.append(self.backoff.delay())
        self.assertEqual(waits, sorted(waits))
        self.assertGreater(waits[-1], 4 * FIRST)
        self.backoff.ended(SETTLED, ENDED, 0)
        self.assertAlmostEqual(self.backoff.delay(), FIRST)

    def test_broken(self) -> None:
        """One that breaks need not have lived long; one that breaks at once counts."""
        for _ in range(5):
            self.backoff.ended(BROKEN - 0.1, LOST, 0)
        self.assertGreater(self.backoff.delay(), 4 * FIRST)
        self.backoff.ended(BROKEN, LOST, 0)
        self.assertAlmostEqual(self.backoff.delay(), FIRST)

    def test_asked(self) -> None:
        """What the router asks for is the least, once; chance only adds to it."""
        for low in (True, False):
            self.chance = lambda least, most, low=low: least if low else most  # type: ignore[misc]
            self.backoff.ended(SETTLED, ShuttingDown("for now"), 7.0)
            self.assertAlmostEqual(self.backoff.delay(), 7.0 if low else 7 * (1 + SPREAD))
        self.backoff.failed()
        self.assertLess(self.backoff.delay(), 1)

    def test_refused(self) -> None:
        """What trying again does not change is tried once a minute at most, then as usual."""
        for kind in (Denied, NotAuthenticated, ProtocolError, VersionMismatch):
            self.chance = lambda low, high: low
            self.backoff.ended(100.0, kind("no"), 0)
            self.assertGreaterEqual(self.backoff.delay(), REFUSED)
            self.chance = lambda low, high: high
            self.backoff.ended(100.0, kind("no"), 0)
            self.assertLessEqual(self.backoff.delay(), REFUSED * (1 + SPREAD))
            self.backoff.ended(100.0, LOST, 0)
            self.assertLess(self.backoff.delay(), 1)

    def test_refusedAndAsked(self) -> None:
        """A router that refuses may ask for an even longer wait."""
        self.backoff.ended(0.0, Denied("no"), 2 * REFUSED)
        self.assertGreaterEqual(self.backoff.delay(), 2 * REFUSED)
