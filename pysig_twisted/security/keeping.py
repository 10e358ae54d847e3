"""
A folder with a private authority, and what it has signed.

C{ca.pem} and C{ca.key} are the authority, C{server.pem} and C{server.key} the first server;
other servers and clients have files by their names. All certificates may be read by everybody,
the keys by their owner only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from ..carriers.tls.pems import readCertificates, readKey
from ..errors import ConfigError
from .authority import (
    USUAL_DAYS,
    Pair,
    checkClient,
    checkDays,
    checkHost,
    makeAuthority,
    makeClient,
    makeServer,
    pairOf,
)
from .writing import PRIVATE, PUBLIC, writeFile

AUTHORITY: Final = "ca"
SERVER: Final = "server"
"""
What the files of the authority and of the first server are called.
"""

CERTIFICATE: Final = ".pem"
KEY: Final = ".key"

_SAFE: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")


class Folder:
    """
    See the module.

    @ivar path: where it is.
    """

    def __init__(self, path: str) -> None:
        """
        @param path: where it is, or will be.
        """
        self.path = path

    def file(self, stem: str, suffix: str = CERTIFICATE) -> str:
        """
        The path of a file in it.
        """
        return os.path.join(self.path, stem + suffix)

    def begin(
        self,
        hosts: Sequence[str],
        clients: Sequence[str],
        now: datetime,
        days: int = USUAL_DAYS,
        isReplacing: bool = False,
    ) -> list[str]:
        """
        Make an authority, a server and clients.

        @param hosts: names and addresses of the server; none for no server.
        @param clients: the users.
        @param isReplacing: may files that are there be replaced?
        @return: what the files are called, without their endings; in this order.
        @raise ConfigError: that cannot be, and nothing was written.
        """
        stems = self._planned(([*hosts], SERVER) if hosts else None, clients, days)
        self._checkFree([AUTHORITY, *stems], isReplacing)
        try:
            os.makedirs(self.path, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"cannot make the folder {self.path}: {error.strerror}") from None
        authority = makeAuthority(now)
        made = [(AUTHORITY, authority), *self._signed(authority, hosts, SERVER, clients, now, days)]
        return self._write(made)

    def add(
        self,
        hosts: Sequence[str],
        clients: Sequence[str],
        now: datetime,
        days: int = USUAL_DAYS,
        isReplacing: bool = False,
    ) -> list[str]:
        """
        Have the authority that is there sign one more server, and more clients.

        @raise ConfigError: that cannot be, and nothing was written. See also L{begin}.
        """
        name = hosts[0].replace(":", "_") if hosts else ""
        stems = self._planned(([*hosts], name) if hosts else None, clients, days)
        if not stems:
            raise ConfigError("there is nothing to add; say --client NAME, or --server HOST")
        authority = self.authority()
        self._checkFree(stems, isReplacing)
        return self._write(self._signed(authority, hosts, name, clients, now, days))

    def authority(self) -> Pair:
        """
        The authority that is there.

        @raise ConfigError: there is none, or its files cannot be used.
        """
        certificate, key = self.file(AUTHORITY), self.file(AUTHORITY, KEY)
        if not os.path.exists(certificate):
            raise ConfigError(
                f"there is no authority in {self.path}; `pysig tls init {self.path}` makes one"
            )
        try:
            return pairOf(readCertificates(certificate)[0], readKey(key))
        except ConfigError as error:
            if self.path in error.message:
                raise
            raise ConfigError(f"the authority in {self.path}: {error.message}") from None

    def _planned(
        self, server: tuple[list[str], str] | None, clients: Iterable[str], days: int
    ) -> list[str]:
        """
        What will be called how, if all of it can be.
        """
        checkDays(days)
        stems = []
        if server is not None:
            hosts, stem = server
            for host in hosts:
                checkHost(host)
            stems.append(stem)
        for client in clients:
            checkClient(client)
            if not _SAFE.fullmatch(client):
                raise ConfigError(
                    f"{client!r} cannot be the name of a file; take letters, digits, -, _ and ."
                )
            if client.lower() in (AUTHORITY, SERVER):
                raise ConfigError(
                    f"{client!r} cannot be a client: {client.lower()}.pem is another file here"
                )
            stems.append(client)
        if AUTHORITY in stems:
            raise ConfigError(f"{AUTHORITY!r} cannot be a server: ca.pem is the authority's")
        for stem in stems:
            if [other.lower() for other in stems].count(stem.lower()) > 1:
                raise ConfigError(f"{stem!r} is given twice, or differs only in its case")
        return stems

    def _checkFree(self, stems: Iterable[str], isReplacing: bool) -> None:
        """
        See that nothing is overwritten which may not be.
        """
        if isReplacing:
            return
        for stem in stems:
            for path in (self.file(stem), self.file(stem, KEY)):
                if os.path.lexists(path):
                    why = (
                        "`pysig tls add` makes more certificates with it; --force makes a new"
                        " authority, for which all that the old one signed is of no use"
                        if stem == AUTHORITY
                        else "--force replaces it"
                    )
                    raise ConfigError(f"{path} is there already; {why}")

    @staticmethod
    def _signed(
        authority: Pair,
        hosts: Sequence[str],
        stem: str,
        clients: Iterable[str],
        now: datetime,
        days: int,
    ) -> list[tuple[str, Pair]]:
        """
        What an authority signs, by what it is called.
        """
        made = [(stem, makeServer(authority, hosts, now, days))] if hosts else []
        return made + [(name, makeClient(authority, name, now, days)) for name in clients]

    def _write(self, made: Iterable[tuple[str, Pair]]) -> list[str]:
        """
        Write what was made: each key before its certificate.
        """
        stems = []
        for stem, pair in made:
            writeFile(self.file(stem, KEY), pair.keyPem(), PRIVATE)
            writeFile(self.file(stem), pair.certificatePem(), PUBLIC)
            stems.append(stem)
        return stems
