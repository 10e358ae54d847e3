"""Who is there, as a client knows it."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies import integers, sampled_from
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.clock import Deadlines, clockOf
from pysig_twisted.core.info import Gap
from pysig_twisted.core.presence import sidText
from pysig_twisted.net.ended import MAX_TOLD
from pysig_twisted.net.view import Known, View
from pysig_twisted.wire.messages import PresenceNotice

GRACE = 5.0


def wanted(known: Known) -> bool:
    """A subscription concerns it."""
    return True


class Told:
    """
    A view, and what it tells.

    @ivar told: who came (+) and who went (the reason).
    @ivar gaps: what was missed.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.told: list[tuple[str, str]] = []
        self.gaps: list[Gap] = []
        self.react: Any = lambda: None
        self.view = View(
            Deadlines(clockOf(self.clock)), GRACE, self._tell, self.gaps.append, self.clock.seconds
        )
        self.view.epoch = "a"
        self.view.linkBack()

    def _tell(self, known: Known, reason: str | None) -> None:
        self.told.append((known.info.name, reason or "+"))
        self.react()

    def taken(self) -> list[tuple[str, str]]:
        """What was told since the last time."""
        told = self.told[:]
        self.told.clear()
        return told

    def up(self, name: str, sid: int = 1, seq: int = 0, **fields: Any) -> None:
        """The router says that a life is there."""
        notice = PresenceNotice(name, sidText(sid), True, seq, ("e",), **fields)
        self.view.notice(notice, wanted)

    def down(self, name: str, sid: int = 1, seq: int = 0, reason: str = "closed") -> None:
        """The router says that a life has ended."""
        self.view.notice(PresenceNotice(name, sidText(sid), False, seq, reason=reason), wanted)

    def back(self, epoch: str = "a", *present: str) -> None:
        """The link is back, and these are there."""
        self.view.epoch = epoch
        for name in present:
            self.up(name)
        self.view.linkBack()


class ConnectedTests(SynchronousTestCase):
    """While the link is up."""

    def setUp(self) -> None:
        """A view that is up."""
        self.all = Told()

    def test_life(self) -> None:
        """A sender comes and goes, each told once, however often the router says it."""
        self.all.up("s")
        self.all.up("s")
        self.all.down("s")
        self.all.down("s")
        self.assertEqual(self.all.taken(), [("s", "+"), ("s", "closed")])

    def test_otherLife(self) -> None:
        """The end of another life is not the end of this one."""
        self.all.up("s", sid=2)
        self.all.down("s", sid=1)
        self.assertEqual(self.all.taken(), [("s", "+")])

    def test_replaced(self) -> None:
        """A life that follows another ends that one first."""
        self.all.up("s", sid=1)
        self.all.up("s", sid=2)
        self.assertEqual(self.all.taken(), [("s", "+"), ("s", "replaced"), ("s", "+")])

    def test_replacedAndUnwanted(self) -> None:
        """Nor is one that nobody wants any more when the end of the life before it was told."""
        isWanted = True

        def lose() -> None:
            nonlocal isWanted
            isWanted = self.all.told[-1][1] == "+"

        self.all.react = lose
        for sid in (1, 2):
            notice = PresenceNotice("s", sidText(sid), True, 0, ("e",))
            self.all.view.notice(notice, lambda known: isWanted)
        self.assertEqual(self.all.taken(), [("s", "+"), ("s", "replaced")])
        self.assertEqual(self.all.view.known, {})

    def test_unwanted(self) -> None:
        """A sender that no subscription concerns is not remembered."""
        self.all.view.notice(PresenceNotice("s", sidText(1), True), lambda known: False)
        self.assertEqual((self.all.taken(), self.all.view.known), ([], {}))

    def test_prune(self) -> None:
        """Those whom nobody asks for any more are forgotten without a word, and no others."""
        for name in ("dev1", "dev2", "other"):
            self.all.up(name)
        self.all.taken()
        view = self.all.view
        self.assertEqual(view.prune("dev1", wanted), [])
        self.assertEqual(view.prune("dev*", lambda known: known.info.name == "dev2"), ["dev1"])
        self.assertEqual(view.prune("other", lambda known: False), ["other"])
        self.assertEqual(view.prune("missing", lambda known: False), [])
        self.assertEqual(list(view.known), ["dev2"])
        self.assertEqual(view.prune(None, lambda known: False), ["dev2"])
        self.assertEqual(self.all.taken(), [])

    def test_truncated(self) -> None:
        """A sender whose events the router has left out may fire any."""
        self.all.up("s")
        self.all.view.notice(PresenceNotice("t", sidText(1), True, truncated=True), wanted)
        known = self.all.view.known
        self.assertFalse(known["s"].isConcernedBy((None, "other")))
        self.assertTrue(known["t"].isConcernedBy((None, "other")))
        self.assertFalse(known["t"].isConcernedBy(("x*", None)))

    def test_nobodyMissedAnything(self) -> None:
        """Being told again of a life, with a later number, means no gap while the link is up."""
        self.all.up("s", seq=1)
        self.all.up("s", seq=9)
        self.assertEqual(self.all.gaps, [])
        self.all.up("s", seq=2)
        self.assertEqual(self.all.view.known["s"].seq, 9)


