"""Tests of C{pysig tls}."""
