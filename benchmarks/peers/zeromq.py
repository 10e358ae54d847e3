"""
Clients of a ZeroMQ proxy: pyzmq, blocking, and messages of one part, which is its quickest use.

With one sender a message is nothing but JSON. With several, the sender's name and a zero byte come
first, and ZeroMQ finds subscribers by it.
"""

from __future__ import annotations

import threading
import time
from importlib import import_module
from itertools import islice
from typing import Any

import msgspec

from ..workload import FIRST, Plan
from .hearing import Heard, Tally, spread
from .running import Stretch, options, ready, say

SYNC = b"sync"
"""
The topic that shows that a subscription has arrived: ZeroMQ does not tell.
"""

LARGE = 1 << 15
"""
Bytes of an event from which on it is quicker not to copy it.
"""

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode
zmq: Any = import_module("zmq")
context: Any = zmq.Context()
context.max_sockets = 10_000


def topics(plan: Plan) -> list[bytes]:
    """
    What the messages of each sender begin with.
    """
    if plan.senders == 1:
        return [b"{"]
    return [name.encode() + b"\0" for name in plan.names]


def connected(kind: int, address: str, number: int) -> Any:
    """
    A socket that loses nothing, at one of the proxy's four ports.
    """
    socket = context.socket(kind)
    socket.set_hwm(0)
    socket.linger = -1
    socket.connect(f"tcp://127.0.0.1:{address.split(':')[number]}")
    return socket


def publish(address: str, plan: Plan) -> None:
    """
    Fire events, as fast as they are taken or at a rate.
    """
    socket = connected(zmq.XPUB, address, 0)
    names = topics(plan)
    waited = set(names)
    while waited:  # XPUB is told of subscriptions; before that, what is sent is dropped
        waited.discard(socket.recv()[1:])
    send, fields, copy = socket.send, plan.fields(), plan.size < LARGE
    stretch = Stretch()
    for number in range(FIRST, FIRST + plan.count):
        if plan.rate:
            wait = stretch.begin + (number - FIRST) / plan.rate - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            data = {"n": number, "at": time.monotonic(), **fields}
        else:
            data = {"n": number, **fields}
        if plan.senders > 1:
            send(names[number % plan.senders] + encode(data), copy=copy)
        else:
            send(encode(data), copy=copy)
    say(begin=stretch.begin, cpu=stretch.cpu(), count=plan.count)
    socket.close()
    context.term()


def listen(address: str, plan: Plan) -> None:
    """
    Hear them all, on each connection.
    """
    failed: list[str | None] = []
    tally = Tally(plan, failed.append)
    listeners: dict[Any, dict[bytes, Heard]] = {}
    for _ in range(plan.connections):
        socket = connected(zmq.SUB, address, 1)
        listeners[socket] = {topic: tally.listener(n) for n, topic in enumerate(topics(plan))}
        for topic in (*listeners[socket], SYNC):
            socket.subscribe(topic)
    synchronize(address, list(listeners))
    tally.listening()
    if len(listeners) == 1:
        [(socket, found)] = listeners.items()
        (hearSenders if plan.senders > 1 else hearOne)(socket, found, failed, plan)
        return
    poller = zmq.Poller()
    for socket in listeners:
        poller.register(socket, zmq.POLLIN)
    while not failed:
        for socket, _ in poller.poll():
            [heard], receive = listeners[socket].values(), socket.recv
            try:
                while not failed:
                    heard(None, decode(receive(zmq.DONTWAIT)))
            except zmq.Again:
                pass


def hearOne(socket: Any, listeners: dict[bytes, Heard], ended: list[Any], plan: Plan) -> None:
    """
    Hear one sender.
    """
    [heard] = listeners.values()
    receive = socket.recv
    if plan.size < LARGE:
        while not ended:
            heard(None, decode(receive()))
    while not ended:
        heard(None, decode(receive(copy=False).buffer))


def hearSenders(socket: Any, listeners: dict[bytes, Heard], ended: list[Any], plan: Plan) -> None:
    """
    Hear several, and find each one's listener by its name.
    """
    receive = socket.recv
    while not ended:
        message = receive()
        at = message.index(b"\0") + 1
        name = message[:at]
        listeners[name](name, decode(message[at:]))


def synchronize(address: str, sockets: list[Any]) -> None:
    """
    Return when the proxy knows all subscriptions: when all sockets have got a message, of the topic
    that they subscribed to last.
    """
    stop = threading.Event()

    def fire() -> None:
        socket = connected(zmq.PUB, address, 0)
        while not stop.wait(0.05):
            socket.send(SYNC)
        socket.close()

    thread = threading.Thread(target=fire)
    thread.start()
    for socket in sockets:
        socket.recv()
    stop.set()
    thread.join()
    for socket in sockets:
        while socket.poll(100 if socket is sockets[0] else 0):
            socket.recv()
        socket.unsubscribe(SYNC)


def answer(address: str, plan: Plan) -> None:
    """
    Answer requests with their params, until ended.
    """
    socket = connected(zmq.REP, address, 3)
    ready()
    while True:
        socket.send(encode(decode(socket.recv())))


def ask(address: str, plan: Plan) -> None:
    """
    Ask: so many questions under way, and one more for each answer.
    """
    socket = connected(zmq.DEALER, address, 2)
    fields, times, begun, clock = plan.fields(), [], {}, time.monotonic
    numbers = iter(range(FIRST, FIRST + plan.count))

    def asked(number: int) -> None:
        begun[number] = clock()
        socket.send_multipart((b"", encode({"n": number, **fields})))

    stretch = Stretch()
    for number in islice(numbers, plan.inFlight):
        asked(number)
    while begun:
        number = decode(socket.recv_multipart()[1])["n"]
        times.append(clock() - begun.pop(number))
        following = next(numbers, None)
        if following is not None:
            asked(following)
    end, cpu = time.monotonic(), stretch.cpu()
    say(begin=stretch.begin, end=end, cpu=cpu, count=len(times), **spread(times))


def idle(address: str, plan: Plan) -> None:
    """
    Make connections with one listener each, and keep them until ended.
    """
    stretch = Stretch()
    sockets = [connected(zmq.SUB, address, 1) for _ in range(plan.connections)]
    for socket in sockets:
        socket.subscribe(topics(plan)[0])
        socket.subscribe(SYNC)
    synchronize(address, sockets)
    say(begin=stretch.begin, end=time.monotonic(), cpu=stretch.cpu(), count=len(sockets))
    threading.Event().wait()


ROLES = {"publish": publish, "listen": listen, "answer": answer, "ask": ask, "idle": idle}

if __name__ == "__main__":
    role, address, plan = options()
    ROLES[role](address, plan)
