"""What waits to be sent: the outbox of one peer, and the turn that they share."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError
from twisted.internet.error import ProcessExitedAlready
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net.flow import PIECE, Outbox, Turn, abortTransport
from pysig_twisted.wire.frames import FrameReader, frame
from pysig_twisted.wire.messages import HIGHEST_MAX_FRAME

from .rig import Carrier

LIMIT = 1 << 20


class BrokenCarrier(Carrier):
    """A transport that cannot be written to."""

    def write(self, data: bytes) -> None:
        """Fail."""
        raise ZeroDivisionError("write")


class Listener:
    """A protocol that notes its end."""

    def connectionLost(self, reason: object) -> None:
        """The end."""


class FlowRig(SynchronousTestCase):
    """A turn and an outbox."""

    def setUp(self) -> None:
        """Attach an outbox to a transport."""
        self.clock = Clock()
        self.turn = Turn(self.clock.callLater)
        self.overflows = 0
        self.outbox, self.carrier = self.make()

    def make(self, carrier: Carrier | None = None) -> tuple[Outbox, Carrier]:
        """An outbox with its transport."""
        carrier = carrier or Carrier(self.clock)
        carrier.protocol = Listener()
        outbox = Outbox(self.turn, LIMIT, self.overflow)
        outbox.attach(carrier)
        return outbox, carrier

    def overflow(self) -> None:
        """Too much waits."""
        self.overflows += 1
        self.outbox.finish(b"bye", drop=True)

    @property
    def sent(self) -> bytes:
        """All that the transport has."""
        return b"".join(self.carrier.writes)


class TurnTests(FlowRig):
    """When things are sent."""

    def test_laterTogether(self) -> None:
        """
        The first that is written in one turn of the reactor is sent at once, the rest in the next
        one, in one write each.
        """
        other, carrier = self.make()
        for data in (b"a", b"b", b"c"):
            self.outbox.write(data)
            other.write(data)
        self.assertEqual((self.carrier.writes, carrier.writes), ([b"a"], []))
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.advance(0)
        self.assertEqual((self.carrier.writes, carrier.writes), ([b"a", b"bc"], [b"abc"]))
        self.assertEqual(self.clock.getDelayedCalls(), [])
        other.writeEvents(b"d")
        self.assertEqual(carrier.writes, [b"abc", b"d"])

    def test_working(self) -> None:
        """While input is worked on nothing is scheduled; the flush at its end sends all."""
        self.turn.working = True
        self.outbox.write(b"a")
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.outbox.write(b"b")
        self.turn.flush()
        self.assertEqual(self.carrier.writes, [b"ab"])
        self.assertFalse(self.turn.working)
        self.outbox.write(b"c")
        self.clock.advance(0)
        self.assertEqual(self.carrier.writes, [b"ab", b"c"])

    def test_flushReplacesTheTimer(self) -> None:
        """A flush does what the scheduled one would, so that one is not waited for."""
        self.outbox.write(b"a")
        self.turn.flush()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.outbox.write(b"b")
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.advance(0)
        self.assertEqual(self.sent, b"ab")

    def test_brokenTransport(self) -> None:
        """A transport that raises is logged and aborted, and the others have theirs."""
        broken, carrier = self.make(BrokenCarrier(self.clock))
        broken.write(b"x")
        self.outbox.write(b"y")
        self.clock.advance(0)
        self.assertEqual(self.sent, b"y")
        self.assertTrue(carrier.wasAborted)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
        broken.write(b"more")
        self.clock.advance(0)
        self.assertEqual(broken.size, 0)

    def test_brokenTwice(self) -> None:
        """One that cannot even be aborted is logged too."""

        class Worse(BrokenCarrier):
            def abortConnection(self) -> None:
                raise ZeroDivisionError("abort")

        worse, _ = self.make(Worse(self.clock))
        worse.write(b"x")
        self.outbox.write(b"y")
        self.clock.advance(0)
        self.assertEqual(self.sent, b"y")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 2)

    def test_writtenWhileFlushing(self) -> None:
        """What is written because something was sent is sent in the same turn."""
        other, carrier = self.make()
        other.pauseProducing()
        self.outbox.pauseProducing()
        self.outbox.write(b"a")
        self.clock.advance(0)
        self.outbox.below(0).addCallback(lambda _: other.write(b"late"))
        self.outbox.resumeProducing()
        other.resumeProducing()
        self.clock.advance(0)
        self.assertEqual(carrier.writes, [b"late"])


class OutboxTests(FlowRig):
    """Pieces, pauses, and the end."""

    def test_pieces(self) -> None:
        """Pieces are at most 64 KiB, made of whole writes where they fit."""
        writes = [
            bytes([n]) * size for n, size in enumerate((10, 40_000, 30_000, 200_000, 5, PIECE))
        ]
        self.turn.working = True
        for data in writes:
            self.outbox.write(data)
        self.turn.flush()
        self.assertEqual(self.sent, b"".join(writes))
        self.assertLessEqual(max(map(len, self.carrier.writes)), PIECE)
        self.assertEqual(self.carrier.writes[0], writes[0] + writes[1])
        self.assertEqual((self.outbox.size, self.outbox.total), (0, len(self.sent)))

    @given(
        st.lists(st.binary(max_size=30) | st.integers(0, 300_000).map(bytes), max_size=12),
        st.data(),
    )
    def test_anyPauses(self, writes: list[bytes], data: st.DataObject) -> None:
        """Whatever pauses come, all is sent in order, and what is here and there adds up."""
        outbox, carrier = self.make()
        outbox._room = 1 << 30
        written = b""
        for one in writes:
            outbox.write(one)
            written += one
            match data.draw(st.integers(0, 3)):
                case 0:
                    outbox.pauseProducing()
                case 1:
                    outbox.resumeProducing()
                case 2:
                    self.turn.flush()
            self.assertEqual(outbox.size + outbox.total, len(written))
            self.assertEqual(outbox.total, sum(map(len, carrier.writes)))
        outbox.resumeProducing()
        self.turn.flush()
        self.assertEqual(b"".join(carrier.writes), written)
        self.assertTrue(all(len(piece) <= PIECE for piece in carrier.writes))

    def test_paused(self) -> None:
        """After pauseProducing nothing more is given, in the middle of a write too."""
        self.carrier.write = self.writeAndPause  # type: ignore[method-assign]
        self.outbox.write(b"x" * (3 * PIECE))
        self.clock.advance(0)
        self.assertEqual(self.outbox.size, 2 * PIECE)
        self.outbox.write(b"y")
        self.clock.advance(0)
        self.assertEqual(self.outbox.size, 2 * PIECE + 1)
        for left in (PIECE + 1, 1, 0):
            self.outbox.resumeProducing()
            self.assertEqual(self.outbox.size, left)
        self.assertTrue(self.outbox.paused)

    def writeAndPause(self, data: bytes) -> None:
        """A transport that takes one piece at a time."""
        self.carrier.writes.append(data)
        self.outbox.pauseProducing()

    def test_marks(self) -> None:
        """It notes that something was given, and that all was taken."""
        self.outbox.wrote = self.outbox.taken = False
        self.turn.working = True
        self.outbox.write(b"x")
        self.assertFalse(self.outbox.wrote)
        self.turn.flush()
        self.assertTrue(self.outbox.wrote)
        self.assertFalse(self.outbox.taken)
        self.outbox.pauseProducing()
        self.outbox.resumeProducing()
        self.assertTrue(self.outbox.taken)

    def test_overflow(self) -> None:
        """When more waits than may, that is told once, and nothing more is kept."""
        self.outbox.pauseProducing()
        self.outbox.write(bytes(LIMIT))
        self.clock.advance(0)
        self.assertEqual(self.overflows, 0)
        self.outbox.write(b"x")
        for _ in range(100):
            self.outbox.write(bytes(LIMIT))
        self.assertEqual(self.outbox.size, LIMIT + 1)
        self.clock.advance(0)
        self.assertEqual(self.overflows, 1)
        self.outbox.resumeProducing()
        self.assertEqual(self.sent, b"bye")

    def test_overflowIsNotUndone(self) -> None:
        """What was not kept is never skipped over in silence, although the transport reads on."""
        self.outbox.write(bytes(LIMIT + 1))
        self.outbox.write(b"not kept")
        self.outbox.resumeProducing()
        self.clock.advance(0)
        self.assertEqual(self.overflows, 1)

    def test_eventsBehind(self) -> None:
        """Events are refused while too much waits, and it says so only while that is so."""
        outbox = Outbox(self.turn, 8 << 20, self.overflow)
        half = bytes(outbox.behind // 2)
        self.assertIs(outbox.writeEvents(half), None)
        self.assertIs(outbox.writeEvents(half), outbox)
        self.assertFalse(outbox.isBehind)
        self.assertIs(outbox.writeEvents(b"x"), outbox)
        self.assertTrue(outbox.isBehind)
        self.assertEqual(outbox.size, outbox.behind)
        outbox.attach(self.carrier)
        self.turn.flush()
        self.carrier.writes.clear()
        outbox.pauseProducing()
        self.assertIs(outbox.writeEvents(half), None)
        self.assertIs(outbox.writeEvents(b"x"), outbox)
        self.assertFalse(outbox.isBehind)

    def test_below(self) -> None:
        """Whoever waits for room is told when there is as much, each once."""
        self.successResultOf(self.outbox.below(0))
        self.outbox.pauseProducing()
        self.outbox.write(bytes(100))
        self.successResultOf(self.outbox.below(100))
        waiting = [self.outbox.below(99), self.outbox.below(0)]
        cancelled = self.outbox.below(0)
        cancelled.cancel()
        self.failureResultOf(cancelled, CancelledError)
        self.clock.advance(0)
        for one in waiting:
            self.assertNoResult(one)
        self.outbox.resumeProducing()
        for one in waiting:
            self.assertIsNone(self.successResultOf(one))

    def test_belowCancelsAnother(self) -> None:
        """One who is told may cancel another who waits."""
        self.outbox.pauseProducing()
        self.outbox.write(bytes(100))
        first, second = self.outbox.below(0), self.outbox.below(0)
        first.addCallback(lambda _: second.cancel())
        self.outbox.resumeProducing()
        self.clock.advance(0)
        self.successResultOf(first)
        self.failureResultOf(second, CancelledError)

    def test_belowWhenClosed(self) -> None:
        """When the connection is gone nobody waits."""
        self.outbox.pauseProducing()
        self.outbox.write(bytes(100))
        waiting = self.outbox.below(0)
        self.outbox.stopProducing()
        self.successResultOf(waiting)
        self.outbox.write(b"x")
        self.assertEqual(self.outbox.size, 0)

    def test_finish(self) -> None:
        """finish() sends what waits, then the last word, then ends the connection."""
        self.outbox.pauseProducing()
        self.outbox.write(b"a")
        self.outbox.finish(b"bye")
        self.outbox.write(b"ignored")
        self.outbox.finish(b"twice")
        self.clock.advance(0)
        self.assertFalse(self.carrier.isClosing)
        self.outbox.resumeProducing()
        self.assertEqual(self.sent, b"abye")
        self.assertTrue(self.carrier.isClosing)
        self.assertIsNone(self.carrier.producer)
        self.clock.advance(0)

    def test_finishAtOnce(self) -> None:
        """With nothing in the way it is done at once."""
        self.outbox.finish(b"bye")
        self.assertEqual(self.sent, b"bye")
        self.assertTrue(self.carrier.isClosing)

    @given(st.integers(0, 12), st.integers(0, 6))
    def test_dropKeepsFrames(self, taken: int, whole: int) -> None:
        """Whatever is dropped, what the transport gets are whole frames, GOODBYE last."""
        outbox, carrier = self.make()

        def write(data: bytes) -> None:
            carrier.writes.append(data)
            if len(carrier.writes) >= taken:
                outbox.pauseProducing()

        carrier.write = write  # type: ignore[method-assign]
        if not taken:
            outbox.pauseProducing()
        frames = [frame(4, bytes(20_000 * (n + 1))) for n in range(6)]
        outbox.write(b"".join(frames[:whole]))
        for one in frames[whole:]:
            outbox.write(one)
        self.turn.flush()
        goodbye = frame(3, b"{}")
        outbox.finish(goodbye, drop=True)
        self.assertLess(outbox.size, sum(map(len, frames)))
        while outbox.size:
            outbox.resumeProducing()
        reader = FrameReader(HIGHEST_MAX_FRAME)
        got = list(reader.feed(b"".join(carrier.writes)))
        self.assertEqual(reader.held, 0)
        self.assertEqual(got[-1], (3, b"{}"))
        sizes = [len(rest) for _, rest in got[:-1]]  # type: ignore[misc]
        self.assertEqual(sizes, [20_000 * (n + 1) for n in range(len(sizes))])

    def test_abort(self) -> None:
        """A carrier that cannot abort is closed instead."""

        class Gentle:
            closed = False

            def loseConnection(self) -> None:
                self.closed = True

        gentle = Gentle()
        abortTransport(gentle)
        self.assertTrue(gentle.closed)
        abortTransport(self.carrier)
        self.assertTrue(self.carrier.wasAborted)
        self.clock.advance(0)

    def test_abortChild(self) -> None:
        """A child process that is a carrier is ended, unless it has ended."""

        class Child:
            def __init__(self, error: Exception | None = None) -> None:
                self.signals: list[str] = []
                self.closed = False
                self.error = error

            def signalProcess(self, name: str) -> None:
                self.signals.append(name)
                if self.error is not None:
                    raise self.error

            def loseConnection(self) -> None:
                self.closed = True

        for child in (Child(), Child(ProcessExitedAlready())):
            abortTransport(child)
            self.assertEqual((child.signals, child.closed), (["KILL"], True))

    def test_goneTransport(self) -> None:
        """A transport that is gone when it is attached to leaves an outbox that keeps nothing."""
        outbox = Outbox(self.turn, LIMIT, self.overflow)
        outbox.close()
        outbox.write(b"x")
        outbox.finish(b"y")
        outbox.resumeProducing()
        self.clock.advance(0)
        self.assertEqual(outbox.size, 0)
