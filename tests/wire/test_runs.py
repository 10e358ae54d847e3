"""Runs of EVENT frames: what joins one, and that it is the bytes that came."""

from __future__ import annotations

from struct import pack

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ProtocolError
from pysig_twisted.wire.frames import FrameReader
from pysig_twisted.wire.messages import MAX_FRAME, MAX_SEQ
from pysig_twisted.wire.runs import (
    EVENT,
    Head,
    Run,
    eventFrame,
    frameEnds,
    framer,
    inPieces,
    makeHead,
    parseHead,
    scan,
)

from .samples import names

TEMPERATURE = makeHead(1, "stove", "temperature", 7)
ALARM = makeHead(1, "stove", "#alarm", 7)

events = st.lists(
    st.tuples(st.integers(1, MAX_SEQ), st.integers(0, 2**64 - 1), st.binary(max_size=20)),
    min_size=1,
    max_size=20,
)


def runsOf(data: bytes, maxFrame: int = MAX_FRAME) -> tuple[list[Run], str]:
    """The runs of a stream of EVENT frames, and what the error that ended it says."""
    found: list[Run] = []
    try:
        for item in FrameReader(maxFrame).feed(data):
            assert isinstance(item, Run)
            found.append(item)
    except ProtocolError as error:
        return found, str(error)
    return found, ""


def numbered(head: bytes, *seqs: int, data: bytes = b"{}") -> bytes:
    """Frames with these numbers."""
    return b"".join(eventFrame(head, seq, 0, data) for seq in seqs)


class HeadTests(SynchronousTestCase):
    """The part that all frames of one signal share."""

    @given(st.integers(0, 255), names, names, st.integers(0, 2**64 - 1))
    def test_bothWays(self, codec: int, sender: str, event: str, sid: int) -> None:
        """A head says what it was made of."""
        if event not in ("#connect", "#disconnect"):
            head = makeHead(codec, sender, event, sid)
            self.assertEqual(parseHead(head), Head(codec, sender, event, sid))

    def test_layout(self) -> None:
        """Kind, codec, the subject's size, the subject, the life's number."""
        self.assertEqual(makeHead(2, "s", "e", 3), b"\x20\2\0\3s\0e" + pack(">Q", 3))
        self.assertEqual(makeHead(0, "s", "e", 0)[0], EVENT)

    def assertRefused(self, subject: bytes, says: str) -> None:
        """A head with this subject is refused, with these words."""
        head = pack(">BBH", EVENT, 1, len(subject)) + subject + bytes(8)
        error = self.assertRaises(ProtocolError, parseHead, head)
        self.assertIn(says, str(error))

    def test_noSeparator(self) -> None:
        """A subject is a sender and an event."""
        self.assertRefused(b"stove", "zero byte")
        self.assertRefused(b"", "zero byte")

    def test_badNames(self) -> None:
        """Both are names: not empty, not too long, UTF-8, no control characters, no C{*}."""
        for bad, says in (
            (b"", "empty"),
            (b"x" * 256, "255 is the limit"),
            (b"\xff", "UTF-8"),
            (b"\xed\xa0\x80", "UTF-8"),
            (b"a\nb", "control character"),
            (b"a*", "contains *"),
        ):
            self.assertRefused(bad + b"\0e", says)
            self.assertRefused(b"s\0" + bad, says)
        self.assertRefused(b"s\0e\0", "control character")

    def test_longestNames(self) -> None:
        """Names of 255 bytes are taken."""
        parsed = parseHead(makeHead(1, "s" * 255, "e" * 255, 1))
        self.assertEqual((len(parsed.sender), len(parsed.event)), (255, 255))

    def test_presence(self) -> None:
        """C{#connect} and C{#disconnect} do not come as EVENT."""
        for event in (b"#connect", b"#disconnect"):
            self.assertRefused(b"s\0" + event, "only routers fire " + event.decode())


