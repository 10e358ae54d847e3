"""The listeners of an old client."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.pysig07.ears import Ears


class EarsTests(SynchronousTestCase):
    """Who hears what, in which order."""

    def setUp(self) -> None:
        """Listeners at all levels, the most special one first."""
        self.ears = Ears()
        self.exact = self.ears.add(("s", "#e"))
        self.again = self.ears.add(("s", "#e"))
        self.channel = self.ears.add((None, "#e"))
        self.sender = self.ears.add(("s", None))
        self.all = self.ears.add((None, None))
        self.other = self.ears.add(("t", "#e"))
        self.pattern = self.ears.add(("s*", "#e"))

    def test_order(self) -> None:
        """First those of anything, then of the sender, of the channel, of the event."""
        order = [self.all, self.sender, self.channel, self.exact, self.again, self.pattern]
        self.assertEqual(list(self.ears.of("s", "#e")), order)
        self.assertEqual(list(self.ears.of("s", "x")), [self.all, self.sender])
        self.assertEqual(list(self.ears.of("u", "x")), [self.all])

    def test_numbers(self) -> None:
        """Each has its own number, and no number stands for another one."""
        self.assertEqual(self.ears.keyOf(self.exact), ("s", "#e"))
        for other in (0, 99, "1", 1.0, True, None, [1]):
            self.assertIsNone(self.ears.keyOf(other))

    def test_remove(self) -> None:
        """The last of several is told apart."""
        self.assertFalse(self.ears.remove(self.exact))
        self.assertIn(("s", "#e"), self.ears)
        self.assertTrue(self.ears.remove(self.again))
        self.assertNotIn(("s", "#e"), self.ears)
        self.assertNotIn(self.again, self.ears.of("s", "#e"))

    def test_drop(self) -> None:
        """All of a kind can be dropped."""
        self.ears.drop(("s", "#e"))
        self.assertNotIn(("s", "#e"), self.ears)
        self.assertEqual(self.ears.keyOf(self.channel), (None, "#e"))

    def test_awaited(self) -> None:
        """Who is listened to by name."""
        awaited = {"s": {"#e"}, None: {"#e"}, "t": {"#e"}}
        self.assertEqual(self.ears.awaited, awaited)
        self.ears.add(("u", None))
        self.ears.add(("v", "a*"))
        self.assertEqual(self.ears.awaited, {**awaited, "u": set(), "v": set()})
