"""What a client listens to: asked for once, heard by each of its listeners."""

from __future__ import annotations

import gc
from typing import Any

from twisted.internet.defer import Deferred

from pysig_twisted import EventInfo, Limits
from pysig_twisted.core.presence import sidText
from pysig_twisted.errors import BadName, BadRequest, Busy, Cancelled
from pysig_twisted.names import CONNECT
from pysig_twisted.testing import Recorder
from pysig_twisted.wire.messages import (
    Call,
    Error,
    Goodbye,
    Hello,
    Listen,
    Ping,
    PresenceNotice,
    Result,
    Resume,
    Unlisten,
)
from pysig_twisted.wire.runs import eventFrame, makeHead
from pysig_twisted.wire.version1 import encode

from .clientcase import (
    ClientTestCase,
    Observer,
    Scripted,
    Scripts,
    Spoken,
    obliging,
    welcome,
)
from .resumecase import SID, ReplayCase, down, event, events, gap, up


class LevelTests(ClientTestCase):
    """Who hears what."""

    def test_levels(self) -> None:
        """The four levels are heard in the order of the index, each listener once."""
        labels: list[str] = []
        client = self.client()

        def add(label: str, sender: str | None, event: str | None) -> None:
            client.addListener(
                lambda info, data: labels.append(label) if info.event == "#c" else None,
                sender,
                event,
            )

        add("exact", "s", "#c")
        add("channel", None, "#c")
        add("sender", "s", None)
        add("any", None, None)
        add("pattern", "s*", "#*")
        add("other", "t", "#c")
        add("none", "s", "e")
        sender = self.sender(self.client(), events=("#c", "e"))
        sender.trigger("#c")
        self.routers.pump()
        self.assertEqual(labels, ["any", "sender", "channel", "exact", "pattern"])

    def test_patterns(self) -> None:
        """A pattern is heard for all that match, whoever comes later included."""
        publisher = self.client()
        heard = self.listen(self.client(), "dev*", "t*p")
        for name in ("dev1", "other", "dev2"):
            sender = self.sender(publisher, name, ("temp", "top", "e"))
            for fired in sender.events:
                sender.trigger(fired, f"{name} {fired}")
        self.routers.pump()
        self.assertEqual(heard.data, ["dev1 temp", "dev1 top", "dev2 temp", "dev2 top"])

    def test_channel(self) -> None:
        """A channel is heard from all senders."""
        publisher = self.client()
        heard = self.listen(self.client(), None, "#news")
        for name in "ab":
            self.sender(publisher, name, "#news").trigger("#news", name)
        self.routers.pump()
        self.assertEqual(heard.data, ["a", "b"])

    def test_own(self) -> None:
        """A client's own events are heard through the server, like everybody's, not earlier."""
        client = self.client()
        heard, elsewhere = self.listen(client, "s"), self.listen(self.client(), "s")
        sender = self.sender(client)
        heard.clear()
        sender.trigger("e", 1)
        self.assertEqual(heard.all, [])
        self.routers.pump()
        self.assertEqual(heard.data, [1])
        self.assertEqual(heard.all[0], elsewhere.all[-1])

    def test_info(self) -> None:
        """A listener is told who fired, what, when, and the number."""
        sender = self.sender(self.client())
        heard = self.listen(self.client(), "s")
        sender.trigger("e", {"a": [1]})
        self.routers.pump()
        [(info, data)] = heard.all
        self.assertEqual(
            (info.sender, info["event"], info.seq, info.replayed), ("s", "e", 1, False)
        )
        self.assertGreater(info.time, 1.7e9)
        self.assertEqual(data, {"a": [1]})

    def test_parked(self) -> None:
        """A listener may come before the sender, and to an event that it does not declare."""
        client = self.client()
        early = client.addListener(Recorder(), "s", "e")
        wrong = client.addListener(Recorder(), "s", "other")
        self.routers.pump()
        self.assertEqual((str(early.state), early.offered), ("accepted", None))
        self.sender(self.client())
        self.assertEqual((early.offered, wrong.offered), (True, False))

    def test_badListeners(self) -> None:
        """What cannot be a subscription is refused by the call itself."""
        client = self.client()
        self.assertRaises(BadName, client.addListener, Recorder(), "")
        self.assertRaises(BadName, client.addListener, Recorder(), "a*b*c*d*e*f")
        self.assertRaises(BadRequest, client.addListener, 5)
        self.assertRaises(BadRequest, client.addListener, Recorder(), concurrency=0)

    def test_serverSenders(self) -> None:
        """Senders of the server's own process are heard too."""
        heard = self.listen(self.client())
        self.sender(self.routers.server).trigger("e", 1)
        self.routers.pump()
        self.assertEqual((heard.presence, heard.data), ([("s", "came")], [1]))


