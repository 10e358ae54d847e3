"""A limit for what may happen often at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.bucket import Bucket


class BucketTests(SynchronousTestCase):
    """L{Bucket<pysig_twisted.bridge.bucket.Bucket>}."""

    def test_take(self) -> None:
        """So many go through at once, then one each time that some seconds have passed."""
        bucket = Bucket(3, 2.0)
        self.assertIsNone(bucket.due())
        self.assertEqual([bucket.take(10.0) for _ in range(4)], [True, True, True, False])
        self.assertEqual(bucket.due(), 12.0)
        self.assertFalse(bucket.take(11.0))
        self.assertEqual(bucket.due(), 12.0)
        self.assertTrue(bucket.take(12.0))
        self.assertFalse(bucket.take(12.0))

    def test_free(self) -> None:
        """It is due at once where one may go through already."""
        bucket = Bucket(3, 2.0)
        bucket.take(10.0)
        self.assertEqual(bucket.due(), 10.0)

    def test_rest(self) -> None:
        """After a rest there are as many again, and no more."""
        bucket = Bucket(2, 1.0)
        for _ in range(3):
            bucket.take(0.0)
        self.assertEqual([bucket.take(1000.0) for _ in range(3)], [True, True, False])

    @given(st.lists(st.floats(0, 3), max_size=50))
    def test_due(self, pauses: list[float]) -> None:
        """When it is due, one may go through, whatever the numbers are; and not many more."""
        bucket = Bucket(2, 0.7)
        now, taken = 0.1, 0
        for pause in pauses:
            now += pause
            taken += bucket.take(now)
            due = bucket.due()
            if due is not None:
                now = max(now, due)
                self.assertTrue(bucket.take(now))
                taken += 1
        self.assertLessEqual(taken, 2 + 1 + (now - 0.1) / 0.7)
