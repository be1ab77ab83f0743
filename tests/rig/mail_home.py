"""The folder that the real servers share: their certificate, their one user, and the Maildir between them.

Servers refuse to serve mail as root, so under root the folder belongs to `nobody` and they run as that user.
"""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.rig.authority import Authority

#: The one mailbox: Exim delivers everything into it, Dovecot shows it.
USER = "qa@example.com"
PASSWORD = "open sesame"


@dataclass(frozen=True, slots=True)
class MailHome:
    """The shared folder, and as whom servers run in it (None: as ourselves)."""

    folder: Path
    chain: Path
    key: Path
    ca_file: Path
    account: str | None

    @classmethod
    def make(cls, authority: Authority) -> MailHome:
        """Make the folder in the system's temp folder: pytest's own may be closed to other users."""
        folder = Path(tempfile.mkdtemp(prefix="runmail-rig-"))
        chain, key = authority.write_server_files()
        home = cls(
            folder=folder,
            chain=folder / "server.pem",
            key=folder / "server.key",
            ca_file=authority.ca_file,
            account="nobody" if os.geteuid() == 0 else None,
        )
        shutil.copy(chain, home.chain)
        shutil.copy(key, home.key)
        home.key.chmod(0o600)
        home.empty()
        home.hand_over()
        return home

    @property
    def maildir(self) -> Path:
        """The Maildir that mail is delivered into."""
        return self.folder / "mail"

    @property
    def owner(self) -> pwd.struct_passwd:
        """The system's entry of the user that the servers run as."""
        return pwd.getpwnam(self.account) if self.account else pwd.getpwuid(os.geteuid())

    def messages(self) -> list[bytes]:
        """Return the mails that were delivered, in no particular order."""
        return [path.read_bytes() for part in ("new", "cur") for path in (self.maildir / part).glob("*")]

    def empty(self) -> None:
        """Throw away all mail, and what a server noted about it."""
        shutil.rmtree(self.maildir, ignore_errors=True)
        for part in ("new", "cur", "tmp"):
            (self.maildir / part).mkdir(parents=True, mode=0o700)
        self.hand_over()

    def hand_over(self) -> None:
        """Give everything in the folder to the user that the servers run as."""
        if self.account:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def remove(self) -> None:
        """Throw the folder away."""
        shutil.rmtree(self.folder, ignore_errors=True)
