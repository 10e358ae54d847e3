"""
The bytes of events, as other servers read and write them.
"""

from __future__ import annotations

import socket

from ..workload import Plan
from .plainwire import PlainWire, exactly, payloads, subjects, until

PING = b"PING\r\n"


class Nats(PlainWire):
    """
    nats-server.
    """

    def offer(self, sock: socket.socket, plan: Plan) -> None:
        """
        CONNECT.
        """
        until(sock, b"\r\n")
        sock.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\nPING\r\n')
        until(sock, b"PONG\r\n")

    def subscribe(self, sock: socket.socket, plan: Plan) -> None:
        """
        SUB.
        """
        self.offer(sock, plan)
        lines = [b"SUB %b %d\r\n" % (name, number) for number, name in enumerate(subjects(plan))]
        sock.sendall(b"".join(lines) + b"PING\r\n")
        until(sock, b"PONG\r\n")

    def cleaned(self, sock: socket.socket, data: bytes) -> bytes:
        """
        It says PING once, soon after the beginning, wherever it is.
        """
        if PING not in data:
            data += exactly(sock, len(PING) - 1)
        sock.sendall(b"PONG\r\n")
        return data.replace(PING, b"", 1)

    def sent(self, plan: Plan) -> bytes:
        """
        PUB.
        """
        names = subjects(plan)
        return b"".join(
            b"PUB %b %d\r\n%b\r\n" % (names[sender], len(data), data)
            for sender, data in payloads(plan)
        )

    def received(self, plan: Plan) -> bytes:
        """
        MSG.
        """
        names = subjects(plan)
        return b"".join(
            b"MSG %b %d %d\r\n%b\r\n" % (names[sender], sender, len(data), data)
            for sender, data in payloads(plan)
        )


class Redis(PlainWire):
    """
    redis-server.
    """

    def subscribe(self, sock: socket.socket, plan: Plan) -> None:
        """
        SUBSCRIBE.
        """
        for number, name in enumerate(subjects(plan), 1):
            sock.sendall(self._array(b"SUBSCRIBE", name))
            until(sock, b":%d\r\n" % number)

    def sent(self, plan: Plan) -> bytes:
        """
        PUBLISH.
        """
        names = subjects(plan)
        return b"".join(
            self._array(b"PUBLISH", names[sender], data) for sender, data in payloads(plan)
        )

    def received(self, plan: Plan) -> bytes:
        """
        Messages.
        """
        names = subjects(plan)
        return b"".join(
            self._array(b"message", names[sender], data) for sender, data in payloads(plan)
        )

    def _array(self, *parts: bytes) -> bytes:
        """
        An array of strings.
        """
        strings = (b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
        return b"*%d\r\n%b" % (len(parts), b"".join(strings))


class Mqtt(PlainWire):
    """
    MQTT 3.1.1, quality of service 0.
    """

    def offer(self, sock: socket.socket, plan: Plan) -> None:
        """
        CONNECT, and no keep-alive.
        """
        sock.sendall(self._packet(0x10, b"\0\4MQTT\4\2\0\0", self._string(b"")))
        exactly(sock, 4)

    def subscribe(self, sock: socket.socket, plan: Plan) -> None:
        """
        SUBSCRIBE.
        """
        self.offer(sock, plan)
        topics = b"".join(self._string(name) + b"\0" for name in subjects(plan))
        sock.sendall(self._packet(0x82, b"\0\1", topics))
        exactly(sock, 4 + plan.senders)

    def sent(self, plan: Plan) -> bytes:
        """
        PUBLISH.
        """
        names = [self._string(name) for name in subjects(plan)]
        return b"".join(self._packet(0x30, names[sender], data) for sender, data in payloads(plan))

    def _packet(self, kind: int, *parts: bytes) -> bytes:
        """
        A packet of less than 16 KiB.
        """
        length = sum(map(len, parts))
        size = bytes((length,)) if length < 128 else bytes((length & 127 | 128, length >> 7))
        return b"".join((bytes((kind,)), size, *parts))

    def _string(self, text: bytes) -> bytes:
        """
        A string with its length.
        """
        return len(text).to_bytes(2, "big") + text
