"""
Raw sockets that feed a server with ready bytes, and compare what it gives with what it should.

C{python -m benchmarks.peers.raw feed WIRE@ADDRESS PLAN}, C{drain WIRE@ADDRESS PLAN}.
"""

from __future__ import annotations

import socket
import threading
import time

from ..workload import Plan
from .otherwires import Mqtt, Nats, Redis
from .ourwire import OurWire
from .plainwire import PlainWire
from .running import Stretch, options, ready, say

WIRES: dict[str, PlainWire] = {
    "relay": PlainWire(),
    "ours": OurWire(),
    "nats": Nats(),
    "redis": Redis(),
    "mqtt": Mqtt(),
}

CHUNK = 1 << 18
PATIENCE = 60
"""
Seconds that the feeder stays connected, if it is not ended.
"""


def feed(where: str, plan: Plan) -> None:
    """
    Write all of it.
    """
    name, _, address = where.partition("@")
    wire = WIRES[name]
    data = memoryview(wire.sent(plan))
    sock = connected(address)
    wire.offer(sock, plan)
    threading.Thread(target=swallow, args=(sock,), daemon=True).start()
    stretch = Stretch()
    for start in range(0, len(data), CHUNK):
        sock.sendall(data[start : start + CHUNK])
    say(begin=stretch.begin, cpu=stretch.cpu(), count=plan.count)
    time.sleep(PATIENCE)


def swallow(sock: socket.socket) -> None:
    """
    Read what a server answers its publishers.
    """
    while sock.recv(CHUNK):
        pass


def drain(where: str, plan: Plan) -> None:
    """
    Read all of it.
    """
    name, _, address = where.partition("@")
    wire = WIRES[name]
    expected = wire.received(plan)
    sock = connected(address)
    wire.subscribe(sock, plan)
    ready()
    stretch = Stretch()
    data = wire.skip(sock, plan)
    at = 0
    while True:
        if data != expected[at : at + len(data)]:
            data = wire.cleaned(sock, data)
        if data != expected[at : at + len(data)]:
            say(failed=f"what comes after byte {at} is not what was sent")
            return
        at += len(data)
        if at == len(expected):
            break
        data = sock.recv(CHUNK)
        if not data:
            say(failed=f"the connection ended after {at} of {len(expected)} bytes")
            return
    say(end=time.monotonic(), cpu=stretch.cpu(), count=plan.count)


def connected(address: str) -> socket.socket:
    """
    A socket.
    """
    host, port = address.split(":")
    sock = socket.create_connection((host, int(port)))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


if __name__ == "__main__":
    role, where, plan = options()
    {"feed": feed, "drain": drain}[role](where, plan)
