"""What the senders of a client give to its links, and when."""

from __future__ import annotations

from struct import unpack_from
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.declaration import State
from pysig_twisted.errors import LinkLost, NameTaken
from pysig_twisted.net.blocks import COST, ends
from pysig_twisted.net.flow import Outbox, Turn
from pysig_twisted.net.ownsenders import OwnSenders
from pysig_twisted.net.ring import KEPT
from pysig_twisted.net.sending import ROOM, TURN
from pysig_twisted.wire.codecs import Codecs
from pysig_twisted.wire.messages import AddSender, RemoveSender
from pysig_twisted.wire.runs import headSizeAt, parseHead

EVENT = 0x20


class Transport:
    """A transport that takes nothing until it is told to."""

    def __init__(self) -> None:
        self.producer: Any = None

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Have it wait."""
        self.producer = producer
        producer.pauseProducing()

    def write(self, data: bytes) -> None:
        """Take one piece."""
        self.producer.pauseProducing()


class FakeLink:
    """
    A link that notes what it is given.

    @ivar given: the sender and the number of each event, and each call.
    @ivar calls: the calls that are not answered.
    """

    def __init__(self, maxFrame: int = 1 << 20) -> None:
        self.isOpen = True
        self.isPlain = False  # each event comes by write()
        self.welcome = SimpleNamespace(maxFrame=maxFrame)
        self.turn = Turn(lambda seconds, call: SimpleNamespace(cancel=lambda: None))
        self.outbox = Outbox(self.turn, 1 << 30, lambda: None)
        self.transport = Transport()
        self.outbox.attach(self.transport)
        self.given: list[Any] = []
        self.writes: list[tuple[str, int]] = []
        self.calls: list[tuple[Any, Deferred[Any]]] = []
        self.most = 0

    def write(self, data: bytes) -> None:
        """Note the events, and put them into the outbox."""
        start = 0
        for end in ends(data):
            size = headSizeAt(data, start)
            sender = parseHead(data[start + 4 : start + 4 + size]).sender
            self.given.append((sender, unpack_from(">Q", data, start + 4 + size)[0]))
            start = end
        self.writes.append((sender, len(data)))
        self.most = max(self.most, self.outbox.size)
        self.outbox.write(data)

    def call(self, action: Any) -> Deferred[Any]:
        """Note the call, which waits for C{answer}."""
        self.given.append(action)
        self.calls.append((action, Deferred()))
        return self.calls[-1][1]

    def settled(self, action: Any) -> Deferred[None]:
        """Note the call."""
        self.given.append(action)
        return succeed(None)

    def answer(self, have: int | Exception, which: int = 0) -> None:
        """Answer a call."""
        _, deferred = self.calls.pop(which)
        if isinstance(have, int):
            deferred.callback({"have": have})
        else:
            deferred.errback(have)

    def take(self, pieces: int = 1) -> None:
        """Take some of what waits."""
        for _ in range(pieces):
            self.turn.flush()
            self.outbox.resumeProducing()

    def drain(self) -> None:
        """Take all of what waits."""
        while self.outbox.size:
            self.take()

    def numbers(self, sender: str = "s") -> list[int]:
        """The numbers of one sender's events that were given."""
        return [each[1] for each in self.given if isinstance(each, tuple) and each[0] == sender]


class SendingTestCase(SynchronousTestCase):
    """The senders of a client, and links."""

    limit = 64 << 20

    def setUp(self) -> None:
        """No senders yet, and no link."""
        self.begin(self.limit)

    def begin(self, limit: int) -> None:
        """Have other senders."""
        self.refused: list[Any] = []
        self.own = OwnSenders(
            Codecs().named("raw"), limit, lambda *refusal: self.refused.append(refusal)
        )
        self.sending = self.own.sending

    def up(self, *have: int, **options: Any) -> FakeLink:
        """A link comes; the router answers with these numbers."""
        link: Any = FakeLink(**options)
        for deferred in self.own.declare(link):
            deferred.addErrback(lambda _: None)
        for each in have:
            link.answer(each)
        return link  # type: ignore[no-any-return]

    def down(self, link: FakeLink) -> None:
        """The link breaks."""
        link.isOpen = False
        self.own.lost()
        while link.calls:
            link.answer(LinkLost("it broke"))
        link.outbox.close()
        self.own.wake()

    def fire(self, sender: Any, count: int, size: int = 100) -> None:
        """Fire events."""
        for _ in range(count):
            sender.trigger("e", b"x" * size)


