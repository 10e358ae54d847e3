"""Tests of routing inside one process."""
