"""
What is sent, and how much of it.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

FIRST: Final = 1_000_000
"""
The number of the first event. All numbers of a run have the same count of digits.
"""

EVENT: Final = "reading"
METHOD: Final = "read"
SMALL: Final = 64

_FIELDS: Final[dict[str, Any]] = {"sensor": "garden-07", "celsius": 21.53, "humid": 48.25}


class Plan(msgspec.Struct, frozen=True):
    """
    What a process is to do. Event number n is fired by sender C{n % senders}.

    @ivar count: how many events, requests or subscriptions.
    @ivar senders: how many senders fire them, in turns.
    @ivar size: bytes of JSON of each.
    @ivar connections: how many connections the process makes.
    @ivar inFlight: how many requests wait for their answers at any time.
    @ivar rate: events a second; 0 is as fast as can be.
    """

    count: int
    senders: int = 1
    size: int = SMALL
    connections: int = 1
    inFlight: int = 1
    rate: int = 0

    @property
    def names(self) -> list[str]:
        """
        The senders' names.
        """
        return [f"garden-{number}" for number in range(self.senders)]

    def fields(self) -> dict[str, Any]:
        """
        What each event holds beside C{n}, its number.

        @raise ValueError: no event is that small.
        """
        short = self.size - len(encoded({"n": FIRST, **_FIELDS}))
        if not short:
            return dict(_FIELDS)
        padding = short - len(',"text":""')
        if padding < 0:
            raise ValueError(f"there is no event of {self.size} bytes")
        return {**_FIELDS, "text": "x" * padding}


encoded = msgspec.json.Encoder().encode

ROOM_EVENTS: Final = [f"{EVENT}-{number}" for number in range(10)]


def rooms(plan: Plan) -> list[tuple[str, str]]:
    """
    What C{plan.count} listeners listen to: the events of C{plan.senders} senders, each event of
    each but once, and at last as many patterns as there are C{connections}.
    """
    senders = [f"room-{number}" for number in range(plan.senders)]
    exact = [(sender, event) for event in ROOM_EVENTS for sender in senders]
    patterns = [(f"room-{number}*", f"{EVENT}*") for number in range(plan.connections)]
    return exact[: plan.count - len(patterns)] + patterns
