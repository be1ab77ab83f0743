"""Unsaved forms, kept on the server for half an hour, each for the one session that typed it.

A typed credential is sealed for its form and its server, never sent back, and opens for no other server. It knows
nothing of requests, and what the fields mean is not looked at.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, delete
from sqlmodel import Session, col, select

from profiles.drafts import SERVICES, Credentials
from profiles.errors import CredentialUnreadable
from profiles.page.draft_place import DraftPlace, Parts, changed_parts, settled
from profiles.page.draft_tables import PageDraftRow, columns_of
from profiles.sealing import Keyring, Service

#: Milliseconds after its last use for which a form is kept.
KEPT_FOR = 30 * 60 * 1000
#: Forms one session may have; of more, the one nearest its end is dropped.
MOST = 20


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in a form for one service: the server, and the credential if one was typed just now."""

    parts: Parts
    credential: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class KeptForm:
    """An unsaved form as it is kept.

    `kept` names the services whose credential opens for the server that stands in the form; `stale` names, for the
    others with a credential, what was changed since it was typed. `marks` tell two credentials apart and nothing else.
    """

    id: str
    profile_id: int
    fields: Mapping[str, str]
    credentials: Credentials = field(repr=False)
    stale: Mapping[Service, tuple[str, ...]] = field(default_factory=dict)
    marks: Mapping[Service, str] = field(default_factory=dict)

    @property
    def kept(self) -> frozenset[Service]:
        """The services whose credential is kept and may be used."""
        return frozenset(service for service in SERVICES if self.credentials.of(service))


class DraftShelf:
    """The unsaved forms of one database; `now` gives milliseconds UTC."""

    def __init__(
        self,
        engine: Engine,
        keyring: Keyring,
        now: Callable[[], int],
        new_id: Callable[[], str] = lambda: secrets.token_urlsafe(24),
    ) -> None:
        self._engine = engine
        self._reading = engine.execution_options(reading=True)
        self._keyring = keyring
        self._now = now
        self._new_id = new_id

    def keep(
        self,
        owner: str,
        draft_id: str | None,
        profile_id: int,
        fields: Mapping[str, str],
        typed: Mapping[Service, Typed],
    ) -> KeptForm:
        """Keep a form as it was sent now, under its id if this session has it, else under a new one."""
        at = self._now()
        with Session(self._engine) as session, session.begin():
            session.execute(delete(PageDraftRow).where(col(PageDraftRow.expires_at) <= at))
            row = self._row(session, owner, draft_id, at)
            if row is None or row.profile_id != profile_id:
                self._make_room(session, owner)
                row = PageDraftRow(id=self._new_id(), owner=owner, profile_id=profile_id, fields={}, expires_at=at)
                session.add(row)
            values: dict[str, Any] = {"fields": dict(fields), "expires_at": at + KEPT_FOR}
            for service, each in typed.items():
                values |= self._sealed(row, service, each)
            row.sqlmodel_update(values)
            return self._opened(row, {service: each.parts for service, each in typed.items()})

    def find(
        self, owner: str, draft_id: str | None, parts: Callable[[Mapping[str, str]], Mapping[Service, Parts]]
    ) -> KeptForm | None:
        """Return a form of this session that is not too old; `parts` finds the servers in its fields."""
        with Session(self._reading) as session:
            row = self._row(session, owner, draft_id, self._now())
            return None if row is None else self._opened(row, parts(row.fields))

    def forget(self, owner: str, draft_id: str | None) -> None:
        """Drop a form of this session, because it was saved or given up."""
        with Session(self._engine) as session, session.begin():
            session.execute(
                delete(PageDraftRow).where(col(PageDraftRow.id) == draft_id, col(PageDraftRow.owner) == owner)
            )

    def _row(self, session: Session, owner: str, draft_id: str | None, at: int) -> PageDraftRow | None:
        if not draft_id:
            return None
        return session.exec(
            select(PageDraftRow).where(
                PageDraftRow.id == draft_id, PageDraftRow.owner == owner, col(PageDraftRow.expires_at) > at
            )
        ).first()

    def _make_room(self, session: Session, owner: str) -> None:
        """Drop what a session has too many of."""
        latest = (
            select(PageDraftRow.id)
            .where(PageDraftRow.owner == owner)
            .order_by(col(PageDraftRow.expires_at).desc())
            .offset(MOST - 1)
        )
        for draft_id in session.exec(latest).all():
            session.execute(delete(PageDraftRow).where(col(PageDraftRow.id) == draft_id))

    def _sealed(self, row: PageDraftRow, service: Service, typed: Typed) -> dict[str, Any]:
        """Return the columns for a credential typed now, or for the one there once more of its place is known."""
        credential, parts = typed.credential, typed.parts
        if not credential:
            there = row.sealed(service)
            if there is None:
                return {}
            place = _parts(there[1])
            if None not in place or changed_parts(place, parts):
                return {}
            opened = self._open(row.id, service, there[0], place)
            if opened is None:
                return columns_of(service, None, None)
            credential, parts = opened, settled(place, parts)
        sealed = self._keyring.seal(credential, DraftPlace(row.id, service, parts))
        return columns_of(service, sealed, list(parts))

    def _opened(self, row: PageDraftRow, parts: Mapping[Service, Parts]) -> KeptForm:
        found: dict[Service, str | None] = {}
        stale: dict[Service, tuple[str, ...]] = {}
        marks: dict[Service, str] = {}
        for service, now in parts.items():
            there = row.sealed(service)
            if there is None:
                continue
            sealed, place = there[0], _parts(there[1])
            if changed := changed_parts(place, now):
                stale[service] = changed
            else:
                found[service] = self._open(row.id, service, sealed, place)
                marks[service] = hashlib.sha256(sealed).hexdigest()
        return KeptForm(
            row.id, row.profile_id, dict(row.fields), Credentials(found.get("smtp"), found.get("imap")), stale, marks
        )

    def _open(self, draft_id: str, service: Service, sealed: bytes, place: Parts) -> str | None:
        """Open a typed credential; None when its key was taken away meanwhile, so that it is asked for again."""
        try:
            return self._keyring.open(sealed, DraftPlace(draft_id, service, place))
        except CredentialUnreadable:
            return None


def _parts(place: list[str | None]) -> Parts:
    host, port, security, username = place
    return host, port, security, username
