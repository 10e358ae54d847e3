"""The senders of a client: declared at any time, registered again after each loss of the link."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from pysig_twisted import Limits, SenderInfo
from pysig_twisted.errors import (
    BadData,
    BadName,
    BadRequest,
    Busy,
    LinkLost,
    NameTaken,
    NoSuchEvent,
    NotOwner,
    ProtocolError,
    SenderGone,
    TooLarge,
)
from pysig_twisted.wire.messages import AddSender, Call, Error, Goodbye, Hello, RemoveSender, Result
from pysig_twisted.wire.runs import Run

from .clientcase import ClientTestCase, Observer, Scripted, Scripts, Spoken, obliging, welcome

SENDER_LIMIT = Limits(senders=1)


class DeclaringTests(ClientTestCase):
    """Adding and removing senders."""

    def names(self) -> list[str]:
        """The senders that the server has."""
        infos: list[SenderInfo] = self.result(self.routers.server.senders())
        return [info.name for info in infos]

    def test_beforeConnect(self) -> None:
        """What is declared before the link is up is registered when it is."""
        client = self.client(start=False)
        sender = client.addSender("s", "e", {"ask": lambda params: params})
        settled = sender.whenSettled()
        self.routers.pump()
        self.assertEqual(str(sender.state), "pending")
        self.assertNoResult(settled)
        client.startService()
        self.assertIs(self.result(settled), sender)
        self.assertEqual(str(sender.state), "accepted")
        self.assertEqual(self.names(), ["s"])
        self.assertEqual(self.result(client.request("s", "ask", 5)), 5)

    def test_afterConnect(self) -> None:
        """What is declared later is registered at once."""
        client = self.client()
        sender = client.addSender("s", "e")
        self.assertEqual(str(sender.state), "pending")
        self.assertIs(self.result(sender.whenSettled()), sender)
        self.assertEqual(self.names(), ["s"])
        self.assertIs(client.getSender("s"), sender)

    def test_badDeclarations(self) -> None:
        """What cannot be declared is refused by the call itself."""
        client = self.client()
        self.assertRaises(BadName, client.addSender, "")
        self.assertRaises(BadName, client.addSender, "x" * 256)
        self.assertRaises(BadName, client.addSender, "$own")
        self.assertRaises(BadName, client.addSender, "s", "#connect")
        self.assertRaises(BadRequest, client.addSender, "s", (), {"m": 5})
        self.assertIsNone(client.getSender("s"))

    def test_taken(self) -> None:
        """A name that another client has is refused, logged and told to the observer."""
        self.sender(self.client())
        observer = Observer()
        client = self.client(observer=observer)
        sender = client.addSender("s", "e")
        lines = self.logs(lambda: self.failure(sender.whenSettled(), NameTaken), "refused sender s")
        self.assertEqual(len(lines), 1)
        self.assertEqual(str(sender.state), "refused")
        self.assertIn(("refused", sender, NameTaken), observer.told)
        self.failure(sender.whenSettled(), NameTaken)

    def test_takenHere(self) -> None:
        """A name that this client has already is refused at once."""
        client = self.client()
        first = self.sender(client)
        second = client.addSender("s", "e")
        self.failureResultOf(second.whenSettled(), NameTaken)
        self.assertIs(client.getSender("s"), first)
        self.result(second.remove())
        self.assertEqual(self.names(), ["s"])

    def test_removed(self) -> None:
        """A sender that was removed is gone from the server, and cannot fire."""
        client = self.client()
        sender = self.sender(client)
        removed = sender.remove()
        self.assertEqual(str(sender.state), "removed")
        self.assertNoResult(removed)
        self.result(removed)
        self.assertEqual(self.names(), [])
        self.assertRaises(SenderGone, sender.trigger, "e")
        self.failureResultOf(sender.whenSettled(), SenderGone)
        self.result(sender.remove())
        self.assertIsNone(client.getSender("s"))

    def test_removeSender(self) -> None:
        """It is removed by name or by handle, once."""
        client, other = self.client(), self.client()
        first, second = self.sender(client, "a"), self.sender(client, "b")
        self.assertFalse(other.removeSender(first))
        self.assertTrue(client.removeSender("a"))
        self.assertTrue(client.removeSender(second))
        self.assertFalse(client.removeSender("a"))
        self.assertFalse(client.removeSender(second))
        self.routers.pump()
        self.assertEqual(self.names(), [])

    def test_removedForAReason(self) -> None:
        """Others are told why, also those whose link is down meanwhile."""
        client, away, asking = self.client(), self.client(), self.client()
        sender = self.sender(client, "a", "e", {"wait": lambda params: Deferred()})
        other = self.sender(client, "b")
        near, far = self.listen(asking), self.listen(away)
        asked = asking.request("a", "wait")
        self.routers.pump()
        with self.routers.cut(away):
            sender.trigger("e", 1)
            self.result(sender.remove("unplugged"))
            self.assertTrue(client.removeSender(other, reason="no-answer"))
            self.routers.pump()
        self.reconnect(away)
        ends = [("a", "unplugged"), ("b", "no-answer")]
        for heard in (near, far):
            self.assertEqual([one for one in heard.presence if one[1] != "came"], ends)
        self.assertIn("(unplugged)", str(self.failure(asked, SenderGone)))

    def test_badReason(self) -> None:
        """What cannot be a reason is refused by the call itself, and the sender stays."""
        client = self.client()
        sender = self.sender(client)
        self.assertRaises(BadRequest, sender.remove, "timeout")
        self.assertRaises(BadRequest, client.removeSender, "s", reason="Not one word")
        self.assertRaises(BadRequest, client.removeSender, "nobody", reason="")
        self.routers.pump()
        self.assertEqual((self.names(), str(sender.state)), (["s"], "accepted"))

    def test_removedForAReasonWhileDown(self) -> None:
        """Without a link nobody can be told: to the others the sender was lost with the link."""
        client = self.client()
        sender = self.sender(client)
        heard = self.listen(self.client())
        self.routers.link(client).cut()
        self.result(sender.remove("unplugged"))
        self.reconnect(client)
        self.assertEqual(heard.presence, [("s", "lost")])

    def test_removedBeforeAnswered(self) -> None:
        """A sender that is removed before the router has answered is not there afterwards."""
        client = self.client()
        sender = client.addSender("s", "e")
        settled = sender.whenSettled()
        sender.trigger("e", 1)
        removed = sender.remove()
        self.failureResultOf(settled, SenderGone)
        self.result(removed)
        self.assertEqual(str(sender.state), "removed")
        self.assertEqual(self.names(), [])

    def test_removedWhileDown(self) -> None:
        """A sender that is removed while the link is down is not registered again."""
        client = self.client()
        sender = self.sender(client)
        self.routers.link(client).cut()
        self.result(sender.remove())
        self.reconnect(client)
        self.assertEqual(self.names(), [])

    def test_addedAnew(self) -> None:
        """A name that was removed may be added again at once."""
        client = self.client()
        heard = self.listen(self.client())
        first = self.sender(client)
        first.remove()
        second = client.addSender("s", "e")
        second.trigger("e", 2)
        self.result(second.whenSettled())
        self.assertEqual(heard.presence, [("s", "came"), ("s", "closed"), ("s", "came")])
        self.assertEqual(heard.data, [2])

    def test_limit(self) -> None:
        """More senders than the router takes are refused with its reason."""
        self.routers = self.join(limits=SENDER_LIMIT)
        client = self.client()
        self.sender(client)
        self.failure(client.addSender("t").whenSettled(), Busy)

    def test_have(self) -> None:
        """A router is sent only what it does not have."""

        def react(server: Scripted, message: Any) -> None:
            if isinstance(message, Hello):
                server.say(welcome())
            elif isinstance(message, Call):
                server.say(Result(message.id, {"have": 2}))

        self.routers.factory = scripts = Scripts(react)
        sender = self.client().addSender("s", "e")
        for _ in range(3):
            sender.trigger("e")
        self.routers.pump()
        [run] = [message for message in scripts.made[0].messages if isinstance(message, Run)]
        self.assertEqual((run.first, run.last), (3, 3))

    def test_unreadableAnswer(self) -> None:
        """A router that answers something else is not talked to any more."""

        def react(server: Scripted, message: Any) -> None:
            if isinstance(message, Hello):
                server.say(welcome())
            elif isinstance(message, Call) and isinstance(message.action, AddSender):
                server.say(Result(message.id, {"have": "much"}))

        self.routers.factory = Scripts(react)
        client = self.client(start=False)
        client.addSender("s")
        up = client.whenConnected()
        client.startService()
        self.failure(up, ProtocolError)


class TriggerTests(ClientTestCase):
    """Firing events."""

    def test_order(self) -> None:
        """Events are heard in the order in which they were fired, with their numbers."""
        sender = self.sender(self.client(), events=("e", "f"))
        heard = self.listen(self.client(), "s")
        for number in range(100):
            sender.trigger("ef"[number % 2], number)
        self.routers.pump()
        self.assertEqual(heard.data, list(range(100)))
        self.assertEqual([info.seq for info, _ in heard.all], list(range(1, 101)))

    def test_atOnce(self) -> None:
        """What is fired before the router has answered is not lost."""
        heard = self.listen(self.client(), None, "e")
        sender = self.client().addSender("s", "e")
        for number in range(5):
            sender.trigger("e", number)
        self.routers.pump()
        sender.trigger("e", 5)
        self.routers.pump()
        self.assertEqual(heard.data, [0, 1, 2, 3, 4, 5])
        self.assertEqual(heard.gaps, [])

    def test_atOnceTooMuch(self) -> None:
        """Of what is fired before the router has answered, the oldest makes room."""
        heard = self.listen(self.client(), None, "e")
        client = self.client(limits=Limits(outbox=1000))
        sender = client.addSender("s", "e")

        def fire() -> None:
            for number in range(10):
                sender.trigger("e", f"{number}" * 200)

        self.assertEqual(len(self.logs(fire, "more waits to be sent")), 1)
        self.routers.pump()
        self.assertEqual([data[0] for data in heard.data], ["8", "9"])
        self.assertEqual([(gap.first, gap.last) for gap in heard.gaps], [(1, 8)])
        self.assertEqual(client._own.sending.dropped, 8)

    def test_muchAtOnce(self) -> None:
        """What is fired before the router has answered may be much."""
        heard = self.listen(self.client(), None, "e")
        sender = self.client().addSender("s", "e")
        for number in range(10):
            sender.trigger("e", f"{number}" * 1_000_000)
        self.routers.pump()
        self.assertEqual([data[0] for data in heard.data], list("0123456789"))

    def test_oneLimit(self) -> None:
        """The limit is one for all senders; what one has lost is told, also if it was its last."""
        heard = self.listen(self.client(), None, "e")
        client = self.client(limits=Limits(outbox=1000))
        senders = [client.addSender(name, "e") for name in "abc"]
        for sender in senders:
            sender.trigger("e", "x" * 600)
        self.routers.pump()
        self.assertEqual([info.sender for info, _ in heard.all], ["c"])
        gaps = [(gap.sender, gap.first, gap.last) for gap in heard.gaps]
        self.assertEqual(gaps, [("a", 1, 1), ("b", 1, 1)])
        client.addSender("d", "e").trigger("e", "x" * 600)
        self.routers.pump()
        self.assertEqual([info.sender for info, _ in heard.all], ["c", "d"])
        self.assertEqual((client._own.sending.dropped, client._own.sending.unsent), (2, 0))

    def test_refused(self) -> None:
        """What a refused sender fires goes nowhere, which is said once."""
        self.sender(self.client())
        client = self.client()
        sender = client.addSender("s", "e")
        sender.trigger("e", 1)
        self.failure(sender.whenSettled(), NameTaken)
        heard = self.listen(client)

        def fire() -> None:
            for _ in range(3):
                sender.trigger("e", 2)
            self.routers.pump()

        self.assertEqual(len(self.logs(fire, "the router refused the sender")), 1)
        self.assertEqual(heard.data, [])

    def test_errors(self) -> None:
        """What cannot be sent is refused at once, and counts as never fired."""
        sender = self.sender(self.client())
        heard = self.listen(self.client(), "s")
        self.assertRaises(NoSuchEvent, sender.trigger, "other")
        self.assertRaises(BadData, sender.trigger, "e", object())
        self.assertRaises(BadData, sender.trigger, "e", float("nan"))
        self.assertRaises(TooLarge, sender.trigger, "e", "x" * (1 << 20))
        sender.trigger("e", 1)
        self.routers.pump()
        self.assertEqual([(info.seq, data) for info, data in heard.all], [(1, 1)])

    def test_errorsWithoutLink(self) -> None:
        """The same is refused while the link is down."""
        sender = self.client(start=False).addSender("s", "e")
        self.assertRaises(BadData, sender.trigger, "e", object())
        self.assertRaises(TooLarge, sender.trigger, "e", "x" * (1 << 20))
        self.assertEqual(sender.seq, 0)

    def test_smallerFrames(self) -> None:
        """What is too large for this router is refused at once, also before it has answered."""
        self.routers = self.join(limits=Limits(maxFrame=2000))
        client = self.client()
        sender = client.addSender("s", "e")
        self.assertRaises(TooLarge, sender.trigger, "e", "x" * 2000)
        self.result(sender.whenSettled())
        heard = self.listen(self.client(), "s")
        error = self.assertRaises(TooLarge, sender.trigger, "e", "x" * 2000)
        room = 2000 - len(b"\x20") - 1 - 2 - len(b"s\0e") - 8 - 16
        self.assertIn(str(room), str(error))
        sender.trigger("e", "x" * (room - 2))
        self.routers.pump()
        self.assertEqual(len(heard.data[0]), room - 2)

    def test_signal(self) -> None:
        """A signal stays good over a reconnect."""
        client = self.client()
        signal = self.sender(client).getSignal("e")
        heard = self.listen(self.client(), "s")
        signal.trigger(1)
        self.routers.pump()
        self.routers.link(client).cut()
        self.reconnect(client)
        signal.trigger(2)
        self.routers.pump()
        self.assertEqual(heard.data, [1, 2])

    def test_burst(self) -> None:
        """
        Of a burst that is more than may wait, the oldest that were not sent are dropped, warned
        of once, and told as a gap; the link stays.
        """
        client = self.client(limits=Limits(outbox=100_000))
        sender = self.sender(client)
        heard = self.listen(self.client(), "s")
        connections = self.routers.link(client).connections

        def burst() -> None:
            for number in range(1000):
                sender.trigger("e", f"{number} {'x' * 1000}")

        self.assertEqual(len(self.logs(burst, "more waits to be sent")), 1)
        self.routers.pump()
        [(first, last)] = [(gap.first or 0, gap.last or 0) for gap in heard.gaps]
        self.assertEqual(len(heard.data) + last - first + 1, 1000)
        # What was in the outbox is heard, and the last that the limit has room for.
        self.assertTrue(40 < first < 60 and 900 < last < 920, heard.gaps)
        self.assertEqual(client._own.sending.dropped, last - first + 1)
        sender.trigger("e", "last")
        self.routers.pump()
        self.assertEqual(heard.data[-1], "last")
        self.assertEqual(len(heard.gaps), 1)
        self.assertEqual(self.routers.link(client).connections, connections)

    def test_largerThanLimit(self) -> None:
        """What could never wait is refused at once."""
        sender = self.sender(self.client(limits=Limits(outbox=1000)))
        self.assertRaises(TooLarge, sender.trigger, "e", "x" * 900)
        sender.trigger("e", "x" * 800)

    def test_early(self) -> None:
        """That what is fired before the first connection is sent to nobody is said once."""
        client = self.client(start=False)
        sender = client.addSender("s", "e")

        def fire() -> None:
            for _ in range(3):
                sender.trigger("e")

        self.assertEqual(len(self.logs(fire, "the router does not have them yet")), 1)
        heard = self.listen(self.routers.server, "s", "e")
        client.startService()
        self.routers.pump()
        sender.trigger("e", "new")
        self.routers.pump()
        self.assertEqual(heard.data, ["new"])


class AnewTests(ClientTestCase):
    """A sender that was refused, and is registered again."""

    def test_flushWaits(self) -> None:
        """flush() waits for the router's answer to the new registration."""
        holder = self.client()
        held = self.sender(holder)
        client = self.client()
        sender = client.addSender("s", "e")
        self.failure(sender.whenSettled(), NameTaken)
        held.remove()
        heard = self.listen(self.client(), "s")
        self.routers.link(client).cut()
        self.reconnect(client)
        sender.trigger("e", 1)
        flushed = client.flush()
        self.result(flushed)
        self.routers.pump()
        self.assertEqual(heard.data, [1])


