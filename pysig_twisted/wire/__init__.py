"""
Bytes to messages and back.

Nothing here reads a socket or a clock: bytes and values go in, values and
bytes come out. C{docs/protocol} is the specification.
"""