class LifeTests(SendingTestCase):
    """Over the loss of links."""

    def test_sentAgain(self) -> None:
        """The router is told what there is, and is given what it does not have."""
        sender = self.own.add("s", "e", None)
        first = self.up(0)
        self.fire(sender, 10)
        self.assertEqual(first.numbers(), list(range(1, 11)))
        self.down(first)
        self.fire(sender, 5)
        second = self.up()
        [call] = second.given
        self.assertEqual((call.last, call.oldest), (15, 1))
        self.fire(sender, 2)
        self.assertEqual(second.numbers(), [])
        second.answer(7)
        self.assertEqual(second.numbers(), list(range(8, 18)))
        self.fire(sender, 1)
        self.assertEqual(second.numbers()[-1], 18)

    def test_unknownLife(self) -> None:
        """A router that has all that there was is given nothing of it, but may ask for it."""
        sender = self.own.add("s", "e", None)
        first = self.up(0)
        self.fire(sender, 10)
        self.down(first)
        self.fire(sender, 5)
        second = self.up(15)
        self.assertEqual(second.numbers(), [])
        self.assertEqual((self.sending.unsent, self.sending.dropped), (0, 0))
        sid = self.own._own["s"].sid
        [data] = self.own.refill("s", sid, 4, 12)
        self.assertEqual(len(list(ends(data))), 9)
        self.assertEqual(unpack_from(">Q", data, 4 + headSizeAt(data, 0))[0], 4)
        self.fire(sender, 1)
        self.assertEqual(second.numbers(), [16])

    def test_refill(self) -> None:
        """What is asked for is given as far as it is there, in pieces."""
        sender = self.own.add("s", "e", None)
        link = self.up(0)
        self.fire(sender, 100, 50_000)
        link.drain()
        own = self.own._own["s"]
        oldest = 100 - len(own.ring) + 1
        self.assertTrue(10 < oldest < 30, oldest)
        found = self.own.refill("s", own.sid, 1, 1000)
        self.assertEqual(len(found), 100 - oldest + 1)
        self.assertEqual(self.own.refill("s", own.sid, 1, oldest - 1), [])
        self.assertEqual(len(self.own.refill("s", own.sid, oldest, oldest)), 1)
        self.assertEqual(self.own.refill("s", own.sid, 101, 200), [])
        self.assertEqual(self.own.refill("s", own.sid + 1, 50, 60), [])
        self.assertEqual(self.own.refill("t", own.sid, 50, 60), [])

    def test_refused(self) -> None:
        """A sender that was refused comes back as another life, with nothing."""
        sender = self.own.add("s", "e", None)
        first = self.up()
        self.fire(sender, 3)
        first.answer(NameTaken("no"))
        self.assertEqual((len(self.refused), self.sending.held, self.sending.dropped), (1, 0, 3))
        self.fire(sender, 2)
        self.assertEqual((self.sending.held, self.sending.dropped), (0, 5))
        sid = self.own._own["s"].sid
        self.down(first)
        self.fire(sender, 2)
        second = self.up()
        [call] = second.given
        self.assertEqual((call.last, call.oldest, int(call.sid, 16) != sid), (0, 1, True))
        second.answer(0)
        self.fire(sender, 1)
        self.assertEqual(second.numbers(), [1])

    def test_shorterFrames(self) -> None:
        """What is too long for another router is a gap, also to the one that asks."""
        sender = self.own.add("s", "e", None)
        first = self.up(0)
        for size in (100, 5000, 100):
            self.fire(sender, 1, size)
        self.down(first)
        self.fire(sender, 1, 5000)
        self.fire(sender, 1, 100)
        second = self.up(maxFrame=1000)
        [call] = second.given
        self.assertEqual((call.last, call.oldest), (5, 5))
        second.answer(0)
        self.assertEqual((second.numbers(), self.sending.dropped), ([5], 1))

    def test_kept(self) -> None:
        """Of what was sent, or what a router says to have, the last 4 MiB are kept, and can go."""
        self.begin(10 << 20)
        one, two = (self.own.add(name, "e", None) for name in "ab")
        first = self.up(0, 0)
        for _ in range(80):
            self.fire(one, 1000)
            first.drain()
        self.assertEqual(first.numbers("a"), list(range(1, 80_001)))
        self.assertTrue(0.9 * KEPT < self.sending.held <= KEPT, self.sending.held)
        self.down(first)
        self.fire(one, 50_000)
        self.assertGreater(self.sending.held, KEPT)
        self.up(130_000, 0)
        self.assertTrue(0.9 * KEPT < self.sending.held <= KEPT, self.sending.held)
        self.fire(two, 70_000)
        self.assertEqual(self.sending.dropped, 0)

    def test_lostMeanwhile(self) -> None:
        """The same for events that had to go after the router was told that they are there."""
        self.begin(1000)
        one, two = (self.own.add(name, "e", None) for name in "ab")
        first = self.up(0, 0)
        self.fire(one, 1, 600)
        self.down(first)
        second = self.up()
        self.assertEqual((second.given[0].last, second.given[0].oldest), (1, 1))
        self.fire(two, 1, 600)
        second.answer(0)
        call = second.given[-1]
        self.assertEqual((call.sender, call.last, call.oldest), ("a", 1, 2))

    def test_lastLost(self) -> None:
        """The router is told of events that were dropped, if no later one shows that."""
        self.begin(1000)
        one, two = (self.own.add(name, "e", None) for name in "ab")
        link = self.up()
        self.fire(one, 1, 600)
        self.fire(two, 1, 600)
        link.answer(0)
        self.assertEqual(link.numbers("a"), [])
        call = link.given[-1]
        self.assertEqual((call.sender, call.last, call.oldest), ("a", 1, 2))
        link.answer(0)
        self.assertEqual(link.numbers("b"), [1])


