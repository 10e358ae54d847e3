"""
A serial device without hardware: a thermometer on a pseudo-terminal.

C{python -m pysig_twisted.testing.instrument ./thermometer} plugs it in at that path, where
anything can open it that opens a serial port. The Enter key pulls its plug, and plugs it in
again. Ctrl-C ends it.

Like many a board it starts anew when somebody opens it. Then it says C{READY thermometer
1.0}, and once a second a line such as C{T=21.5 H=48}. What is sent to it is ignored, and
baud rates mean nothing to it.
"""

from __future__ import annotations

import argparse
import errno
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import sin
from typing import Any, Final

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

    def __init__(self, path: str, now: Callable[[], float] = time.monotonic) -> None:
        """
        @param path: nothing may be there, but the link of an instrument before this one.
        @param now: tells the time, in seconds.
        """
        self.path = path
        self._now = now
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
        Say what is due. This has to be called every L{PERIOD} seconds or so.
        """
        if self._master is None or not self._isOpen(self._master):
            self._due = None
            return
        now = self._now()
        if self._due is None:
            self._due, self._readings = now + BOOT, -1
        if now < self._due:
            return
        self._due += INTERVAL
        if self._due <= now:  # it was not called for a while
            self._due = now + INTERVAL
        self._readings += 1
        # Where nobody reads, it is lost, as on a line.
        with suppress(BlockingIOError):
            os.write(self._master, self._line())

    def _line(self) -> bytes:
        """
        What it says next.
        """
        if not self._readings:
            return b"READY thermometer 1.0\r\n"
        wave = sin(self._readings / 7)
        return b"T=%.1f H=%.0f\r\n" % (21.5 + 2 * wave, 48 - 5 * wave)

    def _isOpen(self, master: int) -> bool:
        """
        Does somebody have it open? What they have sent is forgotten.
        """
        try:
            while os.read(master, 4096):
                pass
        except BlockingIOError:
            return True
        except OSError as error:
            if error.errno != errno.EIO:
                raise
        return False


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
    instrument = Instrument(parser.parse_args(arguments).path)

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
    keys: list[Any] = [] if sys.stdin is None else [sys.stdin.fileno()]
    while True:
        instrument.tick()
        if not select.select(keys, [], [], PERIOD)[0]:
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
