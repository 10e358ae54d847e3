"""
C{pysig tls}: certificates for a small fleet.
"""
