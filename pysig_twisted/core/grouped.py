"""
Items by key, of which most keys have but one.

Routers keep very many of these, so a key with one item holds the item itself, and
only a key with several has a table of its own. The items are hashable, and no
dicts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

K = TypeVar("K")
T = TypeVar("T")

Groups = dict[K, Any]
"""
By key: the one item, or a dict whose keys are the items.
"""


def put(groups: Groups[K], key: K, item: object) -> None:
    """
    Add an item to those of C{key}, as the last. It is none of them yet.
    """
    held = groups.setdefault(key, item)
    if type(held) is dict:
        held[item] = None
    elif held is not item:
        groups[key] = {held: None, item: None}


def take(groups: Groups[K], key: K, item: object) -> bool:
    """
    Remove an item from those of C{key}; was it there? A key goes with its last.
    """
    held = groups.get(key)
    if type(held) is not dict:
        if held is None or held is not item:
            return False
    elif item not in held:
        return False
    elif len(held) > 1:
        del held[item]
        return True
    del groups[key]
    return True


def itemsOf(groups: Groups[K], key: K) -> Iterable[Any]:
    """
    The items of C{key}, in the order in which they were added.
    """
    held = groups.get(key)
    if held is None:
        return ()
    return held if type(held) is dict else (held,)
