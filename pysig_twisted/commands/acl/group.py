"""
C{pysig acl}: the rules of a server, before it goes by them.
"""

from __future__ import annotations

import click

from ..options import Settings, verbosityOptions
from .check import check
from .show import show


@click.group(
    "acl",
    invoke_without_command=True,
    short_help="Rules for who may do what.",
    epilog="""\b
Examples:
  pysig acl check                              is acl.toml right?
  pysig acl check --as ann listen lamp state   may she, and which rule says so?
  pysig acl show --as ann                      all rules about her

A server goes by a file of rules with `twistd pysig server --acl FILE`.
""",
)
@verbosityOptions
@click.pass_context
def acl(context: click.Context) -> None:
    """
    Check a file of rules, and ask it. It needs no router.
    """
    context.ensure_object(Settings)
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(2)


for command in (check, show):
    acl.add_command(command)
