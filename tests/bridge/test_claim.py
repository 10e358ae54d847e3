"""A name that is asked for again."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Router
from pysig_twisted.bridge.claim import AGAIN, Claim
from pysig_twisted.core.clock import clockOf
from pysig_twisted.errors import NameTaken, PysigError
from pysig_twisted.testing import Recorder, memoryRouters


class ClaimTests(SynchronousTestCase):
    """L{Claim<pysig_twisted.bridge.claim.Claim>}, beside its router."""

    def setUp(self) -> None:
        """A router, somebody who hears all, and a claim that has not asked yet."""
        self.clock = Clock()
        self.router = Router()
        self.heard = Recorder()
        self.router.addListener(self.heard)
        self.told: list[PysigError | None] = []
        self.claim = Claim(
            self.router,
            clockOf(self.clock),
            "meter",
            ["reading"],
            {"double": lambda params: 2 * params},
            self.told.append,
        )

    @property
    def events(self) -> list[tuple[str, Any]]:
        """What was heard; of presence the reason, at most."""
        return [
            (
                heard.info.event,
                heard.data if heard.info.event[0] != "#" else heard.data.get("reason"),
            )
            for heard in self.heard.all
        ]

    def test_before(self) -> None:
        """Nothing is asked for, and nothing can be fired, before it is told to."""
        self.assertFalse(self.claim.isAccepted)
        self.assertFalse(self.claim.fire("reading", 1))
        self.assertEqual((self.told, self.events, self.clock.getDelayedCalls()), ([], [], []))

    def test_free(self) -> None:
        """A name that is free is ours at once: it fires, and answers."""
        self.claim.ask()
        self.assertEqual((self.told, self.claim.isAccepted), ([None], True))
        self.assertTrue(self.claim.fire("reading", 21.5))
        self.assertEqual(self.events, [("#connect", None), ("reading", 21.5)])
        self.assertEqual(self.successResultOf(self.router.request("meter", "double", 4)), 8)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_taken(self) -> None:
        """One that is taken is asked for again in a while, and each time it is told why."""
        self.router.addSender("meter")
        self.claim.ask()
        for count in range(1, 4):
            self.assertEqual([type(error) for error in self.told], [NameTaken] * count)
            self.assertFalse(self.claim.isAccepted)
            self.clock.advance(AGAIN - 0.5)
            self.assertEqual(len(self.told), count)
            self.clock.advance(0.5)
        self.assertEqual(self.events, [("#connect", None)], "that of the other")

    def test_freed(self) -> None:
        """It is ours at the next time after the other has gone, and is asked for no more."""
        other = self.router.addSender("meter")
        self.claim.ask()
        self.clock.advance(1.0)
        other.remove()
        self.assertFalse(self.claim.isAccepted)
        self.clock.advance(AGAIN - 1.0)
        self.assertEqual((self.told[1:], self.claim.isAccepted), ([None], True))
        self.assertTrue(self.claim.fire("reading", 1))
        self.assertEqual(self.successResultOf(self.router.request("meter", "double", 4)), 8)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_fireRefused(self) -> None:
        """What is fired under a name that is not ours goes nowhere, and asks no more often."""
        self.router.addSender("meter", "reading")
        self.claim.ask()
        for _ in range(3):
            self.assertFalse(self.claim.fire("reading", 1))
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.assertEqual(self.events, [("#connect", None)])

    def test_remove(self) -> None:
        """What is taken back is gone for the reason given, and cannot fire."""
        self.claim.ask()
        self.claim.remove("unplugged")
        self.assertEqual(self.events, [("#connect", None), ("#disconnect", "unplugged")])
        with capturedLogs() as logs:
            self.assertEqual((self.claim.isAccepted, self.claim.fire("reading", 1)), (False, False))
        self.assertEqual(logs, [], "that is no fault")
        self.assertIs(self.router.getSender("meter"), None)
        self.claim.remove("unplugged")
        self.assertEqual((len(self.events), self.told), (2, [None]))

    def test_removeRefused(self) -> None:
        """One that was refused and is taken back leaves the other alone, and never asks again."""
        other = self.router.addSender("meter")
        self.claim.ask()
        self.claim.remove("unplugged")
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertIs(self.router.getSender("meter"), other)
        self.assertEqual((len(self.told), self.events), (1, [("#connect", None)]))

    def test_removedByListener(self) -> None:
        """A listener that has it taken back when it hears of it leaves no sender behind."""
        self.router.addListener(lambda info, data: self.claim.remove("closed"), "meter", "#connect")
        self.claim.ask()
        self.assertIs(self.router.getSender("meter"), None)
        self.assertEqual(self.events, [("#connect", None), ("#disconnect", "closed")])
        self.assertEqual((self.claim.isAccepted, self.told), (False, []))
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_removedWhenTold(self) -> None:
        """Who hears that the name is refused may give up at once."""
        self.router.addSender("meter")
        claim = Claim(
            self.router, clockOf(self.clock), "meter", [], {}, lambda error: claim.remove("closed")
        )
        claim.ask()
        self.clock.advance(AGAIN)
        self.assertFalse(claim.isAccepted)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_unsendable(self) -> None:
        """What cannot be fired is logged, once for each event, and the rest goes on."""
        self.claim.ask()
        with capturedLogs() as logs:
            for _ in range(3):
                self.assertFalse(self.claim.fire("other", 1))
                self.assertFalse(self.claim.fire("third", 1))
            self.assertTrue(self.claim.fire("reading", 1))
        logged = [
            (log["name"], log["event"]) for log in logs if "cannot be fired" in log["log_format"]
        ]
        self.assertEqual(logged, [("meter", "other"), ("meter", "third")])
        self.assertEqual(self.events[1:], [("reading", 1)])


class LinkTests(SynchronousTestCase):
    """L{Claim<pysig_twisted.bridge.claim.Claim>}, of a client."""

    def setUp(self) -> None:
        """A server, a client, and a claim of that."""
        self.routers = memoryRouters(clients=1)
        self.addCleanup(self.routers.stop)
        [self.client] = self.routers.clients
        self.told: list[PysigError | None] = []
        self.claim = Claim(
            self.client, clockOf(self.routers.clock), "meter", ["reading"], {}, self.told.append
        )

    def cut(self) -> None:
        """The link breaks, and is there again some time later, but not much."""
        start = self.routers.clock.seconds()
        self.routers.link(self.client).cut()
        self.routers.result(self.client.whenConnected())
        self.routers.pump()
        self.assertLess(self.routers.clock.seconds(), start + AGAIN)

    def loseToAnother(self) -> Any:
        """The link breaks, and another has the name before it is there again."""
        self.routers.link(self.client).cut()
        self.routers.pump()
        other = self.routers.server.addSender("meter")
        self.assertEqual(str(other.state), "accepted")
        self.routers.result(self.client.whenConnected())
        self.routers.pump()
        return other

    def test_pending(self) -> None:
        """A name is ours when the server has said so; what is fired until then is not lost."""
        heard = Recorder()
        self.routers.server.addListener(heard, "meter", "reading")
        self.claim.ask()
        self.assertEqual((self.claim.isAccepted, self.told), (False, []))
        self.assertTrue(self.claim.fire("reading", 1))
        self.routers.pump()
        self.assertEqual((self.claim.isAccepted, self.told), (True, [None]))
        self.assertEqual([each.data for each in heard.all], [1])

    def test_removedPending(self) -> None:
        """Nothing is told of one that was taken back before the server has answered."""
        self.claim.ask()
        self.claim.remove("unplugged")
        self.routers.pump()
        self.assertEqual((self.told, self.claim.isAccepted), ([], False))
        self.assertEqual(self.routers.result(self.routers.server.senders()), [])

    def test_reconnected(self) -> None:
        """Over a link that breaks it stays ours, and that is not told again."""
        self.claim.ask()
        self.routers.pump()
        self.cut()
        self.routers.advance(2 * AGAIN)
        self.assertEqual((self.told, self.claim.isAccepted), ([None], True))
        self.assertTrue(self.claim.fire("reading", 1))

    def test_acceptedMeanwhile(self) -> None:
        """One that the client has got as it connected again is told at the next look."""
        other = self.routers.server.addSender("meter")
        self.claim.ask()
        self.routers.pump()
        self.assertEqual([type(error) for error in self.told], [NameTaken])
        other.remove()
        heard = Recorder()
        self.routers.server.addListener(heard, "meter")
        self.cut()
        self.assertTrue(self.claim.isAccepted)
        self.assertTrue(self.claim.fire("reading", 1))
        self.routers.advance(AGAIN)
        self.assertEqual((self.told[1:], self.claim.isAccepted), ([None], True))
        self.assertEqual([each.info.event for each in heard.all], ["#connect", "reading"])
        self.loseToAnother()
        self.claim.fire("reading", 2)
        self.routers.advance(AGAIN)
        self.assertEqual([type(error) for error in self.told[2:]], [NameTaken])

    def test_lostMeanwhile(self) -> None:
        """One that another got while the link was down is asked for again when it is needed."""
        self.claim.ask()
        self.routers.pump()
        other = self.loseToAnother()
        self.assertFalse(self.claim.fire("reading", 1))
        self.assertFalse(self.claim.isAccepted)
        self.routers.advance(AGAIN)
        self.assertEqual([type(error) for error in self.told[1:]], [NameTaken])
        other.remove()
        self.routers.advance(AGAIN)
        self.assertEqual((self.told[2:], self.claim.isAccepted), ([None], True))

    def test_slowMeanwhile(self) -> None:
        """A client that asks again by itself, slowly, is waited for."""
        with memoryRouters(clients=1) as routers:
            [client] = routers.clients
            told: list[PysigError | None] = []
            other = routers.server.addSender("meter")
            claim = Claim(client, clockOf(routers.clock), "meter", ["reading"], {}, told.append)
            claim.ask()
            routers.pump()
            other.remove()
            routers.advance(2.0)
            link = routers.link(client)
            link.bytesPerSecond = 200
            link.cut()
            routers.advance(AGAIN - 2.0)
            self.assertFalse(claim.isAccepted)
            link.bytesPerSecond = None
            routers.advance(10)
            self.assertTrue(claim.isAccepted)
            self.assertIsNone(told[-1])
