"""
A serial device without hardware: a thermometer on a pseudo-terminal.

C{python -m pysig_twisted.testing.instrument ./thermometer} plugs it in at that path, where
anything can open it that opens a serial port. The Enter key pulls its plug, and plugs it in
again. Ctrl-C ends it.

Like many a board it starts anew when somebody opens it. Then it says C{READY thermometer
1.0}, and once a second a line such as C{T=21.5 H=48}. It answers the lines that
L{thermometer<pysig_twisted.testing.thermometer>} tells of. What comes before it is ready is
lost, and baud rates mean nothing to it.

With C{--describe} it L{describes itself<pysig_twisted.testing.describedinstrument>} instead.
"""

from __future__ import annotations

import argparse
import errno
import os
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from .describedinstrument import DescribedThermometer
from .thermometer import Thermometer

PERIOD: Final = 0.1
"""
Seconds, at most, between two calls of L{Instrument.tick}.
"""

BOOT: Final = 0.3
"""
Seconds from when it is opened until it says that it is ready.
"""

INTERVAL: Final = 1.0
"""
Seconds between two readings.
"""

LONGEST: Final = 512
"""
Bytes of a line that it takes. Longer ones it does not understand.
"""

LARGEST: Final = 65536
"""
Bytes that it takes between two calls of L{Instrument.tick}. Of more it has the last.
"""

TERMINALS: Final = ("/dev/pts/", "/dev/ttys")
"""
How paths of pseudo-terminals begin, on Linux and on macOS.
"""


def withoutTerminals() -> str:
    """
    Why there can be no instrument here; empty if there can.
    """
    try:
        for descriptor in os.openpty():
            os.close(descriptor)
    except OSError as error:
        return f"there are no pseudo-terminals: {error.strerror}"
    return ""


