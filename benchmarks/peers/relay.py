"""
The relay's clients. They frame, encode and decode, and do no more.

A frame is a length of four bytes and JSON. Between these, where there are several senders, stand
the length of a name, in a byte, and the name; in a request and its answer a number of four bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import msgspec
from twisted.internet import task
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.interfaces import IPullProducer
from twisted.internet.protocol import Protocol
from zope.interface import implementer

from ..workload import FIRST, Plan
from .asking import Asking
from .hearing import Heard, Tally
from .pacing import pace
from .running import Stretch, ready, runTwisted, say

BATCH = 256
"""
Events that are written at a time.
"""

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder().decode


def frame(data: bytes) -> bytes:
    """
    Data with its length.
    """
    return len(data).to_bytes(4, "big") + data


class Frames(Protocol):
    """
    Cuts frames. This much of it is the same for all that receive.
    """

    transport: Any

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = self._needed = 0

    def connectionMade(self) -> None:
        """
        Small messages go at once.
        """
        self.transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        """
        Take what is whole.
        """
        if self._held:
            self._pieces.append(data)
            self._held += len(data)
            if self._held < self._needed:
                return
            data = b"".join(self._pieces)
        rest = data[self.cut(data, len(data)) :]
        self._held = len(rest)
        self._pieces = [rest]
        self._needed = 4 + int.from_bytes(rest[:4], "big") if len(rest) >= 4 else 4

    def cut(self, buffer: bytes, end: int) -> int:
        """
        Handle the whole frames.

        @return: where the rest begins.
        """
        return end


class Listener(Frames):
    """
    Calls a function with each event.
    """

    def __init__(self, heard: Heard) -> None:
        super().__init__()
        self._heard = heard

    def cut(self, buffer: bytes, end: int) -> int:
        """
        Decode and call.
        """
        at, heard = 0, self._heard
        while end - at >= 4:
            begin = at + 4
            after = begin + int.from_bytes(buffer[at:begin], "big")
            if after > end:
                break
            heard(None, decode(buffer[begin:after]))
            at = after
        return at


class Dispatcher(Frames):
    """
    Calls the listener of the sender that a frame names.
    """

    def __init__(self, listeners: dict[bytes, Heard]) -> None:
        super().__init__()
        self._listeners = listeners

    def cut(self, buffer: bytes, end: int) -> int:
        """
        Decode, find and call.
        """
        at, listeners = 0, self._listeners
        while end - at >= 4:
            begin = at + 4
            after = begin + int.from_bytes(buffer[at:begin], "big")
            if after > end:
                break
            begin += 1
            data = begin + buffer[begin - 1]
            name = buffer[begin:data]
            listeners[name](name, decode(buffer[data:after]))
            at = after
        return at


class Asker(Frames):
    """
    Asks, and finds who waits for an answer; or answers.
    """

    def __init__(self, handler: Callable[[Any], Any] | None = None) -> None:
        super().__init__()
        self._handler = handler
        self._waiting: dict[bytes, Deferred[Any]] = {}
        self._last = 0

    def ask(self, params: Any) -> Deferred[Any]:
        """
        Ask.
        """
        self._last += 1
        number = self._last.to_bytes(4, "big")
        waiting = self._waiting[number] = Deferred()
        self.transport.write(frame(number + encode(params)))
        return waiting

    def cut(self, buffer: bytes, end: int) -> int:
        """
        A question, or an answer.
        """
        at, handler = 0, self._handler
        while end - at >= 4:
            begin = at + 4
            after = begin + int.from_bytes(buffer[at:begin], "big")
            if after > end:
                break
            number, value = buffer[begin : begin + 4], decode(buffer[begin + 4 : after])
            if handler is None:
                self._waiting.pop(number).callback(value)
            else:
                self.transport.write(frame(number + encode(handler(value))))
            at = after
        return at


@implementer(IPullProducer)
class Publisher(Protocol):
    """
    Writes events whenever the transport has sent those before.

    @ivar ended: fires when all were sent.
    """

    transport: Any

    def __init__(self, plan: Plan) -> None:
        self.ended: Deferred[None] = Deferred()
        self._numbers = iter(range(FIRST, FIRST + plan.count))
        self._fields = plan.fields()
        self._names = [
            bytes((len(name),)) + name.encode() for name in plan.names if plan.senders > 1
        ]

    def begin(self) -> None:
        """
        Begin.
        """
        self.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        """
        Write the next events.
        """
        frames: list[bytes] = []
        fields, names = self._fields, self._names
        for number in islice(self._numbers, BATCH):
            data = encode({"n": number, **fields})
            if names:
                data = names[number % len(names)] + data
            frames.append(len(data).to_bytes(4, "big") + data)
        if frames:
            self.transport.write(b"".join(frames))
        else:
            self.transport.unregisterProducer()
            self.ended.callback(None)

    def stopProducing(self) -> None:
        """
        The connection is gone.
        """


def connected(reactor: Any, address: str, protocol: Any) -> Deferred[Any]:
    """
    Connect.
    """
    host, port = address.split(":")
    found: Deferred[Any] = connectProtocol(TCP4ClientEndpoint(reactor, host, int(port)), protocol)
    return found


async def publish(reactor: Any, address: str, plan: Plan) -> None:
    """
    Fire events, as fast as they are taken or at a rate.
    """
    if plan.rate:
        protocol: Any = await connected(reactor, address, Frames())
        write = protocol.transport.write
        stretch = Stretch()
        await pace(
            plan,
            lambda data: write(frame(encode(data))),
            lambda wait: task.deferLater(reactor, wait),
        )
    else:
        publisher = await connected(reactor, address, Publisher(plan))
        stretch = Stretch()
        publisher.begin()
        await publisher.ended
    say(begin=stretch.begin, cpu=stretch.cpu(), count=plan.count)
    await Deferred()


async def listen(reactor: Any, address: str, plan: Plan) -> None:
    """
    Hear them all, on each connection.
    """
    ended: Deferred[str | None] = Deferred()
    tally = Tally(plan, ended.callback)
    for _ in range(plan.connections):
        listeners = {name.encode(): tally.listener(n) for n, name in enumerate(plan.names)}
        [first, *others] = listeners.values()
        await connected(reactor, address, Dispatcher(listeners) if others else Listener(first))
    tally.listening()
    await ended


async def answer(reactor: Any, address: str, plan: Plan) -> None:
    """
    Answer requests with their params, until ended.
    """
    await connected(reactor, address, Asker(lambda params: params))
    ready()
    await Deferred()


async def ask(reactor: Any, address: str, plan: Plan) -> None:
    """
    Ask.
    """
    asking = Asking((await connected(reactor, address, Asker())).ask, plan)
    await gatherResults([Deferred.fromCoroutine(asking.worker()) for _ in range(plan.inFlight)])
    asking.done()


async def idle(reactor: Any, address: str, plan: Plan) -> None:
    """
    Make connections, and keep them until ended.
    """
    stretch = Stretch()
    for _ in range(plan.connections):
        await connected(reactor, address, Frames())
    say(begin=stretch.begin, end=Stretch().begin, cpu=stretch.cpu(), count=plan.connections)
    await Deferred()


ROLES = {"publish": publish, "listen": listen, "answer": answer, "ask": ask, "idle": idle}

if __name__ == "__main__":
    runTwisted(ROLES)
