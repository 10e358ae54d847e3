"""
What happens when networks, peers and machines fail: nothing is missed in silence.

C{python -m tests.faults} runs everything at full size and prints a table; the tests of this
folder run the same faults, smaller.
"""
