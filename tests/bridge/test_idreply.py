"""The answer to a request of a device that describes itself."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pysig_twisted.bridge.idreply import IdReply
from pysig_twisted.bridge.jsonlines import parse
from pysig_twisted.bridge.replies import Answer, IReply, Taken


class IdReplyTests(SynchronousTestCase):
    """L{IdReply<pysig_twisted.bridge.idreply.IdReply>}."""

    def setUp(self) -> None:
        """One that waits for number 7."""
        self.answered: list[int] = []
        self.reply = IdReply(7, parse, self.answered.append)

    def take(self, line: str) -> Answer | Taken:
        """What it makes of a line."""
        return self.reply.take(line.encode(), line, lambda: self.fail("it needs no rules"))

    def test_interface(self) -> None:
        """It is a reply, and one that is no other's."""
        verifyObject(IReply, self.reply)
        self.assertTrue(self.reply.isKnown)
        self.assertIsNone(self.reply.gathered())

    def test_response(self) -> None:
        """The answer with its number is its own, also where that is nothing."""
        for text, data in (("1", 1), ("null", None), ("[]", [])):
            self.assertEqual(self.take(f'{{"id":7,"response":{text}}}'), Answer(data))
        self.assertEqual(self.answered, [7, 7, 7])

    def test_error(self) -> None:
        """So is the error."""
        self.assertEqual(self.take('{"id":7,"error":""}'), Answer(error=""))
        self.assertEqual(self.answered, [7])

    def test_others(self) -> None:
        """All else is not."""
        for line in (
            '{"id":8,"response":1}',
            '{"id":7,"response":1}*00',
            '{"id":7,"error":5}',
            '{"id":true,"response":1}',
            '{"event":"t","data":{"id":7,"response":1}}',
            '{"id":7,"method":"led"}',
            '{"hello":"green"}',
            "7",
        ):
            self.assertIs(self.take(line), Taken.NO, line)
        self.assertEqual(self.answered, [])
