"""
Part C{tls}: what TLS costs. The same server and clients, plain and over TLS.
"""

from __future__ import annotations

from functools import partial

from ..between import PROCESSOR
from ..contenders import OURS, OVER_TLS
from ..timing import Settings, Table, inTurns, tableOf
from ..workload import SMALL
from . import fanout, onetoone

BOTH = (OURS, OVER_TLS)


def run(settings: Settings) -> list[Table]:
    """
    Measure both in turns, one publisher to one listener and to a hundred connections.
    """
    workloads = (
        (
            "tls-one-to-one",
            "tls: one publisher to one listener",
            {each.name: partial(onetoone.measured, each, 1, settings.quick) for each in BOTH},
        ),
        (
            "tls-fan-out",
            f"tls: one publisher to {fanout.CONNECTIONS} connections",
            {each.name: partial(fanout.measured, each, settings.quick) for each in BOTH},
        ),
    )
    note = (
        f"events of {SMALL} bytes of JSON; over TLS 1.3, with a certificate of an elliptic curve on"
        " both sides"
    )
    return [
        tableOf(
            key,
            title,
            "deliveries a second",
            inTurns(measured, settings.repeats),
            "rate",
            [note],
            PROCESSOR,
        )
        for key, title, measured in workloads
    ]
