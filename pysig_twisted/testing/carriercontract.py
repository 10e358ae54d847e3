"""
What every carrier must do, as tests to inherit: what is tested is a pair of
endpoints, and that is all that a carrier is.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from twisted.internet.interfaces import IStreamClientEndpoint

from ..net.flow import abortTransport
from .bytestream import Stream, Writer
from .carrierrouters import ATTEMPTS, RouterTests
from .farend import CLOSE, DEAF, ECHO, ENOUGH, FLOOD, KEEP, LAST, SWAP, TELL, sized
from .nearend import NearEnd

MUCH: Final = 8 << 20
TOO_MUCH: Final = 32 << 20
"""
Bytes: what no carrier takes while nobody reads at its other end.
"""

UNDER_WAY: Final = 1 << 20
"""
Bytes: what may have been read already when a transport is told to read no more.
"""


class CarrierContract(RouterTests):
    """
    Mix this into a C{TestCase} of C{twisted.trial}, and write C{carrier}. How long
    it may wait, and whether it can have several connections, is said by attributes:
    see L{CarrierCase<pysig_twisted.testing.carriercase.CarrierCase>}.
    """

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
        near.write(SWAP + sized(MUCH))
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
        near.write(DEAF + sized(TOO_MUCH, self.grace))
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
        While nobody reads here, nothing comes, and the carrier has whoever writes at
        the far end wait; then it goes on.
        """
        from twisted.internet import reactor, task

        near = await self.connected()
        near.write(FLOOD + sized(TOO_MUCH))
        await self._soon(near.until(lambda: bool(near.received)), "the first bytes")
        near.transport.pauseProducing()
        before = len(near.received)
        # What must not happen needs time in which it could.
        await task.deferLater(reactor, self.grace / 2)
        settled = near.reads
        await task.deferLater(reactor, self.grace / 2)
        near.write(ENOUGH)
        await task.deferLater(reactor, self.grace)
        came = len(near.received) - before
        # One read may have begun before, however slow it is.
        self.assertTrue(
            came <= UNDER_WAY and near.reads <= settled + 1,
            f"pauseProducing() of the transport did not stop dataReceived(): {came} bytes came"
            " before resumeProducing() was called",
        )
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
        near.write(DEAF + sized(TOO_MUCH, self.grace))
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
