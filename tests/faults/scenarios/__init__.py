"""
The faults, by theme: each is done to real processes, and tells what came of it in rows.
"""
