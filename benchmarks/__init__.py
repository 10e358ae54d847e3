"""
Benchmarks: C{python -m benchmarks} measures pysig_twisted beside what it is compared with.

Each part is a module with C{run(settings)}, which returns the tables that it measured.
"""