class Instrument:
    """
    See the module. Nothing here waits, and nothing happens between two calls.

    @ivar path: where it is while it is plugged in: a symbolic link, which leads to another
        device each time.
    """

    def __init__(
        self,
        path: str,
        now: Callable[[], float] = time.monotonic,
        firmware: Thermometer | DescribedThermometer | None = None,
    ) -> None:
        """
        @param path: nothing may be there, but the link of an instrument before this one.
        @param now: tells the time, in seconds.
        @param firmware: what it says and answers; else a L{Thermometer}.
        """
        self.path = path
        self._now = now
        self._firmware = Thermometer() if firmware is None else firmware
        self._held = b""
        # Its last lines. A terminal that nobody has set echoes them, and it must not answer itself.
        self._said: deque[bytes] = deque(maxlen=16)
        self._master: int | None = None
        self._device = ""
        # When it speaks next; None while nobody has it open.
        self._due: float | None = None
        self._readings = -1

    @property
    def isPlugged(self) -> bool:
        """
        Is it plugged in?
        """
        return self._master is not None

    @property
    def descriptor(self) -> int | None:
        """
        What can be read when something is sent to it; C{None} while nobody has it open.
        """
        return None if self._due is None else self._master

    def plug(self) -> None:
        """
        Plug it in. Nothing happens if it is.

        @raise OSError: there is something else at its path, or there are no
            pseudo-terminals.
        """
        if self._master is not None:
            return
        master, slave = os.openpty()
        try:
            device = os.ttyname(slave)
            os.set_blocking(master, False)
            if os.path.islink(self.path) and os.readlink(self.path).startswith(TERMINALS):
                os.unlink(self.path)
            os.symlink(device, self.path)
        except BaseException:
            os.close(master)
            raise
        finally:
            os.close(slave)  # so that it can be told whether somebody has it open
        self._master, self._device, self._due = master, device, None

    def unplug(self) -> None:
        """
        Pull its plug. Whoever has it open finds that it is gone. Nothing happens if it is
        not plugged in.
        """
        master, self._master = self._master, None
        if master is None:
            return
        with suppress(OSError):
            if os.readlink(self.path) == self._device:
                os.unlink(self.path)
        os.close(master)

    def tick(self) -> None:
        """
        Say what is due, and answer. This has to be called every L{PERIOD} seconds or so.
        """
        heard = None if self._master is None else self._heard(self._master)
        if heard is None:
            self._due, self._held = None, b""
            return
        now = self._now()
        if self._due is None:
            self._due, self._readings = now + BOOT, -1
        if self._readings >= 0:
            self._answer(heard)
        if now < self._due:
            return
        self._due += INTERVAL
        if self._due <= now:  # it was not called for a while
            self._due = now + INTERVAL
        self._readings += 1
        self._say(self._firmware.reading(self._readings) if self._readings else self._start())

    def _start(self) -> bytes:
        """
        What it says when it is ready.
        """
        self._held = b""
        return self._firmware.start()

    def _answer(self, heard: bytes) -> None:
        """
        Answer each line that has come.
        """
        *lines, self._held = (self._held + heard).replace(b"\r", b"\n").split(b"\n")
        self._held = self._held[: LONGEST + 1]  # that is too long already
        self._say(
            b"".join(
                self._firmware.answer(line if len(line) <= LONGEST else b"")
                for line in lines
                if line and line not in self._said
            )
        )

    def _say(self, lines: bytes) -> None:
        """
        Say that. Where nobody reads, it is lost, as on a line.
        """
        assert self._master is not None
        self._said += lines.splitlines()
        if not lines:
            return
        with suppress(BlockingIOError):
            os.write(self._master, lines)

    def _heard(self, master: int) -> bytes | None:
        """
        What somebody has sent to it; C{None} if nobody has it open.
        """
        heard = b""
        try:
            while some := os.read(master, 4096):
                heard = (heard + some)[-LARGEST:]
        except BlockingIOError:
            return heard
        except OSError as error:
            if error.errno != errno.EIO:
                raise
        return None


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Be an instrument, until a signal ends it.

    @return: the status to exit with.
    """
    parser = argparse.ArgumentParser(
        prog="python -m pysig_twisted.testing.instrument",
        description="A simulated serial thermometer. Enter pulls its plug, and plugs it in again.",
    )
    parser.add_argument(
        "path", nargs="?", default="./thermometer", help="where it is (%(default)s)"
    )
    parser.add_argument(
        "--describe",
        metavar="NAME",
        nargs="?",
        const="green",
        help="describe itself, in lines of JSON, as the sender NAME (%(const)s)",
    )
    given = parser.parse_args(arguments)
    if given.describe and "/" in given.describe:
        parser.error(f"{given.describe} is no NAME; give the path before --describe")
    firmware = Thermometer() if given.describe is None else DescribedThermometer(given.describe)
    instrument = Instrument(given.path, firmware=firmware)

    def terminated(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, terminated)
    try:
        instrument.plug()
        print(
            f"A thermometer is plugged in at {instrument.path}. Enter pulls its plug, and plugs"
            " it in again. Ctrl-C ends it.",
            flush=True,
        )
        _run(instrument)
    except KeyboardInterrupt:
        return 0
    except FileExistsError:
        print(f"{instrument.path} is there already; give another path", file=sys.stderr)
    except OSError as error:
        print(f"no instrument at {instrument.path}: {error.strerror}", file=sys.stderr)
    finally:
        instrument.unplug()
    return 1


def _run(instrument: Instrument) -> None:
    """
    Let it speak, and do what the keys say.
    """
    keys = [] if sys.stdin is None else [sys.stdin.fileno()]
    while True:
        instrument.tick()
        line = [] if instrument.descriptor is None else [instrument.descriptor]
        ready = select.select([*keys, *line], [], [], PERIOD)[0]
        if not keys or keys[0] not in ready:
            continue
        typed = os.read(keys[0], 1024)
        if not typed:
            keys = []  # nobody is there to type
        for _ in range(typed.count(b"\n")):
            if instrument.isPlugged:
                instrument.unplug()
                print("unplugged", flush=True)
            else:
                instrument.plug()
                print(f"plugged in at {instrument.path}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
