"""What is handed in to be kept: a profile and the passwords given beside it. No repr shows a password."""

from __future__ import annotations

from dataclasses import dataclass, field

from profiles.profile import Profile
from profiles.sealing import Service

SERVICES: tuple[Service, ...] = ("smtp", "imap")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The passwords given beside a profile; None means: none was given. Its repr shows neither."""

    smtp: str | None = field(default=None, repr=False)
    imap: str | None = field(default=None, repr=False)

    def of(self, service: Service) -> str | None:
        """Return the password given for a service."""
        return self.smtp if service == "smtp" else self.imap


#: No password was given.
NONE_GIVEN = Credentials()


@dataclass(frozen=True, slots=True)
class Draft:
    """A profile to be kept: a new one when its id is 0, else a change of the one with that id.

    `before` is what the change was made from; when the profile is no longer that, the change is refused. None
    changes whatever is there.
    """

    profile: Profile
    credentials: Credentials = NONE_GIVEN
    before: Profile | None = None
