"""Seeding: bringing the database to what a profiles file says, as a plan that can be looked at first.

Seeding twice changes nothing. Profiles that the file does not name are left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from profiles.described import differences
from profiles.errors import CredentialNeeded, CredentialUnreadable
from profiles.failovers import failover_fault
from profiles.profile import Profile
from profiles.profiles_file import ProfilesFileWrong
from profiles.rows import moved
from profiles.sealing import Service
from profiles.store import SERVICES, Draft, ProfileStore


class Action(StrEnum):
    """What seeding does to one profile."""

    CREATE = "create"
    CHANGE = "change"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Change:
    """What seeding does to one profile; `fields` names the settings that change, by their place in the file."""

    profile: str
    action: Action
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What seeding would do, and the drafts that do it."""

    changes: tuple[Change, ...]
    drafts: tuple[Draft, ...]


def make_plan(store: ProfileStore, drafts: Sequence[Draft]) -> Plan:
    """Compare what a file says with what the database holds.

    Raises:
        ProfilesFileWrong: when a failover does not exist or goes in a circle, a password is needed, or a profile
            was renamed since the file was written.
    """
    known = {profile.name: profile for profile in store.all()}
    after_all = {**known, **{draft.profile.name: draft.profile for draft in drafts}}
    problems = []
    for draft in drafts:
        if fault := failover_fault(draft.profile, after_all):
            problems.append(f"profile “{draft.profile.name}”: failover: {fault}")
    changes: list[Change] = []
    wanted: list[Draft] = []
    renamed = {former: profile.name for profile in known.values() for former in profile.former_names}
    for draft in drafts:
        name = draft.profile.name
        before = known.get(name)
        if before is None and name in renamed:
            problems.append(f"profile “{name}” is called “{renamed[name]}” now: name it so, or make a new one first")
            continue
        after = replace(draft.profile, id=before.id if before else 0)
        fields = list(differences(before, after)) if before else []
        for service in SERVICES:
            try:
                if _password_changes(store, before, after, service, draft.credentials.of(service)) and before:
                    fields.append(f"{service}.password")
            except CredentialNeeded as error:
                problems.append(f"profile “{name}”: {service}.password: {error}")
        action = Action.CHANGE if fields else Action.UNCHANGED
        if before is None:
            action = Action.CREATE
        changes.append(Change(name, action, tuple(fields)))
        if action is not Action.UNCHANGED:
            wanted.append(replace(draft, profile=after, before=before))
    if problems:
        raise ProfilesFileWrong(problems)
    return Plan(tuple(changes), tuple(wanted))


def _password_changes(
    store: ProfileStore, before: Profile | None, after: Profile, service: Service, given: str | None
) -> bool:
    """Say whether the kept password of a service becomes another.

    Raises:
        CredentialNeeded: when there is none to keep, or it may not be kept because its server changes.
    """
    settings = after.smtp if service == "smtp" else after.imap
    if settings is None or settings.username is None:
        return False
    changed = moved(before, after, service) if before else ()
    if given is None and (before is None or changed):
        raise CredentialNeeded(service, changed)
    if before is None or changed:
        return True
    try:
        kept = store.credential(before, service)
    except (CredentialNeeded, CredentialUnreadable):
        if given is None:
            raise CredentialNeeded(service) from None
        return True
    return given is not None and given != kept
