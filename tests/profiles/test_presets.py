"""Presets fill what is left open, follow a region, and give way to everything that is said."""

from __future__ import annotations

from typing import Any

import pytest

from profiles.overlay import overlay
from profiles.presets import PRESETS, PresetName
from profiles.profile import Security
from profiles.settings_form import SettingsForm


@pytest.mark.parametrize("name", PresetName)
def test_every_preset_makes_a_profile(name: PresetName) -> None:
    table = overlay(PRESETS[name].table(), {"name": "A", "from": "a@example.com", "imap": {"username": "a"}})
    if "host" not in table["imap"]:
        del table["imap"]
    profile = SettingsForm.model_validate(table).to_profile()
    assert profile.smtp.security is Security.NONE or name is not PresetName.LOCAL
    assert PRESETS[name].notes


def test_a_region_chooses_the_host() -> None:
    assert PRESETS[PresetName.SES].table()["smtp"]["host"] == "email-smtp.eu-central-1.amazonaws.com"
    assert PRESETS[PresetName.SES].table("us-east-1")["smtp"]["host"] == "email-smtp.us-east-1.amazonaws.com"
    assert PRESETS[PresetName.MAILGUN].table("eu")["smtp"]["host"] == "smtp.eu.mailgun.org"


@pytest.mark.parametrize(
    ("name", "region", "says"),
    [
        (PresetName.GOOGLE, "eu", "has no regions"),
        (PresetName.MAILGUN, "mars", "are us, eu"),
        (PresetName.SES, "evil.example.org/", "is no region"),
        (PresetName.SES, "", "is no region"),
    ],
)
def test_a_region_that_is_none_is_refused(name: PresetName, region: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        PRESETS[name].table(region)


@pytest.mark.parametrize(
    ("there", "said", "comes"),
    [
        ({"port": 465, "security": "tls"}, {"security": "starttls"}, {"security": "starttls"}),
        ({"port": 465, "security": "tls"}, {"port": 587}, {"port": 587}),
        ({"port": 2525, "security": "tls"}, {"security": "starttls"}, {"port": 2525, "security": "starttls"}),
        ({"port": 465, "security": "tls"}, {"host": "h"}, {"port": 465, "security": "tls", "host": "h"}),
        ({"port": 465, "security": "tls"}, {"port": 26, "security": "none"}, {"port": 26, "security": "none"}),
        ({"port": 465, "security": "tls", "ca_file": "/ca"}, {"ca_file": None}, {"port": 465, "security": "tls"}),
    ],
)
def test_port_and_security_follow_each_other_unless_the_pair_was_unusual(
    there: dict[str, Any], said: dict[str, Any], comes: dict[str, Any]
) -> None:
    assert overlay({"smtp": there}, {"smtp": said}) == {"smtp": comes}


def test_what_is_said_replaces_lists_and_takes_away_whole_tables() -> None:
    there = {"recipients": ["a"], "imap": {"host": "h"}, "limits": {"per_day": 1, "per_minute": 2}}
    said = {"recipients": ["b"], "imap": None, "limits": {"per_day": None}}
    assert overlay(there, said) == {"recipients": ["b"], "limits": {"per_minute": 2}}
