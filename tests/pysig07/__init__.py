"""
Tests with the real pysig 0.7.3, unmodified, on Python 2.7: as clients, as servers, and on record.

C{process.py} runs old peers and has what a test says to them, C{peer27.py} is such a process.
C{record.py} makes the recordings in C{tests/vectors/pysig07} anew where there is a Python 2.7
(C{python -m tests.pysig07.record}); elsewhere the tests that need one are skipped and say why.
"""
