"""Requests on their way through a server, and the answers of its own process."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import RemoteError
from pysig_twisted.net.passed import encodeAnswer
from pysig_twisted.wire.codecs import JSON, MSGPACK, Codecs
from pysig_twisted.wire.messages import Reply, Request
from pysig_twisted.wire.version1 import encode

ASKED = Request(JSON, "lamp", "dim", 7, 1000, "", b"null")


class Nowhere(tzinfo):
    """A time zone that has no offset: what it is part of cannot be encoded."""

    def utcoffset(self, when: datetime | None) -> timedelta:
        """Fail."""
        raise KeyError("mine")


class EncodeAnswerTests(SynchronousTestCase):
    """What a handler returned, as a frame."""

    def test_reply(self) -> None:
        """It has the number asked with, and the encoding asked in."""
        codecs = Codecs()
        for number, data in ((JSON, b"[1]"), (MSGPACK, b"\x91\x01")):
            frame = encodeAnswer(codecs.byId[number], ASKED, [1])
            self.assertEqual(frame, encode(Reply(number, 7, data)))

    def test_unsendable(self) -> None:
        """What cannot be encoded is an error that says so, and is logged."""
        with capturedLogs() as logged:
            error = self.assertRaises(
                RemoteError, encodeAnswer, Codecs().byId[JSON], ASKED, float("nan")
            )
        self.assertEqual(error.type, "BadData")
        self.assertIn("cannot be sent", error.message)
        (line,) = map(formatEvent, logged)
        self.assertIn("request lamp.dim failed: the handler's answer cannot be sent", line)

    def test_raises(self) -> None:
        """So it is if the value itself raises while it is encoded."""
        for codec in (JSON, MSGPACK):
            error = self.assertRaises(
                RemoteError,
                encodeAnswer,
                Codecs().byId[codec],
                ASKED,
                [datetime(2026, 1, 1, tzinfo=Nowhere())],
            )
            self.assertIn("mine", error.message)
