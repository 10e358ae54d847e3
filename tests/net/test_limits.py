"""How much is too much."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import msgspec
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.errors import ConfigError
from pysig_twisted.net.limits import Limits, limitsOf

# Where 0 stands for none of what is bounded.
OR_NONE = ("window", "grace", "hold", "held")


class LimitsTests(SynchronousTestCase):
    """Bounds that a router may have."""

    def test_unlimited(self) -> None:
        """No bound can be switched off, or be below nothing."""
        for field in Limits.__struct_fields__:
            for value in (-1,) if field in OR_NONE else (0, -1):
                self.assertRaises(msgspec.ValidationError, msgspec.convert, {field: value}, Limits)

    def test_unknown(self) -> None:
        """A bound that there is not is told by its name."""
        error = self.assertRaises(
            msgspec.ValidationError, msgspec.convert, {"maxFrames": 5000}, Limits
        )
        self.assertIn("maxFrames", str(error))

    def test_frames(self) -> None:
        """Frames are 1 KiB to 2^24-1."""
        for size in (1023, 1 << 24):
            self.assertRaises(msgspec.ValidationError, msgspec.convert, {"maxFrame": size}, Limits)
        for size in (1024, (1 << 24) - 1):
            self.assertEqual(msgspec.convert({"maxFrame": size}, Limits).maxFrame, size)

    def test_heartbeat(self) -> None:
        """A peer that pings as it must cannot be taken for dead."""
        cases: list[dict[str, Any]] = [{"heartbeat": 45.0}, {"silence": 15.0}, {"heartbeat": 100}]
        for fields in cases:
            error = self.assertRaises(ConfigError, Limits, **fields)
            self.assertIn("heartbeat", str(error))
            error = self.assertRaises(msgspec.ValidationError, msgspec.convert, fields, Limits)
            self.assertIn("heartbeat", str(error))
        self.assertEqual(Limits(heartbeat=100.0, silence=101.0).silence, 101.0)

    def test_inPython(self) -> None:
        """In Python they are checked when they are made, and named."""
        for field in Limits.__struct_fields__:
            for value in ((-1,) if field in OR_NONE else (0, -1)) + ("x", None, nan, inf):
                error = self.assertRaises(ConfigError, Limits, **{field: value})
                self.assertIn(field, error.message)

    def test_given(self) -> None:
        """What is given to a router must be limits."""
        usual, own = Limits(), Limits(peers=5)
        self.assertIs(limitsOf(None, usual), usual)
        self.assertIs(limitsOf(own, usual), own)
        wrong: Any
        for wrong in ({"peers": 5}, 5, Limits):
            error = self.assertRaises(ConfigError, limitsOf, wrong, usual)
            self.assertIn("limits=Limits(", error.message)
