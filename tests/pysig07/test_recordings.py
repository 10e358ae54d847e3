"""The recordings of pysig 0.7.3 say what it says now, and both sides can be told by them."""

from __future__ import annotations

from tests.pysig07.process import OldTestCase
from tests.pysig07.record import record
from tests.pysig07.replay import replay
from tests.pysig07.vectors import NAMES, comparable, read


class AgainTests(OldTestCase):
    """Old clients and an old server have the same conversations again."""

    async def again(self, name: str) -> None:
        """Record one again."""
        said = comparable(await record(name, self.old))
        self.assertEqual(said, comparable(read(name)))


class ReplayTests(OldTestCase):
    """An old server answers the recorded clients as it did."""

    async def replayed(self, name: str) -> None:
        """Say again what the clients said."""
        server = await self.oldServer()
        exchanges = await replay(server.port, read(name))
        self.assertGreater(len(exchanges), 1)
        for exchange in exchanges:
            self.assertEqual(exchange.got, exchange.expected)


def _add(name: str) -> None:
    """Make the tests of a conversation."""

    async def again(self: AgainTests) -> None:
        await self.again(name)

    async def replayed(self: ReplayTests) -> None:
        await self.replayed(name)

    setattr(AgainTests, f"test_{name}", again)
    # In this one the server says what it was told to.
    if name != "client-answers":
        setattr(ReplayTests, f"test_{name}", replayed)


for _name in NAMES:
    _add(_name)
