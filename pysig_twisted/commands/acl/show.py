"""
C{pysig acl show}: the rules about somebody.
"""

from __future__ import annotations

import click

from ..facts import show as shown
from ..options import outputOptions, verbosityOptions
from ..template import lineOf
from .asked import fileOption, principalOption
from .rows import FIELDS, HEADINGS, records, row


@click.command(
    "show",
    short_help="The rules about somebody.",
    epilog="""\b
Examples:
  pysig acl show --as ann
  pysig acl show --as uid:1000 --acl /etc/pysig/acl.toml --json
""",
)
@fileOption
@principalOption(True)
@outputOptions
@verbosityOptions
def show(path: str, principal: str, asJson: bool, layout: str | None) -> None:
    """
    Show all rules about one principal. What a rule denies is denied, whatever others allow, and
    what none allows is denied, too.
    """
    from ...security.rulefile import loadPolicy

    line = lineOf(FIELDS, asJson, layout)
    found = records(loadPolicy(path).ofPrincipal(principal))
    shown(list(found), line, HEADINGS, row, "no rule is about them: they may do nothing")