class OutageTests(SynchronousTestCase):
    """While the link is down, and after."""

    def setUp(self) -> None:
        """Two senders are there, and the link is lost."""
        self.all = Told()
        self.all.up("s")
        self.all.up("t")
        self.all.view.linkLost()
        self.all.taken()

    def test_nothingChanged(self) -> None:
        """Who is still there was never gone."""
        self.all.clock.advance(GRACE - 0.1)
        self.all.back("a", "s", "t")
        self.all.clock.advance(GRACE)
        self.assertEqual(self.all.taken(), [])

    def test_left(self) -> None:
        """Who is not there any more is gone as soon as the same router has told of all."""
        self.all.back("a", "s", "u")
        self.assertEqual(self.all.taken(), [("u", "+"), ("t", "lost")])
        self.all.clock.advance(GRACE)
        self.assertEqual(self.all.taken(), [])

    def test_tooLong(self) -> None:
        """At the end of the grace period all are gone; those who are there come again."""
        self.all.clock.advance(GRACE - 0.1)
        self.assertEqual(self.all.taken(), [])
        self.all.clock.advance(0.2)
        self.assertEqual(self.all.taken(), [("s", "link"), ("t", "link")])
        self.all.back("a", "t")
        self.assertEqual(self.all.taken(), [("t", "+")])

    def test_restarted(self) -> None:
        """A router that was restarted may hear of its senders until the grace period ends."""
        self.all.clock.advance(1)
        self.all.back("b", "s")
        self.assertEqual(self.all.taken(), [])
        self.all.clock.advance(GRACE - 1.1)
        self.assertEqual(self.all.taken(), [])
        self.all.clock.advance(0.2)
        self.assertEqual(self.all.taken(), [("t", "lost")])

    def test_restartedAndBack(self) -> None:
        """A sender that comes back to a restarted router in time was never gone."""
        self.all.back("b")
        self.all.clock.advance(GRACE - 1)
        self.all.up("s")
        self.all.up("t")
        self.all.clock.advance(GRACE)
        self.assertEqual(self.all.taken(), [])

    def test_flapping(self) -> None:
        """Each loss of the link gives a whole grace period to those who were there until then."""
        self.all.clock.advance(GRACE - 1)
        self.all.back("a", "s", "t")
        self.all.view.linkLost()
        self.all.clock.advance(GRACE - 1)
        self.assertEqual(self.all.taken(), [])
        self.all.clock.advance(1.1)
        self.assertEqual(self.all.taken(), [("s", "link"), ("t", "link")])

    def test_flappingWithoutOne(self) -> None:
        """A sender that never comes back is gone in time, however often the link comes back."""
        for epoch in "bcdef":
            self.all.clock.advance(0.9)
            self.all.back(epoch, "s")
            self.all.view.linkLost()
        self.assertEqual(self.all.taken(), [])
        self.all.clock.advance(0.6)
        self.assertEqual(self.all.taken(), [("t", "link")])
        self.all.clock.advance(GRACE)
        self.assertEqual(self.all.taken(), [("s", "link")])

    def test_restartedAndFlapping(self) -> None:
        """A second link to a restarted router does not cut the grace period short."""
        self.all.back("b", "s")
        self.all.view.linkLost()
        self.all.back("b", "s")
        self.assertEqual(self.all.taken(), [])
        self.all.up("t")
        self.all.clock.advance(GRACE)
        self.assertEqual(self.all.taken(), [])

    def test_otherLife(self) -> None:
        """Another life under a name means that the one before is gone."""
        self.all.view.epoch = "a"
        self.all.up("s", sid=7)
        self.assertEqual(self.all.taken(), [("s", "lost"), ("s", "+")])

    def test_endedMeanwhile(self) -> None:
        """The end of a missing life, told by the router, is told once."""
        self.all.back("b")
        self.all.down("t", reason="kicked")
        self.all.clock.advance(GRACE + 1)
        self.assertEqual(self.all.taken(), [("t", "kicked"), ("s", "lost")])

    def test_missed(self) -> None:
        """What a life fired during the outage is a gap, whose count is not known."""
        self.all.view.epoch = "a"
        self.all.up("s", seq=5)
        self.assertEqual(self.all.gaps, [Gap("s", 1, 1, 5, None, None, "link")])
        self.all.up("s", seq=9)
        self.assertEqual(len(self.all.gaps), 1)

    def test_missedNothing(self) -> None:
        """A life that fired nothing during the outage has no gap."""
        self.all.back("a", "s", "t")
        self.assertEqual(self.all.gaps, [])

    def test_reactions(self) -> None:
        """What listeners do when told of one sender may change the others."""
        self.all.react = lambda: self.all.view.prune("t", lambda known: False)
        self.all.clock.advance(GRACE + 1)
        self.assertEqual(self.all.taken(), [("s", "link")])
        self.assertEqual(self.all.view.known, {})

    def test_stop(self) -> None:
        """A client that was stopped is told nothing, and leaves nothing behind."""
        self.all.view.stop()
        self.assertEqual(self.all.clock.getDelayedCalls(), [])
        self.all.clock.advance(GRACE + 1)
        self.assertEqual(self.all.taken(), [])

    def test_startAgain(self) -> None:
        """After a stop and a start, the differences are told."""
        self.all.view.stop()
        self.all.clock.advance(100)
        self.all.view.start()
        self.all.clock.advance(1)
        self.all.back("b", "s")
        self.assertEqual(self.all.taken(), [])
        self.all.clock.advance(GRACE)
        self.assertEqual(self.all.taken(), [("t", "lost")])

    def test_startAgainWithoutLink(self) -> None:
        """After a stop and a start, the grace period runs from the start."""
        self.all.clock.advance(GRACE - 1)
        self.all.view.stop()
        self.all.view.start()
        self.all.clock.advance(GRACE - 0.1)
        self.assertEqual(self.all.taken(), [])
        self.all.clock.advance(0.2)
        self.assertEqual(self.all.taken(), [("s", "link"), ("t", "link")])


