"""Payloads that nobody in his right mind would send."""

from __future__ import annotations

from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.wire.codecs import JSON, JsonCodec

from . import payloads
from .payloads import KNOWN, PayloadFuzz, bombs, check, fails


class PayloadTests(SynchronousTestCase):
    """Each is decoded, or refused."""

    def test_bombs(self) -> None:
        """The worst of each encoding."""
        made = PayloadFuzz("7744")
        made.bombs()
        self.assertEqual(made.failures, [])
        self.assertEqual({codec for codec, _ in bombs()}, set(KNOWN))

    def test_short(self) -> None:
        """Some thousands, of which some are valid."""
        made = PayloadFuzz("7744")
        made.run(5000)
        self.assertEqual(made.failures, [])
        self.assertGreater(made.valid, 500)
        self.assertLess(made.valid, 4000)

    def test_raises(self) -> None:
        """What raises something else is found, and can be played again."""
        made = PayloadFuzz("7744")
        with mock.patch.object(JsonCodec, "decode", side_effect=RecursionError("deep")):
            made.run(30)
        items, why = made.failures[0]
        self.assertIn("deep", why)
        self.assertIsNone(fails(items))

    def test_slow(self) -> None:
        """So is what takes too long, and what takes too much."""
        self.assertTrue(check(JSON, b"[]"))
        self.patch(payloads, "SECONDS", -1.0)
        self.assertIn("it takes", str(fails([[JSON, b"[]".hex()]])))
        self.patch(payloads, "SECONDS", 100.0)
        self.patch(payloads, "MEMORY", -1)
        self.assertIn("MiB", str(fails([[JSON, b"[]".hex()]])))
