"""The fields of the profile form: every setting there and back, and what a preset and a choice of port do to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from profiles.page.form_fields import SETTINGS, before_of, blank_fields, fields_of, merged, read_fields, table_of
from profiles.page.form_filling import fill_in, follow, unusual
from profiles.page.form_reading import parts_of, read_form
from profiles.page.form_view import LABELS
from profiles.presets import PRESETS, PresetName
from profiles.profile import ImapSettings, Limits, OnUncertain, Profile, Security, SmtpSettings
from profiles.settings_form import SettingsForm

FULL = Profile(
    id=7,
    name="QA alerts",
    from_address="qa@example.com",
    from_name='QA "alerts"',
    smtp=SmtpSettings("smtp.example.com", 465, Security.TLS, "qa", "/ca.pem"),
    imap=ImapSettings(
        "imap.example.com", 993, Security.TLS, "qa", "/ca.pem", ("INBOX", "Spam, old"[:4]), "seen", "Done"
    ),
    limits=Limits(3, 30, 10_000),
    recipients=("a@example.com", "b@example.com"),
    reply_to="r@example.com",
    allowed_recipients=("example.com", "*.example.com"),
    timezone="Europe/Berlin",
    note="One\ntwo",
    on_uncertain=OnUncertain.HOLD,
    failover="Spare",
    plus_addressing=True,
    authserv_id="mx.example.com",
    actors=("lead@example.com",),
    allow_rerun=True,
    retention_days=90,
    credential_expires=date(2027, 1, 31),
    templates="short",
)
SPARE = Profile(9, "Spare", "qa@example.com", SmtpSettings("h", 25, Security.NONE))


def test_every_setting_goes_into_the_form_and_comes_back() -> None:
    fields = fields_of(FULL)
    assert read_form(fields, FULL, [FULL, SPARE]).profile == FULL
    assert before_of(fields, 7) == replace(FULL, id=7)
    bare = replace(SPARE, enabled=False)
    assert read_form(fields_of(bare), bare, [FULL, bare]).profile == bare


def test_every_setting_of_the_profiles_file_has_its_field_and_its_label() -> None:
    asked = set()
    for name, field in SettingsForm.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None) or next(
            (each.model_fields for each in getattr(field.annotation, "__args__", ()) if hasattr(each, "model_fields")),
            None,
        )
        place = field.alias or name
        asked |= {f"{place}.{key}" for key in inner} if inner else {place}
    elsewhere = {"enabled", "smtp.password", "imap.password"}
    assert asked - elsewhere == set(SETTINGS) - {"imap.on"}
    assert set(SETTINGS) <= set(LABELS)


def test_a_browser_that_sends_anything_breaks_nothing() -> None:
    sent = {"name": "a\0b", "note": "a\r\nb", "smtp.host": ["x"], "evil": "x", "before": "{"}
    fields = read_fields(sent)
    assert (fields["name"], fields["note"], fields["smtp.host"]) == ("ab", "a\nb", "")
    assert "evil" not in fields
    assert before_of(fields, 1) is None
    read = read_form(fields, None, [])
    assert read.profile is None
    assert read.faults["smtp.host"] == "Is missing."


def test_what_both_changed_is_what_was_typed_and_the_rest_is_what_stands_there_now() -> None:
    base = {"a": "1", "b": "1", "c": "1"}
    assert merged(base, {"a": "2", "b": "1", "c": "2"}, {"a": "3", "b": "3", "c": "1"}) == {
        "a": "2",
        "b": "3",
        "c": "2",
    }


@pytest.mark.parametrize("name", PresetName)
def test_a_preset_leaves_alone_what_is_not_its_business(name: PresetName) -> None:
    fields = fields_of(FULL)
    filled = fill_in(fields, PRESETS[name])
    changed = {key for key in SETTINGS if filled[key] != fields[key]}
    allowed = {f"{service}.{key}" for service in ("smtp", "imap") for key in ("host", "port", "security")}
    assert changed <= allowed | {"limits.connections", "limits.per_minute", "limits.per_day"}
    assert SettingsForm.model_validate(table_of(filled)).to_profile().smtp.host == filled["smtp.host"]


@pytest.mark.parametrize(
    ("chosen", "port", "security"),
    [
        ({"smtp.security": "starttls"}, "587", "starttls"),
        ({"smtp.port": "587"}, "587", "starttls"),
        ({"smtp.port": "2525"}, "2525", "starttls"),
        ({"smtp.port": "25", "smtp.security": "none"}, "25", "none"),
        ({"smtp.port": "587", "smtp.security": "tls", "smtp.said": "security"}, "587", "tls"),
        ({"smtp.port": ""}, "465", "tls"),
        ({"smtp.port": "5x"}, "5x", "tls"),
        ({"smtp.security": "evil"}, "465", "evil"),
        ({}, "465", "tls"),
    ],
)
def test_port_and_security_follow_each_other_until_both_were_chosen(
    chosen: dict[str, str], port: str, security: str
) -> None:
    fields, _, _ = follow(blank_fields() | chosen, "smtp")
    assert (fields["smtp.port"], fields["smtp.security"]) == (port, security)


def test_an_unusual_pair_is_told() -> None:
    fields = blank_fields() | {"smtp.port": "465", "smtp.security": "starttls"}
    assert unusual(fields, "smtp") == "Port 465 usually goes with tls."
    assert unusual(blank_fields(), "smtp") == ""
    assert unusual(blank_fields() | {"smtp.port": "2525"}, "smtp") == ""


def test_a_server_is_the_same_however_it_is_written_and_unusable_parts_are_none() -> None:
    fields = blank_fields() | {"smtp.host": " SMTP.example.com. ", "smtp.port": "", "smtp.username": "qa"}
    assert parts_of(fields, "smtp") == ("smtp.example.com", "465", "tls", "qa")
    assert parts_of(blank_fields() | {"smtp.host": "a b", "smtp.port": "x"}, "smtp") == (None, None, "tls", None)
    assert parts_of(fields | {"smtp.security": "evil"}, "smtp") == ("smtp.example.com", None, None, "qa")
    assert parts_of(fields, "smtp", {"security"}) == ("smtp.example.com", "465", None, "qa")
