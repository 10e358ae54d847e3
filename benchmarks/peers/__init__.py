"""
The processes that take part: the clients of each contender, and the servers that are written here.

C{python -m benchmarks.peers.NAME ROLE ADDRESS PLAN}, where the plan is a
L{Plan<benchmarks.workload.Plan>} as JSON.
"""
