"""The file with the rules."""

from __future__ import annotations

import os

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.permission import Verb
from pysig_twisted.security.rulefile import BadRules, loadPolicy, policyOf

GOOD = """
[groups]
operators = ["ann", "@guests"]
guests = ["uid:1000"]

[[allow]]
who = ["@operators"]
send = ["lamp*"]
"""


class FileTests(SynchronousTestCase):
    """loadPolicy and policyOf."""

    def errors(self, text: str) -> list[str]:
        """What is wrong with a file."""
        return self.assertRaises(BadRules, policyOf, text, "a.toml").errors

    def write(self, text: str, mode: int = 0o644) -> str:
        """A file."""
        path = self.mktemp()
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def test_good(self) -> None:
        """Groups may be in groups."""
        policy = loadPolicy(self.write(GOOD))
        for who, expected in (
            ("ann", True),
            ("uid:1000", True),
            ("bob", False),
            ("@guests", False),
        ):
            self.assertEqual(policy.decide(who, Verb.SEND, "lamp1", None).isAllowed, expected)

    def test_writable(self) -> None:
        """A file that others may change is refused, with the way out; others may read it."""
        for mode in (0o664, 0o646):
            path = self.write(GOOD, mode)
            [error] = self.assertRaises(BadRules, loadPolicy, path).errors
            self.assertEqual(error, f"{path}: others may change it; say: chmod go-w {path}")
        loadPolicy(self.write(GOOD, 0o444))

    def test_unreadable(self) -> None:
        """What is no file of text is told in a sentence."""
        [error] = self.assertRaises(BadRules, loadPolicy, "nowhere.toml").errors
        self.assertEqual(error, "nowhere.toml: No such file or directory")
        self.assertRaises(BadRules, loadPolicy, os.curdir)
        path = self.mktemp()
        with open(path, "wb") as file:
            file.write(b"\xff\xfe")
        self.assertIn("is not UTF-8", str(self.assertRaises(BadRules, loadPolicy, path)))

    def test_nothing(self) -> None:
        """What says nothing never means that all is allowed."""
        for text in ("", "# all commented out", "[groups]", '[[deny]]\nwho=["*"]\nsend=["*"]'):
            [error] = self.errors(text)
            self.assertIn("no [[allow]]", error)

    def test_all(self) -> None:
        """All that is wrong is told at once, each with its place."""
        errors = self.errors(
            """
            colour = 1
            [groups]
            a = ["@b"]
            b = ["@a", "*****"]
            c = []
            [[allow]]
            who = ["@nobody"]
            sends = ["lamp"]
            [[allow]]
            name = 7
            send = "lamp"
            listen = [{ event = "x" }, 5]
            request = [{ sender = "a", event = "b" }]
            [[deny]]
            who = []
            send = [{ sender = "x", event = "y" }, ""]
            """
        )
        for place, text in (
            ("colour", "no such table"),
            ("[groups] a", "in itself"),
            ("[groups] b", "in itself"),
            ("[groups] b", "more than 4 *"),
            ("[groups] c", "not a list of principals"),
            ("[[allow]] 1: sends", "no such key"),
            ("[[allow]] 1: who", "there is no group 'nobody'; there are @a, @b, @c"),
            ("[[allow]] 1", "about nothing"),
            ("[[allow]] 2: name", "7"),
            ("[[allow]] 2: who", "is missing"),
            ("[[allow]] 2: send", "'lamp' is not a list of senders"),
            ("[[allow]] 2: listen", "{'event': 'x'} is no pattern"),
            ("[[allow]] 2: listen", "5 is no pattern"),
            ("[[allow]] 2: request", "is no pattern of senders"),
            ("[[deny]] 1: who", "[] is not a list of principals"),
            ("[[deny]] 1: send", "is no pattern of senders"),
            ("[[deny]] 1: send", "empty"),
        ):
            found = [
                each for each in errors if each.startswith(f"a.toml: {place}: ") and text in each
            ]
            self.assertEqual(len(found), 1, (place, text, errors))
        self.assertEqual(len(errors), 17, errors)

    def test_notToml(self) -> None:
        """What is no TOML is told with the line."""
        [error] = self.errors("[[allow]]\nwho = [")
        self.assertTrue(error.startswith("a.toml: not TOML: "), error)
        for text in ("allow = 5", "[allow]\nwho = ['*']", "groups = 1"):
            self.assertNotEqual(self.errors(text), [])
