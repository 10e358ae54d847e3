"""Lines of JSON, as docs/serial-firmware.md has them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted.bridge import jsonlines
from pysig_twisted.bridge.hello import (
    BUFFER,
    LONGEST,
    LONGEST_DESCRIPTION,
    MOST_EVENTS,
    OWN_EVENTS,
    OWN_REQUESTS,
    SMALLEST,
    Hello,
)
from pysig_twisted.bridge.jsonlines import (
    Bye,
    Event,
    Failed,
    Message,
    Problem,
    Response,
    Text,
    checked,
    parse,
)
from pysig_twisted.errors import BadData
from pysig_twisted.wire.codecs import MAX_DEPTH, JsonCodec

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "serial-firmware.md"
KINDS = {Hello: "hello", Event: "event", Response: "response", Failed: "error", Bye: "bye"}

jsons = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(-1e9, 1e9) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    ["hello", "event", "response", "error", "bye", "id", "data", "from", "events", "boot", "x"]
)
objects = st.dictionaries(keys, jsons | st.sampled_from(["green", 7]), max_size=5)
lines = st.one_of(
    st.binary(max_size=80),
    objects.map(lambda fields: json.dumps(fields).encode()),
    objects.map(lambda fields: checked(json.dumps(fields).encode())),
)


def page() -> str:
    """The page of the protocol."""
    if not PAGE.exists():
        raise SkipTest("not in a source tree")
    return PAGE.read_text(encoding="utf-8")


def vectors(which: str) -> list[tuple[str, str]]:
    """The lines of a table on the page, and what they are."""
    table = page().partition(f"<!-- vectors: {which} -->")[2].lstrip().split("\n\n")[0]
    rows = [re.fullmatch(r"\| `(.*?)` \| (.*) \|", row) for row in table.splitlines()[2:]]
    return [(row[1], row[2]) for row in rows if row is not None]


def kind(said: Message) -> str:
    """The word of the page for it."""
    if isinstance(said, Problem):
        return "refused hello" if said.isHello else "noise"
    return KINDS.get(type(said), "text")


class PageTests(SynchronousTestCase):
    """What the page says is so."""

    def test_device(self) -> None:
        """The vectors of what a device says."""
        found = vectors("device")
        self.assertGreater(len(found), 20)
        for line, what in found:
            self.assertEqual(kind(parse(line.encode())), what, line)

    def test_host(self) -> None:
        """The vectors of what the host says, to the byte."""
        found = vectors("host")
        self.assertGreater(len(found), 3)
        for line, what in found:
            if what == "question":
                made = jsonlines.question()
            else:
                number, to, params = re.findall(
                    r"request (\d+) (?:to `(\w+)` )?for `led` with `(.*)`", what
                )[0]
                made = jsonlines.request(int(number), "led", json.loads(params), to or None)
            self.assertEqual(checked(made).decode(), line)
            self.assertEqual(made.decode(), line[:-3])

    def test_limits(self) -> None:
        """The numbers and names on it are those of the code."""
        text = page()
        for said in (
            f"{BUFFER} if it does not\n  say",
            f"MUST have no more than {LONGEST},",
            f"without its end: {SMALLEST} or more",
            f"{LONGEST_DESCRIPTION} printable characters",
            f"{MAX_DEPTH} levels deep",
            f"1 to {jsonlines.MOST_IDS}",
            f"{MOST_EVENTS} events at most",
        ):
            self.assertIn(said.replace("1 to", "from 1 to"), text)
        for name in (*OWN_EVENTS, *OWN_REQUESTS):
            self.assertIn(f"`{name}`", text)

    def test_order(self) -> None:
        """The messages of the host are written as the page has them."""
        for line in (
            '{"id":7,"method":"led","params":1}',
            '{"id":7,"to":"green","method":"led","params":1}',
        ):
            self.assertIn(f"| `{line}` |", page())
            to = json.loads(line).get("to")
            self.assertEqual(jsonlines.request(7, "led", 1, to).decode(), line)


class ParseTests(SynchronousTestCase):
    """L{parse<pysig_twisted.bridge.jsonlines.parse>}."""

    def why(self, line: str | bytes, isChecked: bool = False) -> str:
        """What is wrong with a line."""
        said = parse(line.encode() if isinstance(line, str) else line, isChecked)
        assert isinstance(said, Problem), said
        return said.why

    def test_messages(self) -> None:
        """Each message is what it says."""
        for line, said in (
            ('{"hello":"green","events":["t"]}', Hello("green", ("t",))),
            ('{"event":"t"}', Event("t")),
            ('{"event":"t","data":[1],"from":"b"}', Event("t", [1], "b")),
            ('{"event":"t","from":null}', Event("t")),
            ('{"id":1,"response":false}', Response(1, False)),
            ('{"id":65535,"error":"no"}', Failed(65535, "no")),
            ('{"bye":"green"}', Bye("green")),
            ("[1]", Text(b"[1]")),
            ("", Text(b"")),
            ("debug {1}", Text(b"debug {1}")),
        ):
            self.assertEqual(parse(line.encode()), said)

    def test_noise(self) -> None:
        """What is meant as a message and is none is told with the reason."""
        for line, why in (
            ("{", "not JSON"),
            ("{}", "but 0"),
            ('{"response":1,"error":"x","id":7}', "but 2"),
            ('{"response":1}', "the id of the response"),
            ('{"id":true,"response":1}', "the id of the response"),
            ('{"id":1.0,"response":1}', "the id of the response"),
            ('{"id":65536,"error":"no"}', "the id of the error"),
            ('{"id":7,"error":["no"]}', "error is no text"),
            ('{"bye":null}', "bye is no text"),
            ('{"event":"t","from":5}', "from is no text"),
            ('{"hello":"?"}', "echo"),
            ('{"id":7,"method":"led"}', "echo"),
            ('{"event":"t","data":1e999}', "not JSON"),
            ('{"event":"t","data":"\\ud800"}', "not JSON"),
            (b'{"event":"t","data":"\xff"}', "not JSON"),
            ('{"event":"t","data":' + "[" * 2000 + "]" * 2000 + "}", "nests deeper"),
        ):
            self.assertIn(why, self.why(line), line)

    def test_checksum(self) -> None:
        """One that is there must be right; small digits are, too."""
        line = checked(b'{"event":"n"}')
        for good in (line, line[:-2] + line[-2:].lower(), line + b" \r"):
            self.assertEqual(parse(good), Event("n"))
        self.assertEqual(self.why(line.replace(b'"n"', b'"m"')), jsonlines.CHECKSUM)
        self.assertIn("not JSON", self.why(line[:-1]))
        self.assertIn("not JSON", self.why(line + b"0"))

    def test_checked(self) -> None:
        """Where lines have one, all else is noise, but a hello."""
        for line in ('{"event":"t"}', "READY", '{"id":1,"response":1}'):
            self.assertEqual(self.why(line, True), jsonlines.NO_CHECKSUM)
        self.assertEqual(parse(checked(b'{"event":"t"}'), True), Event("t"))
        self.assertEqual(parse(b'{"hello":"green"}', True), Hello("green"))
        self.assertEqual(self.why(b'{"hello":"green"}*00', True), jsonlines.CHECKSUM)

    def test_glued(self) -> None:
        """A hello is found behind half a line, and nothing else is."""
        hello = b'{"hello":"green"}'
        for half in (
            b'{"event":"t","da',
            b"READ",
            b"\xff\x00",
            b'{"event":"t"}*1',
            b'{"hello":"gr',
        ):
            self.assertEqual(parse(half + hello), Hello("green"))
            self.assertEqual(parse(half + checked(hello)), Hello("green"))
            self.assertEqual(parse(half + checked(hello), True), Hello("green"))
            self.assertIsInstance(parse(half + hello, True), Problem)
            self.assertNotIsInstance(parse(half + b'{"event":"t"}'), Event)
        said = parse(b'{"even{"hello":"$green"}')
        assert isinstance(said, Problem)
        self.assertTrue(said.isHello)

    def test_inside(self) -> None:
        """What looks like a hello in the data of an event is none."""
        line = b'{"event":"t","data":{"hello":"blue"}}'
        self.assertEqual(parse(line), Event("t", {"hello": "blue"}))
        self.assertEqual(self.why(line + b"*00"), jsonlines.CHECKSUM)

    @given(lines, st.booleans())
    def test_anything(self, line: bytes, isChecked: bool) -> None:
        """Whatever comes, it is a message or none, and its data can go on as JSON."""
        said = parse(line, isChecked)
        if isinstance(said, (Event, Response)):
            JsonCodec().encode(said.data)
        if isinstance(said, (Event, Response, Failed, Bye)):
            self.assertTrue(line.lstrip().startswith(b"{"))

    @given(objects, st.integers(0, 10**6), st.integers(1, 255))
    def test_damage(self, fields: dict[str, Any], at: int, damage: int) -> None:
        """A line with a checksum of which one byte is damaged is never another message."""
        line = bytearray(checked(json.dumps({"event": "t", **fields}).encode()))
        before = parse(bytes(line))
        at %= len(line)
        line[at] ^= damage
        if line[at] not in b"\r\n":
            self.assertIn(type(parse(bytes(line), True)), (Problem, type(before)))
            after = parse(bytes(line), True)
            self.assertTrue(isinstance(after, Problem) or after == before, after)


class EncodeTests(SynchronousTestCase):
    """What the host says."""

    @given(st.integers(1, 65535), st.text(), jsons)
    def test_request(self, number: int, method: str, params: Any) -> None:
        """A request is one line of JSON, which says what was asked."""
        if any("\ud800" <= letter <= "\udfff" for letter in method):
            return
        line = jsonlines.request(number, method, params)
        self.assertNotIn(b"\n", line)
        self.assertNotIn(b"\r", line)
        said = json.loads(line)
        self.assertEqual((said["id"], said["method"]), (number, method))
        self.assertEqual("params" in said, params is not None)

    def test_params(self) -> None:
        """What JSON cannot carry is refused, and so is what nests too deep."""
        deep: Any = []
        for _ in range(MAX_DEPTH):
            deep = [deep]
        for params in (float("nan"), object(), deep, "\ud800"):
            self.assertRaises(BadData, jsonlines.request, 1, "led", params)

    def test_complaint(self) -> None:
        """It is one line, and not long, whatever is told."""
        self.assertEqual(jsonlines.complaint('no "x"'), b'{"error":"no \\"x\\""}')
        line = jsonlines.complaint("x\n" * 10_000)
        self.assertNotIn(b"\n", line)
        said = json.loads(line)["error"]
        self.assertEqual(len(said), jsonlines.LONGEST_COMPLAINT)
        self.assertTrue(said.endswith("..."))
