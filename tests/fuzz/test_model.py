"""A whole server against its promises."""

from __future__ import annotations

from typing import Any
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net.arrivals import Arrivals
from pysig_twisted.net.hub import Hub
from tests import SLOW

from . import machines
from .model import Broken, Open, World, fails

SIMPLE = [
    ["declare", 0, "aa"],
    ["listen", 1, 0, True],
    ["wait", 0.1],
    ["fire", 0, "aa", "e", 3],
    ["wait", 0.1],
]


class MachineTests(SynchronousTestCase):
    """Steps that hypothesis chooses."""

    def test_short(self) -> None:
        """Nothing is broken."""
        machines.run(7744, 400 if SLOW else 25, 30)
        self.assertGreater(machines.ServerMachine.taken, 100)


class AccountTests(SynchronousTestCase):
    """Promises that are broken are seen."""

    def test_kept(self) -> None:
        """Here all are kept, also where something is missed, and told."""
        self.assertIsNone(fails(SIMPLE))
        away = [["cut", 1, True, True], ["restart"], ["fire", 0, "aa", "f", 2], ["wait", 30.0]]
        self.assertIsNone(fails([*SIMPLE, *away]))

    def test_presence(self) -> None:
        """Who is here is told."""
        steps = [["listen", 1, 0, True], ["wait", 0.1], ["declare", 0, "aa"], ["calm"]]
        self.assertIsNone(fails(steps))
        with mock.patch.object(Hub, "_announce"):
            self.assertIn("are here", str(fails(steps)))

    def test_lost(self) -> None:
        """What was fired is heard."""
        read = Arrivals.read

        def losing(self: Any, data: bytes, at: int, maxFrame: int, replayed: bool = False) -> int:
            for known in self._view.known.values():
                known.seq += known.seq == 1  # the second is passed over
            return read(self, data, at, maxFrame, replayed)

        with mock.patch.object(Arrivals, "read", losing):
            fire = ["fire", 0, "aa", "e", 1]
            self.assertIn(
                "never told", str(fails([*SIMPLE[:3], fire, ["wait", 0.1], fire, ["wait", 0.1]]))
            )

    def test_request(self) -> None:
        """A request ends, at its time and once."""
        world = World()
        self.addCleanup(world.forget)
        world._requests.append(Open(-5.0))
        self.assertIn("not ended", str(self.assertRaises(Broken, world.check)))
        world._requests[:] = [Open(5.0, ["one", "two"])]
        self.assertIn("has ended in", str(self.assertRaises(Broken, world.check)))
