"""
Why a TLS handshake failed, for people.

OpenSSL says it in words of its own, and of a certificate that is not good only that it is
none. So our transports remember what was wrong with it.
"""

from __future__ import annotations

import re
from typing import Any, Final

from OpenSSL.crypto import X509
from OpenSSL.SSL import Connection, Error
from service_identity.exceptions import VerificationError
from twisted.protocols.tls import BufferingTLSTransport, TLSMemoryBIOFactory
from twisted.python.failure import Failure

from .pems import namesOf

NOT_TLS: Final = "what came is not TLS"
OLD: Final = "it speaks no version of TLS that is new enough; TLS 1.2 is the oldest"
NONE: Final = "no client certificate"
DEMANDED: Final = "it demands a certificate, and none was shown"

_REASONS: Final = (
    (r"peer did not return a certificate", NONE),
    (r"https? (?:proxy )?request", "it speaks HTTP, and not TLS"),
    (r"wrong version number|packet length too long|record too small", NOT_TLS),
    (r"bad record type|invalid record|unexpected message|wrong ssl version", NOT_TLS),
    (r"record layer failure|length mismatch|decode error|bad packet", NOT_TLS),
    (r"unsupported protocol|version too low|no protocols available", OLD),
    (r"alert protocol version|unsupported ssl version|inappropriate fallback", OLD),
    (r"no shared cipher|no suitable", "it speaks no cipher that is spoken here"),
    (
        r"certificate verify failed",
        "its certificate is not from an authority that is trusted here, or not valid now",
    ),
)
"""
What OpenSSL says, and what that means, where the other side is at fault.
"""

_ALERT: Final = re.compile(r"alert (?P<what>[a-z ]+)\Z")
_REFUSALS: Final = {
    "unknown ca": "it is not from an authority that is trusted there",
    "certificate expired": "it has expired, or does not yet count there",
    "certificate required": DEMANDED,
    "bad certificate": "it is damaged, or not for that host",
    "unsupported certificate": "it is not for this purpose",
    "certificate revoked": "it was revoked",
    "certificate unknown": "it is not accepted there",
    "access denied": "it is not accepted there",
}
"""
What the other side tells of our certificate, and what that means.
"""

_HANDSHAKE: Final = "handshake failure"

_VERIFYING: Final = {
    2: "is not from an authority that is trusted here",
    7: "has a wrong signature",
    9: "does not count yet",
    10: "has expired",
    18: "is signed by itself, and not trusted here",
    19: "is from an authority that is not trusted here",
    20: "is not from an authority that is trusted here",
    21: "is not from an authority that is trusted here",
    22: "comes with too long a chain of authorities",
    23: "was revoked",
    24: "is from an authority that may not sign it",
    25: "comes with too long a chain of authorities",
    26: "is not for this purpose, as a server's certificate is not for a client",
    66: "has a key that is too small",
    68: "is signed in a way that is too weak",
}
"""
What X509_verify_cert(3) finds, by its numbers.
"""


class TlsTransport(BufferingTLSTransport):
    """
    A TLS connection that remembers what was wrong with the other side's certificate.

    @ivar refusal: what that was; nothing if nothing was.
    """

    refusal = ""


class TlsFactory(TLSMemoryBIOFactory):
    """
    Makes L{TlsTransport}s.
    """

    protocol = TlsTransport


def verified(
    connection: Connection, certificate: X509, error: int, depth: int, isGood: int
) -> bool:
    """
    What OpenSSL calls for each certificate of the other side: it decides nothing, and
    remembers why one was refused.
    """
    if not isGood:
        transport = connection.get_app_data()
        if isinstance(transport, TlsTransport) and not transport.refusal:
            transport.refusal = _verifyText(certificate, error, depth)
    return bool(isGood)


def _verifyText(certificate: X509, error: int, depth: int) -> str:
    """
    What is wrong with a certificate, as a sentence.
    """
    what = _VERIFYING.get(error, f"is not good (error {error} of X.509)")
    whose = "its certificate" if depth == 0 else "the certificate of its authority"
    # What could raise in a callback of OpenSSL would be lost.
    try:
        names = ", ".join(namesOf(certificate.to_cryptography())[:4])
    except Exception:
        return f"{whose} {what}"
    return f"{whose} ({names[:200]}) {what}"


def handshakeProblem(reason: Failure, transport: object = None) -> str:
    """
    Why a TLS connection could not be made.

    @param reason: what C{connectionLost} was told.
    @param transport: the connection.
    @return: words for people, about the other side.
    """
    error = reason.value
    if isinstance(error, VerificationError):
        return _wrongHost(error)
    if not isinstance(error, Error):
        return "it went before that was done"
    refusal = getattr(transport, "refusal", "")
    if refusal:
        return str(refusal)
    text = _text(error)
    if ourFault := certificateRefused(reason):
        if ourFault == DEMANDED:
            return DEMANDED
        return f"it does not accept our certificate: {ourFault}"
    for pattern, meaning in _REASONS:
        if re.search(pattern, text):
            return meaning
    if _HANDSHAKE in text:
        return "the two sides have no version, cipher or certificate in common"
    return text or "OpenSSL does not say why"


def _wrongHost(error: VerificationError) -> str:
    """
    What is wrong with a certificate that is for somebody else.
    """
    wanted = [getattr(each, "mismatched_id", None) for each in error.errors]
    hosts = [getattr(each, "hostname", None) or getattr(each, "ip", None) for each in wanted]
    names = [each.decode() if isinstance(each, bytes) else str(each) for each in hosts if each]
    return f"its certificate is not for {names[0]}" if names else "its certificate names no host"


def certificateRefused(reason: Failure) -> str:
    """
    Why the other side did not accept our certificate; nothing if that was not it.
    """
    if not isinstance(reason.value, Error):
        return ""
    found = _ALERT.search(_text(reason.value))
    return "" if found is None else _REFUSALS.get(found["what"], "")


def _text(error: Any) -> str:
    """
    What OpenSSL says.
    """
    queue = error.args[0] if error.args and isinstance(error.args[0], (list, tuple)) else ()
    reasons = [str(entry[-1]) for entry in queue if isinstance(entry, tuple) and entry]
    return ", ".join(dict.fromkeys(reasons))[:200]
