"""
What is known of a serial port of this machine, and who has it open.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

LINKS: Final = Path("/dev/serial")
"""
Where udev keeps names of ports that stay the same: in C{by-id} after what is plugged
in, in C{by-path} after where.
"""

PROCESSES: Final = Path("/proc")


class Holder(msgspec.Struct, frozen=True):
    """
    A process that has a port open.

    @ivar pid: its number.
    @ivar command: the name of its program.
    """

    pid: int
    command: str

    def __str__(self) -> str:
        """
        For people.
        """
        if self.pid == os.getpid():
            return "this process"
        return f"{self.command} (process {self.pid})"


class PortInfo(msgspec.Struct, frozen=True):
    """
    A serial port.

    @ivar path: its device, such as C{/dev/ttyUSB0}. It may be another one after the next
        replug.
    @ivar byId: names of it that stay, after what is plugged in.
    @ivar byPath: names of it that stay, after where it is plugged in.
    @ivar vid: the number of the maker, of USB devices.
    @ivar pid: the number of the product, of USB devices.
    @ivar serialNumber: that of USB devices that have one.
    @ivar location: the USB socket, such as C{1-1.2}; with the interface, C{1-1.2:1.0}, where
        there are several.
    @ivar description: what it is, in the words of the driver.
    @ivar manufacturer: who has made it.
    @ivar holders: the processes that have it open, as far as this one may know.
    """

    path: str
    byId: tuple[str, ...] = ()
    byPath: tuple[str, ...] = ()
    vid: int | None = None
    pid: int | None = None
    serialNumber: str | None = None
    location: str | None = None
    description: str = ""
    manufacturer: str | None = None
    holders: tuple[Holder, ...] = ()

    def __str__(self) -> str:
        """
        For people: the path, and what tells it from others.
        """
        usb = "" if self.vid is None or self.pid is None else f"{self.vid:04x}:{self.pid:04x}"
        serial = f"serial {self.serialNumber}" if self.serialNumber else ""
        place = f"location {self.location}" if self.location else ""
        known = ", ".join(part for part in (usb, serial, place) if part)
        return f"{self.path} ({known})" if known else self.path


def lastingNames(kind: str, links: Path = LINKS) -> dict[str, tuple[str, ...]]:
    """
    The names of ports that stay the same, by the path of the device.

    @param kind: C{by-id} or C{by-path}.
    """
    names: dict[str, tuple[str, ...]] = {}
    try:
        found = sorted((links / kind).iterdir())
    except OSError:  # no udev, or nothing is plugged in
        return names
    for link in found:
        path = os.path.realpath(link)
        names[path] = (*names.get(path, ()), str(link))
    return names


def holders(processes: Path = PROCESSES) -> dict[int, tuple[Holder, ...]]:
    """
    The processes that have devices open, by the number of the device (C{st_rdev}). Those
    of others are known to root only, and none where there is no C{/proc}.
    """
    found: dict[int, tuple[Holder, ...]] = {}
    for folder in _folders(processes):
        try:
            opened = list(os.scandir(folder / "fd"))
        except OSError:  # another user's, or it has ended
            continue
        devices = {number for entry in opened for number in _device(entry)}
        for device in devices:
            holder = Holder(int(folder.name), _command(folder))
            found[device] = (*found.get(device, ()), holder)
    return found


def holdersOf(path: str, processes: Path = PROCESSES) -> tuple[Holder, ...]:
    """
    The processes that have a device open, as far as this one may know.
    """
    try:
        return holders(processes).get(os.stat(path).st_rdev, ())
    except OSError:
        return ()


def _folders(processes: Path) -> Iterator[Path]:
    """
    The folders of all processes.
    """
    try:
        names = os.listdir(processes)
    except OSError:
        return
    yield from (processes / name for name in sorted(filter(str.isdecimal, names), key=int))


def _device(entry: os.DirEntry[str]) -> Iterator[int]:
    """
    The number of the device that a descriptor leads to, if it is one.
    """
    try:
        # Only what is in /dev is looked at: to ask about a file on a dead network would block.
        if os.readlink(entry.path).startswith("/dev/"):
            yield os.stat(entry.path).st_rdev
    except OSError:
        return


def _command(folder: Path) -> str:
    """
    The name of a process's program.
    """
    try:
        return (folder / "comm").read_text(errors="replace").strip()
    except OSError:
        return "?"