class FeedTests(SendingTestCase):
    """How much is given at a time."""

    def test_room(self) -> None:
        """No more than 1 MiB and a piece waits in the outbox; all is given as it drains."""
        sender = self.own.add("s", "e", None)
        link = self.up(0)
        self.fire(sender, 100_000)
        self.assertTrue(ROOM <= link.outbox.size < ROOM + 1000, link.outbox.size)
        self.assertGreater(self.sending.unsent, 10_000_000)
        link.drain()
        self.assertLess(link.most, ROOM)
        self.assertEqual(link.numbers(), list(range(1, 100_001)))
        self.assertEqual(self.sending.unsent, 0)
        self.assertTrue(self.own._own["s"].ring.isOpen)

    def test_turns(self) -> None:
        """Each sender has its turn, 64 KiB at a time."""
        many, few = (self.own.add(name, "e", None) for name in "ab")
        link = self.up(0, 0)
        self.fire(many, 100_000)
        self.fire(few, 3000)
        link.writes.clear()
        link.drain()
        senders = [sender for sender, _ in link.writes]
        self.assertEqual(senders[:8], ["a", "b"] * 4)
        self.assertLessEqual(max(size for _, size in link.writes), TURN)
        self.assertEqual(link.numbers("a"), list(range(1, 100_001)))
        self.assertEqual(link.numbers("b"), list(range(1, 3001)))

    def test_brokenWhileFull(self) -> None:
        """What a broken link was given and has not sent is given to the next."""
        sender = self.own.add("s", "e", None)
        first = self.up(0)
        self.fire(sender, 100_000)
        first.take(3)
        self.down(first)
        second = self.up(123)
        second.drain()
        self.assertEqual(second.numbers(), list(range(124, 100_001)))

    def test_giveAll(self) -> None:
        """All may be given at once, for a link that is to end."""
        one, two = (self.own.add(name, "e", None) for name in "ab")
        link = self.up(0, 0)
        self.fire(one, 20_000)
        self.fire(two, 20_000)
        gone = two.remove()
        self.own.giveAll()
        self.assertEqual(link.numbers("a"), list(range(1, 20_001)))
        self.assertEqual(link.numbers("b"), list(range(1, 20_001)))
        self.assertEqual(link.given[-1], RemoveSender("b"))
        self.assertIsNone(self.successResultOf(gone))


