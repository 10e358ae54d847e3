"""
A serial line that is not there: two ends on real ptys, and what can happen to a line between them.

    with LineSim(baud=9600) as line:
        line.a.path, line.b.path        # to open with anything that opens a serial port

With a device in place of the second end: C{device(data)} is called in the thread of the line with
what was sent, whole or in pieces, and what it returns is sent back. C{line.say(data)} has the
device speak by itself, from any thread::

    with LineSim(device=lambda data: data.upper()) as line:
        ...

What happens to the line is done with it, from any thread; each call returns when it has happened:

    - C{noise(flip, drop, insert)}: for each byte, how likely that is; by a generator with a seed.
    - C{intrude(data)}: a stranger's bytes arrive at both ends, between those that are sent.
    - C{cut()}, C{mend()}: the line swallows what is sent either way, and nobody is told.
    - C{a.unplug()}, C{a.replug()}: the device file is gone, with a hangup; and a new one is there.
    - C{a.block()}, C{a.unblock()}: what is written to that end is not taken.

No byte is lost but by C{noise}, C{cut} and C{unplug}: where an end does not read, the other cannot
write any more. What an end has not read is still there for who opens it next, unless that flushes.
Baud rates, parity and modem lines mean nothing to a pty.
"""

from __future__ import annotations

import errno
import os
import random
import select
import shutil
import tempfile
import time
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread, current_thread
from types import TracebackType
from typing import Final

HELD: Final = 1 << 16
"""Bytes that may wait for an end that does not read."""

GRAIN: Final = 0.002
"""Seconds of the line that are carried at once. Many lines at a time are cheaper with more."""

UNPACED: Final = 4096
"""Bytes that are carried at once where there is no baud rate."""


def withoutPtys() -> str:
    """Why there can be no line here, for C{skip}; empty if there can."""
    try:
        for descriptor in os.openpty():
            os.close(descriptor)
    except OSError as error:
        return f"no pseudo-terminals: {error}"
    return ""


class End:
    """
    One end of the line: a pty behind a path.

    @ivar path: what to open. It is a symbolic link, the same before and after a replug.
    @ivar taken: bytes that were written to this end and taken.
    @ivar isPlugged: is the path there?
    """

    def __init__(self, path: str, run: Callable[[Callable[[], None]], None]) -> None:
        self.path = path
        self.taken = 0
        self.isPlugged = self.isBlocked = False
        self._run = run
        self.master = self._slave = -1
        self.plug()

    def plug(self) -> None:
        """Make the pty; only in the line's thread."""
        if self.isPlugged:
            return
        # The slave stays open: without one, reading the master fails until somebody opens it.
        self.master, self._slave = os.openpty()
        os.set_blocking(self.master, False)
        tty.setraw(self._slave)  # or what comes before it is opened is echoed
        os.symlink(os.ttyname(self._slave), self.path)
        self.isPlugged = True

    def pull(self) -> None:
        """Close the pty; only in the line's thread."""
        if not self.isPlugged:
            return
        self.isPlugged = False
        os.unlink(self.path)
        os.close(self._slave)
        os.close(self.master)

    def unplug(self) -> None:
        """Pull the plug: whoever has it open sees a hangup, and the path is gone."""
        self._run(self.pull)

    def replug(self) -> None:
        """Plug it in again: the path is there, and leads to a new pty."""
        self._run(self.plug)

    def block(self) -> None:
        """Take nothing more of what is written to this end."""
        self._run(lambda: setattr(self, "isBlocked", True))

    def unblock(self) -> None:
        """Take it again."""
        self._run(lambda: setattr(self, "isBlocked", False))

    def read(self, size: int) -> bytes:
        """What was written to this end, at most so many bytes; only in the line's thread."""
        try:
            data = os.read(self.master, size)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EIO):
                raise
            return b""
        self.taken += len(data)
        return data

    def write(self, data: bytes) -> int:
        """Send bytes to whoever has this end open; only in the line's thread."""
        try:
            return os.write(self.master, data)
        except BlockingIOError:
            return 0


class Way:
    """
    One direction of the line.

    @ivar free: the time when the line has carried what it has; it is read from again then.
    @ivar carried: what arrives at that time.
    @ivar waiting: what has arrived, and is not taken.
    """

    def __init__(self, source: End | None, sink: End | None) -> None:
        self.source, self.sink = source, sink
        self.free = 0.0
        self.isBusy = False
        self.carried = self.waiting = b""