class ResumingTests(SynchronousTestCase):
    """While the router tells what has happened during an outage."""

    def setUp(self) -> None:
        """Two senders are there; the link is lost, and back."""
        self.all = Told()
        self.all.up("s", seq=3)
        self.all.up("t")
        self.all.view.linkLost()
        self.all.view.isResuming = True
        self.all.taken()

    def test_grace(self) -> None:
        """Nobody is given up, and who has not been told of in the end is gone."""
        self.all.clock.advance(GRACE + 1)
        self.assertEqual(self.all.taken(), [])
        self.all.up("s", seq=3)
        self.all.view.epoch = "b"
        self.all.view.linkBack()
        self.assertEqual(self.all.taken(), [("t", "lost")])
        self.assertEqual(self.all.gaps, [])

    def test_inTime(self) -> None:
        """Who is missing at a restarted router has the rest of the grace period."""
        self.all.view.epoch = "b"
        self.all.up("s", seq=3)
        self.all.view.linkBack()
        self.assertEqual(self.all.taken(), [])
        self.all.clock.advance(GRACE + 1)
        self.assertEqual(self.all.taken(), [("t", "lost")])

    def test_lostAgain(self) -> None:
        """If the link is lost again after the grace period, all are gone."""
        self.all.clock.advance(GRACE + 1)
        self.all.view.linkLost()
        self.assertEqual(self.all.taken(), [("s", "link"), ("t", "link")])

    def test_isMissing(self) -> None:
        """It is known of whom nobody has told yet."""
        notice = PresenceNotice("s", sidText(1), True, 9, ("e",))
        other = PresenceNotice("s", sidText(2), True, 9, ("e",))
        view = self.all.view
        self.assertEqual([view.isMissing(notice), view.isMissing(other)], [True, False])
        view.notice(notice, wanted)
        self.assertFalse(view.isMissing(notice))


