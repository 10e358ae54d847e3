"""Completion of command lines."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted.commands.completing import offered

from . import CommandCase, Run, inProcess, thermometer


class ScriptTests(SynchronousTestCase):
    """The scripts."""

    def test_scripts(self) -> None:
        """Each tells how to install it, and asks this command."""
        for shell in ("bash", "zsh", "fish"):
            status, out, err = inProcess("completion", shell)
            self.assertEqual((status, err), (0, ""))
            self.assertIn("Install it with", out)
            self.assertIn(f"_PYSIG_COMPLETE={shell}_complete", out)
        self.assertTrue(inProcess("completion", "zsh").out.startswith("#compdef pysig\n"))

    def test_valid(self) -> None:
        """The shell that is there takes its script."""
        bash = shutil.which("bash")
        if bash is None:
            raise SkipTest("there is no bash")
        file = Path(self.mktemp())
        file.write_text(inProcess("completion", "bash").out)
        subprocess.run([bash, "-n", str(file)], check=True, timeout=30)

    def test_offered(self) -> None:
        """Names that a shell could take for more than a word are not offered."""
        names = [
            "temp",
            "a;rm -rf ~",
            "$(x)",
            "a b",
            "a,b",
            "#c",
            "-x",
            "it's",
            "*",
            "a\u202e",
            "温度",
            None,
        ]
        self.assertEqual(offered(names, ""), ["temp", "温度"])
        self.assertEqual(offered(["b", "ab", "a.b/c"], "a"), ["a.b/c", "ab"])
        self.assertEqual(len(offered(map(str, range(1000)), "")), 200)


class AskTests(CommandCase):
    """What the router knows."""

    def complete(self, words: str) -> Run:
        """Complete the last of some words."""
        variables: dict[str, str | None] = {
            "_PYSIG_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
            "PYSIG_CONNECT": self.endpoint,
        }
        return self.spawn(connect=False, environment=variables)

    async def test_names(self) -> None:
        """Senders, their events and methods, and events of all."""
        router = self.serve()
        thermometer(router)
        router.addSender("door", ["opened"])
        cases = {
            "pysig listen ": ["door", "thermo"],
            "pysig listen t": ["thermo"],
            "pysig listen door ": ["opened"],
            "pysig listen - ": ["opened", "temp"],
            "pysig request ": ["thermo"],
            "pysig request thermo e": ["echo"],
            "pysig trigger new t": ["temp"],
            "pysig senders x": [],
            "pysig listen --codec m": ["msgpack"],
        }
        runs = {words: self.complete(words) for words in cases}
        for words, run in runs.items():
            await run.ended()
            self.assertEnds(run, 0)
            found = [line.partition(",")[2] for line in run.out.splitlines() if line]
            self.assertEqual(found, cases[words], words)

    async def test_nobody(self) -> None:
        """Without a router nothing is offered, and nothing said."""
        run = await self.complete("pysig listen ").ended()
        self.assertEnds(run, 0)
        self.assertEqual(run.out.strip(), "")
