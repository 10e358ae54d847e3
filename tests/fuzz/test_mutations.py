"""Values and bytes with something in them changed."""

from __future__ import annotations

import json
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from .mutations import NAMES, RAW, Raw, bytesOf, jsonOf, name, number, text

VALUE = {"a": [1, {"b": None}], "c": "d"}


class MutationTests(SynchronousTestCase):
    """All of them."""

    def setUp(self) -> None:
        """Chance."""
        self.random = Random(1)

    def test_text(self) -> None:
        """Plain data is JSON, and what is raw stands as it is."""
        self.assertEqual(json.loads(text(VALUE)), VALUE)
        self.assertEqual(text({"a": Raw(b"[[")}), b'{"a":[[}')

    def test_json(self) -> None:
        """JSON is changed, in many ways; the value itself is not."""
        made = {jsonOf(self.random, VALUE) for _ in range(300)}
        self.assertGreater(len(made), 150)
        self.assertEqual(VALUE, {"a": [1, {"b": None}], "c": "d"})
        self.assertIn(jsonOf(self.random, []), RAW)

    def test_bytes(self) -> None:
        """Bytes are, too, and so are none at all."""
        made = {bytesOf(self.random, b"abcdefgh") for _ in range(200)}
        self.assertGreater(len(made), 100)
        self.assertTrue(any(bytesOf(self.random, b"") for _ in range(50)))

    def test_numbers(self) -> None:
        """Numbers fit into their bytes."""
        for size in (1, 2, 4, 8):
            made = {number(self.random, size) for _ in range(500)}
            self.assertTrue(all(0 <= one < 1 << 8 * size for one in made))
            self.assertGreater(len(made), 20)
        self.assertIn(name(self.random), NAMES)