class IsolationTests(ClientTestCase):
    """A listener at fault is its own problem."""

    def setUp(self) -> None:
        """A sender."""
        super().setUp()
        self.fire = self.sender(self.client()).getSignal("e").trigger

    def test_raises(self) -> None:
        """A listener that raises is logged, and the others hear everything."""
        client = self.client()

        def fail(info: EventInfo, data: Any) -> None:
            raise ValueError("mine")

        client.addListener(fail, "s")
        heard = self.listen(client, "s")
        self.fire(1)
        self.fire(2)
        self.routers.pump()
        self.assertEqual(heard.data, [1, 2])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)

    def test_coroutine(self) -> None:
        """A coroutine listener hears one event after the other; what is too much is a gap."""
        client = self.client()
        heard: list[int] = []
        gaps: list[Any] = []

        async def listen(info: EventInfo, data: Any) -> None:
            heard.append(data)
            if data is not None:
                await client.request("r", "wait", timeout=1)

        waiting: list[Any] = []

        def wait(params: Any) -> Any:
            waiting.append(Deferred())
            return waiting[-1]

        self.sender(self.client(), "r", (), {"wait": wait})
        client.addListener(listen, "s", "e", onGap=gaps.append)
        self.routers.pump()
        for number in range(1, 1103):
            self.fire(number)
        self.routers.pump()
        self.assertEqual(heard, [1])
        waiting.pop().callback(None)
        self.routers.pump()
        self.assertEqual(heard, [1, 103])
        [gap] = gaps
        self.assertEqual((gap.first, gap.last, gap.n, gap.why), (2, 102, 101, "listener-slow"))
        self.stop(self.routers)
        self.assertTrue(self.flushLoggedErrors())

    def test_removesItself(self) -> None:
        """A listener that was removed hears nothing more, not even of the same chunk."""
        client = self.client()
        heard: list[int] = []

        def listen(info: EventInfo, data: Any) -> None:
            heard.append(data)
            subscription.remove()

        subscription = client.addListener(listen, "s", "e")
        other = self.listen(client, "s")
        for number in range(3):
            self.fire(number)
        self.routers.pump()
        self.assertEqual(heard, [0])
        self.assertEqual(other.data, [0, 1, 2])

    def test_removesAnother(self) -> None:
        """A listener removed by an earlier one does not hear that event."""
        client = self.client()
        client.addListener(lambda info, data: victim.remove(), "s", "e")
        heard = Recorder()
        victim = client.addListener(heard, "s", "e")
        self.routers.pump()
        self.fire(1)
        self.routers.pump()
        self.assertEqual(heard.all, [])


