"""
The server as people run it: processes of their own, real sockets, real signals.

What can be tested without a process is tested elsewhere, faster and in more depth.
"""
