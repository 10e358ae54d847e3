"""Tests of pysig_twisted.testing."""
