"""
The C{pysig} command: a router at the shell.
"""
