"""The link: a stream over a line that loses and damages bytes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.link.link import Ended

from .line import Line


class AnythingTests(SynchronousTestCase):
    """Whatever the line does."""

    @settings(max_examples=150, deadline=None)
    @given(
        st.sampled_from([9600, 19200, 115200, 921600]),
        st.sampled_from([0.0, 0.001, 0.01, 0.03]),
        st.sampled_from([0.0, 0.001, 0.02]),
        st.sampled_from([0.0, 0.016, 0.3]),
        st.booleans(),
        st.lists(
            st.tuples(
                st.sampled_from(["write", "write", "wait", "cut", "mend", "restart", "end", "noise"]),
                st.integers(0, 1),
                st.integers(1, 3000),
            ),
            max_size=25,
        ),
        st.integers(0, 2**32),
    )
    def test_whole(
        self,
        baud: int,
        damage: float,
        loss: float,
        latency: float,
        isDeflating: bool,
        steps: list[tuple[str, int, int]],
        seed: int,
    ) -> None:
        """What arrives is the beginning of what was written; all of it, or an end is told."""
        line = Line(
            baud, damage=damage, loss=loss, latency=latency, seed=seed, isDeflating=isDeflating
        )
        line.open()
        line.run(2)
        for what, at, size in steps:
            if what == "write":
                line.write(at, line.chance.randbytes(size))
            elif what == "wait":
                line.run(size / 1000)
            elif what == "restart":
                line.restart(at)
            elif what == "end":
                line.end(at)
            elif what == "noise":
                line.links[at].receive(line.chance.randbytes(size % 300), line.now)
            else:
                line.isCut = what == "cut"
        line.isCut = False
        line.damage = line.loss = 0.0
        line.run(30 + sum(4 * link.unsent * line.perByte for link in line.links))
        line.check(self)
        for at in (0, 1):
            self.assertIsNotNone(line.links[at].session)
            self.assertEqual(line.links[at].unsent, 0)
