"""
Benchmarks: C{python -m benchmarks} measures pysig_twisted beside what it is compared with.

A workload is a module of L{benchmarks.parts}, with C{run(settings)}, which returns the tables that
it measured. What takes part is in L{benchmarks.contenders}; their clients, which run as processes
of their own, are in L{benchmarks.peers}.
"""
