"""
What proves who somebody is, as credentials of C{twisted.cred}.

In this order: what HELLO says; the certificate of a TLS connection; the user of this machine at
the other end of a unix socket; nothing. What is said explicitly counts even where it is wrong: who
shows a wrong password is not let in by a certificate.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from typing import Any, Final

from OpenSSL.crypto import X509
from twisted.cred.credentials import Anonymous, IAnonymous, ICredentials, UsernamePassword
from twisted.internet.address import UNIXAddress
from twisted.internet.interfaces import ISSLTransport
from zope.interface import Attribute, Interface, implementer

from ..errors import NotAuthenticated
from .certificates import principalOf
from .passwords import LONGEST
from .usernames import nameProblem

NOT_UNDERSTOOD: Final = (
    "the credentials in HELLO are not understood; give a token, or a user and a password"
)

_CREDENTIALS: Final = struct.Struct("3i")


class IToken(ICredentials, Interface):
    """
    A token.
    """

    token: str = Attribute("The token.")


class ICertified(ICredentials, Interface):
    """
    A certificate that was verified in a TLS handshake.
    """

    principal: str = Attribute("Whom it identifies.")


class IUnixUser(ICredentials, Interface):
    """
    A user of this machine.
    """

    uid: int = Attribute("The number.")


@implementer(IToken)
class Token:
    """
    See L{IToken}.
    """

    def __init__(self, token: str) -> None:
        """
        See the class.
        """
        self.token = token

    def __repr__(self) -> str:
        """
        For people, without the secret.
        """
        return "<Token>"


@implementer(ICertified)
class Certified:
    """
    See L{ICertified}.
    """

    def __init__(self, principal: str) -> None:
        """
        See the class.
        """
        self.principal = principal


@implementer(IUnixUser)
class UnixUser:
    """
    See L{IUnixUser}.
    """

    def __init__(self, uid: int) -> None:
        """
        See the class.
        """
        self.uid = uid


def proofOf(
    said: Mapping[str, Any] | None, transport: Any, isUnixUserAsked: bool
) -> UsernamePassword | Token | Certified | UnixUser | Anonymous:
    """
    What there is to find out who is at the other end.

    @param said: what HELLO says; any JSON object.
    @param transport: the connection.
    @param isUnixUserAsked: does it count which user of this machine that is?
    @raise NotAuthenticated: what is there proves nothing.
    """
    if said is not None:
        return _said(said)
    certificate = _certificate(transport)
    if certificate is not None:
        return Certified(principalOf(certificate.to_cryptography()))
    uid = unixUser(transport) if isUnixUserAsked else None
    return Anonymous() if uid is None else UnixUser(uid)


def unixUser(transport: Any) -> int | None:
    """
    The user at the other end of a unix socket, as the system knows it (unix(7), SO_PEERCRED);
    C{None} if it is none.
    """
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None or not isinstance(transport.getHost(), UNIXAddress):
        return None
    try:
        found = transport.getHandle().getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    except (OSError, AttributeError):
        return None
    _, uid, _ = _CREDENTIALS.unpack(found)
    return int(uid)


def _said(said: Mapping[str, Any]) -> UsernamePassword | Token:
    """
    What HELLO says.
    """
    keys = said.keys()
    if not all(isinstance(value, str) and len(value) <= LONGEST for value in said.values()):
        raise NotAuthenticated(NOT_UNDERSTOOD)
    if keys == {"token"}:
        return Token(said["token"])
    if keys != {"user", "password"}:
        raise NotAuthenticated(NOT_UNDERSTOOD)
    try:
        user, password = said["user"].encode(), said["password"].encode()
    except UnicodeEncodeError:
        raise NotAuthenticated(NOT_UNDERSTOOD) from None
    # Whatever a checker thinks of it: no user is another kind of principal.
    if nameProblem(said["user"]):
        raise NotAuthenticated(NOT_UNDERSTOOD)
    return UsernamePassword(user, password)


def _certificate(transport: Any) -> X509 | None:
    """
    The verified certificate of the other side, if it has shown one.
    """
    if not ISSLTransport.providedBy(transport):
        return None
    found: Any = transport.getPeerCertificate()
    return found if isinstance(found, X509) else None


__all__ = ["Certified", "IAnonymous", "ICertified", "IToken", "IUnixUser", "Token", "UnixUser"]
