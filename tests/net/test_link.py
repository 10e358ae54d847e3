"""What the two ends of a connection have in common, seen at a server."""

from __future__ import annotations

from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Any

from OpenSSL import SSL
from twisted.internet.defer import CancelledError
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import Kicked, LinkLost, ProtocolError, ShuttingDown, SlowConsumer
from pysig_twisted.net.limits import Limits
from pysig_twisted.net.link import Ids, isVerified, shown
from pysig_twisted.wire.codecs import JSON
from pysig_twisted.wire.frames import FrameReader
from pysig_twisted.wire.messages import (
    Cancel,
    GapNotice,
    Goodbye,
    Ping,
    Pong,
    PresenceNotice,
    Request,
)
from pysig_twisted.wire.runs import Run

from .rig import Carrier, RawPeer, ServerRig

LONG = b'"' + b"x" * (1 << 18) + b'"'


class IdsTests(ServerRig):
    """Numbers for what waits."""

    def test_circle(self) -> None:
        """They begin at 1, skip those that are open, and begin anew after the last."""
        ids = Ids()
        self.assertEqual([ids.next({}) for _ in range(3)], [1, 2, 3])
        self.assertEqual(ids.next({4: None, 5: None}), 6)
        ids._last = 0xFFFFFFFE
        self.assertEqual([ids.next({}), ids.next({1: None})], [0xFFFFFFFF, 2])

    def test_shown(self) -> None:
        """What a peer says is shown without what could steer a terminal, and not at length."""
        self.assertEqual(shown("a\x1b\n\u202e\u2028é"), "a\ufffd\ufffd\ufffd\ufffdé")
        self.assertEqual(len(shown("x" * 5000)), 1000)


class AliveTests(ServerRig):
    """Heartbeats on connections."""

    def alive(self, seconds: int, *peers: RawPeer) -> None:
        """Let time pass, while these peers say something each 5 s."""
        for second in range(seconds):
            if second % 5 == 0:
                for peer in peers:
                    peer.say(Cancel(1))
            self.clock.advance(1)

    def test_ping(self) -> None:
        """A peer that is sent nothing else is pinged each 15 s, and PONG is no news."""
        peer = self.peer()
        self.alive(50, peer)
        self.assertEqual(peer.take(), [Ping(0)] * 3)
        peer.say(Pong(0), Pong(9))
        self.assertEqual(peer.take(), [])

    def test_pong(self) -> None:
        """PING is answered with its token, after what came before it."""
        peer = self.peer()
        peer.say(Ping(5), Ping((1 << 32) - 1), Ping(5))
        self.assertEqual(peer.take(), [Pong(5), Pong((1 << 32) - 1), Pong(5)])

    def test_silent(self) -> None:
        """A peer that says nothing for 45 s is ended, and nobody else."""
        silent, other, watcher = self.peer(), self.peer(), self.peer()
        silent.addSender("s")
        watcher.listen()
        watcher.take()
        self.alive(44, other, watcher)
        self.assertIsNone(silent.goodbye)
        self.alive(4, other, watcher)
        self.assertEnded(silent, "timeout", "45 s")
        self.assertEqual(watcher.one(PresenceNotice).reason, "timeout")
        self.assertFalse(other.isOver)

    def test_silentWithMuchWaiting(self) -> None:
        """A silent peer's GOODBYE does not stand behind what waits for it."""
        self.router.reload(Limits(stall=100.0))
        peer = self.peer()
        peer.carrier.fill()
        peer.say(Ping(7))
        self.alive(47)
        peer.carrier.drain()
        self.assertEqual([type(one) for one in peer.collect()], [Goodbye])
        self.assertEnded(peer, "timeout")

    def test_anyByteIsLife(self) -> None:
        """Frames that trickle in are life, though there is always half a one."""
        peer = self.peer()
        sender = peer.addSender("s", "e")
        for _ in range(4):
            frames = sender.frames("e", "x" * 100)
            peer.raw(frames[:50])
            self.alive(40)
            peer.raw(frames[50:] + sender.frames("e", "y")[:-1])
            self.alive(40)
            peer.raw(b'"')
        self.assertFalse(peer.isOver)
        self.assertEqual(self.router.events.accepted, 8)

    def test_unfinished(self) -> None:
        """A server waits 10 s for a frame that trickles in, and one more for each 64 KiB."""
        peer = self.peer()
        frames = peer.addSender("s", "e").frames("e", "x" * 1000)
        for at in range(10):
            peer.raw(frames[at : at + 1])
            self.clock.advance(1)
        self.assertIsNone(peer.goodbye)
        for at in range(10, 12):
            peer.raw(frames[at : at + 1])
            self.clock.advance(1)
        self.assertEnded(peer, "timeout", "begun and not finished within 10 s")

    def test_unfinishedSlowly(self) -> None:
        """Over a slow line it has the time of the longest frame more."""
        carrier = Carrier(self.clock)
        carrier.bytesPerSecond = 30  # type: ignore[attr-defined]
        peer = self.peer(carrier=carrier)
        frames = peer.addSender("s", "e").frames("e", "x" * 900)
        for at in range(44):
            peer.raw(frames[at : at + 1])
            self.clock.advance(1)
        self.assertIsNone(peer.goodbye)
        for at in range(44, 47):
            peer.raw(frames[at : at + 1])
            self.clock.advance(1)
        self.assertEnded(peer, "timeout", "begun and not finished within 44.1 s")

    def test_silentBeforeHello(self) -> None:
        """Nobody is pinged before WELCOME."""
        peer = self.stranger()
        self.alive(4)
        self.assertEqual(peer.carrier.writes, [])

    def test_oneTimer(self) -> None:
        """A hundred connections share one timer, and when they have gone there is none."""
        peers = [self.peer() for _ in range(100)]
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        for peer in peers:
            peer.leave()
        self.assertEqual(self.clock.getDelayedCalls(), [])


