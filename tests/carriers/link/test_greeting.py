"""What the two ends of a line say of themselves."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.carriers.link.frames import Deframer
from pysig_twisted.carriers.link.greeting import APART, APART_FRAMES, Greeting
from pysig_twisted.carriers.link.hello import NOBODY, VERSION, Hello, readHello


def heard(frame: bytes) -> Hello:
    """What a HELLO says."""
    (body,) = Deframer().feed(frame)
    assert body is not None
    hello = readHello(body)
    assert hello is not None
    return hello


class GreetingTests(SynchronousTestCase):
    """Greeting."""

    def setUp(self) -> None:
        """Two ends."""
        chance = random.Random(1)
        self.one, self.other = (Greeting(True, 0.01, chance.randbytes) for _ in range(2))

    def meet(self) -> None:
        """Each hears the other."""
        self.other.hear(heard(self.one.say(0)))
        self.one.hear(heard(self.other.say(0)))

    def test_met(self) -> None:
        """Whoever is heard, and has heard us, has a session with us, the same at both ends."""
        self.assertFalse(self.other.hear(heard(self.one.say(0))))
        self.assertTrue(self.one.hear(heard(self.other.say(0))))
        self.assertEqual(self.one.number, self.other.number)
        self.assertEqual(self.one.ourSeed, self.other.theirSeed)
        self.assertEqual(self.other.ourSeed, self.one.theirSeed)
        self.assertNotEqual(self.one.ourSeed, self.other.ourSeed)

    def test_nobody(self) -> None:
        """Nobody was heard yet."""
        self.assertFalse(self.one.isHeard)
        self.assertIsNone(self.one.theirSeed)
        self.assertEqual(heard(self.one.say(0)).peer, NOBODY)

    def test_ours(self) -> None:
        """What we said ourselves is known by its epoch; not after we have begun anew."""
        hello = heard(self.one.say(0))
        self.assertTrue(self.one.isOurs(hello))
        self.assertFalse(self.other.isOurs(hello))
        self.one.anew(1)
        self.assertFalse(self.one.isOurs(hello))

    def test_new(self) -> None:
        """Another epoch is news, the same again is none."""
        hello = heard(self.other.say(0))
        self.assertTrue(self.one.isNew(hello))
        self.one.hear(hello)
        self.assertFalse(self.one.isNew(heard(self.other.say(1))))
        self.other.anew(2)
        self.assertTrue(self.one.isNew(heard(self.other.say(2))))

    def test_anew(self) -> None:
        """Who begins anew has heard nobody, owes no answer, and says HELLO at once."""
        self.meet()
        number = self.one.number
        self.one.isAsked = True
        self.one.anew(7)
        self.assertEqual((self.one.isHeard, self.one.isAsked, self.one.at), (False, False, 7))
        self.one.hear(heard(self.other.say(7)))
        self.assertNotEqual(self.one.number, number)

    def test_apart(self) -> None:
        """HELLOs are so far apart that the line has room for the answer."""
        self.one.isAsked = True
        self.one.say(5)
        self.assertEqual(self.one.at, 5 + APART)
        self.assertFalse(self.one.isAsked)
        slow = Greeting(True, 1.0, random.Random(1).randbytes)
        slow.say(5)
        self.assertEqual(slow.at, 5 + APART_FRAMES)

    def test_nobodysEpoch(self) -> None:
        """No end has the epoch that means nobody."""
        given = iter([NOBODY, NOBODY, b"abcd"])
        self.assertEqual(heard(Greeting(True, 0, lambda _: next(given)).say(0)).epoch, b"abcd")

    @given(st.booleans(), st.booleans())
    def test_deflate(self, here: bool, there: bool) -> None:
        """What goes over the line is made smaller only if both can make it large again."""
        one, other = Greeting(here, 0, self._random), Greeting(there, 0, self._random)
        one.hear(heard(other.say(0)))
        other.hear(heard(one.say(0)))
        self.assertEqual([one.isDeflated, other.isDeflated], [here and there] * 2)

    @given(st.integers(0, 255))
    def test_window(self, window: int) -> None:
        """The smaller window counts, and there is always one."""
        self.one.hear(Hello(VERSION, 0, b"abcd", NOBODY, window))
        self.assertEqual(self.one.window, max(1, min(8, window)))

    _random = random.Random(2).randbytes
