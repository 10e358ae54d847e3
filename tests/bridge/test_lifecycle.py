"""When a device is there, and why it is not."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.lifecycle import Lifecycle, State

READY = re.compile("READY")


class LifecycleTests(SynchronousTestCase):
    """L{Lifecycle<pysig_twisted.bridge.lifecycle.Lifecycle>}."""

    def make(self, **settings: Any) -> Lifecycle:
        """One that notes what it tells."""
        self.told: list[str] = []
        self.states: list[str] = []
        life = Lifecycle(
            lambda: self.told.append("#connect"),
            self.told.append,
            lambda: self.states.append(life.state.value),
            **settings,
        )
        return life

    def test_plain(self) -> None:
        """A device without further wishes is there as soon as its port is open."""
        life = self.make()
        life.opened(10)
        self.assertEqual((life.state, self.told, life.due), (State.UP, ["#connect"], None))
        life.closed("unplugged", "/dev/x is gone")
        self.assertEqual(self.told, ["#connect", "unplugged"])
        self.assertEqual((life.state, life.reason), (State.WAITING, "unplugged"))
        life.opened(11)
        life.stop()
        life.stop()
        self.assertEqual(self.told[2:], ["#connect", "closed"])
        self.assertEqual((life.boot, life.state), (2, State.STOPPED))

    def test_settle(self) -> None:
        """It has time to settle; what it says meanwhile does not shorten that."""
        life = self.make(settle=2.0, ready=READY)
        life.opened(10)
        life.said("READY", 10.5)
        self.assertEqual((self.told, life.due), ([], 12))
        life.expire(11.9)
        self.assertEqual(self.told, [])
        life.expire(12)
        self.assertEqual(self.told, ["#connect"])

    def test_ready(self) -> None:
        """It is there when it has said so, wherever in a line, and be that noise."""
        life = self.make(settle=2.0, ready=READY)
        life.opened(10)
        life.expire(12)
        self.assertEqual((life.state, self.told), (State.STARTING, []))
        life.said("hello", 13)
        self.assertEqual(self.told, [])
        life.said("EVT,11,6203READY fw 1.0", 14, isGood=False)
        self.assertEqual(self.told, ["#connect"])

    def test_closedEarly(self) -> None:
        """One that was never there is not told as gone."""
        life = self.make(ready=READY)
        life.opened(10)
        life.closed("unplugged", "gone")
        self.assertEqual(self.told, [])
        life.opened(11)
        self.assertEqual(self.told, [], "it was ready before it was unplugged, at most")

    def test_reset(self) -> None:
        """One that starts anew ends a life and begins another, with another boot."""
        life = self.make(ready=READY, reset=READY)
        life.opened(10)
        life.said("READY", 11)
        self.assertEqual((self.told, life.boot), (["#connect"], 1))
        life.said("12.READY", 12)
        self.assertEqual((self.told, life.boot), (["#connect", "reset", "#connect"], 2))
        life = self.make(ready=READY, reset=re.compile("BOOT"))
        life.opened(10)
        life.said("READY", 11)
        life.said("BOOT", 12)
        self.assertEqual((self.told, life.state), (["#connect", "reset"], State.STARTING))
        life.said("READY", 13)
        self.assertEqual(self.told, ["#connect", "reset", "#connect"])

    def test_resetStorm(self) -> None:
        """What says all the time that it starts anew has one life a second, not more."""
        life = self.make(reset=READY)
        life.opened(10)
        for step in range(1, 31):
            life.said("READY", 10 + step / 10)
        self.assertEqual((self.told.count("reset"), life.boot), (3, 31))

    def test_stoppedBeforeConnect(self) -> None:
        """One that is stopped by who is told of its state was never there."""
        life = self.make()
        life._changed = lambda: life.stop() if life.state is State.UP else None
        life.opened(10)
        self.assertNotIn("#connect", self.told)

    def test_note(self) -> None:
        """What is wrong with it is told once, until that is over; not of one that is closed."""
        life = self.make()
        life.note("refused", "taken")
        life.opened(10)
        for _ in range(3):
            life.note("refused", "taken")
        self.assertEqual((life.reason, self.states), ("refused", ["up", "up"]))
        life.note(None, "")
        life.note(None, "")
        self.assertEqual((life.reason, len(self.states)), (None, 3))

    def test_resetAlone(self) -> None:
        """Where nothing says that it is ready, it is so at once."""
        life = self.make(reset=READY)
        life.opened(10)
        life.said("READY", 11)
        self.assertEqual(self.told, ["#connect", "reset", "#connect"])

    def test_silence(self) -> None:
        """One that says nothing good is gone until it does."""
        life = self.make(silence=30)
        life.opened(10)
        life.said("x", 20)
        life.said("\xff", 30, isGood=False)
        self.assertEqual(life.due, 50)
        life.expire(49)
        self.assertEqual(self.told, ["#connect"])
        life.expire(50)
        self.assertEqual((self.told[1:], life.state), (["silent"], State.SILENT))
        life.said("\xff", 60, isGood=False)
        self.assertEqual(life.state, State.SILENT)
        life.said("x", 61)
        self.assertEqual((self.told[2:], life.boot), (["#connect"], 1))

    def test_wait(self) -> None:
        """Why its port cannot be opened is told once."""
        life = self.make()
        for _ in range(3):
            life.wait("busy", "it is in use")
        self.assertEqual((self.states, life.message), (["waiting"], "it is in use"))
        life.wait("missing", "it is not there")
        self.assertEqual(self.states, ["waiting", "waiting"])
        life.opened(1)
        self.assertEqual((life.reason, life.message), (None, ""))

    @given(st.lists(st.tuples(st.sampled_from("oclwsreg"), st.integers(0, 40)), max_size=40))
    def test_anyOrder(self, steps: list[tuple[str, int]]) -> None:
        """Whatever happens, coming and going alternate, and it is there only while open."""
        life = self.make(settle=1.0, ready=READY, reset=re.compile("BOOT"), silence=20)
        now = 0.0
        for step, seconds in steps:
            now += seconds
            if step == "o" and not life.isOpen:
                life.opened(now)
            elif step == "c" and life.isOpen:
                life.closed("unplugged", "gone")
            elif step == "w" and not life.isOpen:
                life.wait("busy", "in use")
            elif step == "l":
                life.stop()
            elif step == "e":
                life.expire(now)
            elif life.isOpen:
                life.said({"s": "READY", "r": "BOOT", "g": "x"}.get(step, ""), now, step != "g")
            self.assertEqual(self.told[0::2], ["#connect"] * len(self.told[0::2]))
            self.assertNotIn("#connect", self.told[1::2])
            self.assertEqual(len(self.told) % 2 == 1, life.state is State.UP)