class FrameTests(SynchronousTestCase):
    """One EVENT frame."""

    def test_layout(self) -> None:
        """Length, head, number, time, data."""
        frame = eventFrame(TEMPERATURE, 5, 6, b"data")
        body = TEMPERATURE + pack(">QQ", 5, 6) + b"data"
        self.assertEqual(frame, pack(">I", len(body)) + body)

    @given(names, st.integers(1, MAX_SEQ), st.integers(0, 2**64 - 1), st.binary(max_size=99))
    def test_framer(self, sender: str, seq: int, time: int, data: bytes) -> None:
        """Frames that are made for one head are those that are made for any."""
        head = makeHead(1, sender, "e", 7)
        self.assertEqual(framer(head)(seq, time, data), eventFrame(head, seq, time, data))

    def test_repr(self) -> None:
        """A run shows its numbers."""
        self.assertIn("5..5 (1)", repr(runsOf(numbered(TEMPERATURE, 5))[0][0]))


class RunTests(SynchronousTestCase):
    """What joins a run."""

    def test_joined(self) -> None:
        """Frames of one signal with rising numbers are one run, as they came."""
        data = numbered(TEMPERATURE, 1, 2, 3) + numbered(TEMPERATURE, 9, data=b"longer")
        [run], error = runsOf(data)
        self.assertEqual(error, "")
        self.assertEqual((run.head, run.frames), (TEMPERATURE, data))
        self.assertEqual((run.count, run.first, run.last), (4, 1, 9))
        self.assertEqual(run.longest, len(numbered(TEMPERATURE, 9, data=b"longer")) - 4)

    def test_longestAnywhere(self) -> None:
        """The longest frame is noted wherever in the run it stands."""
        for place in range(3):
            data = b"".join(
                eventFrame(TEMPERATURE, seq + 1, 0, bytes(50 if seq == place else 1))
                for seq in range(3)
            )
            [run], _ = runsOf(data)
            self.assertEqual(run.longest, len(TEMPERATURE) + 16 + 50)

    def test_interleaved(self) -> None:
        """Another subject, codec or life begins another run; nothing is reordered."""
        others = [
            ALARM,
            makeHead(2, "stove", "temperature", 7),
            makeHead(1, "stove", "temperature", 8),
        ]
        for other in others:
            data = numbered(TEMPERATURE, 1, 2) + numbered(other, 3) + numbered(TEMPERATURE, 4, 5)
            runs, error = runsOf(data)
            self.assertEqual(error, "")
            self.assertEqual([run.head for run in runs], [TEMPERATURE, other, TEMPERATURE])
            self.assertEqual(b"".join(run.frames for run in runs), data)

    def test_otherKind(self) -> None:
        """A frame of another kind ends a run."""
        ping = b"\0\0\0\5\4\0\0\0\1"
        data = numbered(TEMPERATURE, 1) + ping + numbered(TEMPERATURE, 2)
        found = list(FrameReader(MAX_FRAME).feed(data))
        self.assertEqual([type(item) for item in found], [Run, tuple, Run])

    def test_notRising(self) -> None:
        """A number that does not rise begins another run, which whoever numbers can drop."""
        runs, error = runsOf(numbered(TEMPERATURE, 1, 2, 2, 3, 1))
        self.assertEqual(error, "")
        self.assertEqual(
            [(run.first, run.last, run.count) for run in runs], [(1, 2, 2), (2, 3, 2), (1, 1, 1)]
        )

    def test_onlyWholeFrames(self) -> None:
        """A frame of which a byte is missing waits outside of the run."""
        data = numbered(TEMPERATURE, 1, 2, 3)
        for missing in range(1, len(data) // 3):
            reader = FrameReader(MAX_FRAME)
            [run] = reader.feed(data[:-missing])
            assert isinstance(run, Run)
            self.assertEqual((run.count, run.frames), (2, data[: len(data) // 3 * 2]))
            [rest] = reader.feed(data[-missing:])
            assert isinstance(rest, Run)
            self.assertEqual((rest.first, rest.count), (3, 1))

    @given(st.lists(st.tuples(st.sampled_from([TEMPERATURE, ALARM]), events), max_size=5))
    def test_sameBytes(self, parts: list[tuple[bytes, list[tuple[int, int, bytes]]]]) -> None:
        """What goes in comes out: the bytes, and what each event says, in order."""
        told = [(head, *event) for head, some in parts for event in some]
        data = b"".join(eventFrame(*event) for event in told)
        runs, error = runsOf(data)
        self.assertEqual(error, "")
        self.assertEqual(b"".join(run.frames for run in runs), data)
        self.assertEqual([(run.head, *event) for run in runs for event in run.events()], told)
        for run in runs:
            self.checkParts(run)

    def checkParts(self, run: Run) -> None:
        """C{split} and C{events} tell of the same frames as the run."""
        singles = list(run.split())
        self.assertEqual(b"".join(one.frames for one in singles), run.frames)
        self.assertEqual([next(one.events()) for one in singles], list(run.events()))
        self.assertEqual({one.head for one in singles}, {run.head})
        self.assertEqual(len(singles), run.count)
        self.assertEqual({one.count for one in singles}, {1})
        self.assertEqual(max(one.longest for one in singles), run.longest)
        self.assertEqual((singles[0].first, singles[-1].last), (run.first, run.last))
        seqs = [one.first for one in singles]
        self.assertEqual(seqs, sorted(set(seqs)))


class PieceTests(SynchronousTestCase):
    """L{frameEnds} and L{inPieces}."""

    @given(st.lists(st.integers(0, 40), max_size=20), st.integers(1, 120))
    def test_pieces(self, sizes: list[int], size: int) -> None:
        """Pieces are as long as they may be, and hold whole frames, all of them, in order."""
        frames = [pack(">I", length) + bytes(length) for length in sizes]
        data = b"".join(frames)
        ends = list(frameEnds(data))
        self.assertEqual(ends, [len(b"".join(frames[: n + 1])) for n in range(len(frames))])
        pieces = inPieces(data, size)
        self.assertEqual(b"".join(pieces), data)
        for number, piece in enumerate(pieces):
            inside = list(frameEnds(piece))
            self.assertEqual(inside[-1], len(piece))
            self.assertTrue(len(piece) <= size or len(inside) == 1)
            if number:
                first = next(frameEnds(piece))
                self.assertGreater(len(pieces[number - 1]) + first, size)


class PoisonTests(SynchronousTestCase):
    """
    A malformed frame behind good ones never gets among them: it would be passed on to every
    listener, each of whom would end its own connection because of it.
    """

    def assertBroken(self, before: bytes, bad: bytes, says: str, maxFrame: int = MAX_FRAME) -> None:
        """What comes before is given; the bad frame is an error, whatever comes after it."""
        expected, error = runsOf(before)
        self.assertEqual(error, "")
        for after in (b"", before, bytes(100)):
            runs, error = runsOf(before + bad + after, maxFrame)
            self.assertIn(says, error)
            self.assertEqual(
                [run.frames for run in runs], [run.frames for run in expected], bad.hex()
            )

    def test_belowTheFloor(self) -> None:
        """
        A frame whose length is too small for what an EVENT holds, though the bytes behind it
        complete the head.
        """
        good = numbered(TEMPERATURE, 1, 2)
        body = TEMPERATURE + pack(">QQ", 3, 0)
        for length in range(1, len(body)):
            self.assertBroken(good, pack(">I", length) + body, "too short")
        self.assertBroken(good, pack(">I", 0) + body, "length 0")

    def test_atTheFloor(self) -> None:
        """A frame without data is just long enough."""
        [run], error = runsOf(numbered(TEMPERATURE, 1, 2, data=b""))
        self.assertEqual((error, run.count), ("", 2))

    def test_aboveTheLimit(self) -> None:
        """A frame longer than may be, behind good ones."""
        limit = len(TEMPERATURE) + 16 + 10
        self.assertBroken(
            numbered(TEMPERATURE, 1, 2, data=bytes(10)),
            numbered(TEMPERATURE, 3, data=bytes(11)),
            f"{limit} is the limit",
            limit,
        )

    def test_badNumbers(self) -> None:
        """A number outside 1 to 2**53-1, first or in the middle."""
        for seq in (0, MAX_SEQ + 1, 1 << 60, (1 << 64) - 1):
            bad = numbered(TEMPERATURE, seq)
            self.assertBroken(b"", bad, f"number is {seq}, which is outside 1 to 2**53-1")
            self.assertBroken(numbered(TEMPERATURE, 1, 2), bad, "outside 1 to 2**53-1")

    def test_greatestNumber(self) -> None:
        """Both ends of the range are numbers."""
        [run], error = runsOf(numbered(TEMPERATURE, 1, MAX_SEQ))
        self.assertEqual((error, run.first, run.last), ("", 1, MAX_SEQ))

    def test_tooShortAtAll(self) -> None:
        """A frame without room for codec and size."""
        for rest in (b"", b"\1", b"\1\0"):
            self.assertBroken(b"", pack(">IB", 1 + len(rest), EVENT) + rest, "too short")

    def test_subjectBeyondTheFrame(self) -> None:
        """A subject whose size goes beyond its frame."""
        bad = pack(">IBBH", 4 + 40, EVENT, 1, 0xFFFF) + bytes(40)
        self.assertBroken(b"", bad, "too short for its subject")


class ScanTests(SynchronousTestCase):
    """Where a run ends."""

    def test_place(self) -> None:
        """What stands before the run, and behind it, is not part of it."""
        data = b"before" + numbered(TEMPERATURE, 1, 2) + numbered(ALARM, 3)
        self.assertEqual(scan(data, 6, MAX_FRAME).frames, numbered(TEMPERATURE, 1, 2))

    def test_end(self) -> None:
        """Whatever does not belong to the run ends it, and is not looked at closely."""
        good = numbered(TEMPERATURE, 1, 2, 4)
        other = makeHead(1, "stove", "temporature", 7)
        assert len(other) == len(TEMPERATURE)
        for rest in (
            b"",
            numbered(ALARM, 5),
            numbered(other, 5),
            b"\0" + TEMPERATURE[:3],
            numbered(TEMPERATURE, 5)[:-1],
            numbered(TEMPERATURE, 4),
            numbered(TEMPERATURE, MAX_SEQ + 1),
            numbered(TEMPERATURE, 5, data=b"x" * 200),
            pack(">I", len(other) + 16) + b"\x21" + other[1:] + bytes(16),
            pack(">I", len(TEMPERATURE)) + TEMPERATURE,
        ):
            run = scan(good + rest, 0, 150)
            self.assertEqual((run.frames, run.count, run.first, run.last), (good, 3, 1, 4), rest)

    @given(
        st.lists(
            st.tuples(st.integers(0, 4), st.integers(1, 9), st.binary(max_size=60)),
            min_size=1,
            max_size=40,
        )
    )
    def test_anyTurns(self, fired: list[tuple[int, int, bytes]]) -> None:
        """However heads and numbers follow each other, all frames come out as they came in."""
        heads = (
            TEMPERATURE,
            ALARM,
            makeHead(1, "stove", "temporature", 7),
            makeHead(0, "a", "b", 1),
        )
        heads = (*heads, makeHead(2, "stove", "#alarm", 7))
        frames = [eventFrame(heads[head], seq, 0, data) for head, seq, data in fired]
        found, error = runsOf(b"".join(frames))
        self.assertEqual(error, "")
        self.assertEqual([one.frames for run in found for one in run.split()], frames)
        for run in found:
            seqs = [seq for seq, _, _ in run.events()]
            self.assertEqual((seqs[0], seqs[-1], len(seqs)), (run.first, run.last, run.count))
            self.assertEqual(seqs, sorted(set(seqs)))
            self.assertEqual(run.longest, max(len(one.frames) - 4 for one in run.split()))
            self.assertTrue(all(one.frames[4:].startswith(run.head) for one in run.split()))
