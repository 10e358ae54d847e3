"""What listeners are told besides the data."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.info import EventInfo, Gap, RequestInfo, SenderInfo


class EventInfoTests(SynchronousTestCase):
    """L{EventInfo}."""

    def setUp(self) -> None:
        """An event."""
        self.info = EventInfo("dev1", "temp", 7, 12.5)

    def test_fields(self) -> None:
        """Who fired what, when, and whether it is a repetition."""
        info = self.info
        self.assertEqual(
            (info.sender, info.event, info.seq, info.time, info.replayed),
            ("dev1", "temp", 7, 12.5, False),
        )

    def test_asInPysig(self) -> None:
        """The fields can be asked for by key."""
        self.assertEqual((self.info["sender"], self.info["event"]), ("dev1", "temp"))
        self.assertEqual(self.info["seq"], 7)

    def test_noSuchField(self) -> None:
        """Only the fields can: nothing else that the object has."""
        for name in ("color", "__class__", "__getitem__"):
            self.assertRaises(KeyError, lambda name=name: self.info[name])

    def test_readOnly(self) -> None:
        """All listeners are given the same info; none can change it for the others."""
        for info in (
            self.info,
            Gap("dev1", None, 1, 2, 2, None, "link"),
            SenderInfo("dev1", (), None, 1, "local", 0.0),
            RequestInfo("dev1", "get", "local"),
        ):
            self.assertRaises(AttributeError, setattr, info, "sender", "dev2")
