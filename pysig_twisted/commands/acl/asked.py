"""
What all commands about rules are told.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from ...errors import BadName
from ...names import checkPattern

F = TypeVar("F", bound=Callable[..., Any])

USUAL: Final = "acl.toml"


def fileOption(command: F) -> F:
    """
    Let a command take C{--acl}, given to it as C{path}.
    """
    return click.option(
        "--acl",
        "path",
        metavar="FILE",
        default=USUAL,
        show_default=True,
        envvar="PYSIG_ACL",
        show_envvar=True,
        help="The file with the rules.",
    )(command)


def principalOption(isRequired: bool) -> Callable[[F], F]:
    """
    Let a command take C{--as}, given to it as C{principal}.
    """
    return click.option(
        "--as",
        "principal",
        metavar="PRINCIPAL",
        required=isRequired,
        callback=_principal,
        help="Who: a user, or one such as dns:meter7.lab, uid:1000 or anonymous.",
    )


def _principal(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """
    See that it can be one.
    """
    if value is None:
        return None
    try:
        checkPattern(value, "principal")
    except BadName as error:
        raise click.UsageError(error.message) from None
    if "*" in value:
        raise click.UsageError(f"{value!r} is a pattern; name one principal")
    return value
