"""What a client says of itself on a new link."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis.strategies import dictionaries, integers, sampled_from, text
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.core.presence import sidText
from pysig_twisted.net.declared import NAMES, Declared, parts
from pysig_twisted.wire.messages import LOWEST_MAX_FRAME, MAX_ID, MAX_SEQ, Call, Resume
from pysig_twisted.wire.version1 import encode

LETTERS = 'a"\\/é\u2028\U0001f600'


class DeclaredTests(SynchronousTestCase):
    """Counting answers."""

    def test_none(self) -> None:
        """If nothing was asked, it is done when all was asked."""
        declared = Declared()
        self.assertNoResult(declared.done)
        declared.complete()
        self.successResultOf(declared.done)

    def test_some(self) -> None:
        """Else when the last answer has come; each is passed on before."""
        declared, told = Declared(), []

        def answered(*answer: Any) -> None:
            told.append(answer)
            self.assertNoResult(declared.done)

        counted: Any = declared.counting(answered)
        declared.expect()
        declared.expect()
        counted("link", 1, {}, None)
        declared.complete()
        self.assertNoResult(declared.done)
        counted("link", 2, None, "error")
        self.successResultOf(declared.done)
        self.assertEqual(told, [("link", 1, {}, None), ("link", 2, None, "error")])


class PartsTests(SynchronousTestCase):
    """What was seen, in parts."""

    @given(
        dictionaries(text(LETTERS, min_size=1, max_size=255), integers(0, MAX_SEQ), max_size=60),
        sampled_from([LOWEST_MAX_FRAME, 4096, 1 << 20]),
    )
    def test_fits(self, numbers: dict[str, int], maxFrame: int) -> None:
        """Together they are all, and each fits into a frame, whatever the names."""
        seen = {
            name: (sidText((1 << 64) - 1), seq)
            for name, seq in numbers.items()
            if len(name.encode()) <= 255
        }
        found = list(parts(seen, maxFrame))
        whole: dict[str, Any] = {}
        for part in found:
            assert not whole.keys() & part.keys()
            whole.update(part)
            assert len(encode(Call(MAX_ID, Resume(part, True)))) - 4 <= maxFrame
        assert list(whole.items()) == list(seen.items())
        assert found and (len(found) == 1 or all(found))

    def test_many(self) -> None:
        """A thousand names are one part."""
        seen = {str(number): (sidText(number), 0) for number in range(2 * NAMES + 1)}
        self.assertEqual([len(part) for part in parts(seen, 1 << 20)], [NAMES, NAMES, 1])
