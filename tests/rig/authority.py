"""Test authorities and the certificates they sign: good, expired, and for another host.

The keys are made for each run and never leave its temp folder.
"""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import trustme

#: The name every good certificate of the rig is for, besides 127.0.0.1, ::1 and localhost.
HOST = "mail.rig.test"
NAMES = (HOST, "localhost", "127.0.0.1", "::1")


class Authority:
    """A certificate authority with its certificate in a file, as a profile's `ca_file` wants it."""

    def __init__(self, folder: Path, name: str) -> None:
        self._authority = trustme.CA(organization_name=name)
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(self.ca_file)

    def server_context(
        self,
        *names: str,
        expires: datetime.datetime | None = None,
        newest: ssl.TLSVersion | None = None,
    ) -> ssl.SSLContext:
        """Return a server's context with a certificate for `names`; `newest` is the newest TLS it speaks."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if newest is not None:
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = newest
            context.set_ciphers("ALL:@SECLEVEL=0")
        self._authority.issue_cert(*(names or NAMES), not_after=expires).configure_cert(context)
        return context

    def expired_context(self) -> ssl.SSLContext:
        """Return the context of a server whose certificate expired yesterday."""
        yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        return self.server_context(expires=yesterday)

    def wrong_host_context(self) -> ssl.SSLContext:
        """Return the context of a server that shows another host's certificate."""
        return self.server_context("elsewhere.rig.test")

    def client_context(self) -> ssl.SSLContext:
        """Return a verifying client's context that trusts this authority alone."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def write_server_files(self) -> tuple[Path, Path]:
        """Write a good certificate with its chain, and its key, for a real server; return both paths."""
        issued = self._authority.issue_cert(*NAMES)
        chain, key = self._folder / "server.pem", self._folder / "server.key"
        chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        key.write_bytes(issued.private_key_pem.bytes())
        key.chmod(0o600)
        return chain, key
