"""
Who the owner of a certificate is.

The identity stands in the subject alternative name, and is taken exactly as it stands there.
The subject's text is for people: who writes it into a certificate may write anything, in
several ways, so nothing is decided by it. That the certificate is good, and from an authority
that is trusted, was seen to in the TLS handshake.

A name of the kind URI that is C{pysig:alice} makes the user C{alice}; other names are principals
with their kind before them: C{dns:meter7.lab}, C{email:ann@lab.example}, C{uri:spiffe://lab/meter7}.
A certificate has one name, and no other of any kind: with two, whose rules hold would be
decided by their order.
"""

from __future__ import annotations

from typing import Any, Final

from cryptography import x509

from ..errors import BadName, NotAuthenticated
from ..names import MAX_BYTES, checkName
from .usernames import nameProblem

SCHEME: Final = "pysig:"
"""
What a URI begins with that names a user.
"""

_KINDS: Final = (
    (x509.UniformResourceIdentifier, "uri"),
    (x509.DNSName, "dns"),
    (x509.RFC822Name, "email"),
)
_WANTED: Final = "give it one name of the kind URI, such as pysig:alice"


def certificateOf(transport: Any) -> x509.Certificate | None:
    """
    The certificate that the other side of a connection has shown, and that was verified in the
    handshake, which must be over.

    @param transport: any; C{None} is the answer for one that is not of TLS, too.
    """
    get = getattr(transport, "getPeerCertificate", None)
    found = None if get is None else get()
    if found is None:
        return None
    certificate: x509.Certificate = found.to_cryptography()
    return certificate


def principalOf(certificate: x509.Certificate) -> str:
    """
    The principal that a certificate of a client identifies.

    @param certificate: one that was verified.
    @raise NotAuthenticated: it identifies nobody, or more than one, or what no principal can be.
    """
    names = tuple(_names(certificate))
    if not names:
        raise NotAuthenticated(f"the certificate has no subject alternative name; {_WANTED}")
    if len(names) > 1:
        raise NotAuthenticated(
            f"the certificate has {len(names)} subject alternative names, so it does not say which"
            f" of them is meant; {_WANTED}, and no other"
        )
    [name] = names
    for kind, prefix in _KINDS:
        if isinstance(name, kind):
            return _principal(prefix, name.value)
    raise NotAuthenticated(
        f"the certificate's name is of the kind {type(name).__name__}, which identifies nobody"
        f" here; {_WANTED}"
    )


def _names(certificate: x509.Certificate) -> x509.SubjectAlternativeName | tuple[()]:
    """
    The subject alternative names of a certificate.

    @raise NotAuthenticated: they cannot be read.
    """
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    except (
        ValueError,
        TypeError,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    ) as error:
        raise NotAuthenticated(
            f"the certificate's extensions cannot be read ({type(error).__name__}); make it anew"
        ) from None


def _principal(kind: str, value: str) -> str:
    """
    The principal that a name of one kind stands for.

    @raise NotAuthenticated: it stands for none.
    """
    if kind == "uri" and value.startswith(SCHEME):
        name = value.removeprefix(SCHEME)
        problem = nameProblem(name)
        if problem:
            raise NotAuthenticated(f"the certificate names no user: {problem}")
        return name
    if not value:
        raise NotAuthenticated(f"the certificate's name of the kind {kind} is empty; {_WANTED}")
    principal = f"{kind}:{value}"
    if len(principal.encode(errors="replace")) > MAX_BYTES:
        raise NotAuthenticated(
            f"the certificate's name of the kind {kind} is too long: with its kind it may have"
            f" {MAX_BYTES} bytes"
        )
    try:
        return checkName(principal, "certificate's")
    except BadName as error:
        raise NotAuthenticated(f"the certificate identifies nobody: {error.message}") from None
