"""The format of pysig 0.7.3."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis.strategies import (
    booleans,
    data,
    dictionaries,
    floats,
    integers,
    lists,
    none,
    recursive,
    text,
)
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ProtocolError
from pysig_twisted.wire.pysig07 import (
    LONGEST_TAKEN,
    Said,
    Splitter,
    Status,
    Unreadable,
    answer,
    failure,
    parse,
    question,
)

VALUES = recursive(
    none()
    | booleans()
    | integers(-(2**53), 2**53)
    | floats(allow_nan=False, allow_infinity=False)
    | text(),
    lambda values: lists(values, max_size=4) | dictionaries(text(), values, max_size=4),
    max_leaves=12,
)


class SplitterTests(SynchronousTestCase):
    """Where objects end."""

    @given(lists(dictionaries(text(), VALUES, max_size=4), max_size=6), data(), booleans())
    def test_anyCut(self, objects: list[dict[str, Any]], draw: Any, isAscii: bool) -> None:
        """However the stream is cut, and whatever stands in texts, each comes whole."""
        texts = [
            json.dumps(each, ensure_ascii=isAscii).encode("utf-8", "surrogatepass")
            for each in objects
        ]
        spaces = draw.draw(lists(integers(0, 2), min_size=len(texts), max_size=len(texts)))
        stream = b"".join(each + b" \n"[:count] for each, count in zip(texts, spaces, strict=True))
        splitter, found, at = Splitter(1 << 20), [], 0
        while at < len(stream):
            size = draw.draw(integers(1, max(1, len(stream) // 2)))
            found += splitter.feed(stream[at : at + size])
            at += size
        self.assertEqual(found, texts)
        self.assertEqual(splitter.held, 0)

    def test_garbage(self) -> None:
        """Nothing but objects, which is told where it begins; what came before was given."""
        for garbage in (b"x", b"[1]", b"7", b"\0\0\0\1", b'"{}"', b"}"):
            splitter = Splitter()
            found = []
            with self.assertRaises(ProtocolError) as caught:
                for one in splitter.feed(b'{"id": 1} ' + garbage):
                    found.append(one)
            self.assertIn("must begin here", str(caught.exception))
            self.assertEqual(found, [b'{"id": 1}'])

    def test_long(self) -> None:
        """There is a limit, whole or not."""
        text = b'{"id": "%s"}'
        whole = text % (b"x" * (LONGEST_TAKEN - len(text) + 2))
        self.assertEqual(list(Splitter().feed(whole)), [whole])
        long = text % (b"x" * LONGEST_TAKEN)
        self.assertRaises(ProtocolError, list, Splitter().feed(long))
        self.assertRaises(ProtocolError, list, Splitter().feed(long[:-1]))

    def test_stop(self) -> None:
        """Nothing is kept of a stream that is over."""
        splitter = Splitter()
        list(splitter.feed(b'{"id": '))
        self.assertEqual(splitter.held, 7)
        splitter.stop()
        self.assertEqual(splitter.held, 0)


class ParseTests(SynchronousTestCase):
    """What a message says."""

    def test_question(self) -> None:
        """A question has a method, and whatever belongs to it, as it came."""
        said = parse(question(7, "signal", b'{"a": [1, 2.0]}'))
        self.assertEqual((said.id, said.method, said.isAnswer), (7, "signal", False))
        self.assertEqual(bytes(said.params), b'{"a": [1, 2.0]}')

    def test_answer(self) -> None:
        """An answer has a status, and the id of the question whatever that was."""
        for id in (1, "x", None, [1]):
            said = parse(answer(id, b'{"b": 1}'))
            self.assertEqual((said.id, said.status, said.isAnswer), (id, 0, True))
            self.assertEqual(bytes(said.response), b'{"b": 1}')
            self.assertEqual(json.loads(answer(id)), {"id": id, "status": 0, "response": None})

    def test_failure(self) -> None:
        """What was not done has a text, which fits."""
        self.assertEqual(json.loads(failure(1, Status.NO_METHOD)), {"id": 1, "status": -3})
        said = parse(failure(1, Status.RAISED, "bad \ud800" + "x" * 5000))
        self.assertEqual((said.status, said.exception[:6]), (-2, "bad ?x"))
        self.assertLess(len(failure(1, Status.RAISED, "\N{SNOWMAN}" * 5000)), 4096)

    def test_unreadable(self) -> None:
        """What only Python writes is told apart, with the question that it is."""
        for said, id, isAnswer in (
            (b'{"id": 5, "params": NaN}', 5, False),
            (b'{"id": 6, "status": 0, "response": -Infinity}', 6, True),
            (b'{"id": 7, "params": }', None, False),
            (b'{"id": "\xff"}', None, False),
            (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, None, False),
        ):
            with self.assertRaises(Unreadable) as caught:
                parse(said)
            self.assertEqual((caught.exception.id, caught.exception.isAnswer), (id, isAnswer))

    def test_anything(self) -> None:
        """Fields may hold anything; what is unknown is ignored."""
        said = parse(b'{"id": {}, "method": 3, "params": null, "more": 1}')
        self.assertEqual((said.id, said.method, bytes(said.params)), ({}, 3, b"null"))
        self.assertEqual(parse(b"{}"), Said())
