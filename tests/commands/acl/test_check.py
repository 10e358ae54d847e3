"""C{pysig acl check} and C{pysig acl show}."""

from __future__ import annotations

import json
import os

from twisted.trial.unittest import SynchronousTestCase

from .. import HOSTILE, UNSAFE, Outcome, inProcess

RULES = """
[[allow]]
name = "ann has the lamp"
who = ["ann"]
send = ["lamp"]

[[allow]]
who = ["ann", "bob"]
listen = ["lamp", { sender = "oven", event = "t*" }]
request = [{ sender = "oven", method = "get" }]

[[deny]]
who = ["*"]
listen = [{ sender = "lamp", event = "secret" }]
"""


class AclTests(SynchronousTestCase):
    """What they print, and how they end."""

    def setUp(self) -> None:
        """A file."""
        self.path = self.mktemp()
        self.write(RULES)

    def write(self, text: str) -> None:
        """Have these rules."""
        with open(self.path, "w") as file:
            file.write(text)
        os.chmod(self.path, 0o644)

    def run_(self, *arguments: str) -> Outcome:
        """Run a command about the file."""
        return inProcess("acl", *arguments, "--acl", self.path)

    def test_right(self) -> None:
        """A good file is shown, a line for each pattern."""
        status, out, err = self.run_("check")
        self.assertEqual((status, err), (0, ""))
        rows = [line.split("\t") for line in out.splitlines()]
        name = os.path.basename(self.path)
        self.assertEqual(
            rows[0], [f"allow 1 'ann has the lamp' ({name})", "ann", "send", "lamp", ""]
        )
        self.assertEqual(rows[2][1:], ["ann, bob", "listen", "oven", "t*"])
        self.assertEqual(rows[-1][0], f"deny 1 ({name})")
        self.assertEqual(len(rows), 5)

    def test_wrong(self) -> None:
        """All mistakes of a wrong one are told, and the status is that of wrong settings."""
        self.write('[[allow]]\nwho = []\nsent = ["x"]\n')
        status, out, err = self.run_("check")
        self.assertEqual((status, out), (78, ""))
        for text in ("who: [] is not", "sent: there is no such key", "about nothing"):
            self.assertIn(text, err)
        self.assertTrue(all(line.startswith("pysig: ") for line in err.splitlines()), err)

    def test_variable(self) -> None:
        """The file may be named by the environment."""
        status, out, _ = inProcess("acl", "check", environment={"PYSIG_ACL": self.path})
        self.assertEqual(status, 0)
        self.assertIn("ann has the lamp", out)

    def test_decisions(self) -> None:
        """Each says which rule decides, and its status says it to scripts."""
        for words, allowed, text in (
            (("ann", "send", "lamp"), True, "allowed: allow 1 'ann has the lamp'"),
            (("bob", "send", "lamp"), False, "denied: no rule of"),
            (("bob", "listen", "lamp", "state"), True, "allowed: allow 2"),
            (("bob", "listen", "lamp", "secret"), False, "denied: deny 1"),
            (("bob", "request", "oven", "get"), True, "allowed: allow 2"),
            (("bob", "request", "oven", "set"), False, "denied: no rule"),
            (("bob", "listen", "*", "*"), True, "allowed in part: allow 2"),
            (("bob", "listen", "lamp", "secret*"), True, "allowed in part: allow 2"),
            (("bob", "listen", "door*", "*"), False, "denied: no rule"),
        ):
            status, out, err = self.run_("check", "--as", *words)
            self.assertEqual((status, err), (0 if allowed else 77, ""), words)
            self.assertTrue(out.startswith(text), (words, out))

    def test_others(self) -> None:
        """Rules that did not decide are named, too."""
        _, out, _ = self.run_("check", "--as", "ann", "listen", "lamp", "secret")
        self.assertIn("\n  also about this: allow 2 (", out)
        _, out, _ = self.run_("check", "--as", "ann", "listen", "lamp", "secret", "--json")
        record = json.loads(out)
        self.assertEqual((record["principal"], record["allowed"]), ("ann", False))
        self.assertEqual(len(record["others"]), 1)

    def test_form(self) -> None:
        """As everywhere, in a form of one's own."""
        _, out, _ = self.run_("check", "--as", "ann", "send", "x", "--format", "{allowed} {name}")
        self.assertTrue(out.startswith("false"), out)

    def test_misuse(self) -> None:
        """What is missing or too much is told."""
        for words, text in (
            (("--as", "ann"), "say what is to be done"),
            (("send", "lamp"), "say who does it: --as PRINCIPAL"),
            (("--as", "ann", "send"), "say which sender: send SENDER"),
            (("--as", "ann", "send", "lamp", "x"), "send takes a sender, and nothing else"),
            (("--as", "ann", "listen", "lamp"), "say which: listen SENDER EVENT"),
            (("--as", "ann", "request", "lamp"), "say which: request SENDER METHOD"),
            (("--as", "ann*", "send", "lamp"), "is a pattern; name one principal"),
            (("--as", "", "send", "lamp"), "empty"),
            (("--as", "ann", "listen", "*****", "x"), "more than 4 *"),
            (("--as", "ann", "hear", "lamp"), "hear"),
        ):
            status, out, err = self.run_("check", *words)
            self.assertEqual((status, out), (2, ""), words)
            self.assertIn(text, err)
        self.assertEqual(inProcess("acl").status, 2)

    def test_show(self) -> None:
        """The rules about one principal."""
        _, out, _ = self.run_("show", "--as", "bob", "--json")
        found = [json.loads(line) for line in out.splitlines()]
        self.assertEqual(
            [each["verb"] for each in found], ["listen", "listen", "request", "listen"]
        )
        self.assertEqual([each["effect"] for each in found], ["allow", "allow", "allow", "deny"])
        self.assertEqual(self.run_("show").status, 2)

    def test_hostile(self) -> None:
        """What stands in a file does not command the terminal."""
        self.write(f"[[allow]]\nwho = ['*']\nsend = ['x']\nname = {json.dumps('[red]')}\n")
        _, out, err = self.run_("check")
        self.assertIn("[red]", out)
        self.write(f"[[allow]]\nwho = ['*']\nsend = ['x']\nname = {json.dumps(HOSTILE)}\n")
        status, out, err = self.run_("check")
        self.assertEqual(status, 78)
        for letter in UNSAFE:
            self.assertNotIn(letter, out + err)
