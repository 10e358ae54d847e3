"""Waiting for room, and until the router has taken all."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from pysig_twisted import Limits
from pysig_twisted.errors import LinkLost, NotConnected, RequestTimeout, ShuttingDown
from pysig_twisted.net.sending import ROOM

from .clientcase import ClientTestCase, Scripts, obliging


class FlushTests(ClientTestCase):
    """Waiting until the router has taken all."""

    def test_flush(self) -> None:
        """It fires when all that was fired before has been taken, registrations included."""
        client = self.client()
        heard = self.listen(self.client(), None, "e")
        sender = client.addSender("s", "e")
        sender.trigger("e", 1)
        taken: list[int] = []
        flushed = client.flush()
        flushed.addCallback(lambda _: taken.append(self.routers.server.events.accepted))
        self.assertNoResult(flushed)
        self.assertIsNone(self.result(flushed))
        self.assertEqual(taken, [1])
        self.assertEqual(heard.data, [1])

    def test_waits(self) -> None:
        """It does not fire earlier."""
        client = self.client()
        sender = client.addSender("s", "e")
        self.routers.link(client).hold(client=False)
        sender.trigger("e", 1)
        flushed = client.flush()
        self.routers.advance(20)
        self.assertNoResult(flushed)
        self.assertEqual(self.routers.server.events.accepted, 0)
        self.routers.link(client).release()
        self.result(flushed)
        self.assertEqual(self.routers.server.events.accepted, 1)

    def test_refused(self) -> None:
        """A sender that is refused holds nobody up."""
        self.sender(self.client())
        client = self.client()
        client.addSender("s", "e").trigger("e", 1)
        self.assertIsNone(self.result(client.flush()))

    def test_notConnected(self) -> None:
        """Without a link it fails at once."""
        error = self.failureResultOf(self.client(start=False).flush(), NotConnected)
        self.assertIn("memory", str(error))

    def test_survives(self) -> None:
        """When the link breaks it is asked again on the next one, whatever it waits for."""
        client = self.client()
        self.routers.link(client).hold()
        first = client.flush()
        client.addSender("s", "e").trigger("e", 1)
        second = client.flush()
        self.routers.link(client).cut()
        self.assertNoResult(first)
        self.assertNoResult(second)
        self.reconnect(client)
        self.assertIsNone(self.result(first))
        self.assertIsNone(self.result(second))
        self.assertIsNone(self.result(client.flush()))

    def test_stopped(self) -> None:
        """When the client is stopped while it waits, it fails."""
        client = self.client()
        self.routers.link(client).hold()
        waiting = [client.flush()]
        client.addSender("s", "e").trigger("e", 1)
        waiting.append(client.flush())
        client.stopService()
        self.routers.link(client).release()
        for flushed in waiting:
            self.failure(flushed, ShuttingDown)

    def test_rings(self) -> None:
        """It waits for what waits in rings, too."""
        client = self.client()
        sender = self.sender(client)
        self.routers.link(client).hold()
        for number in range(50):
            sender.trigger("e", str(number) + "x" * 100_000)
        self.assertGreater(client._own.sending.unsent, 3_000_000)
        flushed = client.flush()
        self.routers.link(client).release()
        taken: list[int] = []
        flushed.addCallback(lambda _: taken.append(self.routers.server.events.accepted))
        self.routers.pump()
        self.assertEqual(taken, [50])

    def test_removed(self) -> None:
        """It waits for what a sender that was removed has fired before."""
        client = self.client()
        heard = self.listen(self.client(), None, "e")
        sender = client.addSender("s", "e")
        sender.trigger("e", 1)
        sender.remove()
        self.assertIsNone(self.result(client.flush()))
        self.assertEqual(heard.data, [1])

    def test_timeout(self) -> None:
        """It does not wait for ever."""
        self.routers.factory = Scripts(obliging)
        client = self.client()
        flushed = client.flush()
        self.routers.advance(29)
        self.assertNoResult(flushed)
        self.routers.advance(2)
        self.failureResultOf(flushed, RequestTimeout)
        self.assertEqual(client._pace._flushes, set())

    def test_cancel(self) -> None:
        """Who does not wait any more leaves nothing behind."""
        client = self.client()
        flushed = client.flush()
        flushed.cancel()
        self.failureResultOf(flushed, CancelledError)
        self.assertEqual(client._pace._flushes, set())
        self.routers.pump()
        self.assertIsNone(self.result(client.flush()))


class ReadyTests(ClientTestCase):
    """Pacing a burst."""

    def test_ready(self) -> None:
        """It fires at once while there is room, and else when there is again."""
        client = self.client()
        sender = self.sender(client)
        self.successResultOf(client.ready())
        self.routers.link(client).hold()
        for _ in range(ROOM // 50_000):
            sender.trigger("e", "x" * 100_000)
        ready = client.ready()
        self.routers.pump()
        self.assertNoResult(ready)
        self.routers.link(client).release()
        self.assertIsNone(self.result(ready))

    def test_pacedBurst(self) -> None:
        """A burst that paces itself loses nothing, whatever the limit."""
        client = self.client(limits=Limits(outbox=ROOM + 100_000))
        sender = self.sender(client)
        heard = self.listen(self.client(), "s")

        async def burst() -> None:
            for number in range(200):
                await client.ready()
                sender.trigger("e", str(number) + "x" * 50_000)
            await client.flush()

        self.assertIsNone(self.result(Deferred.fromCoroutine(burst())))
        self.assertEqual(len(heard.data), 200)
        self.assertEqual(heard.gaps, [])

    def test_waitsForLink(self) -> None:
        """While the link is down it waits for it."""
        client = self.client(start=False)
        ready = client.ready()
        self.routers.pump()
        self.assertNoResult(ready)
        client.startService()
        self.assertIsNone(self.result(ready))

    def test_lost(self) -> None:
        """When the link breaks meanwhile, it fails."""
        client = self.client()
        sender = self.sender(client)
        self.routers.link(client).hold()
        for _ in range(20):
            sender.trigger("e", "x" * 100_000)
        ready = client.ready()
        self.assertNoResult(ready)
        self.routers.link(client).cut()
        self.failureResultOf(ready, LinkLost)

    def test_stopped(self) -> None:
        """When the client is stopped while it waits, it fails."""
        client = self.client(start=False)
        ready = client.ready()
        client.stopService()
        self.failureResultOf(ready, ShuttingDown)
        client.startService()
        self.routers.pump()
        sender = self.sender(client)
        for _ in range(20):
            sender.trigger("e", "x" * 100_000)
        ready = client.ready()
        client.stopService()
        self.failure(ready, LinkLost)