class AskingTests(ClientTestCase):
    """What the router is asked."""

    def setUp(self) -> None:
        """A sender, and what is said."""
        super().setUp()
        self.spoken = Spoken(self.routers)
        self.publisher = self.client()
        self.fire = self.sender(self.publisher).getSignal("e").trigger
        self.subject = self.client()
        self.spoken.calls()

    def test_once(self) -> None:
        """There is one CALL for each sender and event, and each event comes once."""
        heard = [Recorder() for _ in range(5)]
        for each in heard:
            self.subject.addListener(each, "s", "e")
        self.subject.addListener(Recorder(), "s", "f")
        self.routers.pump()
        self.assertEqual(self.spoken.calls(), [Listen("s", "e"), Listen("s", "f")])
        self.spoken.byServer.clear()
        self.fire(1)
        self.routers.pump()
        self.assertEqual([each.data for each in heard], [[1]] * 5)
        self.assertEqual(len(self.spoken.byServer), 1)

    def test_overlapping(self) -> None:
        """Several subscriptions that match one event make it come once."""
        heard = [
            self.listen(self.subject, *key) for key in ((None, None), ("s*", None), ("s", "e"))
        ]
        self.spoken.byServer.clear()
        self.fire(1)
        self.routers.pump()
        self.assertEqual([each.data for each in heard], [[1]] * 3)
        self.assertEqual(len(self.spoken.byServer), 1)

    def test_live(self) -> None:
        """A second listener on a live subscription needs no CALL, and is accepted at once."""
        self.listen(self.subject, "s", "e")
        self.spoken.calls()
        heard = Recorder()
        second = self.subject.addListener(heard, "s", "e")
        self.assertEqual(str(second.state), "accepted")
        self.assertIs(self.successResultOf(second.whenSettled()), second)
        self.fire(1)
        self.routers.pump()
        self.assertEqual(self.spoken.calls(), [])
        self.assertEqual(heard.data, [1])

    def test_unlisten(self) -> None:
        """The router is told when the last listener goes, and not before."""
        first = self.subject.addListener(Recorder(), "s", "e")
        second = self.subject.addListener(Recorder(), "s", "e")
        self.routers.pump()
        self.spoken.calls()
        self.successResultOf(first.remove())
        self.routers.pump()
        self.assertEqual(self.spoken.calls(), [])
        removed = second.remove()
        self.assertNoResult(removed)
        self.result(removed)
        self.assertEqual(self.spoken.calls(), [Unlisten("s", "e")])
        self.spoken.byServer.clear()
        self.fire(1)
        self.routers.pump()
        self.assertEqual(self.spoken.byServer, [])
        self.successResultOf(second.remove())
        self.assertEqual(str(second.state), "removed")
        self.failureResultOf(second.whenSettled(), Cancelled)

    def test_removeListener(self) -> None:
        """It is found by its function and what it was added for."""
        heard = Recorder()
        self.subject.addListener(heard, "s", "e")
        self.routers.pump()
        self.assertFalse(self.subject.removeListener(heard, "s", "f"))
        self.assertTrue(self.subject.removeListener(heard, "s", "e"))
        self.assertFalse(self.subject.removeListener(heard, "s", "e"))
        self.routers.pump()
        self.fire(1)
        self.routers.pump()
        self.assertEqual(heard.all, [])

    def test_beforeAnswer(self) -> None:
        """A listener hears nothing before the router has agreed, though another hears the same."""
        live = self.listen(self.subject, "s", None)
        self.routers.link(self.subject).hold(client=True, server=False)
        late = Recorder()
        self.subject.addListener(late, "s", "e")
        self.fire(1)
        self.routers.pump()
        self.assertEqual((live.data, late.all), ([1], []))
        self.routers.link(self.subject).release()
        self.routers.pump()
        self.fire(2)
        self.routers.pump()
        self.assertEqual((live.data, late.data), ([1, 2], [2]))

    def test_again(self) -> None:
        """
        Unlisten and listen again with frames on their way: nothing of the first subscription
        reaches the second.
        """
        first = self.subject.addListener(Recorder(), "s", "e")
        self.routers.pump()
        self.routers.link(self.subject).hold(client=False)
        self.fire("in flight")
        self.routers.pump()
        first.remove()
        heard = Recorder()
        second = self.subject.addListener(heard, "s", "e")
        self.routers.pump()
        self.assertEqual(str(second.state), "pending")
        self.routers.link(self.subject).release()
        self.result(second.whenSettled())
        self.assertEqual(heard.all, [])
        self.fire(2)
        self.routers.pump()
        self.assertEqual(heard.data, [2])

    def test_againBeforeAnswer(self) -> None:
        """
        Listen, unlisten and listen again before any answer: the answer to the first does not
        count for the second.
        """
        self.routers.link(self.subject).hold(client=False)
        first = self.subject.addListener(Recorder(), "s", "e")
        first.remove()
        second = self.subject.addListener(Recorder(), "s", "e")
        self.routers.pump()
        self.assertEqual(self.spoken.calls(), [Listen("s", "e"), Unlisten("s", "e")])
        self.routers.link(self.subject).release()
        self.result(second.whenSettled())
        self.assertEqual(self.spoken.calls(), [Listen("s", "e")])

    def test_comeAndGone(self) -> None:
        """A listener that comes and goes while the router is told of a farewell needs no CALL."""
        first = self.subject.addListener(Recorder(), "s", "e")
        self.routers.pump()
        first.remove()
        self.subject.addListener(Recorder(), "s", "e").remove()
        self.routers.pump()
        self.assertEqual(self.spoken.calls(), [Listen("s", "e"), Unlisten("s", "e")])

    def test_goneInBetween(self) -> None:
        """A sender that goes between unlisten and listen is not taken for present."""
        first = self.subject.addListener(Recorder(), "dev*", snapshot=True)
        self.routers.pump()
        connection = self.routers.link(self.subject)
        connection.hold(client=False)
        gone = self.sender(self.publisher, "dev1")
        first.remove()
        self.routers.pump()
        self.result(gone.remove())
        heard = Recorder()
        self.subject.addListener(heard, "dev*", snapshot=True)
        connection.release()
        self.routers.pump()
        self.assertEqual(heard.presence, [])
        self.sender(self.publisher, "dev2")
        self.assertEqual(heard.presence, [("dev2", "came")])

    def test_down(self) -> None:
        """While the link is down, listeners come and go without a word, and are asked for then."""
        self.listen(self.subject, "s", "e")
        gone = self.subject.addListener(Recorder(), "s", "f")
        self.routers.pump()
        self.routers.link(self.subject).cut()
        self.spoken.calls()
        self.successResultOf(gone.remove())
        heard = Recorder()
        added = self.subject.addListener(heard, "s", None)
        self.assertEqual(str(added.state), "pending")
        self.reconnect(self.subject)
        resumed, resume, new = self.spoken.calls()
        self.assertEqual((resumed, new), (Listen("s", "e", "resume"), Listen("s", None)))
        self.assertEqual(list(resume.seen), ["s"])
        self.fire(1)
        self.routers.pump()
        self.assertEqual(heard.data, [1])

    def test_removedWhileAsked(self) -> None:
        """The loss of the link ends a farewell, too."""
        first = self.subject.addListener(Recorder(), "s", "e")
        self.routers.pump()
        self.routers.link(self.subject).hold()
        removed = first.remove()
        self.routers.pump()
        self.assertNoResult(removed)
        self.routers.link(self.subject).cut()
        self.successResultOf(removed)


