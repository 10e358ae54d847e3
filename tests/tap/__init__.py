"""Tests of C{twistd pysig}."""
