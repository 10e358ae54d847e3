"""
C{twistd} on a machine whose wall clock is set while it runs: by an hour forward at SIGUSR1, back at
SIGUSR2.

What reads the wall clock in Python sees the steps: it is replaced before anything is imported.
"""

from __future__ import annotations

import signal
import sys
import time
from typing import Any

real = time.time
offset = 0.0
time.time = lambda: real() + offset


def step(number: int, frame: Any) -> None:
    """Set the clock."""
    global offset
    offset += 3600 if number == signal.SIGUSR1 else -3600
    print("the wall clock is off by", offset, flush=True)


signal.signal(signal.SIGUSR1, step)
signal.signal(signal.SIGUSR2, step)

from twisted.scripts.twistd import run  # noqa: E402

sys.argv[0] = "twistd"
run()
