"""
C{pysig acl check}: is a file of rules right, and what does it say?
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from ...core.permission import Verb
from ...errors import BadName, Denied
from ...names import checkPattern, isPattern
from ..facts import show as shown
from ..options import outputOptions, verbosityOptions
from ..output import escape, toJson, write
from ..template import PARTS, TEXT, lineOf
from .asked import fileOption, principalOption
from .rows import FIELDS, HEADINGS, records, row

if TYPE_CHECKING:
    from ...security.policy import Policy

ANSWER: Final = {
    "principal": TEXT,
    "verb": TEXT,
    "sender": TEXT,
    "name": TEXT,
    "allowed": TEXT,
    "rule": TEXT,
    "others": PARTS,
}
NAMED: Final = {Verb.LISTEN: "EVENT", Verb.REQUEST: "METHOD"}


@click.command(
    "check",
    short_help="Is a file of rules right, and what does it say?",
    epilog="""\b
Examples:
  pysig acl check                                 is acl.toml right? shows its rules
  pysig acl check --acl /etc/pysig/acl.toml
  pysig acl check --as ann listen lamp state      may she hear this event?
  pysig acl check --as ann listen 'lamp*' '*'     may she hear any of these?
  pysig acl check --as ann send lamp              may she own this sender?
  pysig acl check --as ann request lamp dim       may she ask this?

The status is 0 if it is allowed, 77 if it is not, and 78 if the file is wrong.
""",
)
@click.argument("verb", required=False, type=click.Choice([verb.value for verb in Verb]))
@click.argument("sender", required=False)
@click.argument("name", required=False, metavar="[EVENT|METHOD]")
@fileOption
@principalOption(False)
@outputOptions
@verbosityOptions
def check(
    path: str,
    principal: str | None,
    verb: str | None,
    sender: str | None,
    name: str | None,
    asJson: bool,
    layout: str | None,
) -> None:
    """
    See that a file of rules is right, and show them; or with --as, say whether somebody may do
    something, and which rule says so.
    """
    from ...security.rulefile import loadPolicy

    question = questionOf(principal, verb, sender, name)
    line = lineOf(FIELDS if question is None else ANSWER, asJson, layout)
    policy = loadPolicy(path)
    if question is None:
        shown(list(records(policy.rules)), line, HEADINGS, row, "")
        return
    record = answer(policy, *question)
    text = "\n".join(sentences(record)) if line is None else line(record)
    write(text, "utf-8" if line is toJson else None)
    if not record["allowed"]:
        sys.exit(Denied.exitCode)


def questionOf(
    principal: str | None, verb: str | None, sender: str | None, name: str | None
) -> tuple[str, Verb, str, str | None] | None:
    """
    What is asked; C{None} if nothing is.

    @raise click.UsageError: a part of it is missing, or too much, or no name.
    """
    if verb is None:
        if principal is not None:
            raise click.UsageError("say what is to be done: listen, send or request")
        return None
    what = Verb(verb)
    if principal is None:
        raise click.UsageError("say who does it: --as PRINCIPAL")
    if sender is None:
        raise click.UsageError(f"say which sender: {verb} SENDER")
    if what not in NAMED and name is not None:
        raise click.UsageError(f"{verb} takes a sender, and nothing else")
    if what in NAMED and name is None:
        raise click.UsageError(f"say which: {verb} SENDER {NAMED[what]}")
    for text in filter(None, (sender, name)):
        try:
            checkPattern(text, "name" if text == name else "sender")
        except BadName as error:
            raise click.UsageError(error.message) from None
    return principal, what, sender, name


def answer(
    policy: Policy, principal: str, verb: Verb, sender: str, name: str | None
) -> dict[str, Any]:
    """
    The decision, for programs.
    """
    isLoose = isPattern(sender) or isPattern(name)
    ask = policy.mayEver if isLoose else policy.decide
    decision = ask(principal, verb, sender, name)
    others = [
        str(rule)
        for rule in policy.ofPrincipal(principal)
        if not isLoose and rule.matches(verb, sender, name) and str(rule) != decision.rule
    ]
    return {
        "principal": principal,
        "verb": verb.value,
        "sender": sender,
        "name": name,
        "allowed": decision.isAllowed,
        "rule": decision.rule,
        "others": others,
    }


def sentences(record: Mapping[str, Any]) -> Iterator[str]:
    """
    The decision, for people.
    """
    isLoose = isPattern(record["sender"]) or isPattern(record["name"])
    said = ("allowed in part" if isLoose else "allowed") if record["allowed"] else "denied"
    yield escape(f"{said}: {record['rule']}")
    for other in record["others"]:
        yield escape(f"  also about this: {other}")
