"""What is known of serial ports."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.portinfo import Holder, PortInfo, holders, holdersOf, lastingNames


class PortInfoTests(SynchronousTestCase):
    """PortInfo, and what it is made of."""

    def setUp(self) -> None:
        """A folder."""
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def test_words(self) -> None:
        """A port and a holder, for people."""
        self.assertEqual(str(PortInfo("/dev/ttyS0")), "/dev/ttyS0")
        self.assertEqual(str(PortInfo("/dev/x", vid=1, pid=0xABC)), "/dev/x (0001:0abc)")
        self.assertEqual(str(Holder(os.getpid(), "python")), "this process")
        self.assertEqual(str(Holder(1, "init")), "init (process 1)")

    def test_lastingNames(self) -> None:
        """Names are found by the device that they lead to, all of them."""
        device = self.folder / "ttyUSB0"
        device.touch()
        names = self.folder / "serial" / "by-id"
        names.mkdir(parents=True)
        for name in ("usb-b", "usb-a"):
            (names / name).symlink_to(os.path.relpath(device, names))
        found = lastingNames("by-id", self.folder / "serial")
        expected = (str(names / "usb-a"), str(names / "usb-b"))
        self.assertEqual(found, {os.path.realpath(device): expected})
        self.assertEqual(lastingNames("by-path", self.folder / "serial"), {})

    def process(self, pid: int, *opened: str) -> Path:
        """A process that has files open."""
        folder = self.folder / str(pid)
        (folder / "fd").mkdir(parents=True)
        for number, path in enumerate(opened):
            (folder / "fd" / str(number)).symlink_to(path)
        return folder

    def test_holders(self) -> None:
        """Whoever has a device open is found, once, with the name of its program."""
        (self.process(30, "/dev/null", "/dev/null", "pipe:[1]") / "comm").write_text("picocom\n")
        self.process(4, "/dev/zero", "/dev/gone")
        (self.folder / "5").mkdir()  # may not be looked into, or has ended
        (self.folder / "self").mkdir()
        null, zero = os.stat("/dev/null").st_rdev, os.stat("/dev/zero").st_rdev
        found = holders(self.folder)
        self.assertEqual(found, {null: (Holder(30, "picocom"),), zero: (Holder(4, "?"),)})
        self.assertEqual(holdersOf("/dev/null", self.folder), (Holder(30, "picocom"),))
        self.assertEqual(holdersOf("/dev/gone", self.folder), ())
        self.assertEqual(holdersOf("/dev/full", self.folder), ())

    def test_files(self) -> None:
        """Files are not asked about: on a network that is dead, that would block."""
        folder = self.process(30, "/dev/null", "/etc/passwd")
        asked = []
        stat = os.stat

        def noted(path: str) -> os.stat_result:
            asked.append(path)
            return stat(path)

        self.patch(os, "stat", noted)
        self.assertEqual(len(holders(self.folder)), 1)
        self.assertEqual(asked, [str(folder / "fd" / "0")])

    def test_order(self) -> None:
        """Holders stand in the order of their numbers."""
        for pid in (100, 20, 3):
            self.process(pid, "/dev/null")
        self.assertEqual([one.pid for one in holdersOf("/dev/null", self.folder)], [3, 20, 100])

    def test_noProcesses(self) -> None:
        """Where processes cannot be looked at, nobody is known."""
        self.assertEqual(holders(self.folder / "none"), {})

    def test_real(self) -> None:
        """This process is found by a device that it has open."""
        if not Path("/proc/self/fd").exists():
            self.skipTest("no /proc")
        with open("/dev/full"):
            self.assertIn(os.getpid(), [one.pid for one in holdersOf("/dev/full")])
        self.assertNotIn(os.getpid(), [one.pid for one in holdersOf("/dev/full")])
