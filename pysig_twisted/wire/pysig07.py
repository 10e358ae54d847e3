"""
What peers of pysig 0.7.3 say: JSON objects, one after the other, with nothing between them.

Each is a I{question}, C{{"id", "method", "params"}}, or the I{answer} to one, with the same id and
a C{status}. Both sides ask. There is no greeting, and no length: 0.7.3 takes what one C{recv(4096)}
gives for one message. So what is sent to it must come alone, and be no longer than that; see
L{pysig_twisted.carriers.pysig07.exchange}. What comes from it is read here as a stream, however it
was cut.

The format was taken from the source of pysig 0.7.3 (C{sig/main.py}, C{Carrier.handleRPC}), and from
recordings of what its peers say to each other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from enum import IntEnum
from typing import Any, Final

import msgspec

from ..errors import ProtocolError

LONGEST: Final = 4096
"""
Bytes that a peer of 0.7.3 takes for one message.
"""

LONGEST_TAKEN: Final = 65_536
"""
Bytes of a message that we take, which is more than it could ever say to its own kind.
"""

NULL: Final = b"null"


class Status(IntEnum):
    """
    How an answer says what came of the question.
    """

    DONE = 0
    UNKNOWN_METHOD = -1
    RAISED = -2
    NO_METHOD = -3


class Said(msgspec.Struct, frozen=True):
    """
    A message. That of a peer may have anything in its fields.

    @ivar id: which question this is, or which it answers.
    @ivar method: what is asked.
    @ivar params: the JSON of what belongs to that.
    @ivar status: of an answer; C{None} for a question.
    @ivar response: the JSON of the answer.
    @ivar exception: the text of what was raised.
    @ivar router: in the answer to C{get_version}, the software of a router of ours; 0.7.3 says
        nothing there.
    """

    id: Any = None
    method: Any = None
    params: msgspec.Raw = msgspec.Raw(NULL)
    status: Any = None
    response: msgspec.Raw = msgspec.Raw(NULL)
    exception: Any = None
    router: Any = None

    @property
    def isAnswer(self) -> bool:
        """
        Is it an answer?
        """
        return self.status is not None


class Unreadable(ValueError):
    """
    A message is no JSON, or is JSON that only Python takes.

    @ivar id: its id, if it has one.
    """

    def __init__(self, reason: str, id: Any = None, isAnswer: bool = False) -> None:
        """
        @param reason: what is wrong with it, for people.
        """
        super().__init__(reason)
        self.id = id
        self.isAnswer = isAnswer


_said = msgspec.json.Decoder(Said)


def parse(text: bytes) -> Said:
    """
    The message of one JSON object.

    @raise Unreadable: it cannot be read.
    """
    try:
        return _said.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reason = str(error)
    try:
        # Python's own json writes NaN and Infinity, which nobody else reads.
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable(f"this is no JSON: {reason}") from None
    raise Unreadable(
        f"NaN, Infinity and texts that are no Unicode cannot be passed on: {reason}",
        fields.get("id"),
        fields.get("status") is not None,
    )


def question(number: int, method: str, params: bytes) -> bytes:
    """
    The bytes of a question.

    @param params: JSON.
    """
    return b'{"id": %d, "method": "%s", "params": %s}' % (number, method.encode(), params)


def answer(id: Any, response: bytes = NULL) -> bytes:
    """
    The bytes of the answer to a question that was done.

    @param response: JSON.
    """
    return b'{"id": %s, "status": 0, "response": %s}' % (msgspec.json.encode(id), response)


def version(id: Any, number: str, router: str) -> bytes:
    """
    The bytes of the answer to C{get_version}.
    """
    return msgspec.json.encode(
        {"id": id, "status": int(Status.DONE), "response": number, "router": router}
    )


def failure(id: Any, status: Status, exception: str | None = None) -> bytes:
    """
    The bytes of the answer to a question that was not.
    """
    fields = {"id": id, "status": int(status)}
    if exception is not None:
        # It must fit, and json.loads must take it.
        fields["exception"] = exception[:1000].encode(errors="replace").decode()
    return msgspec.json.encode(fields)


_STRUCTURE: Final = re.compile(rb'[{}"]')
_TEXT: Final = re.compile(rb'[\\"]')
_SPACE: Final = re.compile(rb"[ \t\r\n]*")


class Splitter:
    """
    Finds where one object ends and the next begins.
    """

    __slots__ = ("_at", "_begun", "_depth", "_isInText", "_longest")

    def __init__(self, longest: int = LONGEST_TAKEN) -> None:
        """
        @param longest: so many bytes may an object have.
        """
        self._longest = longest
        self._begun = bytearray()
        self._at = 0
        self._depth = 0
        self._isInText = False

    @property
    def held(self) -> int:
        """
        How many bytes wait for the rest of their object.
        """
        return len(self._begun)

    def stop(self) -> None:
        """
        The stream is over: keep nothing.
        """
        self._begun = bytearray()
        self._at = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """
        The objects that C{data} completes.

        @raise ProtocolError: something else stands where one must begin, or one is too long. What
            came before has been given.
        """
        begun = self._begun
        begun += data
        while True:
            if not self._at:
                space = _SPACE.match(begun)
                assert space is not None
                del begun[: space.end()]
                if begun and begun[0] != 0x7B:
                    raise ProtocolError(
                        f"an object of JSON must begin here, not {bytes(begun[:20])!r}"
                    )
            end = self._end()
            if (end or len(begun)) > self._longest:
                raise ProtocolError(f"a message has more than {self._longest} bytes")
            if not end:
                return
            self._at = 0
            yield bytes(begun[:end])
            del begun[:end]

    def _end(self) -> int:
        """
        Where the first object ends; 0 if that has not come yet.
        """
        begun = self._begun
        while True:
            if self._isInText:
                found = _TEXT.search(begun, self._at)
                if found is None:
                    self._at = len(begun)
                    return 0
                self._at = found.end()
                if found[0] == b'"':
                    self._isInText = False
                elif self._at < len(begun):
                    self._at += 1  # what is escaped
                else:
                    self._at -= 1  # what is escaped has not come yet
                    return 0
                continue
            found = _STRUCTURE.search(begun, self._at)
            if found is None:
                self._at = len(begun)
                return 0
            self._at = found.end()
            if found[0] == b'"':
                self._isInText = True
            elif found[0] == b"{":
                self._depth += 1
            else:
                self._depth -= 1
                if not self._depth:
                    return self._at
