"""Peers of pysig 0.7.3."""
