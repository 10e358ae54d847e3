"""One direction of a connection, disturbed."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.testing.cutway import Way


class WayTests(SynchronousTestCase):
    """What comes out of it."""

    def setUp(self) -> None:
        """A way that carries all at once."""
        self.clock = Clock()
        self.rate: float | None = None
        self.out: list[bytes] = []
        self.told: list[str] = []
        self.way = Way(
            self.clock.callLater,
            lambda: self.rate,
            self.out.append,
            lambda: self.told.append("carried"),
            lambda: self.told.append("cut"),
        )

    def test_sound(self) -> None:
        """All is carried at once."""
        self.way.send(b"ab")
        self.way.send(b"c")
        self.assertEqual((self.out, self.told), ([b"ab", b"c"], ["carried"] * 2))

    def test_held(self) -> None:
        """What is held, or not read, waits."""
        self.way.isHeld = True
        self.way.send(b"a")
        self.way.isReading = False
        self.way.isHeld = False
        self.way.send(b"b")
        self.assertEqual((self.out, self.told, self.way.isFree), ([], [], False))
        self.way.isReading = True
        self.way.carry()
        self.assertEqual((self.out, self.told), ([b"ab"], ["carried"]))

    def test_slow(self) -> None:
        """Bytes take their time, and are all told at the end."""
        self.rate = 100
        self.way.send(b"x" * 50)
        self.clock.pump([0.05] * 5)
        self.assertEqual(len(b"".join(self.out)), 25)
        self.way.send(b"y" * 50)
        self.clock.pump([0.05] * 14)
        self.assertEqual(len(b"".join(self.out)), 95)
        self.assertEqual(self.told, [])
        self.clock.advance(0.06)
        self.assertEqual(b"".join(self.out), b"x" * 50 + b"y" * 50)
        self.assertEqual((self.told, self.clock.getDelayedCalls()), (["carried"], []))

    def test_slower(self) -> None:
        """One byte at a time is the least."""
        self.rate = 0.5
        self.way.send(b"xy")
        self.clock.advance(1.9)
        self.assertEqual(self.out, [])
        self.clock.advance(0.2)
        self.assertEqual(self.out, [b"x"])

    def test_fastAgain(self) -> None:
        """What waits for its time is carried at once when there is no limit any more."""
        self.rate = 1
        self.way.send(b"abc")
        self.rate = None
        self.way.carry()
        self.assertEqual((self.out, self.clock.getDelayedCalls()), ([b"abc"], []))

    def test_heldMeanwhile(self) -> None:
        """What is held when its time has come waits on."""
        self.rate = 100
        self.way.send(b"abc")
        self.way.isHeld = True
        self.clock.advance(1)
        self.assertEqual(self.out, [])
        self.way.isHeld = False
        self.way.carry()
        self.clock.advance(1)
        self.assertEqual(self.out, [b"abc"])

    def test_corrupt(self) -> None:
        """One byte is changed, wherever pieces end."""
        self.way.corruptIn = 3
        for data in (b"ab", b"cde", b"fgh"):
            self.way.send(data)
        self.assertEqual(self.out, [b"ab", b"c\x9be", b"fgh"])

    def test_cut(self) -> None:
        """So many bytes are carried, and nothing after them."""
        self.way.cutIn = 3
        for data in (b"ab", b"cde", b"fgh"):
            self.way.send(data)
        self.assertEqual((self.out, self.told), ([b"ab", b"c"], ["carried", "cut"]))

    def test_cutExactly(self) -> None:
        """The cut comes with the last byte, or in place of the first."""
        self.way.cutIn = 2
        self.way.send(b"ab")
        self.assertEqual((self.out, self.told), ([b"ab"], ["cut"]))
        self.setUp()
        self.way.cutIn = 0
        self.way.send(b"ab")
        self.assertEqual((self.out, self.told), ([], ["cut"]))

    def test_inside(self) -> None:
        """What is sent while bytes are delivered comes after them, and not inside."""
        order: list[object] = []

        def deliver(data: bytes) -> None:
            order.append(data)
            if data == b"a":
                self.way.send(b"b")
                order.append("done")

        self.way._deliver = deliver
        self.way.send(b"a")
        self.assertEqual(order, [b"a", "done", b"b"])

    def test_stop(self) -> None:
        """What waits is forgotten."""
        self.rate = 1
        self.way.send(b"abc")
        self.way.stop()
        self.assertEqual((len(self.way.waiting), self.clock.getDelayedCalls()), (0, []))
