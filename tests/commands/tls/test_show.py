"""C{pysig tls show}."""

from __future__ import annotations

import json
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.tls.pems import readCertificates
from pysig_twisted.commands.tls import show
from pysig_twisted.commands.tls.show import kindOf, record, warningOf

from ...carriers.tls.fleet import NOW, fleet
from .. import HOSTILE, UNSAFE, inProcess


class ShowTests(SynchronousTestCase):
    """What it prints."""

    def files(self, *stems: str) -> list[str]:
        """Files of the fleet."""
        return [fleet().folder.file(stem) for stem in stems]

    def test_columns(self) -> None:
        """In a pipe, a line for each certificate."""
        files = self.files("ca", "server", "alice")
        status, out, err = inProcess("tls", "show", *files)
        self.assertEqual((status, err), (0, ""))
        rows = [line.split("\t") for line in out.splitlines()]
        self.assertEqual([row[0] for row in rows], files)
        self.assertEqual([row[1] for row in rows], ["authority", "server", "client"])
        self.assertEqual([row[3] for row in rows], ["", "", "alice"])
        self.assertEqual(rows[1][2], "localhost, 127.0.0.1, ::1")
        self.assertEqual(rows[2][5], "364")

    def test_table(self) -> None:
        """On a terminal, with headings."""
        self.patch(show, "isTerminal", lambda stream: True)
        self.patch(show, "terminalSize", lambda: (200, 24))
        _, out, _ = inProcess("tls", "show", *self.files("alice"))
        for word in ("file", "principal", "until", "days left", "alice"):
            self.assertIn(word, out)

    def test_json(self) -> None:
        """For programs."""
        _, out, _ = inProcess("tls", "show", "--json", *self.files("alice"))
        found = json.loads(out)
        self.assertEqual(
            (found["kind"], found["names"], found["principal"], found["problem"]),
            ("client", ["pysig:alice"], "alice", None),
        )
        _, out, _ = inProcess("tls", "show", "--format", "{days} {kind}", *self.files("alice"))
        self.assertEqual(out, "364 client\n")

    def test_warnings(self) -> None:
        """What has ended or ends soon is told on the standard error, unless that is not wanted."""
        files = self.files("soon", "old", "early", "alice")
        status, _, err = inProcess("tls", "show", *files)
        self.assertEqual(status, 0)
        soon, old, early = err.splitlines()
        self.assertIn("soon.pem: it ends in 2 days", soon)
        self.assertIn("old.pem: it has ended on", old)
        self.assertIn("early.pem: it begins on", early)
        self.assertEqual(inProcess("tls", "show", "--quiet", *files).err, "")

    def test_wrong(self) -> None:
        """What holds no certificate is one line, and a status."""
        for path, why in ((__file__, "holds no certificate"), ("/no.pem", "No such file")):
            status, out, err = inProcess("tls", "show", path)
            self.assertEqual((status, out, err.count("\n")), (78, "", 1))
            self.assertIn(why, err)

    def test_days(self) -> None:
        """Days are those that are whole."""
        certificate = readCertificates(*self.files("alice"))[0]
        end = certificate.not_valid_after_utc
        for left, said in (
            (timedelta(days=30), ""),
            (timedelta(days=29, hours=23), "it ends in 29 days"),
            (timedelta(days=1), "it ends in 1 day"),
            (timedelta(hours=2), "it ends today"),
            (timedelta(hours=-1), "it has ended on"),
        ):
            warning = warningOf(record("x", certificate, end - left))
            self.assertIn(said, warning)
            self.assertEqual(bool(said), bool(warning))

    def test_others(self) -> None:
        """Certificates from elsewhere: without a purpose, with two, and with hostile names."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTILE[:60])])
        begun = x509.CertificateBuilder(
            name, name, key.public_key(), 1, NOW, NOW + timedelta(days=90)
        )
        plain = begun.sign(key, hashes.SHA256())
        self.assertEqual(kindOf(plain), "server and client")
        self.assertIsNone(record("x", plain, NOW)["principal"])
        line = "\t".join(show.row(record("x", plain, NOW)))
        self.assertFalse(set(line) & set(UNSAFE))
        for uses, kind in (
            (
                (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH),
                "server and client",
            ),
            ((ExtendedKeyUsageOID.TIME_STAMPING,), "something else"),
        ):
            certificate = begun.add_extension(x509.ExtendedKeyUsage(uses), False).sign(
                key, hashes.SHA256()
            )
            self.assertEqual(kindOf(certificate), kind)