class CutTests(ServerRig):
    """Peers that do not take what is sent to them."""

    def setUp(self) -> None:
        """A sender, a slow listener, and one that reads."""
        super().setUp()
        self.slow, self.fast, self.owner = self.peer(), self.peer(), self.peer()
        for peer in (self.slow, self.fast):
            peer.listen("s")
        self.router.addSender("echo", requests={"e": lambda params: params})
        self.numbers = count(1)
        self.sender = self.owner.addSender("s", "e")
        self.slow.take()
        self.fast.take()

    def fire(self, mebibytes: float) -> None:
        """Fire as much."""
        for _ in range(int(mebibytes * 4)):
            self.sender.fire("e", "x" * (1 << 18))

    def flood(self, mebibytes: float) -> None:
        """Make the slow one's answers pile up: what is no event cannot come later."""
        for _ in range(int(mebibytes * 4)):
            self.slow.say(Request(JSON, "echo", "e", next(self.numbers), 30_000, "", LONG))

    def test_tooMuch(self) -> None:
        """More than 8 MiB are not kept for a peer: it is told, and aborted after 2 s."""
        self.slow.addSender("its own")
        self.owner.listen(None, "#disconnect")
        self.owner.take()
        self.slow.take()
        self.slow.carrier.fill()
        self.flood(7.9)
        self.assertFalse(self.slow.isOver)
        self.assertGreater(self.slow.protocol.outbox.size, 7 << 20)
        self.flood(0.5)
        self.assertLess(self.slow.protocol.outbox.size, 1000)
        self.assertEqual(self.owner.one(PresenceNotice).reason, "lost")
        self.clock.advance(1.9)
        self.assertFalse(self.slow.isOver)
        self.clock.advance(0.2)
        self.assertTrue(self.slow.carrier.wasAborted)
        self.assertTrue(self.slow.isOver)
        self.router.removeSender("echo")
        self.assertEmpty()

    def test_toldWhenItReads(self) -> None:
        """If it reads in time, it gets whole frames and the reason."""
        self.slow.carrier.fill()
        self.flood(9)
        self.slow.carrier.drain()
        self.assertEnded(self.slow, "slow-consumer", "8388608")
        self.assertFalse(self.slow.carrier.wasAborted)

    def test_events(self) -> None:
        """Events that a peer does not take wait in the history; what it has lost is told."""
        self.slow.carrier.fill()
        self.fire(9)
        self.assertLess(self.slow.protocol.outbox.size, 3 << 20)
        self.assertEqual(sum(run.count for run in self.fast.take(Run)), 36)
        self.slow.carrier.drain()
        for _ in range(99):
            self.clock.advance(0)
            self.slow.carrier.drain()
        got = self.slow.take(Run, GapNotice)
        numbers = [
            number
            for one in got
            for number in (
                range(one.first, one.last + 1)
                if isinstance(one, Run)
                else range(one.first or 0, (one.last or 0) + 1)
            )
        ]
        self.assertEqual(numbers, list(range(1, 37)))
        [gap] = [one for one in got if isinstance(one, GapNotice)]
        self.assertEqual((gap.why, gap.events), ("history", ("e",)))
        self.assertFalse(self.slow.isOver)

    def test_wholeFrames(self) -> None:
        """Also where the transport has the beginning of a long frame."""

        def write(data: bytes) -> None:
            self.slow.carrier.writes.append(data)
            self.slow.carrier.isFull = True
            self.slow.protocol.outbox.pauseProducing()

        self.slow.carrier.write = write  # type: ignore[method-assign]
        self.flood(9)
        self.assertFalse(self.slow.isOver)
        while self.slow.protocol.outbox.size:
            self.slow.carrier.drain()
        self.slow.carrier.drain()
        reader = FrameReader((1 << 24) - 1)
        *_, reply, goodbye = reader.feed(b"".join(self.slow.carrier.writes))
        self.assertEqual(reader.held, 0)
        self.assertEqual(goodbye[0], 3)
        self.assertEqual(len(reply[1]), 5 + len(LONG))

    def test_inOneRead(self) -> None:
        """What a peer says behind what made its outbox overflow is not worked on."""
        self.router.reload(Limits(outbox=1000))
        greedy = self.peer()
        greedy.say(*[Ping(number) for number in range(200)], Goodbye("closed", "later"))
        self.assertEnded(greedy, "slow-consumer", "1000")
        self.assertIsInstance(greedy.protocol.ended, SlowConsumer)

    def test_inOneTurn(self) -> None:
        """However much is fired in one turn, little more than the limit is kept."""
        local = self.router.addSender("local", ["e"])
        self.slow.listen("local")
        for _ in range(64):
            local.trigger("e", "x" * (1 << 18))
        self.assertLess(self.slow.protocol.outbox.size, 2 << 20)
        self.clock.advance(0)
        self.assertFalse(self.slow.isOver)
        self.assertFalse(self.fast.isOver)

    def test_stalled(self) -> None:
        """A peer that takes nothing for 10 s while something waits is cut, however little."""
        self.slow.carrier.fill()
        self.sender.fire("e", 1)
        for _ in range(9):
            self.fast.say(Cancel(1))
            self.clock.advance(1)
        self.assertFalse(self.slow.isOver)
        self.wait(3)
        self.slow.carrier.drain()
        self.assertEnded(self.slow, "slow-consumer", "10 s")
        self.assertEqual(len(self.fast.events()), 1)

    def test_slowButSteady(self) -> None:
        """One that takes something now and then is not cut, however slow it is."""
        self.fire(1)
        self.slow.carrier.fill()
        self.fire(5)
        for _ in range(6):
            self.wait(8)
            for peer in self.everybody:
                peer.say(Cancel(1))
            # One piece, then no more.
            self.slow.carrier.write = lambda data: (  # type: ignore[method-assign]
                self.slow.carrier.writes.append(data),
                self.slow.protocol.outbox.pauseProducing(),
            )
            self.slow.carrier.drain()
        self.assertFalse(self.slow.isOver)

    def test_nothingWaits(self) -> None:
        """A transport that says it is full, while nothing waits, is left alone until it pings."""
        self.slow.carrier.fill()
        self.alive(14)
        self.assertFalse(self.slow.isOver)

    def alive(self, seconds: int) -> None:
        """Let time pass, while all say something."""
        for _ in range(seconds):
            for peer in self.everybody:
                peer.say(Cancel(1))
            self.clock.advance(1)

    def test_limit(self) -> None:
        """The limit is settable, for connections that come from then on."""
        self.router.reload(Limits(outbox=1 << 16))
        late = self.peer()
        late.listen("s")
        late.carrier.fill()
        late.say(Request(JSON, "echo", "e", 1, 30_000, "", LONG))
        late.carrier.drain()
        self.assertEnded(late, "slow-consumer", "65536")
        self.assertFalse(self.slow.isOver)


