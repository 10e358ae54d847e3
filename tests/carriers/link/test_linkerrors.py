"""What can go wrong with a link."""

from __future__ import annotations

import pickle

from twisted.internet.error import ConnectError, ConnectionLost
from twisted.internet.error import TimeoutError as ConnectTimeout
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.link.counts import LinkCounts
from pysig_twisted.carriers.link.linkerrors import (
    STRANGE,
    LineDown,
    NobodyAnswers,
    areStrangers,
    silence,
)


class ErrorTests(SynchronousTestCase):
    """NobodyAnswers and LineDown."""

    def test_sentence(self) -> None:
        """Their text is the sentence and nothing else, also after pickle."""
        for kind, base in ((NobodyAnswers, ConnectTimeout), (LineDown, ConnectionLost)):
            error = kind("nobody there")
            self.assertIsInstance(error, base)
            self.assertEqual(str(error), "nobody there")
            self.assertEqual(str(pickle.loads(pickle.dumps(error))), "nobody there")
        self.assertIsInstance(NobodyAnswers(""), ConnectError)


class SilenceTests(SynchronousTestCase):
    """silence and areStrangers."""

    def test_silence(self) -> None:
        """The most telling comes first."""
        some = LinkCounts(lineIn=17)
        for expected, counts, isHeard, isEchoing in (
            ("sends back", some, True, True),
            ("is the wire for sending connected?", some, True, False),
            ("17 bytes came, and no whole frame", some, False, False),
            ("nothing came", LinkCounts(), False, False),
        ):
            self.assertIn(expected, silence(counts, isHeard, isEchoing))

    def test_strangers(self) -> None:
        """Only much of what is nothing at all is sure to be of strangers."""
        much = LinkCounts(lineIn=STRANGE)
        self.assertTrue(areStrangers(much, False, False))
        self.assertFalse(areStrangers(LinkCounts(lineIn=STRANGE - 1), False, False))
        self.assertFalse(areStrangers(much, True, False))
        self.assertFalse(areStrangers(much, False, True))
        self.assertFalse(areStrangers(LinkCounts(lineIn=STRANGE, sessions=1), False, False))
