"""Tests of pysig acl."""
