"""The benchmarks run, count what they must count, and judge what they say they judge."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from . import slow

ROOT = Path(__file__).resolve().parent.parent
NETWORKED = {"bare relay", "pysig_twisted"}


def inSources() -> None:
    """Skip a test where the benchmarks are not, as in an installed package."""
    if not (ROOT / "benchmarks").exists():
        raise SkipTest("not in a source tree")


def benchmark(case: SynchronousTestCase, *arguments: str) -> dict[str, Any]:
    """Run C{python -m benchmarks --quick} and return what it wrote."""
    inSources()
    results = Path(case.mktemp()).resolve()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--json", str(results), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
    )
    case.assertEqual(done.returncode, 0, done.stdout + done.stderr)
    found: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    case.assertEqual(found["failures"], [])
    return found


class TimingTests(SynchronousTestCase):
    """benchmarks.timing."""

    def setUp(self) -> None:
        """Import it, where it is."""
        inSources()
        from benchmarks import timing

        self.timing = timing

    def test_turns(self) -> None:
        """Each contender is measured once a turn, and each turn begins with another."""
        order: list[str] = []

        def contender(name: str) -> Any:
            def measure() -> dict[str, float]:
                order.append(name)
                return {"x": float(len(order))}

            return measure

        found = self.timing.inTurns({"a": contender("a"), "b": contender("b")}, 3)
        self.assertEqual(order, ["a", "b", "b", "a", "a", "b"])
        self.assertEqual([figures["x"] for figures in found["a"]], [1.0, 4.0, 5.0])
        self.assertEqual([figures["x"] for figures in found["b"]], [2.0, 3.0, 6.0])

    def test_ratio(self) -> None:
        """A ratio is the median of those of the turns, and not that of the medians."""
        values = {"a": [1.0, 10.0, 100.0], "b": [2.0, 30.0, 50.0]}
        table = self.timing.Table("k", "t", "u", "a", values)
        self.assertEqual(table.ratio("a"), 1.0)
        self.assertEqual(table.ratio("b"), 2.0)
        self.assertEqual(table.ratio("a", "b"), 0.5)
        self.assertEqual(table.facts()["contenders"]["b"]["median"], 30.0)
        [line] = [line for line in table.lines() if line.startswith("b")]
        self.assertEqual(line.split(), ["b", "30", "2", "50", "2.00"])

    def test_beside(self) -> None:
        """Other figures are told as medians, for those that have them."""
        found = {"a": [{"x": 1.0, "y": 3.0}, {"x": 3.0, "y": 5.0}], "b": [{"x": 1.0}, {"x": 1.0}]}
        table = self.timing.tableOf("k", "t", "u", found, "x", beside=["y"])
        self.assertEqual(table.values, {"a": [1.0, 3.0], "b": [1.0, 1.0]})
        self.assertEqual(table.beside, {"a": {"y": 4.0}})
        self.assertEqual(table.reference, "a")
        lines = table.lines()
        self.assertTrue(lines[1].endswith("  y"))
        self.assertEqual(lines[2].split(), ["a", "2", "1", "3", "1.00", "4"])
        self.assertEqual(lines[3].split(), ["b", "1", "1", "1", "0.67"])


class TargetTests(SynchronousTestCase):
    """benchmarks.targets."""

    def setUp(self) -> None:
        """Import it, where it is."""
        inSources()
        from benchmarks import targets, timing

        self.targets = targets
        self.timing = timing

    def verdict(self, target: Any, **values: list[float]) -> tuple[str, float | None]:
        """The verdict on a table with these values, and what it was measured by."""
        table = self.timing.Table("k", "t", "u", next(iter(values)), values)
        [verdict] = self.targets.judged({"k": table}, [target])
        return verdict.verdict, verdict.measured

    def test_atLeast(self) -> None:
        """More is better: the bound itself is enough."""
        target = self.targets.Target("k", "us", ["them"], 0.5)
        self.assertEqual(self.verdict(target, them=[2.0], us=[1.0]), ("met", 0.5))
        self.assertEqual(self.verdict(target, them=[2.0], us=[0.9]), ("not met", 0.45))

    def test_atMost(self) -> None:
        """Less is better."""
        target = self.targets.Target("k", "us", ["them"], 2.0, atLeast=False)
        self.assertEqual(self.verdict(target, them=[2.0], us=[4.0]), ("met", 2.0))
        self.assertEqual(self.verdict(target, them=[2.0], us=[5.0]), ("not met", 2.5))

    def test_worstReference(self) -> None:
        """Several references: the best of them is what we are held against."""
        more = self.targets.Target("k", "us", ["a", "b", "absent"], 1.0)
        self.assertEqual(self.verdict(more, a=[1.0], b=[4.0], us=[2.0]), ("not met", 0.5))
        faster = self.targets.Target("k", "us", ["a", "b"], 5.0, inverse=True)
        self.assertEqual(self.verdict(faster, a=[50.0], b=[12.0], us=[2.0]), ("met", 6.0))

    def test_value(self) -> None:
        """Without a reference it is the median itself."""
        target = self.targets.Target("k", "us", (), 4.0, atLeast=False)
        self.assertEqual(self.verdict(target, us=[1.0, 3.0, 9.0]), ("met", 3.0))
        self.assertEqual(self.verdict(target, us=[5.0]), ("not met", 5.0))

    def test_absent(self) -> None:
        """What was not measured is not judged, and tables that are not there are not told."""
        target = self.targets.Target("k", "us", ["them"], 1.0)
        self.assertEqual(self.verdict(target, us=[1.0]), ("not measured", None))
        self.assertEqual(self.verdict(target, them=[1.0]), ("not measured", None))
        self.assertEqual(self.targets.judged({}, [target]), [])

    def test_lines(self) -> None:
        """A verdict tells what was asked for, and what came of it."""
        target = self.targets.Target("k", "us", ["them"], 0.5, isGoal=True)
        verdict = self.targets.Verdict(target, 0.75)
        self.assertEqual(
            verdict.line(), "met           k, us: at least 0.5 times them (a goal): 0.75"
        )
        self.assertEqual(verdict.facts()["verdict"], "met")


class LossTests(SynchronousTestCase):
    """What is lost is seen."""

    def setUp(self) -> None:
        """Import it, where it is."""
        inSources()
        from benchmarks.peers import hearing
        from benchmarks.workload import FIRST, Plan

        self.first = FIRST
        self.told: list[dict[str, Any]] = []
        self.patch(hearing, "say", lambda **result: self.told.append(result))
        self.ended: list[str | None] = []
        self.tally = hearing.Tally(Plan(4, senders=2), self.ended.append)
        self.listeners = [self.tally.listener(0), self.tally.listener(1)]

    def hear(self, *numbers: int) -> None:
        """Let events come, by their numbers from 0."""
        for number in numbers:
            self.listeners[number % 2](None, {"n": self.first + number})

    def test_all(self) -> None:
        """All events of all senders, each sender's in order, are a result."""
        self.hear(0, 1, 3)
        self.assertEqual(self.ended, [])
        self.hear(2)
        self.assertEqual(self.ended, [None])
        [told] = self.told
        self.assertEqual(told["count"], 4)

    def test_missing(self) -> None:
        """An event that is not the next one of its sender is a failure, told once."""
        self.hear(1, 2, 0)
        self.assertEqual(self.ended, ["event 2 came in place of 0"])
        self.assertEqual(self.told, [{"failed": "event 2 came in place of 0"}])

    def test_result(self) -> None:
        """A process that has not seen all fails the run."""
        from benchmarks.processes import Lost, Process

        script = 'print(\'result {"count": 3, "end": 1}\')'
        with Process(sys.executable, "-c", script) as process:
            self.assertIn("count", str(self.assertRaises(Lost, process.result, 4)))
        with Process(sys.executable, "-c", script) as process:
            self.assertEqual(process.result(3)["end"], 1)


