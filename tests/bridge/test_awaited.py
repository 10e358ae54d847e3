"""A command that was sent, and what has come of its answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.awaited import Awaited, Said
from pysig_twisted.bridge.command import Command
from pysig_twisted.bridge.parsers import HexParser, TextParser
from pysig_twisted.bridge.replies import Answer, Taken
from pysig_twisted.bridge.replykinds import (
    BytesReply,
    GatherReply,
    LineReply,
    MatchReply,
    NoReply,
    UntilReply,
)
from pysig_twisted.bridge.waiting import Asked

TEXT = TextParser().parse
LINE = partial(LineReply, TEXT)
FOUR = partial(BytesReply, 4, HexParser().parse)


def awaited(
    reply: Callable[[], Any],
    *,
    echo: Sequence[bytes] = (b"A",),
    data: bytes = b"A\n",
    on: bool = False,
) -> Awaited:
    """A command that was sent to a device; C{on} where that echoes."""
    command = Command("ask", data, reply, echo=echo)
    return Awaited(Asked(command, 10.0, Deferred()), on, lambda frame: frame.decode("latin-1"))


def take(awaited: Awaited, text: str) -> Any:
    """What it makes of a frame; events begin with C{!}."""
    return awaited.take(text.encode(), lambda: text.startswith("!"))


class FrameTests(SynchronousTestCase):
    """Frames."""

    def test_kinds(self) -> None:
        """It tells of what kind the answer is."""
        for reply, isNone, isKnown, isRaw in (
            (NoReply, True, False, False),
            (LINE, False, False, False),
            (partial(MatchReply, re.compile("x"), TEXT), False, True, False),
            (FOUR, False, False, True),
        ):
            made = awaited(reply)
            self.assertEqual((made.isNone, made.isKnown, made.isRaw), (isNone, isKnown, isRaw))

    def test_answer(self) -> None:
        """The frame that completes the answer comes with its text, events do not."""
        made = awaited(LINE)
        self.assertIs(take(made, "!T=1"), Taken.NO)
        self.assertEqual(take(made, "yes"), Said(Answer("yes"), "yes"))

    def test_more(self) -> None:
        """Frames before the last are a part; the text is that of the last."""
        made = awaited(partial(UntilReply, re.compile("^OK"), TEXT))
        self.assertIs(take(made, "a"), Taken.MORE)
        self.assertEqual(take(made, "OK"), Said(Answer({"lines": ["a"], "last": "OK"}), "OK"))

    def test_gathered(self) -> None:
        """What has come is the answer only where nothing else ends it."""
        self.assertIsNone(awaited(LINE).gathered)
        made = awaited(GatherReply)
        self.assertEqual((take(made, "a"), take(made, "!b")), (Taken.MORE, Taken.NO))
        self.assertEqual(made.gathered, Answer(["a", "!b"]))

    def test_again(self) -> None:
        """Each time that a command is sent, its answer begins anew."""
        command = Command("ask", b"A\n", partial(UntilReply, re.compile("^OK"), TEXT))
        asked = Asked(command, 10.0, Deferred())
        first, second = (Awaited(asked, False, bytes.decode) for _ in range(2))
        take(first, "a")
        self.assertEqual(take(second, "OK").answer, Answer({"lines": [], "last": "OK"}))


class EchoTests(SynchronousTestCase):
    """Frames of devices that send back what they are sent."""

    def test_echo(self) -> None:
        """What comes back is no answer, though the answer may look alike; once."""
        made = awaited(LINE, on=True)
        self.assertTrue(made.isEchoAwaited)
        self.assertIs(take(made, "A"), Taken.MORE)
        self.assertFalse(made.isEchoAwaited)
        self.assertEqual(take(made, "A").answer, Answer("A"))

    def test_off(self) -> None:
        """From a device that does not echo, it is an answer."""
        made = awaited(LINE)
        self.assertFalse(made.isEchoAwaited)
        self.assertEqual(take(made, "A").answer, Answer("A"))

    def test_oneFrame(self) -> None:
        """The answer may follow in the same frame, which is read without the echo."""
        made = awaited(LINE, on=True)
        self.assertEqual(take(made, "A21.5"), Said(Answer("21.5"), "21.5"))

    def test_severalLines(self) -> None:
        """Each line of a command comes back; events may be between them."""
        made = awaited(LINE, echo=(b"A", b"B"), on=True)
        self.assertEqual([take(made, "A"), take(made, "!T=1")], [Taken.MORE, Taken.NO])
        self.assertTrue(made.isEchoAwaited)
        self.assertEqual(
            [take(made, "B"), take(made, "yes")], [Taken.MORE, Said(Answer("yes"), "yes")]
        )

    def test_without(self) -> None:
        """A device that has been told not to echo is understood as well."""
        made = awaited(LINE, on=True)
        self.assertEqual(take(made, "yes"), Said(Answer("yes"), "yes"))

    def test_none(self) -> None:
        """A command without answer ends with its last echo, and with nothing before."""
        made = awaited(NoReply, echo=(b"A", b"B"), on=True)
        self.assertIs(take(made, "x"), Taken.NO)
        self.assertIs(take(made, "A"), Taken.MORE)
        self.assertEqual(take(made, "B"), Said(Answer(), ""))
        made = awaited(NoReply, on=True)
        self.assertEqual(take(made, "A>"), Said(Answer(), ">"), "a prompt, for example")


class RawTests(SynchronousTestCase):
    """Answers that are so many bytes."""

    def test_parts(self) -> None:
        """They may come in parts; what comes after them is given back."""
        made = awaited(FOUR)
        self.assertEqual(made.takeRaw(b"\n\0\xff"), (None, b""))
        self.assertEqual(made.rest, "\n\0\xff")
        said, rest = made.takeRaw(b"zT=1\n")
        self.assertEqual((said, rest), (Said(Answer("0a00ff7a"), "\n\0\xffz"), b"T=1\n"))
        self.assertEqual(made.rest, "")

    def test_exact(self) -> None:
        """Nothing is left where nothing follows."""
        self.assertEqual(awaited(FOUR).takeRaw(b"abcd"), (Said(Answer("61626364"), "abcd"), b""))

    def test_error(self) -> None:
        """An error of the device is known among as many bytes."""
        made = awaited(partial(BytesReply, 4, HexParser().parse, re.compile("^ERR")))
        said, rest = made.takeRaw(b"ERR!\n")
        self.assertEqual((said, rest), (Said(Answer(error="ERR!"), "ERR!"), b"\n"))

    def test_echo(self) -> None:
        """All that was sent comes back first, with its end, in any parts."""
        made = awaited(FOUR, on=True)
        for data in (b"A", b"\n", b"abc"):
            self.assertEqual(made.takeRaw(data), (None, b""))
        self.assertEqual(made.rest, "abc")
        said, rest = made.takeRaw(b"dx")
        assert said is not None
        self.assertEqual((said.answer, rest), (Answer("61626364"), b"x"))

    def test_off(self) -> None:
        """A device that does not echo may answer what looks like one."""
        self.assertEqual(awaited(FOUR).takeRaw(b"A\nxy"), (Said(Answer("410a7879"), "A\nxy"), b""))

    def test_longEcho(self) -> None:
        """An echo that is longer than the answer is not taken for it while it comes."""
        made = awaited(partial(BytesReply, 2, HexParser().parse), data=b"MEASURE\n", on=True)
        for data in (b"MEAS", b"URE"):
            self.assertEqual(made.takeRaw(data), (None, b""))
        self.assertEqual(made.takeRaw(b"\nxy"), (Said(Answer("7879"), "xy"), b""))

    def test_echoOnce(self) -> None:
        """An answer that looks like the echo after it is one."""
        made = awaited(partial(BytesReply, 2, HexParser().parse), on=True)
        self.assertEqual(made.takeRaw(b"A\nA\n"), (Said(Answer("410a"), "A\n"), b""))
        made = awaited(partial(BytesReply, 3, HexParser().parse), on=True)
        for data in (b"A\n", b"A", b"\n"):
            self.assertEqual(made.takeRaw(data), (None, b""))
        self.assertEqual(made.takeRaw(b"x"), (Said(Answer("410a78"), "A\nx"), b""))

    def test_noEcho(self) -> None:
        """Where nothing comes back, all is the answer; also where that is shorter."""
        made = awaited(FOUR, on=True)
        self.assertEqual(made.takeRaw(b"x"), (None, b""))
        said, rest = made.takeRaw(b"A\ny")
        self.assertEqual((said, rest), (Said(Answer("78410a79"), "xA\ny"), b""))
        made = awaited(partial(BytesReply, 1, HexParser().parse), data=b"MEAS\n", on=True)
        self.assertEqual(made.takeRaw(b"x"), (Said(Answer("78"), "x"), b""))

    @given(
        st.binary(min_size=4, max_size=12),
        st.booleans(),
        st.lists(st.integers(1, 4), max_size=20),
    )
    def test_anyParts(self, answer: bytes, isEchoing: bool, sizes: list[int]) -> None:
        """However it is cut, the answer is the same, and nothing else is lost."""
        made = awaited(FOUR, data=b"ASK\n", on=isEchoing)
        stream = b"ASK\n" + answer if isEchoing else answer
        found, after = None, b""
        while stream:
            size = sizes.pop() if sizes else 5
            part, stream = stream[:size], stream[size:]
            if found is None:
                found, rest = made.takeRaw(part)
                after += rest
                self.assertTrue(found is not None or not rest)
            else:
                after += part
        assert found is not None
        self.assertEqual((found.answer, after), (Answer(answer[:4].hex()), answer[4:]))

    def test_emptyLines(self) -> None:
        """Lines without text come back as no frames."""
        sent = awaited(LINE, echo=(b"", b"TEMP?", b""), on=True)
        self.assertEqual(take(sent, "TEMP?"), Taken.MORE)
        self.assertEqual(take(sent, "21"), Said(Answer("21"), "21"))
        done = awaited(NoReply, echo=(b"GO", b""), on=True)
        self.assertEqual(take(done, "GO"), Said(Answer(), ""))
        self.assertFalse(done.isEchoAwaited)