class PlaceTests(SynchronousTestCase):
    """Where each sender is."""

    def setUp(self) -> None:
        """A sender is there, one has gone, one was given up."""
        self.all = Told()
        self.view = self.all.view
        self.all.up("lost", sid=3, seq=1)
        self.view.linkLost()
        self.all.clock.advance(GRACE + 1)
        self.all.up("s", seq=3)
        self.all.up("gone", sid=2, seq=5)
        self.all.down("gone", sid=2, seq=6)

    def test_places(self) -> None:
        """They are known by life and number."""
        self.assertEqual(self.view.place("s"), (1, 3))
        self.assertIsNone(self.view.place("gone"))
        over = [("s", 1), ("s", 9), ("gone", 2), ("gone", 1), ("lost", 3), ("never", 1)]
        self.assertEqual(
            [self.view.isOver(*each) for each in over], [False, False, True, False, True, False]
        )

    def test_seen(self) -> None:
        """The router is told of all of them."""
        seen = {"s": (sidText(1), 3), "gone": (sidText(2), 6), "lost": (sidText(3), 1)}
        self.view.ended.window = 30.0
        self.assertEqual(self.view.seen(), seen)
        self.all.up("gone", sid=7)
        self.assertEqual(self.view.seen(), {**seen, "gone": (sidText(7), 0)})

    def test_passed(self) -> None:
        """What is told as missed counts as heard."""
        self.assertTrue(self.view.passed(Gap("s", 1, 4, 9, 6, None, "history")))
        self.assertTrue(self.view.passed(Gap("s", 1, 5, 7, 3, None, "history")))
        self.assertTrue(self.view.passed(Gap("s", 9, 1, 99, 99, None, "history")))
        self.assertTrue(self.view.passed(Gap("s", None, None, None, None, None, "history")))
        self.assertTrue(self.view.passed(Gap("s", 1, 9, None, None, None, "history")))
        self.assertEqual(self.view.place("s"), (1, 9))

    def test_passedNothing(self) -> None:
        """After the last event of a life there is nothing to miss, if that is known."""
        self.assertFalse(self.view.passed(Gap("gone", 2, 7, None, None, None, "history")))
        self.assertTrue(self.view.passed(Gap("gone", 2, 6, None, None, None, "history")))
        self.all.up("gone", sid=7)
        self.assertFalse(self.view.passed(Gap("gone", 2, 7, None, None, None, "history")))

    def test_passedWithoutEnd(self) -> None:
        """What else a life has fired that was given up is told once."""
        self.assertTrue(self.view.passed(Gap("lost", 3, 2, None, None, None, "history")))
        self.all.up("lost", sid=3, seq=0)
        self.assertEqual((self.all.gaps, self.view.place("lost")), ([], (3, 1)))

    def test_settle(self) -> None:
        """A number that was told too early, as the connection is late there, does not count."""
        self.all.up("s", seq=8)
        self.all.up("t", seq=8)
        self.view.settle("x*")
        self.view.settle(None, ["s", "t"])
        self.assertEqual((self.view.place("s"), self.view.place("t")), ((1, 3), (1, 0)))
        self.all.up("s", seq=8)
        self.view.settle("s")
        self.view.settle("s", ["s"])
        self.assertEqual(self.view.place("s"), (1, 8))

    def test_settleTooLate(self) -> None:
        """Unless something was heard since."""
        self.all.up("s", seq=8)
        self.view.known["s"].seq = 9
        self.view.settle("s", ["s"])
        self.assertEqual(self.view.place("s"), (1, 9))


