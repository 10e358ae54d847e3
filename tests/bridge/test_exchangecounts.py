"""What is counted of the commands to one device."""

from __future__ import annotations

import json
import random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.bridge.exchangecounts import SAMPLES, ExchangeCounts


class ExchangeCountsTests(SynchronousTestCase):
    """L{ExchangeCounts<pysig_twisted.bridge.exchangecounts.ExchangeCounts>}."""

    def test_nothing(self) -> None:
        """At first all is 0, and there is no time of answers."""
        told = ExchangeCounts().told(0)
        times = {told.pop("answerTime"), told.pop("answerTime99")}
        self.assertEqual((times, set(told.values())), ({None}, {0}))

    def test_names(self) -> None:
        """Each counter is told under its own name."""
        counts = ExchangeCounts()
        counts.asked, counts.sent, counts.bytes, counts.timeouts = 1, 2, 3, 4
        counts.retries, counts.late, counts.busy, counts.replaced = 5, 6, 7, 8
        told = counts.told(9)
        self.assertEqual(
            told,
            {
                "requests": 1,
                "sent": 2,
                "bytesOut": 3,
                "answers": 0,
                "deviceErrors": 0,
                "timeouts": 4,
                "retries": 5,
                "late": 6,
                "busy": 7,
                "replaced": 8,
                "waiting": 9,
                "answerTime": None,
                "answerTime99": None,
            },
        )

    def test_answered(self) -> None:
        """Errors of the device are answers, too, and have their time."""
        counts = ExchangeCounts()
        counts.answered(0.25, False)
        counts.answered(0.75, True)
        counts.answered(0.25, False)
        told = counts.told(0)
        self.assertEqual((told["answers"], told["deviceErrors"]), (3, 1))
        self.assertEqual((told["answerTime"], told["answerTime99"]), (0.25, 0.75))

    def test_json(self) -> None:
        """What is told after answers is plain numbers, as an event needs them."""
        counts = ExchangeCounts()
        counts.answered(0.5, True)
        told = counts.told(2)
        self.assertEqual(json.loads(json.dumps(told)), told)
        self.assertEqual(type(told["deviceErrors"]), int)

    def test_times(self) -> None:
        """Half of the answers and 99 of 100 came within these times, in any order."""
        counts = ExchangeCounts()
        times = [number / 1000 for number in range(1, 102)]
        random.Random(1).shuffle(times)
        for seconds in times:
            counts.answered(seconds, False)
        told = counts.told(0)
        self.assertEqual((told["answerTime"], told["answerTime99"]), (0.051, 0.1))

    def test_outlier(self) -> None:
        """One slow answer among many changes neither time."""
        counts = ExchangeCounts()
        for number in range(SAMPLES):
            counts.answered(9.0 if number == 50 else 0.01, False)
        told = counts.told(0)
        self.assertEqual((told["answerTime"], told["answerTime99"]), (0.01, 0.01))

    def test_recent(self) -> None:
        """Old times are forgotten, the number of answers is not."""
        counts = ExchangeCounts()
        counts.answered(5.0, False)
        for _ in range(SAMPLES - 1):
            counts.answered(9.0, False)
        for _ in range(SAMPLES):
            counts.answered(0.01, False)
        told = counts.told(0)
        self.assertEqual((told["answerTime"], told["answerTime99"]), (0.01, 0.01))
        self.assertEqual(told["answers"], 2 * SAMPLES)

    def test_rounded(self) -> None:
        """Times are told to a tenth of a millisecond."""
        counts = ExchangeCounts()
        counts.answered(0.123456789, False)
        self.assertEqual(counts.told(0)["answerTime"], 0.1235)

    @given(st.lists(st.integers(0, 30_000), min_size=1, max_size=SAMPLES))
    def test_anyTimes(self, times: list[int]) -> None:
        """Both are times that were needed; as many answers as promised came within them."""
        counts = ExchangeCounts()
        for time in times:
            counts.answered(time / 1000, False)
        told = counts.told(0)
        half, most = told["answerTime"], told["answerTime99"]
        self.assertLessEqual({half, most}, {time / 1000 for time in times})
        for share, seconds in ((0.5, half), (0.99, most)):
            within = sum(time / 1000 <= seconds for time in times)
            self.assertGreaterEqual(within, share * len(times))
