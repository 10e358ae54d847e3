"""
The files of one side of a TLS connection, and what is made of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
from cryptography import x509
from OpenSSL.crypto import X509, PKey
from OpenSSL.SSL import Error
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    TLSVersion,
    optionsForClientTLS,
    trustRootFromCertificates,
)

from ...errors import ConfigError
from .pems import (
    SOON,
    daysLeft,
    namesOf,
    readCertificates,
    readKey,
    readTrusted,
    validityProblem,
)

OLDEST: Final = TLSVersion.TLSv1_2
"""
The oldest version of TLS that is spoken.
"""


class TlsFiles(msgspec.Struct, frozen=True):
    """
    Where the certificates of one side are.

    @ivar certificate: our own; those that lead from it to the authority may follow in the
        same file. C{None} for a client that shows none.
    @ivar privateKey: its key; C{None} if that is in the same file.
    @ivar authorities: whose certificates the other side may have: a file, or a folder. C{None}
        for a server that asks for none, and for a client that trusts whom the system does.
    """

    certificate: str | None = None
    privateKey: str | None = None
    authorities: str | None = None


class Material:
    """
    What was in L{TlsFiles}, and is good now.

    @ivar warnings: a sentence for each certificate that ends soon.
    """

    def __init__(self, files: TlsFiles, now: datetime) -> None:
        """
        Read them.

        @param now: the time, with its zone.
        @raise ConfigError: something is missing, damaged, open to others, or not good now.
        """
        self.warnings: list[str] = []
        self._chain: list[x509.Certificate] = []
        self._key: Any = None
        self._trusted: list[x509.Certificate] | None = None
        if files.certificate is not None:
            self._readOwn(files.certificate, files.privateKey or files.certificate, now)
        if files.authorities is not None:
            self._readTrusted(files.authorities, now)

    def _readOwn(self, path: str, keyPath: str, now: datetime) -> None:
        """
        Read what we show.
        """
        self._chain = readCertificates(path)
        own = self._chain[0]
        self._key = readKey(keyPath)
        if self._key.public_key() != own.public_key():
            raise ConfigError(
                f"the private key in {keyPath} is not that of the certificate in {path}"
            )
        for certificate in self._chain:
            self._check(certificate, path, now)

    def _readTrusted(self, path: str, now: datetime) -> None:
        """
        Read whom we trust. Of several, those that are not good now are left out.
        """
        found = readTrusted(path)
        good = [each for each in found if not validityProblem(each, now)]
        if not good:
            self._check(found[0], path, now)
        for certificate in found:
            if certificate in good:
                self._check(certificate, path, now)
            else:
                self.warnings.append(_problem(certificate, path, now))
        self._trusted = good

    def _check(self, certificate: x509.Certificate, path: str, now: datetime) -> None:
        """
        See that a certificate is good now, and whether it stays so for a while.
        """
        problem = _problem(certificate, path, now)
        if problem:
            raise ConfigError(f"{problem}; put a new one there")
        days = daysLeft(certificate, now)
        if days < SOON:
            when = "in less than a day" if days < 1 else f"in {days} day{'s' * (days != 1)}"
            self.warnings.append(f"{_called(certificate, path)} ends {when}")

    @property
    def certificate(self) -> x509.Certificate | None:
        """
        The certificate that we show.
        """
        return self._chain[0] if self._chain else None

    def serverOptions(self) -> CertificateOptions:
        """
        What a server shows and demands.

        @raise ConfigError: OpenSSL does not take it.
        """
        options = CertificateOptions(trustRoot=self._trustRoot(), **self._own())
        try:
            options.getContext()
        except Error as error:
            raise ConfigError(_refused(error)) from None
        return options

    def clientOptions(self, host: str) -> Any:
        """
        What a client shows and demands.

        @param host: the name or the address that the server's certificate must have.
        @raise ConfigError: OpenSSL does not take it.
        """
        try:
            CertificateOptions(**self._own()).getContext()
        except Error as error:
            raise ConfigError(_refused(error)) from None
        return optionsForClientTLS(host, self._trustRoot(), extraCertificateOptions=self._own())

    def _own(self) -> dict[str, Any]:
        """
        What we show, and the oldest version of TLS, as C{CertificateOptions} takes them.
        """
        if not self._chain:
            return {"raiseMinimumTo": OLDEST}
        own, *others = [X509.from_cryptography(each) for each in self._chain]
        return {
            "privateKey": PKey.from_cryptography_key(self._key),
            "certificate": own,
            "extraCertChain": others,
            "raiseMinimumTo": OLDEST,
        }

    def _trustRoot(self) -> Any:
        """
        Whom we trust.
        """
        if self._trusted is None:
            return None
        return trustRootFromCertificates(
            [Certificate(X509.from_cryptography(each)) for each in self._trusted]
        )


def _called(certificate: x509.Certificate, path: str) -> str:
    """
    A certificate of a file, for people.
    """
    return f"the certificate of {', '.join(namesOf(certificate))} in {path}"


def _problem(certificate: x509.Certificate, path: str, now: datetime) -> str:
    """
    Why a certificate is not good now, as a sentence; nothing if it is.
    """
    problem = validityProblem(certificate, now)
    return f"{_called(certificate, path)} {problem}" if problem else ""


def _refused(error: Error) -> str:
    """
    Why OpenSSL takes no certificate of ours, as a sentence.
    """
    [queue] = error.args or ((),)
    reasons = ", ".join(dict.fromkeys(str(entry[-1]) for entry in queue)) or "it does not say why"
    return f"OpenSSL does not take the certificate: {reasons}"
