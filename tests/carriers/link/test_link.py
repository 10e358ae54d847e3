"""The link: a stream over a line that loses and damages bytes."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.link.frames import Frame, written
from pysig_twisted.carriers.link.hello import NOBODY, Hello, helloFrame
from pysig_twisted.carriers.link.link import Link
from pysig_twisted.carriers.link.linkuser import Ended

from .line import Line, User


class AnythingTests(SynchronousTestCase):
    """Whatever the line does."""

    @settings(max_examples=150, deadline=None)
    @given(
        st.sampled_from([9600, 19200, 115200, 921600]),
        st.sampled_from([0.0, 0.001, 0.01, 0.03]),
        st.sampled_from([0.0, 0.001, 0.02]),
        st.sampled_from([0.0, 0.016, 0.3]),
        st.booleans(),
        st.lists(
            st.tuples(
                st.sampled_from(
                    ["write", "write", "wait", "cut", "mend", "restart", "end", "noise"]
                ),
                st.integers(0, 1),
                st.integers(1, 3000),
            ),
            max_size=25,
        ),
        st.integers(0, 2**32),
    )
    def test_whole(
        self,
        baud: int,
        damage: float,
        loss: float,
        latency: float,
        isDeflating: bool,
        steps: list[tuple[str, int, int]],
        seed: int,
    ) -> None:
        """What arrives is the beginning of what was written; all of it, or an end is told."""
        line = Line(
            baud, damage=damage, loss=loss, latency=latency, seed=seed, isDeflating=isDeflating
        )
        line.open()
        line.run(2)
        for what, at, size in steps:
            if what == "write":
                line.write(at, line.chance.randbytes(size))
            elif what == "wait":
                line.run(size / 1000)
            elif what == "restart":
                line.restart(at)
            elif what == "end":
                line.end(at)
            elif what == "noise":
                line.links[at].receive(line.chance.randbytes(size % 300), line.now)
            else:
                line.isCut = what == "cut"
        line.isCut = False
        line.damage = line.loss = 0.0
        line.run(30 + sum(4 * link.unsent * line.perByte for link in line.links))
        line.check(self)
        for at in (0, 1):
            self.assertIsNotNone(line.links[at].session)
            self.assertEqual(line.links[at].unsent, 0)


class LinkCase(SynchronousTestCase):
    """A line with a session."""

    baud = 9600

    def setUp(self) -> None:
        """Open both ends."""
        self.line = Line(self.baud, isDeflating=False)
        self.line.open()
        self.line.run(1)
        self.here, self.there = self.line.users
        self.assertTrue(self.here.number)
        self.assertEqual(self.here.number, self.there.number)

    def ends(self) -> list[Ended | None]:
        """Why the first session has ended, at both ends."""
        number = next(iter(self.here.heard))
        return [user.ends.get(number) for user in (self.here, self.there)]


class SessionTests(LinkCase):
    """Sessions begin and end."""

    def test_quiet(self) -> None:
        """One that nobody uses stays, with a frame a second at most."""
        before = self.line.links[0].counts.framesOut
        self.line.run(60)
        self.assertEqual(self.ends(), [None, None])
        self.assertLessEqual(self.line.links[0].counts.framesOut - before, 61)

    def test_dead(self) -> None:
        """An end that is not heard is given up after 3 seconds, and may come back."""
        self.line.isCut = True
        self.line.run(1.9)
        self.assertEqual(self.ends(), [None, None])
        self.line.run(1.3)
        self.assertEqual(self.ends(), [Ended.DEAD, Ended.DEAD])
        self.line.isCut = False
        self.line.run(1)
        self.assertEqual(len(self.here.heard), 2)

    def test_cut(self) -> None:
        """Silence of a second ends nothing, and what was sent meanwhile comes soon after."""
        self.line.isCut = True
        self.line.write(0, bytes(200))
        self.line.run(1)
        self.line.isCut = False
        self.line.run(1)
        self.assertEqual(self.there.heard[self.there.number], bytes(200))

    def test_restarted(self) -> None:
        """An end that starts anew ends the session, and begins another within a second."""
        self.line.write(0, bytes(3000))
        self.line.run(0.5)
        self.line.restart(1)
        self.line.run(1)
        self.assertEqual(self.ends()[0], Ended.RESTARTED)
        again = self.line.users[1]
        self.assertEqual(again.number, self.here.number)
        self.assertEqual(again.heard[again.number], b"")

    def test_end(self) -> None:
        """Who ends it has all arrive before."""
        self.line.write(0, bytes(500))
        number = self.here.number
        self.line.end(0)
        self.line.run(2)
        self.assertEqual(self.ends(), [Ended.CLOSED, Ended.CLOSED])
        self.assertEqual(self.there.heard[number], bytes(500))

    def test_endLost(self) -> None:
        """An end whose acknowledgement is lost is a proper end all the same."""
        self.line.end(0)
        self.line.isCut = True
        self.line.run(4)
        self.assertEqual(self.ends()[0], Ended.CLOSED)

    def test_abort(self) -> None:
        """Who gives up is done at once, and the other end is told."""
        self.line.links[0].abort(self.line.now)
        self.assertEqual(self.ends(), [Ended.ABORTED, None])
        self.line.run(0.1)
        self.assertEqual(self.ends(), [Ended.ABORTED, Ended.RESET])

    def test_echo(self) -> None:
        """Who hears only itself has no session, and is told."""
        alone = Line()
        link, user = alone.links[0], alone.users[0]
        sent: list[bytes] = []
        alone.carry = lambda at, data: sent.append(data)  # type: ignore[method-assign]
        link.open(alone.now)
        for data in sent:
            link.receive(data, alone.now)
        self.assertEqual((user.echoes, user.heard), (len(sent), {}))

    def test_ownBytes(self) -> None:
        """What comes back of its own amid a session is nobody's; the end is told."""
        heard = bytes(self.here.heard[self.here.number])
        number = self.here.number
        link, line = self.line.links[0], self.line
        sent: list[bytes] = []
        line.carry = lambda at, data: sent.append(data)  # type: ignore[method-assign]
        line.write(0, b"my own bytes")
        for _ in range(100):
            line.run(0.05)
            echoes, sent[:] = sent[:], []
            for data in echoes:
                link.receive(data, line.now)
        self.assertEqual(bytes(self.here.heard[number]), heard)
        self.assertIn(self.here.ends[number], (Ended.DEAD, Ended.RESTARTED))

    def test_unknownKinds(self) -> None:
        """Frames of later versions mean nothing, nor what they acknowledge."""
        self.line.isCut = True
        self.line.write(0, b"hello")
        self.line.run(0.2)
        link = self.line.links[0]
        seed = link._greeting.theirSeed
        assert seed is not None
        link.receive(written(Frame(9, 0, 1, b""), seed), self.line.now)
        self.line.isCut = False
        self.line.run(1)
        self.assertEqual(self.there.heard[self.there.number], b"hello")

    def test_retired(self) -> None:
        """Who has its one session behind it answers nobody who starts anew."""
        link = self.line.links[0]
        link.retire()
        self.line.restart(1)
        self.line.run(5)
        self.assertEqual(self.ends()[0], Ended.RESTARTED)
        self.assertEqual(self.line.users[1].heard, {})

    def test_strangers(self) -> None:
        """Foreign text and frames of nobody end nothing."""
        for text in (b"AT\r\n", b"login: ", bytes(300), b"\0\1\0\2\xff\0" * 20):
            self.line.links[0].receive(text, self.line.now)
            self.line.run(0.2)
        self.line.write(1, b"hello")
        self.line.run(1)
        self.assertEqual(self.here.heard[self.here.number], b"hello")
        self.assertEqual(self.ends(), [None, None])

    def test_hellos(self) -> None:
        """Who says hello again and again, while the line takes nothing, does not make us hoard."""
        isBlocked = True
        sent: list[bytes] = []
        link = Link(User(), sent.append, isBlocked=lambda: isBlocked)
        link.open(1.0)
        for number in range(1, 1000):
            epoch = number.to_bytes(4, "big")
            link.receive(helloFrame(Hello(1, 0, epoch, NOBODY, 8)), 1.0)
        isBlocked = False
        link.expire(1.1)
        self.assertEqual(len(sent), 1)


