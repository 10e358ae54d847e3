"""Routers on a loop of asyncio: all that docs/asyncio.md has, and the commands."""

from __future__ import annotations

import re
import signal

from twisted.trial.unittest import SkipTest

from .processes import FOREGROUND, ROOT, EndToEnd, Heard, Program, until

PAGE = ROOT / "docs" / "asyncio.md"
BLOCK = re.compile(r"^```python\n# ([\w. ]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STATED = re.compile(r"# prints: (.*)$", re.MULTILINE)
ASYNCIO = (*FOREGROUND, "--reactor=asyncio")

# Enters and leaves as a framework does, with requests of pages between.
FRAMEWORK = """\
import asyncio
from types import SimpleNamespace
from web import level, lifespan

async def main():
    app = SimpleNamespace(state=SimpleNamespace())
    async with lifespan(app):
        while True:
            try:
                print("page:", await level(app))
                break
            except (ConnectionError, LookupError) as error:
                print("not yet:", error)
                await asyncio.sleep(0.05)
    print("left")

asyncio.run(main())
"""

# Runs cells as a kernel does: one after the other, on a loop that runs all the time.
KERNEL = """\
import ast, asyncio, inspect, sys
from pathlib import Path

names = {"__name__": "__main__"}

async def kernel():
    for path in sys.argv[1:]:
        code = compile(Path(path).read_text(), path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, names)
        if inspect.iscoroutine(result):
            await result
        await asyncio.sleep(0)

asyncio.run(kernel())
print("threads", len(names["reactor"].getThreadPool().threads))
"""


FAILING = """\
import asyncio

def start(router):
    return asyncio.ensure_future(asyncio.wait_for(asyncio.sleep(60), 0.01))

def early(router):
    raise SystemExit("too early")
"""


class AsyncioTests(EndToEnd):
    """The page's programs, in processes, against a server that runs on the asyncio reactor too."""

    def setUp(self) -> None:
        """Write the page's files, with the test's endpoint in them."""
        super().setUp()
        if not PAGE.exists():
            raise SkipTest("not in a source tree")
        text = PAGE.read_text(encoding="utf-8").replace("127.0.0.1:7744", self.unix)
        self.files = dict(BLOCK.findall(text))
        for name, code in self.files.items():
            (self.folder / name).write_text(code)

    def stated(self, *names: str) -> list[str]:
        """What these blocks are said to print."""
        return [line for name in names for line in STATED.findall(self.files[name])]

    async def prints(self, expected: list[str], *arguments: str) -> Program:
        """Check what a program prints; it must end by itself, without a warning."""
        self.assertTrue(expected)
        program = self.start(Program(), "-W", "error", *arguments)
        self.assertEqual(await program.ends(), 0, program.text)
        self.assertEqual(program.lines, expected)
        return program

    def test_all(self) -> None:
        """All blocks are run by the tests here."""
        self.assertEqual(len(self.files), PAGE.read_text(encoding="utf-8").count("```python"))
        names = {"bus.py", "program.py", "listening.py", "web.py", "greenhouse.py"}
        self.assertEqual(set(self.files), names | {"cell 1", "cell 2", "cell 3"})

    async def test_program(self) -> None:
        """asyncio.run: events and requests both ways, and an end."""
        await self.server(command=ASYNCIO)
        await self.prints(self.stated("program.py"), "program.py")

    async def test_names(self) -> None:
        """The same by the name of a machine, which is looked up in a thread."""
        server = await self.server("tcp:0:interface=127.0.0.1", command=ASYNCIO)
        path = self.folder / "program.py"
        path.write_text(path.read_text().replace(self.unix, f"localhost:{server.port}"))
        await self.prints(self.stated("program.py"), "program.py")

    async def test_listening(self) -> None:
        """Listeners and handlers that await what is asyncio's; events wait for one another."""
        await self.server()
        await self.prints(self.stated("listening.py"), "listening.py")

    async def test_lifespan(self) -> None:
        """A framework's application: without a server at first, and then with one."""
        (self.folder / "framework.py").write_text(FRAMEWORK)
        framework = self.start(Program(), "-W", "error", "framework.py")
        await framework.says("^not yet: there is no link")
        await self.server()
        client = await self.client()
        client.addSender("lamp", requests={"level": lambda params: 70})
        await framework.says("^page: 70$")
        self.assertEqual(await framework.ends(), 0, framework.text)
        self.assertEqual(framework.lines[-1], "left")

    async def test_notebook(self) -> None:
        """Cells, on a loop that runs already; threads of theirs do not keep the process."""
        server = await self.server("tcp:0:interface=127.0.0.1")
        (self.folder / "kernel.py").write_text(KERNEL)
        cells = ("cell 1", "cell 2", "cell 3")
        for name in cells:
            path = self.folder / name
            path.write_text(path.read_text().replace(self.unix, f"localhost:{server.port}"))
        await self.prints([*self.stated(*cells), "threads 1"], "kernel.py", *cells)

    async def test_commands(self) -> None:
        """Server and client of twistd; the function's task runs, and is cancelled at the end."""
        server = await self.server(command=ASYNCIO)
        self.assertIn("AsyncioSelectorReactor", server.text)
        listening = await self.client()
        heard = Heard()
        await listening.addListener(heard, "greenhouse", "temperature").whenSettled()
        # The first reading counts, since there is no other in time.
        path = self.folder / "greenhouse.py"
        path.write_text(path.read_text().replace("sleep(1)", "sleep(3600)"))
        app = self.start(
            Program(), *ASYNCIO, "pysig", "client", "--connect", self.unix, "greenhouse:start"
        )
        await until(lambda: heard, lambda: app.text)
        self.assertEqual(heard[0], ("greenhouse", "temperature", 21.5))
        for program in (app, server):
            program.kill(signal.SIGTERM)
            self.assertEqual(await program.ends(), -signal.SIGTERM)

    async def test_fails(self) -> None:
        """A task that fails ends the process as any function does."""
        (self.folder / "failing.py").write_text(FAILING)
        for name, line in (("early", "too early"), ("start", "failed: TimeoutError")):
            server = await self.ended(
                "server", "--listen", self.unix, "--app", f"failing:{name}", command=ASYNCIO
            )
            self.assertEqual(server.status, 1, server.text)
            self.assertRegex(server.lines[-1], f"failing:{name}:? {line}$")
            self.assertEqual(len(server.matching("Traceback")), name == "start")
            server.lines.clear()
