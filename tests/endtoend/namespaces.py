"""
A network of its own for a process: another machine, as far as addresses go.
"""

from __future__ import annotations

import os
import subprocess
from itertools import count

from twisted.trial.unittest import SkipTest, TestCase

_numbers = count(1)


def run(*command: str) -> None:
    """
    Do this.

    @raise SkipTest: this machine does not let us.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except OSError as error:
        raise SkipTest(f"{command[0]} cannot be run: {error}") from None
    if done.returncode:
        raise SkipTest(f"{' '.join(command)!r} does not work here: {done.stderr.strip()}")


class Namespace:
    """
    A network with one address, which is joined to that of this process.

    @ivar name: what it is called.
    @ivar address: what is there; no loopback address.
    """

    def __init__(self, case: TestCase) -> None:
        """
        Make it; it is removed when C{case} is over.

        @raise SkipTest: only root may, on Linux, with C{ip} of iproute2.
        """
        if not hasattr(os, "geteuid") or os.geteuid() != 0:
            raise SkipTest("only root makes networks")
        number = next(_numbers)
        self.name = f"pysig-{os.getpid()}-{number}"
        here, there = f"ph{os.getpid()}-{number}", f"pt{os.getpid()}-{number}"
        net = f"198.18.{os.getpid() % 250}.{4 * (number % 60)}".rpartition(".")
        start = int(net[2])
        self.address = f"{net[0]}.{start + 1}"
        run("ip", "netns", "add", self.name)
        case.addCleanup(subprocess.run, ("ip", "netns", "del", self.name), capture_output=True)
        run("ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", self.name)
        run("ip", "address", "add", f"{net[0]}.{start + 2}/30", "dev", here)
        run("ip", "link", "set", here, "up")
        for words in (
            ("address", "add", f"{self.address}/30", "dev", there),
            ("link", "set", there, "up"),
            ("link", "set", "lo", "up"),
        ):
            run("ip", "-n", self.name, *words)

    def within(self, command: list[str]) -> list[str]:
        """
        The same command, in there.
        """
        return ["ip", "netns", "exec", self.name, *command]
