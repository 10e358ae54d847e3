"""What the seams promise is provided."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyClass, verifyObject

from pysig_twisted import ClientRouter, ICodec, IRouter, Router, ServerRouter
from pysig_twisted.interfaces import IConnectionObserver
from pysig_twisted.net.observing import Observing
from pysig_twisted.wire.codecs import Codecs


class ProvidedTests(SynchronousTestCase):
    """Classes and their interfaces."""

    def test_routers(self) -> None:
        """All three routers have every method of IRouter, with its arguments."""
        for kind in (Router, ServerRouter, ClientRouter):
            self.assertTrue(verifyClass(IRouter, kind), kind)

    def test_codecs(self) -> None:
        """All codecs of the package are codecs."""
        for codec in Codecs().byId.values():
            self.assertTrue(verifyObject(ICodec, codec), codec)

    def test_observer(self) -> None:
        """Whoever is told in the observer's place takes the same calls."""
        self.assertTrue(verifyObject(IConnectionObserver, Observing(None), tentative=True))
