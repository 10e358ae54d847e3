"""
C{pysig passwd}.
"""
