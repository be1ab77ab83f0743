"""The store of profiles: reading, keeping and changing them in the database.

The one place where credentials are sealed and opened. A kept credential is bound to its server: `update` asks
for it again when host, port, TLS mode or user change, and `credential` opens it only for a Profile that says
the same. It knows nothing of SMTP and IMAP, and does not judge settings (`seed` and the CLI do).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from profiles.errors import CredentialNeeded, ProfileExists, UnknownProfile
from profiles.last_test import LastTest
from profiles.profile import Profile
from profiles.rows import columns, columns_of_test, last_tests, moved, place, to_profile
from profiles.sealing import Keyring, Service
from profiles.tables import ProfileRow

SERVICES: tuple[Service, ...] = ("smtp", "imap")


@dataclass(frozen=True, slots=True)
class Credentials:
    """The passwords given beside a profile; None means: none was given. Its repr shows neither."""

    smtp: str | None = field(default=None, repr=False)
    imap: str | None = field(default=None, repr=False)

    def of(self, service: Service) -> str | None:
        """Return the password given for a service."""
        return self.smtp if service == "smtp" else self.imap


@dataclass(frozen=True, slots=True)
class Draft:
    """A profile to be kept: a new one when its id is 0, else a change of the one with that id."""

    profile: Profile
    credentials: Credentials = Credentials()


def now_milliseconds() -> int:
    """Return the time in milliseconds UTC."""
    return time.time_ns() // 1_000_000


class ProfileStore:
    """The profiles of one database, with the keys that open their credentials."""

    def __init__(self, engine: Engine, keyring: Keyring, now: Callable[[], int] = now_milliseconds) -> None:
        self._engine = engine
        # The engine of SQLite opens writing transactions unless told otherwise; a reader must not wait for
        # writers.
        self._reading = engine.execution_options(reading=True)
        self._keyring = keyring
        self._now = now

    def all(self) -> list[Profile]:
        """Return every profile, by name."""
        with Session(self._reading) as session:
            return [to_profile(row) for row in session.exec(select(ProfileRow).order_by(col(ProfileRow.name)))]

    def get(self, profile_id: int) -> Profile:
        """Return the profile with that id.

        Raises:
            UnknownProfile: when there is none.
        """
        with Session(self._reading) as session:
            return to_profile(_row(session, profile_id))

    def by_name(self, name: str) -> Profile:
        """Return the profile with exactly that name.

        Raises:
            UnknownProfile: when there is none; it suggests a name that is near.
        """
        with Session(self._reading) as session:
            row = session.exec(select(ProfileRow).where(ProfileRow.name == name)).first()
            if row is None:
                raise UnknownProfile(name, tuple(session.exec(select(ProfileRow.name))))
            return to_profile(row)

    def add(self, draft: Profile, credentials: Credentials = Credentials()) -> Profile:
        """Keep a new profile and return it with its id; the id of `draft` is not looked at.

        Raises:
            ProfileExists: when its name is taken.
            CredentialNeeded: when a service has a user and no password was given.
        """
        return self.save([Draft(replace(draft, id=0), credentials)])[0]

    def update(self, profile: Profile, credentials: Credentials = Credentials()) -> Profile:
        """Change the profile with the same id; passwords that are not given stay as they are.

        Raises:
            UnknownProfile: when it is gone.
            ProfileExists: when its new name is taken.
            CredentialNeeded: when a password is not given although its server changed, or there is none.
        """
        if profile.id == 0:
            raise UnknownProfile(profile.name)
        return self.save([Draft(profile, credentials)])[0]

    def save(self, drafts: Sequence[Draft]) -> list[Profile]:
        """Keep new profiles and changes of old ones in one transaction: all or none.

        Raises:
            UnknownProfile, ProfileExists, CredentialNeeded: as in `add` and `update`; nothing is kept then.
        """
        name = ""
        try:
            with Session(self._engine) as session, session.begin():
                kept = []
                for draft in drafts:
                    name = draft.profile.name
                    kept.append(self._keep(session, draft))
                return kept
        except IntegrityError:
            raise ProfileExists(name) from None

    def credential(self, profile: Profile, service: Service) -> str | None:
        """Open the kept password for the server that `profile` names; None when the service has no user.

        Raises:
            UnknownProfile: when the profile is gone.
            CredentialNeeded: when a user stands without a kept password.
            CredentialUnreadable: when its key is missing, or it was sealed for other settings than these.
        """
        where = place(profile, service)
        if where is None:
            return None
        with Session(self._reading) as session:
            sealed = _sealed(_row(session, profile.id), service)
        if sealed is None:
            raise CredentialNeeded(service)
        return self._keyring.open(sealed, where)

    def record_test(self, profile_id: int, service: Service, test: LastTest) -> None:
        """Keep what a connection test came to.

        Raises:
            UnknownProfile: when the profile is gone.
        """
        with Session(self._engine) as session, session.begin():
            _row(session, profile_id).sqlmodel_update(columns_of_test(service, test))

    def last_tests(self) -> dict[int, dict[Service, LastTest]]:
        """Return the last tests of every profile, by its id."""
        with Session(self._reading) as session:
            return {row.id: last_tests(row) for row in session.exec(select(ProfileRow)) if row.id is not None}

    def _keep(self, session: Session, draft: Draft) -> Profile:
        """Write one draft: the row first, because its id is part of what a credential is sealed for."""
        profile = draft.profile
        taken = session.exec(
            select(ProfileRow.id).where(ProfileRow.name == profile.name, ProfileRow.id != profile.id)
        ).first()
        if taken is not None:
            raise ProfileExists(profile.name)
        now = self._now()
        changed: dict[Service, tuple[str, ...]] = {}
        if profile.id:
            row = _row(session, profile.id)
            before = to_profile(row)
            changed = {service: moved(before, profile, service) for service in SERVICES}
            row.sqlmodel_update({**columns(profile), "updated_at": now})
        else:
            row = ProfileRow(**columns(profile), created_at=now, updated_at=now)
            session.add(row)
        session.flush()
        assert row.id is not None
        profile = replace(profile, id=row.id)
        for service in SERVICES:
            self._bind(row, profile, service, draft.credentials.of(service), changed.get(service, ()))
        return profile

    def _bind(
        self, row: ProfileRow, profile: Profile, service: Service, given: str | None, changed: tuple[str, ...]
    ) -> None:
        """Seal the password given for a service, keep the one that is there, or ask for it."""
        where = place(profile, service)
        if changed:
            row.sqlmodel_update(columns_of_test(service, None))
        if where is None:
            sealed = None
        elif given:
            sealed = self._keyring.seal(given, where)
        elif changed or (sealed := _sealed(row, service)) is None:
            raise CredentialNeeded(service, changed)
        row.sqlmodel_update({f"{service}_sealed": sealed})


def _row(session: Session, profile_id: int) -> ProfileRow:
    """Return the row of a profile, or raise UnknownProfile."""
    row = session.get(ProfileRow, profile_id)
    if row is None:
        raise UnknownProfile(profile_id)
    return row


def _sealed(row: ProfileRow, service: Service) -> bytes | None:
    """Return what is sealed for a service."""
    return row.smtp_sealed if service == "smtp" else row.imap_sealed