class RefusedTests(ClientTestCase):
    """What the router does not agree to."""

    def setUp(self) -> None:
        """A router that takes one subscription."""
        super().setUp()
        self.routers = self.join(limits=Limits(subscriptions=1))

    def test_refused(self) -> None:
        """It is logged, told to the observer, and hears nothing."""
        observer = Observer()
        client = self.client(observer=observer)
        first, second = Recorder(), Recorder()
        client.addListener(first, "s", "e")
        refused = client.addListener(second, "s", "f")
        lines = self.logs(lambda: self.failure(refused.whenSettled(), Busy), "refused to tell of f")
        self.assertEqual(len(lines), 1)
        self.assertEqual(str(refused.state), "refused")
        self.assertIn(("refused", refused, Busy), observer.told)
        sender = self.sender(self.client(), events=("e", "f"))
        sender.trigger("e", 1)
        sender.trigger("f", 2)
        self.routers.pump()
        self.assertEqual((first.data, second.all), ([1], []))

    def test_triedAgain(self) -> None:
        """It is tried again at the next connect."""
        client = self.client()
        first = client.addListener(Recorder(), "s", "e")
        heard = Recorder()
        second = client.addListener(heard, "s", "f")
        self.failure(second.whenSettled(), Busy)
        first.remove()
        self.routers.link(client).cut()
        self.reconnect(client)
        self.assertEqual(str(second.state), "accepted")
        self.successResultOf(second.whenSettled())
        self.sender(self.client(), events="f").trigger("f", 1)
        self.routers.pump()
        self.assertEqual(heard.data, [1])

    def test_refusedAgain(self) -> None:
        """What is refused when it is declared again hears nothing, whatever others hear."""
        self.routers = self.join()
        observer = Observer()
        client = self.client(observer=observer)
        heard = self.listen(client, "s")
        refused = self.listen(client, "s", "e")
        self.routers.restart(limits=Limits(subscriptions=1))
        self.reconnect(client)
        self.assertEqual([told[0] for told in observer.told][2:], ["refused", "connected"])
        self.sender(self.client()).trigger("e", 1)
        self.routers.pump()
        self.assertEqual((heard.data, refused.data), ([1], []))

    def test_refusedMeanwhile(self) -> None:
        """Who is refused after it has heard that a sender came hears that this is over, so that
        #connect and #disconnect go on in turns when the router agrees again."""
        self.routers = self.join()
        owner, client = self.client(), self.client()
        self.sender(owner)
        first = client.addListener(Recorder(), "other", "e")
        heard = self.listen(client, "s", snapshot=True)
        self.routers.restart(limits=Limits(subscriptions=1))
        self.reconnect(client)
        self.assertEqual(heard.presence, [("s", "came"), ("s", "link")])
        first.remove()
        self.routers.link(client).cut()
        self.reconnect(client)
        self.routers.advance(60)
        self.assertEqual(heard.presence, [("s", "came"), ("s", "link"), ("s", "came")])

    def test_cutIsNoRefusal(self) -> None:
        """Nor is the loss of the link before the router has answered."""
        observer = Observer()
        client = self.client(observer=observer)
        self.routers.link(client).hold()
        subscription = client.addListener(Recorder(), "s")
        settled = subscription.whenSettled()
        self.routers.link(client).cut()
        gc.collect()
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertNoResult(settled)
        self.reconnect(client)
        self.successResultOf(settled)
        self.assertNotIn("refused", [told[0] for told in observer.told])

    def test_reaction(self) -> None:
        """Who is told of a refusal may remove the other listeners."""
        observer = Observer()
        client = self.client(observer=observer)
        client.addListener(Recorder(), "s", "e")
        first = client.addListener(Recorder(), "s", "f")
        second = client.addListener(Recorder(), "s", "f")
        first.whenSettled().addErrback(lambda failure: second.remove())
        second.whenSettled().addErrback(lambda failure: failure.trap(Cancelled))
        self.routers.pump()
        self.assertEqual((str(first.state), str(second.state)), ("refused", "removed"))
        self.assertEqual([told[1] for told in observer.told if told[0] == "refused"], [first])

    def test_goodbyeIsNoRefusal(self) -> None:
        """Between GOODBYE and the end of the connection, nothing is refused."""
        self.routers.factory = scripts = Scripts(obliging)
        observer = Observer()
        client = self.client(observer=observer)
        self.routers.link(client).hold(client=True, server=False)
        scripts.made[0].say(Goodbye("shutting-down"))
        self.routers.pump()
        late = client.addListener(Recorder(), "s")
        self.routers.pump()
        self.assertEqual(str(late.state), "pending")
        self.assertNotIn("refused", [told[0] for told in observer.told])


