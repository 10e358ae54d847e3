"""Peers that do not speak the protocol, or speak it badly."""

from __future__ import annotations

import contextlib
import json
import re
import ssl
from pathlib import Path

from twisted.internet.defer import gatherResults
from twisted.internet.task import LoopingCall

from .processes import CALL, EVENT, HELLO, RESULT, WELCOME, EndToEnd, Server, frame, until

# What a log says of a connection that ended before HELLO, or after.
REFUSED = "was refused: |is gone |went without HELLO"


def clientHello() -> bytes:
    """The first bytes of a TLS client."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = ssl.create_default_context().wrap_bio(
        incoming, outgoing, server_hostname="localhost"
    )
    with contextlib.suppress(ssl.SSLWantReadError):
        connection.do_handshake()
    return outgoing.read()


class BadBytesTests(EndToEnd):
    """
    Each is told what is wrong and leaves one line in the log; a client that fires events all the
    while is not disturbed.
    """

    async def begin(self) -> Server:
        """A server with a good client at work."""
        server = await self.server("tcp:0:interface=127.0.0.1", limits="helloTimeout = 0.5")
        self.good = await self.client()
        self.fired = 0
        self.heard: list[int] = []
        await self.good.addListener(
            lambda info, data: self.heard.append(data), "good", "n"
        ).whenSettled()
        sender = self.good.addSender("good", "n")
        await sender.whenSettled()

        def fire() -> None:
            self.fired += 1
            sender.trigger("n", self.fired)

        ticking = LoopingCall(fire)
        ticking.start(0.01)
        self.addCleanup(lambda: ticking.stop() if ticking.running else None)
        self.ticking = ticking
        return server

    async def finishGood(self, server: Server) -> None:
        """See that the good client missed nothing."""
        self.ticking.stop()
        await until(lambda: len(self.heard) >= self.fired)
        self.assertEqual(self.heard, list(range(1, self.fired + 1)))
        self.assertEqual(len(server.matching("is connected as anonymous .number 1,")), 1)
        self.assertClean(server.text)

    async def refused(
        self, server: Server, data: bytes, why: str, code: str = "protocol-error"
    ) -> None:
        """Say these bytes, and see the connection end with this reason, in one line of log."""
        before = len(server.lines)
        raw = await self.raw(server.tcp)
        raw.write(data)
        said = await raw.goodbye()
        self.assertEqual(said["code"], code)
        self.assertRegex(said["reason"], why)
        await until(lambda: any(re.search(REFUSED, line) for line in server.lines[before:]))
        await self.assertWorks(self.good)
        lines = [line for line in server.lines[before:] if "is connected as" not in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], REFUSED)
        self.assertRegex(lines[0], why)

    async def test_strangers(self) -> None:
        """HTTP, TLS, random bytes, half a frame, and lengths beyond all measure."""
        server = await self.begin()
        hello = frame(HELLO, {"versions": [1]})
        other = "this is not the pysig protocol: the first byte is 0x"
        for data, why in (
            (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", other + "47"),
            (clientHello(), other + "16"),
            (b"\x93garbage\x00\xff" * 1000, other + "93"),
            (b"\x40\x00\x00\x00\x01", other + "40"),
            (b"\x00\xff\xff\xff\x01", "16777215 bytes; 8192 is the limit"),
            (b"\x00\x00\x00\x00\x01", "length 0"),
            (b"\x00\x00\x00\x05\x77abcd", "kind"),
            (frame(CALL, {"call": "listen"}, 1), "CALL is not legal .* before WELCOME"),
            (frame(HELLO, b"{"), "HELLO"),
            (frame(HELLO, b"\xff\xfe"), "HELLO"),
            (hello + b"\x40\x00\x00\x00\x20", "1073741824 bytes; 1048576 is the limit"),
            (hello + b"\x00\x00\x00\x02\x77a", "kind"),
            (hello + hello, "HELLO is not legal"),
            (hello + frame(EVENT, b"\x01\xff\xff"), "."),
        ):
            await self.refused(server, data, why)
        await self.refused(server, frame(HELLO, {"versions": [7]}), "version", "version")
        await self.refused(server, hello[:9], "no HELLO came within 0.5 s", "timeout")
        await self.finishGood(server)

    async def test_slices(self) -> None:
        """A valid conversation in slices of one byte is a valid conversation."""
        server = await self.begin()
        raw = await self.raw(server.tcp)
        conversation = (
            frame(HELLO, {"versions": [1], "software": "slow"})
            + frame(CALL, {"call": "listen", "sender": "good", "event": "n"}, 1)
            + frame(
                CALL,
                {
                    "call": "addSender",
                    "sender": "slow",
                    "sid": "0" * 15 + "1",
                    "secret": "0" * 32,
                    "events": ["tick"],
                },
                2,
            )
        )
        for n, at in enumerate(range(len(conversation))):
            raw.write(conversation[at : at + 1])
            if n % 10 == 0:  # so that they do go one by one
                await self.good.request("$router", "stats")
        await raw.hears(WELCOME)
        self.assertEqual(json.loads((await raw.hears(RESULT, 2))[4:]), {"have": 0})
        await raw.hears(EVENT, 3)
        self.assertFalse(raw.isClosed)
        self.assertIn("slow", [info.name for info in await self.good.senders()])
        await self.finishGood(server)

    async def test_lengths(self) -> None:
        """What a frame only announces costs no memory."""
        server = await self.begin()
        before = server.memory
        raws = [await (await self.raw(server.tcp)).enter() for _ in range(20)]
        for raw in raws:
            raw.write(b"\x00\x0f\xff\xff" + bytes([CALL]) + b"half of it")
        huge = [await (await self.raw(server.tcp)).enter() for _ in range(20)]
        for raw in huge:
            raw.write(b"\x40\x00\x00\x00" + bytes([CALL]) + b"a")
        await gatherResults([raw.hearsEnd() for raw in huge])
        await self.assertWorks(self.good)
        self.assertFalse(any(raw.isClosed for raw in raws))
        self.assertLess(server.memory - before, 10 << 20)
        await self.finishGood(server)

    async def test_idle(self) -> None:
        """200 connections that say next to nothing cost little, and are ended at their time."""
        server = await self.begin()
        before = server.memory
        raws = []
        for _ in range(10):  # in parts that fit into the queue of those to be accepted
            raws += [await self.raw(server.tcp) for _ in range(20)]
            await self.good.request("$router", "stats")
        await self.assertWorks(self.good)
        for raw in raws:
            raw.transport.write(b"\0")
        await until(lambda: all(raw.isClosed for raw in raws))
        await server.says("no HELLO came within 0.5 s", 200)
        self.assertEqual(len(server.matching(REFUSED)), 200)
        await self.assertWorks(self.good)
        self.assertLess(server.memory - before, 20 << 20)
        await self.finishGood(server)

    async def test_tooMany(self) -> None:
        """More connections than allowed are told so; those that are there go on."""
        server = await self.server("tcp:0:interface=127.0.0.1", limits="peers = 3")
        good = await self.client()
        others = [await (await self.raw(server.tcp)).enter() for _ in range(2)]
        said = await (await self.raw(server.tcp)).goodbye()
        self.assertEqual(said["code"], "busy")
        self.assertIn("3 connections are open, which is the limit", said["reason"])
        await self.assertWorks(good)
        self.assertFalse(any(raw.isClosed for raw in others))
        others[0].transport.abortConnection()
        await server.says("is gone")
        await (await self.raw(server.tcp)).enter()


if not Path("/proc/self/status").exists():
    for test in (BadBytesTests.test_lengths, BadBytesTests.test_idle):
        test.skip = "tells memory from /proc"  # type: ignore[attr-defined]
