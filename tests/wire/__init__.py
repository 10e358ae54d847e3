"""The tests of pysig_twisted.wire."""
