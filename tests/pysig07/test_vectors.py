"""The recordings are whole, and hold what there is in the protocol of pysig 0.7.3."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.pysig07.vectors import FOLDER, NAMES, Ids, read

FROM_CLIENT = {
    *("get_version", "list_senders", "add_sender", "remove_sender"),
    *("add_listener", "remove_listener", "signal", "request"),
}
FROM_SERVER = {"signal", "request"}

# The texts of the server, and those of a client. What is in quotes comes from Python.
SERVER_EXCEPTIONS = {
    "Invalid arguments",
    "sender lamp is already connected",
    "list.remove(x): x not in list",
    "Failed to add to router",
    "Listener not found",
    "Failed to remove from router",
    "invalid arguments, missing info",
    "invalid arguments, missing sender",
    "sender unknown not found",
    "sender door not connected",
    "'NoneType' object has no attribute 'trigger'",
    "invalid arguments, missing sender or method",
    "requests not supported",
    "method unknown not found",
    "Sender door is not connected",
    "'NoneType' object has no attribute 'getName'",
}
CLIENT_EXCEPTIONS = {
    "listener_id not given",
    "info is not provided",
    "listener id 5 not found",
    "invalid arguments: sender or method are missing",
    "sender nobody not found",
    "requests not supported",
    "method unknown not found",
    "out of order",
}


def messages(whose: str, name: str = "") -> list[dict[str, Any]]:
    """The messages of one side, of one recording or all."""
    return [
        json.loads(each["text"])
        for one in ([name] if name else NAMES)
        for each in read(one)
        if each["from"] == whose and "text" in each
    ]


class VectorTests(SynchronousTestCase):
    """What can be said of the recordings without an old peer."""

    def test_files(self) -> None:
        """Each conversation has its recording, and each recording its conversation."""
        self.assertEqual({path.stem for path in FOLDER.iterdir()}, set(NAMES))

    def test_whole(self) -> None:
        """Each message is an object of at most 4,096 bytes of ASCII, and has an id."""
        for name in NAMES:
            for each in read(name):
                self.assertIn(each["from"], ("client", "server"))
                self.assertRegex(each["peer"], "^[a-c]$")
                if "closed" not in each:
                    self.assertTrue(each["text"].isascii() and len(each["text"]) <= 4096, name)
                    self.assertIsInstance(json.loads(each["text"])["id"], int)

    def test_answers(self) -> None:
        """Each reply is to something asked before, once; and all that was asked has its reply."""
        for name in NAMES:
            asked: dict[tuple[str, str, int], Any] = {}
            for each in read(name):
                if "closed" in each:
                    asked = {key: value for key, value in asked.items() if key[1] != each["peer"]}
                    continue
                message = json.loads(each["text"])
                if "status" in message:
                    other = "client" if each["from"] == "server" else "server"
                    self.assertIn((other, each["peer"], message["id"]), asked, name)
                    del asked[other, each["peer"], message["id"]]
                else:
                    asked[each["from"], each["peer"], message["id"]] = message
            self.assertEqual(asked, {}, name)

    def test_methods(self) -> None:
        """Each method is there from both sides, with each status of its answers."""
        for whose, methods in (("client", FROM_CLIENT), ("server", FROM_SERVER)):
            said = messages(whose)
            self.assertLessEqual(methods, {message.get("method") for message in said})
            self.assertEqual({m["status"] for m in said if "status" in m}, {0, -1, -2, -3})

    def test_exceptions(self) -> None:
        """The texts of errors are there: all of the server's, and those of a client."""
        for whose, texts in (("server", SERVER_EXCEPTIONS), ("client", CLIENT_EXCEPTIONS)):
            there = {m["exception"] for m in messages(whose) if m.get("status") == -2}
            self.assertEqual(texts - there, set())

    def test_levels(self) -> None:
        """An event comes to the listeners of all four levels in their order, and no other."""
        ids = Ids()
        heard = [
            plain["params"]["listener_id"]
            for plain in map(ids.plain, messages("server", "listeners"))
            if plain.get("method") == "signal" and plain["params"]["data"] in (1, {"loud": True})
        ]
        # To all; of the sender; on the channel (3), or of the event (4, 7) and the channel's (6).
        self.assertEqual(heard, [f"listener {number}" for number in (1, 2, 4, 7, 1, 2, 3, 6)])

    def test_values(self) -> None:
        """NaN, infinities, big numbers, nested data and what just fits are there."""
        texts = [each["text"] for name in ("values", "largest") for each in read(name)]
        for part in ("NaN", "-Infinity", "9007199254740993", "-1180591620717411303424", "-0.0"):
            self.assertTrue(any(f'"data": {part}}}' in text for text in texts), part)
        self.assertTrue(any("[1, [2, [3, null]]]" in text for text in texts))
        self.assertGreater(max(map(len, texts)), 4080)

    def test_presence(self) -> None:
        """C{#connect} and C{#disconnect} say events and requests; these may be null, or in part."""
        calls = [m["params"] for m in messages("server", "presence") if m.get("method") == "signal"]
        for event in ("#connect", "#disconnect"):
            said = [params["data"] for params in calls if params["info"]["event"] == event]
            self.assertTrue(all({"#connect", "#disconnect"} <= set(d["events"]) for d in said))
            for requests in (None, ["get"], [None, "get"]):
                self.assertIn(requests, [data["requests"] for data in said])
