"""What of that which a device says is the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pysig_twisted.bridge.parsers import HexParser, JsonParser, RegexParser, TextParser
from pysig_twisted.bridge.replies import Answer, IReply, Taken
from pysig_twisted.bridge.replykinds import (
    MOST_BYTES,
    MOST_FRAMES,
    BytesReply,
    GatherReply,
    LineReply,
    LinesReply,
    MatchReply,
    NoReply,
    UntilReply,
)

TEXT = TextParser().parse
JSON = JsonParser().parse
ERR = re.compile("^ERR")
OK = re.compile("^OK")

MAKERS: tuple[Callable[[], Any], ...] = (
    NoReply,
    lambda: LineReply(TEXT, ERR),
    lambda: LineReply(JSON, what="json"),
    lambda: LinesReply(3, TEXT, ERR),
    lambda: LinesReply(MOST_FRAMES, TEXT),
    lambda: LinesReply(2, JSON, ERR, what="json"),
    lambda: MatchReply(OK, TEXT, ERR),
    lambda: UntilReply(OK, TEXT, ERR),
    lambda: UntilReply(OK, JSON, what="json"),
    lambda: BytesReply(4, HexParser().parse, ERR),
    GatherReply,
)
frames = st.one_of(
    st.sampled_from([b"OK", b"ERR 5", b"{}", b"null", b"T=1", b"x" * 30000, b"OK" + b"x" * 70000]),
    st.binary(max_size=20),
)


def take(reply: Any, *texts: str, events: str = "^!") -> Any:
    """What a reply makes of the last of some frames; those before do not complete it."""
    for number, text in enumerate(texts):
        taken = reply.take(
            text.encode(), text, lambda text=text: re.search(events, text) is not None
        )
        if number < len(texts) - 1:
            assert isinstance(taken, Taken), taken
    return taken


class EveryTests(SynchronousTestCase):
    """What all have in common."""

    def test_interface(self) -> None:
        """They are what they claim to be."""
        for make in MAKERS:
            verifyObject(IReply, make())

    def test_attributes(self) -> None:
        """Which are bytes, which are none."""
        self.assertEqual([make().size for make in MAKERS], [0] * 9 + [4, 0])
        self.assertEqual([make().isNone for make in MAKERS], [True] + [False] * 10)

    def test_gathered(self) -> None:
        """Only one has an answer when nothing more is awaited."""
        gathered = [make().gathered() for make in MAKERS]
        self.assertEqual(gathered, [None] * 10 + [Answer([])])

    def test_error(self) -> None:
        """What the device says is wrong is the answer of each that looks for it, at once."""
        for make in MAKERS:
            reply = make()
            taken = reply.take(b"ERR 5 OK", "ERR 5 OK", lambda: True)
            looks = getattr(reply, "_error", None) is not None
            self.assertEqual(taken == Answer(error="ERR 5 OK"), looks)

    def test_limits(self) -> None:
        """There cannot be more than what is allowed, or nothing."""
        for count in (0, MOST_FRAMES + 1):
            self.assertRaises(ValueError, LinesReply, count, TEXT)
        for size in (0, MOST_BYTES + 1):
            error = self.assertRaises(ValueError, BytesReply, size, TEXT)
            self.assertEqual(str(error), f"bytes is {size}; give 1 to {MOST_BYTES}")

    @given(st.sampled_from(MAKERS), st.lists(st.tuples(frames, st.booleans()), max_size=40))
    def test_any(self, make: Callable[[], Any], said: list[tuple[bytes, bool]]) -> None:
        """Whatever comes, none raises, and none takes more than is allowed."""
        reply = make()
        size = 0
        for frame, isEvent in said:
            taken = reply.take(frame, frame.decode("latin-1"), lambda isEvent=isEvent: isEvent)
            if isinstance(taken, Answer):
                self.assertTrue(taken.data is None or taken.error is None)
                self.assertTrue(taken.error is not None or not taken.isTooLong)
                break
            size += len(frame) if taken is Taken.MORE else 0
            self.assertTrue(size <= MOST_BYTES)


class LineTests(SynchronousTestCase):
    """One frame, and so many."""

    def test_none(self) -> None:
        """Nothing is an answer to what has none."""
        self.assertEqual(take(NoReply(), "a"), Taken.NO)

    def test_line(self) -> None:
        """The first that is no event."""
        self.assertEqual(take(LineReply(TEXT), "!T=1", "a"), Answer("a"))
        self.assertEqual(take(LineReply(TEXT), "!T=1"), Taken.NO)
        self.assertEqual(take(LineReply(JSON), '{"a": 1}'), Answer({"a": 1}))

    def test_unread(self) -> None:
        """One that is not of its kind is shown, as far as that is short."""
        taken = take(LineReply(JSON, what="json"), "a\n")
        self.assertEqual(
            taken, Answer(error="the frame could not be read as json: 'a\\n'", isUnreadable=True)
        )
        taken = take(LineReply(JSON, what="json"), "a" * 900)
        self.assertTrue(len(taken.error) < 120 and taken.error.endswith("..."))

    def test_lines(self) -> None:
        """So many, without the events between them."""
        reply = LinesReply(2, JSON)
        self.assertEqual(take(reply, "1"), Taken.MORE)
        self.assertEqual(take(reply, "!T"), Taken.NO)
        self.assertEqual(take(reply, "2"), Answer([1, 2]))
        self.assertEqual(take(LinesReply(1, TEXT), "a"), Answer(["a"]))

    def test_linesUnread(self) -> None:
        """One that cannot be read ends the answer only where its last frame is."""
        reply = LinesReply(3, JSON, what="json")
        self.assertEqual([take(reply, "a"), take(reply, "b")], [Taken.MORE] * 2)
        self.assertEqual(take(reply, "1").error, "the frame could not be read as json: 'a'")

    def test_linesError(self) -> None:
        """An error of the device ends it."""
        self.assertEqual(take(LinesReply(3, TEXT, ERR), "a", "ERR 2"), Answer(error="ERR 2"))


class ExpressionTests(SynchronousTestCase):
    """What is found by its content."""

    def test_match(self) -> None:
        """What matches, though a rule takes it too; others stay what they are."""
        reply = MatchReply(re.compile("T=1"), TEXT)
        self.assertEqual(take(reply, "boot", "!a", "!T=1"), Answer("!T=1"))

    def test_groups(self) -> None:
        """The groups are the data; one that has the wrong type is an error."""
        expression = re.compile(r"^V=(?P<v>\S+)")
        parse = RegexParser(expression, {"v": int}).parse
        self.assertEqual(take(MatchReply(expression, parse), "V=5"), Answer({"v": 5}))
        taken = take(MatchReply(expression, parse, what="regex"), "V=x")
        self.assertEqual(taken.error, "the frame could not be read as regex: 'V=x'")

    def test_cost(self) -> None:
        """The rules are asked only where that matters."""
        asked: list[str] = []

        def isEvent() -> bool:
            asked.append("")
            return False

        MatchReply(OK, TEXT).take(b"OK", "OK", isEvent)
        MatchReply(OK, TEXT).take(b"a", "a", isEvent)
        UntilReply(OK, TEXT).take(b"OK", "OK", isEvent)
        LineReply(TEXT, ERR).take(b"ERR", "ERR", isEvent)
        NoReply().take(b"a", "a", isEvent)
        self.assertEqual(asked, [])
        UntilReply(OK, TEXT).take(b"a", "a", isEvent)
        self.assertEqual(len(asked), 1)

    def test_until(self) -> None:
        """All up to the last, without events; the last though it is one."""
        reply = UntilReply(re.compile("OK"), TEXT)
        self.assertEqual([take(reply, "a"), take(reply, "!b")], [Taken.MORE, Taken.NO])
        self.assertEqual(take(reply, "c", "!OK"), Answer({"lines": ["a", "c"], "last": "!OK"}))
        self.assertEqual(take(UntilReply(OK, TEXT), "OK"), Answer({"lines": [], "last": "OK"}))

    def test_untilUnread(self) -> None:
        """Only the last one is read."""
        taken = take(UntilReply(OK, JSON, what="json"), "a", "OK")
        self.assertEqual(taken.error, "the frame could not be read as json: 'OK'")

    def test_untilError(self) -> None:
        """An error of the device goes before the end that it matches, too."""
        reply = UntilReply(re.compile("^OK|^ERR"), TEXT, ERR)
        self.assertEqual(take(reply, "a", "ERR 5"), Answer(error="ERR 5"))


class OtherTests(SynchronousTestCase):
    """Bytes, and all there is."""

    def test_bytes(self) -> None:
        """All of them at once, whatever rules say."""
        reply = BytesReply(2, HexParser().parse)
        self.assertEqual(reply.take(b"\1\xff", "?", lambda: True), Answer("01ff"))

    def test_among(self) -> None:
        """One of the frames up to the last one, also where that is an event."""
        among = re.compile(r"^!?V=(?P<v>\d+)")
        for texts in (("x", "V=7", "V=8", "OK"), ("!V=7", "OK")):
            reply = UntilReply(OK, RegexParser(among).parse, ERR, what="regex", among=among)
            self.assertEqual(take(reply, *texts), Answer({"v": 7}))
        answer = take(UntilReply(OK, TEXT, among=among), "x", "OK")
        self.assertEqual(answer.error, "no line of the answer is what match finds: OK")

    def test_gather(self) -> None:
        """All texts until somebody has enough; events are among them, and stay events."""
        reply = GatherReply()
        self.assertEqual(take(reply, "a", "!b"), Taken.NO)
        self.assertEqual(reply.gathered(), Answer(["a", "!b"]))


class LimitTests(SynchronousTestCase):
    """Answers that do not end."""

    def endless(self) -> list[Any]:
        """The replies that go on."""
        return [UntilReply(OK, TEXT), LinesReply(MOST_FRAMES, TEXT), GatherReply()]

    def test_frames(self) -> None:
        """So many frames, and one more is too much."""
        for reply in (UntilReply(OK, TEXT), GatherReply()):
            take(reply, *["a"] * MOST_FRAMES)
            taken = take(reply, "a")
            self.assertTrue(taken.isTooLong)
            self.assertIn(f"more than {MOST_FRAMES} frames or {MOST_BYTES} bytes", taken.error)

    def test_last(self) -> None:
        """As many as there may be are an answer; events are not counted."""
        reply = UntilReply(OK, TEXT)
        take(reply, *["a"] * (MOST_FRAMES - 1), *["!"] * 5)
        self.assertEqual(len(take(reply, "OK").data["lines"]), MOST_FRAMES - 1)
        self.assertEqual(len(take(self.endless()[1], *["a"] * MOST_FRAMES).data), MOST_FRAMES)

    def test_bytes(self) -> None:
        """So many bytes, and one more is too much, in the last frame, too."""
        half = "a" * (MOST_BYTES // 2)
        for reply in self.endless():
            self.assertEqual(take(reply, half, half), Taken.MORE)
            self.assertTrue(take(reply, "OK").isTooLong)

    def test_single(self) -> None:
        """That holds for one frame, too."""
        for reply in (LineReply(TEXT), MatchReply(OK, TEXT)):
            self.assertTrue(take(reply, "OK" + "a" * MOST_BYTES).isTooLong)
        self.assertFalse(take(LineReply(TEXT), "a" * MOST_BYTES).isTooLong)
