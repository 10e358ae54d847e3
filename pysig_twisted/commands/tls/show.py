"""
C{pysig tls show}: what certificates are, for whom, and until when.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

import click

from ...errors import NotAuthenticated
from ..options import Settings, outputOptions, verbosityOptions
from ..output import escape, isTerminal, toJson, write
from ..screen import terminalSize
from ..serial.table import listed
from ..template import PARTS, TEXT, lineOf

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

SOON: Final = 30
"""
Days before its end from which a certificate is warned of.
"""

HEADINGS: Final = ("file", "what", "names", "principal", "until", "days left", "issuer")
FIELDS: Final = {
    "file": TEXT,
    "kind": TEXT,
    "names": PARTS,
    "principal": TEXT,
    "issuer": TEXT,
    "begin": TEXT,
    "end": TEXT,
    "days": TEXT,
    "problem": TEXT,
}


@click.command(
    "show",
    short_help="What certificates are, and until when.",
    epilog="""\b
Examples:
  pysig tls show pki/*.pem
  pysig tls show --json pki/server.pem | jq .days
  pysig tls show --format '{days} {file}' pki/*.pem | sort -n

What has ended, or ends within 30 days, is warned of. The principal is who a client is
to a server that listens on mtls:, and what its rules are about.
""",
)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@outputOptions
@verbosityOptions
@click.pass_obj
def show(settings: Settings, files: tuple[str, ...], asJson: bool, layout: str | None) -> None:
    """
    Show the certificates in files: what they are, for whom, and until when. It needs no
    router.
    """
    from ...carriers.tls.pems import readCertificates
    from ..notices import Notices

    line = lineOf(FIELDS, asJson, layout)
    now = datetime.now(timezone.utc)
    records = [record(path, each, now) for path in files for each in readCertificates(path)]
    if line is not None:
        lines = [line(each) for each in records]
    elif not isTerminal(sys.stdout):
        lines = ["\t".join(row(each)) for each in records]
    else:
        lines = listed(HEADINGS, [row(each) for each in records], terminalSize()[0], ("days left",))
    write("\n".join(lines), "utf-8" if line is toJson else None)
    notices = Notices(settings.verbosity)
    for each in records:
        if warning := warningOf(each):
            notices.mention(warning)


def record(path: str, certificate: Certificate, now: datetime) -> dict[str, Any]:
    """
    A certificate for programs.
    """
    from ...carriers.tls.pems import daysLeft, namesOf, validityProblem

    kind = kindOf(certificate)
    return {
        "file": path,
        "kind": kind,
        "names": namesOf(certificate),
        "principal": principal(certificate) if kind in ("client", "server and client") else None,
        "issuer": certificate.issuer.rfc4514_string(),
        "begin": certificate.not_valid_before_utc.isoformat(),
        "end": certificate.not_valid_after_utc.isoformat(),
        "days": daysLeft(certificate, now),
        "problem": validityProblem(certificate, now) or None,
    }


def kindOf(certificate: Certificate) -> str:
    """
    What a certificate is for. One that does not say so is for everything.
    """
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    from ...security.authority import isAuthority

    if isAuthority(certificate):
        return "authority"
    try:
        found = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension):
        return "server and client"
    uses = set(found.value)
    isServer = ExtendedKeyUsageOID.SERVER_AUTH in uses
    isClient = ExtendedKeyUsageOID.CLIENT_AUTH in uses
    if isServer and isClient:
        return "server and client"
    return "server" if isServer else "client" if isClient else "something else"


def principal(certificate: Certificate) -> str | None:
    """
    Who the owner of a certificate is to a server; C{None} for nobody.
    """
    from ...security.certificates import principalOf

    try:
        return principalOf(certificate)
    except NotAuthenticated:
        return None


def row(found: Mapping[str, Any]) -> tuple[str, ...]:
    """
    The columns of a certificate.
    """
    return (
        escape(found["file"]),
        found["kind"],
        escape(", ".join(found["names"])),
        escape(found["principal"] or ""),
        found["end"][:10],
        str(found["days"]),
        escape(found["issuer"]),
    )


def warningOf(found: Mapping[str, Any]) -> str:
    """
    What is to be said about a certificate, or nothing.
    """
    path, days = found["file"], found["days"]
    if found["problem"]:
        return f"{path}: it {found['problem']}"
    if days >= SOON:
        return ""
    return f"{path}: it ends in {days} day{'s' * (days != 1)}" if days else f"{path}: it ends today"
