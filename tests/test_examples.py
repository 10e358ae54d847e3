"""Every example runs, each in a process of its own, and prints what it is there to show."""

from __future__ import annotations

import inspect
import json
import os
import queue
import re
import runpy
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from itertools import count
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from pysig_twisted.bridge.building import rulesFor
from pysig_twisted.bridge.requestbuilding import askings
from pysig_twisted.config import load
from pysig_twisted.tap import Options
from pysig_twisted.testing.thermometer import Thermometer
from tests.linesim import LineSim, withoutPtys
from tests.test_docs import complaint

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
PATIENCE = 30.0


class Running:
    """
    An example at work.

    @ivar printed: the lines that it has printed and that were waited for.
    """

    def __init__(self, *command: str) -> None:
        self.printed: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=EXAMPLES.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        """Collect what is printed, in a thread."""
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def expect(self, pattern: str) -> re.Match[str]:
        """
        Wait for a line that the pattern matches, from its beginning.

        @raise AssertionError: it has not come in time, or the example ended before.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"no line {pattern!r} in:\n" + "\n".join(self.printed))
            self.printed.append(line)
            found = re.match(pattern, line)
            if found is not None:
                return found

    def rest(self) -> list[str]:
        """After its end: the lines that were not waited for."""
        return list(iter(self._lines.get, None))

    def stop(self) -> None:
        """Send Ctrl-C, and wait for the end."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(PATIENCE)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        self._reader.join()


def children(parent: int) -> list[int]:
    """The processes that a process has started."""
    words = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(word) for word in words]


def isRunning(process: int) -> bool:
    """Is there such a process, and is it more than an entry in a table?"""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


