"""
The workloads. Each module has C{run(settings)}, which returns tables.
"""
