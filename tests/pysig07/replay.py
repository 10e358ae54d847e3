"""
Says to a server what old clients said in a recording, and compares what it answers::

    for exchange in await replay(port, read("requests")):
        if exchange.got != exchange.expected: ...

The order counts for each client by itself: a server may answer one before it calls another. The
ids of listeners and of the server's own messages are its own. A signal or request that is not in
the recording is answered after a while, for the server to go on; what is neither is answered as old
clients do, with status -1, and does not count.
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
LOST: Final = "lost on an old client: "
LATE: Final = "late"

SETTLING: Final = 0.2
"""Seconds for an old server to settle; it does not say when it has."""

PATIENCE: Final = 0.1
"""Seconds until something that is not in the recording is answered."""


class Exchange(NamedTuple):
    """
    Something that the server is to say.

    @ivar peer: to which client.
    @ivar expected: the message, or L{CLOSED}: the listeners' ids have names, numbered for each
        client, and what the server asks has no id.
    @ivar got: what came in its place, or C{None} for nothing in time; with a key L{LATE} where it
        came after what it should come before. Where nothing is expected: something that came too
        much, or L{LOST} with bytes that an old client would not have read as one message.
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
        expected, got, answer = await client.next(message, seconds)
        if message != CLOSED:
            listeners.update(_pair(message, answer))
        exchanges.append(Exchange(peer, expected, got))
    await deferLater(reactor, PATIENCE)
    for peer, client in clients.items():
        client.transport.abortConnection()
        await client.next(CLOSED, 5)
        exchanges += [Exchange(peer, None, more) for more in client.rest()]
    return exchanges


def _pair(message: dict[str, Any], answer: Any) -> dict[Any, Any]:
    """The id of a listener as recorded, and what it is now."""
    recorded, real = message.get("response"), (answer or {}).get("response")
    if isinstance(recorded, dict) and isinstance(real, dict) and "listener_id" in recorded:
        return {recorded["listener_id"]: real.get("listener_id")}
    return {}


async def _until(condition: Callable[[], object], seconds: float) -> bool:
    """Wait until this comes true; has it, in that time?"""
    end = monotonic() + seconds
    while not condition() and monotonic() < end:
        await deferLater(reactor, 0.002)
    return bool(condition())


class _Call:
    """
    Something that the server asks.

    @ivar id: its id.
    @ivar shown: what an exchange says of it.
    @ivar since: when it came.
    @ivar isLate: did something come true before it that came after it?
    """

    def __init__(self, message: dict[str, Any], ids: Ids) -> None:
        self.id, self.method = message["id"], message["method"]
        self.shown = _shown(ids, message)
        self.since = monotonic()
        self.isLate = False


def _shown(ids: Ids, message: Any) -> Any:
    """What an exchange says of a message."""
    plain = ids.plain(message)
    if isinstance(plain, dict) and "method" in plain:
        del plain["id"]
    return plain


class _Client(Protocol):
    """
    One of the clients.

    @ivar isClosed: is its connection over?
    """

    transport: Any

    def __init__(self) -> None:
        self.isClosed = False
        self._recorded, self._real = Ids(), Ids()
        self._decoder = getincrementaldecoder("utf-8")()
        self._text = ""
        self._calls: list[_Call] = []
        self._replies: dict[Any, dict[str, Any]] = {}
        self._asked: dict[int, int] = {}
        self._rest: list[Any] = []

    async def do(self, message: Any, listeners: dict[Any, Any]) -> None:
        """Say what it said, with the ids of now; or close."""
        if message == CLOSED:
            self.transport.loseConnection()
            await _until(lambda: self.isClosed, 5)
            return
        if "status" in message:
            if message["id"] not in self._asked:
                return
            message = {**message, "id": self._asked[message["id"]]}
        params = message.get("params")
        if isinstance(params, dict) and params.get("listener_id") in listeners:
            params = {**params, "listener_id": listeners[params["listener_id"]]}
            message = {**message, "params": params}
        self._say(message)

    async def next(self, message: Any, seconds: float) -> tuple[Any, Any, Any]:
        """What is expected and what there is in its place, as exchanges say it; and as it came."""
        if message == CLOSED:
            isClosed = await _until(lambda: self.isClosed, seconds)
            return CLOSED, CLOSED if isClosed else None, None
        expected = _shown(self._recorded, message)
        if "method" not in message:
            await _until(lambda: message["id"] in self._replies, seconds)
            reply = self._replies.pop(message["id"], None)
            return expected, self._real.plain(reply), reply
        if not await _until(lambda: self._find(expected), seconds):
            return expected, None, None
        call = self._find(expected)
        assert call is not None
        for earlier in self._calls[: self._calls.index(call)]:
            earlier.isLate = True
        self._calls.remove(call)
        self._asked[message["id"]] = call.id
        return expected, {**call.shown, LATE: True} if call.isLate else call.shown, None

    def _find(self, expected: Any) -> _Call | None:
        """The call that is expected; others that wait for long are answered."""
        for call in self._calls:
            if call.shown == expected:
                return call
        if self._calls and monotonic() > self._calls[0].since + PATIENCE:
            call = self._calls.pop(0)
            self._rest.append(call.shown)
            self._say({"status": 0, "id": call.id, "response": None})
        return None

    def rest(self) -> list[Any]:
        """What came and was not expected."""
        return [*self._rest, *(call.shown for call in self._calls), *self._replies.values()]

    def dataReceived(self, data: bytes) -> None:
        """The server said something."""
        if not _isOne(data):
            self._rest.append(LOST + repr(data))
        self._text += self._decoder.decode(data)
        while self._text:
            try:
                message, end = json.JSONDecoder().raw_decode(self._text)
            except ValueError:
                return
            self._text = self._text[end:].lstrip()
            if message.get("method") in ("signal", "request"):
                self._calls.append(_Call(message, self._real))
            elif "method" in message:
                self._say({"status": -1, "id": message["id"]})
            else:
                self._replies[message["id"]] = message

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self.isClosed = True

    def _say(self, message: dict[str, Any]) -> None:
        """Say a message."""
        self.transport.write(json.dumps(message).encode())


def _isOne(data: bytes) -> bool:
    """Is this one message, that fits into what old clients read at once?"""
    try:
        json.loads(data)
    except ValueError:
        return False
    return len(data) <= 4096
