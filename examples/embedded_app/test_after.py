"""
Tests of the chat with its bus: no socket, and no time to wait for.

    cd examples/embedded_app; python -m twisted.trial test_after

What needs a router is given a plain Router: the room cannot tell the difference.
"""

from after import Room
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted import Router


class RoomTests(SynchronousTestCase):
    def setUp(self):
        self.router = Router()
        self.room = Room()
        self.room.attach(self.router)
        self.ann = self.room.buildProtocol(None)
        self.ann.makeConnection(StringTransport())

    def test_said(self):
        """What a member says is an event."""
        heard = []
        self.router.addListener(lambda info, data: heard.append(data), "chat", "said")
        self.ann.dataReceived(b"good evening\r\n")
        self.assertEqual(heard, ["good evening"])

    def test_say(self):
        """Others on the bus speak to the members, and count them."""
        self.successResultOf(self.router.request("chat", "say", "dinner"))
        self.assertEqual(self.ann.transport.value(), b"dinner\n")
        self.assertEqual(self.successResultOf(self.router.request("chat", "count")), 1)

    def test_alarm(self):
        """Alarms of anybody are shown."""
        oven = self.router.addSender("oven", "#alarm")
        oven.trigger("#alarm", "it is hot")
        self.assertEqual(self.ann.transport.value(), b"ALARM of oven: it is hot\n")
