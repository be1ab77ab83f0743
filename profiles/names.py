"""Names of profiles in the database: which profile a name means, also after a rename, and taking a new name.

An event that names the old name of a profile still finds it, unless another profile has taken that name.
"""

from __future__ import annotations

from sqlalchemy import String, cast
from sqlmodel import Session, col, select

from profiles.errors import ProfileExists, UnknownProfile
from profiles.tables import ProfileRow


def exact(session: Session, name: str, *, lock: bool = False) -> ProfileRow:
    """Return the row whose name is exactly that; `lock` keeps others from changing it (PostgreSQL).

    Raises:
        UnknownProfile: when there is none; it says what the profile is called now, or a name that is near.
    """
    query = select(ProfileRow).where(ProfileRow.name == name)
    row = session.exec(query.with_for_update() if lock else query).first()
    if row is None:
        renamed = _formerly(session, name)
        raise UnknownProfile(
            name, tuple(session.exec(select(ProfileRow.name))), renamed_to=renamed.name if renamed else None
        )
    return row


def meant(session: Session, name: str) -> ProfileRow:
    """Return the row that has the name, else the one that had it.

    Raises:
        UnknownProfile: when there is neither.
    """
    row = session.exec(select(ProfileRow).where(ProfileRow.name == name)).first() or _formerly(session, name)
    return row or exact(session, name)


def take(session: Session, row: ProfileRow, name: str) -> None:
    """Give a row a name that is free: its old one still finds it, and whoever had the new one before loses it.

    Raises:
        ProfileExists: when another profile has the name.
    """
    taken = session.exec(select(ProfileRow.id).where(ProfileRow.name == name, ProfileRow.id != row.id)).first()
    if taken is not None:
        raise ProfileExists(name)
    earlier = _formerly(session, name)
    if earlier is not None and earlier is not row:
        earlier.former_names = [each for each in earlier.former_names if each != name]
    if row.id is not None and row.name != name:
        row.former_names = [each for each in (*row.former_names, row.name) if each != name]
    row.name = name


def _formerly(session: Session, name: str) -> ProfileRow | None:
    """Return the row that had the name. Few profiles were ever renamed, so that those are looked through."""
    renamed = session.exec(select(ProfileRow).where(cast(col(ProfileRow.former_names), String) != "[]"))
    return next((row for row in renamed if name in row.former_names), None)
