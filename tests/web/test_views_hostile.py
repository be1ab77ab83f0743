"""What strangers write stands on pages as text: no element, no escape of a terminal, no mark that reorders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from consumers.ledger.acting_tables import acknowledgements, issued_commands
from consumers.ledger.tables import breakers, deliveries
from tests.web.conftest import Client
from tests.web.filling import fill, silence_some
from tests.web.view_pages import PAGES, Elements, running, wait_for_audit

#: Breaks out of text, of an attribute and of a script; moves a terminal's cursor; reorders what is read.
HOSTILE = "\"'><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}\x1b[2J\x07\u202etxt\u2066\u200f<!--"
LISTS = ("/deliveries", "/events", "/replies", "/silences", "/silences/mutes", "/templates")
MISSING = ("/deliveries/0", "/deliveries/99999999", "/events/99999999", "/replies/99999999", "/deliveries/0/mail")
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def prepare(engine: Any, now: int) -> None:
    fill(engine, 100, now=now, hostile=HOSTILE)
    silence_some(engine, 3, now=now, hostile=HOSTILE)
    with engine.begin() as connection:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id == 10)
            .values(bounced="soft", bounced_status=HOSTILE, bounced_at=now)
        )
        connection.execute(
            insert(issued_commands).values(
                delivery_id=10, command=HOSTILE, reply_id=1, issued_by=HOSTILE, created_at=now
            )
        )
        connection.execute(
            insert(acknowledgements).values(
                profile_id=1, scope="x", severity=1, taken_by=HOSTILE, about=HOSTILE, event_row=10, created_at=now
            )
        )
        values = {"failures": 3, "openings": 1, "slow_level": 0, "epoch": "x", "updated_at": now, "opened_at": now}
        connection.execute(insert(breakers).values(profile_id=1, reason=HOSTILE, **values))
        assert connection.execute(select(deliveries.c.recipient).where(deliveries.c.id == 10)).scalar() == HOSTILE


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(tmp_path_factory.mktemp("hostile"), prepare) as page:
        client = page.admin()
        wait_for_audit(client)
        yield client


@pytest.mark.parametrize("path", [*PAGES, "/events/197", "/deliveries/18", "/replies/2", "/deliveries?suite=x"])
def test_hostile_text_in_every_field_stays_text(hostile: Client, path: str) -> None:
    page = hostile.get(path)
    assert page.status_code == 200
    found = Elements(page.text)
    assert [each for each in found.all("img") if "onerror" in each or each.get("src") == "x"] == []
    assert [each for each in found.all("script") if not (each.get("src") or "").startswith("/static/")] == []
    assert not [name for _, attributes in found.found for name in attributes if name.startswith("on")]
    assert "alert(2)" not in page.text or "alert(2)" in found.text + str(found.found)
    assert UNSEEN.findall(page.text) == []


def test_hostile_filters_come_back_as_text(hostile: Client) -> None:
    for path in LISTS:
        names = ("state", "suite", "recipient", "profile", "since", "until", "type", "outcome", "event", "set")
        page = hostile.get(path, params=dict.fromkeys(names, HOSTILE))
        assert page.status_code == 200, path
        assert "<img src=x" not in page.text
        assert UNSEEN.findall(page.text) == []


@pytest.mark.parametrize(
    "query",
    [
        "before=x",
        "before=-1",
        "before=99999999999999999999999999",
        "before=1~2~3",
        "before=~",
        "after=0",
        "after=1~",
        "before=%00",
        "before=5~abc",
        "since=9999-99-99T00:00",
        "since=0001-01-01T00:00%2B23:59",
        "until=9999-12-31T23:59",
        "state=nothing",
        "suite=%00%ff",
        "recipient=%00",
        "profile=" + "x" * 5_000,
        "event=999999999999999999",
        "event=sample:nothing",
        "suite=search&before=5",
        "before=5~6&recipient=a@example.com",
    ],
)
def test_no_query_breaks_a_page(hostile: Client, query: str) -> None:
    for path in (
        "/deliveries",
        "/deliveries/rows",
        "/events",
        "/events/10",
        "/replies",
        "/silences",
        "/silences/mutes",
        "/templates",
    ):
        assert hostile.get(f"{path}?{query}").status_code in (200, 414), path


@pytest.mark.parametrize("path", MISSING)
def test_what_is_not_there_is_said_to_be_missing(hostile: Client, path: str) -> None:
    assert hostile.get(path).status_code == 404


def test_a_number_too_large_for_the_database_is_missing_too(hostile: Client) -> None:
    for path in ("/deliveries", "/events", "/replies"):
        assert hostile.get(f"{path}/{'9' * 40}").status_code == 404
