"""
How long to wait before connecting again.

The wait grows with each attempt that fails, and with each connection that the router
ends before it has lived for L{SETTLED} seconds, so that a router that accepts and
refuses is not hammered. A connection that breaks says nothing of the router: it need
have lived for L{BROKEN} seconds only. The wait is spread at random, so that many
clients of one router do not come back at the same moment.
"""

from __future__ import annotations

import random
from typing import Final

from ..errors import (
    Denied,
    LinkLost,
    NotAuthenticated,
    ProtocolError,
    PysigError,
    VersionMismatch,
)

FIRST: Final = 0.2
FACTOR: Final = 1.7
LONGEST: Final = 30.0
STEPS: Final = 20
"""
After so many failures the wait grows no more: it is L{LONGEST}, and the power of
a count that goes on for days is no float.
"""

SPREAD: Final = 0.3
SETTLED: Final = 30.0
BROKEN: Final = 1.0
REFUSED: Final = 60.0
"""
Seconds: what a router refuses for good is tried again this rarely.
"""

MOST: Final = 3600.0
"""
Seconds: a router that asks for a longer wait is asked again all the same. It may be that it was
not the one that should have answered.
"""

LASTING = (Denied, NotAuthenticated, VersionMismatch, ProtocolError)
"""
Refusals that trying again does not change.
"""


class Backoff:
    """
    The waits of one client.
    """

    def __init__(self) -> None:
        """
        Nothing has failed yet.
        """
        self._failures = 0
        self._least = 0.0

    def failed(self) -> None:
        """
        An attempt to connect has failed.
        """
        self._failures += 1

    def ended(self, lived: float, error: PysigError, retry: float) -> None:
        """
        A connection has ended.

        @param lived: for how many seconds it was open.
        @param error: why it ended.
        @param retry: how many seconds the router asked us to wait; no more than L{MOST} count.
        """
        settled = BROKEN if isinstance(error, LinkLost) else SETTLED
        self._failures = 1 if lived >= settled else self._failures + 1
        retry = min(retry, MOST)
        self._least = max(retry, REFUSED) if isinstance(error, LASTING) else retry

    def delay(self, attempts: int = 0) -> float:
        """
        How many seconds to wait now. For C{ClientService}, which counts attempts
        in its own way; that number is not used.
        """
        steps = min(max(self._failures, 1), STEPS) - 1
        wait = min(LONGEST, FIRST * FACTOR**steps)
        least, self._least = self._least, 0.0
        # What was asked for is spread upwards only.
        return max(
            wait * random.uniform(1 - SPREAD, 1 + SPREAD),
            least * random.uniform(1, 1 + SPREAD),
        )
