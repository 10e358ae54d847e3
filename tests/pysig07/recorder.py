"""A proxy that writes down what clients and a server of pysig 0.7.3 say to each other."""

from __future__ import annotations

import json
from string import ascii_lowercase
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

reactor: Any = installed


class Recorder(Factory):
    """
    Makes the connections of clients, each with one to the server.

    @ivar said: what was said, in order: dicts as C{vectors.py} describes them.
    @ivar isLater: is what is said next said after a time in which all settled?
    @ivar port: where it listens, once L{start} was called.
    """

    noisy = False

    def __init__(self, server: int) -> None:
        self.said: list[dict[str, Any]] = []
        self.isLater = False
        self._server = server
        self._names = iter(ascii_lowercase)
        self._ends: list[_End] = []
        self.port = 0

    def start(self) -> None:
        """Listen, on a port that is free."""
        self._listening = reactor.listenTCP(0, self, interface="127.0.0.1")
        self.port = self._listening.getHost().port

    async def stop(self) -> list[dict[str, Any]]:
        """Stop listening and end all connections; what was said before."""
        said, self.said = self.said, []
        await (self._listening.stopListening() or succeed(None))
        ends, self._ends = self._ends, []
        for end in ends:
            end.isLast = True
            end.transport.abortConnection()
        for end in ends:
            await end.lost
        return said

    def buildProtocol(self, address: Any) -> _End:
        """A client has come."""
        name = next(self._names)
        client, server = _End(self, "client", name), _End(self, "server", name)
        client.other, server.other = server, client
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self._server)
        connectProtocol(endpoint, server)
        self._ends += client, server
        return client

    def isQuiet(self) -> bool:
        """Has all that was asked of a client its answer?"""
        asked, answered = set(), set()
        for each in self.said:
            message = json.loads(each.get("text", "{}"))
            if each["from"] == "server" and "method" in message:
                asked.add((each["peer"], message["id"]))
            elif each["from"] == "client" and "status" in message:
                answered.add((each["peer"], message["id"]))
        return asked <= answered

    def note(self, whose: str, peer: str, data: bytes) -> None:
        """Something was said; what is not JSON to its end goes on with what comes next."""
        text = data.decode("latin-1")
        for last in reversed(self.said):
            if (last["from"], last["peer"]) == (whose, peer):
                if "text" in last and not _isWhole(last["text"]):
                    last["text"] += text
                    return
                break
        later = {"later": True} if self.isLater else {}
        self.isLater = False
        self.said.append({"from": whose, "peer": peer, **later, "text": text})

    def ended(self, whose: str, peer: str) -> None:
        """One side ended the connection."""
        self.said.append({"from": whose, "peer": peer, "closed": True})


class _End(Protocol):
    """The connection with a client, or the one with the server for it."""

    other: _End
    transport: Any = None

    def __init__(self, recorder: Recorder, whose: str, peer: str) -> None:
        self.recorder, self.whose, self.peer = recorder, whose, peer
        self.isLast = False
        self.lost: Deferred[None] = Deferred()
        self._early = b""

    def connectionMade(self) -> None:
        """It is there; say what the other side said before."""
        self.transport.setTcpNoDelay(True)
        early, self._early = self._early, b""
        if early:
            self.transport.write(early)

    def dataReceived(self, data: bytes) -> None:
        """Its side said something."""
        self.recorder.note(self.whose, self.peer, data)
        self.other.say(data)

    def say(self, data: bytes) -> None:
        """Say something to its side."""
        if self.transport is None:
            self._early += data
        else:
            self.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over; if its side ended it, the other one is to hear of it."""
        if not self.isLast:
            self.other.isLast = True
            self.recorder.ended(self.whose, self.peer)
            self.other.transport.loseConnection()
        self.lost.callback(None)


def _isWhole(text: str) -> bool:
    """Is this a whole message?"""
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
