"""The board by itself: it is what the other tests take it for."""

from __future__ import annotations

import re
import time

import serial
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests import slow

from .board import Board, withoutBoards

DEADLINE = 10.0
"""Seconds in which the board must have said what is waited for, on however slow a machine."""

ATTEMPTS = 5
"""How often times are measured that are too long: they may be so because of what else runs."""


class Console:
    """Who talks to the board over its port, with nothing of this package."""

    def __init__(self, board: Board) -> None:
        self.port = serial.Serial(board.path, board.baud, timeout=DEADLINE)

    def line(self) -> str:
        """The next line, without its end."""
        data = self.port.readline()
        if not data.endswith(b"\n"):
            raise AssertionError(f"no line in {DEADLINE:g} s: {data!r}")
        return data.decode("ascii").strip()

    def lineWith(self, pattern: str) -> re.Match[str]:
        """The next line in which this is found."""
        while True:
            if match := re.search(pattern, self.line()):
                return match

    def ask(self, command: str, pattern: str = "^(?!EVT).*") -> str:
        """The answer to a command: the next line that is no event."""
        self.port.write(command.encode() + b"\r\n")
        return self.lineWith(pattern)[0]

    def started(self, board: Board) -> None:
        """Press the button, and wait until the board is there."""
        board.reset()
        self.lineWith("READY fw 1.0$")


def median(values: list[float]) -> float:
    """The one in the middle."""
    return sorted(values)[len(values) // 2]


def roundTrips(console: Console, number: int) -> list[float]:
    """Seconds from each of so many commands to its answer."""
    console.ask("EVERY 0")
    taken = []
    for index in range(number):
        start = time.perf_counter()
        answer = console.ask(f"SET 1 {1000 + index}")
        taken.append(time.perf_counter() - start)
        assert answer == f"OK 1 {1000 + index}", answer
    return taken


class BoardCase(SynchronousTestCase):
    """What needs a board."""

    def board(self, baud: int) -> Board:
        """One that is unplugged after the test."""
        if reason := withoutBoards():
            raise SkipTest(reason)
        board = Board(baud)
        self.addCleanup(board.stop)
        return board

    def console(self, board: Board) -> Console:
        """Its port, open."""
        console = Console(board)
        self.addCleanup(console.port.close)
        return console


class BoardTests(BoardCase):
    """It speaks, answers, and forgets."""

    def test_speaks(self) -> None:
        """It says that it is ready, and then fires events by itself."""
        board = self.board(9600)
        console = self.console(board)
        console.started(board)
        self.assertEqual(console.line(), "EVT,1,0")
        self.assertRegex(console.line(), r"^EVT,2,1\d\d$")

    def test_answers(self) -> None:
        """It answers each kind of request at either speed, and says what it does not know."""
        for baud in (9600, 115200):
            board = self.board(baud)
            console = self.console(board)
            console.started(board)
            self.assertEqual(console.ask("SET 3 -17"), "OK 3 -17")
            self.assertEqual(console.ask("GET 3"), "VAL 3 -17")
            self.assertEqual(console.ask("TAG abc"), "TAG abc 3")
            self.assertEqual(console.ask("BUSY 20"), "OK BUSY 20")
            self.assertEqual(console.ask("SET 9 1"), "ERR SET 9")
            self.assertEqual(console.ask("OPEN"), "ERR OPEN")

    def test_forgets(self) -> None:
        """Its button has it start anew."""
        board = self.board(115200)
        console = self.console(board)
        console.started(board)
        console.ask("SET 2 5")
        console.ask("EVERY 0")
        console.started(board)
        self.assertEqual(console.ask("GET 2"), "VAL 2 0")

    def test_loses(self) -> None:
        """What is sent to it while it is busy is lost but for 64 bytes, and then joins the next."""
        board = self.board(115200)
        console = self.console(board)
        console.started(board)
        console.ask("EVERY 0")
        console.port.write(b"BUSY 300\r\n" + b"".join(b"SET 1 %d\r\n" % n for n in range(100, 120)))
        console.lineWith("OK BUSY 300")
        answers = [console.line() for _ in range(5)]
        self.assertEqual(answers, [f"OK 1 {n}" for n in range(100, 105)])
        self.assertNotEqual(console.ask("GET 1"), "VAL 1 104")


class TimeTests(BoardCase):
    """It takes the time that it would take on a desk."""

    @slow
    def test_roundTrip(self) -> None:
        """A request and its answer take their time on the line, and not much more."""
        for baud in (9600, 115200):
            board = self.board(baud)
            console = self.console(board)
            console.started(board)
            line = len("SET 1 1000\r\nOK 1 1000\r\n") * 10 / baud
            for _ in range(ATTEMPTS):
                taken = median(roundTrips(console, 50))
                print(f"round trip at {baud} baud: {taken * 1e3:.1f} ms, line {line * 1e3:.1f} ms")
                self.assertGreater(taken, 0.97 * line)
                if taken < line + 0.003:
                    break
            else:
                self.fail("more than 3 ms besides")

    @slow
    def test_idle(self) -> None:
        """It leaves the processor to others."""
        board = self.board(9600)
        console = self.console(board)
        console.started(board)
        before, start = board.cpu, time.perf_counter()
        while time.perf_counter() < start + 3:
            console.line()
        share = (board.cpu - before) / (time.perf_counter() - start)
        print(f"an idle board: {share:.0%} of a processor")
        self.assertLess(share, 0.5)
