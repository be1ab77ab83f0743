"""The doctor on the profiles: whether each can send, as far as that is known without connecting."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Engine

from consumers.views.usage import LedgerUsage
from profiles.errors import CredentialNeeded, CredentialUnreadable
from profiles.marks import MarkName
from profiles.overview import Seen, overview
from profiles.sealing import Keyring
from profiles.store import ProfileStore
from worker.doctor.finding import Finding, Surroundings, Verdict

#: The marks that a doctor speaks of; the others are for who tidies up.
GRAVE: dict[MarkName, Verdict] = {
    MarkName.DISABLED: "warning",
    MarkName.BREAKER_OPEN: "wrong",
    MarkName.FAILING: "wrong",
    MarkName.CERTIFICATE_ENDED: "wrong",
    MarkName.CERTIFICATE_ENDING: "warning",
    MarkName.CREDENTIAL_ENDED: "wrong",
    MarkName.CREDENTIAL_ENDING: "warning",
}


def examine_profiles(engine: Engine, keyring: Keyring, around: Surroundings) -> Iterator[Finding]:
    """Examine each profile: its credentials, its breaker, its last tests and attempts, the certificates seen then."""
    store = ProfileStore(engine, keyring)
    now = round(around.now() * 1000)
    found = overview(store, LedgerUsage(engine, lambda: now), now)
    if not found:
        yield Finding("profiles", "warning", "No email profiles configured", "run `runmail profiles new`")
    for seen in found:
        yield from _examine(store, seen)


def _examine(store: ProfileStore, seen: Seen) -> Iterator[Finding]:
    profile = seen.profile
    subject = f"profile “{profile.name}”"
    try:
        store.credential(profile, "smtp")
        store.credential(profile, "imap")
    except (CredentialNeeded, CredentialUnreadable) as error:
        yield Finding(subject, "wrong", str(error), "bring the old key back, or enter the credential again")
        return
    grave = [mark for mark in seen.marks if mark.name in GRAVE]
    for mark in grave:
        yield Finding(subject, GRAVE[mark.name], mark.said, _advice(mark.name, profile.name))
    if not grave:
        said = f"{profile.smtp.host}:{profile.smtp.port}, credentials readable"
        yield Finding(subject, "ok", said if seen.tests else f"{said}, never tested")


def _advice(mark: MarkName, name: str) -> str:
    if mark is MarkName.DISABLED:
        return f"runmail profiles enable “{name}”"
    if mark in (MarkName.CREDENTIAL_ENDED, MarkName.CREDENTIAL_ENDING):
        return f"runmail profiles rotate “{name}”"
    if mark in (MarkName.CERTIFICATE_ENDED, MarkName.CERTIFICATE_ENDING):
        return f"have it renewed, then `runmail profiles test “{name}”`"
    return f"see `runmail profiles test “{name}”`; a test that passes closes the breaker"
