"""Templates of commands, and expressions with what was sent."""

from __future__ import annotations

import json
from enum import IntEnum
from typing import Any
from unicodedata import category

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.holes import LONGEST, LONGEST_TEXT
from pysig_twisted.bridge.templates import Filled, Hole, Template
from pysig_twisted.errors import BadRequest

KINDS = (
    "int",
    "int:1-8",
    "int:-5-300:+04d",
    "float",
    "float:0-30:.1f",
    "str",
    "str:5",
    "hex",
    "hex:2-3",
    "json",
    "on|off|7",
)
HARMFUL = ("\n", "\r", "\0", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800", "\t")

fragments = st.sampled_from(
    ["{", "}", "{{", "}}", "{n:", "{n}", "{m:id", ":", "int", "float", "str:", "hex", "json", "|"]
)
numbers = st.sampled_from(["1-8", "8-1", "-", "02d", ".1f", "0", "7", " ", "\n", "9" * 30])
templates = st.one_of(
    st.lists(fragments | numbers, max_size=12).map("".join),
    st.builds(
        "{{{}:{}}}".format, st.sampled_from("nm"), st.lists(fragments | numbers).map("".join)
    ),
    st.text(),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**4000),
    st.floats(),
    st.text(st.characters(), max_size=8),
    st.text(st.sampled_from([*HARMFUL, "a", "0", "7"]), max_size=4),
    st.sampled_from(["on", "0aff", "0a ff"]),
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(scalars, inner), max_leaves=6
)


class Level(IntEnum):
    """Numbers with names."""

    LOW = 3


def fill(text: str, params: Any = None, number: int = 0) -> str:
    """The command for a template and parameters."""
    return Template(text).fill(params, number).text


class Case(SynchronousTestCase):
    """What the tests have in common."""

    def refused(self, text: str, params: Any, *parts: str) -> None:
        """Parameters are refused, and the message has these parts."""
        error = self.assertRaises(BadRequest, Template(text).fill, params)
        for part in parts:
            self.assertIn(part, error.message)

    def wrong(self, text: str, *parts: str) -> None:
        """A template is refused, and the message has these parts."""
        error = self.assertRaises(ValueError, Template, text)
        for part in parts:
            self.assertIn(part, str(error))


