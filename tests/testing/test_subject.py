"""Tests of L{pysig_twisted.testing.subject}: contracts that lack what they test."""

from __future__ import annotations

import unittest
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pysig_twisted.testing.codeccontract import CodecContract
from pysig_twisted.testing.wirecontract import WireContract
from pysig_twisted.wire.codecs import JsonCodec
from pysig_twisted.wire.version1 import Version1

CONTRACTS: tuple[tuple[Any, str, type], ...] = (
    (CodecContract, "codec", JsonCodec),
    (WireContract, "wire", Version1),
)
BASES = (unittest.TestCase, SynchronousTestCase)


class SubjectTests(SynchronousTestCase):
    """What a contract says when there is nothing to test."""

    def said(self, contract: Any, **names: Any) -> list[str]:
        """What all its tests say, before a TestCase and behind one."""
        said: list[str] = []
        for base in BASES:
            for bases in ((contract, base), (base, contract)):
                case: Any = type("Mine", bases, names)
                result = unittest.TestResult()
                tests = unittest.defaultTestLoader.loadTestsFromTestCase(case)
                count = tests.countTestCases()
                tests.run(result)
                self.assertEqual(result.errors, [])
                self.assertEqual(len(result.failures), count)
                said += [
                    text.strip().splitlines()[-1].partition(": ")[2] for _, text in result.failures
                ]
        return said

    def test_missing(self) -> None:
        """Whoever forgets it is told so, and nothing else."""
        for contract, name, _ in CONTRACTS:
            [words] = {*self.said(contract)}
            self.assertIn(f"Mine has no {name} to test: give it one, as in {name} = My", words)

    def test_class(self) -> None:
        """So is whoever gives the class, and not one of its objects."""
        for contract, name, kind in CONTRACTS:
            [words] = {*self.said(contract, **{name: kind})}
            self.assertIn(f"the {name} of Mine is the class {kind.__name__}: give it an", words)
            self.assertIn(f"{name} = {kind.__name__}()", words)

    def test_setUp(self) -> None:
        """It may be set by setUp()."""

        def setUp(case: Any) -> None:
            case.wire = Version1()

        case: Any = type("Mine", (WireContract, unittest.TestCase), {"setUp": setUp})
        result = unittest.TestResult()
        case("test_twoSessions").run(result)
        self.assertTrue(result.wasSuccessful())

    def test_names(self) -> None:
        """The tests keep their names and docstrings."""
        self.assertEqual(WireContract.test_long.__name__, "test_long")
        self.assertIn("long message", WireContract.test_long.__doc__ or "")
