"""
A peer of 0.7.3 as it is: it takes what one C{recv} gives for one message.

Its two threads are here two methods, so that a test says when each has its turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

RECV = 4096


class OldPeer:
    """
    See the module.

    @ivar heard: the data of the signals that its listeners were told, with their numbers.
    @ivar lost: what could not be understood as one message.
    @ivar answers: what the calls that are over came to.
    @ivar handlers: what it answers to C{request}, by method.
    """

    def __init__(self, send: Callable[[bytes], object]) -> None:
        self._send = send
        self._buffer = b""
        self._number = 0
        # Calls whose thread waits, and what has come for it, as ReplyQueue has them.
        self._replies: dict[int, Any] = {}
        self.heard: list[tuple[int, Any]] = []
        self.infos: list[dict[str, Any]] = []
        self.lost: list[bytes] = []
        self.answers: dict[int, Any] = {}
        self.handlers: dict[str, Callable[[Any], Any]] = {}
        self.unknown: set[int] = set()

    def arrive(self, data: bytes) -> None:
        """The system has received bytes."""
        self._buffer += data

    @property
    def waiting(self) -> int:
        """How many bytes it has not looked at."""
        return len(self._buffer)

    def call(self, method: str, /, **params: Any) -> int:
        """A thread calls, and waits from here on."""
        self._number += 1
        self._replies[self._number] = None
        self._say({"id": self._number, "method": method, "params": params})
        return self._number

    def poll(self) -> None:
        """The threads that wait look whether there is an answer."""
        for number, reply in list(self._replies.items()):
            if reply is not None:
                self.answers[number] = reply
                del self._replies[number]

    @property
    def open(self) -> int:
        """How many of its threads wait."""
        return len(self._replies)

    def recv(self) -> None:
        """The receiving thread has its turn."""
        data, self._buffer = self._buffer[:RECV], self._buffer[RECV:]
        if not data:
            return
        try:
            message = json.loads(data)
        except ValueError:
            self.lost.append(data)
            return
        if message.get("status") is not None:
            self._replied(message)
        else:
            self._say(self._handled(message))

    def _replied(self, message: dict[str, Any]) -> None:
        """An answer has come."""
        number = message["id"]
        if number in self._replies:
            # A lock that is not locked cannot be released: the thread would die of it.
            assert self._replies[number] is None, "the thread that receives has died"
            self._replies[number] = message

    def _handled(self, message: dict[str, Any]) -> dict[str, Any]:
        """A question has come."""
        id, method, params = message["id"], message["method"], message.get("params") or {}
        if method == "signal":
            number = params["listener_id"]
            if number in self.unknown:
                text = f"listener id {number} not found"
                return {"id": id, "status": -2, "exception": text}
            self.heard.append((number, params["data"]))
            self.infos.append(params["info"])
            return {"id": id, "status": 0, "response": None}
        if method != "request":
            return {"id": id, "status": -1}
        try:
            response = self.handlers[params["method"]](params["params"])
        except Exception as error:
            return {"id": id, "status": -2, "exception": str(error)}
        return {"id": id, "status": 0, "response": response}

    def _say(self, message: dict[str, Any]) -> None:
        self._send(json.dumps(message).encode())
