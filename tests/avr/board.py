"""
A board for tests: an Arduino Uno whose processor is simulated, on a real pty.

    if reason := withoutBoards():
        raise SkipTest(reason)
    with Board(baud=9600) as board:
        board.path          # to open with anything that opens a serial port
        board.reset()       # its reset button: READY is said within some milliseconds

The firmware is compiled from a sketch and the Arduino core by avr-gcc, once per process, and run
by simavr in a process of its own, in real time: see C{board.c}, and C{relays.ino} for what it
answers. Like any device it speaks whether or not somebody listens. It is not reset when its port
is opened, as a pty has no DTR.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from itertools import count
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT, Popen, TimeoutExpired, run
from types import TracebackType
from typing import Final

from tests.linesim import withoutPtys

HERE: Final = Path(__file__).parent

PLACES: Final = (
    "/usr/share/arduino/hardware/arduino/avr",
    "/usr/local/share/arduino/hardware/arduino/avr",
    "~/.arduino15/packages/arduino/hardware/avr/*",
)
"""Where the Arduino core for AVR may be; C{PYSIG_ARDUINO} names another place."""

PROBE: Final = b"#include <simavr/sim_avr.h>\nint main(void) { return !avr_make_mcu_by_name; }\n"

# As the Arduino IDE compiles for an Uno, but for DECIMAL_DIG, which older avr-gcc lacks in C++.
FLAGS: Final = (
    *("-mmcu=atmega328p", "-DF_CPU=16000000L", "-DARDUINO=10819", "-DARDUINO_AVR_UNO"),
    *("-DARDUINO_ARCH_AVR", "-DDECIMAL_DIG=__DECIMAL_DIG__", "-Os", "-w", "-ffunction-sections"),
    *("-fdata-sections", "-fno-exceptions", "-fno-threadsafe-statics"),
)


def arduino() -> Path | None:
    """The folder of the Arduino core for AVR, which has C{cores} and C{variants}."""
    for place in (os.environ.get("PYSIG_ARDUINO", ""), *PLACES):
        path = Path(place).expanduser()
        found = sorted(path.parent.glob(path.name)) if place else []
        if found and (found[-1] / "cores/arduino/Arduino.h").exists():
            return found[-1]
    return None


@cache
def withoutBoards() -> str:
    """Why there can be no board here, for C{SkipTest}; empty if there can."""
    missing = []
    if reason := withoutPtys():
        return reason
    if not sys.platform.startswith("linux"):
        return "the simulated board runs on Linux only"
    if not shutil.which("avr-gcc") or not _compiles("avr-gcc", b"#include <avr/io.h>\n", FLAGS[0]):
        missing.append("avr-gcc with avr-libc (Debian: gcc-avr avr-libc)")
    if arduino() is None:
        missing.append("the Arduino core for AVR (Debian: arduino-core-avr; or PYSIG_ARDUINO)")
    if not shutil.which("cc"):
        missing.append("a C compiler (Debian: gcc libc6-dev)")
    elif not _compiles("cc", PROBE):
        missing.append("simavr to compile with (Debian: libsimavr-dev)")
    return f"no simulated board without {', '.join(missing)}" if missing else ""


def _compiles(compiler: str, source: bytes, *flags: str) -> bool:
    """Does it take this?"""
    command = (compiler, *flags, "-x", "c", "-", "-c", "-o", os.devnull)
    return run(command, input=source, stdout=DEVNULL, stderr=DEVNULL).returncode == 0


@cache
def folder() -> Path:
    """Where this process builds; removed at its end."""
    path = Path(tempfile.mkdtemp(prefix="avr-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def _compile(where: Path, *command: object) -> None:
    """Run a compiler in a folder."""
    words = [str(word) for word in command]
    done = run(words, cwd=where, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, text=True)
    if done.returncode:
        raise AssertionError(f"{' '.join(words)}\n{done.stdout}")


@cache
def simulator() -> Path:
    """The program that runs firmware."""
    made = folder() / "board"
    _compile(folder(), "cc", "-O2", "-o", made, HERE / "board.c", "-lsimavr")
    return made


@cache
def core() -> tuple[Path, ...]:
    """The object files of the Arduino core."""
    place, made = arduino(), folder() / "core"
    assert place is not None
    made.mkdir()
    source = place / "cores/arduino"
    cpp = ("-x", "c++", "-std=gnu++11", *sorted(source.glob("*.cpp")))
    _compile(made, "avr-gcc", *FLAGS, *_includes(), "-c", *sorted(source.glob("*.c")), *cpp)
    return tuple(sorted(made.glob("*.o")))


def _includes() -> Sequence[str]:
    """Where the headers of the core are."""
    place = arduino()
    return (f"-I{place}/cores/arduino", f"-I{place}/variants/standard")


@cache
def firmware(sketch: Path, baud: int) -> Path:
    """
    What runs on the board.

    @param sketch: a C{.ino} whose functions stand before they are used; C{BOARD_BAUD} is the
        baud rate, for those that heed it.
    """
    made = folder() / f"{sketch.stem}-{baud}.elf"
    flags = (*FLAGS, *_includes(), f"-DBOARD_BAUD={baud}", "-Wl,--gc-sections", "-o", made, *core())
    cpp = ("-include", "Arduino.h", "-x", "c++", "-std=gnu++11", sketch)
    _compile(folder(), "avr-gcc", *flags, *cpp)
    return made


class Board:
    """
    See the module. It is plugged in when this is made.

    @ivar baud: what its firmware has been compiled for.
    @ivar path: where its port is, until it is unplugged.
    """

    _numbers = count()

    def __init__(self, baud: int = 115200, sketch: Path = HERE / "relays.ino") -> None:
        """
        @param baud: bits per second.
        @param sketch: see L{firmware}.
        """
        self.baud = baud
        self.path = str(folder() / f"tty{next(self._numbers)}")
        self._errors = Path(f"{self.path}.errors")
        command = (simulator(), firmware(sketch, baud), self.path)
        with self._errors.open("wb") as errors:
            self._process = Popen(command, stdin=DEVNULL, stdout=PIPE, stderr=errors, text=True)
        assert self._process.stdout is not None
        if "plugged in\n" not in iter(self._process.stdout.readline, ""):
            self.stop()

    @property
    def cpu(self) -> float:
        """Seconds of a processor that it has used."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(") ")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def reset(self) -> None:
        """Press the button: it forgets all, and starts anew."""
        self._process.send_signal(signal.SIGUSR1)

    def stop(self) -> None:
        """
        Pull its plug.

        @raise AssertionError: if it had died before.
        """
        self._process.terminate()
        try:
            status = self._process.wait(10)
        except TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        if status:
            raise AssertionError(f"the board ended with {status}: {self._errors.read_text()}")

    def __enter__(self) -> Board:
        """The board, for a C{with} block, at whose end it is unplugged."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
