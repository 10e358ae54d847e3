"""C{pysig demo}."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.commands import demo
from pysig_twisted.commands.failing import CommandFailed
from tests import slow
from tests.linesim import withoutPtys

from . import CommandCase, Run, settled


class PartsTests(SynchronousTestCase):
    """Parts of the demo that start nothing."""

    def test_folder(self) -> None:
        """The folder is private, short enough for a socket, and gone in the end."""
        long = Path(self.mktemp()).absolute() / ("x" * 100)
        long.mkdir(parents=True)
        self.patch(demo.tempfile, "tempdir", str(long))
        with demo.temporaryFolder() as folder:
            self.assertLess(len(os.fsencode(folder / "bus")), 100)
            self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
            (folder / "bus").write_text("")
        self.assertFalse(folder.exists())
        self.assertEqual(list(long.iterdir()), [])

    def test_noFolder(self) -> None:
        """Where there is no place for a folder, that is what is said."""

        def fail(**options: Any) -> str:
            raise OSError(28, "No space left on device")

        self.patch(demo.tempfile, "mkdtemp", fail)
        with self.assertRaisesRegex(CommandFailed, "no place .*: No space left"):
            demo.temporaryFolder().__enter__()

    def test_shortened(self) -> None:
        """Of who comes and goes, what matters is shown; of events, all."""
        data = {"events": ["a"], "requests": None, "sid": "1", "reason": "unplugged"}
        self.assertEqual(demo.shortened("#connect", data), {"events": ["a"], "requests": None})
        self.assertEqual(demo.shortened("#disconnect", data), {"reason": "unplugged"})
        self.assertIs(demo.shortened("temperature", data), data)

    def test_command(self) -> None:
        """The command is shown as the user can run it, from any folder."""
        folder = Path(self.mktemp())
        folder.mkdir()
        path = folder / "pysig"
        path.write_text("")
        module = "python -m pysig_twisted.commands.main"
        self.patch(os, "environ", {"PATH": "/nowhere"})
        self.assertEqual(demo.ownCommand([str(path)], "python"), module)
        path.chmod(0o755)
        self.assertEqual(demo.ownCommand([str(path)], "python"), str(path.absolute()))
        os.environ["PATH"] = str(folder.absolute())
        self.assertEqual(demo.ownCommand([str(path)], "python"), "pysig")
        self.assertEqual(demo.ownCommand(["main.py"], "python"), module)


class DemoTests(CommandCase):
    """The demo, with all its processes."""

    def demo(self, **options: Any) -> Run:
        """Start it, with temporary folders in ours."""
        environment = {"TMPDIR": str(self.folder), **options.pop("environment", {})}
        return self.spawn("demo", environment=environment, connect=False, **options)

    def children(self) -> list[str]:
        """The processes that use our folder."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                arguments = path.read_bytes().decode(errors="replace").split("\0")
            except OSError:
                continue
            if any(text.startswith(f"unix:{self.folder}") for text in arguments):
                found.append(" ".join(arguments))
        return found

    async def test_pipe(self) -> None:
        """In a pipe it ends by itself after ten events, and leaves nothing behind."""
        run = await self.demo().ended()
        self.assertEnds(run, 0)
        events = re.findall("(?m)^[0-9:.]+  (?:machine|thermometer)  ([a-z]+)  ", run.out)
        self.assertEqual(len(events), 10)
        self.assertLessEqual({"load", "memory", "disk"}, set(events))
        self.assertNotIn("  bridge  ", run.out)
        self.assertEqual(os.listdir(self.folder), [])
        self.assertEqual(self.children(), [])

    async def test_commands(self) -> None:
        """On a terminal it goes on; its commands work as printed; Ctrl-C ends it with 0."""
        run = self.demo(usePTY=True, environment={"NO_COLOR": "1"})
        await run.printed("  machine  disk  ")
        lines = [line.strip() for line in run.out.splitlines() if " --connect " in line]
        self.assertEqual(len(lines), 3 if withoutPtys() else 6)
        outputs = []
        for line in lines[:3]:
            arguments = demo.shlex.split(line)
            self.assertEqual(arguments[:3], [sys.executable, "-m", "pysig_twisted.commands.main"])
            told = await self.spawn(*arguments[3:], connect=False).ended()
            self.assertEnds(told, 0)
            outputs.append(told.out)
        self.assertIn("machine\tload, memory, disk\tuptime, disk\t", outputs[0])
        self.assertIn("seconds", outputs[1])
        await run.printed('  kitchen  hello  1  {"to":"everyone"}')
        run.transport.write(b"\x03")
        await run.ended()
        self.assertEqual(run.status, 0, run.out)
        self.assertNotIn("Traceback", run.out)
        self.assertNotIn("pysig:", run.out)
        self.assertEqual(os.listdir(self.folder), [])
        self.assertEqual(self.children(), [])

    async def test_replug(self) -> None:
        """The thermometer speaks; its plug is pulled and put in again by the printed commands."""
        if reason := withoutPtys():
            self.skipTest(reason)
        run = self.demo(usePTY=True, environment={"NO_COLOR": "1"})
        await run.printed("  thermometer  #connect  ")
        await run.printed('  {"celsius":')
        lines = [line.strip() for line in run.out.splitlines() if " --connect " in line]
        [relay] = [line for line in lines if " set_relay " in line]
        told = await self.spawn(*demo.shlex.split(relay)[3:], connect=False).ended()
        self.assertEnds(told, 0)
        self.assertEqual(told.out, '"OK"\n')
        lines = [line for line in lines if " request bench " in line]
        for line, told in (
            (lines[0], '  thermometer  #disconnect  {n}  {"reason":"unplugged"}'),
            (lines[1], '  thermometer  started  {n}  "READY thermometer 1.0"'),
        ):
            arguments = demo.shlex.split(line)
            self.assertEnds(await self.spawn(*arguments[3:], connect=False).ended(), 0)
            pattern = re.escape(told).replace(re.escape("{n}"), r"\d+")
            await run.until(lambda pattern=pattern: re.search(pattern, run.out))
            self.assertRegex(run.out, pattern)
        # It said that it has started before the plug was pulled, too.
        await run.until(lambda: run.out.count("  thermometer  #connect  ") == 2)
        self.assertNotIn("  bridge  ", run.out)
        run.transport.write(b"\x03")
        await run.ended()
        self.assertEqual(run.status, 0, run.out)
        self.assertEqual(os.listdir(self.folder), [])

    async def test_withoutPtys(self) -> None:
        """Where there are no pseudo-terminals it says so, and shows the rest."""
        run = self.spawn(
            "demo",
            connect=False,
            environment={"TMPDIR": str(self.folder)},
            program=(
                "-c",
                "import os\ndef openpty(): raise OSError(2, 'No such file or directory')\n"
                "os.openpty = openpty; from pysig_twisted.commands import main; main.main()",
            ),
        )
        await run.ended()
        self.assertEnds(run, 0)
        self.assertIn("but there are no pseudo-terminals: No such file or directory.)\n", run.out)
        self.assertNotIn("bench", run.out)
        self.assertEqual(len(re.findall("(?m)^[0-9:.]+  machine  [a-z]+  ", run.out)), 10)

    @slow
    async def test_killed(self) -> None:
        """Killed without a chance to clean up, it leaves no process behind."""
        run = self.demo()
        await run.printed("  machine  load  ")
        if Path("/proc/self/cmdline").exists():
            self.assertEqual(len(self.children()), 2)
        run.signal("KILL")
        await run.ended()
        await settled(lambda: not self.children())

    async def test_terminated(self) -> None:
        """SIGTERM ends everything quietly, before the router is even up."""
        run = self.demo()
        await settled(lambda: len(os.listdir(self.folder)) == 1)
        run.signal("TERM")
        await run.ended()
        self.assertEnds(run, 143)
        self.assertEqual(os.listdir(self.folder), [])
        await settled(lambda: not self.children())

    async def test_routerFails(self) -> None:
        """A router that does not come up is told, with what it said last."""
        run = self.spawn(
            "demo",
            connect=False,
            environment={"TMPDIR": str(self.folder)},
            program=(
                "-c",
                "from pysig_twisted.commands import demo, main;"
                "demo.TWISTD = (*demo.TWISTD[:-1], '--nonsense'); main.main()",
            ),
        )
        await run.ended()
        self.assertNotEqual(run.status, 0)
        self.assertNotIn("Traceback", run.err)
        self.assertIn("pysig: the router ended with status 1; it printed:\n", run.err)
        self.assertIn("nonsense", run.err)
        self.assertEqual(os.listdir(self.folder), [])

    @slow
    async def test_noEvents(self) -> None:
        """When nothing comes for too long it says so."""
        run = self.spawn(
            "demo",
            connect=False,
            environment={"TMPDIR": str(self.folder)},
            program=(
                "-c",
                "from pysig_twisted.commands import demo, main;demo.START = 0.1; main.main()",
            ),
        )
        await run.ended()
        self.assertEqual(run.status, 1)
        self.assertIn("no event came within 0.1 s", run.err)
        self.assertEqual(os.listdir(self.folder), [])
