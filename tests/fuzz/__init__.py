"""Bytes, payloads and orders of things that nobody in his right mind would send."""
