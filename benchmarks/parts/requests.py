"""
Part C{requests}: one process asks, another answers with what it was asked; one request at a time,
and 64 in flight.
"""

from __future__ import annotations

from functools import partial

from ..between import planned, text
from ..contenders import Contender, present
from ..timing import Figures, Settings, Table, inTurns, tableOf
from ..workload import SMALL

ONE, MANY = 20_000, 100_000
IN_FLIGHT = 64


def asked(contender: Contender, most: int, quick: bool, inFlight: int) -> Figures:
    """
    One run of one contender.
    """
    plan = planned(contender, most, 200 if quick else None, inFlight=inFlight)
    with (
        contender.server() as server,
        contender.process("answer", server.address, text(plan)) as answering,
    ):
        answering.waitFor("ready")
        with contender.process("ask", server.address, text(plan)) as asking:
            found = asking.result(plan.count)
    rate = plan.count / (found["end"] - found["begin"])
    return {"rate": rate, "median": found["median"], "p999": found["p999"]}


def run(settings: Settings) -> list[Table]:
    """
    Measure all of them in turns.
    """
    tables = []
    for key, most, inFlight, figure, unit, beside in (
        ("requests-1", ONE, 1, "median", "ms, median", ("p999", "rate")),
        ("requests-64", MANY, IN_FLIGHT, "rate", "requests a second", ("median", "p999")),
    ):
        found = inTurns(
            {
                contender.name: partial(asked, contender, most, settings.quick, inFlight)
                for contender in present()
            },
            settings.repeats,
        )
        note = (
            f"params and answers of {SMALL} bytes of JSON, encoded and decoded at both ends;"
            f" {most:,} requests a turn of the relay's, fewer of slower ones; each got its answer"
        )
        title = f"requests: {inFlight} in flight"
        tables.append(tableOf(key, title, unit, found, figure, [note], beside))
    return tables
