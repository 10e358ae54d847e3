"""
The C{pysig} command of C{twistd}.

Every start of twistd on the machine imports this module, whatever it is started for. It therefore
imports almost nothing: no reactor, no pyserial, nothing of C{pysig_twisted}.
"""

from __future__ import annotations

from twisted.application.service import ServiceMaker

pysig = ServiceMaker(
    "pysig",
    "pysig_twisted.tap",
    "A signal router: events and requests between named senders.",
    "pysig",
)
