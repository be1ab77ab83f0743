"""An exported profiles file is read back to no change, whatever stands in it, and shows no password."""

from __future__ import annotations

import string
import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from profiles.profile import ImapSettings, Limits, OnUncertain, Profile, Security, SmtpSettings
from profiles.profiles_file import read_profiles
from profiles.profiles_text import write_profiles
from profiles.seed import Action, make_plan
from profiles.store import Credentials, ProfileStore

words = st.text(string.ascii_letters + string.digits, min_size=1, max_size=12)
printable = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=30).filter(
    lambda text: text.isprintable() and text.strip()
)
addresses = st.builds("{}@{}.org".format, words, words.map(str.lower))
ports = st.integers(1, 65535)
names = printable.map(str.strip)
people = st.one_of(st.just(""), printable.filter(lambda text: "<" not in text and ">" not in text))
some = st.none() | st.integers(1, 10_000)


def servers(kind: Any, users: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        kind,
        host=words.map(str.lower).filter(lambda text: not text.isdigit()),
        port=ports,
        security=st.sampled_from(Security),
        username=users,
        ca_file=st.none() | words.map("/{}".format),
    )


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    user = draw(st.none() | names)
    return Profile(
        id=0,
        name=draw(names),
        from_address=draw(addresses),
        from_name=draw(people),
        recipients=tuple(draw(st.lists(addresses, unique_by=str.casefold, max_size=3))),
        smtp=draw(servers(SmtpSettings, st.just(user))),
        imap=draw(st.none() | servers(ImapSettings, names)),
        limits=Limits(draw(some), draw(some), draw(some)),
        enabled=draw(st.booleans()),
        reply_to=draw(st.none() | addresses),
        timezone=draw(st.sampled_from(["UTC", "Europe/Berlin"])),
        note=draw(st.text(st.characters(exclude_categories=("Cs",)), max_size=40)),
        on_uncertain=draw(st.sampled_from(OnUncertain)),
        plus_addressing=draw(st.booleans()),
        authserv_id=draw(st.none() | printable),
        retention_days=draw(some),
        credential_expires=draw(st.none() | st.dates(date(2000, 1, 1))),
        templates=draw(st.none() | words),
    )


# Whole profiles take long to draw on a busy machine, and nothing is learnt from how long.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(profiles(), min_size=1, max_size=2, unique_by=lambda profile: profile.name))
def test_what_is_written_is_read_back_the_same(written: list[Profile]) -> None:
    result = write_profiles(written)
    found = read_profiles(result.text, dict.fromkeys(result.variables, "x"), Path("/"))
    assert [draft.profile for draft in found.drafts] == written
    assert len(set(result.variables)) == len(result.variables), "each password has a variable of its own"
    assert found.warnings == () or all("without TLS" in warning for warning in found.warnings)


def test_seeding_an_export_changes_nothing(store: ProfileStore, draft: Profile) -> None:
    both = Credentials("sesame-out", "sesame-in")
    store.add(replace(draft, allowed_recipients=("example.com", "*.example.org")), both)
    store.add(replace(draft, name="Two", failover="QA alerts", imap=None), both)

    written = write_profiles(store.all())
    assert written.variables == ("QA_ALERTS_SMTP_PASSWORD", "QA_ALERTS_IMAP_PASSWORD", "TWO_SMTP_PASSWORD")
    assert "sesame" not in written.text
    secrets = dict(zip(written.variables, ("sesame-out", "sesame-in", "sesame-out"), strict=True))
    plan = make_plan(store, read_profiles(written.text, secrets, Path("/")).drafts)
    assert [change.action for change in plan.changes] == [Action.UNCHANGED] * 2


def test_names_that_make_the_same_variable_are_told_apart(draft: Profile) -> None:
    plain = replace(draft, imap=None)
    written = write_profiles([replace(plain, name=name) for name in ("A b", "A-b", "1", "дом")])
    assert written.variables == ("A_B_SMTP_PASSWORD", "A_B_SMTP_PASSWORD_2", "P_1_SMTP_PASSWORD", "SMTP_PASSWORD")


def test_what_goes_without_saying_is_not_written(draft: Profile) -> None:
    (table,) = tomllib.loads(write_profiles([Profile(0, "A", "a@x.org", SmtpSettings("h", 25))]).text)["profile"]
    assert table == {"name": "A", "from": "a@x.org", "smtp": {"host": "h", "port": 25, "security": "tls"}}