class EndingTests(ServerRig):
    """The end of connections."""

    def test_broken(self) -> None:
        """A connection that breaks has ended because it broke."""
        peer = self.peer()
        peer.leave(ConnectionLost("cable"))
        error = peer.protocol.ended
        self.assertIsInstance(error, LinkLost)
        self.assertIn("cable", str(error))

    def test_once(self) -> None:
        """The first reason counts."""
        peer = self.peer()
        peer.protocol.end(Kicked("first"))
        peer.protocol.end(ProtocolError("second"))
        peer.leave()
        self.assertEqual([one.reason for one in peer.take(Goodbye)], ["first"])
        self.assertIsInstance(peer.protocol.ended, Kicked)

    def test_retry(self) -> None:
        """GOODBYE says when to come back, if told so."""
        peer = self.peer()
        peer.protocol.end(ShuttingDown("later"), retryMs=5000)
        self.assertEqual(peer.one(Goodbye).retryMs, 5000)

    def test_theirs(self) -> None:
        """The peer's reason is kept as its error."""
        peer = self.peer()
        peer.say(Goodbye("kicked", "by\nmyself"))
        self.assertIsInstance(peer.protocol.ended, Kicked)
        self.assertEqual(str(peer.protocol.ended), "by\ufffdmyself")
        self.assertEqual(peer.take(), [])

    def test_lingering(self) -> None:
        """A peer that said GOODBYE and does not go is aborted after 2 s."""
        peer = self.peer()
        peer.carrier.fill()
        peer.say(Ping(1))
        peer.say(Goodbye("shutting-down"))
        self.wait(1.9)
        self.assertFalse(peer.isOver)
        self.wait(0.2)
        self.assertTrue(peer.carrier.wasAborted)

    def test_whenOver(self) -> None:
        """Each who asks is told when the carrier is gone, and may give up."""
        peer = self.peer()
        first, second = peer.protocol.whenOver(), peer.protocol.whenOver()
        second.cancel()
        self.failureResultOf(second, CancelledError)
        peer.protocol.end(Kicked())
        self.assertNoResult(first)
        self.assertTrue(peer.isOver)
        self.successResultOf(first)

    def test_address(self) -> None:
        """A carrier without addresses is shown as one."""
        peer = self.peer()

        def getPeer() -> Any:
            raise NotImplementedError

        peer.carrier.getPeer = getPeer  # type: ignore[method-assign]
        self.assertEqual(peer.protocol.address, "?")
        self.assertEqual(self.router.factory.buildProtocol(None).address, "?")

    def test_received(self) -> None:
        """Bytes are counted both ways."""
        peer = self.peer()
        before = self.router.peers()[0]
        peer.say(Ping(1))
        after = self.router.peers()[0]
        self.assertEqual((after.bytesIn - before.bytesIn, after.bytesOut - before.bytesOut), (9, 9))


