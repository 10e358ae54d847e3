"""Whatever the rules are, and however they change, nothing comes to whom they deny it."""

from __future__ import annotations

from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.net import backlog, flow, history
from tests import slow

from .policed import OFTEN, Town, randomRules
from .policies import allowAll

SCENES = st.lists(
    st.tuples(st.sampled_from(OFTEN), st.integers(0, 1 << 20)), min_size=5, max_size=80
)
DELIVERIES = 1_000_000


class PolicedTests(SynchronousTestCase):
    """Senders fire, listeners read at their own speed, links break, and rules change."""

    def setUp(self) -> None:
        """Everything is small."""
        for module, name, value in (
            (flow, "PIECE", 512),
            (backlog, "PART", 400),
            (history, "LIFE_BYTES", 8000),
            (history, "MAX_LIVES", 3),
        ):
            self.patch(module, name, value)

    @settings(
        max_examples=150,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.integers(0, 1 << 20), SCENES)
    def test_policed(self, seed: int, scene: list[tuple[str, int]]) -> None:
        """Nothing comes that is denied, and all comes that was allowed all the time."""
        self.play(seed, scene)

    def play(self, seed: int, scene: list[tuple[str, int]]) -> Town:
        """What happens, in these steps."""
        town = Town(randomRules(Random(seed)) if seed % 2 else allowAll())
        try:
            for step, number in scene:
                town.take(step, Random(number))
            town.end()
        finally:
            town.close()
        return town

    @slow
    def test_million(self) -> None:
        """The same, until a million events were heard."""
        self.patch(history, "LIFE_BYTES", 1 << 20)
        heard = refused = revoked = late = scenes = 0
        while heard < DELIVERIES:
            chance = Random(scenes)
            town = Town(randomRules(chance), outbox=64_000, history=4 << 20)
            town.most = 300
            try:
                for _ in range(300):
                    town.take(chance.choice(OFTEN), chance)
                town.end()
            finally:
                town.close()
            heard += town.heard
            refused += town.world.refused
            revoked += town.world.revoked
            late += town.world.router.factory.context.tally.late
            scenes += 1
        self.assertGreater(min(refused, revoked, late), 1000)
        print(f"{heard} heard, {late} late, {refused} denied, {revoked} revoked, {scenes} scenes")
