"""
C{pysig acl}.
"""