class Stepped(Clock):
    """
    A reactor on a wall clock that somebody sets, beside a monotonic clock that nobody can.

    @ivar monotonic: the time that deadlines run on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.monotonic = 0.0

    def advance(self, amount: float) -> None:
        """Time passes."""
        self.monotonic += amount
        super().advance(amount)

    def step(self, seconds: float) -> None:
        """Somebody sets the wall clock; timers of the reactor run on it."""
        self.rightNow += seconds
        if seconds > 0:
            super().advance(0)


class SteppedReactor:
    """The wall clock's timers, with the monotonic time."""

    def __init__(self, wall: Stepped) -> None:
        self.callLater = wall.callLater
        self.seconds = lambda: wall.monotonic


class WallClockTests(ServerRig):
    """A wall clock that jumps an hour cuts nobody early, and lets nobody stay late."""

    def makeRouter(self, **options: Any) -> Any:
        """A server whose timers run on a wall clock."""
        from pysig_twisted.net.server import ServerRouter

        return ServerRouter(reactor=SteppedReactor(self.clock), legacy=False, **options)

    def makeClock(self) -> Any:
        """A clock that can be set."""
        return Stepped()

    def hour(self, hours: int) -> None:
        """Somebody sets the clock."""
        self.clock.step(hours * 3600)

    def alive(self, seconds: int, *peers: RawPeer) -> None:
        """Let time pass, while these peers say something each second."""
        for _ in range(seconds):
            for peer in peers:
                peer.say(Cancel(1))
            self.clock.advance(1)

    def test_nobodyEarly(self) -> None:
        """Forward: no HELLO, heartbeat, challenge, stall or request ends before its time."""
        stranger, holder, claimant = self.stranger(), self.peer(), self.peer()
        sender = holder.addSender("s", "e", requests=("m",))
        slow = self.peer()
        slow.listen("s")
        slow.carrier.fill()
        sender.fire("e", 1)
        claimant.request(1, "s", "m", ms=10_000)
        number = claimant.ask(claimant.claim("s").action)
        self.hour(1)
        self.clock.advance(1)
        self.hour(1)
        for peer in (stranger, holder, claimant, slow):
            self.assertFalse(peer.isOver)
        self.assertEqual([one for one in claimant.take() if not isinstance(one, Ping)], [])
        self.alive(2, holder, claimant, slow)
        self.assertIsNotNone(claimant.answer(number))
        self.assertFalse(holder.isOver)

    def test_nobodyLate(self) -> None:
        """Back: as long as anything comes in from anybody, all ends at its time."""
        for hours in (-1, 1):
            talker, stranger, silent, slow = self.peer(), self.stranger(), self.peer(), self.peer()
            sender = talker.addSender(f"s{hours}", "e", requests=("m",))
            slow.listen(f"s{hours}")
            slow.carrier.fill()
            sender.fire("e", 1)
            talker.request(1, f"s{hours}", "m", ms=3000)
            talker.take()
            self.clock.advance(0.5)
            self.hour(hours)
            self.alive(4, talker)
            self.assertEqual([type(one).__name__ for one in talker.take(Cancel)], ["Cancel"])
            self.alive(3, talker)
            self.assertEnded(stranger, "timeout", "HELLO")
            self.alive(9, talker)
            self.assertTrue(slow.carrier.wasAborted)
            self.alive(32, talker)
            self.assertEnded(silent, "timeout")
            self.assertFalse(talker.isOver)

    def test_localEventsAreNotHeldBack(self) -> None:
        """What was to be sent in the next turn, which is an hour off now, is sent with the next."""
        peer, other = self.peer(), self.peer()
        peer.listen()
        sender = self.router.addSender("t", ["e"])
        sender.trigger("e", 1)
        self.hour(-1)
        other.say(Ping(1))
        sent = len(peer.carrier.writes)
        sender.trigger("e", 2)
        self.clock.advance(0)
        self.assertGreater(len(peer.carrier.writes), sent)
        self.assertEqual([data for _, _, data in peer.events()], [1, 2])


class VerifiedTests(SynchronousTestCase):
    """L{isVerified}."""

    def test_modes(self) -> None:
        """What OpenSSL was told counts; what is not of OpenSSL is not judged."""
        for method, mode, isGood in (
            (SSL.VERIFY_NONE, 0, False),
            (SSL.VERIFY_PEER, 1, True),
            (SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, 3, True),
        ):
            context = SSL.Context(SSL.TLS_CLIENT_METHOD)
            context.set_verify(method)
            connection = SSL.Connection(context, None)
            transport = SimpleNamespace(getHandle=partial(dict.get, {}, None, connection))
            self.assertEqual((connection.get_verify_mode(), isVerified(transport)), (mode, isGood))
        self.assertTrue(isVerified(object()))