class RemoveTests(SendingTestCase):
    """Senders that are removed while something waits."""

    def test_given(self) -> None:
        """What was fired before is given first; then the name is given back."""
        sender = self.own.add("s", "e", None)
        link = self.up(0)
        self.fire(sender, 20_000)
        gone = sender.remove("unplugged")
        self.assertNoResult(gone)
        self.assertIsNone(self.own.get("s"))
        link.drain()
        self.assertEqual(link.numbers(), list(range(1, 20_001)))
        self.assertEqual(link.given[-1], RemoveSender("s", "unplugged"))
        self.assertIsNone(self.successResultOf(gone))
        self.assertEqual((self.sending.held, self.sending.dropped), (0, 0))

    def test_beforeAnswer(self) -> None:
        """The same if the router has not answered yet."""
        sender = self.own.add("s", "e", None)
        link = self.up()
        self.fire(sender, 3)
        gone = sender.remove()
        link.answer(0)
        self.assertEqual(link.given[1:], [("s", 1), ("s", 2), ("s", 3), RemoveSender("s")])
        self.assertIsNone(self.successResultOf(gone))

    def test_refused(self) -> None:
        """If the router refuses it, there is nothing to give."""
        sender = self.own.add("s", "e", None)
        link = self.up()
        self.fire(sender, 3)
        gone = sender.remove()
        link.answer(NameTaken("no"))
        self.assertIsNone(self.successResultOf(gone))
        self.assertEqual((len(link.given), self.refused, self.sending.dropped), (1, [], 3))

    def test_addedAnew(self) -> None:
        """The name's next sender comes to its turn then, and loses nothing."""
        sender = self.own.add("s", "e", None)
        link = self.up(0)
        self.fire(sender, 20_000)
        sender.remove()
        again = self.own.add("s", "e", None)
        self.fire(again, 2)
        self.assertEqual(link.calls, [])
        link.drain()
        call = link.given[-1]
        self.assertEqual((call.last, call.oldest, type(call)), (0, 1, AddSender))
        self.assertEqual(link.given[-2], RemoveSender("s"))
        link.answer(0)
        self.assertEqual(link.given[-2:], [("s", 1), ("s", 2)])
        self.assertIs(again.state, State.ACCEPTED)

    def test_linkLost(self) -> None:
        """If the link breaks, the sender is gone, and what it has fired."""
        sender = self.own.add("s", "e", None)
        link = self.up(0)
        self.fire(sender, 20_000)
        gone = sender.remove()
        again = self.own.add("s", "e", None)
        unsent = 20_000 - len(link.numbers())
        self.down(link)
        self.assertIsNone(self.successResultOf(gone))
        self.assertEqual((self.sending.held, self.sending.dropped), (0, unsent))
        self.assertEqual(self.up(0).given[0].sender, "s")
        self.assertIs(again.state, State.ACCEPTED)

    def test_cancelled(self) -> None:
        """Whoever does not wait for that any more changes nothing."""
        sender = self.own.add("s", "e", None)
        link = self.up(0)
        self.fire(sender, 20_000)
        gone = sender.remove()
        gone.addErrback(lambda _: None)
        gone.cancel()
        link.drain()
        self.assertEqual(link.given[-1], RemoveSender("s"))


