"""The benchmarks run, count what they must count, and compare what they say they compare."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from . import slow

ROOT = Path(__file__).resolve().parent.parent


def benchmark(case: SynchronousTestCase, *arguments: str) -> dict[str, Any]:
    """Run C{python -m benchmarks --quick} and return what it wrote."""
    if not (ROOT / "benchmarks").exists():
        raise SkipTest("not in a source tree")
    results = Path(case.mktemp()).resolve()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--json", str(results), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    case.assertEqual(done.returncode, 0, done.stdout + done.stderr)
    found: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    return found


class TimingTests(SynchronousTestCase):
    """benchmarks.timing."""

    def setUp(self) -> None:
        """Import it, where it is."""
        if not (ROOT / "benchmarks").exists():
            raise SkipTest("not in a source tree")
        from benchmarks import timing

        self.timing = timing

    def test_turns(self) -> None:
        """Each contender is measured once a turn, and each turn begins with another."""
        order: list[str] = []

        def contender(name: str) -> Any:
            def measure() -> float:
                order.append(name)
                return float(len(order))

            return measure

        values = self.timing.inTurns({"a": contender("a"), "b": contender("b")}, 3)
        self.assertEqual(order, ["a", "b", "b", "a", "a", "b"])
        self.assertEqual(values, {"a": [1.0, 4.0, 5.0], "b": [2.0, 3.0, 6.0]})

    def test_ratio(self) -> None:
        """A ratio is the median of those of the turns, and not that of the medians."""
        values = {"a": [1.0, 10.0, 100.0], "b": [2.0, 30.0, 50.0]}
        table = self.timing.Table("t", "u", "a", values)
        self.assertEqual(table.ratio("a"), 1.0)
        self.assertEqual(table.ratio("b"), 2.0)
        self.assertEqual(table.facts()["contenders"]["b"]["median"], 30.0)
        [line] = [line for line in table.lines() if line.startswith("b")]
        self.assertEqual(line.split(), ["b", "30", "2", "50", "2.00"])


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

    @slow
    def test_throughput(self) -> None:
        """What one process fires arrives in another, through ours and through the relay."""
        [table] = benchmark(self, "throughput")["parts"]["throughput"]
        self.assertEqual(set(table["contenders"]), {"bare relay", "pysig_twisted"})
        for contender in table["contenders"].values():
            self.assertGreater(contender["median"], 0)

    def test_noSuchPart(self) -> None:
        """A part that there is not is named, with those that there are."""
        if not (ROOT / "benchmarks").exists():
            raise SkipTest("not in a source tree")
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks", "speed"], cwd=ROOT, capture_output=True, text=True
        )
        self.assertEqual(done.returncode, 2)
        self.assertIn("no part 'speed'; there are: local, throughput", done.stderr)
