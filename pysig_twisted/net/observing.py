"""
Telling the application's connection observer, whatever it does.
"""

from __future__ import annotations

from inspect import iscoroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from ..errors import ConfigError, PysigError
from ..interfaces import IConnectionObserver
from .peers import PeerInfo


class Observing:
    """
    Calls an L{IConnectionObserver<pysig_twisted.interfaces.IConnectionObserver>},
    and logs what it raises.
    """

    log = Logger()

    def __init__(self, observer: Any | None) -> None:
        """
        @param observer: the application's; C{None} for nobody.
        @raise ConfigError: it is none.
        """
        for method in IConnectionObserver:
            if observer is not None and not callable(getattr(observer, method, None)):
                raise ConfigError(
                    f"observer {observer!r} has no {method}(); see IConnectionObserver"
                )
        self._observer = observer

    def connected(self, peer: PeerInfo) -> None:
        """
        A connection is ready.
        """
        self._tell("connected", peer)

    def disconnected(self, peer: PeerInfo, reason: PysigError) -> None:
        """
        A connection that was ready has ended.
        """
        self._tell("disconnected", peer, reason)

    def refused(self, declaration: Any, error: PysigError) -> None:
        """
        A declaration was refused.
        """
        self._tell("refused", declaration, error)

    def _tell(self, method: str, *arguments: object) -> None:
        """
        Call one of the observer's methods.
        """
        if self._observer is None:
            return
        try:
            result = getattr(self._observer, method)(*arguments)
            if iscoroutine(result):
                result = Deferred.fromCoroutine(result)
        except KeyboardInterrupt:
            raise
        except BaseException:
            self._failed(Failure(), method)
        else:
            if isinstance(result, Deferred):
                result.addErrback(self._failed, method)

    def _failed(self, failure: Failure, method: str) -> None:
        """
        The observer raised.
        """
        self.log.failure("the connection observer raised in {method}()", failure, method=method)
