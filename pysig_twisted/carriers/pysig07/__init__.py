"""
Peers of pysig 0.7.3, at the other end of a connection of ours.

What they say and what version 1 of our protocol says are translated here, message by message, so
that nothing above knows of them:

  - L{guest<pysig_twisted.carriers.pysig07.guest>}: an old client, as a server has it;
  - L{host<pysig_twisted.carriers.pysig07.host>}: an old server, as a client has it;
  - L{exchange<pysig_twisted.carriers.pysig07.exchange>}: one message at a time, which both need.
"""
