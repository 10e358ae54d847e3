"""
Says to a server what old clients said in a recording, and compares what it answers::

    for exchange in await replay(port, read("requests")):
        if exchange.got != exchange.expected: ...

The order counts for each client by itself: a server may answer one before it calls another. The
ids of listeners and of the server's own messages are its own.
"""

from __future__ import annotations

import json
from codecs import getincrementaldecoder
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, NamedTuple

from twisted.internet import reactor as installed
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from tests.pysig07.vectors import Ids

reactor: Any = installed

CLOSED: Final = "closed"

SETTLING: Final = 0.2
"""Seconds for an old server to settle; it does not say when it has."""


class Exchange(NamedTuple):
    """
    Something that the server is to say.

    @ivar peer: to which client.
    @ivar expected: the message, or L{CLOSED}: the listeners' ids have names, and what the server
        asks has no id.
    @ivar got: what came in its place; C{None} for nothing in time, or where nothing is expected
        something that came too much.
    """

    peer: str
    expected: Any
    got: Any


async def replay(port: int, said: list[dict[str, Any]], seconds: float = 15.0) -> list[Exchange]:
    """
    Have the clients of a recording say their part.

    @param port: where the server listens, on 127.0.0.1.
    @param seconds: how long to wait for each answer.
    @return: what came of it. Where nothing comes, what follows goes on without it.
    """
    clients: dict[str, _Client] = {}
    recorded, real = Ids(), Ids()
    listeners: dict[Any, Any] = {}
    exchanges = []
    for each in said:
        peer = each["peer"]
        if peer not in clients:
            endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port)
            clients[peer] = await connectProtocol(endpoint, _Client())
        client = clients[peer]
        message: Any = json.loads(each["text"]) if "text" in each else CLOSED
        if each.get("later"):
            await deferLater(reactor, SETTLING)
        if each["from"] == "client":
            await client.do(message, listeners)
            continue
        answer = await client.next(message, seconds)
        if message != CLOSED:
            listeners.update(_pair(message, answer))
        exchanges.append(Exchange(peer, _shown(recorded, message), _shown(real, answer)))
    for peer, client in clients.items():
        client.transport.abortConnection()
        await client.next(CLOSED, 5)
        exchanges += [Exchange(peer, None, _shown(real, more)) for more in client.rest()]
    return exchanges


def _pair(message: dict[str, Any], answer: Any) -> dict[Any, Any]:
    """The id of a listener as recorded, and what it is now."""
    recorded, real = message.get("response"), (answer or {}).get("response")
    if isinstance(recorded, dict) and isinstance(real, dict) and "listener_id" in recorded:
        return {recorded["listener_id"]: real.get("listener_id")}
    return {}


def _shown(ids: Ids, message: Any) -> Any:
    """What an exchange says of a message."""
    plain = ids.plain(message)
    if isinstance(plain, dict) and "method" in plain:
        del plain["id"]
    return plain


async def _until(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until this comes true; has it, in that time?"""
    end = monotonic() + seconds
    while not condition() and monotonic() < end:
        await deferLater(reactor, 0.002)
    return bool(condition())


class _Client(Protocol):
    """
    One of the clients.

    @ivar isClosed: is its connection over?
    """

    transport: Any

    def __init__(self) -> None:
        self.isClosed = False
        self._text = ""
        self._decode = getincrementaldecoder("utf-8")().decode
        self._calls: list[dict[str, Any]] = []
        self._replies: dict[Any, dict[str, Any]] = {}
        self._asked: dict[int, int] = {}

    async def do(self, message: Any, listeners: dict[Any, Any]) -> None:
        """Say what it said, with the ids of now; or close."""
        if message == CLOSED:
            self.transport.loseConnection()
            await _until(lambda: self.isClosed, 5)
            return
        if "status" in message:
            message = {**message, "id": self._asked.get(message["id"], message["id"])}
        params = message.get("params")
        if isinstance(params, dict) and params.get("listener_id") in listeners:
            params = {**params, "listener_id": listeners[params["listener_id"]]}
            message = {**message, "params": params}
        self.transport.write(json.dumps(message).encode())

    async def next(self, message: Any, seconds: float) -> Any:
        """What there is in the place of a message of the server."""
        if message == CLOSED:
            return CLOSED if await _until(lambda: self.isClosed, seconds) else None
        if "method" not in message:
            await _until(lambda: message["id"] in self._replies, seconds)
            return self._replies.pop(message["id"], None)
        if not await _until(lambda: self._calls, seconds):
            return None
        call = self._calls.pop(0)
        self._asked[message["id"]] = call["id"]
        return call

    def rest(self) -> list[dict[str, Any]]:
        """What came and was not expected."""
        return [*self._calls, *self._replies.values()]

    def dataReceived(self, data: bytes) -> None:
        """The server said something."""
        self._text += self._decode(data)
        while self._text:
            try:
                message, end = json.JSONDecoder().raw_decode(self._text)
            except ValueError:
                return
            self._text = self._text[end:].lstrip()
            if message.get("method", "signal") not in ("signal", "request"):
                # A client of 0.7.3 says that it has no such method.
                refusal = {"id": message["id"], "status": -1}
                self.transport.write(json.dumps(refusal).encode())
            elif "method" in message:
                self._calls.append(message)
            else:
                self._replies[message["id"]] = message

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.isClosed = True
