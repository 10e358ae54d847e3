"""The files of one side of a TLS connection."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.tls.files import Material, TlsFiles
from pysig_twisted.errors import ConfigError

from .fleet import DAY, NOW, Memory, clientOf, fleet, serverOf


class MaterialTests(SynchronousTestCase):
    """L{Material}."""

    def assertRefused(self, files: TlsFiles, why: str, now: datetime = NOW) -> None:
        """Check that they cannot be used, and that it is said why."""
        self.assertIn(why, self.assertRaises(ConfigError, Material, files, now).message)

    def test_good(self) -> None:
        """What is good has nothing to warn of."""
        material = Material(fleet().server(), NOW)
        self.assertEqual(material.warnings, [])
        assert material.certificate is not None
        self.assertIn("localhost", f"{material.certificate.extensions}")
        self.assertIsNone(Material(fleet().client(None), NOW).certificate)

    def test_wrongKey(self) -> None:
        """A key that belongs to another certificate is refused, by name."""
        path = fleet().path
        files = TlsFiles(f"{path}/server.pem", f"{path}/alice.key")
        self.assertRefused(files, f"{path}/alice.key is not that of the certificate in {path}/ser")

    def test_keyInTheSameFile(self) -> None:
        """Without privateKey, the key stands with the certificate."""
        both = Path(self.mktemp())
        folder = fleet().folder
        both.touch(0o600)
        both.write_bytes(
            Path(folder.file("server")).read_bytes()
            + Path(folder.file("server", ".key")).read_bytes()
        )
        Material(TlsFiles(str(both)), NOW)
        both.chmod(0o644)
        self.assertRefused(TlsFiles(str(both)), "chmod 600")
        self.assertRefused(TlsFiles(folder.file("server")), "rights to it")

    def test_ended(self) -> None:
        """A certificate that has ended, or begins later, is refused, whose ever it is."""
        self.assertRefused(fleet().server("old.lab"), "old.lab.pem has ended on")
        self.assertRefused(fleet().client("old"), "the certificate of pysig:old")
        self.assertRefused(fleet().client("early"), "begins on")
        self.assertRefused(fleet().client(None), "ca.pem has ended on", NOW + 4000 * DAY)

    def test_endsSoon(self) -> None:
        """One that ends within two weeks is warned of."""
        [warning] = Material(fleet().client("soon"), NOW).warnings
        self.assertIn("the certificate of pysig:soon in ", warning)
        self.assertIn("soon.pem ends in 2 days", warning)
        later = Material(fleet().client("soon"), NOW + 2.5 * DAY)
        self.assertIn("ends in less than a day", later.warnings[0])
        usual = 305 * DAY  # it was made 60 days ago
        self.assertEqual(Material(fleet().server(), NOW + usual - 15 * DAY).warnings, [])
        self.assertEqual(len(Material(fleet().server(), NOW + usual - 13 * DAY).warnings), 1)

    def test_oneAuthorityOfTwo(self) -> None:
        """Of several authorities, those that have ended are left out, and told."""
        path = Path(self.mktemp())
        old = x509.load_pem_x509_certificate(Path(fleet().folder.file("old")).read_bytes())
        path.write_bytes(
            old.public_bytes(Encoding.PEM) + Path(fleet().folder.file("ca")).read_bytes()
        )
        files = TlsFiles(authorities=str(path))
        [warning] = Material(files, NOW).warnings
        self.assertIn("has ended on", warning)
        own = fleet().server()
        server = serverOf(TlsFiles(own.certificate, own.privateKey, str(path)))
        self.assertTrue(Memory(server, clientOf(fleet().client())).server.isShaken)

    def test_weakKey(self) -> None:
        """What OpenSSL does not take is a sentence, too."""
        key = rsa.generate_private_key(65537, 1024)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "weak")])
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), 1, NOW - DAY, NOW + 99 * DAY)
            .add_extension(x509.BasicConstraints(True, None), True)
            .sign(key, hashes.SHA256())
        )
        path = Path(self.mktemp())
        path.touch(0o600)
        path.write_bytes(
            certificate.public_bytes(Encoding.PEM)
            + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        material = Material(TlsFiles(str(path)), NOW)
        for make in (material.serverOptions, lambda: material.clientOptions("localhost")):
            self.assertIn("key too small", self.assertRaises(ConfigError, make).message)

    def test_secret(self) -> None:
        """Nothing shows a key."""
        material = Material(fleet().server(), NOW)
        self.assertNotIn("PRIVATE", f"{material!r} {vars(material)}")
