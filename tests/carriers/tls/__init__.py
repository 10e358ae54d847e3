"""Tests of TLS endpoints."""