class OutageTests(ClientTestCase):
    """Senders over the loss of the link."""

    def test_counted(self) -> None:
        """
        What is fired while the link is down is heard when it is back, or told as a gap: each
        event is accounted for.
        """
        client = self.client()
        sender = self.sender(client)
        heard = self.listen(self.client(), "s")
        sender.trigger("e", 1)
        self.routers.pump()
        self.routers.link(client).cut()
        for number in (2, 3, 4):
            sender.trigger("e", number)
        self.reconnect(client)
        sender.trigger("e", 5)
        self.routers.pump()
        told = [n for gap in heard.gaps for n in range(gap.first or 0, (gap.last or 0) + 1)]
        self.assertEqual(sorted(heard.data + told), [1, 2, 3, 4, 5])
        self.assertEqual(heard.presence, [("s", "lost"), ("s", "came")])
        self.assertEqual(heard.all[-1][0].seq, 5)

    def test_sameLife(self) -> None:
        """The same life is registered again: the same number, the same secret, counting on."""
        spoken = Spoken(self.routers)
        client = self.client()
        sender = self.sender(client)
        sender.trigger("e")
        self.routers.link(client).cut()
        self.reconnect(client)
        first, second = (call for call in spoken.calls() if isinstance(call, AddSender))
        self.assertEqual((first.sid, first.secret), (second.sid, second.secret))
        self.assertEqual((first.last, first.oldest, second.last, second.oldest), (0, 1, 1, 1))
        self.assertEqual(str(sender.state), "accepted")

    def test_state(self) -> None:
        """While the link is down it is pending, and whenSettled waits."""
        client = self.client()
        sender = self.sender(client)
        self.routers.link(client).cut()
        self.assertEqual(str(sender.state), "pending")
        settled = sender.whenSettled()
        self.assertNoResult(settled)
        self.reconnect(client)
        self.assertIs(self.successResultOf(settled), sender)

    def test_cutWhileRegistering(self) -> None:
        """A loss of the link before the router has answered is no refusal."""
        observer = Observer()
        client = self.client(observer=observer)
        heard = self.listen(self.client(), None, "e")
        self.routers.link(client).hold()
        sender = client.addSender("s", "e")
        settled = sender.whenSettled()
        sender.trigger("e", 1)
        self.routers.pump()
        self.routers.link(client).cut()
        self.assertNoResult(settled)
        self.reconnect(client)
        self.successResultOf(settled)
        sender.trigger("e", 2)
        self.routers.pump()
        self.assertEqual(heard.data, [2])
        self.assertNotIn("refused", [told[0] for told in observer.told])

    def test_goodbye(self) -> None:
        """Between GOODBYE and the end of the connection there is no link."""
        self.routers.factory = scripts = Scripts(obliging)
        client = self.client()
        sender = self.sender(client)
        self.routers.hold(client, server=False)
        scripts.made[0].say(Goodbye("shutting-down"))
        self.routers.pump()
        self.assertTrue(self.routers.link(client).isUp)
        self.assertEqual(str(sender.state), "pending")
        sender.trigger("e", 1)
        self.assertFalse(client._own._own["s"].ring.isOpen)
        late = client.addSender("t", "e")
        self.routers.advance(0.5)
        self.assertEqual(str(late.state), "pending")
        self.assertEqual(self.routers.link(client).connections, 1)
        self.routers.advance(3)
        self.assertEqual(self.routers.link(client).connections, 2)

    def test_takenMeanwhile(self) -> None:
        """
        A name that another took while we were away is refused, logged and told to the observer;
        at the next connect it is tried again, as another life.
        """
        spoken = Spoken(self.routers)
        observer = Observer()
        client = self.client(observer=observer)
        sender = self.sender(client)
        sender.trigger("e")
        self.routers.link(client).cut()
        other = self.sender(self.client())
        lines = self.logs(lambda: self.reconnect(client), "refused sender s")
        self.assertEqual(len(lines), 1)
        self.assertEqual(str(sender.state), "refused")
        self.assertEqual(
            observer.told[-2:], [("refused", sender, NameTaken), ("connected",)], observer.told
        )
        self.result(other.remove())
        heard = self.listen(self.client(), "s")
        self.routers.link(client).cut()
        settled = sender.whenSettled()
        self.failureResultOf(settled, NameTaken)
        self.reconnect(client)
        self.assertEqual(str(sender.state), "accepted")
        self.successResultOf(sender.whenSettled())
        claims = [call for call in spoken.calls() if isinstance(call, AddSender)]
        mine, theirs, again, last = claims
        self.assertEqual(mine.sid, again.sid)
        self.assertNotEqual(mine.sid, last.sid)
        sender.trigger("e", "new")
        self.routers.pump()
        self.assertEqual([(info.event, info.seq) for info, _ in heard.all][-1], ("e", 1))

    def test_takeover(self) -> None:
        """
        A server that has not noticed the loss of the link gives the name to its owner at once,
        and nobody is told of a change.
        """
        client = self.client()
        sender = self.sender(client)
        heard = self.listen(self.client(), snapshot=True)
        sender.trigger("e", 1)
        self.routers.pump()
        self.routers.link(client).cut(server=False)
        sender.trigger("e", 2)
        self.reconnect(client)
        self.assertEqual(str(sender.state), "accepted")
        sender.trigger("e", 3)
        self.routers.pump()
        told = [n for gap in heard.gaps for n in range(gap.first or 0, (gap.last or 0) + 1)]
        self.assertEqual(sorted(heard.data + told), [1, 2, 3])
        self.assertEqual(heard.presence, [("s", "came")])
        self.routers.advance(60)
        self.assertEqual(heard.presence, [("s", "came")])
        sender.trigger("e", 4)
        self.routers.pump()
        self.assertEqual(heard.data[-2:], [3, 4])

    def test_stolenWhileSilent(self) -> None:
        """A name whose owner gives no sign of life goes to another after two seconds."""
        client = self.client()
        self.sender(client)
        heard = self.listen(self.client())
        self.routers.link(client).cut(server=False)
        self.routers.isRefusing = True
        self.routers.advance(0.1)
        self.routers.isRefusing = False
        other = self.client().addSender("s", "e")
        settled = other.whenSettled()
        self.routers.isRefusing = True
        self.routers.advance(1.8)
        self.assertNoResult(settled)
        self.routers.advance(0.3)
        self.successResultOf(settled)
        self.assertEqual(heard.presence, [("s", "timeout"), ("s", "came")])
        self.routers.isRefusing = False

    def test_removeCallsOnce(self) -> None:
        """Removing says one thing to the router."""
        spoken = Spoken(self.routers)
        client = self.client()
        sender = self.sender(client)
        spoken.calls()
        sender.remove()
        sender.remove()
        self.routers.pump()
        self.assertEqual(spoken.calls(), [RemoveSender("s")])

    def test_requestsFail(self) -> None:
        """A removed sender's open requests fail."""
        client = self.client()
        sender = self.sender(client, requests={"wait": lambda params: None})
        self.assertIsNone(self.result(client.request("s", "wait")))
        sender.remove()
        self.failure(client.request("s", "wait"), LookupError)

    def test_linkLostCount(self) -> None:
        """Removing a sender whose link breaks meanwhile succeeds: it is gone with the link."""
        client = self.client()
        sender = self.sender(client)
        self.routers.link(client).hold()
        removed = sender.remove()
        request = client.request("s", "m")
        self.routers.link(client).cut()
        self.result(removed)
        self.failureResultOf(request, LinkLost)


