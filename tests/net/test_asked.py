"""What a client has asked its router to tell of."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.subscriptions import Key
from pysig_twisted.net.asked import Asked, AskedTable

KEYS: list[Key] = [("s", "e"), ("s", None), ("other", "e"), ("s*", "e"), (None, "e"), ("*x", "e")]


class AskedTableTests(SynchronousTestCase):
    """L{AskedTable}."""

    def setUp(self) -> None:
        """All of them are asked."""
        self.table = AskedTable()
        for key in KEYS:
            self.table.set(key, Asked.LISTENING)

    def test_get(self) -> None:
        """It tells what was said of a key last."""
        self.table.set(("s", "e"), Asked.AGREED)
        self.assertIs(self.table.get(("s", "e")), Asked.AGREED)
        self.assertIs(self.table.get(("s", None)), Asked.LISTENING)
        self.assertIsNone(self.table.get(("s", "f")))
        self.assertIsNone(self.table.get(("t", "e")))

    def test_ofSender(self) -> None:
        """A sender is found by its name, by patterns and by any; not where we are leaving."""
        found = [("s", "e"), ("s", None), (None, "e"), ("s*", "e")]
        self.assertEqual(list(self.table.ofSender("s")), found)
        self.table.set(("s*", "e"), Asked.LEAVING)
        self.table.set(("s", "e"), Asked.LEAVING)
        self.assertEqual(list(self.table.ofSender("s")), [("s", None), (None, "e")])

    def test_forget(self) -> None:
        """Nothing is left of what was forgotten."""
        for key in KEYS:
            self.table.forget(key)
            self.assertIsNone(self.table.get(key))
        self.assertEqual(self.table.keys(), [])
        self.assertEqual((self.table._bySender, self.table._patterns), ({}, {}))

    def test_clear(self) -> None:
        """With the link all goes."""
        self.assertEqual(sorted(map(str, self.table.keys())), sorted(map(str, KEYS)))
        self.table.clear()
        self.assertEqual(self.table.keys(), [])
        self.assertEqual(list(self.table.ofSender("s")), [])
