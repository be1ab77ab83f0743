"""What the form's template is given: values, faults by field and in a summary, and what is said beside fields. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from profiles.drafts import SERVICES
from profiles.marks import is_personal
from profiles.page.draft_place import changed_parts
from profiles.page.draft_shelf import KeptForm
from profiles.page.form_fields import READS_REPLIES
from profiles.page.form_filling import SECURITY_WORDS, preset_of, unusual
from profiles.page.form_reading import servers_of
from profiles.page.trials import Trial
from profiles.presets import PRESETS
from profiles.profile import OnUncertain, Profile
from profiles.sealing import Service

#: Settings by the words of their labels, in the order of the form.
LABELS = {
    "name": "Name", "from": "Sender", "recipients": "Recipients", "preset": "Mail service", "region": "Region",
    "smtp.host": "SMTP host", "smtp.port": "SMTP port", "smtp.security": "SMTP security", "smtp.username": "SMTP user",
    "smtp.password": "SMTP password", "send_to": "Send a test mail to me",
    READS_REPLIES: "Read replies", "imap.host": "IMAP host", "imap.port": "IMAP port",
    "imap.security": "IMAP security", "imap.username": "IMAP user", "imap.password": "IMAP password",
    "imap.folders": "Folders", "imap.keyword": "Keyword", "imap.move_to": "Move to",
    "imap.ca_file": "IMAP certificate authority", "allowed_recipients": "Allowed recipients", "reply_to": "Reply-To",
    "actors": "Who may answer for a list", "authserv_id": "Authentication server",
    "plus_addressing": "Plus addressing", "allow_rerun": "Reruns by mail", "failover": "Failover",
    "on_uncertain": "When nobody knows whether a mail arrived", "limits.connections": "Connections",
    "limits.per_minute": "Mails a minute", "limits.per_day": "Mails a day", "timezone": "Time zone",
    "templates": "Template set", "credential_expires": "Credential expires",
    "retention_days": "Days replies are kept", "smtp.ca_file": "SMTP certificate authority", "note": "Note",
}  # fmt: skip
#: Settings that stand in the form itself; the others are folded away under “Further settings”.
FRONT = frozenset({"name", "from", "recipients", "preset", "region", "send_to"})
CHOICES_ON_UNCERTAIN = (
    (OnUncertain.RESEND.value, "Send it again once, under the same Message-ID"),
    (OnUncertain.HOLD.value, "Hold it until a person decides"),
)


@dataclass(frozen=True, slots=True)
class Password:
    """What stands beside a password's field: `state` is `empty`, `kept` (typed before), `stored` or `again`."""

    state: str
    said: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One line of the summary: where it leads, what the field is called, what is wrong."""

    target: str
    label: str
    said: str


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it is to be shown: `current` is the profile as it is kept, None for a new one."""

    fields: Mapping[str, str]
    current: Profile | None = None
    draft: KeptForm | None = None
    #: Services whose credential was typed just now.
    typed: tuple[Service, ...] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    followed: Mapping[Service, str] = field(default_factory=dict)
    #: What others changed meanwhile: setting and what became of it; who did it.
    conflict: tuple[tuple[str, str], ...] = ()
    conflict_by: str = ""
    trials: tuple[Trial, ...] = ()


def context(form: Form, known: Collection[Profile]) -> dict[str, Any]:
    """Return what the template needs."""
    preset = preset_of(form.fields)
    kept = form.current.id if form.current else 0
    return {
        "form": form,
        "profile": form.current,
        "f": form.fields,
        "faults": form.faults,
        "summary": summary(form.faults),
        "passwords": {service: password(form, service) for service in SERVICES},
        "unusual": {service: unusual(form.fields, service) for service in SERVICES},
        "followed": form.followed,
        "presets": [("", "None"), *((name.value, each.title) for name, each in PRESETS.items())],
        "preset": preset,
        "securities": [(kind.value, words) for kind, words in SECURITY_WORDS.items()],
        "uncertain": CHOICES_ON_UNCERTAIN,
        "failovers": [("", "None"), *((each.name, each.name) for each in known if each.id != kept)],
        "is_personal": is_personal(form.fields["from"].rpartition("<")[2].strip(" >")),
        "open_imap": bool(form.fields[READS_REPLIES]) or any(name.startswith("imap.") for name in form.faults),
        "open_more": any(_is_further(name) for name in form.faults),
        "trials": form.trials,
    }


def password(form: Form, service: Service) -> Password:
    """Return what stands beside a password's field; the password itself never does."""
    if form.draft is not None and service in form.draft.kept:
        return Password("kept", "Kept for 30 minutes. Leave it empty to use it, or type another.")
    if form.draft is not None and service in form.draft.stale:
        return Password("again", _again(form.draft.stale[service]))
    stored = stored_parts(form.current, service)
    if stored is None:
        return Password("empty", "")
    if changed := changed_parts(stored, servers_of(form.fields)[service]):
        return Password("again", _again(changed))
    return Password("stored", "Saved. Leave it empty to keep it, or type another.")


def stored_parts(profile: Profile | None, service: Service) -> tuple[str, str, str, str] | None:
    """Return the server that a profile's kept password belongs to; None when it has none."""
    server = None if profile is None else profile.smtp if service == "smtp" else profile.imap
    if server is None or server.username is None:
        return None
    return server.host, str(server.port), server.security.value, server.username


def summary(faults: Mapping[str, str]) -> list[Fault]:
    """Return the faults in the order of the form."""
    order = list(LABELS)
    places = sorted(faults, key=lambda name: order.index(name) if name in order else -1)
    return [Fault(field_id(name), LABELS.get(name, ""), faults[name]) for name in places]


def field_id(name: str) -> str:
    """Return the id of a field's element."""
    return name.replace(".", "-").replace("_", "-") or "profile-form"


def _is_further(name: str) -> bool:
    if name.startswith(("smtp.", "imap.")):
        return name == "smtp.ca_file"
    return name not in FRONT and name != ""


def _again(changed: Collection[str]) -> str:
    words = ["user" if name == "username" else name for name in changed]
    listed = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return f"Type it again: {listed} changed, and a password is never sent to another server."