class LineSim:
    """
    A serial line, carried by a thread of its own. See this module.

    @ivar a: the first end.
    @ivar b: the second end; the same as C{a} where there is a device in its place.
    """

    def __init__(
        self,
        baud: int = 0,
        *,
        device: Callable[[bytes], bytes | None] | None = None,
        seed: int = 0,
        grain: float = GRAIN,
    ) -> None:
        """
        @param baud: bits per second, ten for a byte, each way. 0: as fast as it goes.
        @param device: what is at the second end; an end with a path, if it is not given.
        @param seed: of the noise.
        @param grain: seconds of the line that are carried at once.
        """
        self.baud = baud
        self._device = device
        self._chance = random.Random(seed)
        self._noise = (0.0, 0.0, 0.0)
        self._size = max(1, int(baud / 10 * grain)) if baud else UNPACED
        self._isCut = self._isClosed = False
        self._orders: SimpleQueue[tuple[Callable[[], None], Event]] = SimpleQueue()
        self._bell, self._ring = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._ring, False)
        self.folder = Path(tempfile.mkdtemp(prefix="line-"))
        self.a = End(str(self.folder / "a"), self._run)
        self.b = End(str(self.folder / "b"), self._run) if device is None else self.a
        other = None if device is not None else self.b
        self._ways = (Way(self.a, other), Way(other, self.a))
        self._spoken = bytearray()
        self._error: Exception | None = None
        self._thread = Thread(target=self._carry, name="line", daemon=True)
        self._thread.start()

    def noise(self, flip: float = 0.0, drop: float = 0.0, insert: float = 0.0) -> None:
        """From now on: how likely it is for a byte to be damaged, lost, preceded by another."""
        self._run(lambda: setattr(self, "_noise", (flip, drop, insert)))

    def intrude(self, data: bytes) -> None:
        """Have bytes arrive at both ends that neither has sent."""

        def arrive() -> None:
            for way in self._ways:
                way.waiting += data

        self._run(arrive)

    def cut(self) -> None:
        """Swallow what is sent, both ways, and what is on its way."""
        self._run(lambda: setattr(self, "_isCut", True))

    def mend(self) -> None:
        """Carry again what is sent from now on."""
        self._run(lambda: setattr(self, "_isCut", False))

    def say(self, data: bytes) -> None:
        """Have the device send something; it is on its way when this returns."""
        self._run(lambda: self._spoken.extend(data))

    def close(self) -> None:
        """Unplug both ends, and end the thread. What a device has raised is raised here."""
        if self._isClosed:
            return
        self._run(lambda: setattr(self, "_isClosed", True))
        self._isClosed = True  # also where the thread had died
        self._thread.join()
        os.close(self._bell)
        os.close(self._ring)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._error is not None:
            raise self._error

    def __enter__(self) -> LineSim:
        """The line, for a C{with} block, at whose end it is closed."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self, order: Callable[[], None]) -> None:
        """Have the line's thread do something, and wait until it has."""
        if self._isClosed:
            return
        if current_thread() is self._thread:
            order()
            return
        done = Event()
        self._orders.put((order, done))
        with suppress(BlockingIOError):
            os.write(self._ring, b"!")
        while not done.wait(0.1) and self._thread.is_alive():
            pass

    def _carry(self) -> None:
        """The thread."""
        try:
            self._loop()
        except Exception as error:
            self._error = error
        for end in (self.a, self.b):
            end.pull()

    def _loop(self) -> None:
        """Carry, until the line is closed."""
        while True:
            while not self._orders.empty():
                order, done = self._orders.get()
                order()
                done.set()
            if self._isClosed:
                return
            now = time.monotonic()
            reads, writes, due = [self._bell], [], now + 3600.0
            for way in self._ways:
                if self._move(way, now):
                    due = min(due, max(way.free, now))
                elif way.source is not None and self._isOpen(way):
                    reads.append(way.source.master)
                if way.waiting and way.sink is not None:
                    writes.append(way.sink.master)
            select.select(reads, writes, [], max(0.0, due - time.monotonic()))
            with suppress(BlockingIOError):
                os.read(self._bell, 4096)

    def _move(self, way: Way, now: float) -> bool:
        """Carry what is due in one direction. Is there more to do at the time C{way.free}?"""
        if now >= way.free:
            if way.carried:
                carried, way.carried = way.carried, b""
                self._arrive(way, carried)
            data = self._take(way) if self._isOpen(way) else b""
            # A line that never fell idle loses no time to this thread's delays.
            start = way.free if way.isBusy else now
            way.isBusy = bool(data)
            if data:
                way.carried = data
                way.free = start + (len(data) * 10 / self.baud if self.baud else 0.0)
        if way.waiting and way.sink is not None:
            sent = way.sink.write(way.waiting) if way.sink.isPlugged else len(way.waiting)
            way.waiting = way.waiting[sent:]
        return bool(way.carried)

    def _isOpen(self, way: Way) -> bool:
        """May something be read from the beginning of that direction?"""
        source = way.source
        return len(way.waiting) < HELD and (
            source is None or (source.isPlugged and not source.isBlocked)
        )

    def _take(self, way: Way) -> bytes:
        """What is sent next in one direction."""
        if way.source is None:
            data = bytes(self._spoken[: self._size])
            del self._spoken[: self._size]
            return data
        return way.source.read(self._size)

    def _arrive(self, way: Way, data: bytes) -> None:
        """Bytes have come to the end of the line."""
        data = b"" if self._isCut else self._spoil(data)
        if way.sink is not None:
            way.waiting += data
        elif self._device is not None and data:
            self._spoken += self._device(data) or b""

    def _spoil(self, data: bytes) -> bytes:
        """What the noise makes of some bytes."""
        flip, drop, insert = self._noise
        if not flip + drop + insert:
            return data
        chance, made = self._chance.random, bytearray()
        for byte in data:
            if chance() < insert:
                made.append(self._chance.randrange(256))
            if chance() < drop:
                continue
            made.append(byte ^ (1 << self._chance.randrange(8)) if chance() < flip else byte)
        return bytes(made)
