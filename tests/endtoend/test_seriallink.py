"""Routers at the two ends of a serial line, by the commands that users run."""

from __future__ import annotations

import signal
from time import monotonic

from pysig_twisted import ClientRouter, Gap
from pysig_twisted.errors import NotConnected
from tests.linesim import LineSim, withoutPtys

from .processes import EndToEnd, Heard, Server, reactor, until

BAUD = 115200


class LinkCase(EndToEnd):
    """A line, with a server at one of its ends."""

    timeout = 60

    if reason := withoutPtys():
        skip = reason

    def setUp(self) -> None:
        """Join the ports."""
        super().setUp()
        self.line = LineSim(BAUD)
        self.addCleanup(self.line.close)
        self.near = f"seriallink:{self.line.a.path}:baudrate={BAUD}"
        self.far = f"seriallink:{self.line.b.path}:baudrate={BAUD}"

    async def crosses(self, one: ClientRouter, other: ClientRouter) -> None:
        """Events and requests cross the line, both ways."""
        await self.assertWorks(one, other)
        await self.assertWorks(other, one)


class LinkTests(LinkCase):
    """A clean line."""

    async def test_both(self) -> None:
        """Who is at the other end takes part like anybody."""
        server = await self.server(self.near)
        [said] = server.matching("listening on seriallink:")
        self.assertIn(self.line.a.path, said)
        here, there = await self.client(), await self.client(self.far)
        await self.crosses(here, there)
        await there.stopService()
        await server.says(f"{self.line.a.path} is gone .*closed")
        again = await self.client(self.far)
        await self.crosses(here, again)

    async def test_noise(self) -> None:
        """A bad line is slower, and nothing is lost or doubled."""
        await self.server(self.near)
        here, there = await self.client(), await self.client(self.far)
        heard = Heard()
        await here.addListener(heard, "meter").whenSettled()
        sender = there.addSender("meter", ["reading"])
        await sender.whenSettled()
        self.line.noise(flip=0.002, drop=0.0005, insert=0.0005)
        for number in range(300):
            await there.ready()
            sender.trigger("reading", number)
        await until(lambda: ("meter", "reading", 299) in heard, lambda: heard[-3:])
        readings = [data for _, event, data in heard if event == "reading"]
        self.assertEqual(readings, list(range(300)))

    async def test_busy(self) -> None:
        """A port that another has open is an error that says who."""
        server = await self.server(self.near)
        router = ClientRouter(self.near, reactor=reactor)
        up = router.whenConnected(failAfterFailures=1)
        router.startService()
        self.addCleanup(router.stopService)
        error = await self.assertFailure(up, NotConnected)
        self.assertIn("is busy: it is open in", str(error))
        self.assertIn(f"process {server.pid}", str(error))


class FaultTests(LinkCase):
    """Ends that die."""

    async def test_clientKilled(self) -> None:
        """Who is killed and started anew is connected within a second of opening the port."""
        await self.server(self.near)
        here = await self.client()
        for number in range(3):
            name = f"there{number}"
            peer = await self.peer(name, self.far)
            heard = Heard()
            await here.addListener(heard, name, snapshot=True).whenSettled()
            self.assertIsNotNone(await here.request(name, "echo", number, timeout=5))
            peer.kill()
            await peer.ends()

    async def test_serverKilled(self) -> None:
        """A server that is killed is found when it is back; what was missed is told."""
        server = await self.server(self.near)
        there = await self.client(self.far)
        heard, gaps = Heard(), list[Gap]()
        await there.addListener(heard, "meter", onGap=gaps.append).whenSettled()
        for number in range(2):
            other = await self.client()
            sender = other.addSender("meter", ["reading"])
            await sender.whenSettled()
            sender.trigger("reading", number)
            await until(lambda number=number: ("meter", "reading", number) in heard)
            await other.stopService()
            down = there.whenDisconnected()
            server.kill()
            await server.ends()
            server = await self.server(self.near)
            await down
            await there.whenConnected()
            await self.assertWorks(there)

    async def test_cut(self) -> None:
        """A line that is silent for a second loses nothing, and nobody reconnects."""
        await self.server(self.near)
        here, there = await self.client(), await self.client(self.far)
        losses = self.losses(there)
        heard = Heard()
        await there.addListener(heard, "meter").whenSettled()
        sender = here.addSender("meter", ["reading"])
        await sender.whenSettled()
        self.line.cut()
        sender.trigger("reading", 1)
        end = monotonic() + 1.0
        await until(lambda: monotonic() > end)
        self.assertEqual([each for each in heard if each[1] == "reading"], [])
        self.line.mend()
        await until(lambda: ("meter", "reading", 1) in heard)
        self.assertEqual(losses, [])

    async def test_dead(self) -> None:
        """An end that is not heard any more is given up, although the line is silent only."""
        server = await self.server(self.near)
        peer = await self.peer("there", self.far)
        await until(lambda: server.matching("is connected"))
        peer.kill(signal.SIGSTOP)
        await server.says("is gone .*not heard for")


class SlowTests(LinkCase):
    """More than the line carries."""

    async def test_newest(self) -> None:
        """Who is at its end hears the newest soon, and how many it has not heard."""
        near = f"seriallink:{self.line.a.path}:baudrate=9600"
        far = f"seriallink:{self.line.b.path}:baudrate=9600"
        server: Server = await self.server(near)
        here, there = await self.client(), await self.client(far)
        heard, gaps = Heard(), list[Gap]()
        await there.addListener(heard, "meter", onGap=gaps.append).whenSettled()
        sender = here.addSender("meter", ["reading"])
        await sender.whenSettled()
        fired = 3000
        for number in range(fired):
            sender.trigger("reading", number)
        await until(lambda: ("meter", "reading", fired - 1) in heard, lambda: heard[-2:])
        readings = [data for _, event, data in heard if event == "reading"]
        self.assertEqual(readings, sorted(readings))
        self.assertEqual(len(readings) + sum(gap.n or 0 for gap in gaps), fired)
        self.assertEqual({gap.why for gap in gaps}, {"slow"})
        self.assertEqual(server.matching("slow-consumer"), [])
