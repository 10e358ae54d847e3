"""The page that specifies the protocol says what the code does."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import msgspec
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted.errors import PASSED_ON, PysigError
from pysig_twisted.net.backlog import PART
from pysig_twisted.net.flow import BEHIND
from pysig_twisted.net.history import LIFE_BYTES, MAX_LIVES
from pysig_twisted.net.hold import LONGEST
from pysig_twisted.net.limits import Limits
from pysig_twisted.net.refills import TIMEOUT
from pysig_twisted.wire import messages
from pysig_twisted.wire.conversation import LEGAL, Role
from pysig_twisted.wire.frames import REPLAY_HEAD, Kind
from pysig_twisted.wire.version1 import MAX_TEXT, Reader, encode

from .samples import GOOD, plain, valueOf

PAGE = Path(__file__).resolve().parents[2] / "docs" / "protocol.md"

FIELDS: dict[str, tuple[type, ...]] = {
    "HELLO": (messages.Hello,),
    "WELCOME": (messages.Welcome,),
    "GOODBYE": (messages.Goodbye,),
    "addSender": (messages.AddSender, messages.Added),
    "removeSender": (messages.RemoveSender,),
    "listen": (messages.Listen, messages.Listening),
    "unlisten": (messages.Unlisten,),
    "resume": (messages.Resume,),
    "refill": (messages.Refill,),
    "Presence": (messages.PresenceNotice,),
    "GAP": (messages.GapNotice,),
}


def tables(text: str) -> list[list[list[str]]]:
    """The tables of a piece of the page: rows of cells, without the line below the header."""
    found = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [
        [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
            for row in table.splitlines()
            if not row.startswith("| ---")
        ]
        for table in found
    ]


class PageTests(SynchronousTestCase):
    """Tables, numbers and examples."""

    def setUp(self) -> None:
        """Read the page."""
        if not PAGE.exists():
            raise SkipTest("not in a source tree")
        self.page = PAGE.read_text(encoding="utf-8")

    def section(self, title: str) -> str:
        """What stands under a heading, up to the next one."""
        [found] = re.findall(
            rf"^#+ {re.escape(title)}\n(.*?)(?=^#|\Z)", self.page, re.MULTILINE | re.DOTALL
        )
        return str(found)

    def test_kinds(self) -> None:
        """The table of frames has every kind with its number, and who may say it."""
        [rows] = tables(self.section("Frames"))
        told = {name: (int(number.strip("`"), 16), who) for number, name, _, who, _ in rows[1:]}
        said = {vector["kind"]: type(valueOf(vector)) for vector in GOOD}
        expected = {}
        for kind in Kind:
            roles = {role for (role, _), may in LEGAL.items() if said[kind.name] in may}
            who = {
                frozenset({Role.CLIENT}): "client",
                frozenset({Role.ROUTER}): "router",
                frozenset(Role): "both",
            }[frozenset(roles)]
            expected[kind.name] = (kind.value, who)
        self.assertEqual(told, expected)

    def test_fields(self) -> None:
        """Each message's table has its fields, and what they are if they are left out."""
        for title, kinds in FIELDS.items():
            found = [rows for rows in tables(self.section(title)) if rows[0][0] == "field"]
            self.assertEqual(len(found), len(kinds), title)
            for rows, kind in zip(found, kinds, strict=True):
                told = {name.strip("`"): default for name, _, default, _ in rows[1:]}
                self.assertEqual(told, self.fieldsOf(kind), title)

    def fieldsOf(self, kind: Any) -> dict[str, str]:
        """The fields of a message, with their defaults as the page writes them."""
        fields = {}
        tag = kind.__struct_config__.tag
        if tag is not None:
            fields["call"] = "required"
        for field in msgspec.structs.fields(kind):
            if field.required:
                shown = "required"
            else:
                default = field.default
                if default is msgspec.NODEFAULT:
                    default = field.default_factory()
                shown = msgspec.json.encode(default).decode()
                if shown in ('""', "[]", "{}", "null"):
                    shown = f"`{shown}`"
            fields[field.encode_name] = shown
        return fields

    def test_errors(self) -> None:
        """The table of codes is that of the classes, with the same words."""
        [rows] = tables(self.section("Error codes"))
        told = {code.strip("`"): meaning for code, meaning in rows[1:]}
        expected = {
            code: " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split())
            for code, kind in PysigError.byCode.items()
        }
        self.assertEqual(told, expected)

    def test_codesInText(self) -> None:
        """Words that look like codes where the page names errors are codes."""
        codes = set(PysigError.byCode)
        for words in re.findall(r"^Errors: (.*?)\n\n", self.page, re.MULTILINE | re.DOTALL):
            self.assertEqual(set(re.findall("`(.*?)`", words)) - codes, set())
        passed = self.page.partition("passes on only these codes:")[2].partition(". Any")[0]
        self.assertEqual(set(re.findall("`(.*?)`", passed)), PASSED_ON)

    def test_codecs(self) -> None:
        """The encodings have the numbers of the code."""
        [rows] = tables(self.section("Codecs"))
        told = {name.strip("`"): int(number) for number, name, _ in rows[1:] if name}
        self.assertEqual(told, messages.STANDARD_CODECS)

    def test_numbers(self) -> None:
        """The limits are those of the code."""
        stream = self.section("The byte stream")
        for number in (
            messages.HELLO_MAX,
            messages.MAX_FRAME,
            messages.LOWEST_MAX_FRAME,
            messages.HIGHEST_MAX_FRAME,
        ):
            self.assertIn(f"{number:,}", stream)
        self.assertIn(f"up to {REPLAY_HEAD} more", stream)
        self.assertEqual(self.page.count(f"at most {MAX_TEXT:,} characters"), 3)

    def test_bounds(self) -> None:
        """So are those of what is remembered, waits, and is waited for."""
        limits = Limits()
        replay, refill, flow = map(self.section, ("REPLAY", "refill", "Flow"))
        before = self.section("What was fired before")
        self.assertIn(f"at most {PART:,} bytes long", replay)
        self.assertIn(f"why it may count {REPLAY_HEAD} more", replay)
        self.assertIn(f"for {TIMEOUT:g} seconds", refill)
        self.assertIn(f"keeps {LIFE_BYTES >> 20} MiB of events a life", before)
        self.assertIn(f"{MAX_LIVES} lives a name", before)
        self.assertIn(f"more than {BEHIND >> 20} MiB wait", flow)
        self.assertIn(f"for at most {LONGEST:g} seconds at a time", flow)
        self.assertIn(f"causes at most {limits.hold:g} seconds", flow)
        self.assertRegex(flow, rf"suffers at most {limits.held:g}\b")
        self.assertIn(f"nothing for {limits.stall:g} seconds", flow)
        self.assertIn(f"({limits.outbox >> 20} MiB here)", flow)
        self.assertIn(f"after {limits.linger:g} seconds at most", flow)

    def test_gaps(self) -> None:
        """Each word that says why events are missing is explained."""
        _, rows = tables(self.section("GAP"))
        words = {word.strip("`") for word, _ in rows[1:]}
        self.assertEqual(words, {"link", "history", "codec", "slow", "too-large", "bad-data"})
        said = {vector["message"]["why"] for vector in GOOD if vector["kind"] == "GAP"}
        self.assertEqual(said - words, set())

    def test_links(self) -> None:
        """Links within the page lead somewhere."""
        titles = re.findall(r"^#+ (.*)$", self.page, re.MULTILINE)
        places = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
        self.assertEqual(set(re.findall(r"\]\(#(.*?)\)", self.page)) - places, set())

    def test_examples(self) -> None:
        """The examples are vectors, byte by byte, and the code makes and reads them so."""
        vectors = {vector["name"]: vector for vector in GOOD}
        examples = re.findall(r"^% vector: (\S+)\n```text\n(.*?)^```", self.page, re.M | re.S)
        self.assertGreaterEqual(len(examples), 2)
        for name, text in examples:
            shown = "".join(re.findall(r"^((?:[0-9a-f]{2} ?)+)(?:  |$)", text, re.M))
            data = bytes.fromhex(shown)
            message = valueOf(vectors[name])
            self.assertEqual(data.hex(), vectors[name]["hex"])
            self.assertEqual(data, encode(message))
            [read] = Reader(messages.MAX_FRAME).feed(data)
            self.assertEqual(plain(read), plain(message))
            self.assertIn(f"length: {len(data) - 4}\n", text)
            self.assertIn(f"kind: {vectors[name]['kind']}\n", text)
