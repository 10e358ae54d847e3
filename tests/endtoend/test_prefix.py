"""A prefix of one's own for endpoint strings: the plugin of docs/carriers.md, on a command line."""

from __future__ import annotations

import os
import re
import sys

from twisted.trial.unittest import SkipTest

from .processes import ROOT, TWIST, EndToEnd, Program

PAGE = ROOT / "docs" / "carriers.md"
BLOCK = re.compile(
    r"^```python\n# (?P<path>twisted/plugins/\S+\.py)\n(?P<code>.*?)^```$", re.M | re.S
)

SSH = """#!{python}
import os, sys
with open("asked", "a") as file:
    print(*sys.argv[1:], file=file)
os.execv(sys.executable, [sys.executable, *{arguments!r}])
"""


class PrefixTests(EndToEnd):
    """C{--connect ssh:HOST}, with something in the place of ssh."""

    def setUp(self) -> None:
        """The plugin, and an ssh that runs a router here."""
        super().setUp()
        if not PAGE.exists():
            raise SkipTest("not in a source tree")
        found = BLOCK.search(PAGE.read_text(encoding="utf-8"))
        assert found is not None
        plugin = self.folder / found["path"]
        plugin.parent.mkdir(parents=True)
        plugin.write_text(found["code"])
        arguments = [*TWIST, "--log-file=log", "pysig", "server", "--listen", "stdio:"]
        ssh = self.folder / "ssh"
        ssh.write_text(SSH.format(python=sys.executable, arguments=arguments))
        ssh.chmod(0o700)
        paths = {name: os.environ.get(name, "") for name in ("PATH", "PYTHONPATH")}
        self.environment = {
            "PATH": f"{self.folder}{os.pathsep}{paths['PATH']}",
            "PYTHONPATH": os.pathsep.join([str(self.folder), str(ROOT), paths["PYTHONPATH"]]),
        }

    async def asked(self, *arguments: str) -> Program:
        """Run the command to its end."""
        code = "import sys; from pysig_twisted.commands.main import main; sys.exit(main())"
        program = self.start(Program(), "-c", code, *arguments, environment=self.environment)
        await program.ends()
        return program

    async def test_connect(self) -> None:
        """The string leads through ssh to the router."""
        connect = ("--connect", "ssh:greenhouse.example.org")
        program = await self.asked("request", *connect, "$router", "stats")
        self.assertEqual(program.status, 0, program.text)
        self.assertIn("uptime", program.text)
        expected = "-o BatchMode=yes -W 127.0.0.1:7744 greenhouse.example.org\n"
        self.assertEqual((self.folder / "asked").read_text(), expected)

    async def test_number(self) -> None:
        """What looks like a host and a port is a prefix, where there is one of that name."""
        program = await self.asked("request", "--connect", "ssh:7745", "$router", "stats")
        self.assertEqual(program.status, 0, program.text)
        self.assertTrue((self.folder / "asked").read_text().endswith(" 7745\n"))
