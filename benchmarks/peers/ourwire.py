"""
The bytes of events on our wire.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence

from pysig_twisted.wire.messages import AddSender, Call, Hello, Listen
from pysig_twisted.wire.runs import makeHead
from pysig_twisted.wire.version1 import encode

from ..workload import EVENT, Plan
from .plainwire import PlainWire, exactly, payloads

TIME = 1_700_000_000_000_000
"""
When all events were fired, in microseconds since 1970.
"""


class OurWire(PlainWire):
    """
    pysig_twisted.
    """

    def offer(self, sock: socket.socket, plan: Plan) -> None:
        """
        Say HELLO, and add the senders.
        """
        self._greet(
            sock,
            [
                AddSender(name, self._sid(number), f"{number:032x}", (EVENT,))
                for number, name in enumerate(plan.names)
            ],
        )

    def subscribe(self, sock: socket.socket, plan: Plan) -> None:
        """
        Say HELLO, and listen.
        """
        self._greet(sock, [Listen(name, EVENT) for name in plan.names])

    def skip(self, sock: socket.socket, plan: Plan) -> bytes:
        """
        Who is there comes first.
        """
        while True:
            head, kind, rest = self._frame(sock)
            if kind == 0x20:
                return head + rest

    def sent(self, plan: Plan) -> bytes:
        """
        EVENT frames.
        """
        heads = [makeHead(1, name, EVENT, number + 1) for number, name in enumerate(plan.names)]
        sequences = [0] * plan.senders
        time = TIME.to_bytes(8, "big")
        parts: list[bytes] = []
        for sender, data in payloads(plan):
            head = heads[sender]
            sequences[sender] += 1
            length = (len(head) + 16 + len(data)).to_bytes(4, "big")
            parts += (length, head, sequences[sender].to_bytes(8, "big"), time, data)
        return b"".join(parts)

    def _sid(self, number: int) -> str:
        """
        The life of a sender.
        """
        return f"{number + 1:016x}"

    def _greet(self, sock: socket.socket, actions: Sequence[AddSender | Listen]) -> None:
        """
        Say HELLO and make calls, and wait for all the answers.
        """
        calls = [encode(Call(number, action)) for number, action in enumerate(actions, 1)]
        sock.sendall(encode(Hello((1,), "benchmarks", "raw")) + b"".join(calls))
        left = len(calls)
        while left:
            _, kind, rest = self._frame(sock)
            if kind in (0x03, 0x12):
                raise ConnectionError(f"the server refused: {rest!r}")
            left -= kind == 0x11

    def _frame(self, sock: socket.socket) -> tuple[bytes, int, bytes]:
        """
        The next frame: its first five bytes, its kind, the rest.
        """
        head = exactly(sock, 5)
        return head, head[4], exactly(sock, int.from_bytes(head[:4], "big") - 1)
