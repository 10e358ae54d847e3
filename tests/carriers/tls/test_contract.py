"""TLS keeps the contract of carriers, plain bytes and routers alike."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from pysig_twisted.testing.carriercontract import CarrierContract

from .fleet import fleet


class MutualTests(CarrierContract, TestCase):
    """C{mtls:}."""

    timeout = 60
    grace = 0.2

    async def carrier(self) -> str:
        """A port of this machine."""
        path = fleet().path
        server = f"certificate={path}/server.pem:privateKey={path}/server.key"
        port = await self.serve(f"mtls:0:{server}:clientCA={path}/ca.pem:interface=127.0.0.1")
        client = f"certificate={path}/alice.pem:privateKey={path}/alice.key"
        return f"mtls:127.0.0.1:{port.getHost().port}:{client}:trustRoots={path}/ca.pem"
