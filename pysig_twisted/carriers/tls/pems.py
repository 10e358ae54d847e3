"""
Certificates and private keys, as they stand in files.

What cannot be used is refused in one sentence, which names the file and the way out.
"""

from __future__ import annotations

import os
import stat
from datetime import datetime
from pathlib import Path
from shlex import quote
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ...errors import ConfigError

LONGEST: Final = 1 << 20
"""
Bytes that a file may have. A certificate takes about one thousand.
"""

OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
"""
The rights of all but the owner of a file.
"""

SUFFIX: Final = ".pem"
"""
The files of a folder that are read.
"""

SOON: Final = 14
"""
Days before its end from which a certificate is warned of.
"""


def readCertificates(path: str) -> list[x509.Certificate]:
    """
    The certificates of a file, in their order.

    @raise ConfigError: it cannot be read, or there is none in it.
    """
    try:
        return x509.load_pem_x509_certificates(_contents(path))
    except ValueError as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError(f"{path} holds no certificate in PEM form, or a damaged one") from None


def readTrusted(path: str) -> list[x509.Certificate]:
    """
    The certificates of authorities: those of a file, or of all files of a folder whose
    names end with L{SUFFIX}.

    @raise ConfigError: there is none, or one that cannot be read.
    """
    if not os.path.isdir(path):
        return readCertificates(path)
    files = sorted(str(file) for file in Path(path).iterdir() if file.suffix == SUFFIX)
    if not files:
        raise ConfigError(f"the folder {path} holds no file whose name ends with {SUFFIX}")
    return [each for file in files for each in readCertificates(file)]


def readKey(path: str) -> Any:
    """
    The private key of a file. It is secret, so nobody but the file's owner may have any right
    to that.

    @raise ConfigError: others may, or there is no key in it that can be used.
    """
    data = _contents(path, isSecret=True)
    try:
        return load_pem_private_key(data, None)
    except TypeError:
        raise ConfigError(
            f"the private key in {path} has a password, for which nobody is there to ask;"
            f" `openssl pkey -in {quote(path)} -out FILE` takes it away"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError(f"{path} holds no private key in PEM form, or a damaged one") from None


def _contents(path: str, isSecret: bool = False) -> bytes:
    """
    What is in a file.

    @raise ConfigError: it cannot be read, or it is secret and others have rights to it.
    """
    try:
        with open(path, "rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if isSecret and os.name == "posix" and mode & OTHERS:
                raise ConfigError(
                    f"{path} holds a private key, and others than its owner have rights to it"
                    f" (mode {stat.S_IMODE(mode):o}); say: chmod 600 {quote(path)}"
                )
            data = file.read(LONGEST + 1)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    if len(data) > LONGEST:
        raise ConfigError(f"{path} is larger than {LONGEST} bytes, as no certificate or key is")
    return data


def namesOf(certificate: x509.Certificate) -> list[str]:
    """
    Whom a certificate says it is for: its subject alternative names, or else its subject. For
    people; nothing may be decided by it.
    """
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = [_shown(getattr(name, "value", "")) for name in found.value]
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        names = []
    return names or [_shown(certificate.subject.rfc4514_string()) or "nobody"]


def _shown(value: object) -> str:
    """
    A name, so that it can stand in a line.
    """
    text = str(value)[:255]
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def validityProblem(certificate: x509.Certificate, now: datetime) -> str:
    """
    Why a certificate is not good now, as the end of a sentence about it; nothing if it is.

    @param now: the time, with its zone.
    """
    if now > certificate.not_valid_after_utc:
        return f"has ended on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    if now < certificate.not_valid_before_utc:
        begin = f"{certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
        return f"begins on {begin}; it is {now:%Y-%m-%d %H:%M} UTC by this machine's clock"
    return ""


def daysLeft(certificate: x509.Certificate, now: datetime) -> int:
    """
    For how many whole days a certificate is still good; less than 0 where it has ended.
    """
    return (certificate.not_valid_after_utc - now).days