class PresenceTests(ClientTestCase):
    """Who comes and goes, as listeners are told."""

    def test_alternate(self) -> None:
        """Each listener hears of a coming and a going in turn, before and after the events."""
        heard = self.listen(self.client())
        publisher = self.client()
        for number in range(2):
            sender = self.sender(publisher)
            sender.trigger("e", number)
            self.result(sender.remove())
        events = [info.event for info, _ in heard.all]
        self.assertEqual(events, ["#connect", "e", "#disconnect"] * 2)

    def test_data(self) -> None:
        """The data says what the sender offers, whose it is, since when, and why it went."""
        heard = self.listen(self.client(), None, CONNECT)
        ends = self.listen(self.client(), "s", "#disconnect")
        publisher = self.client()
        sender = self.sender(publisher, "s", ("e", "f"), {"m": id})
        sender.trigger("e")
        self.routers.pump()
        self.routers.link(publisher).cut()
        self.routers.pump()
        [(info, data)] = heard.all
        self.assertEqual((info.sender, info.event, info.seq), ("s", "#connect", 0))
        self.assertEqual((data["events"], data["requests"]), (["e", "f"], ["m"]))
        self.assertEqual((len(data["sid"]), data["principal"]), (16, "anonymous"))
        self.assertGreater(data["since"], 1.7e9)
        [(info, data)] = ends.all
        self.assertEqual((info.seq, data["reason"]), (1, "lost"))

    def test_snapshot(self) -> None:
        """A snapshot tells who is there, sorted, then changes, without a hole."""
        publisher = self.client()
        for name in "cab":
            self.sender(publisher, name)
        plain = self.listen(self.client())
        heard = self.listen(self.client(), snapshot=True)
        self.assertEqual(plain.presence, [])
        self.assertEqual(heard.presence, [("a", "came"), ("b", "came"), ("c", "came")])
        publisher.removeSender("b")
        self.sender(publisher, "d")
        self.assertEqual(heard.presence[3:], [("b", "closed"), ("d", "came")])

    def test_snapshotOnLive(self) -> None:
        """A snapshot on a live subscription is told at once, and only to who asked."""
        client = self.client()
        plain = self.listen(client)
        self.sender(self.client())
        plain.clear()
        heard = Recorder()
        client.addListener(heard, snapshot=True)
        self.assertEqual(heard.presence, [("s", "came")])
        self.assertEqual(plain.presence, [])

    def test_toldOnce(self) -> None:
        """A second listener is told who is there though the router does not say it again."""
        spoken = Spoken(self.routers)
        client, publisher = self.client(), self.client()
        self.sender(publisher, events=("e", "f"))
        first = self.listen(client, "s", "e")
        second = self.listen(client, "s", CONNECT, snapshot=True)
        third = self.listen(client, "s", snapshot=True)
        told = [message for message in spoken.byServer if isinstance(message, PresenceNotice)]
        self.assertEqual(len(told), 1)
        self.assertEqual((first.presence, second.presence), ([], [("s", "came")]))
        self.assertEqual(third.presence, [("s", "came")])
        publisher.removeSender("s")
        self.sender(publisher)
        self.assertEqual(third.presence[1:], [("s", "closed"), ("s", "came")])
        self.assertEqual(second.presence, [("s", "came")] * 2)

    def test_toldAgain(self) -> None:
        """Who has left a sender, and forgotten it, is told of it again."""
        client = self.client()
        self.sender(self.client())
        for _ in range(2):
            heard = self.listen(client, "s", snapshot=True)
            self.assertEqual(heard.presence, [("s", "came")])
            client.removeListener(heard, "s")
            # At once, while the router has not answered yet; and then after that.
            other = self.listen(client, "s", snapshot=True)
            self.assertEqual(other.presence, [("s", "came")])
            client.removeListener(other, "s")
            self.routers.pump()

    def test_newListenersBeginning(self) -> None:
        """What was fired before a listener came is not for it, also after an outage."""
        client, publisher = self.client(), self.client()
        sender = self.sender(publisher, events=("e", "f"))
        self.listen(client, "s", "e")
        sender.trigger("f", "before")
        self.routers.pump()
        heard = self.listen(client, "s", "f")
        self.routers.link(client).cut()
        sender.trigger("f", "meanwhile")
        self.reconnect(client)
        self.routers.pump()
        self.assertEqual((heard.data, heard.gaps), (["meanwhile"], []))

    def test_snapshotOfEvents(self) -> None:
        """A snapshot for something other than C{#connect} tells nothing."""
        self.sender(self.client())
        heard = self.listen(self.client(), "s", "e", snapshot=True)
        self.assertEqual(heard.presence, [])

    def test_snapshotAndReaction(self) -> None:
        """What a listener fires when told of the first comes after their C{#connect}."""
        client = self.client()
        senders = {name: self.sender(client, name) for name in "ab"}
        heard = Recorder()

        def listen(info: EventInfo, data: Any) -> None:
            heard(info, data)
            if info.event == CONNECT:
                for sender in senders.values():
                    sender.trigger("e", info.sender)

        client.addListener(listen, snapshot=True)
        self.routers.pump()
        self.assertEqual([info.event for info, _ in heard.all][:2], [CONNECT, CONNECT])
        self.assertEqual(heard.data, ["a", "a", "b", "b"])

    def test_snapshotAndRemoval(self) -> None:
        """A listener that goes when told of the first is told of no other."""
        client = self.client()
        for name in "ab":
            self.sender(client, name)
        heard = Recorder()

        def listen(info: EventInfo, data: Any) -> None:
            heard(info, data)
            client.removeListener(listen)

        other = Recorder()
        client.addListener(listen, snapshot=True)
        client.addListener(lambda info, data: client.removeListener(other), snapshot=True)
        client.addListener(other, snapshot=True)
        self.routers.pump()
        self.assertEqual(heard.presence, [("a", "came")])
        self.assertEqual(other.presence, [])
        self.assertEqual(len(client._interests._listeners.index.match("a", "e")), 1)

    def test_snapshotAndStop(self) -> None:
        """A listener that ends the link when told of the first is not accepted by nobody."""
        client = self.client()
        self.sender(self.client())
        subscription = client.addListener(lambda info, data: client.stopService(), snapshot=True)
        self.routers.pump()
        self.assertEqual(str(subscription.state), "pending")

    def test_outage(self) -> None:
        """After a short outage only the differences are told: who left, why, and who came."""
        client, publisher = self.client(), self.client()
        for name in ("stays", "leaves"):
            self.sender(publisher, name)
        heard = self.listen(client, snapshot=True)
        heard.clear()
        self.routers.link(client).cut()
        publisher.removeSender("leaves")
        self.sender(publisher, "new")
        self.reconnect(client)
        self.assertEqual(heard.presence, [("leaves", "closed"), ("new", "came")])
        self.routers.advance(10)
        self.assertEqual(len(heard.all), 2)

    def test_outageEvents(self) -> None:
        """What was fired while the listener's own link was down is heard after it, marked."""
        client = self.client()
        sender = self.sender(self.client())
        heard, deaf = self.listen(client, "s"), self.listen(client, None, CONNECT)
        sender.trigger("e", 1)
        self.routers.pump()
        self.routers.link(client).cut()
        sender.trigger("e", 2)
        sender.trigger("e", 3)
        self.reconnect(client)
        sender.trigger("e", 4)
        self.routers.pump()
        self.assertEqual(heard.data, [1, 2, 3, 4])
        self.assertEqual([info.replayed for info, _ in heard.all], [False, True, True, False])
        self.assertEqual((heard.gaps, deaf.gaps, deaf.presence), ([], [], []))

    def test_longOutage(self) -> None:
        """Beyond the grace period all are gone because of the link, and come again."""
        client = self.client(linkGrace=3.0)
        self.sender(self.client())
        heard = self.listen(client, snapshot=True)
        heard.clear()
        self.routers.isRefusing = True
        self.routers.link(client).cut()
        self.routers.advance(2.9)
        self.assertEqual(heard.presence, [])
        self.routers.advance(0.2)
        self.assertEqual(heard.presence, [("s", "link")])
        self.routers.isRefusing = False
        self.reconnect(client)
        self.assertEqual(heard.presence, [("s", "link"), ("s", "came")])

    def test_restart(self) -> None:
        """
        When the server is killed and started anew, who comes back in time was never gone, and
        who does not is gone at the end of the grace period.
        """
        client, publisher, mortal = (self.client() for _ in range(3))
        sender = self.sender(publisher, "s")
        self.sender(mortal, "t")
        heard = self.listen(client, snapshot=True)
        heard.clear()
        end = self.routers.clock.seconds() + 5
        self.routers.restart()
        mortal.stopService()
        for each in (client, publisher):
            self.reconnect(each)
        self.routers.advance(end - self.routers.clock.seconds() - 0.1)
        self.assertEqual(heard.presence, [])
        sender.trigger("e", 5)
        self.routers.pump()
        self.assertEqual(heard.data, [5])
        self.routers.advance(0.2)
        self.assertEqual(heard.presence, [("t", "lost")])

    def test_stopped(self) -> None:
        """After a stop and a start the grace period runs from the start."""
        client = self.client()
        self.sender(self.client())
        heard = self.listen(client, snapshot=True)
        self.result(client.stopService())
        self.routers.advance(20)
        self.routers.isRefusing = True
        client.startService()
        self.routers.advance(4.9)
        self.assertEqual(heard.presence, [("s", "came")])
        self.routers.advance(0.2)
        self.assertEqual(heard.presence, [("s", "came"), ("s", "link")])
        self.routers.isRefusing = False
        self.reconnect(client)
        self.assertEqual(heard.presence[2:], [("s", "came")])

    def test_stoppedAndStarted(self) -> None:
        """Starting before the stop has ended is no different."""
        client = self.client()
        self.sender(self.client())
        heard = self.listen(client, snapshot=True)
        self.routers.isRefusing = True
        stopped = client.stopService()
        client.startService()
        self.result(stopped)
        self.routers.advance(5.1)
        self.assertEqual(heard.presence, [("s", "came"), ("s", "link")])
        self.routers.isRefusing = False

    def test_goneOfThoseAsked(self) -> None:
        """Who is not asked for any more is forgotten, and may be asked for again."""
        client, publisher = self.client(), self.client()
        self.sender(publisher)
        first = client.addListener(Recorder(), "s", snapshot=True)
        other = self.listen(client, "s", "other")
        self.routers.pump()
        first.remove()
        self.routers.pump()
        publisher.removeSender("s")
        self.routers.pump()
        heard = self.listen(client, "s", snapshot=True)
        self.assertEqual(heard.presence, [])
        self.assertEqual(other.presence, [])

    def test_unwantedPresence(self) -> None:
        """What the router tells of senders that nobody asked for is not kept."""

        def react(server: Scripted, message: Any) -> None:
            if isinstance(message, Hello):
                server.say(welcome(), PresenceNotice("x", sidText(1), True))
            elif isinstance(message, Call):
                server.say(Error(message.id, {"code": "busy", "message": "no"}))

        self.routers.factory = Scripts(react)
        client = self.client()
        client.addListener(Recorder()).whenSettled().addErrback(lambda failure: None)
        self.routers.pump()
        self.assertEqual(client._interests.view.known, {})

    def test_tables(self) -> None:
        """Nothing is kept of what has come and gone."""
        client, publisher = self.client(), self.client()
        keys: list[tuple[str | None, str | None]] = [(None, None), ("s*", None), ("s", "e")]
        subscriptions = [client.addListener(Recorder(), *key) for key in keys]
        sender = self.sender(publisher)
        sender.trigger("e")
        self.routers.pump()
        for subscription in subscriptions:
            subscription.remove()
        self.routers.pump()
        interests = client._interests
        self.assertEqual(interests.view.known, {})
        self.assertEqual(interests._asked.keys(), [])
        self.assertEqual(list(interests._asked.ofSender("s")), [])
        self.assertEqual((interests._listeners.index.size, interests.arrivals._heads), (0, {}))