class SpellingTests(Case):
    """How templates are spelled."""

    def test_holes(self) -> None:
        """The holes, each once, with what they take."""
        template = Template("{n:int:1-8} {s:on|off} {n} {t:float:0-30.5:.1f} {i:id:0-9}{i}")
        self.assertEqual(
            template.holes,
            (
                Hole("n", "int", "int, 1 to 8"),
                Hole("s", "choice", "one of on, off"),
                Hole("t", "float", "float, 0 to 30.5"),
                Hole("i", "id", "counted, 0 to 9"),
            ),
        )
        self.assertEqual(template.names, ("n", "s", "t"))
        self.assertEqual((template.ids, template.idName), (10, "i"))
        self.assertEqual((Template("a").ids, Template("a").idName), (0, None))

    def test_others(self) -> None:
        """What the other types take, for people."""
        holes = Template("{a:int}{b:str:20}{c:str}{d:hex:1-8}{e:json}{f:float}{g:id}").holes
        self.assertEqual(
            [hole.description for hole in holes],
            [
                "int",
                "str, 1 to 20 characters",
                f"str, 1 to {LONGEST_TEXT} characters",
                "hex digits of 1 to 8 bytes",
                "json",
                "float",
                "counted, 0 to 65535",
            ],
        )

    def test_braces(self) -> None:
        """Doubled braces are sent; what the author wrote is sent as it is."""
        self.assertEqual(fill('{{"led":{n:int}}}', 1), '{"led":1}')
        self.assertEqual(fill("{{{n:int}}}", 1), "{1}")
        self.assertEqual(fill("\x1b[A\r\n{n:int}\0", 1), "\x1b[A\r\n1\0")
        self.assertEqual(fill(""), "")

    def test_again(self) -> None:
        """A name may come again, without a type or with the same one."""
        self.assertEqual(fill("{n:int} {n} {n:int}", 5), "5 5 5")
        self.wrong("{n:int} {n:float}", "{n:float}", "{n:int}", "give the type once")
        self.wrong("{n} {n:int}", "{n} without a type", "{n:int}")

    def test_wrong(self) -> None:
        """What is wrong is named, with the way out."""
        for text, *parts in (
            ("{n}", "{n}", "write {n:int}", "{n:on|off}"),
            ("{n:}", "{n:} without a type"),
            ("{n:flaot}", "flaot is unknown", "did you mean float?"),
            ("{n:xyz}", "xyz is unknown", "there are int, float, str, hex, json, id"),
            ("{n:int:8-1}", "{n:int:8-1}", "upside down; write 1-8"),
            ("{n:float:1.5--2}", "upside down; write -2-1.5"),
            ("{n:int:a-b}", "range a-b is none", "1-8"),
            ("{n:int:1.5-2}", "range 1.5-2 is none"),
            (f"{{n:int:0-{2**64}}}", "too large"),
            ("{n:int:0-99999999999999999999}", "too large"),
            ("{n:int:}", "nothing after a colon"),
            ("{n:int:100d}", "100d", "99 wide"),
            ("{n:int:.1f}", "02d"),
            ("{n:int:02d:1-8}", "1-8 after its format"),
            ("{n:float:.100f}", ".100f", ".1f"),
            ("{n:float:02d}", "02d", ".1f"),
            ("{n:float:0-0.96:.1f}", "writes 1.0 for 0.96", "more digits"),
            ("{n:str:0}", "length 0 is none", f"1 to {LONGEST}"),
            ("{n:str:5000}", "5000"),
            ("{n:str:1-8}", "1-8"),
            ("{n:hex:0-8}", f"1-{LONGEST}"),
            ("{n:hex:4}", "4-4"),
            ("{n:json:5}", "json alone"),
            ("{n:id:5}", "0-255"),
            ("{n:id:-1-5}", "below 0"),
            ("{a:id} {b:id}", "{b:id}", "{a}", "leave one out"),
            ("{n:on|}", "empty"),
            ("{n:on|on}", "on is there twice"),
            ("{n:on|o\nff}", "'\\n'"),
            ("{1n:int}", "{1n:int}", "letters, digits and _"),
            ("{ n:int}", "letters, digits and _"),
            ("{é:int}", "letters, digits and _"),
            ("{}", "{}"),
            ("A {n:int", "not closed at character 3", "{{"),
            ('{"led":{n:int}}', "not closed at character 1"),
            ("A } B", "closes nothing at character 3", "}}"),
        ):
            self.wrong(text, *parts)

    @given(templates)
    def test_any(self, text: str) -> None:
        """Whatever is spelled, it is a template or a ValueError with one printable line."""
        try:
            template = Template(text)
        except ValueError as error:
            self.assertTrue(str(error).isprintable(), str(error))
        else:
            self.assertEqual(template.text, text)