class SameLifeTests(SynchronousTestCase):
    """A life that ended with its owner's link, and goes on with the next one."""

    def setUp(self) -> None:
        """A life has ended."""
        self.all = Told()
        self.all.up("s", seq=3)
        self.all.down("s", seq=5, reason="lost")

    def test_missed(self) -> None:
        """What it fired in between is a gap, after its C{#connect}."""
        self.all.up("s", seq=8)
        self.assertEqual(self.all.taken(), [("s", "+"), ("s", "lost"), ("s", "+")])
        self.assertEqual(self.all.gaps, [Gap("s", 1, 6, 8, 3, None, "link")])

    def test_missedNothing(self) -> None:
        """If that is nothing, there is no gap."""
        self.all.up("s", seq=5)
        self.assertEqual(self.all.gaps, [])

    def test_heard(self) -> None:
        """What was heard before its end is not heard again, should all of it be sent again."""
        self.all.up("s", seq=0)
        self.assertEqual((self.all.view.place("s"), self.all.gaps), ((1, 5), []))

    def test_goesOn(self) -> None:
        """While it is here it is not over, so that its next end is told."""
        self.all.up("s", seq=5)
        self.assertFalse(self.all.view.ended.isTold("s", 1, 9))
        self.all.taken()
        self.all.down("s", seq=5)
        self.assertEqual(self.all.taken(), [("s", "closed")])

    def test_otherLife(self) -> None:
        """Another life's numbers say nothing about this one."""
        self.all.up("s", sid=2, seq=8)
        self.assertEqual(self.all.gaps, [])

    def test_bounded(self) -> None:
        """Only the last ends are remembered."""
        for number in range(MAX_TOLD):
            self.all.up(f"t{number}")
            self.all.down(f"t{number}", seq=1)
        self.all.up("s", seq=8)
        self.assertEqual(self.all.gaps, [])
        self.all.up("t1", seq=2)
        self.assertEqual(len(self.all.gaps), 1)


NAMES = sampled_from(["s", "t", "u"])
SIDS = integers(1, 2)


class AlternationMachine(RuleBasedStateMachine):
    """Whatever the router says and the link does, each name comes and goes in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.all = Told()
        self.isUp = True

    @precondition(lambda self: self.isUp)
    @rule(name=NAMES, sid=SIDS, seq=integers(0, 5))
    def up(self, name: str, sid: int, seq: int) -> None:
        """The router tells of a life."""
        self.all.up(name, sid, seq)

    @precondition(lambda self: self.isUp)
    @rule(name=NAMES, sid=SIDS)
    def down(self, name: str, sid: int) -> None:
        """The router tells of an end."""
        self.all.down(name, sid)

    @rule()
    def lost(self) -> None:
        """The link is lost."""
        self.all.view.linkLost()
        self.isUp = False

    @rule(epoch=sampled_from("abc"))
    def back(self, epoch: str) -> None:
        """The link is there, and nobody yet."""
        self.all.view.epoch = epoch
        self.isUp = True

    @precondition(lambda self: self.isUp)
    @rule()
    def complete(self) -> None:
        """The router has told of all."""
        self.all.view.linkBack()

    @rule(seconds=sampled_from([0.5, 2, 6]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.all.clock.advance(seconds)

    @rule(name=NAMES)
    def restart(self, name: str) -> None:
        """The client is stopped and started."""
        self.all.view.linkLost()
        self.isUp = False
        self.all.view.stop()
        self.all.view.start()

    @invariant()
    def alternates(self) -> None:
        """What was told of a name begins with its coming, and changes each time."""
        for name in "stu":
            told = [what == "+" for who, what in self.all.told if who == name]
            assert told == [place % 2 == 0 for place in range(len(told))]
            assert (name in self.all.view.known) == bool(len(told) % 2)

    def teardown(self) -> None:
        """After the grace period nobody is missing."""
        self.all.clock.advance(GRACE + 1)
        assert not self.all.view._missing


class AlternationTests(SynchronousTestCase):
    """The promise about presence."""

    def test_alternates(self) -> None:
        """For each name, coming and going alternate."""
        run_state_machine_as_test(
            AlternationMachine,
            settings=settings(max_examples=80, stateful_step_count=30, deadline=None),
        )
