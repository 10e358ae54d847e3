"""
Starting processes, reading what they print, and what the system says of them.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

PATIENCE = 120.0
"""
Seconds in which a process must have said what is waited for.
"""


class Lost(Exception):
    """
    Something that was sent did not arrive, or not in order.
    """


class Process:
    """
    A program, ended when its C{with} block is.
    """

    def __init__(self, *command: str, shown: int = 20) -> None:
        """
        @param command: the program and its arguments.
        @param shown: how many of its last lines an error tells.
        """
        self._name = " ".join(command)
        self._shown = shown
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.pid = self._process.pid
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._printed: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        """
        Collect what it prints, in a thread.
        """
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip())
        self._lines.put(None)

    def waitFor(self, text: str) -> str:
        """
        Wait until it prints a line that contains C{text}.

        @return: what stands after it in that line.
        @raise RuntimeError: it ended, or did not within L{PATIENCE} seconds.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                printed = "\n".join(self._printed[-self._shown :])
                raise RuntimeError(f"{self._name} did not print {text!r}:\n{printed}")
            self._printed.append(line)
            _, found, rest = line.partition(text)
            if found:
                return rest

    def result(self, count: int) -> dict[str, Any]:
        """
        What it says in the end.

        @param count: how many it must have seen.
        @raise Lost: it has not.
        """
        found: dict[str, Any] = json.loads(self.waitFor("result "))
        if found.get("count") != count:
            raise Lost(f"{self._name}: {found.get('failed', found)}")
        return found

    def __enter__(self) -> Process:
        """
        It runs already.
        """
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """
        End it.
        """
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def python(*arguments: str) -> Process:
    """
    C{python -m ...}, with this interpreter.
    """
    return Process(sys.executable, "-u", "-m", *arguments)


def freePort() -> int:
    """
    A port that nobody listens on, for servers that cannot choose one themselves.
    """
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def awaitPort(port: int) -> None:
    """
    Wait until somebody listens there.

    @raise RuntimeError: nobody does.
    """
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
        except OSError as error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"nobody listens on port {port}: {error}") from error
            time.sleep(0.02)
        else:
            return


def cpuOf(pid: int) -> float | None:
    """
    Seconds of processor time that a process has used; C{None} where the system does not tell.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memoryOf(pid: int) -> int | None:
    """
    Bytes of memory that a process has; C{None} where the system does not tell.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    [line] = [line for line in lines if line.startswith("VmRSS:")]
    return int(line.split()[1]) << 10
