"""One connection, as the server's router knows it."""

from __future__ import annotations

from pysig_twisted.errors import NotOwner
from pysig_twisted.net.peers import shortened
from pysig_twisted.wire.messages import (
    MAX_SEQ,
    Error,
    Fail,
    GapNotice,
    Pong,
    Result,
)
from pysig_twisted.wire.version1 import encode

from .rig import ServerRig


class PeersTests(ServerRig):
    """What is known of a peer, and how it is spoken to."""

    def test_codecs(self) -> None:
        """Every peer takes raw bytes and JSON, named or not."""
        known = self.peer(codecs={"mine": 128, "cbor": 3}).protocol.peer
        self.assertEqual(known.codecs, {0: "raw", 1: "json", 3: "cbor", 128: "mine"})

    def test_numbers(self) -> None:
        """Connections are numbered in the order of their HELLOs, and no number comes twice."""
        first, second = self.stranger(), self.peer()
        self.assertEqual(second.protocol.peer.id, 1)
        second.leave()
        self.assertIsNone(first.protocol.peer)
        self.assertEqual(self.peer().protocol.peer.id, 2)

    def test_tables(self) -> None:
        """What a peer may never need is made when it is looked at, once; nothing else is."""
        known = self.peer().protocol.peer
        self.assertIs(known.asking, known.asking)
        self.assertEqual((known.asking, known.serving, known.claims, known.heads), ({}, {}, {}, {}))
        self.assertIsNot(known.asking, known.serving)
        self.assertIsNot(known.asking, self.peer().protocol.peer.asking)
        self.assertRaises(AttributeError, lambda: known.nothing)

    def test_narrowNotice(self) -> None:
        """A notice fits into the frames of a narrow peer, whatever the names."""
        narrow = self.peer(maxFrame=1024)
        name = "\\" * 255
        narrow.protocol.peer.refuse(name, name, 3, NotOwner("x" * 1000))
        narrow.collect()
        self.assertLessEqual(len(narrow.carrier.writes[-1]) - 4, 1024)
        fields = narrow.one(Error).fields
        self.assertEqual((fields["code"], fields["sender"], fields["n"]), ("not-owner", name, 3))

    def test_shortened(self) -> None:
        """Messages that may be long have a short form that any peer takes."""
        worst = '"' * 255
        gap = GapNotice(worst, "f" * 16, MAX_SEQ, MAX_SEQ, MAX_SEQ, (worst,) * 5, "too-large")
        fields = {"code": "unsupported-codec", "message": "\x01" * 999, "type": "\x01" * 999}
        for message in (gap, Error(1, {**fields, "n": 5}), Fail(1, fields)):
            short = shortened(message)
            self.assertIs(type(short), type(message))
            self.assertLessEqual(len(encode(short)) - 4, 1024)
        self.assertEqual(shortened(Pong(1)), Pong(1))

    def test_wide(self) -> None:
        """A peer that takes it gets all of it."""
        peer = self.peer()
        peer.protocol.peer.send(Error(1, {"code": "busy", "message": "x" * 1000}))
        peer.protocol.peer.send(Result(2, {}))
        error, _ = peer.take()
        self.assertEqual(len(error.fields["message"]), 1000)
