"""
The recordings in C{tests/vectors/pysig07}, and what two of them have in common.

Each is a list of what was said, in order, as dicts: C{from} is C{client} or C{server}, C{peer} is
which client (a, b, ... in the order in which they came) and C{text} the bytes as Latin-1. In place
of it, C{"closed": true} says that this side ended the connection. C{"later": true} says that it was
said when all before had settled: a peer that is gone is forgotten, what was to be read is read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.pysig07.conversations import CONVERSATIONS

FOLDER: Final = Path(__file__).resolve().parent.parent / "vectors" / "pysig07"
NAMES: Final = tuple(CONVERSATIONS)


def read(name: str) -> list[dict[str, Any]]:
    """What was said in a conversation."""
    said: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())
    return said


def write(name: str, said: list[dict[str, Any]]) -> None:
    """Keep what was said, a line each."""
    FOLDER.mkdir(exist_ok=True)
    lines = ",\n".join(json.dumps(each) for each in said)
    (FOLDER / f"{name}.json").write_text(f"[\n{lines}\n]\n")


class Ids:
    """
    Names for the listeners of a conversation, in the order in which they were added.

    The server makes their ids up, so they differ each time, and one that is free may come again.
    """

    def __init__(self) -> None:
        self._names: dict[Any, str] = {}
        self._count = 0

    def plain(self, message: Any) -> Any:
        """
        A message without what differs from one time, or one Python, to another.

        That is: the ids of listeners, NaN that is not like itself, and the order of the names that
        come out of a dict of the server.
        """
        if isinstance(message, dict):
            response = message.get("response")
            if isinstance(response, dict) and "listener_id" in response:
                self._count += 1
                self._names[response["listener_id"]] = f"listener {self._count}"
            return {key: self._value(key, value) for key, value in message.items()}
        if isinstance(message, list):
            return [self.plain(each) for each in message]
        return "NaN" if message != message else message

    def _value(self, key: str, value: Any) -> Any:
        """The value of a key in a message."""
        if key == "listener_id":
            return self._names.get(value, value)
        plain = self.plain(value)
        if isinstance(plain, list) and (
            key in ("events", "requests")
            or (key == "response" and all(isinstance(e, dict) and "connected" in e for e in plain))
        ):
            plain.sort(key=lambda each: json.dumps(each, sort_keys=True))
        return plain


def comparable(said: list[dict[str, Any]]) -> list[Any]:
    """What was said, such that two recordings of one conversation are equal."""
    ids = Ids()
    return [
        (each["from"], each["peer"], ids.plain(json.loads(each["text"])))
        if "text" in each
        else (each["from"], each["peer"], "closed")
        for each in said
    ]
