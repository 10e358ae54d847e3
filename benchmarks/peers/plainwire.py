"""
The bytes of events, as the bare relay's clients write and read them; and what such formats have in
common.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

from ..workload import EVENT, FIRST, Plan, encoded


def payloads(plan: Plan) -> Iterator[tuple[int, bytes]]:
    """
    The JSON of each event, with the number of its sender.
    """
    fields = plan.fields()
    for number in range(plan.count):
        yield number % plan.senders, encoded({"n": FIRST + number, **fields})


def subjects(plan: Plan) -> list[bytes]:
    """
    What listeners subscribe to, where sender and event are one name.
    """
    return [f"{name}.{EVENT}".encode() for name in plan.names]


def exactly(sock: socket.socket, count: int) -> bytes:
    """
    So many bytes.

    @raise ConnectionError: the other side ended.
    """
    parts = []
    while count:
        part = sock.recv(count)
        if not part:
            raise ConnectionError("the server ended the connection")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def until(sock: socket.socket, end: bytes) -> None:
    """
    Read until the server says C{end}, and no further.
    """
    read = b""
    while not read.endswith(end):
        read += exactly(sock, 1)


class PlainWire:
    """
    The bare relay: lengths and JSON; it does not look at them.
    """

    def offer(self, sock: socket.socket, plan: Plan) -> None:
        """
        Become a publisher.
        """

    def subscribe(self, sock: socket.socket, plan: Plan) -> None:
        """
        Become a listener.
        """

    def skip(self, sock: socket.socket, plan: Plan) -> bytes:
        """
        Read what comes before the first event.

        @return: the first bytes of it that were read.
        """
        return b""

    def cleaned(self, sock: socket.socket, data: bytes) -> bytes:
        """
        What was read, without what is no event. Asked where it is not what was expected.
        """
        return data

    def sent(self, plan: Plan) -> bytes:
        """
        The bytes of all events, as publishers write them.
        """
        return b"".join(
            part for _, data in payloads(plan) for part in (len(data).to_bytes(4, "big"), data)
        )

    def received(self, plan: Plan) -> bytes:
        """
        The same, as listeners read them.
        """
        return self.sent(plan)