class WireTests(SynchronousTestCase):
    """benchmarks.peers.otherwires."""

    def test_ping(self) -> None:
        """A PING of nats-server among its messages, or half of it, is answered and left out."""
        inSources()
        from benchmarks.peers.otherwires import Nats

        for read, following in ((b"MSG x\r\nPING\r\nMSG", b""), (b"MSG x\r\nPI", b"NG\r\nMSG y")):
            here, there = socket.socketpair()
            self.addCleanup(here.close)
            self.addCleanup(there.close)
            there.sendall(following)
            cleaned = Nats().cleaned(here, read)
            self.assertTrue((b"MSG x\r\nMSG y").startswith(cleaned), cleaned)
            self.assertNotIn(b"PI", cleaned)
            self.assertEqual(there.recv(100), b"PONG\r\n")


class CommandTests(SynchronousTestCase):
    """C{python -m benchmarks}."""

    def test_local(self) -> None:
        """Signals with one and with ten listeners, ours beside a loop of calls."""
        found = benchmark(self, "local")
        self.assertEqual(list(found["parts"]), ["local"])
        for table in found["parts"]["local"]:
            self.assertEqual(table["reference"], "for f in fs: f(info, data)")
            self.assertLessEqual({"Signal.trigger", "Sender.trigger"}, set(table["contenders"]))
        self.assertIn("pysig-twisted", found["versions"])
        self.assertLessEqual({"processor", "processors", "load"}, set(found["machine"]))
        self.assertEqual({v["table"] for v in found["verdicts"]}, {"local-1", "local-10"})

    def test_quick(self) -> None:
        """What one process fires arrives in another, through ours and through the relay."""
        found = benchmark(self, "one-to-one")
        self.networked(found["parts"]["one-to-one"], ["one-to-one"])

    def networked(self, tables: list[dict[str, Any]], keys: list[str]) -> None:
        """The tables of a part that goes over a network."""
        self.assertEqual([table["key"] for table in tables], keys)
        for table in tables:
            self.assertLessEqual(NETWORKED, set(table["contenders"]))
            self.assertEqual(table["reference"], "bare relay")
            for contender in table["contenders"].values():
                self.assertGreater(contender["median"], 0)

    def part(self, part: str, *keys: str) -> None:
        """Run one part."""
        self.networked(benchmark(self, part)["parts"][part], list(keys))

    @slow
    def test_eightSenders(self) -> None:
        """Eight senders in turns."""
        self.part("eight-senders", "eight-senders")

    @slow
    def test_fanOut(self) -> None:
        """A hundred connections that listen."""
        self.part("fan-out", "fan-out")

    @slow
    def test_requests(self) -> None:
        """Requests, one and 64 in flight."""
        self.part("requests", "requests-1", "requests-64")

    @slow
    def test_latency(self) -> None:
        """Events at a rate."""
        self.part("latency", "latency-median", "latency-p99.9")

    @slow
    def test_blocking(self) -> None:
        """Requests and triggers from threads, each beside the same without them."""
        tables = benchmark(self, "blocking")["parts"]["blocking"]
        kinds = [(call, place) for place in ("local", "remote") for call in ("request", "trigger")]
        keys = [f"blocking-{call}-{place}" for call, place in kinds]
        self.assertEqual([table["key"] for table in tables], keys)
        for table in tables:
            self.assertIn("BlockingRouter", table["contenders"])
            self.assertIn(table["reference"], ("Router", "ClientRouter"))

    @slow
    def test_payload(self) -> None:
        """Larger events."""
        self.part("payload", "payload-1-KiB", "payload-64-KiB", "payload-1-MiB")

    @slow
    def test_tls(self) -> None:
        """The same, plain and over TLS."""
        tables = benchmark(self, "tls")["parts"]["tls"]
        self.assertEqual([table["key"] for table in tables], ["tls-one-to-one", "tls-fan-out"])
        for table in tables:
            self.assertEqual(table["reference"], "pysig_twisted")
            self.assertEqual(set(table["contenders"]), {"pysig_twisted", "pysig_twisted over TLS"})

    @slow
    def test_idle(self) -> None:
        """Idle connections: the time always, the memory where the system tells."""
        tables = benchmark(self, "idle")["parts"]["idle"]
        self.assertEqual(tables[-1]["key"], "connecting")
        self.assertLessEqual(NETWORKED, set(tables[-1]["contenders"]))

    @slow
    def test_server(self) -> None:
        """The server alone gives byte by byte what it should."""
        self.part("server", "server-runs", "server-interleaved")

    @slow
    def test_rules(self) -> None:
        """The server alone with rules, beside itself without."""
        tables = benchmark(self, "rules")["parts"]["rules"]
        self.assertEqual([table["key"] for table in tables], ["rules-runs", "rules-interleaved"])
        for table in tables:
            self.assertEqual(set(table["contenders"]), {"without rules", "with 100 rules"})

    @slow
    def test_subscribing(self) -> None:
        """Listeners to many senders."""
        [adding, events, *_] = benchmark(self, "subscribing")["parts"]["subscribing"]
        self.assertEqual(set(adding["contenders"]), {"Router", "ClientRouter"})
        self.assertEqual(events["key"], "subscribed")

    def test_noSuchPart(self) -> None:
        """A part that there is not is named, with those that there are."""
        inSources()
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks", "speed"], cwd=ROOT, capture_output=True, text=True
        )
        self.assertEqual(done.returncode, 2)
        self.assertIn("no part 'speed'; there are: local, one-to-one, ", done.stderr)

    def test_lossFails(self) -> None:
        """What is lost makes the status 1, and the other parts run all the same."""
        inSources()
        from benchmarks import __main__ as command
        from benchmarks.processes import Lost
        from benchmarks.timing import Settings, Table

        def losing(settings: Settings) -> list[Table]:
            raise Lost("event 2 came in place of 0")

        def running(settings: Settings) -> list[Table]:
            return [Table("k", "t", "u", "a", {"a": [1.0]})]

        self.patch(command, "PARTS", {"bad": (losing, ""), "good": (running, "")})
        self.patch(sys, "stdout", io.StringIO())
        results = Path(self.mktemp())
        ended = self.assertRaises(SystemExit, command.main, ["--json", str(results)])
        self.assertEqual(ended.code, 1)
        found = json.loads(results.read_text())
        self.assertEqual(found["failures"], ["bad: event 2 came in place of 0"])
        self.assertEqual(list(found["parts"]), ["good"])


