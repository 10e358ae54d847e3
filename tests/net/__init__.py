"""Tests of the network: servers, clients and the links between them."""
