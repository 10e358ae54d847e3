"""
What is counted of the commands to one device.
"""

from __future__ import annotations

from collections import deque
from typing import Any, Final

SAMPLES: Final = 200
"""
Answers whose times are remembered.
"""


class ExchangeCounts:
    """
    Plain counters, from the start of the bridge on.

    @ivar asked: requests that came; polls are not among them.
    @ivar sent: commands that were sent, polls and retries included.
    @ivar answers: those that were answered, errors of the device included.
    @ivar errors: answers that said that something is wrong.
    @ivar timeouts: commands that were not answered, or not sent, in time.
    @ivar retries: those that were sent again.
    @ivar late: texts that came when nobody waited for them any more.
    @ivar busy: requests that were refused, since too many waited.
    @ivar replaced: requests in whose place a newer one came.
    @ivar bytes: what was sent.
    """

    def __init__(self) -> None:
        """
        Nothing yet.
        """
        self.asked = self.sent = self.answers = self.errors = self.timeouts = 0
        self.retries = self.late = self.busy = self.replaced = self.bytes = 0
        self._times: deque[float] = deque(maxlen=SAMPLES)

    def answered(self, seconds: float, isError: bool) -> None:
        """
        The device has answered a command.
        """
        self.answers += 1
        self.errors += isError
        self._times.append(seconds)

    def told(self, waiting: int) -> dict[str, Any]:
        """
        All of it.

        @param waiting: how many requests wait.
        """
        times = sorted(self._times)
        return {
            "requests": self.asked,
            "sent": self.sent,
            "bytesOut": self.bytes,
            "answers": self.answers,
            "deviceErrors": self.errors,
            "timeouts": self.timeouts,
            "retries": self.retries,
            "late": self.late,
            "busy": self.busy,
            "replaced": self.replaced,
            "waiting": waiting,
            "answerTime": _quantile(times, 0.5),
            "answerTime99": _quantile(times, 0.99),
        }


def _quantile(times: list[float], share: float) -> float | None:
    """
    The time that this share of the answers needed, at most, in seconds.
    """
    return round(times[min(int(share * len(times)), len(times) - 1)], 4) if times else None
