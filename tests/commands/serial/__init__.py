"""Tests of C{pysig serial}."""
