"""
How fast old clients are, at which server::

    python -m tests.pysig07.measure instant old 7070

C{instant} answers each message at once and does nothing else: it shows what the clients' polling
for replies allows. C{old} is the server of pysig 0.7.3, a number the port of one that runs.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from statistics import median, quantiles
from time import perf_counter, sleep
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred, gatherResults
from twisted.internet.task import react
from twisted.internet.threads import deferToThread

from tests.pysig07.interpreter import Old, old
from tests.pysig07.process import OldPeer, OldProcess

COUNT = 300
"""Events of each publisher."""


class Instant:
    """
    A server that answers each message at once.

    @ivar port: where it listens, on 127.0.0.1.
    """

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        """Take clients."""
        while True:
            client, address = self._socket.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=[client], daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """Answer one client."""
        while data := client.recv(4096):
            number = json.loads(data)["id"]
            client.sendall(b'{"status": 0, "id": %d, "response": {"listener_id": 1}}' % number)


class Clients:
    """Old clients of one server, each a process."""

    def __init__(self, found: Old, port: int) -> None:
        self.found, self.port = found, port
        self.processes: list[OldProcess] = []
        self._shared: OldProcess | None = None

    async def join(self) -> OldPeer:
        """One more that is connected."""
        process = OldProcess()
        self.processes.append(process)
        process.start("peer27.py", self.found)
        peer = OldPeer(process, "peer")
        assert await peer.do("connect", host="127.0.0.1", port=self.port)
        return peer

    async def shared(self, name: str) -> OldPeer:
        """One more, in a process that it shares with others of these."""
        if self._shared is None:
            self._shared = (await self.join()).process
        peer = OldPeer(self._shared, name)
        assert await peer.do("connect", host="127.0.0.1", port=self.port)
        return peer

    async def publisher(self, name: str) -> OldPeer:
        """One with a sender."""
        peer = await self.join()
        await peer.do("addRemoteSender", sender=name, events=["e"], requests=[["r", None]])
        return peer

    async def listener(self, name: str) -> OldPeer:
        """One that listens."""
        peer = await self.join()
        await peer.do("addRemoteListener", name="l", sender=name, event="e", keeps=False)
        return peer

    async def end(self) -> None:
        """End them."""
        for process in self.processes:
            await process.finish()


async def rate(peer: OldPeer, name: str, count: int = COUNT) -> float:
    """The events that a publisher triggers in a second."""
    seconds: float = await peer.do("triggerMany", sender=name, event="e", count=count)
    return count / seconds


async def fanOut(found: Old, port: int, listeners: int, hears: bool) -> float:
    """The events/s of one publisher with so many listeners, all of which must hear all."""
    clients = Clients(found, port)
    name = f"one-{port}-{listeners}"
    try:
        ears = [await clients.listener(name) for _ in range(listeners)]
        publisher = await clients.publisher(name)
        count = COUNT if listeners < 8 else COUNT // 3
        result = await rate(publisher, name, count)
        if hears:
            for ear in ears:
                assert (await ear.counted("l", count))["misses"] == 0
        return result
    finally:
        await clients.end()


async def together(found: Old, port: int, publishers: int) -> float:
    """The events/s of so many publishers together."""
    clients = Clients(found, port)
    try:
        names = [f"many-{port}-{number}" for number in range(publishers)]
        peers = [await clients.publisher(name) for name in names]
        rates = [ensureDeferred(rate(*both)) for both in zip(peers, names, strict=True)]
        return sum(await gatherResults(rates))
    finally:
        await clients.end()


async def asked(found: Old, port: int) -> float:
    """The requests/s of one client to another."""
    clients = Clients(found, port)
    try:
        await clients.publisher(f"asked-{port}")
        peer = await clients.join()
        start = perf_counter()
        count = COUNT // 3
        await peer.do("remoteRequests", sender=f"asked-{port}", method="r", count=count)
        return count / (perf_counter() - start)
    finally:
        await clients.end()


def answers(port: int) -> tuple[float, float, float]:
    """The milliseconds that an answer to a signal takes, by a bare socket: median, 99 %, worst."""

    def ask(method: str, params: dict[str, Any]) -> None:
        # An old client looks for an answer every 10 ms, and then says the next.
        sleep(0.01)
        message = {"id": len(times), "method": method, "params": params}
        start = perf_counter()
        connection.sendall(json.dumps(message).encode())
        # As an old client would, say that any method is unknown.
        while "method" in (said := json.loads(connection.recv(4096))):
            connection.sendall(json.dumps({"status": -1, "id": said["id"]}).encode())
        times.append((perf_counter() - start) * 1000)

    times: list[float] = []
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        name = f"bare-{port}"
        ask("add_sender", {"sender": name, "events": ["e"], "requests": None})
        for number in range(500):
            ask("signal", {"info": {"sender": name, "event": "e"}, "data": number})
    return median(times), quantiles(times, n=100)[-1], max(times)


async def measure(name: str, found: Old) -> None:
    """Measure a server and print what came of it."""
    process = OldProcess()
    port = 0
    if name == "instant":
        port = Instant().port
    elif name == "old":
        process.start("server27.py", found)
        port = await OldPeer(process, "server").do("start")
    else:
        port = int(name)
    for listeners in (0, 1, 8):
        events = await fanOut(found, port, listeners, name != "instant")
        print(f"{name}: one publisher, {listeners} listeners: {events:.1f} events/s", flush=True)
    print(f"{name}: 20 publishers together: {await together(found, port, 20):.0f} events/s")
    print(f"{name}: requests: {await asked(found, port):.1f} /s")
    middle, high, worst = await deferToThread(answers, port)
    print(f"{name}: answers: median {middle:.3f} ms, 99 % {high:.3f} ms, worst {worst:.2f} ms")
    if name == "old":
        await process.finish()


async def main(reactor: Any) -> None:
    """Measure those that are named."""
    found = old()
    for name in sys.argv[1:] or ["instant", "old"]:
        await measure(name, found)


if __name__ == "__main__":

    def start(reactor: Any) -> Deferred[None]:
        return ensureDeferred(main(reactor))

    react(start)
