"""
What a client says of itself on a new link.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final, TypeVar

from twisted.internet.defer import Deferred

from ..errors import PysigError
from ..wire.messages import Seen

if TYPE_CHECKING:
    from .clientprotocol import Answered, ClientProtocol

T = TypeVar("T")

NAMES: Final = 1000
BYTES: Final = 200_000
"""
The most of what was seen that one CALL tells.
"""

ENTRY: Final = 64
"""
More bytes than an entry takes besides its name, and CALL besides its entries.
"""


class Declared:
    """
    Counts the answers that have yet to come.

    @ivar done: a Deferred that fires when there are none, after L{complete}.
    """

    def __init__(self) -> None:
        """
        Nothing was asked yet.
        """
        self.done: Deferred[None] = Deferred()
        self._left = 1

    def expect(self) -> None:
        """
        One more was asked.
        """
        self._left += 1

    def complete(self) -> None:
        """
        An answer has come; or all was asked.
        """
        self._left -= 1
        if not self._left:
            self.done.callback(None)

    def counting(self, answered: Answered[T]) -> Answered[T]:
        """
        The same as C{answered}, and L{complete}.
        """

        def counted(link: ClientProtocol, about: T, value: Any, error: PysigError | None) -> None:
            answered(link, about, value, error)
            self.complete()

        return counted


def parts(seen: Seen, maxFrame: int) -> Iterator[Seen]:
    """
    What was seen, in parts that each fit into a frame; one at least.

    @param maxFrame: the most that a frame may count.
    """
    limit = min(BYTES, maxFrame) - ENTRY
    part: Seen = {}
    size = 0
    for name, place in seen.items():
        # A quote and a backslash take two bytes each.
        cost = ENTRY + 2 * len(name.encode())
        if part and (size + cost > limit or len(part) >= NAMES):
            yield part
            part, size = {}, 0
        part[name] = place
        size += cost
    yield part
