"""
Of whom a history remembers how much.

A history that is full forgets what is oldest of a life that has about as much as any; but first of
the principal that has about as much as any, with all of its lives. Else one that has a thousand
senders could have the history for itself, as none of its lives has much. What is not used by others
anybody may use.

All is sorted by powers of two, so that to find a victim takes the same small time however much
there is. A life is counted as the lowest power of two above its charge.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

R = TypeVar("R")
T = TypeVar("T")


class Sorted(Generic[T]):
    """
    Things by their sizes, which are powers of two. Of no size are none.
    """

    __slots__ = ("_bySize",)

    def __init__(self) -> None:
        """
        There is none.
        """
        self._bySize: dict[int, OrderedDict[T, None]] = {}

    def __bool__(self) -> bool:
        """
        Is there any?
        """
        return bool(self._bySize)

    def move(self, item: T, old: int, new: int) -> None:
        """
        A thing has another size: such a power of two.
        """
        if old:
            found = self._bySize[old]
            del found[item]
            if not found:
                del self._bySize[old]
        if new:
            self._bySize.setdefault(new, OrderedDict())[item] = None

    def largest(self) -> T:
        """
        The one that has had the largest size longest.
        """
        return next(iter(self._bySize[max(self._bySize)]))


class Share(Generic[R]):
    """
    What is remembered of one principal.

    @ivar records: its lives.
    @ivar weight: what they take, roughly: up to twice as much as they do.
    """

    __slots__ = ("__weakref__", "records", "weight")

    def __init__(self) -> None:
        """
        Nothing.
        """
        self.records: Sorted[R] = Sorted()
        self.weight = 0


class Shares(Generic[R]):
    """
    See the module.
    """

    def __init__(self) -> None:
        """
        Nothing is remembered.
        """
        # Weak: one goes with the last record that knows it.
        self._shares: WeakValueDictionary[str, Share[R]] = WeakValueDictionary()
        self._sorted: Sorted[Share[R]] = Sorted()

    def of(self, principal: str) -> Share[R]:
        """
        The share of a principal.
        """
        share = self._shares.get(principal)
        if share is None:
            share = self._shares[principal] = Share()
        return share

    def move(self, share: Share[R], record: R, old: int, new: int) -> None:
        """
        A record of this share has another size.
        """
        share.records.move(record, old, new)
        before = share.weight.bit_length()
        share.weight += (1 << new if new else 0) - (1 << old if old else 0)
        after = share.weight.bit_length()
        if after != before:
            self._sorted.move(share, before, after)

    def largest(self) -> R:
        """
        The record of which something is to be forgotten.
        """
        return self._sorted.largest().records.largest()
