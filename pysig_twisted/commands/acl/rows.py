"""
Rules as rows of a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..output import escape
from ..template import PARTS, TEXT

if TYPE_CHECKING:
    from ...security.rules import Rule

HEADINGS: Final = ("rule", "who", "verb", "sender", "event or method")
FIELDS: Final = {
    "rule": TEXT,
    "effect": TEXT,
    "who": PARTS,
    "verb": TEXT,
    "sender": TEXT,
    "name": TEXT,
}


def records(rules: Iterable[Rule]) -> Iterator[dict[str, Any]]:
    """
    What rules are about, for programs: a record for each pattern.
    """
    for rule in rules:
        for verb, targets in rule.targets.items():
            for target in targets:
                yield {
                    "rule": str(rule),
                    "effect": rule.kind,
                    "who": rule.who,
                    "verb": verb.value,
                    "sender": target.sender,
                    "name": None if verb == "send" else target.name,
                }


def row(record: Mapping[str, Any], isForPeople: bool) -> tuple[str, ...]:
    """
    The columns of one.
    """
    texts = (
        record["rule"],
        ", ".join(record["who"]),
        record["verb"],
        record["sender"],
        record["name"] or "",
    )
    return tuple(map(escape, texts))
