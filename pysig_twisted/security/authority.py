"""
A private certificate authority for a small fleet: keys, and the certificates that it signs.

Values in and values out; L{keeping<pysig_twisted.security.keeping>} has the files. What is made
fits the endpoints C{mtls:}: a server's certificate names the hosts that it is reached by, a
client's has one name, C{pysig:NAME}, which is its principal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from secrets import token_hex
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..errors import ConfigError
from .certificates import SCHEME
from .usernames import nameProblem

AUTHORITY_DAYS: Final = 3650
"""
For how long an authority is good. What it signs ends with it at the latest.
"""

USUAL_DAYS: Final = 365
MOST_DAYS: Final = AUTHORITY_DAYS

SKEW: Final = timedelta(hours=1)
"""
Certificates begin this long before they are made, since clocks differ.
"""

LONGEST_NAME: Final = 64
"""
Letters of the subject's name, which is for people only. X.509 allows no more.
"""

_HOST_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
_LONGEST_LABEL: Final = 63
_LONGEST_HOST: Final = 253


class Pair:
    """
    A certificate and its private key. Not to be shown: it has a secret.

    @ivar certificate: the certificate.
    @ivar key: what signs.
    """

    __slots__ = ("certificate", "key")

    def __init__(self, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
        """
        See the class.
        """
        self.certificate = certificate
        self.key = key

    def certificatePem(self) -> bytes:
        """
        The certificate as it stands in a file.
        """
        return self.certificate.public_bytes(Encoding.PEM)

    def keyPem(self) -> bytes:
        """
        The key as it stands in a file, which nobody else may read.
        """
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def pairOf(certificate: x509.Certificate, key: object) -> Pair:
    """
    An authority, as it was made before.

    @raise ConfigError: these are not the certificate of an authority and its key.
    """
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ConfigError("the key is not one of an elliptic curve, as `pysig tls init` makes it")
    if key.public_key() != certificate.public_key():
        raise ConfigError("the key is not that of the certificate")
    if not isAuthority(certificate):
        raise ConfigError("the certificate is not that of an authority")
    return Pair(certificate, key)


def isAuthority(certificate: x509.Certificate) -> bool:
    """
    May it sign others?
    """
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return False


def makeAuthority(now: datetime) -> Pair:
    """
    A new authority. Each has another name, so that none is mistaken for an earlier one.

    @param now: the time, with its zone.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = _subject(f"pysig authority {token_hex(4)}")
    usage = _usage(key_cert_sign=True, crl_sign=True)
    builder = (
        _begun(name, name, key.public_key(), now, now + timedelta(days=AUTHORITY_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return Pair(builder.sign(key, hashes.SHA256()), key)


def makeServer(
    authority: Pair, hosts: Sequence[str], now: datetime, days: int = USUAL_DAYS
) -> Pair:
    """
    A certificate for a server.

    @param hosts: names and addresses that clients connect to.
    @raise ConfigError: one of them is neither; or the authority has ended.
    """
    if not hosts:
        raise ConfigError("a server's certificate needs the name of a host")
    names = [_hostName(host) for host in dict.fromkeys(hosts)]
    return _signed(authority, hosts[0], names, ExtendedKeyUsageOID.SERVER_AUTH, now, days)


def makeClient(authority: Pair, name: str, now: datetime, days: int = USUAL_DAYS) -> Pair:
    """
    A certificate for a client.

    @param name: the user that it is; its principal.
    @raise ConfigError: no user can be called that; or the authority has ended.
    """
    checkClient(name)
    names = [x509.UniformResourceIdentifier(SCHEME + name)]
    return _signed(authority, name, names, ExtendedKeyUsageOID.CLIENT_AUTH, now, days)


def checkClient(name: str) -> None:
    """
    May a certificate name this user?

    @raise ConfigError: it may not.
    """
    problem = nameProblem(name)
    if not problem and not (name.isascii() and name.isprintable()):
        problem = f"{name!r} has other letters than ASCII's, which certificates cannot hold"
    if problem:
        raise ConfigError(problem)


def checkHost(host: str) -> None:
    """
    May a certificate name this host?

    @raise ConfigError: it may not.
    """
    _hostName(host)


def checkDays(days: int) -> None:
    """
    May a certificate be good for so long?

    @raise ConfigError: it may not.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ConfigError(f"{days} days are not 1 to {MOST_DAYS}")


def _hostName(host: str) -> x509.GeneralName:
    """
    A host as a certificate names it.

    @raise ConfigError: it is neither a name nor an address.
    """
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        pass
    labels = host.removesuffix(".").lower().split(".")
    isGood = len(host) <= _LONGEST_HOST and not labels[-1].isdecimal()
    for label in labels:
        isGood &= 0 < len(label) <= _LONGEST_LABEL and _HOST_LETTERS.issuperset(label)
        isGood &= label == label.strip("-")
    if not isGood:
        hint = "" if host.isascii() else "; write it in its ASCII form, which begins with xn--"
        raise ConfigError(f"{host!r} is neither the name of a host nor an address{hint}")
    return x509.DNSName(".".join(labels))


def _subject(text: str) -> x509.Name:
    """
    What people are shown.
    """
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:LONGEST_NAME])])


def _usage(**uses: bool) -> x509.KeyUsage:
    """
    What a key is for, and nothing else.
    """
    kinds = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{kind: uses.get(kind, False) for kind in kinds})


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    begin: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    """
    What all certificates have.
    """
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin - SKEW)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _signed(
    authority: Pair,
    subject: str,
    names: Iterable[x509.GeneralName],
    purpose: x509.ObjectIdentifier,
    now: datetime,
    days: int,
) -> Pair:
    """
    A new key, and its certificate for one purpose.
    """
    checkDays(days)
    issuer = authority.certificate
    if now >= issuer.not_valid_after_utc:
        raise ConfigError(f"the authority has ended on {issuer.not_valid_after_utc:%Y-%m-%d}")
    key = ec.generate_private_key(ec.SECP256R1())
    end = min(now + timedelta(days=days), issuer.not_valid_after_utc)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = (
        _begun(_subject(subject), issuer.subject, key.public_key(), now, end)
        .add_extension(identifier, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    return Pair(builder.sign(authority.key, hashes.SHA256()), key)
