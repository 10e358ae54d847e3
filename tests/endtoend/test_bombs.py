"""Frames that are small to send and would be large, or endless, to read."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec

from .processes import (
    CALL,
    ERROR,
    FAIL,
    GOODBYE,
    HELLO,
    REQUEST,
    RESULT,
    EndToEnd,
    Raw,
    Server,
    frame,
    until,
)

DEEP = 5_000_000
LONGEST = (1 << 24) - 1

# What one frame may take for the moment that it is looked at; of all that were, nothing may stay.
ROOM = 64 << 20

# However many of them come.
CONSTANT = 16 << 20

GIGABYTE = b"\x40\0\0\0"

ARRAYS = b"[" * DEEP
OBJECTS = b'{"a":' * (DEEP // 5)
CLOSED = b"[" * DEEP + b"]" * DEEP
STRINGS = b'"[' * (DEEP // 2)
EMPTY = b"{}" * 500_000
MANY = b"[" + b"{}," * 333_333 + b"{}]"

BOMBS = (ARRAYS, OBJECTS, CLOSED, STRINGS, EMPTY)


class BombTests(EndToEnd):
    """A server takes none of them, is not the larger for it, and the others go on."""

    timeout = 120

    async def begin(self) -> Server:
        """A server that takes the longest frames there are, and a good client."""
        limits = f"maxFrame = {LONGEST}\noutbox = {1 << 26}"
        server = await self.server("tcp:0:interface=127.0.0.1", limits=limits)
        self.good = await self.client()
        return server

    async def refused(self, server: Server, data: bytes, why: str, isIn: bool = True) -> None:
        """Say this; the connection ends with protocol-error and this reason."""
        raw = await self.raw(server.tcp)
        if isIn:
            await raw.enter()
        raw.write(data)
        said = await raw.goodbye()
        self.assertEqual(said["code"], "protocol-error")
        self.assertRegex(said["reason"], why)

    async def ended(self, server: Server, data: bytes, isIn: bool) -> None:
        """Say this, which is refused before it was read: the reason may be lost on its way."""
        raw = await self.raw(server.tcp)
        if isIn:
            await raw.enter()
        raw.write(data)
        await raw.hearsEnd()

    async def test_frames(self) -> None:
        """In each kind of frame that has JSON in it, after WELCOME."""
        server = await self.begin()
        before = server.memory
        for kind, number in ((GOODBYE, None), (RESULT, 1), (ERROR, 0), (FAIL, 1), (CALL, 1)):
            for bomb in BOMBS if kind == CALL else BOMBS[2:]:
                await self.refused(server, frame(kind, bomb, number), "nests deeper|not hold")
            await self.assertWorks(self.good)
        self.assertLess(server.memory - before, ROOM)

    async def test_inFields(self) -> None:
        """In a field that would be ignored, or in one that is not, however deep."""
        server = await self.begin()
        for head in (b'{"call":"listen","x":', b'{"call":"listen","sender":', b'{"call":'):
            await self.refused(server, frame(CALL, head + OBJECTS, 1), "nests deeper")
        await self.assertWorks(self.good)

    async def test_strangers(self) -> None:
        """Before WELCOME, as deep as there is room for, and beyond."""
        server = await self.begin()
        before = server.memory
        for kind in (HELLO, GOODBYE):
            for bomb in (ARRAYS[:8000], OBJECTS[:8000], STRINGS[:8000], EMPTY[:8000]):
                await self.refused(server, frame(kind, bomb), "nests deeper|not hold", False)
                said = frame(kind, b'{"versions":[1],"x":%b}' % bomb)
                await self.refused(server, said, "nests deeper|not hold", False)
            for bomb in BOMBS:
                await self.refused(server, frame(kind, bomb)[:70_000], "the limit here", False)
        for length in (GIGABYTE, b"\0\xff\xff\xff", b"\xff\xff\xff\xff"):
            for kind in (HELLO, CALL, 0xEE):
                data = (length + bytes((kind,))).ljust(10_000)
                await self.refused(server, data, "the limit here|first byte", False)
        await self.assertWorks(self.good)
        self.assertLess(server.memory - before, 8 << 20)

    async def test_usual(self) -> None:
        """With the usual limits, however often: not even for a moment does it take more."""
        server = await self.server("tcp:0:interface=127.0.0.1")
        self.good = await self.client()
        begin = server.memory
        deep, long = frame(CALL, ARRAYS, 1), GIGABYTE + bytes((CALL,)) + b"{" * (1 << 20)
        for _ in range(10):
            for isIn, kind in ((False, HELLO), (True, CALL)):
                for announced in (deep, long):
                    data = announced[:4] + bytes((kind,)) + announced[5:]
                    await self.ended(server, data, isIn)
            await self.refused(server, frame(HELLO, EMPTY), "the limit here", False)
            for bomb in (EMPTY, ARRAYS[:1_000_000], CLOSED[DEEP - 500_000 : DEEP + 500_000]):
                await self.refused(server, frame(CALL, bomb, 1), "nests deeper|not hold")
        await self.assertWorks(self.good)
        self.assertEqual(len(server.matching("the limit here|first byte is 0x")), 10 * 5)
        self.assertLess(server.peak - begin, CONSTANT)

    async def test_again(self) -> None:
        """With the longest frames there are, the sixth time takes no more than the third."""
        server = await self.begin()
        peaks = []
        for _ in range(6):
            for bomb in (*BOMBS, MANY):
                await self.refused(server, frame(CALL, bomb, 1), "nests deeper|not hold")
            peaks.append(server.peak)
        await self.assertWorks(self.good)
        self.assertLess(peaks[5] - peaks[2], CONSTANT)

    async def asked(self, raw: Raw, codec: int, params: bytes) -> str:
        """Ask $router something; the code that this fails with."""
        before = len(raw.frames(FAIL))
        subject = b"$router\0senders"
        head = bytes((codec,)) + len(subject).to_bytes(2, "big") + subject
        tail = (before + 1).to_bytes(4, "big") + (5000).to_bytes(4, "big") + b"\0"
        raw.say(REQUEST, head + tail + params)
        failed = await raw.hears(FAIL, before + 1)
        return str(json.loads(failed[4:])["code"])

    async def test_params(self) -> None:
        """Parameters of requests to the router: they fail, and the connection goes on."""
        server = await self.begin()
        raw = await self.raw(server.tcp)
        raw.say(HELLO, {"versions": [1], "codecs": {"json": 1, "msgpack": 2, "cbor": 3}})
        before = server.memory
        for _ in range(2):
            for bomb in (*BOMBS, b"\xff\xfe", b'{"pattern":' + ARRAYS):
                self.assertEqual(await self.asked(raw, 1, bomb), "bad-data")
            self.assertEqual(await self.asked(raw, 1, MANY), "bad-request")
            self.assertEqual(await self.asked(raw, 2, b"\x91" * DEEP), "bad-data")
            self.assertEqual(await self.asked(raw, 2, b"\xdd\xff\xff\xff\xff"), "bad-data")
            self.assertIn(
                await self.asked(raw, 3, b"\x81" * DEEP), ("bad-data", "unsupported-codec")
            )
            self.assertIn(
                await self.asked(raw, 3, b"\x9b" + b"\xff" * 8), ("bad-data", "unsupported-codec")
            )
        self.assertFalse(raw.isClosed)
        await self.assertWorks(self.good)
        self.assertLess(server.memory - before, ROOM)

    async def test_transcoded(self) -> None:
        """Payloads that are put into JSON for a listener: it has a gap, and the others go on."""
        await self.begin()
        owner = await self.client(codec="msgpack")
        heard: list[object] = []
        await self.good.addListener(
            lambda info, data: heard.append(data), "bomb", "e"
        ).whenSettled()
        listener = await self.raw()
        await listener.enter()
        listener.say(CALL, {"call": "listen", "sender": "bomb", "event": "e"}, 1)
        await listener.hears(RESULT)
        sender = owner.addSender("bomb", "e")
        await sender.whenSettled()
        for payload in (b"\x91" * 1_000_000, msgspec.msgpack.encode([[]] * 300_000)):
            sender.trigger("e", msgspec.Raw(payload))
        sender.trigger("e", "last")
        await until(lambda: b'"last"' in listener.received and "last" in heard)
        self.assertFalse(listener.isClosed)
        self.assertIn(b'"why":"codec"', listener.received)


if not Path("/proc/self/status").exists():
    BombTests.skip = "tells memory from /proc"  # type: ignore[attr-defined]
