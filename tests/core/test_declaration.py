"""What a handle knows of its declaration."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.declaration import Declaration, State
from pysig_twisted.errors import Denied, NameTaken, SenderGone


class DeclarationTests(SynchronousTestCase):
    """L{Declaration}."""

    def setUp(self) -> None:
        """A declaration that is pending."""
        self.declaration = Declaration()

    def test_pending(self) -> None:
        """Until the router answers, those who ask wait."""
        self.assertIs(self.declaration.state, State.PENDING)
        self.assertNoResult(self.declaration.whenSettled())

    def test_accepted(self) -> None:
        """All who wait, and all who ask later, are given the handle."""
        waiting = [self.declaration.whenSettled() for _ in range(2)]
        self.declaration._settle(State.ACCEPTED)
        self.assertIs(self.declaration.state, State.ACCEPTED)
        for deferred in (*waiting, self.declaration.whenSettled()):
            self.assertIs(self.successResultOf(deferred), self.declaration)

    def test_refused(self) -> None:
        """All who wait, and all who ask later, are told why."""
        waiting = [self.declaration.whenSettled() for _ in range(2)]
        error = NameTaken("choose another")
        self.declaration._settle(State.REFUSED, error)
        for deferred in (*waiting, self.declaration.whenSettled()):
            self.assertIs(self.failureResultOf(deferred, NameTaken).value, error)

    def test_fresh(self) -> None:
        """Each caller has a Deferred of its own: what one makes of it is its own affair."""
        before = self.declaration.whenSettled().addCallback(lambda handle: None)
        other = self.declaration.whenSettled()
        self.declaration._settle(State.ACCEPTED)
        after = self.declaration.whenSettled().addCallback(lambda handle: None)
        self.assertEqual(self.successResultOf(before), self.successResultOf(after))
        self.assertIs(self.successResultOf(other), self.declaration)
        self.assertIsNot(self.declaration.whenSettled(), self.declaration.whenSettled())

    def test_cancel(self) -> None:
        """One who waits may give up; the others and the declaration do not notice."""
        patient, hasty = self.declaration.whenSettled(), self.declaration.whenSettled()
        hasty.cancel()
        self.failureResultOf(hasty, CancelledError)
        self.assertIs(self.declaration.state, State.PENDING)
        self.declaration._settle(State.ACCEPTED)
        self.assertIs(self.successResultOf(patient), self.declaration)

    def test_cancelOther(self) -> None:
        """The first one told may cancel the next: it is not told then, and nothing breaks."""
        first = self.declaration.whenSettled()
        second = self.declaration.whenSettled()
        third = self.declaration.whenSettled()
        first.addCallback(lambda handle: second.cancel())
        self.declaration._settle(State.ACCEPTED)
        self.assertIsNone(self.successResultOf(first))
        self.failureResultOf(second, CancelledError)
        self.assertIs(self.successResultOf(third), self.declaration)

    def test_changedWhileTold(self) -> None:
        """Should the first one told end it, the next learns that, and is told once."""
        first = self.declaration.whenSettled()
        second = self.declaration.whenSettled()

        def end(handle: Any) -> None:
            self.declaration._settle(State.REMOVED, SenderGone("removed"))

        first.addCallback(end)
        self.declaration._settle(State.ACCEPTED)
        self.successResultOf(first)
        self.failureResultOf(second, SenderGone)

    def test_again(self) -> None:
        """After a lost link it is pending again, and its old error is forgotten."""
        self.declaration._settle(State.REFUSED, Denied("by a rule"))
        self.declaration._settle(State.PENDING)
        waiting: Deferred[Declaration] = self.declaration.whenSettled()
        self.assertNoResult(waiting)
        self.declaration._settle(State.ACCEPTED)
        self.assertIs(self.successResultOf(waiting), self.declaration)

    def test_words(self) -> None:
        """States are words."""
        self.assertEqual(State.REFUSED, "refused")
        self.assertEqual(
            [f"{state}" for state in State], ["pending", "accepted", "refused", "removed"]
        )
