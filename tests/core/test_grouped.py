"""Items by key, against a dict of lists."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.grouped import Groups, itemsOf, put, take


class GroupedTests(SynchronousTestCase):
    """L{put}, L{take} and L{itemsOf}."""

    @given(st.lists(st.tuples(st.booleans(), st.sampled_from("ab"), st.integers(0, 3))))
    def test_model(self, steps: list[tuple[bool, str, int]]) -> None:
        """Whatever is put and taken, the rest is there in its order, and no key without items."""
        groups: Groups[str] = {}
        model: dict[str, list[int]] = {}
        for isPut, key, item in steps:
            items = model.setdefault(key, [])
            isThere = item in items
            if not isPut:
                self.assertEqual(take(groups, key, item), isThere)
                if isThere:
                    items.remove(item)
            elif not isThere:
                put(groups, key, item)
                items.append(item)
            self.assertEqual({key: list(itemsOf(groups, key)) for key in model}, model)
            self.assertEqual(set(groups), {key for key, items in model.items() if items})

    def test_one(self) -> None:
        """A key with one item takes no table."""
        groups: Groups[str] = {}
        item = object()
        put(groups, "a", item)
        self.assertIs(groups["a"], item)
