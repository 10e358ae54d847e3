"""How a device is, in the words of its bridge."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Router
from pysig_twisted.commands.serial.states import States
from pysig_twisted.core.info import Gap
from pysig_twisted.errors import BadRequest

from .case import MISSING, addBridge, state


class StatesTests(SynchronousTestCase):
    """L{States}, with bridges that are made up."""

    def setUp(self) -> None:
        """A router without bridges."""
        self.router = Router(clock=Clock())
        self.told: list[tuple[str, str, Any]] = []
        self.notes: list[str] = []

    def tell(self, record: Mapping[str, Any]) -> None:
        """Note what matters of a record."""
        data = record["data"]
        about = data.get("state") if record["event"] == "state" else data.get("reason")
        self.told.append((record["sender"], record["event"], about))

    def states(self, name: str = "meter") -> States:
        """Begin."""
        states = States(self.router, name, self.tell, self.notes.append)
        self.successResultOf(Deferred.fromCoroutine(states.settle()))
        return states

    def gaps(self) -> Callable[[Gap], object]:
        """Begin, and get what is told of gaps among the states."""
        found: list[Callable[[Gap], object]] = []
        real = self.router.addListener

        def addListener(listener: Any, sender: Any, event: Any, **options: Any) -> Any:
            if event == "state":
                found.append(options["onGap"])
            return real(listener, sender, event, **options)

        self.patch(self.router, "addListener", addListener)
        self.states()
        return found[0]

    def test_there(self) -> None:
        """A bridge that is there is asked; then each change is told, once."""
        bridge = addBridge(self.router, state("scale"), state("meter", "waiting", **MISSING))
        states = self.states()
        bridge.trigger("state", state("meter", "waiting", **MISSING))
        bridge.trigger("state", state("scale", "silent"))
        bridge.trigger("state", state("meter"))
        self.assertEqual(self.told, [("bridge", "state", "waiting"), ("bridge", "state", "up")])
        self.assertEqual(states.devices, {"bridge": ["scale", "meter"]})
        self.assertEqual(self.notes, [])

    def test_comes(self) -> None:
        """A bridge that comes later is asked, too; its end is told, and what comes after it."""
        self.states()
        self.assertEqual(self.notes, ["no bridge is connected; waiting"])
        for _ in range(2):
            addBridge(self.router, state("meter")).remove("unplugged")
        one = [("bridge", "state", "up"), ("bridge", "#disconnect", "unplugged")]
        self.assertEqual(self.told, one * 2)
        self.assertEqual(len(self.notes), 1)

    def test_several(self) -> None:
        """Of several bridges those are told of that have the device."""
        addBridge(self.router, state("scale"), name="attic")
        addBridge(self.router, state("meter"), name="cellar")
        self.states()
        self.assertEqual(self.told, [("cellar", "state", "up")])
        self.router.removeSender("attic")
        self.assertEqual(len(self.told), 1)
        self.assertEqual(self.notes, [])

    def test_goneOthers(self) -> None:
        """The devices of a bridge that has gone are not named."""
        waiting: Deferred[Any] = Deferred()
        addBridge(self.router, state("scale"), name="attic")
        self.router.addSender("cellar", "state", {"devices": lambda params: waiting})
        self.states()
        self.router.removeSender("attic")
        waiting.callback([state("gps")])
        self.assertEqual(self.notes, ["no bridge has a device 'meter'; there is gps; waiting"])

    def test_nowhere(self) -> None:
        """If no bridge has the device the others are named, once, and it may still come."""
        bridge = addBridge(self.router, state("scale"), state("gps"), name="roof")
        self.states("mater")
        expected = "no bridge has a device 'mater'; there are gps, scale; waiting"
        self.assertEqual(self.notes, [expected])
        bridge.trigger("state", state("mater"))
        self.assertEqual(self.told, [("roof", "state", "up")])
        bridge.remove()
        addBridge(self.router)
        self.assertEqual(self.notes, [expected])

    def test_empty(self) -> None:
        """A bridge without a device has nothing to name."""
        addBridge(self.router)
        self.states()
        self.assertEqual(self.notes, ["no bridge has a device 'meter'; waiting"])

    def test_stranger(self) -> None:
        """What others fire as C{state} is not believed, and no state at all is ignored."""
        bridge = addBridge(self.router, state("meter"))
        self.states()
        self.router.addSender("liar", "state").trigger("state", state("meter", "silent"))
        bridge.trigger("state", "odd")
        self.assertEqual(len(self.told), 1)

    def test_late(self) -> None:
        """An answer that is older than what was fired meanwhile is not told."""
        waiting: Deferred[Any] = Deferred()
        bridge = self.router.addSender("bridge", "state", {"devices": lambda params: waiting})
        states = self.states()
        bridge.trigger("state", state("meter", boot=2))
        waiting.callback([state("meter", "waiting")])
        self.assertEqual(self.told, [("bridge", "state", "up")])
        self.assertEqual((states.devices, self.notes), ({"bridge": ["meter"]}, []))

    def test_goneMeanwhile(self) -> None:
        """A bridge that goes before it has answered is none."""
        waiting: Deferred[Any] = Deferred()
        self.router.addSender("bridge", "state", {"devices": lambda params: waiting})
        states = self.states()
        self.assertEqual(self.notes, [])
        self.router.removeSender("bridge")
        self.assertEqual((self.told, states.devices), ([], {}))
        self.assertEqual(self.notes, ["no bridge is connected; waiting"])

    def test_missed(self) -> None:
        """After a gap the bridges are asked anew, and what has changed is told."""
        now = [state("meter")]
        self.router.addSender("bridge", "state", {"devices": lambda params: now})
        missed = self.gaps()
        gap = Gap("bridge", None, 1, 2, 2, None, "link")
        missed(gap)
        self.assertEqual(len(self.told), 1)
        now[0] = state("meter", "silent")
        missed(gap)
        self.assertEqual(self.told[1:], [("bridge", "state", "silent")])

    def test_failing(self) -> None:
        """A bridge that refuses to tell is noted, once, and its events are heard still."""

        def refuse(params: Any) -> Any:
            raise BadRequest("you may not")

        bridge = self.router.addSender("bridge", "state", {"devices": refuse})
        self.gaps()(Gap("bridge", None, 1, 2, 2, None, "link"))
        self.assertEqual(
            self.notes,
            [
                "the devices of bridge are not known: you may not",
                "no bridge has a device 'meter'; waiting",
            ],
        )
        bridge.trigger("state", state("meter"))
        self.assertEqual(self.told, [("bridge", "state", "up")])
