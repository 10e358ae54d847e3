"""
C{pysig passwd list}: who there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import click

from ..facts import show
from ..options import outputOptions, verbosityOptions
from ..output import escape
from ..template import PARTS, TEXT, lineOf
from .editing import fileArgument

HEADINGS: Final = ("user", "password", "tokens")
FIELDS: Final = {"name": TEXT, "password": TEXT, "tokens": PARTS}


@click.command("list", short_help="Who there is.")
@fileArgument
@outputOptions
@verbosityOptions
def listed(path: str, asJson: bool, layout: str | None) -> None:
    """
    List the users in FILE: whether they have a password, and the labels of their tokens.
    """
    from ...security.passwordfile import readPasswords

    line = lineOf(FIELDS, asJson, layout)
    found: dict[str, dict[str, Any]] = {}
    for entry in readPasswords(path).entries:
        record = found.setdefault(entry.name, {"name": entry.name, "password": False, "tokens": []})
        if entry.password is None:
            record["tokens"].append(entry.label)
        else:
            record["password"] = True
    show(list(found.values()), line, HEADINGS, row, "there is nobody in it")


def row(record: Mapping[str, Any], isForPeople: bool) -> tuple[str, ...]:
    """
    The columns of a user.
    """
    has = "yes" if record["password"] else "no"
    return (escape(record["name"]), has, ", ".join(record["tokens"]))
