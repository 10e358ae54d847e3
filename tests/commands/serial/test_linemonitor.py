"""A serial line that routers speak over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands.serial.linemonitor import LineMonitor
from pysig_twisted.commands.serial.view import View, isLine
from pysig_twisted.errors import Denied, LinkLost

from .. import CommandCase

LINE = "seriallink:/dev/ttyS1"
FACTS: dict[str, Any] = {
    "rate": 960.0,
    "sessions": 1,
    "framesIn": 10,
    "framesOut": 20,
    "resent": 3,
    "duplicates": 0,
    "bad": 1,
    "roundTrip": 0.012,
    "goodputIn": 24.5,
    "goodputOut": 1089.6,
    "useIn": 0.06,
    "useOut": 0.138,
}


def peer(id: int, address: str = LINE, line: Any = FACTS) -> dict[str, Any]:
    """A connection."""
    return {
        "id": id,
        "address": address,
        "software": "pysig",
        "principal": "anonymous",
        "since": 1000.0,
        "senders": ["there"],
        "line": line,
    }


class StandIn:
    """
    Stands in for a client of the router.

    @ivar peers: the connections, or an error.
    """

    maxFrame = 1 << 20

    def __init__(self) -> None:
        self.peers: Any = []
        self.asked: list[Any] = []

    def request(self, sender: str, method: str, params: Any) -> Deferred[Any]:
        """Answer."""
        self.asked.append(params)
        if isinstance(self.peers, Exception):
            return fail(self.peers)
        return succeed({"peers": self.peers, "more": False})


class LineMonitorTests(SynchronousTestCase):
    """What is told of a line."""

    def setUp(self) -> None:
        """Nobody is connected."""
        self.clock = Clock()
        self.router = StandIn()
        self.told: list[Mapping[str, Any]] = []
        self.notes: list[str] = []

    def monitor(self, **options: Any) -> LineMonitor:
        """Begin."""
        monitor = LineMonitor(
            self.router, LINE, self.told.append, self.notes.append, self.clock, **options
        )
        self.successResultOf(Deferred.fromCoroutine(monitor.settle()))
        self.addCleanup(lambda: Deferred.fromCoroutine(monitor.close()))
        return monitor

    def events(self) -> list[str]:
        """The names of what was told since this was asked last."""
        names = [record["event"] for record in self.told]
        self.told.clear()
        return names

    def test_life(self) -> None:
        """Who comes, how the line is every second, who goes, and who comes instead."""
        self.monitor()
        self.assertEqual((self.events(), len(self.notes)), ([], 1))
        self.assertIn(f"nobody is connected over {LINE}", self.notes[0])
        self.router.peers = [peer(7)]
        self.clock.advance(1)
        self.assertEqual(self.told[0]["data"]["senders"], ("there",))
        self.assertEqual(self.told[1]["data"], FACTS)
        self.assertEqual(self.events(), ["#connect", "#stats"])
        self.clock.advance(1)
        self.assertEqual(self.events(), ["#stats"])
        self.router.peers = [peer(8)]
        self.clock.advance(1)
        self.assertEqual(self.events(), ["#disconnect", "#connect", "#stats"])
        self.router.peers = []
        self.clock.advance(1)
        self.assertEqual(self.events(), ["#disconnect"])

    def test_others(self) -> None:
        """Other connections do not concern it, but other lines are named."""
        self.router.peers = [peer(1, "127.0.0.1:5", None), peer(2, "seriallink:/dev/ttyS2")]
        self.monitor()
        self.assertEqual(self.events(), [])
        self.assertTrue(self.notes[0].endswith("; there is: seriallink:/dev/ttyS2"), self.notes)

    def test_count(self) -> None:
        """It ends after so many looks."""
        self.router.peers = [peer(7)]
        monitor = self.monitor(every=5, count=2)
        self.clock.advance(4)
        self.assertNoResult(monitor.ended)
        self.clock.advance(1)
        self.assertIsNone(self.successResultOf(monitor.ended))
        self.clock.advance(5)
        self.assertEqual(self.events(), ["#connect", "#stats", "#stats"])

    def test_away(self) -> None:
        """While the router is away nothing is told; it goes on when it is back."""
        self.router.peers = [peer(7)]
        self.monitor()
        self.events()
        self.router.peers = LinkLost("down")
        self.clock.advance(3)
        self.assertEqual(self.events(), [])
        self.router.peers = [peer(1)]
        self.clock.advance(1)
        self.assertEqual(self.events(), ["#disconnect", "#connect", "#stats"])

    def test_refused(self) -> None:
        """A router that does not tell ends it."""
        self.router.peers = [peer(7)]
        monitor = self.monitor()
        self.router.peers = Denied("not for you")
        self.clock.advance(1)
        self.failureResultOf(monitor.ended, Denied)

    def test_text(self) -> None:
        """For people it is a line of words."""
        self.assertEqual(
            [isLine(name) for name in (LINE, "meter", "/dev/ttyS1")], [True, False, False]
        )
        self.router.peers = [peer(7)]
        self.monitor()
        text = View(LINE).text(self.told[1])
        self.assertTrue(
            text.endswith(
                "#stats        in 24 B/s, out 1,090 B/s, line use in 6%, out 14%, round trip 12 ms,"
                " 3 resent, 1 bad"
            ),
            text,
        )
        none = {**FACTS, "rate": None, "roundTrip": None, "useIn": None, "useOut": None}
        text = View(LINE).text({**self.told[1], "data": none})
        self.assertTrue(text.endswith("in 24 B/s, out 1,090 B/s, 3 resent, 1 bad"), text)


class CommandTests(CommandCase):
    """The command."""

    async def test_raw(self) -> None:
        """The bytes of such a line are not to be had."""
        run = self.spawn("serial", "monitor", LINE, "--raw")
        await run.ended()
        self.assertEqual(run.status, 2)
        self.assertIn("--raw is for devices", run.err)