class PlotTests(SynchronousTestCase):
    """benchmarks.plot."""

    def test_drawn(self) -> None:
        """A panel for each table, a bar for each contender, as long as its value is large."""
        inSources()
        from benchmarks import plot

        contenders = {"bare relay": {"median": 200.0}, "a <b> & c": {"median": 100.0}}
        table = {"key": "one-to-one", "contenders": contenders}
        picture = plot.drawn({"parts": {"x": [table, {**table, "key": "unknown"}]}})
        space = "{http://www.w3.org/2000/svg}"
        drawing = ElementTree.fromstring(picture)
        _, *bars = [float(bar.attrib["width"]) for bar in drawing.iter(f"{space}rect")]
        self.assertEqual(bars, [plot.BAR, plot.BAR / 2])
        texts = [text.text for text in drawing.iter(f"{space}text")]
        self.assertIn("a <b> & c", texts)
        self.assertIn("200", texts)


class ReportTests(SynchronousTestCase):
    """benchmarks.report."""

    def test_page(self) -> None:
        """Contenders are columns, with ratios to the first; targets follow, and their verdicts."""
        inSources()
        from benchmarks import report, targets, timing

        def facts(key: str, **values: list[float]) -> dict[str, Any]:
            return timing.Table(key, "t", "u", "relay", values).facts()

        tables = [
            facts("one-to-one", relay=[200.0], us=[100.0]),
            facts("fan-out", relay=[500.0], other=[1000.0]),
        ]
        target = targets.Target("one-to-one", "us", ["relay"], 0.25, isGoal=True)
        verdicts = [targets.Verdict(target, 0.5).facts(), targets.Verdict(target, None).facts()]
        lines = report.page({"parts": {"x": tables}, "verdicts": verdicts}).splitlines()
        asked = "at least 0.25 times relay, a goal"
        self.assertEqual(
            lines,
            [
                "| From process to process | relay | us | other |",
                "| --- | --- | --- | --- |",
                "| 1 to 1, events/s | 200 | 100 (0.50) |  |",
                "| 1 to 100, deliveries/s | 500 |  | 1,000 (2.00) |",
                "",
                "| table | whose | asked for | measured | |",
                "| --- | --- | --- | --- | --- |",
                f"| `one-to-one` | us | {asked} | 0.5 | met |",
                f"| `one-to-one` | us | {asked} |  | not measured |",
            ],
        )
