"""What the senders of one process have fired lately, for listeners that come late."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis.strategies import integers, lists, sampled_from
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import EventInfo, Router
from pysig_twisted.core.remembered import Remembered
from pysig_twisted.errors import BadRequest, ConfigError
from pysig_twisted.testing import Recorder


class RememberedTests(SynchronousTestCase):
    """L{Remembered}."""

    @given(lists(sampled_from("efg"), max_size=30), integers(1, 8), integers(1, 12))
    def test_model(self, fired: list[str], size: int, count: int) -> None:
        """The newest so many of those that are kept, or the newest of each, in order."""
        remembered = Remembered(size)
        publish = {event: remembered.publisher("s", event) for event in "efg"}
        for seq, event in enumerate(fired, 1):
            publish[event](seq, seq / 2, [seq])
        every = list(enumerate(fired, 1))
        for pattern, names in ((None, "efg"), ("e", "e"), ("*", "efg")):
            found = remembered.replay("s", pattern, count)
            kept = [(seq, event) for seq, event in every[-size:] if event in names]
            assert [(info.seq, info.event) for info, _ in found] == kept[-count:]
            found = remembered.replay("s", pattern, "last")
            newest = {event: seq for seq, event in every if event in names}
            assert [info.seq for info, _ in found] == sorted(newest.values())
            for info, data in found:
                assert (info.sender, info.time, info.replayed) == ("s", info.seq / 2, True)
                assert data == [info.seq]

    def test_forget(self) -> None:
        """A sender that goes takes its events with it."""
        remembered = Remembered(5)
        for name in "st":
            remembered.publisher(name, "e")(1, 0.0, None)
        remembered.forget("s")
        remembered.forget("s")
        self.assertEqual([len(remembered.replay(name, None, 9)) for name in "st"], [0, 1])
        self.assertEqual(remembered.replay("t", None, None), [])


class RouterTests(SynchronousTestCase):
    """A router that remembers."""

    def setUp(self) -> None:
        """A sender has fired six events."""
        self.router = Router(history=4)
        self.sender = self.router.addSender("s", ("e", "f"))
        for seq in range(1, 7):
            self.sender.trigger("f" if seq == 2 else "e", seq)

    def heard(self, event: str | None = None, sender: str | None = "s", **options: Any) -> Recorder:
        """What a new listener is told."""
        heard = Recorder()
        self.router.addListener(heard, sender, event, **options)
        return heard

    def test_replay(self) -> None:
        """So many of the newest events, marked; then what is fired."""
        heard = self.heard(replay=3)
        self.assertEqual(heard.data, [4, 5, 6])
        self.sender.trigger("e", 7)
        self.assertEqual(heard.data, [4, 5, 6, 7])
        self.assertEqual([info.replayed for info, _ in heard.all], [True] * 3 + [False])
        self.assertEqual([info.seq for info, _ in heard.all], [4, 5, 6, 7])

    def test_last(self) -> None:
        """The newest of each event, however long ago."""
        self.assertEqual(self.heard(replay="last").data, [2, 6])
        self.assertEqual(self.heard("f", replay="last").data, [2])
        self.assertEqual(self.heard("f", replay=9).data, [])
        self.assertEqual(self.heard(replay=99).data, [3, 4, 5, 6])
        self.assertEqual(self.heard().data, [])

    def test_snapshot(self) -> None:
        """Who is here comes first."""
        heard = self.heard(replay=1, snapshot=True)
        self.assertEqual([info.event for info, _ in heard.all], ["#connect", "e"])

    def test_gone(self) -> None:
        """A sender that went is not replayed, nor is what its name had before."""
        self.sender.remove()
        self.assertEqual(self.heard(replay="last").data, [])
        self.router.addSender("s", "e").trigger("e", "new")
        self.assertEqual(self.heard(replay=9).data, ["new"])

    def test_refused(self) -> None:
        """Nor is one that was refused."""
        self.router.addSender("s", "e").trigger("e", "pirate")
        self.assertEqual(self.heard(replay=2).data, [5, 6])

    def test_several(self) -> None:
        """What is fired in answer to the first comes after what was before, of each sender."""
        other = self.router.addSender("t", "e")
        other.trigger("e", 1)
        heard: list[Any] = []

        def listen(info: EventInfo, data: Any) -> None:
            heard.append((info.sender, data))
            if len(heard) < 4:
                other.trigger("e", info.seq * 10)

        self.router.addListener(listen, replay=2)
        self.assertEqual([data for name, data in heard if name == "t"], [1, 50, 60, 10])
        self.assertEqual([data for name, data in heard if name == "s"], [5, 6])

    def test_within(self) -> None:
        """A listener that is added by another hears each event once."""
        heard = Recorder()

        def add(info: EventInfo, data: Any) -> None:
            if data == 7:
                self.sender.trigger("e", 8)
                self.router.addListener(heard, "s", replay=3)
                self.sender.trigger("e", 9)

        self.router.addListener(add, "s")
        self.sender.trigger("e", 7)
        self.assertEqual(heard.data, [6, 7, 8, 9])

    def test_none(self) -> None:
        """A router without a history says so, and how to have one."""
        router = Router()
        error = self.assertRaises(BadRequest, router.addListener, Recorder(), "s", replay=5)
        self.assertIn("Router(history=1000)", str(error))
        self.assertFalse(router.removeListener(Recorder(), "s"))
        self.assertEqual(len(router._listeners), 0)
        signal: Any = router.addSender("s", "e").getSignal("e")
        self.assertIsNone(signal._publish)

    def test_wrong(self) -> None:
        """A history that is none is refused."""
        for history in (-1, True, 1.5, "last", None):
            self.assertRaises(ConfigError, Router, history=history)
        self.assertRaises(BadRequest, self.router.addListener, Recorder(), replay=0)
