"""
Very many listeners in one process: C{python -m tests.faults.crowd}, with commands.

They speak the wire, and look at what they hear only as closely as it takes to account for it: of
frames of the same size that come together, the first and the last must have the same head and be as
many numbers apart as there are frames, and the last byte of the numbers must count up.
"""

from __future__ import annotations

import json
import time
from struct import unpack_from
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import clientFromString, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from pysig_twisted.wire.messages import Call, Hello, Listen
from pysig_twisted.wire.version1 import encode

from .checker import Entry, Missing, Run, packed
from .ledger import Lateness

WELCOME, PING, PONG, RESULT, EVENT, GAP, PRESENCE = 2, 4, 5, 0x11, 0x20, 0x21, 0x23


COUNTING = bytes(range(256)) * 80


def counting(first: int, count: int) -> bytes:
    """The last bytes of so many numbers; so many may stand in one chunk."""
    return COUNTING[first & 255 : (first & 255) + count]


class Listener(Protocol):
    """
    One listener.

    @ivar settled: fires when the router has agreed.
    @ivar entries: what it heard, but for the run that is going on.
    @ivar end: when the connection ended; C{None} while it is up.
    """

    transport: Any

    def __init__(self, sender: str, lateness: Lateness) -> None:
        self.settled: Deferred[None] = Deferred()
        self.entries: list[Entry] = []
        self.end: float | None = None
        self._sender = sender
        self._lateness = lateness
        self._rest = b""
        self._sid = ""
        self._first = self._next = 0

    def connectionMade(self) -> None:
        """Enter."""
        hello = encode(Hello((1,), "crowd", f"{id(self):x}"))
        self.transport.write(hello + encode(Call(1, Listen(self._sender, None))))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.end = time.monotonic()

    def dataReceived(self, data: bytes) -> None:
        """Frames came, or parts of them."""
        data = self._rest + data if self._rest else data
        at, end = 0, len(data)
        while end - at >= 5:
            size = 4 + int.from_bytes(data[at : at + 4], "big")
            if end - at < size:
                break
            kind = data[at + 4]
            if kind == EVENT:
                at += self._events(data, at, size)
                continue
            self._other(kind, data[at + 5 : at + size])
            at += size
        self._rest = data[at:]

    def _events(self, data: bytes, at: int, size: int) -> int:
        """
        Hear events that came together.

        @return: how many bytes they are.
        """
        subject = int.from_bytes(data[at + 6 : at + 8], "big")
        numbers = at + 16 + subject
        first, fired = unpack_from(">QQ", data, numbers)
        count = min((len(data) - at) // size, len(COUNTING) - 256)
        while count > 1:
            last = (count - 1) * size
            if (
                data[at + last : numbers + last] == data[at:numbers]
                and unpack_from(">Q", data, numbers + last)[0] == first + count - 1
                and data[numbers + 7 : numbers + last + 8 : size] == counting(first, count)
            ):
                break
            count //= 2
        sid = data[numbers - 8 : numbers].hex()
        if first != self._next or sid != self._sid:
            self._close()
            self._sid, self._first = sid, first
        self._next = first + count
        fired = unpack_from(">Q", data, numbers + (count - 1) * size + 8)[0]
        self._lateness.add(time.time() - fired / 1e6, count)
        return count * size

    def _other(self, kind: int, rest: bytes) -> None:
        """Anything but an event."""
        if kind == PING:
            self.transport.write(b"\0\0\0\5" + bytes([PONG]) + rest)
        elif kind == RESULT and not self.settled.called:
            self.settled.callback(None)
        elif kind == GAP:
            gap = json.loads(rest)
            self._close()
            self.entries.append(
                Missing(gap["sender"], gap["sid"], gap["first"], gap["last"], gap["n"], gap["why"])
            )

    def _close(self) -> None:
        if self._next:
            self.entries.append(Run(self._sender, self._sid, self._first, self._next - 1))
            self._next = 0

    @property
    def reach(self) -> int:
        """The number of the last event."""
        return max(0, self._next - 1)

    def history(self) -> list[Entry]:
        """What it heard so far."""
        self._close()
        return self.entries


class Actor:
    """What does the commands."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._listeners: list[Listener] = []
        self._lateness = Lateness()

    def doOpen(self, endpoint: str, count: int, sender: str) -> Deferred[None]:
        """Connect more listeners; the answer comes when they hear."""
        return Deferred.fromCoroutine(self._open(endpoint, count, sender))

    async def _open(self, endpoint: str, count: int, sender: str) -> None:
        for _ in range(count):
            listener = Listener(sender, self._lateness)
            await connectProtocol(clientFromString(self._reactor, endpoint), listener)
            await listener.settled
            self._listeners.append(listener)

    def doReach(self, sender: str) -> list[int]:
        """How far each is."""
        return [listener.reach for listener in self._listeners]

    def doHistory(self) -> list[dict[str, Any]]:
        """What each heard."""
        return [{"entries": packed(one.history()), "false": 0} for one in self._listeners]

    def doLateness(self) -> dict[str, int]:
        """How late events were since this was asked last."""
        counts, self._lateness.counts = self._lateness.counts, {}
        return {str(kind): count for kind, count in counts.items()}

    def doEnds(self) -> list[float | None]:
        """When the connection of each ended."""
        return [one.end for one in self._listeners]


if __name__ == "__main__":
    from .commands import obey

    obey(Actor)
