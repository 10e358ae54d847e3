"""
Passwords and tokens, as they are kept: so that who reads them cannot use them.

A password is stretched by scrypt (RFC 7914), whose parameters stand before the salt and the hash::

    scrypt$ln=14,r=8,p=1$SALT$HASH

with both in base64. It costs a good 30 ms, and 16 MiB. A token is random, and long enough for a
plain SHA-256.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b64decode, b64encode
from hmac import compare_digest
from typing import Final

import msgspec

from ..errors import BadData

LN: Final = 14
R: Final = 8
P: Final = 1
"""
The usual parameters: the logarithm of the cost, the size of a block, how often.
"""

SALT: Final = 16
SIZE: Final = 32
"""
Bytes of a salt, and of a hash.
"""

MEMORY: Final = 64 << 20
"""
Bytes that a check may take: stored parameters that need more are refused.
"""

TOKEN: Final = "pysig_"
"""
What a token begins with, so that it is known for one where it has been left lying.
"""

LONGEST: Final = 1024
"""
Bytes that a password may have.
"""

_FORM: Final = re.compile(
    r"scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+)"
)


class Stretched(msgspec.Struct, frozen=True):
    """
    What is kept of a password.
    """

    ln: int
    r: int
    p: int
    salt: bytes
    hash: bytes

    def __str__(self) -> str:
        """
        As it stands in a file.
        """
        salt, hash = (b64encode(each).decode() for each in (self.salt, self.hash))
        return f"scrypt$ln={self.ln},r={self.r},p={self.p}${salt}${hash}"

    def __repr__(self) -> str:
        """
        For people, without what could be tried out.
        """
        return f"<Stretched, ln={self.ln}>"

    def isOf(self, password: bytes) -> bool:
        """
        Is it of this password? It takes as long whether it is or not.
        """
        found = _stretch(password, self.salt, self.ln, self.r, self.p, len(self.hash))
        return compare_digest(found, self.hash)


def stretched(password: bytes) -> Stretched:
    """
    What to keep of a password.

    @raise BadData: it cannot be one.
    """
    if not 0 < len(password) <= LONGEST:
        raise BadData(f"a password has 1 to {LONGEST} bytes")
    salt = secrets.token_bytes(SALT)
    return Stretched(LN, R, P, salt, _stretch(password, salt, LN, R, P, SIZE))


def readStretched(text: str) -> Stretched:
    """
    What was kept.

    @raise BadData: it is not that, or would take too much memory.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        raise BadData("is no password as `pysig passwd` writes it")
    ln, r, p = (int(found[number]) for number in (1, 2, 3))
    if not (ln >= 1 and r >= 1 and p >= 1 and 128 * r * (2**ln + p) <= MEMORY):
        raise BadData(f"ln={ln},r={r},p={p} cannot be, or takes more than {MEMORY >> 20} MiB")
    try:
        salt, hash = (b64decode(found[number], validate=True) for number in (4, 5))
    except ValueError:
        raise BadData("is damaged: a part of it is no base64") from None
    if len(salt) < 8 or len(hash) < 16:
        raise BadData("is damaged: it is too short")
    return Stretched(ln, r, p, salt, hash)


def newToken() -> str:
    """
    A token that nobody has had.
    """
    return TOKEN + secrets.token_urlsafe(32)


def tokenDigest(token: str) -> str:
    """
    What is kept of a token.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def _stretch(password: bytes, salt: bytes, ln: int, r: int, p: int, size: int) -> bytes:
    """
    scrypt.
    """
    return hashlib.scrypt(password, salt=salt, n=2**ln, r=r, p=p, maxmem=2 * MEMORY, dklen=size)
