"""
C{pysig tls}: certificates for a small fleet.
"""

from __future__ import annotations

import click

from ..options import Settings, verbosityOptions
from .making import add, init
from .show import show


@click.group(
    "tls",
    invoke_without_command=True,
    short_help="Certificates for servers and clients.",
    epilog="""\b
Examples:
  pysig tls init pki --server router.lab --client alice    an authority, a server, a client
  pysig tls add pki --client bob                           one more client
  pysig tls show pki/*.pem                                 what they are, and until when
""",
)
@verbosityOptions
@click.pass_context
def tls(context: click.Context) -> None:
    """
    Make certificates, and look at them.

    A server that listens on mtls: demands a certificate of everybody who connects,
    and knows by it who that is.
    """
    context.ensure_object(Settings)
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


for command in (init, add, show):
    tls.add_command(command)
