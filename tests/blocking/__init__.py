"""Tests of the router for threads."""