class ExampleTests(SynchronousTestCase):
    """
    One method for each example.

    @cvar tested: the method that runs the example.
    """

    tested = {
        "local_signals.py": "test_localSignals",
        "server.py": "test_server",
        "remote_sender.py": "test_remoteSender",
        "remote_listeners.py": "test_remoteListeners",
        "request_sender.py": "test_requestSender",
        "late_joiner.py": "test_lateJoiner",
        "who_may_what.py": "test_whoMayWhat",
        "custom_codec.py": "test_customCodec",
        "custom_carrier.py": "test_customCarrier",
        "custom_wire.py": "test_customWire",
        "generic_client_request.py": "test_genericClientRequest",
        "disk_usage_cron.py": "test_diskUsageCron",
        "blocking_script.py": "test_blockingScript",
        "blocking_workers.py": "test_blockingWorkers",
        # These are run, with the old ones, by tests.pysig07.test_porting.
        "porting/local.py": "test_porting",
        "porting/local_07.py": "test_porting",
        "porting/network.py": "test_porting",
        "porting/network_07.py": "test_porting",
        "porting/asking.py": "test_porting",
        "porting/asking_07.py": "test_porting",
        "serial_endpoint.py": "test_serialEndpoint",
        "serial_bridge.py": "test_serialBridge",
        "serial_routers.py": "test_serialRouters",
        "micropython/self_describing.py": "test_microPython",
        "embedded_app/before.py": "test_embeddedLines",
        "embedded_app/after.py": "test_embeddedApp",
        "embedded_app/test_after.py": "test_embeddedTests",
    }

    def setUp(self) -> None:
        """A folder for a socket, whose path must be short."""
        if not EXAMPLES.exists():
            raise SkipTest("not in a source tree")
        folder = tempfile.mkdtemp(prefix="pysig-")
        self.addCleanup(shutil.rmtree, folder)
        self.endpoint = f"unix:{folder}/bus"

    def start(self, name: str, *arguments: str) -> Running:
        """Run an example until the test ends."""
        return self.launch(str(EXAMPLES / name), *arguments)

    def launch(self, *command: str) -> Running:
        """Run an interpreter until the test ends."""
        running = Running(*command)
        self.addCleanup(running.kill)
        return running

    def ended(self, name: str, *arguments: str) -> tuple[int, str]:
        """Run an example to its end: its status, and what it printed."""
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / name), *arguments],
            cwd=EXAMPLES.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=PATIENCE,
        )
        return done.returncode, done.stdout

    def test_all(self) -> None:
        """Each example has a test here."""
        found = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.py")}
        self.assertEqual(found, set(self.tested))
        for method in self.tested.values():
            self.assertTrue(hasattr(self, method), method)
        readme = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
        for name in found:
            self.assertIn(f"(examples/{name.partition('/')[0]})", readme)

    def test_endpoints(self) -> None:
        """Without an argument they meet at port 7744 of this machine."""
        found = []
        for name in self.tested:
            text = (EXAMPLES / name).read_text(encoding="utf-8")
            if re.search(r"def main\(.*\bendpoint=", text):
                main = runpy.run_path(str(EXAMPLES / name), run_name="example")["main"]
                endpoint = inspect.signature(main).parameters["endpoint"]
                expected = "127.0.0.1:7744"
                if name == "server.py":
                    expected = "tcp:7744:interface=127.0.0.1"
                self.assertEqual(endpoint.default, expected, name)
                found.append(name)
        self.assertGreaterEqual(len(found), 6)

    def test_localSignals(self) -> None:
        """All kinds of listeners hear, requests are answered or refused, and it ends."""
        example = self.start("local_signals.py")
        for line in (
            r"everything: +greenhouse #connect ",
            r"everything: +greenhouse temperature 21\.5$",
            r"of one sender: +temperature number 1: 21\.5$",
            r"one event: +21\.5 degrees is 70\.7 Fahrenheit$",
            r"alarms of anybody: greenhouse: too dry$",
            r"one event: +21\.8 degrees",
            r"\{'open': True\}$",
            r"refused: .*has no request 'door'; it has: window$",
            r"refused: .*no sender 'cellar'",
            r"here: +greenhouse fires temperature, #alarm$",
            r"everything: +greenhouse #disconnect .*'reason': 'closed'",
        ):
            example.expect(line)
        self.assertEqual(example.process.wait(PATIENCE), 0)

    def test_server(self) -> None:
        """It says where it listens, its clock ticks, and Ctrl-C ends it."""
        server = self.start("server.py", self.endpoint)
        server.expect(r"clock #connect ")
        server.expect(r"clock tick \d\d:\d\d:\d\d$")
        server.expect(r".*listening on unix:")
        server.expect(r"clock tick ")  # the second, so the reactor runs
        server.stop()
        self.assertEqual(server.process.returncode, 0)
        self.assertFalse(os.path.exists(self.endpoint.partition(":")[2]))

    def test_remoteSender(self) -> None:
        """It waits for a router, is heard there, and connects again to the next one."""
        sender = self.start("remote_sender.py", self.endpoint)
        for _ in range(2):
            server = self.start("server.py", self.endpoint)
            sender.expect(r"connected to pysig_twisted/.* at unix:")
            server.expect(r"machine #connect .*'load', '#alarm'")
            found = server.expect(r"machine load \{'minute': ([0-9.]+), 'processors': (\d+)\}$")
            self.assertEqual(int(found[2]), os.cpu_count())
            server.stop()
            sender.expect(r"disconnected: the router is going down$")
        sender.stop()
        self.assertEqual(sender.process.returncode, 0)

    def test_remoteListeners(self) -> None:
        """Each kind of listener hears what is meant for it."""
        server = self.start("server.py", self.endpoint)
        server.expect(r".*listening on")
        listeners = self.start("remote_listeners.py", self.endpoint)
        listeners.expect(r"came +clock, which fires \['tick'\]$")
        listeners.expect(r"everything +clock tick ")
        listeners.expect(r"one event +clock tick ")
        listeners.expect(r"slow +clock tick ")
        sender = self.start("remote_sender.py", self.endpoint)
        listeners.expect(r"came +machine, which fires \['load', '#alarm'\]$")
        listeners.expect(r"one sender +machine load ")
        listeners.expect(r"pattern +machine load ")
        sender.stop()
        listeners.expect(r"went +machine: closed$")
        listeners.stop()
        self.assertEqual(listeners.process.returncode, 0)

    def test_requestSender(self) -> None:
        """Every kind of handler answers; errors arrive as what they are."""
        server = self.start("server.py", self.endpoint)
        server.expect(r".*listening on")
        example = self.start("request_sender.py", self.endpoint)
        for line in (
            r"host: \{'name': ",
            r"disk: \{'total': \d+",
            r"disk: RemoteError: FileNotFoundError: .*/no/such/folder",
            r"count: \d+$",
            r"nap: anonymous may get up$",
            r"nap: RequestTimeout: .*within 0\.5 s$",
            r"dance: nobody here knows how to dance$",
            r"now it answers others",
        ):
            example.expect(line)
        example.stop()
        server.expect(r".*'reason': 'closed'")

    def test_genericClientRequest(self) -> None:
        """It prints any answer, takes JSON and text, and ends with the status of an error."""
        server = self.start("server.py", self.endpoint)
        server.expect(r".*listening on")
        sender = self.start("request_sender.py", self.endpoint)
        sender.expect(r"now it answers others")
        name = "generic_client_request.py"
        for arguments, status, pattern in (
            (["system", "host", "null"], 0, r'\{\n  "name": '),
            (["system", "disk", str(EXAMPLES)], 0, r'\{\n  "total": \d+'),
            (["system", "nap", "0.01"], 0, r'"anonymous may get up"\n$'),
            (["clock", "now", "[1, {}]"], 0, r"\d+\.\d+\n$"),
            (["cellar", "light", "null"], 80, r"cellar\.light: no sender 'cellar'.*\n$"),
            (["system", "disk", "/no/such"], 84, r"system\.disk: .*FileNotFoundError.*\n$"),
        ):
            ended, printed = self.ended(name, *arguments, self.endpoint)
            self.assertRegex(printed, rf"\A{pattern}")
            self.assertEqual(ended, status, printed)
        self.assertEqual(self.ended(name, "system")[0], 1)
        status, printed = self.ended(name, "a", "b", "null", f"{self.endpoint}-none")
        self.assertEqual(status, 69)
        self.assertRegex(printed, r"\Aa\.b: cannot connect to .*-none: No such file .*\n$")

    def test_diskUsageCron(self) -> None:
        """It tells what it found, and ends; without a router it says so in one line."""
        name = "disk_usage_cron.py"
        server = self.start("server.py", self.endpoint)
        server.expect(r".*listening on")
        self.assertEqual(self.ended(name, self.endpoint), (0, ""))
        server.expect(r"disk #connect ")
        server.expect(r"disk usage \{'path': '/', 'percent': [\d.]+, 'free': \d+\}$")
        server.expect(r"disk #disconnect .*'closed'")
        server.stop()
        status, printed = self.ended(name, self.endpoint)
        self.assertEqual(status, 69)
        self.assertRegex(
            printed, r"\Adisk_usage_cron: nothing was told: cannot connect to unix:\S+: .*\n$"
        )

    def test_blockingScript(self) -> None:
        """It hears and asks; without a router it says so in one line."""
        server = self.start("server.py", self.endpoint)
        server.expect(r".*listening on")
        status, printed = self.ended("blocking_script.py", self.endpoint)
        self.assertEqual(
            printed.splitlines(),
            [
                "here: clock",
                "heard: 0",
                "heard: 1",
                "heard: 2",
                "asked: 42",
                "NoSuchMethod: sender 'counter' has no request 'halve'; it has: double",
            ],
        )
        self.assertEqual(status, 0)
        server.expect(r"counter #disconnect .*'closed'")
        server.stop()
        status, printed = self.ended("blocking_script.py", self.endpoint)
        self.assertEqual(status, 1)
        self.assertRegex(printed, r"\Ablocking_script: cannot connect to unix:\S+: .*\n$")

    def test_porting(self) -> None:
        """Without a network, it is as it was."""
        status, printed = self.ended("porting/local.py")
        self.assertEqual((status, len(printed.splitlines())), (0, 3))

    def test_blockingWorkers(self) -> None:
        """Its threads do their work beside each other, with a server and without."""
        server = self.start("server.py", self.endpoint)
        server.expect(r".*listening on")
        for endpoint in ([], [self.endpoint]):
            status, printed = self.ended("blocking_workers.py", *endpoint)
            self.assertEqual(status, 0, printed)
            *lines, took = printed.splitlines()
            self.assertEqual(
                sorted(lines),
                [
                    *(f"camera{n} has taken picture {n}" for n in range(4)),
                    *(f"picture {n}, developed" for n in range(4)),
                ],
            )
            self.assertRegex(took, r"4 times 0\.2 s took \d\.\d s$")
        server.expect(r"laboratory #disconnect .*'closed'")

    def test_embeddedLines(self) -> None:
        """The application has a bus by what was added to it, and by nothing else."""
        folder = EXAMPLES / "embedded_app"
        before = (folder / "before.py").read_text(encoding="utf-8").splitlines()
        after = (folder / "after.py").read_text(encoding="utf-8").splitlines()
        added = [line for line in after if line.endswith("  # +")]
        kept = iter(line for line in after if line not in added and line)
        self.assertEqual([line for line in before if line], list(kept))
        self.assertTrue(5 < len(added) < 20, added)
        self.assertNotIn("pysig", "".join(before))

    def test_embeddedApp(self) -> None:
        """twistd runs it: lines of members are events, and the bus speaks to members."""
        folder = Path(self.endpoint.partition(":")[2]).parent
        text = (EXAMPLES / "embedded_app" / "after.py").read_text(encoding="utf-8")
        text = text.replace("tcp:7000:interface=127.0.0.1", f"unix:{folder}/chat")
        (folder / "app.py").write_text(text.replace("tcp:7744:interface=127.0.0.1", self.endpoint))
        run = "import sys; sys.argv[0] = 'twistd'; from twisted.scripts.twistd import run; run()"
        app = self.launch("-c", run, "-n", "--pidfile=", "-y", str(folder / "app.py"))
        app.expect(r".*listening on unix:")
        listeners = self.start("remote_listeners.py", self.endpoint)
        listeners.expect(r"came +chat, which fires \['said'\]$")
        with socket.socket(socket.AF_UNIX) as ann:
            ann.settimeout(PATIENCE)
            ann.connect(f"{folder}/chat")
            ann.sendall(b"good evening\n")
            self.assertEqual(ann.recv(100), b"good evening\n")
            listeners.expect(r"everything +chat said good evening$")
            request = ("generic_client_request.py", "chat")
            self.assertEqual(self.ended(*request, "count", "null", self.endpoint), (0, "1\n"))
            self.assertEqual(self.ended(*request, "say", "dinner", self.endpoint)[0], 0)
            self.assertEqual(ann.recv(100), b"dinner\n")

    def test_embeddedTests(self) -> None:
        """Its own tests pass, and find what is broken."""
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        after = Path(folder, "after.py")
        for name in ("after.py", "test_after.py"):
            shutil.copy(EXAMPLES / "embedded_app" / name, folder)

        def run() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [sys.executable, "-m", "twisted.trial", "test_after"],
                cwd=folder,
                capture_output=True,
                encoding="utf-8",
                timeout=PATIENCE,
            )

        self.assertEqual(run().returncode, 0)
        after.write_text(after.read_text().replace('"said", text', '"said", ""'))
        self.assertIn("FAILED (failures=1, successes=2)", run().stdout)

    def test_lateJoiner(self) -> None:
        """Who comes late hears what was; who was away hears all of it, once and in order."""
        status, printed = self.ended("late_joiner.py")
        self.assertEqual(status, 0, printed)
        heard: dict[str, list[tuple[int, bool]]] = {"hall": [], "cellar": []}
        for line in printed.splitlines():
            found = re.fullmatch(r"(\w+) +number (\d+): [\d.]+(, replayed)?", line)
            if found is not None:
                heard[found[1]].append((int(found[2]), found[3] is not None))
        late, away = [(3, True), (4, True)], [(5, True), (6, True), (7, True)]
        self.assertEqual(heard["hall"], [*late, *away, (8, False)])
        live = [(number, False) for number in (5, 6, 7)]
        self.assertEqual(heard["cellar"][:5], [(2, True), (4, True), *live])
        self.assertNotIn("gone", printed)

    def plugIn(self) -> tuple[Running, str]:
        """Start a simulated device: the process, and its path. SIGTERM unplugs it for good."""
        if reason := withoutPtys():
            raise SkipTest(reason)
        path = f"{Path(self.endpoint.partition(':')[2]).parent}/thermometer"
        instrument = self.launch("-m", "pysig_twisted.testing.instrument", path)
        instrument.expect("A thermometer is plugged in at ")
        return instrument, path

    def test_whoMayWhat(self) -> None:
        """Who is not known does not get in, and who is hears and does what the rules say."""
        status, printed = self.ended("who_may_what.py")
        self.assertEqual(status, 0, printed)
        said = [line for line in printed.splitlines() if "pysig_twisted" not in line]
        self.assertIn("not alice: ", printed)
        self.assertIn("bob knows lamp of alice, with ('state',)", said)
        self.assertIn("bob hears state on", said)
        denied = [line for line in said if line.startswith("denied: 'bob' may not ")]
        self.assertEqual(len(denied), 3, printed)
        self.assertIn("deny 1 'diagnoses are for alice' (acl.toml)", printed)

    def test_serialEndpoint(self) -> None:
        """It prints what the device says, tells that it is unplugged, and finds it again."""
        instrument, path = self.plugIn()
        example = self.start("serial_endpoint.py", f"serial:{path}:baudrate=9600")
        for _ in range(2):
            example.expect(f"it is there: serial:{path}$")
            example.expect(r"READY thermometer 1\.0$")
            example.expect(r"T=\d+\.\d H=\d+$")
            instrument.process.terminate()
            example.expect(f"it is gone: {path} has gone")
            instrument, path = self.plugIn()
        example.stop()
        self.assertEqual(example.process.returncode, 0)

    def test_serialBridge(self) -> None:
        """Readings are events, and the plug is presence, with its reason."""
        instrument, path = self.plugIn()
        example = self.start("serial_bridge.py", path)
        for _ in range(2):
            example.expect("thermometer is there$")
            example.expect(r"\d+\.\d degrees, \d+ % humidity$")
            instrument.process.terminate()
            example.expect("thermometer is gone: unplugged$")
            example.expect(f"waiting for thermometer: {path} is not there; ")
            instrument, path = self.plugIn()
        example.stop()
        self.assertEqual(example.process.returncode, 0)

    def test_serialRouters(self) -> None:
        """Two routers on a line: events and requests both ways, also after one was killed."""
        if reason := withoutPtys():
            raise SkipTest(reason)
        line = LineSim(9600)
        self.addCleanup(line.close)
        near, far = (f"seriallink:{end.path}:baudrate=9600" for end in (line.a, line.b))
        room = self.start("serial_routers.py", "room", near)
        for _ in range(2):
            field = self.start("serial_routers.py", "field", far)
            field.expect(r"in the room it is \d\d:\d\d$")
            room.expect("the field is there$")
            room.expect("the tank has 2$")
            field.expect("pumping$")
            room.expect("pumped 8$")
            field.kill()
        field = self.start("serial_routers.py", "field", far)
        for _ in range(2):
            field.expect(r"in the room it is \d\d:\d\d$")
            room.kill()
            room = self.start("serial_routers.py", "room", near)
            room.expect("the field is there$")
            room.expect(r"the tank has \d+$")
        room.stop()
        field.stop()
        self.assertEqual((room.process.returncode, field.process.returncode), (0, 0))

    def test_serialRoutersMistakes(self) -> None:
        """What is wrong with the port, or with the command, is said in words."""
        if reason := withoutPtys():
            raise SkipTest(reason)
        name, missing = "serial_routers.py", f"seriallink:{self.endpoint.partition(':')[2]}-none"
        field = self.start(name, "field", missing)
        field.expect("waiting: .*-none is not there; ")
        field.stop()
        self.assertEqual(field.rest(), [])
        room = self.start(name, "room", missing)
        room.expect(".*-none is not there; plug the device in, or give another path$")
        room.stop()
        for arguments in ([], ["tank", missing], ["room"], ["field", missing, "more"]):
            status, said = self.ended(name, *arguments)
            self.assertEqual(status, 1)
            self.assertIn("python examples/serial_routers.py room ", said)
        for place in ("room", "field"):
            status, said = self.ended(name, place, "serial:/dev/ttyS0")
            self.assertEqual(status, 1)
            self.assertRegex(said, r"\A.*'serial:/dev/ttyS0': a bare serial line .*\n\Z")

    def test_serialDevice(self) -> None:
        """The file is a good one, its comments show commands that are, and its rule fits."""
        path = EXAMPLES / "serial_device.toml"
        [device] = load(str(path), {}, {}).serial
        self.assertEqual((device.name, device.port), ("thermometer", "./thermometer"))
        fired = rulesFor(device).apply(b"T=21.5 H=48", 0.0)
        self.assertEqual(fired, ("climate", {"celsius": 21.5, "humidity": 48}))
        commands = re.findall(
            r"(?m)^# {3}((?:python|twistd|pysig) .*?)(?: {3}.*)?$", path.read_text()
        )
        self.assertEqual(len(commands), 4)
        [command] = [shlex.split(each) for each in commands if " request " in each]
        asked = askings(device, count(1))[command[3]].command(json.loads(command[4]))
        instrument = Thermometer()
        self.assertEqual(instrument.answer(asked.data.rstrip()), b"OK\r\n")
        self.assertEqual(instrument.relays, [False, True, False, False])
        for _, _, kind, _ in Options.subCommands:
            self.patch(kind, "postOptions", lambda self: None)
        for command in commands:
            self.assertEqual(complaint(shlex.split(command)), "", command)

    def test_microPython(self) -> None:
        """What is to run on a board says hello here, and answers, until nobody is there."""
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / "micropython" / "self_describing.py")],
            input=b'\n{"hello":"?"}\n\n{"id":1,"method":"led","params":1}\n\xff\n',
            capture_output=True,
            timeout=PATIENCE,
        )
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        empty, hello, again, answer = done.stdout.splitlines()
        self.assertEqual((empty, again), (b"", hello))
        self.assertTrue(hello.startswith(b'{"hello": "green", '))
        self.assertEqual(answer, b'{"id": 1, "response": 1}')

    def test_customCodec(self) -> None:
        """Those who have the encoding use it; what others miss is told, and what they ask goes."""
        server = self.start("server.py", self.endpoint)
        server.expect(r".*listening on")
        example = self.start("custom_codec.py", self.endpoint)
        for line in (
            r"rich-json: \{'at': datetime.datetime\(2026, 6, 21, 12, 0, tzinfo=.*utc\),"
            r" 'kWh': Decimal\('20451.30'\), 'raw': b'\\x01\\xff'\}$",
            r"rich-json: \[datetime.datetime\(.*\), Decimal\('0.10'\)\]$",
            r"json:      \['noon', '0.10'\]$",
            r"rich-json: UnsupportedCodec: the other side does not speak rich-json; use json$",
        ):
            example.expect(line)
        self.assertIn("json:      missed 1 event of meter, because of the codec", example.printed)
        example.stop()

    def test_customWire(self) -> None:
        """A library's client and a bare socket meet a client of version 1, in lines of JSON."""
        example = self.start("custom_wire.py")
        for line in (
            "socket <- Welcome",
            "socket <- PresenceNotice",
            "client <- green it is",
            r"socket heard {'by': 'Ann'}",
        ):
            example.expect(line)
        self.assertEqual(example.process.wait(PATIENCE), 0)

    def test_customCarrier(self) -> None:
        """The router in the child is used, and used again in the next child; it ends with us."""
        example = self.start("custom_carrier.py")
        example.expect(r"connected to the child$")
        example.expect(r"heard count of counter$")
        first = int(example.expect(r"killing process (\d+)$")[1])
        example.expect(r"disconnected: .* ended by signal 9\.$")
        example.expect(r"connected to the child$")
        example.expect(r"there is another one: True$")
        self.assertRaises(ProcessLookupError, os.kill, first, 0)
        [second] = children(example.process.pid)
        example.kill()  # without a word to the child
        deadline = time.monotonic() + PATIENCE
        while isRunning(second) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertFalse(isRunning(second))
