"""Passwords and tokens, as they are kept."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import BadData
from pysig_twisted.security import passwords
from pysig_twisted.security.passwords import (
    LONGEST,
    Stretched,
    newToken,
    readStretched,
    stretched,
    tokenDigest,
)

# RFC 7914, section 12, second vector: "password", "NaCl", N = 1024, r = 8, p = 16, 64 bytes.
VECTOR = (
    "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
    "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
)


class PasswordTests(SynchronousTestCase):
    """Stretched."""

    def setUp(self) -> None:
        """Cheaply."""
        self.patch(passwords, "LN", 4)

    @settings(max_examples=50, deadline=None)
    @given(st.binary(min_size=1, max_size=40), st.binary(max_size=40))
    def test_any(self, one: bytes, other: bytes) -> None:
        """What is kept is of that password, also after it was written, and of no other."""
        kept = readStretched(str(stretched(one)))
        self.assertTrue(kept.isOf(one))
        # HMAC cannot tell zeros at the end.
        self.assertEqual(kept.isOf(other), one.rstrip(b"\0") == other.rstrip(b"\0"))

    def test_standard(self) -> None:
        """It is scrypt as others know it."""
        kept = Stretched(10, 8, 16, b"NaCl", bytes.fromhex(VECTOR))
        self.assertTrue(kept.isOf(b"password"))

    def test_salted(self) -> None:
        """Two users with the same password cannot be told by it."""
        self.assertNotEqual(stretched(b"same").hash, stretched(b"same").hash)

    def test_shown(self) -> None:
        """Neither the hash nor the salt is in what a log or a traceback shows."""
        kept = stretched(b"secret")
        self.assertEqual(repr(kept), "<Stretched, ln=4>")

    def test_length(self) -> None:
        """There is one, and it is no book."""
        self.assertRaises(BadData, stretched, b"")
        self.assertRaises(BadData, stretched, bytes(LONGEST + 1))
        stretched(bytes(LONGEST))

    def test_damaged(self) -> None:
        """What cannot be, or would eat the machine, is refused."""
        good = str(stretched(b"x"))
        salt, hash = good.split("$")[2:]
        for text in (
            "",
            "x",
            "md5$abc",
            good.replace("$", ":"),
            f"scrypt$ln=30,r=8,p=1${salt}${hash}",
            f"scrypt$ln=14,r=99,p=1${salt}${hash}",
            f"scrypt$ln=0,r=8,p=1${salt}${hash}",
            f"scrypt$ln=14,r=8,p=0${salt}${hash}",
            f"scrypt$ln=14,r=8,p=1$AAAA${hash}",
            f"scrypt$ln=14,r=8,p=1${salt}$AAAA",
            f"scrypt$ln=14,r=8,p=1${salt}=${hash}",
            f"{good} ",
        ):
            self.assertRaises(BadData, readStretched, text)

    def test_tokens(self) -> None:
        """Each is another, known by its beginning, and kept as a digest."""
        one, other = newToken(), newToken()
        self.assertNotEqual(one, other)
        self.assertTrue(one.startswith("pysig_"))
        self.assertGreater(len(one), 45)
        self.assertEqual(len(tokenDigest(one)), 64)
        self.assertNotEqual(tokenDigest(one), tokenDigest(other))
