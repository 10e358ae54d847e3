"""Where devices are."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.ports import portMistakes, twins
from pysig_twisted.bridge.settings import DeviceSettings
from pysig_twisted.carriers.serialmatch import PortMatch


def device(name: str, **values: Any) -> DeviceSettings:
    """The settings of a device."""
    return DeviceSettings(name=name, **values)


class PortTests(SynchronousTestCase):
    """C{portMistakes}; the sentences themselves are in C{test_devices}."""

    def test_right(self) -> None:
        """A path, a match or an endpoint that is right is no mistake."""
        for values in (
            {"port": "/dev/x"},
            {"match": PortMatch(vid="1")},
            {"port": "tcp:h:1"},
        ):
            found = portMistakes(device("d", **values), values, {}, lambda text: "")
            self.assertEqual(list(found), [])

    def test_asked(self) -> None:
        """Only endpoint strings are asked about."""
        asked: list[str] = []
        for port in ("/dev/x", "tcp:h:1", "http://x"):
            values = {"port": port}
            list(
                portMistakes(
                    device("d", **values), values, {}, lambda text: asked.append(text) or ""
                )
            )
        self.assertEqual(asked, ["tcp:h:1"])


class TwinTests(SynchronousTestCase):
    """C{twins}."""

    def test_first(self) -> None:
        """The first has the port; each of the others is told."""
        found = [device(name, port=port) for name, port in (("a", "/x"), ("b", "/y"), ("c", "/x"))]
        told = twins(found, lambda path: "/same", lambda name: f"<{name}>")
        self.assertEqual(
            [(twin.name, key, problem.partition(";")[0]) for twin, key, problem in told],
            [
                ("b", "port", "'/y' is that of <a>, too, where it is '/x'"),
                ("c", "port", "'/x' is that of <a>, too"),
            ],
        )

    def test_apart(self) -> None:
        """A path is not an endpoint of the same text, and matches may overlap."""
        found = [
            device("a", port="/x"),
            device("b", port="tcp:x"),
            device("c", match=PortMatch(vid="1")),
            device("d", match=PortMatch(vid="1", pid="2")),
        ]
        self.assertEqual(list(twins(found, lambda path: path, str)), [])