class StrayTests(ClientTestCase):
    """Frames that a router may send at the wrong time."""

    def test_eventsOfNobody(self) -> None:
        """Events of a life that was not announced are counted, and heard by nobody."""

        def react(server: Scripted, message: Any) -> None:
            if isinstance(message, Hello):
                server.say(welcome())
            elif isinstance(message, Call):
                server.say(PresenceNotice("s", sidText(1), True, 0, ("e",)), Result(message.id, {}))
                for sid in (2, 1):
                    server.say(eventFrame(makeHead(1, "s", "e", sid), 1, 0, b"%d" % sid))

        self.routers.factory = Scripts(react)
        client = self.client()
        heard = self.listen(client)
        self.assertEqual(heard.data, [1])
        self.assertEqual(client._interests.arrivals.unknown, 1)


class ResumeTests(ReplayCase):
    """What is heard after a reconnect of what was fired meanwhile."""

    def setUp(self) -> None:
        """A listener that has heard 4, and whose link was lost."""
        super().setUp()
        self.heard = self.listen(self.subject, "s", snapshot=True)
        self.say(event(4))
        self.heard.clear()

    def test_calls(self) -> None:
        """First what was heard before, then from where, then what is new."""
        self.routers.link(self.subject).cut()
        self.subject.addListener(Recorder(), "t")
        self.subject.addListener(Recorder(), "u", replay=3)
        self.cut()
        place = {"s": (sidText(SID), 4)}
        self.assertEqual(
            self.calls(),
            [Listen("s", None, "resume"), Resume(place), Listen("t"), Listen("u", None, 3)],
        )

    def test_missed(self) -> None:
        """What was missed is heard in its place, marked, and then what is fired."""
        self.cut()
        self.resume(up(4), events(5, 6), gap(7, 8, 2), event(9))
        self.resumed()
        self.say(event(10))
        self.assertEqual(self.seqs(self.heard), [5, 6, 9, 10])
        self.assertEqual(self.replayed(self.heard), [5, 6, 9])
        self.assertEqual([(told.first, told.last, told.n) for told in self.heard.gaps], [(7, 8, 2)])
        arrivals = self.subject._interests.arrivals
        self.assertEqual((arrivals.replayed, arrivals.gaps), (3, 2))

    def test_order(self) -> None:
        """The application is told when all of it has come."""
        self.cut()
        self.assertNoResult(up_ := self.subject.whenConnected())
        self.resume(up(4), event(5))
        self.assertNoResult(up_)
        self.resumed()
        self.successResultOf(up_)

    def test_lives(self) -> None:
        """Lives that began and ended meanwhile are told in their places."""
        self.cut()
        self.resume(up(4), event(5), down(5), up(0, sid=7), event(1, sid=7), down(1, sid=7))
        self.resumed()
        self.assertEqual(self.seqs(self.heard), [5, "#disconnect", "#connect", 1, "#disconnect"])
        self.assertEqual(
            [reason for _, reason in self.heard.presence], ["closed", "came", "closed"]
        )

    def test_otherLife(self) -> None:
        """A life of which the router knows nothing is over, with a gap without end."""
        self.cut()
        self.say(gap(5, None))
        self.resume(up(0, sid=7), event(1, sid=7))
        self.resumed()
        self.assertEqual(self.seqs(self.heard), ["#disconnect", "#connect", 1])
        self.assertEqual([(told.first, told.last) for told in self.heard.gaps], [(5, None)])

    def test_gone(self) -> None:
        """A sender that the router does not speak of is gone when it has told all."""
        self.cut()
        self.assertEqual(self.heard.presence, [])
        self.resumed()
        self.assertEqual(self.heard.presence, [("s", "lost")])

    def test_later(self) -> None:
        """A sender that comes back after the RESULT goes on where it stopped."""
        self.epoch = "e2"
        self.cut()
        self.resumed()
        self.resume(up(4), event(5))
        self.say(event(6))
        self.assertEqual((self.seqs(self.heard), self.replayed(self.heard)), ([5, 6], [5]))

    def test_seen(self) -> None:
        """The numbers of gaps count as heard."""
        self.say(gap(5, 8, 4))
        self.cut()
        self.assertEqual(self.resumes[0].action.seen, {"s": (sidText(SID), 8)})

    def test_ended(self) -> None:
        """Lives that have ended are told, and those that do nothing more are not told again."""
        self.say(down(4))
        self.heard.clear()
        self.cut()
        self.assertEqual(self.resumes[0].action.seen, {"s": (sidText(SID), 4)})
        self.resume(up(4), down(4), up(0, sid=7))
        self.say(gap(5, None))
        self.resumed()
        self.assertEqual(self.seqs(self.heard), ["#connect"])
        self.assertEqual(self.heard.gaps, [])

    def test_goesOn(self) -> None:
        """A life that has ended, and goes on, is told as such."""
        self.say(down(4, reason="lost"))
        self.cut()
        self.resume(up(4), event(5))
        self.resumed()
        self.assertEqual(self.seqs(self.heard), ["#disconnect", "#connect", 5])

    def test_longOutage(self) -> None:
        """One that was given up meanwhile goes on where it stopped, too."""
        self.routers.isRefusing = True
        self.routers.link(self.subject).cut()
        self.routers.advance(300)
        self.assertEqual(self.heard.presence, [("s", "link")])
        self.routers.isRefusing = False
        self.cut()
        self.assertEqual(self.resumes[0].action.seen, {"s": (sidText(SID), 4)})
        self.resume(up(4), event(5))
        self.resumed()
        self.assertEqual(self.seqs(self.heard), ["#disconnect", "#connect", 5])
        self.assertEqual(self.heard.gaps, [])

    def test_longResume(self) -> None:
        """Nobody is given up while the router is still telling."""
        self.cut()
        for seq in range(5, 15):
            self.routers.advance(30)
            self.resume(up(seq - 1, "t", 9), event(seq, "t", sid=9), live=False)
        self.assertTrue(self.isUp())
        self.assertEqual(self.heard.presence, [])
        self.resume(up(4))
        self.resumed()
        self.assertEqual(self.heard.presence, [])

    def test_longResumeAndCut(self) -> None:
        """If the link is lost again then, they are."""
        self.cut()
        self.routers.advance(10)
        self.assertEqual(self.heard.presence, [])
        self.routers.link(self.subject).cut()
        self.routers.pump()
        self.assertEqual(self.heard.presence, [("s", "link")])

    def test_parts(self) -> None:
        """What was seen is told in parts that fit into the router's frames."""
        self.welcomed["maxFrame"] = 1024
        for number in range(50):
            name = '"\\' * 100 + str(number)
            self.say(PresenceNotice(name, sidText(number + 1), True))
        self.listen(self.subject)
        for number in range(50):
            name = '"\\' * 100 + str(number)
            self.say(PresenceNotice(name, sidText(number + 1), True, 1))
        self.cut()
        count = len(self.resumes)
        self.assertGreater(count, 10)
        self.assertEqual([call.action.more for call in self.resumes[:-1]], [True] * (count - 1))
        self.assertFalse(self.resumes[-1].action.more)
        self.assertEqual(sum(len(call.action.seen) for call in self.resumes), 51)
        self.assertLess(max(len(encode(call)) for call in self.resumes), 1024 + 4)

    def test_newOnOld(self) -> None:
        """A listener that is added in the outage hears what is fired later, and no more."""
        self.routers.link(self.subject).cut()
        new = self.subject.addListener(heard := Recorder(), "s")
        self.isHolding = True
        self.present = []
        self.cut()
        self.assertEqual([type(call) for call in self.calls()], [Listen, Resume, Listen])
        self.assertEqual(str(new.state), "pending")
        self.resume(up(4), event(5), live=False)
        self.agree(s=(SID, 6))
        self.resume(events(6, 7))
        self.resumed()
        self.say(event(8))
        self.assertEqual((self.seqs(self.heard), self.seqs(heard)), ([5, 6, 7, 8], [7, 8]))

    def test_newWhileResuming(self) -> None:
        """So does one that is added while the router is still telling; several ask once."""
        self.cut()
        self.isHolding = True
        heard = [self.listen(self.subject, "s") for _ in range(3)]
        self.assertEqual(len(self.listens), 1)
        self.agree(s=(SID, 5))
        self.resume(up(4), events(5, 6))
        self.resumed()
        self.assertEqual([self.seqs(each) for each in heard], [[6]] * 3)
        heard.append(self.listen(self.subject, "s"))
        self.assertEqual(len(self.listens), 0)
        self.say(event(7))
        self.assertEqual([self.seqs(each) for each in heard], [[6, 7]] * 3 + [[7]])

    def test_newOnOther(self) -> None:
        """What is told for a new listener does not spoil what others have yet to hear."""
        self.routers.link(self.subject).cut()
        self.subject.addListener(heard := Recorder(), None, "e")
        self.present = [up(6)]
        self.isHolding = True
        self.cut()
        self.agree(s=(SID, 6))
        self.resume(up(4), events(5, 7))
        self.resumed()
        self.assertEqual((self.seqs(self.heard), self.seqs(heard)), ([5, 6, 7], [7]))
        self.assertEqual(self.heard.gaps, [])

    def test_lateWhileUp(self) -> None:
        """A connection that is slow hears what is late, though a new listener came meanwhile."""
        self.present = [up(9)]
        self.isHolding = True
        heard = self.listen(self.subject, "s", "e")
        self.agree(s=(SID, 9))
        self.say(events(5, 10))
        self.assertEqual((self.seqs(self.heard), self.seqs(heard)), ([5, 6, 7, 8, 9, 10], [10]))

    def test_refusedOne(self) -> None:
        """What is refused hears nothing; the others are resumed."""
        other, deaf = self.refuseOne()
        self.cut()
        self.resume(up(4), event(5))
        self.resumed()
        self.assertEqual((str(other.state), self.seqs(deaf)), ("refused", []))
        self.assertEqual(self.seqs(self.heard), [5])

    def test_refusedAndNew(self) -> None:
        """What is agreed to for a new listener then is agreed to for both."""
        other, deaf = self.refuseOne()
        self.routers.link(self.subject).cut()
        new = self.subject.addListener(heard := Recorder(), "s", "e")
        self.cut()
        self.resume(up(4))
        self.resumed()
        self.say(event(5))
        self.assertEqual([str(each.state) for each in (other, new)], ["accepted", "accepted"])
        self.assertEqual([self.seqs(each) for each in (self.heard, deaf, heard)], [[5]] * 3)

    def refuseOne(self) -> tuple[Any, Recorder]:
        """One more listener, which the router will not resume."""
        other = self.subject.addListener(deaf := Recorder(), "s", "e")
        self.routers.pump()
        agree = self.scripts.react

        def react(server: Scripted, message: Any) -> None:
            if isinstance(message, Call) and message.action == Listen("s", "e", "resume"):
                server.say(Error(message.id, {"code": "busy", "message": "no"}))
            else:
                agree(server, message)

        self.scripts.react = react
        return other, deaf

    def test_resumeRefused(self) -> None:
        """A router that refuses to tell what was missed is asked who is there; it is a gap."""
        self.cut()
        up_ = self.subject.whenConnected()
        self.present = [up(7)]
        self.say(Error(self.resumes[0].id, {"code": "busy", "message": "no"}))
        self.successResultOf(up_)
        self.assertEqual([call.start for call in self.calls()[2:]], ["now"])
        self.say(event(8))
        self.assertEqual(self.seqs(self.heard), [8])
        self.assertEqual(
            [(told.first, told.last, told.why) for told in self.heard.gaps], [(5, 7, "link")]
        )
        self.assertTrue(self.isUp())

    def test_listenerEndsLink(self) -> None:
        """A listener may end the link in the middle of it."""
        self.subject.addListener(lambda info, data: self.subject.stopService(), "s", "e")
        self.routers.pump()
        self.cut()
        self.resume(up(4), event(5), event(6, event="f"), event(7), down(7), gap(8, 9))
        self.assertFalse(self.isUp())
        self.assertEqual(self.seqs(self.heard), [5])

    def test_nothingBefore(self) -> None:
        """A client that has heard nothing has nothing to resume."""
        other = self.client()
        self.assertEqual(self.calls(), [])
        other.stopService()

    def test_illegal(self) -> None:
        """A part that holds something else ends the link with a reason."""
        self.cut()
        self.resume(up(4), encode(Ping(1)))
        self.assertEqual(self.scripts.made[-1].messages[-1].code, "protocol-error")
