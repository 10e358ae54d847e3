"""
What every carrier must do, as tests to inherit: what is tested is a pair of
endpoints, and that is all that a carrier is.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from ..errors import PysigError, ShuttingDown
from ..net.client import ClientRouter
from ..net.endpoints import clientEndpoint
from ..net.flow import abortTransport
from .bytestream import Stream, Writer
from .contractserver import NAME, ContractServer
from .farend import CLOSE, DEAF, ECHO, ENOUGH, FLOOD, KEEP, LAST, SWAP, TELL
from .nearend import NearEnd

if TYPE_CHECKING:
    from twisted.trial.unittest import TestCase as Base
else:
    Base = object

MUCH: Final = 8 << 20
TOO_MUCH: Final = 32 << 20
"""
Bytes: what no carrier takes while nobody reads at its other end.
"""

ATTEMPTS: Final = 500
GRACE: Final = 0.5
"""
Seconds in which a carrier could take too much.
"""


class CarrierContract(Base):
    """
    Mix this into a C{TestCase} of C{twisted.trial}, and write C{carrier}.

    @cvar several: can there be several connections to one far end at a time?
    @cvar deadline: seconds for each thing that is waited for.
    """

    several = True
    deadline = 30.0

    async def carrier(self) -> str | IStreamClientEndpoint:
        """
        Make a far end for one test.

        @return: what leads to it: an endpoint, or a string for one.
        """
        raise NotImplementedError

    async def serve(self, endpoint: str | IStreamServerEndpoint) -> Any:
        """
        Have the far end in this process, until the test ends.

        @return: the port.
        """
        from twisted.internet import reactor

        server = ContractServer(reactor)
        self.addCleanup(lambda: self._soon(server.stop(), "the end of the server"))
        return await self._soon(server.listen(endpoint), "a port")

    async def connected(self) -> NearEnd:
        """
        A connection to a new far end, until the test ends.
        """
        return await self._connected(await self.carrier())

    async def _connected(self, carrier: str | IStreamClientEndpoint) -> NearEnd:
        """
        A connection, until the test ends.
        """
        from twisted.internet import reactor

        endpoint = clientEndpoint(reactor, carrier)
        connecting = endpoint.connect(Factory.forProtocol(NearEnd))
        near: NearEnd = await self._soon(connecting, "a connection")
        self.addCleanup(self._end, near)
        return near

    async def client(self, carrier: str | IStreamClientEndpoint) -> ClientRouter:
        """
        A router at this end of it, which is connected until the test ends.
        """
        router = ClientRouter(carrier, linkGrace=0.0)
        up = router.whenConnected(failAfterFailures=1)
        router.startService()
        self.addCleanup(self._stop, router)
        await self._soon(up, "the client's link")
        return router

    async def _stop(self, router: ClientRouter) -> None:
        """
        Stop a client, unless that was done.
        """
        if router.running:
            await self._soon(router.stopService(), "the end of a client")

    async def test_allBytes(self) -> None:
        """
        Each of the 256 bytes, and each pair of the ones that mean something to some
        carriers, goes there and back.
        """
        near = await self.connected()
        special = b"\0\x03\x04\n\r\x11\x13\x1a\x1b\x7f\xff~\xc0\xdb"
        data = bytes(range(256)) + bytes(b for x in special for y in special for b in (x, y))
        near.write(ECHO + data)
        await self._echoed(near, data)

    async def test_pieces(self) -> None:
        """
        Bytes that are written one by one come in their order; nothing is lost, and
        nothing comes twice.
        """
        near = await self.connected()
        data = Stream(5000).piece(0)
        near.write(ECHO)
        for place, byte in enumerate(data):
            near.write(bytes([byte]))
            if place % 500 == 0:
                await self._echoed(near, data[: place + 1])
        await self._echoed(near, data)

    async def test_bothWays(self) -> None:
        """
        8 MiB each way at the same time: both are what was sent.
        """
        near = await self.connected()
        near.write(SWAP + MUCH.to_bytes(8, "big"))
        Writer(near.transport, MUCH, lambda: None)
        await self._soon(
            near.until(lambda: len(near.received) >= MUCH + 32),
            lambda: f"all of {MUCH} bytes ({len(near.received)} have come)",
        )
        digest = Stream(MUCH).digest()
        self._assertSound(near)
        self.assertTrue(sha256(near.received[:MUCH]).digest() == digest, "what came is not as sent")
        self.assertTrue(near.received[MUCH:] == digest, "what went is not as sent")

    async def test_farEndWaits(self) -> None:
        """
        While the far end reads nothing, the carrier has whoever writes here wait;
        then it goes on.
        """
        near = await self.connected()
        near.write(DEAF + TOO_MUCH.to_bytes(8, "big"))
        writer = Writer(near.transport, TOO_MUCH, lambda: None)
        await self._soon(near.until(lambda: bool(near.received)), "the far end reads again")
        taken = writer.given
        await self._soon(
            near.until(lambda: len(near.received) >= 33),
            lambda: f"the far end has all ({writer.given} of {TOO_MUCH} bytes are sent)",
        )
        self._assertSound(near)
        self.assertTrue(near.received[:1] == ENOUGH, "the far end got bytes that it did not read")
        self.assertTrue(near.received[1:] == Stream(TOO_MUCH).digest(), "what went is not as sent")
        self.assertGreater(writer.pauses, 0, "pauseProducing() of the producer was never called")
        self.assertLess(taken, TOO_MUCH, "the carrier took all that, and nobody was reading")

    async def test_nearEndWaits(self) -> None:
        """
        While nobody reads here, the carrier has whoever writes at the far end wait;
        then it goes on.
        """
        from twisted.internet import reactor, task

        near = await self.connected()
        near.write(FLOOD + TOO_MUCH.to_bytes(8, "big"))
        await self._soon(near.until(lambda: bool(near.received)), "the first bytes")
        near.transport.pauseProducing()
        # What must not happen needs time in which it could.
        await task.deferLater(reactor, GRACE)
        near.write(ENOUGH)
        await task.deferLater(reactor, GRACE)
        near.transport.resumeProducing()

        def sent() -> int:
            return int.from_bytes(near.received[-8:], "big")

        await self._soon(
            near.until(lambda: len(near.received) == sent() + 8),
            lambda: f"the far end's last word, after {len(near.received)} bytes",
        )
        self._assertSound(near)
        self.assertLess(sent(), TOO_MUCH, "the carrier took all that, and nobody was reading")

    async def test_farEndCloses(self) -> None:
        """
        When the far end hangs up, what it said last still comes, and then we are told.
        """
        near = await self.connected()
        near.write(CLOSE)
        await self._lost(near)
        self.assertTrue(near.received == LAST, f"{len(near.received)} of {len(LAST)} bytes came")

    async def test_nearEndCloses(self) -> None:
        """
        When we hang up, what we said last still goes, and then we are told.
        """
        carrier = await self.carrier()
        near = await self._connected(carrier)
        near.write(KEEP + LAST)
        near.transport.loseConnection()
        await self._lost(near)
        if self.several:
            digest = sha256(LAST).digest()
            told = b""
            for _ in range(ATTEMPTS):
                told = await self._told(carrier)
                if any(told):
                    break
            self.assertTrue(told == digest, "what was said last did not arrive")

    async def _told(self, carrier: str | IStreamClientEndpoint) -> bytes:
        """
        The check sum of what came on a connection that is over; zeros while it is not.
        """
        asking = await self._connected(carrier)
        asking.write(TELL)
        await self._soon(asking.until(lambda: len(asking.received) >= 32), "an answer")
        return bytes(asking.received)

    async def test_abort(self) -> None:
        """
        A connection can be ended at once, while much waits to be sent and nobody
        reads it. (C{abortConnection} may be missing.)
        """
        near = await self.connected()
        near.write(DEAF + TOO_MUCH.to_bytes(8, "big"))
        Writer(near.transport, TOO_MUCH, lambda: None)
        abortTransport(near.transport)
        await self._lost(near)

    async def test_again(self) -> None:
        """
        After a connection there can be another, and another.
        """
        carrier = await self.carrier()
        for number in range(3):
            near = await self._connected(carrier)
            near.write(ECHO + b"%d" % number)
            await self._echoed(near, b"%d" % number)
            near.transport.loseConnection()
            await self._lost(near)

    async def test_router(self) -> None:
        """
        Events and requests go both ways, in order.
        """
        router = await self.client(await self.carrier())
        numbers: list[int] = []
        listening = router.addListener(lambda info, data: numbers.append(data[0]), NAME, "fired")
        await self._soon(listening.whenSettled(), "the subscription")
        near = router.addSender("near", ["told"], {"answer": lambda params: [params]})
        await self._soon(near.whenSettled(), "the sender")
        await self._asked(router, "fire", 2000, 2000)
        # All that was fired before an answer has come before it.
        self.assertEqual(numbers, list(range(2000)))
        for number in range(2000):
            near.trigger("told", number)
        await self._asked(router, "heard", None, list(range(2000)))
        await self._asked(router, "ask", {"a": "\u2603"}, [{"a": "\u2603"}])
        await self._asked(router, "echo", "x" * 500_000, "x" * 500_000)

    async def test_routersMeet(self) -> None:
        """
        Two clients hear each other, if the carrier has several connections.
        """
        if not self.several:
            return
        carrier = await self.carrier()
        one, other = await self.client(carrier), await self.client(carrier)
        heard: Deferred[Any] = Deferred()
        listening = other.addListener(lambda info, data: heard.callback(data), "near", "told")
        await self._soon(listening.whenSettled(), "the subscription")
        near = one.addSender("near", "told", {"answer": lambda params: params})
        await self._soon(near.whenSettled(), "the sender")
        near.trigger("told", "hello")
        self.assertEqual(await self._soon(heard, "an event"), "hello")
        answer = await self._soon(other.request("near", "answer", 5), "an answer")
        self.assertEqual(answer, 5)
        await self._asked(one, "peers", None, 2)
        await self._stop(other)
        for _ in range(ATTEMPTS):
            if await self._soon(one.request(NAME, "peers"), "an answer") == 1:
                break
        await self._asked(one, "peers", None, 1)

    async def test_reconnect(self) -> None:
        """
        A router whose connection breaks connects again, and has what it had.
        """
        router = await self.client(await self.carrier())
        near = router.addSender("near", ["told"], {"answer": lambda params: params})
        await self._soon(near.whenSettled(), "the sender")
        down = router.whenDisconnected()
        router.request(NAME, "cut").addErrback(lambda failure: failure.trap(PysigError))
        await self._soon(down, "the end of the link")
        await self._soon(router.whenConnected(), "the next link")
        await self._asked(router, "ask", "again", "again")

    async def test_serverStops(self) -> None:
        """
        A router that goes down says so before the connection ends; the client stops.
        """
        router = await self.client(await self.carrier())
        down = router.whenDisconnected()
        await self._soon(router.request(NAME, "stop"), "an answer")
        error = await self._soon(down, "the end of the link")
        self.assertIsInstance(error, ShuttingDown, f"the link ended with {error!r}")
        await self._stop(router)

    async def _asked(self, router: ClientRouter, method: str, params: Any, answer: Any) -> None:
        """
        Check what the far end answers.
        """
        found = await self._soon(router.request(NAME, method, params), f"an answer to {method!r}")
        self.assertTrue(
            found == answer, f"{method!r} was answered with {found!r:.200}, not {answer!r:.200}"
        )

    async def _echoed(self, near: NearEnd, data: bytes) -> None:
        """
        Check that what comes back is what was sent.
        """
        await self._soon(
            near.until(lambda: len(near.received) >= len(data)),
            lambda: f"an echo of {len(data)} bytes ({len(near.received)} have come)",
        )
        self._assertSound(near)
        self.assertTrue(
            near.received == data, f"{near.received!r:.300} came back for {data!r:.300}"
        )

    async def _lost(self, near: NearEnd) -> None:
        """
        Check that we are told of the end, once.
        """
        from twisted.internet import reactor, task

        await self._soon(near.until(lambda: near.ends > 0), "connectionLost()")
        await task.deferLater(reactor, 0)
        self._assertSound(near)

    def _assertSound(self, near: NearEnd) -> None:
        """
        Check that the carrier has done nothing that none may.
        """
        self.assertEqual(near.fault, "")

    async def _end(self, near: NearEnd) -> None:
        """
        End a connection with the test.
        """
        if not near.ends:
            abortTransport(near.transport)
            await self._lost(near)
        self._assertSound(near)

    def _soon(
        self,
        awaited: Deferred[Any] | Coroutine[Deferred[Any], Any, Any],
        what: str | Callable[[], str],
    ) -> Deferred[Any]:
        """
        What is awaited, which must come before the deadline.
        """
        from twisted.internet import reactor

        deferred = awaited if isinstance(awaited, Deferred) else Deferred.fromCoroutine(awaited)

        def failed(failure: Failure) -> None:
            words = what if isinstance(what, str) else what()
            if failure.check(CancelledError):
                raise AssertionError(f"not within {self.deadline:g} s: {words}")
            if failure.check(AssertionError):
                failure.raiseException()
            raise AssertionError(f"instead of {words}: {failure.value!r:.300}") from failure.value

        deferred.addTimeout(self.deadline, reactor, lambda result, seconds: result)
        return deferred.addErrback(failed)
