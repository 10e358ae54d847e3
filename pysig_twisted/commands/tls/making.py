"""
C{pysig tls init} and C{pysig tls add}: make certificates.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from shlex import quote
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from ...errors import ConfigError
from ..options import verbosityOptions
from ..output import escape, write

if TYPE_CHECKING:
    from ...security.keeping import Folder

F = TypeVar("F", bound=Callable[..., Any])

PORT: Final = 7745
"""
Where the server listens in what is printed.
"""

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
USUAL_DAYS: Final = 365

_FOLDER: Final = click.argument("folder", metavar="DIR", type=click.Path())


def makingOptions(command: F) -> F:
    """
    The options that both commands have.
    """
    for option in (
        click.option("--force", is_flag=True, help="Replace files that are there."),
        click.option(
            "--days",
            metavar="N",
            type=int,
            default=USUAL_DAYS,
            show_default=True,
            help="How long certificates are good; an authority is so for ten years.",
        ),
        click.option(
            "--client",
            "clients",
            metavar="NAME",
            multiple=True,
            help="A user; may be given again.",
        ),
        click.option(
            "--server",
            "hosts",
            metavar="HOST",
            multiple=True,
            help="A name or an address that the server is reached by; may be given again.",
        ),
    ):
        command = option(command)
    return command


@click.command(
    "init",
    short_help="Make an authority, a server and clients.",
    epilog="""\b
Examples:
  pysig tls init pki --client alice
  pysig tls init pki --server router.lab --server 10.0.0.7 --client alice --client bob

It makes ca.pem, server.pem and NAME.pem, and for each of them a private key whose
name ends in .key, which only the owner of the file can read. Who has ca.key can
become anybody: keep it off the server. Without --server, the server is reached as
localhost, 127.0.0.1, ::1, and by the name of this machine.
""",
)
@_FOLDER
@makingOptions
@verbosityOptions
def init(
    folder: str, hosts: tuple[str, ...], clients: tuple[str, ...], days: int, force: bool
) -> None:
    """
    Make a private certificate authority in the folder DIR, a certificate for a server,
    and one for each client. It ends by printing how to start both.
    """
    from ...security.keeping import SERVER, Folder

    kept = Folder(folder)
    names = hosts or ownHosts()
    stems = kept.begin(names, clients, _now(), days, force)
    lines = [*listed(kept, stems), "", "On the server:", f"  {serving(kept, SERVER)}"]
    write("\n".join([*lines, *joining(kept, names[0], clients)]))


@click.command(
    "add",
    short_help="Make more certificates with an authority.",
    epilog="""\b
Examples:
  pysig tls add pki --client carol
  pysig tls add pki --client alice --force                    a new one for alice
  pysig tls add pki --server other.lab --server 10.0.0.8      another server
""",
)
@_FOLDER
@makingOptions
@verbosityOptions
def add(
    folder: str, hosts: tuple[str, ...], clients: tuple[str, ...], days: int, force: bool
) -> None:
    """
    Have the authority in the folder DIR sign certificates for more clients, or for one more
    server.
    """
    from ...security.keeping import Folder

    kept = Folder(folder)
    stems = kept.add(hosts, clients, _now(), days, force)
    lines = listed(kept, stems)
    if hosts:
        lines += ["", "On the server:", f"  {serving(kept, stems[0])}"]
    write("\n".join([*lines, *joining(kept, hosts[0] if hosts else hostOf(kept), clients)]))


def _now() -> datetime:
    """
    The time, with its zone.
    """
    return datetime.now(timezone.utc)


def ownHosts() -> Sequence[str]:
    """
    What a server on this machine is reached by, as far as can be known.
    """
    from ...security.authority import checkHost

    name = socket.gethostname()
    try:
        checkHost(name)
    except ConfigError:
        return LOOPBACK
    return tuple(dict.fromkeys((*LOOPBACK, name.lower())))


def hostOf(kept: Folder) -> str:
    """
    What the first server of a folder is reached by, as far as that is known.
    """
    from ...carriers.tls.pems import namesOf, readCertificates
    from ...security.keeping import SERVER

    try:
        return namesOf(readCertificates(kept.file(SERVER))[0])[0]
    except ConfigError:
        return "HOST"


def listed(kept: Folder, stems: Sequence[str]) -> list[str]:
    """
    The files that were made, a line for each certificate.
    """
    from ...carriers.tls.pems import namesOf, readCertificates
    from ...security.authority import isAuthority
    from ...security.keeping import KEY

    rows = []
    for stem in stems:
        [certificate] = readCertificates(kept.file(stem))
        whom = "the authority" if isAuthority(certificate) else ", ".join(namesOf(certificate))
        end = f"until {certificate.not_valid_after_utc:%Y-%m-%d}"
        rows.append((kept.file(stem), kept.file(stem, KEY), end, whom))
    first, second, *_ = (max(map(len, column)) for column in zip(*rows, strict=True))
    return [
        escape(f"{path:{first}}  {key:{second}}  {end}  {whom}") for path, key, end, whom in rows
    ]


def serving(kept: Folder, stem: str) -> str:
    """
    The command line of a server.
    """
    from ...security.keeping import AUTHORITY, KEY

    endpoint = _quoted(
        "mtls",
        str(PORT),
        certificate=kept.file(stem),
        privateKey=kept.file(stem, KEY),
        clientCA=kept.file(AUTHORITY),
    )
    return f"twistd -n pysig server --listen {endpoint} --acl acl.toml"


def joining(kept: Folder, host: str, clients: Sequence[str]) -> list[str]:
    """
    The lines about clients.
    """
    from ...security.keeping import AUTHORITY, KEY

    lines = []
    for name in clients:
        endpoint = _quoted(
            "mtls",
            host,
            str(PORT),
            certificate=kept.file(name),
            privateKey=kept.file(name, KEY),
            trustRoots=kept.file(AUTHORITY),
        )
        lines += ["", f"As {name}:", f"  pysig --connect {endpoint} listen"]
    return lines


def _quoted(*words: str, **options: str) -> str:
    """
    An endpoint string, as one word of a shell.
    """
    from twisted.internet.endpoints import quoteStringArgument

    parts = [quoteStringArgument(word) for word in words]
    parts += [f"{name}={quoteStringArgument(value)}" for name, value in options.items()]
    return quote(":".join(parts))
