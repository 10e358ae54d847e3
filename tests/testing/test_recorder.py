"""A recorder notes what it hears."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import CONNECT, Router
from pysig_twisted.testing import Recorder


class RecorderTests(SynchronousTestCase):
    """Listening to a router."""

    def setUp(self) -> None:
        """A lamp and a knob."""
        self.router = Router()
        self.recorder = Recorder()
        self.router.addListener(self.recorder, onGap=self.recorder.onGap)
        self.lamp = self.router.addSender("lamp", ("level", "failed"))
        self.knob = self.router.addSender("knob", "turned")

    def fire(self) -> None:
        """Something happens."""
        self.lamp.trigger("level", 1)
        self.knob.trigger("turned", 2)
        self.lamp.trigger("failed")
        self.lamp.trigger("level", 3)

    def test_views(self) -> None:
        """What was heard, all of it or the events alone, in order."""
        self.fire()
        self.assertEqual(
            self.recorder.events,
            [
                ("lamp", "level", 1),
                ("knob", "turned", 2),
                ("lamp", "failed", None),
                ("lamp", "level", 3),
            ],
        )
        self.assertEqual(self.recorder.data, [1, 2, None, 3])
        self.assertEqual(len(self.recorder.all), 6)
        first = self.recorder.all[0]
        self.assertEqual((first.info.sender, first.info.event), ("lamp", CONNECT))
        self.assertEqual(first.data["events"], ["level", "failed"])

    def test_some(self) -> None:
        """The data of some senders or events, by name or pattern."""
        self.fire()
        dataOf = self.recorder.dataOf
        self.assertEqual(dataOf("lamp"), [1, None, 3])
        self.assertEqual(dataOf("lamp", "level"), [1, 3])
        self.assertEqual(dataOf(event="t*"), [2])
        self.assertEqual(dataOf("*o*"), [2])
        self.assertEqual(dataOf("nobody"), [])
        self.assertEqual([data["events"] for data in dataOf("knob", CONNECT)], [["turned"]])

    def test_presence(self) -> None:
        """Who came, and who went, and why."""
        self.lamp.remove()
        self.assertEqual(
            self.recorder.presence, [("lamp", "came"), ("knob", "came"), ("lamp", "closed")]
        )

    def test_gaps(self) -> None:
        """Gaps are noted, apart from the events."""
        free: Deferred[None] = Deferred()
        gaps = Recorder()
        self.router.addListener(lambda info, data: free, "lamp", onGap=gaps.onGap)
        for _ in range(1005):
            self.lamp.trigger("level")
        free.callback(None)
        [gap] = gaps.gaps
        self.assertEqual((gap.sender, gap.why, gap.n), ("lamp", "listener-slow", 4))
        self.assertEqual(gaps.all, [])

    def test_clear(self) -> None:
        """All is forgotten."""
        self.fire()
        self.recorder.gaps.append(None)  # type: ignore[arg-type]
        self.recorder.clear()
        self.assertEqual((self.recorder.all, self.recorder.gaps), ([], []))

    def test_next(self) -> None:
        """Each who waits gets as many as it asked for, of those that come from now on."""
        two, one, none = self.recorder.next(2), self.recorder.next(), self.recorder.next(0)
        self.assertEqual(self.successResultOf(none), [])
        self.assertNoResult(one)
        self.lamp.trigger("level", 1)
        self.assertEqual([heard.data for heard in self.successResultOf(one)], [1])
        self.assertNoResult(two)
        self.recorder.clear()
        self.lamp.trigger("level", 2)
        self.lamp.trigger("level", 3)
        self.assertEqual([heard.data for heard in self.successResultOf(two)], [1, 2])

    def test_several(self) -> None:
        """All who wait for the same event get it."""
        waiting = [self.recorder.next() for _ in range(3)]
        self.lamp.trigger("level", 1)
        for each in waiting:
            self.assertEqual([heard.data for heard in self.successResultOf(each)], [1])

    def test_again(self) -> None:
        """Who is told may wait for the next one."""
        got = []
        self.recorder.next().addCallback(lambda heard: got.append(self.recorder.next()))
        self.lamp.trigger("level", 1)
        self.assertNoResult(got[0])
        self.lamp.trigger("level", 2)
        self.assertEqual([heard.data for heard in self.successResultOf(got[0])], [2])

    def test_whenHeard(self) -> None:
        """Those that were heard before count, unless they were forgotten."""
        self.recorder.clear()
        self.fire()
        three, five = self.recorder.whenHeard(3), self.recorder.whenHeard(5)
        self.assertEqual([heard.data for heard in self.successResultOf(three)], [1, 2, None])
        self.assertNoResult(five)
        self.knob.trigger("turned", 5)
        self.assertEqual([heard.data for heard in self.successResultOf(five)], [1, 2, None, 3, 5])

    def test_deadline(self) -> None:
        """Who waits can give up, and is forgotten then."""
        clock = Clock()
        late = self.recorder.next().addTimeout(5, clock)
        given = self.recorder.next()
        given.cancel()
        self.failureResultOf(given, CancelledError)
        clock.advance(5)
        self.failureResultOf(late, TimeoutError)
        self.assertEqual(self.recorder._waiting, [])
        self.fire()
