"""
A signal router for Twisted: events and requests between named senders.

These are the public names; see L{pysig_twisted.interfaces.IRouter} for what the
three routers have in common.
"""

from __future__ import annotations

from . import errors
from .core.declaration import State
from .core.info import EventInfo, Gap, RequestInfo, SenderInfo
from .core.listeners import Subscription
from .core.requests import currentRequest
from .core.router import Router
from .core.signals import Sender, Signal
from .errors import PysigError
from .interfaces import ICodec, IConnectionObserver, IRouter, IWire, IWireSession
from .names import ANY, CONNECT, DISCONNECT
from .net.client import ClientRouter, connect
from .net.clientprotocol import ClientFactory, ClientProtocol
from .net.limits import Limits
from .net.peers import PeerInfo
from .net.server import ServerRouter
from .net.serverfactory import ServerFactory
from .net.serverprotocol import ServerProtocol
from .version import VERSION as __version__

__all__ = [
    "ANY",
    "CONNECT",
    "DISCONNECT",
    "ClientFactory",
    "ClientProtocol",
    "ClientRouter",
    "EventInfo",
    "Gap",
    "ICodec",
    "IConnectionObserver",
    "IRouter",
    "IWire",
    "IWireSession",
    "Limits",
    "PeerInfo",
    "PysigError",
    "RequestInfo",
    "Router",
    "Sender",
    "SenderInfo",
    "ServerFactory",
    "ServerProtocol",
    "ServerRouter",
    "Signal",
    "State",
    "Subscription",
    "__version__",
    "connect",
    "currentRequest",
    "errors",
]
