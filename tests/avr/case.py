"""
A rig for tests of a board behind a bridge: both, a router, and who listens to it.

Nothing here sleeps: whatever is waited for has a condition and a deadline.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SkipTest, TestCase

from pysig_twisted import CONNECT, DISCONNECT, Router
from pysig_twisted.bridge import SerialBridge, readDevices
from pysig_twisted.bridge.device import Device
from pysig_twisted.testing import Recorder
from tests.endtoend.processes import until

from .board import Board, withoutBoards

BANNER = b"READY fw 1.0\r\n"

PATIENCE = 9.0
"""Seconds that a request may take, as the processor is simulated beside whatever else runs."""

RELAYS: dict[str, Any] = {
    "ready": "READY",
    "reset": "READY",
    "event": [
        {"name": "tick", "match": r"^EVT,(?P<n>\d+),(?P<ms>\d+)$"},
        {"name": "start", "match": "READY fw (?P<version>.*)"},
    ],
    "request": {
        "set": {
            "send": "SET {n:int:1-8} {v:int}",
            "reply": {"match": r"^OK (?P<n>\d+) (?P<v>-?\d+)$", "error": "^ERR"},
            "timeout": PATIENCE,
        },
        "get": {
            "send": "GET {n:int}",
            "reply": {"match": r"^VAL \d+ (?P<v>-?\d+)$", "error": "^ERR (?P<what>.*)"},
            "timeout": PATIENCE,
        },
        "tag": {
            "send": "TAG {x:id:0-99}",
            "reply": {"match": r"^TAG {x} (?P<c>\d+)$"},
            "timeout": PATIENCE,
        },
        "every": {
            "send": "EVERY {ms:int}",
            "reply": {"match": "^OK EVERY {ms}$"},
            "timeout": PATIENCE,
        },
        "busy": {"send": "BUSY {ms:int}", "reply": "none"},
        "wait": {"send": "TAG me", "reply": {"match": "^DONE$"}, "timeout": PATIENCE},
    },
}
"""What the bridge is told of the firmware in C{relays.ino}."""


class Start(NamedTuple):
    """
    The board said that it is ready.

    @ivar time: when that was there.
    @ivar isGlued: did it come behind the beginning of another line?
    """

    time: float
    isGlued: bool


class Ear:
    """
    Notes what comes from the board, before anything is made of it.

    @ivar data: all of it.
    """

    def __init__(self, device: Device) -> None:
        self.data = b""
        self.starts: list[Start] = []
        self._received = device.received
        device.received = self.note  # type: ignore[method-assign]

    def note(self, data: bytes) -> None:
        """Bytes came."""
        self.data += data
        if self.data.count(BANNER) > len(self.starts):
            before = self.data[: self.data.rindex(BANNER)]
            self.starts.append(Start(time.perf_counter(), before[-1:] not in (b"", b"\n")))
        self._received(data)


class BridgedCase(TestCase):
    """
    Tests of a board on a bridge.

    @cvar sender: its name on the bus.
    @ivar heard: what it fired.
    @ivar times: when it came and when it went, in turns.
    @ivar service: the bridge.
    """

    sender = "board"

    def setUp(self) -> None:
        """See that there can be one."""
        if reason := withoutBoards():
            raise SkipTest(reason)
        self.router = Router()
        self.heard = Recorder()
        self.times: list[float] = []
        for event in (CONNECT, DISCONNECT):
            self.router.addListener(self.noteTime, self.sender, event)
        self.router.addListener(self.heard, self.sender)

    def noteTime(self, info: object, data: object) -> None:
        """The board has come or gone."""
        self.times.append(time.perf_counter())

    def plug(self, *args: Any) -> Board:
        """A board, made of these, which is unplugged after the test."""
        board = Board(*args)
        self.addCleanup(board.stop)
        return board

    async def bridge(self, board: Board, **keys: Any) -> Device:
        """Open the port of a board with relays, press its button, and wait for its #connect."""
        device = self.open(board, **RELAYS, **keys)
        await until(lambda: device.life.isOpen, lambda: device.life.message)
        board.reset()
        await self.whenUp(len(self.times) // 2 + 1)
        return device

    def open(self, board: Board, **keys: Any) -> Device:
        """
        Have a bridge open its port.

        @param keys: of the table of the device, besides the port and its speed.
        """
        table = {"port": board.path, "baud": board.baud, **keys}
        self.service = SerialBridge(self.router, readDevices({"board": table}))
        self.service.startService()
        self.addCleanup(self.service.stopService)
        device = self.service.devices["board"]
        self.ear = Ear(device)
        return device

    async def whenUp(self, lives: int = 1) -> None:
        """Wait until it has come so many times."""
        await until(lambda: len(self.times) == 2 * lives - 1, lambda: self.heard.presence)

    def ask(self, method: str, **params: Any) -> Deferred[Any]:
        """Request something of the board."""
        return self.router.request(self.sender, method, params or None)