class ParametersTests(Case):
    """By name, alone, and none."""

    def test_byName(self) -> None:
        """Each by its name, and what they have become."""
        filled = Template("RLY {n:int:1-8} {s:on|off}").fill({"s": "on", "n": 3})
        self.assertEqual(filled, Filled("RLY 3 on", {"n": "3", "s": "on"}))

    def test_alone(self) -> None:
        """Where there is one, its value alone will do; an id is not counted."""
        self.assertEqual(fill("{i:id} {n:int}", 7, 2), "2 7")
        self.assertEqual(fill("{n:int}", {"n": 7}), "7")
        self.assertEqual(fill("{v:json}", [1]), "[1]")
        self.refused("{v:json}", {"a": 1}, "no parameter 'a'", "v (json)")
        self.refused("{n:int} {m:int}", 7, "7", "n (int), m (int)")

    def test_none(self) -> None:
        """Where there is none, none may be given."""
        self.assertEqual(fill("X"), "X")
        self.assertEqual(fill("X", {}), "X")
        self.refused("X", 5, "5", "leave it out")
        self.refused("X {i:id}", {"i": 5}, "'i'", "leave it out")

    def test_missing(self) -> None:
        """What is missing or unknown is named, with what there is."""
        self.refused("{n:int} {m:int}", {"n": 1}, "without the parameter m", "m (int)")
        self.refused("{n:int}", None, "without the parameter n")
        self.refused("{n:int}", {"n": 1, "x": 1, 2: 3}, "'x', 2", "n (int)")
        self.refused("{v:json}", None, "without the parameter v")
        self.assertEqual(fill("{v:json}", {"v": None}), "null")

    def test_id(self) -> None:
        """The id is counted through its range, again and again."""
        template = Template("{i:id:1-3} {i}")
        texts = [template.fill(None, number).text for number in range(4)]
        self.assertEqual(texts, ["1 1", "2 2", "3 3", "1 1"])
        self.assertEqual(template.fill(None, 4).values, {"i": "2"})
        self.assertEqual(fill("{i:id}", None, 65536 + 9), "9")

    @given(st.sampled_from(KINDS), st.sampled_from(KINDS), anything, anything)
    def test_any(self, one: str, other: str, first: Any, second: Any) -> None:
        """Whatever is given, no control character comes in, or it is a BadRequest."""
        both = Template(f"{{a:{one}}}-{{b:{other}}}")
        for template, params in (
            (both, {"a": first, "b": second}),
            (both, first),
            (Template(f"{{a:{one}}}"), first),
        ):
            try:
                filled = template.fill(params)
            except BadRequest as error:
                self.assertNotIn("\n", error.message)
            else:
                self.assertFalse({category(each) for each in filled.text} & {"Cc", "Zl", "Zp"})
                self.assertNotRegex(filled.text, "[\ud800-\udfff]")
                self.assertTrue(all(filled.values.values()))


class NumberTests(Case):
    """Numbers."""

    def test_whole(self) -> None:
        """Whole numbers, also those of languages that have floats only."""
        for value, text in (
            (5, "5"),
            (5.0, "5"),
            (-7, "-7"),
            (Level.LOW, "3"),
            (2**63, f"{2**63}"),
        ):
            self.assertEqual(fill("{n:int}", value), text)
        wrong: Any
        for wrong in (5.5, True, "5", None, [], float("nan"), float("inf"), 1e300, 2**64, 10**5000):
            self.refused("{n:int}", {"n": wrong}, "n is ", "give int")

    def test_inexact(self) -> None:
        """A float too large to be exact is not a whole number."""
        self.assertEqual(fill("{n:int}", float(2**53)), str(2**53))
        self.refused("{n:int}", float(2**54), "give int")

    def test_range(self) -> None:
        """Both ends are in, and no more."""
        for low, high in ((1, 8), (-8, -1), (-1, 8), (0, 0)):
            text = f"{{n:int:{low}-{high}}}"
            self.assertEqual([fill(text, low), fill(text, high)], [str(low), str(high)])
            self.refused(text, low - 1, f"n is {low - 1}; give int, {low} to {high}")
            self.refused(text, high + 1, f"{low} to {high}")

    def test_format(self) -> None:
        """Width, sign and hex."""
        for hole, value, text in (
            ("int:0-99:02d", 7, "07"),
            ("int:4d", 7, "   7"),
            ("int:0-255:02X", 171, "AB"),
            ("int:+d", 7, "+7"),
            ("float:0-30:.1f", 3, "3.0"),
            ("float:+06.2f", -1.005, "-01.00"),
            ("float:.2e", 12345, "1.23e+04"),
        ):
            self.assertEqual(fill(f"{{n:{hole}}}", value), text)

    def test_float(self) -> None:
        """Numbers, as short as they can be told apart; whole ones with a zero."""
        for value, text in ((3, "3.0"), (0.1, "0.1"), (-0.0, "0.0"), (-2.5, "-2.5")):
            self.assertEqual(fill("{n:float}", value), text)
        for wrong in (True, "5", None, float("nan"), float("inf"), -float("inf"), 10**400):
            self.refused("{n:float}", {"n": wrong}, "n is ", "give float")

    def test_floatRange(self) -> None:
        """Both ends are in, as the author spelled them."""
        self.assertEqual(fill("{n:float:-1.5-30}", -1.5), "-1.5")
        self.assertEqual(fill("{n:float:-1.5-30}", 30), "30.0")
        for value in (-1.6, 30.0001, float("nan")):
            self.refused("{n:float:-1.5-30}", value, "float, -1.5 to 30")


