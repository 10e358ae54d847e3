"""
Starting processes of this interpreter, and reading what they print.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Any

PATIENCE = 120.0
"""
Seconds in which a process must have said what is waited for.
"""


class Process:
    """
    C{python -m ...}, ended when its C{with} block is.
    """

    def __init__(self, *arguments: str) -> None:
        """
        @param arguments: what follows C{python -m}.
        """
        self._name = " ".join(arguments)
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
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
                printed = "\n".join(self._printed[-20:])
                raise RuntimeError(f"{self._name} did not print {text!r}:\n{printed}")
            self._printed.append(line)
            _, found, rest = line.partition(text)
            if found:
                return rest

    def result(self) -> dict[str, Any]:
        """
        What it says in the end; see L{say}.
        """
        found: dict[str, Any] = json.loads(self.waitFor("result "))
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


def say(**result: Any) -> None:
    """
    Tell the process that started this one what came out.
    """
    print("result", json.dumps(result))
