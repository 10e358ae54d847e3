"""
Routers that are connected: who is there, who owns what, what goes where.

L{link} is what the two ends of a connection have in common. On a server,
L{hub} joins the router of the process with its L{peers}; on a client,
L{client} keeps what was declared and declares it to the server.
"""
