"""Signals that tell a router."""

from __future__ import annotations

import time
from typing import Any

from pysig_twisted import Limits
from pysig_twisted.errors import BadData, NameTaken, SenderGone, TooLarge
from pysig_twisted.net.flow import PIECE
from pysig_twisted.net.sending import ROOM
from pysig_twisted.wire.runs import Run, parseHead

from .clientcase import ClientTestCase, Spoken


class RemoteSignalTests(ClientTestCase):
    """L{RemoteSignal<pysig_twisted.net.remotesignals.RemoteSignal>}, as a client makes them."""

    def test_frames(self) -> None:
        """What it sends says whose event it is, its number, when it was fired, and its data."""
        client = self.client()
        sender = self.sender(client, "s", ("e", "f"))
        spoken = Spoken(self.routers)
        before = time.time()
        sender.trigger("e", {"a": 1})
        sender.getSignal("f").trigger()
        self.routers.pump()
        one, two = [message for message in spoken.byClient if isinstance(message, Run)]
        self.assertEqual(parseHead(one.head), (1, "s", "e", client._own._own["s"].sid))
        [(seq, stamp, data)] = one.events()
        self.assertEqual((seq, data), (1, b'{"a":1}'))
        self.assertTrue(before - 0.001 <= stamp / 1e6 <= time.time() + 0.001)
        self.assertEqual([(seq, data) for seq, _, data in two.events()], [(2, b"null")])

    def test_refused(self) -> None:
        """What cannot be sent raises, with or without a link, and has not happened."""
        client = self.client(limits=Limits(outbox=1 << 20))
        signal = self.sender(client).getSignal("e")
        for _ in range(2):
            self.assertRaises(BadData, signal.trigger, float("nan"))
            error = self.assertRaises(TooLarge, signal.trigger, "x" * (1 << 20))
            self.assertIn("the data of event 'e' of sender 's' is 1048578 bytes", str(error))
            self.assertEqual(signal.sender.seq, 0)
            self.routers.link(client).isRefusing = True
            self.routers.cut(client)

    def test_encodersOwnEvents(self) -> None:
        """An encoder that fires an event itself does so before the one at work."""
        client = self.client()
        sender = self.sender(client)
        own: Any = client._own._own["s"]
        encode = own.encode

        def firing(data: Any) -> bytes:
            own.encode = encode
            sender.trigger("e", "first")
            return bytes(encode(data))

        own.encode = firing
        heard = self.listen(self.routers.server, "s", "e")
        sender.trigger("e", "second")
        self.routers.pump()
        self.assertEqual(heard.data, ["first", "second"])

    def test_burst(self) -> None:
        """Of many events at once the outbox has 1 MiB, counts it right, and the rest follows."""
        client = self.client()
        sender = self.sender(client)
        heard = self.listen(self.routers.server, "s", "e")
        signal = sender.getSignal("e")
        for number in range(40_000):
            signal.trigger(number)
        outbox = client._uplink.openLink().outbox
        self.assertTrue(ROOM <= outbox.size < ROOM + 2 * PIECE, outbox.size)
        waiting = sum(map(len, [*outbox._blocks, *outbox.tail]))
        self.assertEqual(waiting, outbox.size)
        self.routers.pump()
        self.assertEqual(heard.data, list(range(40_000)))
        self.assertEqual(outbox.size, 0)

    def test_removed(self) -> None:
        """It fires no more when its sender was removed, whatever was kept of it."""
        client = self.client()
        sender = self.sender(client, "s", ("e", "f"))
        signal = sender.getSignal("e")
        sender.remove()
        self.routers.pump()
        for each in (signal, sender.getSignal("e"), sender.getSignal("f")):
            self.assertRaises(SenderGone, each.trigger, 1)
        self.assertEqual(sender.seq, 0)

    def test_otherLife(self) -> None:
        """A sender that was refused at a reconnect and taken later has another life, from 1 on."""
        client, other = self.client(), self.client()
        sender = self.sender(client)
        signal = sender.getSignal("e")
        signal.trigger("old")
        first = client._own._own["s"].sid
        with self.routers.cut(client):
            taken = self.sender(other)
        self.reconnect(client)
        self.failure(sender.whenSettled(), NameTaken)
        taken.remove()
        heard = self.listen(other, "s", "e")
        self.routers.cut(client)
        self.reconnect(client)
        self.assertEqual(str(sender.state), "accepted")
        signal.trigger("new")
        self.routers.pump()
        self.assertEqual(heard.data, ["new"])
        self.assertEqual(heard.all[-1][0].seq, 1)
        self.assertNotEqual(client._own._own["s"].sid, first)
