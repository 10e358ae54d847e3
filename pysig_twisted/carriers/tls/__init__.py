"""
TLS where both sides show a certificate, or the server only, from files that may change.
"""
