"""The fields of the profile form: as texts that a browser sends, as a `[[profile]]` table, and back. Pure.

A field is named as its setting is in the profiles file, with dots (`smtp.host`). Credentials are no fields: they go
another way. Whether a value is right, `form_reading` says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from profiles.described import describe
from profiles.profile import Profile, Security
from profiles.profiles_text import file_table
from profiles.settings_form import SettingsForm
from profiles.usual_ports import usual_port

#: Fields of one line or several, of a list (one entry a line), and to tick.
TEXTS = (
    "name", "from", "reply_to", "timezone", "note", "failover", "authserv_id", "retention_days", "credential_expires",
    "templates", "on_uncertain", "smtp.host", "smtp.port", "smtp.security", "smtp.username", "smtp.ca_file",
    "imap.host", "imap.port", "imap.security", "imap.username", "imap.ca_file", "imap.keyword", "imap.move_to",
    "limits.connections", "limits.per_minute", "limits.per_day",
)  # fmt: skip
LISTS = ("recipients", "allowed_recipients", "actors", "imap.folders")
TICKS = ("plus_addressing", "allow_rerun")
#: Ticked: the profile reads replies. It decides whether the IMAP fields count.
READS_REPLIES = "imap.on"
SETTINGS = (*TEXTS, *LISTS, *TICKS, READS_REPLIES)
#: What the form carries beside settings: what it was made from, and which ports were shown and chosen.
BESIDE = ("before", "preset", "region", "send_to", "smtp.shown", "smtp.said", "imap.shown", "imap.said")
#: Characters of one field that are looked at: more than the longest list of addresses needs.
MOST_CHARACTERS = 100_000

_BETWEEN = re.compile(r"[\n,;]")
_LINE_ENDS = re.compile(r"\r\n?")


def read_fields(sent: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields that a browser sent, every one of the form; a missing one is empty."""
    found = {}
    for name in (*SETTINGS, *BESIDE):
        value = sent.get(name)
        # A NUL has no place in any setting, and PostgreSQL takes none.
        text = value[:MOST_CHARACTERS].replace("\0", "") if isinstance(value, str) else ""
        found[name] = _LINE_ENDS.sub("\n", text)
    return found


def blank_fields() -> dict[str, str]:
    """Return the fields of an empty form: what goes without saying stands in it."""
    fields = dict.fromkeys((*SETTINGS, *BESIDE), "")
    fields |= {"timezone": "UTC", "on_uncertain": "resend", "imap.folders": "INBOX"}
    fields |= {"smtp.security": Security.TLS.value, "smtp.port": str(usual_port("smtp", Security.TLS))}
    fields |= {"imap.security": Security.TLS.value, "imap.port": str(usual_port("imap", Security.TLS))}
    return shown_now(fields)


def fields_of(profile: Profile) -> dict[str, str]:
    """Return the fields of a form that changes a profile."""
    described = describe(profile)
    fields = blank_fields()
    for name in (*TEXTS, *LISTS, *TICKS):
        table, dot, key = name.rpartition(".")
        group = described[table] if dot else described
        if group is None:
            continue
        fields[name] = _text(group[key])
    fields[READS_REPLIES] = "on" if profile.imap else ""
    fields["before"] = json.dumps(file_table(profile), default=date.isoformat)
    return shown_now(fields)


def table_of(fields: Mapping[str, str]) -> dict[str, Any]:
    """Return what the fields say as one `[[profile]]` table; an empty field says nothing."""
    table: dict[str, Any] = {"smtp": {}}
    reads_replies = bool(fields.get(READS_REPLIES))
    for name in (*TEXTS, *LISTS, *TICKS):
        place, dot, key = name.rpartition(".")
        if place == "imap" and not reads_replies:
            continue
        value = _value(name, fields.get(name, ""))
        if value is not None:
            (table.setdefault(place, {}) if dot else table)[key] = value
    if reads_replies:
        table.setdefault("imap", {})
    return table


def before_of(fields: Mapping[str, str], profile_id: int) -> Profile | None:
    """Return the profile that the form was made from, as the form carries it; None when it carries none.

    A visitor may write anything there: it only serves to find what others changed meanwhile.
    """
    try:
        form = SettingsForm.model_validate(json.loads(fields.get("before", "")))
    except ValueError:  # pydantic's is one too
        return None
    return None if profile_id == 0 else replace(form.to_profile(), id=profile_id)


def merged(base: Mapping[str, str], typed: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """Return what was typed over `base`, laid over what stands there now."""
    return {**now, **{name: value for name, value in typed.items() if _plain(value) != _plain(base.get(name, ""))}}


def shown_now(fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields with the ports that are shown noted, and none of them chosen by hand."""
    pairs = {
        f"{service}.shown": f"{fields[f'{service}.port']} {fields[f'{service}.security']}"
        for service in ("smtp", "imap")
    }
    return {**fields, **pairs, "smtp.said": "", "imap.said": ""}


def _value(name: str, text: str) -> Any:
    """Return the value of a field in a table; None for one that says nothing."""
    if name in TICKS:
        return bool(text)
    if name in LISTS:
        # A folder's name may hold a comma; an address or a domain does not.
        entries = [entry.strip() for entry in (text.split("\n") if name == "imap.folders" else _BETWEEN.split(text))]
        return [entry for entry in entries if entry] or None
    return text.strip() or None


def _text(value: Any) -> str:
    """Return a setting as its field shows it."""
    match value:
        case None | False:
            return ""
        case True:
            return "on"
        case list():
            return "\n".join(str(each) for each in value)
        case _:
            return str(value)


def _plain(value: str) -> str:
    return "\n".join(line.strip() for line in value.strip().splitlines())