class TextTests(Case):
    """Text, bytes, JSON and choices."""

    def test_text(self) -> None:
        """Text within its length."""
        self.assertEqual(fill("<{s:str:3}>", "é a"), "<é a>")
        for value in ("", "abcd", 5, None, b"a"):
            self.refused("{s:str:3}", {"s": value}, "s is ", "1 to 3 characters")
        self.assertEqual(len(fill("{s:str}", "a" * LONGEST_TEXT)), LONGEST_TEXT)
        self.refused("{s:str}", "a" * (LONGEST_TEXT + 1), str(LONGEST_TEXT))

    def test_harmful(self) -> None:
        """What could end a line is refused by name."""
        for character in HARMFUL:
            self.refused("{s:str}", f"on{character}OFF", f"s has {character!r}", "leave it out")
        self.assertEqual(fill("{s:str}", "a\u200bb"), "a\u200bb")

    def test_hex(self) -> None:
        """Whole bytes in hex, as they are spelled."""
        self.assertEqual(fill("W{b:hex:1-3}", "0aFF"), "W0aFF")
        for value in (
            "",
            "0",
            "0aF",
            "0a ff",
            "0x0a",
            "zz",
            "00000000",
            "\u0660\u0660",
            "0a\n",
            10,
            None,
        ):
            self.refused("{b:hex:1-3}", {"b": value}, "b is ", "1 to 3 bytes")
        self.assertEqual(fill("{b:hex:2-2}", "0aff"), "0aff")
        self.refused("{b:hex}", "00" * (LONGEST_TEXT + 1), "bytes")

    def test_json(self) -> None:
        """Anything, on one line of ASCII."""
        value: Any = {"a": [1, None, "é\n\x7f\u2028"], "\x7f": True}
        text = fill("{v:json}", {"v": value})
        self.assertTrue(text.isascii() and text.isprintable())
        self.assertEqual(json.loads(text), value)
        self.assertEqual(fill("{v:json}", {"v": {"a": [1, 2]}}), '{"a":[1,2]}')

    def test_noJson(self) -> None:
        """What JSON cannot carry, or what is too much of it, is refused."""
        endless: list[Any] = []
        endless.append(endless)
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        wrong: tuple[Any, ...] = (float("nan"), b"a", {1}, endless, 10**5000, [float("inf")])
        for value in wrong:
            self.refused("{v:json}", value, "v is ", "JSON")
        self.refused("{v:json}", deep, "v is of type list")
        self.refused("{v:json}", "a" * LONGEST, f"{LONGEST + 2} characters")

    def test_choice(self) -> None:
        """One of them, a number by its digits, and nothing else."""
        self.assertEqual(fill("{s:on|off}", "off"), "off")
        self.assertEqual(fill("{s:0|1}", 1), "1")
        self.refused("{s:0|1}", True, "s is True", "one of 0, 1")
        self.assertEqual(fill("{s:3|1}", Level.LOW), "3")
        self.assertEqual(fill("{s:a:b|c d}", "a:b"), "a:b")
        value: Any
        for value in ("ON", "", "on|off", True, 1, None, [], 10**5000):
            self.refused("{s:on|off|True}", {"s": value}, "s is ", "one of on, off, True")

    def test_shown(self) -> None:
        """A long value is cut in the message."""
        error = self.assertRaises(BadRequest, Template("{n:int}").fill, "x" * 9999)
        self.assertTrue(len(error.message) < 100, error.message)
