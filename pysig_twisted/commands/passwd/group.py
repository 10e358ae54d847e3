"""
C{pysig passwd}: users, their passwords and their tokens.
"""

from __future__ import annotations

import click

from ..options import Settings, verbosityOptions
from .editing import add, remove, revoke, token
from .listing import listed


@click.group(
    "passwd",
    invoke_without_command=True,
    short_help="Users, with passwords and tokens.",
    epilog="""\b
Examples:
  pysig passwd add passwd ann              a user; asks for the password, twice
  pysig passwd token passwd meter          a token for a program, shown once
  pysig passwd list passwd                 who there is
  pysig passwd revoke passwd meter main    that token counts no more
  pysig passwd remove passwd ann           nor does anything of hers

A server knows them with `twistd pysig server --auth pysig-passwd:FILE`, and reads the
file again when it gets SIGHUP.
""",
)
@verbosityOptions
@click.pass_context
def passwd(context: click.Context) -> None:
    """
    Edit a file of users. It needs no router.
    """
    context.ensure_object(Settings)
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


for command in (add, token, remove, revoke, listed):
    passwd.add_command(command)
