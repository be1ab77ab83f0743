"""Reading a sent form: the profile it describes, or what is wrong with it, by the field. Pure.

What is wrong is said by the same checks as for a profiles file and the terminal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from profiles.errors import CredentialNeeded, ProfileExists
from profiles.failovers import failover_fault
from profiles.form_faults import placed_faults
from profiles.page.draft_place import Parts
from profiles.page.form_fields import READS_REPLIES, table_of
from profiles.profile import Profile, Security
from profiles.sealing import Service
from profiles.setting_types import HostText, Port, Username
from profiles.settings_form import SettingsForm
from profiles.usual_ports import usual_port

#: Where a fault is shown that is about no field of its own.
WHOLE = ""


@dataclass(frozen=True, slots=True)
class Read:
    """What a form came to: a profile, or faults by the field they belong to."""

    profile: Profile | None
    faults: Mapping[str, str] = field(default_factory=dict)


def read_form(
    fields: Mapping[str, str],
    before: Profile | None,
    known: Collection[Profile],
    typed: Collection[Service] = (),
) -> Read:
    """Check the fields; `typed` names the services for which a credential was typed beside them just now.

    `before` is the profile that is changed, None for a new one; `known` are the profiles there are.
    """
    table = table_of(fields)
    faults: dict[str, str] = {}
    profile: Profile | None = None
    try:
        profile = SettingsForm.model_validate(table).to_profile()
    except ValidationError as error:
        for each in placed_faults(error):
            faults.setdefault(each.place, _sentence(each.said))
    if "smtp" in typed and not table["smtp"].get("username"):
        faults.setdefault("smtp.username", "Is missing: there is a password without its user.")
    # Who takes the tick away from a profile that has IMAP means it.
    is_forgotten = "imap" in typed or (fields.get("imap.username", "").strip() and not (before and before.imap))
    if not fields.get(READS_REPLIES) and is_forgotten:
        faults.setdefault(READS_REPLIES, "Tick this to read replies, or leave user and password empty.")
    if profile is not None:
        kept = 0 if before is None else before.id
        others = {each.name: each for each in known if each.id != kept}
        if profile.name in others:
            faults["name"] = _sentence(str(ProfileExists(profile.name)))
        if fault := failover_fault(profile, others):
            faults["failover"] = _sentence(fault)
        profile = replace(
            profile,
            id=kept,
            enabled=before.enabled if before else True,
            former_names=before.former_names if before else (),
        )
    return Read(None if faults else profile, faults)


def parts_of(fields: Mapping[str, str], service: Service, unsaid: Collection[str] = ()) -> Parts:
    """Return the server that stands in the fields, each part None that cannot be used as it is or is `unsaid`."""
    named = fields.get(f"{service}.security", "")
    security = Security(named) if named in [*Security] else None
    port = fields.get(f"{service}.port", "").strip()
    if not port and security is not None:
        port = str(usual_port(service, security))
    return (
        _usable(HostText, fields.get(f"{service}.host", "").strip()),
        None if "port" in unsaid else _usable(Port, port),
        None if "security" in unsaid or security is None else security.value,
        _usable(Username, fields.get(f"{service}.username", "").strip()),
    )


def servers_of(fields: Mapping[str, str]) -> dict[Service, Parts]:
    """Return the servers of both services."""
    return {"smtp": parts_of(fields, "smtp"), "imap": parts_of(fields, "imap")}


def credential_fault(needed: CredentialNeeded, is_typed_first: bool) -> str:
    """Say at a password's field why it must be typed."""
    if needed.changed and not is_typed_first:
        return f"Type it again: {_listed(needed.changed)} changed, and it is never sent to another server."
    return "Type the password of this user."


def _listed(names: tuple[str, ...]) -> str:
    words = ["user" if name == "username" else name for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _usable(kind: Any, text: str) -> str | None:
    """Return a text as its kind of setting writes it; None when it is none."""
    try:
        return str(TypeAdapter(kind).validate_python(text))
    except ValidationError:
        return None


def _sentence(said: str) -> str:
    """Make a sentence of what is said about a field."""
    said = said[:1].upper() + said[1:]
    return said if said.endswith((".", "!", "?")) else f"{said}."
