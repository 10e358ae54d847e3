"""Tests of pysig passwd."""
