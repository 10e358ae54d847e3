"""Accounts of made-up histories."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from .checker import (
    Account,
    Entry,
    Missing,
    Presence,
    Run,
    Spans,
    account,
    packed,
    total,
    unpacked,
)

OWED = {("s", "a"): (1, 100)}


def run(first: int, last: int, isReplayed: bool = False, sid: str = "a") -> Run:
    """Events of the sender s."""
    return Run("s", sid, first, last, isReplayed)


def gap(first: int | None, last: int | None, n: int | None, sid: str | None = "a") -> Missing:
    """A gap of the sender s."""
    return Missing("s", sid, first, last, n)


class AccountTests(SynchronousTestCase):
    """account."""

    def assertAccount(self, *entries: Entry, **expected: int) -> Account:
        """Check what such a history comes to; what is not said is 0, or all 100."""
        found = account(entries, OWED)
        usual = {"fired": 100, "delivered": 100 - expected.get("missing", 0)}
        self.assertEqual(found, Account(**{**usual, **expected}))
        return found

    def test_complete(self) -> None:
        """All, in order, some of it replayed."""
        found = self.assertAccount(run(1, 40), run(41, 60, True), run(61, 100), replayed=20)
        self.assertTrue(found.isTrue)
        self.assertTrue(found.isComplete)

    def test_exactGap(self) -> None:
        """A hole and a gap that tells of it are true, but not complete."""
        found = self.assertAccount(
            run(1, 40), gap(41, 50, 10), run(51, 100), missing=10, reported=10, gaps=1
        )
        self.assertTrue(found.isTrue)
        self.assertFalse(found.isComplete)

    def test_silentHole(self) -> None:
        """A hole of which nobody tells."""
        found = self.assertAccount(run(1, 40), run(51, 100), missing=10, silent=10)
        self.assertFalse(found.isTrue)

    def test_silentEnd(self) -> None:
        """What is missing in the end counts too, and all of a history of nothing."""
        self.assertAccount(run(1, 99), missing=1, silent=1)
        self.assertAccount(missing=100, silent=100)

    def test_gapTooSmall(self) -> None:
        """A gap whose range or whose count is less than what is missing."""
        small = {"missing": 10, "silent": 1, "reported": 9, "gaps": 1}
        self.assertAccount(run(1, 40), gap(41, 49, 9), run(51, 100), **small)
        self.assertAccount(run(1, 40), gap(41, 50, 9), run(51, 100), **small)

    def test_gapTooLarge(self) -> None:
        """A gap that tells of more than is missing is untrue."""
        found = self.assertAccount(
            run(1, 40), gap(41, 60, 20), run(51, 100), missing=10, reported=20, gaps=1, untrue=10
        )
        self.assertFalse(found.isTrue)

    def test_gapElsewhere(self) -> None:
        """A gap of the right size in the wrong place hides nothing."""
        self.assertAccount(
            run(1, 40),
            gap(61, 70, 10),
            run(51, 100),
            missing=10,
            silent=10,
            reported=10,
            gaps=1,
            untrue=10,
        )

    def test_wideGap(self) -> None:
        """A gap may span events that were heard, if it counts only the others."""
        found = self.assertAccount(
            run(1, 10), run(21, 30), gap(11, 40, 20), run(41, 100), missing=20, reported=20, gaps=1
        )
        self.assertTrue(found.isTrue)

    def test_uncounted(self) -> None:
        """A gap that cannot say how many: not silent, but not exact."""
        found = self.assertAccount(run(1, 40), gap(41, None, None), missing=60, gaps=1, uncounted=1)
        self.assertFalse(found.isTrue)

    def test_ofSeveral(self) -> None:
        """A gap of several senders, and of a life that is not known."""
        for told in (Missing("*", None, None, None, 60), gap(None, None, 60, None)):
            self.assertTrue(
                self.assertAccount(run(1, 40), told, missing=60, reported=60, gaps=1).isTrue
            )

    def test_ofAnother(self) -> None:
        """A gap of another life, or of another sender, says nothing of this one."""
        for told in (gap(41, 100, 60, "b"), Missing("t", "a", 41, 100, 60)):
            found = account([run(1, 40), told], OWED)
            self.assertEqual(found.silent, 60)

    def test_twice(self) -> None:
        """Events that are heard again."""
        found = self.assertAccount(run(1, 50), run(41, 100), twice=10)
        self.assertFalse(found.isTrue)

    def test_disordered(self) -> None:
        """Events that are heard after later ones."""
        found = self.assertAccount(run(1, 40), run(51, 100), run(41, 50), disordered=10)
        self.assertFalse(found.isTrue)

    def test_strange(self) -> None:
        """Events that nobody fired: above the last, and of another life."""
        self.assertAccount(run(1, 110), strange=10)
        self.assertAccount(run(1, 100), run(1, 7, sid="b"), strange=7)

    def test_before(self) -> None:
        """What was fired before the first that is owed may be heard or not."""
        found = account([run(11, 100)], {("s", "a"): (21, 100)})
        self.assertEqual(found, Account(fired=80, delivered=80))

    def test_lives(self) -> None:
        """Each life of a name is accounted for by itself."""
        fired = {("s", "a"): (1, 10), ("s", "b"): (1, 10)}
        found = account([run(1, 10), run(1, 9, sid="b"), gap(10, 10, 1, "b")], fired)
        self.assertEqual(found, Account(20, 19, 1, 1, gaps=1))

    def test_presence(self) -> None:
        """A sender that comes twice, or goes without having come, is noted."""
        came, went = Presence("s", "a", None), Presence("s", "a", "lost")
        self.assertAccount(came, run(1, 100), went, came, came=2, went=1)
        self.assertAccount(came, came, run(1, 100), came=2, unpaired=1)
        self.assertAccount(went, run(1, 100), went=1, unpaired=1)

    def test_total(self) -> None:
        """Accounts of several listeners add up."""
        one = account([run(1, 100)], OWED)
        self.assertEqual(total([one, one]), Account(fired=200, delivered=200))

    def test_text(self) -> None:
        """What people read names what is wrong."""
        text = account([run(1, 40), run(30, 50), gap(60, 100, 41)], OWED).text()
        for part in ("50 of 100 heard", "9 lost in silence", "11 twice", "41 in 1 gaps"):
            self.assertIn(part, text)

    def test_packed(self) -> None:
        """A history goes through JSON unchanged."""
        entries: list[Entry] = [Presence("s", "a", None, 1.5), run(1, 5), gap(6, None, None)]
        self.assertEqual(unpacked(json.loads(json.dumps(packed(entries)))), entries)

    @given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), max_size=12))
    def test_likeBruteForce(self, pairs: list[tuple[int, int]]) -> None:
        """Whatever runs are heard, it counts as if it looked at each event."""
        runs = [run(min(pair), max(pair)) for pair in pairs]
        heard: set[int] = set()
        high = twice = disordered = 0
        for one in runs:
            before, top = set(heard), high
            for number in range(one.first, one.last + 1):
                twice += number in before
                disordered += number not in before and number <= top
                heard.add(number)
                high = max(high, number)
        found = account(runs, {("s", "a"): (1, 30)})
        self.assertEqual(
            (found.delivered, found.twice, found.disordered, found.silent),
            (len(heard), twice, disordered, 30 - len(heard)),
        )


class SpansTests(SynchronousTestCase):
    """Spans."""

    @given(
        st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=10),
        st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=10),
    )
    def test_likeSets(self, one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
        """They are sets of numbers."""
        spans = [Spans(), Spans()]
        numbers: list[set[int]] = [set(), set()]
        for pairs, span, number in zip((one, other), spans, numbers, strict=True):
            for first, last in pairs:
                span.add(first, last)
                number.update(range(first, last + 1))
        self.assertEqual(len(spans[0]), len(numbers[0]))
        self.assertEqual(spans[0].count(10, 20), len(numbers[0] & set(range(10, 21))))
        left = {
            number
            for first, last in spans[0].without(spans[1]).ranges()
            for number in range(first, last + 1)
        }
        self.assertEqual(left, numbers[0] - numbers[1])
