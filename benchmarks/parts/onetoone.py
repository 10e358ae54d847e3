"""
Parts C{one-to-one} and C{eight-senders}: one publisher, one listener, small events; of one sender,
or of eight that fire in turns, so that no two events that follow each other are alike.
"""

from __future__ import annotations

from functools import partial

from ..between import PROCESSOR, deliver, planned
from ..contenders import Contender, present
from ..timing import Figures, Settings, Table, inTurns, tableOf
from ..workload import SMALL

MOST = 1_000_000


def measured(contender: Contender, senders: int, quick: bool) -> Figures:
    """
    One run of one contender.
    """
    plan = planned(contender, MOST, 4_000 if quick else None, senders=senders)
    with contender.server() as server:
        return deliver(contender, server, plan)


def table(settings: Settings, key: str, title: str, senders: int) -> list[Table]:
    """
    Measure all of them in turns.
    """
    found = inTurns(
        {
            contender.name: partial(measured, contender, senders, settings.quick)
            for contender in present()
        },
        settings.repeats,
    )
    note = (
        f"events of {SMALL} bytes of JSON, {MOST:,} a turn of the relay's, fewer of slower ones;"
        " all of them arrived, in order"
    )
    return [tableOf(key, title, "events a second", found, "rate", [note], PROCESSOR)]


def one(settings: Settings) -> list[Table]:
    """
    Measure one sender.
    """
    return table(settings, "one-to-one", "one-to-one: one publisher to one listener", 1)


def eight(settings: Settings) -> list[Table]:
    """
    Measure eight.
    """
    title = "eight-senders: one publisher with eight senders in turns, to one listener"
    return table(settings, "eight-senders", title, 8)
