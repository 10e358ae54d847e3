"""Tests of pysig_twisted.carriers."""