class WaitTests(SendingTestCase):
    """Waiting until something was given."""

    def test_given(self) -> None:
        """It fires when all is given that was fired before, and not what comes later."""
        sender = self.own.add("s", "e", None)
        link = self.up(0)
        self.fire(sender, 20_000)
        given = self.own.given()
        waiting = given()
        self.fire(sender, 200_000)
        self.assertNoResult(waiting)
        while len(link.numbers()) < 20_000:
            self.assertNoResult(waiting)
            link.take()
        self.successResultOf(waiting)
        self.assertGreater(self.sending.unsent, 0)
        self.successResultOf(given())

    def test_lost(self) -> None:
        """It fires when the link is lost; asked again, it waits for the next."""
        sender = self.own.add("s", "e", None)
        first = self.up(0)
        self.fire(sender, 20_000)
        given = self.own.given()
        waiting = given()
        self.down(first)
        self.successResultOf(waiting)
        second = self.up(0)
        waiting = given()
        self.assertNoResult(waiting)
        second.drain()
        self.successResultOf(waiting)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("fire"), st.integers(0, 2), st.integers(1, 20), st.integers(0, 3000)),
        st.tuples(st.just("answer"), st.floats(0, 1), st.booleans()),
        st.tuples(st.just("take"), st.integers(1, 3)),
        st.sampled_from((("up",), ("down",))),
    ),
    max_size=40,
)


class PropertyTests(SendingTestCase):
    """Whatever happens, in whatever order."""

    @settings(max_examples=150, deadline=None)
    @given(STEPS, st.sampled_from((4000, 40_000, 64 << 20)))
    def test_any(self, steps: list[Any], limit: int) -> None:
        """
        After each registration a link is given what comes after what the router has, in order,
        once, and without a hole, but for what was dropped from the front; at last it is given
        all, or told how far it goes.
        """
        self.begin(limit)
        senders = [self.own.add(name, "e", None) for name in "abc"]
        link: FakeLink | None = None
        for step, *rest in [*steps, ("up",), *[("answer", 0.5, True)] * 3]:
            if step == "fire":
                which, count, size = rest
                self.fire(senders[which], count, min(size, limit - COST - 50))
            elif step == "up" and link is None:
                link = self.up()
                self.next: dict[str, int] = {}
                self.seen = 0
            elif link is None:
                continue
            elif step == "down":
                self.down(link)
                link = None
            elif step == "take":
                link.take(*rest)
            elif step == "answer" and link.calls:
                part, isKnown = rest
                call = link.calls[0][0]
                have = int(part * call.last) if isKnown else call.last
                self.next[call.sender] = max(have + 1, call.oldest)
                link.answer(have)
            if link is not None:
                self.check(link)
            self.assertLessEqual(self.sending.held, limit)
        assert link is not None
        link.drain()
        self.check(link)
        for sender in senders:
            self.assertEqual(self.next[sender.name], sender.seq + 1, sender.name)
        self.assertEqual(self.sending.unsent, 0)

    def check(self, link: FakeLink) -> None:
        """Look at what the link was given since the last time."""
        fresh, self.seen = link.given[self.seen :], len(link.given)
        for each in fresh:
            if isinstance(each, AddSender):
                if each.sender in self.next:
                    # Told how far it goes, since there is nothing to show it.
                    self.assertGreaterEqual(each.last + 1, self.next[each.sender])
                    self.assertEqual(each.oldest, each.last + 1)
                    self.next[each.sender] = each.last + 1
                continue
            name, seq = each
            if seq != self.next[name]:
                self.assertGreater(seq, self.next[name])
                own = self.own._own[name]
                # Then none of those before is there any more.
                self.assertGreaterEqual(own.sender.seq - len(own.ring) + 1, seq)
            self.next[name] = seq + 1
