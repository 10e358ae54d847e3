"""Requests on their way through a server, and the answers of its own process."""

from __future__ import annotations

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net.passed import encodeReply
from pysig_twisted.wire.codecs import JSON, MSGPACK, Codecs
from pysig_twisted.wire.messages import Fail, Reply, Request

ASKED = Request(JSON, "lamp", "dim", 7, 1000, "", b"null")


class EncodeReplyTests(SynchronousTestCase):
    """What a handler returned, as a message."""

    def test_reply(self) -> None:
        """It has the number asked with, and the encoding asked in."""
        codecs = Codecs()
        self.assertEqual(encodeReply(codecs.byId[JSON], ASKED, [1]), Reply(JSON, 7, b"[1]"))
        self.assertEqual(
            encodeReply(codecs.byId[MSGPACK], ASKED, [1]), Reply(MSGPACK, 7, b"\x91\x01")
        )

    def test_unsendable(self) -> None:
        """What cannot be encoded is an error that says so, under the same number, and is logged."""
        with capturedLogs() as logged:
            fail = encodeReply(Codecs().byId[JSON], ASKED, float("nan"))
        assert isinstance(fail, Fail)
        self.assertEqual((fail.id, fail.fields["code"]), (7, "remote-error"))
        self.assertIn("cannot be sent", fail.fields["message"])
        (line,) = map(formatEvent, logged)
        self.assertIn("request lamp.dim failed: the handler's answer cannot be sent", line)
