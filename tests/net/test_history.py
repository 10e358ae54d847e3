"""What a router remembers of its senders."""

from __future__ import annotations

import gc
import weakref

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net import history
from pysig_twisted.net.history import History
from pysig_twisted.net.kept import COST
from pysig_twisted.net.liferecord import LifeRecord

from .remembered import EVENTS, WHY, Fired, Hears, anything, chargeOf, infoOf, kept, only, walk

BUDGET = 3000
WINDOW = 30.0
LIMITS = {"LIFE_BYTES": 1200, "MAX_LIVES": 3, "MAX_ENDED": 5}
NAMES = ("stove", "lamp", "door")

someEvents = st.sets(st.sampled_from(EVENTS)).map(lambda events: only(*events))
sizes = st.lists(st.integers(0, 150), min_size=1, max_size=4) | st.just([1300])


class HistoryMachine(RuleBasedStateMachine):
    """Senders come, fire, leave events out and go; all that they did is in lists too."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.1
        self.history = History(BUDGET, WINDOW)
        self.lives: dict[str, list[Fired]] = {name: [] for name in NAMES}
        self.ended: list[Fired] = []
        # Those that are forgotten, and still read.
        self.forgotten: list[Fired] = []

    def up(self) -> list[Fired]:
        """The lives that have not ended."""
        return [lives[-1] for lives in self.lives.values() if lives and lives[-1].record.isUp]

    def all(self) -> list[Fired]:
        """The lives that are remembered."""
        return [life for lives in self.lives.values() for life in lives]

    def forget(self, life: Fired) -> None:
        """A life is to be forgotten."""
        self.lives[life.record.info.name].remove(life)
        self.ended.remove(life)
        self.forgotten.append(life)

    def pick(self, data: st.DataObject, lives: list[Fired]) -> Fired:
        """One of these."""
        return lives[data.draw(st.integers(0, len(lives) - 1))]

    @precondition(lambda self: len(self.up()) < len(NAMES))
    @rule(data=st.data(), before=st.lists(st.sampled_from(EVENTS), max_size=8))
    def begin(self, data: st.DataObject, before: list[str]) -> None:
        """A sender comes, which may have fired something before."""
        taken = {life.record.info.name for life in self.up()}
        name = data.draw(st.sampled_from([name for name in NAMES if name not in taken]))
        oldest = data.draw(st.integers(0, len(before) + 1))
        record = self.history.begin(infoOf(name), b"", len(before), oldest)
        assert record.oldest == (oldest if oldest <= len(before) else 0)
        self.lives[name].append(Fired(record, before))
        if len(self.lives[name]) > LIMITS["MAX_LIVES"]:
            self.forget(self.lives[name][0])

    @precondition(lambda self: self.up())
    @rule(data=st.data(), event=st.sampled_from(EVENTS), sizes=sizes)
    def keep(self, data: st.DataObject, event: str, sizes: list[int]) -> None:
        """Events are fired. What goes for them goes out of the largest class."""
        life = self.pick(data, self.up())
        others = {other: other.record.charge for other in self.all() if other is not life}
        total, evicted = self.history.charge, self.history.evicted
        item = life.run(event, sizes)
        charge = life.record.charge + len(item.frames) + COST
        self.history.keep(life.record, item)
        if charge <= LIMITS["LIFE_BYTES"] and total + len(item.frames) + COST <= BUDGET:
            assert self.history.evicted == evicted, "there was room"
        for victim, before in others.items():
            if victim.record.charge < before:
                for other in self.all():
                    assert other.record.charge.bit_length() <= before.bit_length()

    @precondition(lambda self: self.up())
    @rule(data=st.data(), count=st.integers(1, 5))
    def leaveOut(self, data: st.DataObject, count: int) -> None:
        """Events are left out."""
        life = self.pick(data, self.up())
        life.events.extend([None] * count)
        self.history.leaveOut(life.record, len(life.events), WHY)

    @precondition(lambda self: self.all() or self.forgotten)
    @rule(data=st.data())
    def refill(self, data: st.DataObject) -> None:
        """An owner sends again what it had, perhaps late, or for the second time."""
        life = self.pick(data, self.all() + self.forgotten)
        start, oldest = life.record.start, life.record.oldest
        items = life.again(data.draw(st.integers(max(oldest, 1), start + 1)))
        wasWhole = walk(life.record, start).missing == []
        self.history.refill(life.record, items)
        if life in self.forgotten:
            assert not life.record.charge
        elif wasWhole and items:
            assert life.record.start == items[0].first - 1

    @precondition(lambda self: self.up())
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        """A sender goes."""
        life = self.pick(data, self.up())
        self.history.end(life.record, "closed", self.now)
        self.ended.append(life)
        if len(self.ended) > LIMITS["MAX_ENDED"]:
            self.forget(self.ended[0])
        self.expireToo()

    @rule(seconds=st.floats(0, 20))
    def wait(self, seconds: float) -> None:
        """Time goes on."""
        self.now += seconds
        self.history.expire(self.now)
        self.expireToo()

    @rule()
    def waitForExpiry(self) -> None:
        """What is called when it is due forgets something then."""
        due = self.history.nextExpiry
        assert (due is None) == (not self.ended)
        if due is not None:
            self.now = due
            self.history.expire(due)
            assert self.history.nextExpiry is None or self.history.nextExpiry > due
            self.expireToo()

    def expireToo(self) -> None:
        """Those that ended a window ago are to be forgotten."""
        while self.ended and self.ended[0].record.endedAt + WINDOW <= self.now:
            self.forget(self.ended[0])

    @precondition(lambda self: self.all() or self.forgotten)
    @rule(data=st.data(), hears=someEvents, count=st.integers(1, 12))
    def read(self, data: st.DataObject, hears: Hears, count: int) -> None:
        """A reader, anywhere, also of what is forgotten."""
        life = self.pick(data, self.all() + self.forgotten)
        seq = data.draw(st.integers(0, len(life.events)))
        life.check(seq, hears)
        life.checkBefore(count, hears)

    @invariant()
    def remembersRightLives(self) -> None:
        """Exactly those are remembered that are to be, in their order."""
        names = []
        for name, lives in self.lives.items():
            found = self.history.lives(name)
            records = list(found.records) if found else []
            assert records == [life.record for life in lives]
            assert [found.at(record.ordinal) for record in records if found] == records
            if lives:
                names.append(name)
        assert self.history.names() == sorted(names)
        for life in self.forgotten:
            assert life.record.ordinal < life.record.lives.first
            assert life.record.lives.at(life.record.ordinal) is None

    @invariant()
    def accountsForAll(self) -> None:
        """Each event is there or missing, and the newest are there."""
        for life in self.all() + self.forgotten:
            life.check(0)
            life.checkNewest()

    @invariant()
    def chargesWhatItKeeps(self) -> None:
        """The charges are those of what can be read, and within the limits."""
        for life in self.all() + self.forgotten:
            assert life.record.charge == chargeOf(life.record)
            assert life.record.charge <= LIMITS["LIFE_BYTES"]
        assert not any(life.record.charge for life in self.forgotten)
        assert self.history.charge == sum(life.record.charge for life in self.all())
        assert self.history.charge <= BUDGET


class HistoryPropertyTests(SynchronousTestCase):
    """Whatever senders do."""

    def test_history(self) -> None:
        """What is remembered and what is missing are together what was fired."""
        for name, value in LIMITS.items():
            self.patch(history, name, value)
        run_state_machine_as_test(HistoryMachine, settings=settings(stateful_step_count=40))


class HistoryTests(SynchronousTestCase):
    """Lives of several names, and the room that they have together."""

    def begin(self, remembered: History, name: str = "stove", sid: int = 7) -> LifeRecord:
        """A sender comes."""
        return remembered.begin(infoOf(name, sid), b"", 0)

    def fire(self, remembered: History, record: LifeRecord, count: int, event: str = "a") -> None:
        """It fires so many events, one a run."""
        for _ in range(count):
            remembered.keep(record, kept(event, record.last + 1, (20,)))

    def test_lifeBytes(self) -> None:
        """A life is full at its limit; what goes is the oldest, and not much of it."""
        self.patch(history, "LIFE_BYTES", 64_000)
        remembered = History(1 << 20, WINDOW)
        record = self.begin(remembered)
        most = 0
        for _ in range(1000):
            self.fire(remembered, record, 1)
            most = max(most, record.charge)
            self.assertLessEqual(record.charge, 64_000)
            if remembered.evicted:
                self.assertGreater(record.charge, 64_000 - 1000 - 300)
        self.assertGreater(most, 64_000 - 300)
        self.assertEqual(remembered.evicted, 1000 - len(walk(record, 0).items))

    def test_quietOnesKeepTheirs(self) -> None:
        """Those who fire little lose nothing to one who fires much."""
        remembered = History(100_000, WINDOW)
        quiet = [self.begin(remembered, f"quiet{n}") for n in range(10)]
        for record in quiet:
            self.fire(remembered, record, 5)
        loud = self.begin(remembered, "loud")
        self.fire(remembered, loud, 2000)
        self.assertTrue(all(len(walk(record, 0).items) == 5 for record in quiet))
        self.assertLessEqual(remembered.charge, 100_000)
        self.assertGreater(remembered.charge, 90_000)

    def test_endedAndEmpty(self) -> None:
        """A life that ended with nothing but its newest events is not asked for more."""
        remembered = History(5000, WINDOW)
        first, second = self.begin(remembered, "first"), self.begin(remembered, "second")
        remembered.keep(first, kept("a", 1, (4000,)))
        remembered.keep(first, kept("b", 2, (4000,)))
        self.assertEqual(walk(first, 0).items, [])
        self.assertGreater(first.charge, 4000)
        remembered.end(first, "lost", 0.0)
        self.assertEqual(remembered.charge, 0)
        self.fire(remembered, second, 100)
        self.assertLessEqual(remembered.charge, 5000)

    def test_shrunkByItsNewest(self) -> None:
        """A life that is small again, since a short event took a long one's place, is spared."""
        remembered = History(8000, WINDOW)
        small, large = self.begin(remembered, "small"), self.begin(remembered, "large")
        remembered.keep(small, kept("a", 1, (4000,)))
        remembered.keep(small, kept("b", 2, (5000,)))
        self.assertEqual([item.last for item in small.newest(anything)], [2])
        remembered.keep(small, kept("b", 3, (1,)))
        self.fire(remembered, large, 100)
        self.assertEqual([item.last for item in small.newest(anything)], [3])
        self.assertEqual(len(walk(small, 2).items), 1)

    def test_smallWhenEnded(self) -> None:
        """So is one that is small since nobody is told of its newest events any more."""
        self.patch(history, "LIFE_BYTES", 4500)
        remembered = History(4490, WINDOW)
        small, large = self.begin(remembered, "small"), self.begin(remembered, "large")
        remembered.keep(small, kept("c", 1, (100,)))
        remembered.keep(small, kept("b", 2, (4000,)))
        remembered.keep(small, kept("a", 3, (1,)))
        self.assertEqual([item.last for item in small.newest(anything)], [2, 3])
        remembered.end(small, "lost", 0.0)
        self.fire(remembered, large, 100)
        self.assertEqual(len(walk(small, 2).items), 1)

    def test_severalGiveRoom(self) -> None:
        """When much room is needed at once, it is not one life that gives all of it."""
        remembered = History(18_700, WINDOW)
        others = [self.begin(remembered, f"s{number}") for number in range(12)]
        for record in others:
            self.fire(remembered, record, 6)
        before = others[0].charge
        self.assertGreater(before, 1500)
        remembered.keep(self.begin(remembered, "long"), kept("a", 1, (1700,)))
        self.assertGreater(remembered.evicted, 0)
        self.assertGreaterEqual(min(record.charge for record in others), before // 2)

    def test_readerOfWhatIsForgotten(self) -> None:
        """Who reads a life while it is forgotten is told of the rest, event by event."""
        remembered = History(1 << 20, WINDOW)
        record = self.begin(remembered)
        self.fire(remembered, record, 5)
        self.fire(remembered, record, 5, "b")
        item = record.after(1)
        assert item is not None
        remembered.end(record, "lost", 50.0)
        remembered.expire(79.9)
        self.assertEqual(len(walk(record, item.last).items), 8)
        remembered.expire(80.0)
        self.assertEqual(walk(record, item.last), ([(3, 10, 8, ("a", "b"))], []))
        self.assertEqual(walk(record, item.last, only("a")), ([(3, 5, None, ("a",))], []))
        self.assertEqual(walk(record, item.last, only("c")), ([], []))
        self.assertEqual((remembered.charge, remembered.names()), (0, []))
        self.assertIsNone(remembered.nextExpiry)

    def test_noWindow(self) -> None:
        """Without a window nothing is remembered of who has gone."""
        remembered = History(1 << 20, 0.0)
        record = self.begin(remembered)
        self.fire(remembered, record, 5)
        remembered.end(record, "lost", 50.0)
        self.assertEqual((remembered.charge, remembered.names()), (0, []))

    def test_dueInTime(self) -> None:
        """What is called at the time it gave has something to forget, however times are rounded."""
        for endedAt in (0.1, 1e9 + 0.7, 12345.678901):
            for window in (30.0, 0.1, 0.3):
                remembered = History(1 << 20, window)
                remembered.end(self.begin(remembered), "lost", endedAt)
                due = remembered.nextExpiry
                assert due is not None
                remembered.expire(due)
                self.assertIsNone(remembered.nextExpiry, (endedAt, window))

    def test_ordinalsGoOn(self) -> None:
        """While somebody reads a name its lives are counted on, even if all are forgotten."""
        remembered = History(1 << 20, WINDOW)
        remembered.end(self.begin(remembered), "lost", 0.0)
        lives = remembered.lives("stove")
        assert lives is not None
        remembered.expire(100.0)
        self.assertEqual((lives.first, len(lives.records)), (1, 0))
        self.assertEqual(remembered.names(), [])
        record = self.begin(remembered)
        self.assertIs(record.lives, lives)
        self.assertEqual(record.ordinal, 1)
        self.assertIs(lives.at(1), record)

    def test_namesGo(self) -> None:
        """A name that nobody reads leaves nothing behind with its last life."""
        gc.disable()
        self.addCleanup(gc.enable)
        remembered = History(1 << 20, WINDOW)
        record = self.begin(remembered)
        self.fire(remembered, record, 3)
        held = weakref.ref(record.lives)
        remembered.end(record, "lost", 0.0)
        del record
        self.assertIsNotNone(held())
        remembered.expire(100.0)
        self.assertIsNone(held())
        self.assertIsNone(remembered.lives("stove"))

    def test_manyEnds(self) -> None:
        """However many come and go within the window, so many are remembered."""
        self.patch(history, "MAX_ENDED", 20)
        remembered = History(1 << 20, WINDOW)
        for number in range(100):
            remembered.end(self.begin(remembered, f"s{number:03}"), "lost", 0.0)
        self.assertEqual(remembered.names(), [f"s{number:03}" for number in range(80, 100)])
        for sid in range(100):
            remembered.end(self.begin(remembered, "same", sid), "lost", 0.0)
        lives = remembered.lives("same")
        assert lives is not None
        self.assertEqual([one.info.sid for one in lives.records], list(range(84, 100)))
        self.assertEqual(lives.first, 84)
