"""A private certificate authority."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path
from subprocess import run
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ConfigError
from pysig_twisted.security.authority import (
    AUTHORITY_DAYS,
    SKEW,
    Pair,
    isAuthority,
    makeAuthority,
    makeClient,
    makeServer,
    pairOf,
)
from pysig_twisted.security.certificates import principalOf

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
AUTHORITY = makeAuthority(NOW)


def extension(pair: Pair, kind: Any) -> Any:
    """The value of an extension, and whether it is critical."""
    found = pair.certificate.extensions.get_extension_for_class(kind)
    return found.value, found.critical


class AuthorityTests(SynchronousTestCase):
    """What is made."""

    def test_authority(self) -> None:
        """An authority signs certificates, and no other authorities."""
        value, isCritical = extension(AUTHORITY, x509.BasicConstraints)
        self.assertEqual((value.ca, value.path_length, isCritical), (True, 0, True))
        usage, isCritical = extension(AUTHORITY, x509.KeyUsage)
        self.assertTrue(usage.key_cert_sign and isCritical)
        self.assertFalse(usage.digital_signature)
        self.assertTrue(isAuthority(AUTHORITY.certificate))
        AUTHORITY.certificate.verify_directly_issued_by(AUTHORITY.certificate)
        self.assertNotEqual(makeAuthority(NOW).certificate.subject, AUTHORITY.certificate.subject)

    def test_client(self) -> None:
        """A client's certificate is its user, for clients only."""
        pair = makeClient(AUTHORITY, "alice", NOW, 30)
        pair.certificate.verify_directly_issued_by(AUTHORITY.certificate)
        self.assertEqual(principalOf(pair.certificate), "alice")
        self.assertEqual(
            list(extension(pair, x509.ExtendedKeyUsage)[0]), [ExtendedKeyUsageOID.CLIENT_AUTH]
        )
        self.assertFalse(isAuthority(pair.certificate))
        self.assertEqual(pair.certificate.not_valid_after_utc, NOW + timedelta(days=30))
        self.assertEqual(pair.certificate.not_valid_before_utc, NOW - SKEW)
        self.assertEqual(pair.key.public_key(), pair.certificate.public_key())

    def test_server(self) -> None:
        """A server's certificate names its hosts, each once, for servers only."""
        hosts = ["Router.Lab", "10.0.0.7", "::1", "localhost", "10.0.0.7", "a.lab."]
        pair = makeServer(AUTHORITY, hosts, NOW)
        names, _ = extension(pair, x509.SubjectAlternativeName)
        self.assertEqual(
            names.get_values_for_type(x509.DNSName), ["router.lab", "localhost", "a.lab"]
        )
        self.assertEqual(
            names.get_values_for_type(x509.IPAddress), [ip_address("10.0.0.7"), ip_address("::1")]
        )
        self.assertEqual(
            list(extension(pair, x509.ExtendedKeyUsage)[0]), [ExtendedKeyUsageOID.SERVER_AUTH]
        )

    def test_openssl(self) -> None:
        """OpenSSL finds them good, each for its purpose and for no other."""
        folder = Path(self.mktemp())
        folder.mkdir()
        for name, pair in (
            ("ca", AUTHORITY),
            ("client", makeClient(AUTHORITY, "alice", NOW, 3000)),
            ("server", makeServer(AUTHORITY, ["a.lab"], NOW, 3000)),
        ):
            (folder / name).write_bytes(pair.certificatePem())
        for name, purpose, isGood in (
            ("client", "sslclient", True),
            ("client", "sslserver", False),
            ("server", "sslserver", True),
            ("server", "sslclient", False),
        ):
            when = ["-attime", str(int(NOW.timestamp()) + 60)]
            line = ["openssl", "verify", "-x509_strict", *when, "-purpose", purpose, "-CAfile"]
            done = run([*line, folder / "ca", folder / name], capture_output=True, text=True)
            self.assertEqual(done.returncode == 0, isGood, done.stdout + done.stderr)

    def test_noLongerThanTheAuthority(self) -> None:
        """What is signed ends with the authority; one that has ended signs nothing."""
        late = NOW + timedelta(days=AUTHORITY_DAYS - 10)
        pair = makeClient(AUTHORITY, "alice", late, 365)
        self.assertEqual(
            pair.certificate.not_valid_after_utc, AUTHORITY.certificate.not_valid_after_utc
        )
        error = self.assertRaises(
            ConfigError, makeClient, AUTHORITY, "alice", late + timedelta(days=11)
        )
        self.assertIn("has ended on 2036-11-17", error.message)

    def test_wrong(self) -> None:
        """What cannot be named is refused."""
        for hosts, why in (
            ([], "needs the name of a host"),
            (["a b"], "'a b' is neither the name of a host nor an address"),
            ([""], "neither"),
            (["*.lab"], "neither"),
            (["-a.lab"], "neither"),
            (["a..lab"], "neither"),
            (["1.2.3.4.5"], "neither"),
            (["a" * 64], "neither"),
            (["m\N{LATIN SMALL LETTER U WITH DIAERESIS}ller.lab"], "xn--"),
        ):
            error = self.assertRaises(ConfigError, makeServer, AUTHORITY, hosts, NOW)
            self.assertIn(why, error.message)
        for name, why in (
            ("", "empty"),
            ("anonymous", "means something"),
            ("a:b", "there is a :"),
            ("J\N{LATIN SMALL LETTER U WITH DIAERESIS}rgen", "ASCII"),
        ):
            error = self.assertRaises(ConfigError, makeClient, AUTHORITY, name, NOW)
            self.assertIn(why, error.message)
        for days in (0, -1, 3651):
            error = self.assertRaises(ConfigError, makeClient, AUTHORITY, "a", NOW, days)
            self.assertIn(f"{days} days", error.message)

    def test_pairOf(self) -> None:
        """An authority that was made before is one, and nothing else is."""
        self.assertIs(pairOf(AUTHORITY.certificate, AUTHORITY.key).key, AUTHORITY.key)
        client = makeClient(AUTHORITY, "a", NOW)
        for certificate, key, why in (
            (AUTHORITY.certificate, client.key, "not that of the certificate"),
            (client.certificate, client.key, "not that of an authority"),
            (AUTHORITY.certificate, rsa.generate_private_key(65537, 2048), "elliptic"),
        ):
            self.assertIn(why, self.assertRaises(ConfigError, pairOf, certificate, key).message)

    def test_secret(self) -> None:
        """Nobody sees a key by accident."""
        self.assertNotIn("PRIVATE", f"{AUTHORITY!r}{AUTHORITY}")
        self.assertIn(b"BEGIN PRIVATE KEY", AUTHORITY.keyPem())
