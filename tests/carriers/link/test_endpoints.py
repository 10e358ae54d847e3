"""The link as endpoints, over real pseudo-terminals."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionDone, TimeoutError
from twisted.internet.interfaces import IListeningPort, IStreamClientEndpoint, IStreamServerEndpoint
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from pysig_twisted.carriers.link.endpoints import LinkClientEndpoint, LinkServerEndpoint
from pysig_twisted.carriers.link.settings import LinkSettings
from pysig_twisted.carriers.serialerrors import DeviceBusy, DeviceLost, DeviceMissing
from pysig_twisted.carriers.serialline import LineSettings
from tests.linesim import LineSim, withoutPtys

from ..lines import reactor, until
from .cable import NotingFactory

LINE = LineSettings(115200)


class EndpointCase(TestCase):
    """A line with a server at its one end."""

    timeout = 60

    if reason := withoutPtys():
        skip = reason

    def setUp(self) -> None:
        """Join two ports."""
        self.line = LineSim(115200)
        self.addCleanup(self.line.close)
        self.served, self.connected = NotingFactory(), NotingFactory()

    async def listen(self) -> Any:
        """Serve at one end."""
        endpoint = LinkServerEndpoint(reactor, self.line.a.path, LinkSettings(LINE))
        port = await endpoint.listen(self.served)
        self.addCleanup(port.stopListening)
        return port

    def endpoint(self, path: str = "", **settings: Any) -> LinkClientEndpoint:
        """What connects from the other end."""
        return LinkClientEndpoint(reactor, path or self.line.b.path, LinkSettings(LINE, **settings))

    async def connect(self) -> Any:
        """Be connected, at both ends."""
        before = len(self.served.made)
        protocol = await self.endpoint().connect(self.connected)
        self.addCleanup(lambda: until(lambda: protocol.reasons))
        self.addCleanup(protocol.transport.abortConnection)
        await until(lambda: len(self.served.made) > before)
        return protocol


class ConnectTests(EndpointCase):
    """Who connects."""

    async def test_both(self) -> None:
        """Both ends hear each other; when one closes, both are told, and may begin anew."""
        port = await self.listen()
        verifyObject(IListeningPort, port)
        verifyObject(IStreamClientEndpoint, self.endpoint())
        verifyObject(IStreamServerEndpoint, LinkServerEndpoint(reactor, "x", LinkSettings(LINE)))
        for number in range(2):
            far = await self.connect()
            near = self.served.last
            far.transport.write(b"hello")
            await until(lambda near=near: near.data == b"hello")
            near.transport.write(b"goodbye")
            near.transport.loseConnection()
            await until(lambda near=near, far=far: near.reasons and far.reasons)
            self.assertEqual(far.data, b"goodbye")
            self.assertIsInstance(far.reasons[0], ConnectionDone)
            self.assertEqual(len(self.served.made), number + 1)

    async def test_nobody(self) -> None:
        """Where nobody answers, that is said, with where, how long, and what to look at."""
        error = await self.assertFailure(
            self.endpoint(timeout=0.2).connect(self.connected), TimeoutError
        )
        for words in (self.line.b.path, "115200 baud, 8N1", "within 0.2 s", "nothing came"):
            self.assertIn(words, str(error))
        self.assertEqual(self.connected.made, [])
        await self.listen()
        await self.connect()  # the port is free again

    async def test_strangers(self) -> None:
        """Where something else is at the other end, the rate is what to look at."""
        failing = self.endpoint(timeout=0.5).connect(self.connected)
        other = os.open(self.line.a.path, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, other)
        await until(lambda: self.line.b.taken)  # what comes before it is open does not count
        os.write(other, b"login: ")
        error = await self.assertFailure(failing, TimeoutError)
        self.assertIn("and no whole frame: is the rate the same there?", str(error))

    async def test_deaf(self) -> None:
        """Where the other end is heard, but does not hear us, it is our wire for sending."""
        await self.listen()
        self.line.b.block()
        error = await self.assertFailure(
            self.endpoint(timeout=1.5).connect(self.connected), TimeoutError
        )
        self.assertIn("it is heard, but does not hear us", str(error))

    async def test_loop(self) -> None:
        """A line that sends back what it is sent is told as that."""
        line = LineSim(device=lambda data: data)
        self.addCleanup(line.close)
        error = await self.assertFailure(
            self.endpoint(line.a.path, timeout=0.5).connect(self.connected), TimeoutError
        )
        self.assertIn("the line sends back what it is sent", str(error))

    async def test_missing(self) -> None:
        """A port that is not there, or that another has, is an error that says so."""
        missing = self.endpoint(self.line.b.path + "x").connect(self.connected)
        await self.assertFailure(missing, DeviceMissing)
        await self.listen()
        busy = self.endpoint(self.line.a.path).connect(self.connected)
        error = await self.assertFailure(busy, DeviceBusy)
        self.assertIn("is busy: it is open in this process", str(error))

    async def test_cancel(self) -> None:
        """Whoever has lost interest gets no protocol, and leaves the port to others."""
        for isSoon in (True, False):
            connecting = self.endpoint().connect(self.connected)
            if not isSoon:
                await until(lambda: self.line.b.taken)  # it has said hello
            connecting.cancel()
            await self.assertFailure(connecting, CancelledError)
        self.assertEqual(self.connected.made, [])
        await self.listen()
        await self.connect()

    async def test_unplugged(self) -> None:
        """A port that is lost ends the session with the reason."""
        await self.listen()
        far = await self.connect()
        self.line.b.unplug()
        await until(lambda: far.reasons)
        self.assertIsInstance(far.reasons[0], DeviceLost)

    async def test_unpluggedBefore(self) -> None:
        """A port that is lost before anybody has answered is an error, at once."""
        connecting = self.endpoint().connect(self.connected)
        await until(lambda: self.line.b.taken)
        self.line.b.unplug()
        await self.assertFailure(connecting, DeviceLost)


class ListenTests(EndpointCase):
    """Who serves."""

    async def test_unplugged(self) -> None:
        """A port that was lost is opened again when it is there, and serves."""
        await self.listen()
        far = await self.connect()
        self.line.a.unplug()
        near = self.served.last
        await until(lambda: near.reasons)
        self.assertIsInstance(near.reasons[0], DeviceLost)
        self.line.a.replug()
        await until(lambda: far.reasons)
        again = await self.connect()
        again.transport.write(b"hello")
        await until(lambda: self.served.last.data == b"hello")

    async def test_stop(self) -> None:
        """Who serves no more ends the session and leaves the port to others."""
        port = await self.listen()
        far = await self.connect()
        near = self.served.last
        await port.stopListening()
        await until(lambda: near.reasons and far.reasons)
        self.assertEqual(len(near.reasons), 1)
        await self.listen()
        await self.connect()
        self.assertEqual(len(self.served.made), 2)
