"""
Routing inside one process: senders, events, listeners and requests.

Nothing here reads a socket or asks the reactor for more than a timer, so that
all of it runs, and is tested, without either.
"""
