"""Bytes to text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.text import ERRORS, decoder, isReadable

NAMES = ("utf-8", "ascii", "latin-1", "cp437", "cp1252", "koi8-r", "shift_jis", "gb18030", "big5")


class DecoderTests(SynchronousTestCase):
    """L{decoder<pysig_twisted.bridge.text.decoder>}."""

    def test_errors(self) -> None:
        """Bytes that are no text become what was asked for."""
        for encoding, text in (
            ("utf-8", "a\ufffdb"),
            ("ascii:replace", "a\ufffdb"),
            ("ascii:ignore", "ab"),
            ("utf-8:backslashreplace", "a\\xffb"),
            ("latin-1", "aÿb"),
        ):
            self.assertEqual(decoder(encoding)(b"a\xffb"), text)

    @given(st.sampled_from(NAMES), st.sampled_from(ERRORS), st.binary(max_size=60))
    def test_any(self, name: str, errors: str, data: bytes) -> None:
        """It never raises, and what comes of it can be sent."""
        decoder(f"{name}:{errors}")(data).encode()

    def test_refused(self) -> None:
        """Encodings that are none, or are not for lines."""
        for encoding, why in (
            ("", "there is no encoding ''"),
            ("utf-9", "there is no encoding 'utf-9'"),
            ("utf-8:strict", "'strict' is not one of replace, ignore, backslashreplace"),
            ("utf-8:", "'' is not one of"),
            ("utf-16", "does not read ASCII as such"),
            ("utf-7", "does not read ASCII as such"),
            ("idna", "does not read ASCII as such"),
            ("raw_unicode_escape", "does not read ASCII as such"),
            ("hex", "there is no encoding 'hex'"),
            ("cp037", "does not read ASCII as such"),
        ):
            error = self.assertRaises(ValueError, decoder, encoding)
            self.assertIn(why, str(error))


class ReadableTests(SynchronousTestCase):
    """L{isReadable<pysig_twisted.bridge.text.isReadable>}."""

    def test_text(self) -> None:
        """Text is, also with a few bytes that are none."""
        for text in ("", "T=23.5", "23 °C", "a\tb\t", "READY\0", "T=2\ufffd.5", "\t"):
            self.assertTrue(isReadable(text), text)

    def test_garbage(self) -> None:
        """What a wrong baud rate makes of it is not."""
        for text in ("\ufffd", "\ufffdx\ufffd\x1fab", "\0\0\0", "\x80\x81a"):
            self.assertFalse(isReadable(text), text)
