"""What one peer hears."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.presence import concerns
from pysig_twisted.core.subscriptions import SubscriptionIndex
from pysig_twisted.net.interest import Interest

names = st.sampled_from(["s", "stove", "lamp", "$router"])
events = st.sampled_from(["a", "ab", "b", "#connect"])
keys = st.tuples(
    st.sampled_from([None, "s", "stove", "s*", "*", "$*"]),
    st.sampled_from([None, "a", "ab", "a*", "*", "#connect"]),
)


class InterestTests(SynchronousTestCase):
    """It is the index of all subscriptions, the other way round."""

    @given(st.lists(keys, max_size=4), names, events)
    def test_hears(
        self, wanted: list[tuple[str | None, str | None]], name: str, event: str
    ) -> None:
        """It hears what the index would send."""
        index: SubscriptionIndex[int] = SubscriptionIndex()
        for key in wanted:
            index.add(key, 1)
        self.assertEqual(Interest(wanted).hears(name, event), bool(index.match(name, event)))

    @given(st.lists(keys, max_size=4), names, st.lists(events, max_size=2).map(tuple))
    def test_concerns(
        self, wanted: list[tuple[str | None, str | None]], name: str, declared: tuple[str, ...]
    ) -> None:
        """It must know of whom any of its subscriptions must."""
        if not name.startswith("$"):
            expected = any(concerns(key, name, declared) for key in wanted)
            self.assertEqual(Interest(wanted).concerns(name, declared), expected)

    def test_nothing(self) -> None:
        """Without subscriptions there is nothing to hear."""
        interest = Interest(())
        self.assertFalse(interest.hears("s", "a"))
        self.assertFalse(interest.concerns("s", ("a",)))