class NoticeTests(ClientTestCase):
    """What the router says of events that it did not take."""

    def test_observer(self) -> None:
        """The observer is told, with the sender that fired them; of others nobody is."""
        scripts = Scripts(obliging)
        self.routers.factory = scripts
        observer = Observer()
        sender = self.sender(self.client(observer=observer))
        fields = {"code": "not-owner", "message": "no", "event": "e", "n": 3}
        scripts.made[0].say(
            Error(0, {**fields, "sender": "s"}), Error(0, {**fields, "sender": "other\n"})
        )
        lines = self.logs(self.routers.pump, "the router refused 3 event(s)")
        self.assertEqual(len(lines), 2)
        self.assertNotIn("\n", lines[1])
        refusals = [told for told in observer.told if told[0] == "refused"]
        self.assertEqual(refusals, [("refused", sender, NotOwner)])

    def test_strangeName(self) -> None:
        """The same for a name that a log cannot show as it is."""
        scripts = Scripts(obliging)
        self.routers.factory = scripts
        observer = Observer()
        sender = self.sender(self.client(observer=observer), "a\u3000b")
        notice = {"code": "not-owner", "message": "no", "event": "e", "n": 3, "sender": "a\u3000b"}
        scripts.made[0].say(Error(0, notice), Error(0, {**notice, "sender": 5}))
        self.routers.pump()
        refusals = [told for told in observer.told if told[0] == "refused"]
        self.assertEqual(refusals, [("refused", sender, NotOwner)])
