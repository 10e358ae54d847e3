"""
The tests of pysig_twisted, in the folders of the package.

Run them with C{make test}, or a part with C{.venv/bin/python -m twisted.trial tests.core}.
"""

from __future__ import annotations

import os
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings

SLOW = bool(os.environ.get("PYSIG_SLOW"))

# How long an example takes says more about the machine than about the code.
settings.register_profile(
    "pysig",
    deadline=None,
    max_examples=1000 if SLOW else 100,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("pysig")

T = TypeVar("T", bound=Any)


def slow(test: T) -> T:
    """Mark a test or a TestCase that runs only in C{make test-all} (C{PYSIG_SLOW=1})."""
    if not SLOW:
        test.skip = "slow: runs with PYSIG_SLOW=1"
    return test
