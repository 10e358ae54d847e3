"""Who the owner of a certificate is."""

from __future__ import annotations

from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, NameOID
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import NotAuthenticated
from pysig_twisted.security.certificates import certificateOf, principalOf

from ..carriers.tls.fleet import Memory, clientOf, fleet, serverOf

KEY = ec.generate_private_key(ec.SECP256R1())
SUBJECT = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])
BEGIN = datetime(2026, 1, 1)


def certificate(*names: x509.GeneralName, raw: bytes | None = None) -> x509.Certificate:
    """A certificate with these names, or with these bytes in the place of all names."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(SUBJECT)
        .issuer_name(SUBJECT)
        .public_key(KEY.public_key())
        .serial_number(1)
        .not_valid_before(BEGIN)
        .not_valid_after(BEGIN + timedelta(days=1))
    )
    extension: Any = x509.SubjectAlternativeName(names) if names else None
    if raw is not None:
        extension = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, raw)
    if extension is not None:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(KEY, hashes.SHA256())


def uri(text: str) -> x509.GeneralName:
    """A name of the kind URI."""
    return x509.UniformResourceIdentifier(text)


class CertificateOfTests(SynchronousTestCase):
    """L{certificateOf}."""

    def test_shown(self) -> None:
        """After a handshake, what was shown leads to the principal."""
        memory = Memory(serverOf(fleet().server()), clientOf(fleet().client("bob")))
        found = certificateOf(memory.server.transport)
        assert found is not None
        self.assertEqual(principalOf(found), "bob")

    def test_none(self) -> None:
        """Who showed none, and who does not speak TLS, has none."""
        memory = Memory(serverOf(fleet().server(demands=None)), clientOf(fleet().client("bob")))
        self.assertTrue(memory.server.isShaken)
        self.assertIsNone(certificateOf(memory.server.transport))
        self.assertIsNone(certificateOf(StringTransport()))
        self.assertIsNone(certificateOf(None))


class PrincipalOfTests(SynchronousTestCase):
    """L{principalOf}."""

    def assertRefused(self, found: x509.Certificate, why: str) -> None:
        """Check that a certificate identifies nobody, and that it is said why."""
        self.assertIn(why, self.assertRaises(NotAuthenticated, principalOf, found).message)

    def test_user(self) -> None:
        """A URI pysig:NAME is the user of that name."""
        self.assertEqual(principalOf(certificate(uri("pysig:alice"))), "alice")

    def test_otherKinds(self) -> None:
        """Other names are principals with their kind."""
        for name, principal in (
            (x509.DNSName("meter7.lab"), "dns:meter7.lab"),
            (x509.RFC822Name("ann@lab.example"), "email:ann@lab.example"),
            (uri("spiffe://lab/meter7"), "uri:spiffe://lab/meter7"),
        ):
            self.assertEqual(principalOf(certificate(name)), principal)

    def test_exact(self) -> None:
        """Nothing is changed: neither case nor escapes, and no other scheme is ours."""
        for text, principal in (
            ("pysig:Alice", "Alice"),
            ("pysig:al%69ce", "al%69ce"),
            ("PYSIG:alice", "uri:PYSIG:alice"),
            ("pysig2:alice", "uri:pysig2:alice"),
        ):
            self.assertEqual(principalOf(certificate(uri(text))), principal)
        self.assertEqual(principalOf(certificate(x509.DNSName("Lab"))), "dns:Lab")

    def test_nobody(self) -> None:
        """The subject is not looked at."""
        self.assertRefused(certificate(), "no subject alternative name")

    def test_several(self) -> None:
        """A certificate with two names identifies nobody, whatever kinds they are of."""
        for other in (uri("pysig:bob"), x509.DNSName("a.lab"), x509.IPAddress(ip_address("::1"))):
            self.assertRefused(certificate(uri("pysig:alice"), other), "2 subject alternative")
            self.assertRefused(certificate(other, uri("pysig:alice")), "2 subject alternative")

    def test_twice(self) -> None:
        """The same name twice is two names."""
        self.assertRefused(certificate(uri("pysig:alice"), uri("pysig:alice")), "2 subject")

    def test_unknownKinds(self) -> None:
        """Kinds that stand for nobody are refused, and named."""
        for name, kind in (
            (x509.IPAddress(ip_address("10.0.0.7")), "IPAddress"),
            (x509.DirectoryName(SUBJECT), "DirectoryName"),
            (x509.RegisteredID(NameOID.COMMON_NAME), "RegisteredID"),
            (x509.OtherName(NameOID.COMMON_NAME, b"\x0c\x05alice"), "OtherName"),
        ):
            self.assertRefused(certificate(name), kind)

    def test_notAUser(self) -> None:
        """No certificate becomes the router, a stranger, a group, a pattern or a uid."""
        for name in ("router", "local", "anonymous", "*", "a*", "uid:0", "@ops", "#a", "$a", ""):
            self.assertRefused(certificate(uri(f"pysig:{name}")), "names no user")

    def test_pattern(self) -> None:
        """Names with a star identify nobody."""
        self.assertRefused(certificate(x509.DNSName("*.lab")), "*")
        self.assertRefused(certificate(uri("spiffe://lab/*")), "*")

    def test_control(self) -> None:
        """A zero byte does not end a name, and none stands in one."""
        for text in (b"pysig:alice\x00", b"pysig:alice\x00.example", b"pysig:a\nb"):
            raw = bytes((0x30, len(text) + 2, 0x86, len(text))) + text
            self.assertRefused(certificate(raw=raw), "control character")

    def test_long(self) -> None:
        """A name that no principal can have is refused."""
        self.assertRefused(certificate(uri("spiffe://" + "a" * 300)), "too long")
        self.assertRefused(certificate(uri("pysig:" + "a" * 300)), "names no user")

    def test_empty(self) -> None:
        """An empty name is none."""
        self.assertRefused(certificate(raw=b"\x30\x02\x86\x00"), "empty")
        self.assertRefused(certificate(raw=b"\x30\x02\x82\x00"), "empty")

    def test_unreadable(self) -> None:
        """Bytes that are no list of names are refused, in one sentence."""
        for raw in (
            b"",
            b"\x30",
            b"\x30\x05\x86\x01",
            b"\x30\x03\x86\x01\xff",
            b"\x30\x02\xa5\x00",
        ):
            self.assertRaises(NotAuthenticated, principalOf, certificate(raw=raw))

    @given(st.binary(max_size=40))
    def test_anything(self, raw: bytes) -> None:
        """Whatever stands in the place of the names, there is a principal or a refusal."""
        try:
            principal = principalOf(certificate(raw=raw))
        except NotAuthenticated as error:
            self.assertNotIn("\n", error.message)
        else:
            self.assertNotIn("*", principal)
            self.assertTrue(principal.isprintable())