class OrderTests(LinkCase):
    """What goes first, and how much at a time."""

    def test_pace(self) -> None:
        """The line is given hardly more than it is carrying, so that urgent frames do not wait."""
        self.line.write(0, bytes(6000))
        latest = 0.0
        for _ in range(100):
            self.line.run(0.01)
            latest = max(latest, self.line.free[0] - self.line.now)
        self.assertLess(latest, 0.1)
        begin = self.line.now
        self.line.links[0].abort(self.line.now)
        self.line.run(0.25)
        self.assertEqual(self.ends()[1], Ended.RESET)
        self.assertGreater(begin, 0)

    def test_window(self) -> None:
        """No more than eight frames are on their way."""
        self.line.isCut = True
        before = self.line.links[0].counts.streamOut
        self.line.write(0, bytes(6000))
        self.line.run(2)
        self.assertEqual(self.line.links[0].counts.streamOut - before, 8 * 64)

    def test_bothWays(self) -> None:
        """Both ways at once, after they have chatted, each direction carries as much as alone."""
        for baud, latency in ((9600, 0.0), (115200, 0.016), (115200, 0.05)):
            line = Line(baud, latency=latency, isDeflating=False, seed=1)
            line.open()
            line.run(1)
            for _ in range(20):
                for at in (0, 1):
                    line.write(at, b"x")
                    line.run(0.1)
            for at in (0, 1):
                line.write(at, line.chance.randbytes(baud * 2))
            line.run(10)
            for user in line.users:
                share = len(user.heard[user.number]) * line.perByte / 10
                self.assertGreater(share, 0.8, (baud, latency))

    def test_damageBothWays(self) -> None:
        """A line that hears nothing but damage is not filled with complaints of it."""
        line = Line(secondsPerByte=0.0, isDeflating=False)
        line.open()
        line.run(1)
        line.damage = 0.5
        before = line.links[0].counts.framesOut
        line.links[0].receive(b"\0junk\0", line.now)
        line.run(1)
        self.assertLess(line.links[0].counts.framesOut - before, 100)

    def test_goodput(self) -> None:
        """On a clean line 0.8 of it is used, at 1 % damage 0.15."""
        for damage, least in ((0.0, 0.8), (0.001, 0.7), (0.01, 0.15)):
            line = Line(9600, damage=damage, isDeflating=False, seed=1)
            line.open()
            line.run(1)
            line.write(0, line.chance.randbytes(40_000))
            line.run(30)
            user = line.users[1]
            self.assertGreater(len(user.heard[user.number]) * line.perByte / 30, least)
