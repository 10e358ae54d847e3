"""The errors of serial ports."""

from __future__ import annotations

import copy
import pickle

from twisted.internet.error import ConnectError, ConnectionLost
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.serialerrors import (
    DeviceBusy,
    DeviceDenied,
    DeviceLost,
    DeviceMissing,
    DeviceRefused,
    SerialError,
)


class SerialErrorTests(SynchronousTestCase):
    """Their words."""

    def test_reasons(self) -> None:
        """Each has a word for programs, its sentence, and is what Twisted expects."""
        words = {
            DeviceMissing: "missing",
            DeviceBusy: "busy",
            DeviceDenied: "denied",
            DeviceRefused: "config",
        }
        for kind, word in words.items():
            error = kind("a sentence", 5)
            self.assertIsInstance(error, SerialError)
            self.assertIsInstance(error, ConnectError)
            self.assertEqual((error.reason, str(error), error.osError), (word, "a sentence", 5))
            for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
                self.assertEqual((type(twin), str(twin), twin.osError), (kind, "a sentence", 5))

    def test_lost(self) -> None:
        """A device that has gone is a lost connection, and says so in its own words."""
        error = DeviceLost("x has gone")
        self.assertIsInstance(error, ConnectionLost)
        self.assertEqual((error.reason, str(error)), ("unplugged", "x has gone"))
        self.assertEqual(str(pickle.loads(pickle.dumps(error))), "x has gone")
