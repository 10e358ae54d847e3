"""Certificates and private keys, as they stand in files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.tls.pems import (
    LONGEST,
    daysLeft,
    namesOf,
    readCertificates,
    readKey,
    readTrusted,
    validityProblem,
)
from pysig_twisted.errors import ConfigError
from pysig_twisted.security.authority import makeAuthority, makeServer

from .fleet import DAY, NOW, fleet


class PemCase(SynchronousTestCase):
    """Tests with a file."""

    def file(self, data: bytes | str, mode: int = 0o600, name: str = "a file.pem") -> str:
        """A file with this in it."""
        folder = Path(self.mktemp())
        folder.mkdir()
        path = folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        path.chmod(mode)
        return str(path)

    def assertRefused(self, call: object, path: str, why: str) -> None:
        """Check that a file is refused in one sentence that names it."""
        error = self.assertRaises(ConfigError, call, path)  # type: ignore[arg-type]
        self.assertIn(path, error.message)
        self.assertIn(why, error.message)
        self.assertNotIn("\n", error.message)


class CertificateTests(PemCase):
    """L{readCertificates} and L{readTrusted}."""

    def test_several(self) -> None:
        """All of a file, in their order, and what is no certificate is left out."""
        own, ca = (Path(fleet().folder.file(stem)).read_bytes() for stem in ("server", "ca"))
        key = Path(fleet().folder.file("server", ".key")).read_bytes()
        found = readCertificates(self.file(b"# for the lab\n" + key + own + ca))
        self.assertEqual([len(namesOf(each)) for each in found], [3, 1])

    def test_wrong(self) -> None:
        """What holds none is refused."""
        pem = Path(fleet().folder.file("server")).read_text()
        key = Path(fleet().folder.file("server", ".key")).read_text()
        for text in ("", "hello", key, pem[:300], pem.replace("M", "!", 5)):
            self.assertRefused(readCertificates, self.file(text), "holds no certificate")

    def test_missing(self) -> None:
        """So is what is not there, or cannot be read."""
        self.assertRefused(readCertificates, "/nowhere/x.pem", "No such file")
        self.assertRefused(readCertificates, os.curdir, "directory")

    def test_endless(self) -> None:
        """No more is read than a certificate can have."""
        self.assertRefused(readCertificates, "/dev/zero", f"larger than {LONGEST} bytes")

    def test_folder(self) -> None:
        """Of a folder, all that ends with .pem is read."""
        path = self.file(Path(fleet().folder.file("ca")).read_bytes())
        folder = os.path.dirname(path)
        Path(folder, "notes.txt").write_text("no certificate")
        self.assertEqual(len(readTrusted(folder)), 1)
        os.rename(path, path + ".old")
        self.assertRefused(readTrusted, folder, ".pem")

    @given(st.binary(max_size=200))
    def test_anything(self, data: bytes) -> None:
        """Whatever is in a file, there are certificates, or one sentence."""
        path = self.file(b"-----BEGIN CERTIFICATE-----\n" + data + b"\n-----END CERTIFICATE-----")
        self.assertRefused(readCertificates, path, "holds no certificate")


class KeyTests(PemCase):
    """L{readKey}."""

    def test_good(self) -> None:
        """A key that only its owner can read; a certificate may stand before it."""
        data = Path(fleet().folder.file("server", ".key")).read_bytes()
        certificate = Path(fleet().folder.file("server")).read_bytes()
        own = readCertificates(fleet().folder.file("server"))[0].public_key()
        for mode in (0o600, 0o400):
            self.assertEqual(readKey(self.file(data, mode)).public_key(), own)
        self.assertEqual(readKey(self.file(certificate + data)).public_key(), own)

    def test_open(self) -> None:
        """A key to which others have any right is refused, and the way out is told."""
        data = Path(fleet().folder.file("server", ".key")).read_bytes()
        for mode in (0o640, 0o604, 0o644, 0o620, 0o602, 0o601, 0o777):
            path = self.file(data, mode)
            self.assertRefused(readKey, path, f"(mode {mode:o}); say: chmod 600 '{path}'")

    def test_wayOut(self) -> None:
        """What is told to say helps."""
        path = self.file(Path(fleet().folder.file("server", ".key")).read_bytes(), 0o644)
        said = self.assertRaises(ConfigError, readKey, path).message.partition("say: ")[2]
        subprocess.run(said, shell=True, check=True)
        readKey(path)

    def test_password(self) -> None:
        """A key with a password is refused: nobody can be asked."""
        key = makeAuthority(NOW).key
        data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
        self.assertRefused(readKey, self.file(data), "password")

    def test_wrong(self) -> None:
        """What holds none is refused, and nothing of it is shown."""
        data = Path(fleet().folder.file("server", ".key")).read_text()
        for text in ("", "secret", data[:100], Path(fleet().folder.file("ca")).read_text()):
            path = self.file(text)
            self.assertRefused(readKey, path, "holds no private key")
            self.assertNotIn("secret", self.assertRaises(ConfigError, readKey, path).message)


class ValidityTests(SynchronousTestCase):
    """Names and times."""

    def test_times(self) -> None:
        """A certificate is good from its first to its last second."""
        pair = makeServer(makeAuthority(NOW), ["a.lab"], NOW, 10)
        begin, end = pair.certificate.not_valid_before_utc, pair.certificate.not_valid_after_utc
        second = DAY / 86400
        for now, why in (
            (begin - second, "begins on"),
            (begin, ""),
            (end, ""),
            (end + second, "has ended on"),
        ):
            problem = validityProblem(pair.certificate, now)
            self.assertIn(why, problem)
            self.assertEqual(bool(problem), bool(why))
        self.assertEqual(daysLeft(pair.certificate, end - 1.5 * DAY), 1)
        self.assertLess(daysLeft(pair.certificate, end + second), 0)

    def test_names(self) -> None:
        """The names of a certificate; of one without, its subject."""
        authority = makeAuthority(NOW)
        server = makeServer(authority, ["a.lab", "10.0.0.7"], NOW)
        self.assertEqual(namesOf(server.certificate), ["a.lab", "10.0.0.7"])
        self.assertRegex(namesOf(authority.certificate)[0], "^CN=pysig authority [0-9a-f]{8}$")
