"""What a person decides on the page, through the functions of the command line on the real ledger; viewers look."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from consumers.ledger.acting_tables import mutes, suppressions
from consumers.ledger.reply_tables import replies
from consumers.ledger.tables import deliveries, events
from tests.web.conftest import Client, RunningPage
from tests.web.filling import fill, silence_some
from tests.web.view_pages import Elements, running


def prepare(engine: Any, now: int) -> None:
    fill(engine, 100, now=now)
    silence_some(engine, 2, now=now)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    """The application, once for this file: each test decides about rows of its own."""
    with running(tmp_path_factory.mktemp("decisions"), prepare) as page:
        yield page


@pytest.fixture(scope="module")
def client(filled: RunningPage) -> Client:
    """An admin."""
    return filled.admin()


def put(page: RunningPage, delivery: int, **values: Any) -> None:
    with page.ground.engine.begin() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id == delivery).values(**values))


def row(page: RunningPage, delivery: int) -> Any:
    with page.ground.engine.connect() as connection:
        return connection.execute(select(deliveries).where(deliveries.c.id == delivery)).one()


def actions(client: Client, path: str) -> list[str]:
    """Return where the forms of a page lead that change something, the log-out of the shell aside."""
    forms = Elements(client.get(path).text).all("form")
    return [str(each["action"]) for each in forms if each.get("method") == "post" and each["action"] != "/logout"]


@pytest.mark.parametrize(
    ("before", "decision", "after"),
    [
        ({"state": "failed"}, "retry", "pending"),
        ({"state": "deferred"}, "retry", "pending"),
        ({"state": "pending"}, "hold", "held"),
        ({"state": "held", "reason": "held_by_person"}, "release", "pending"),
        ({"state": "uncertain"}, "settle-sent", "sent"),
        ({"state": "uncertain"}, "settle-resend", "pending"),
    ],
)
def test_a_decision_is_offered_where_it_fits_and_changes_the_ledger(
    filled: RunningPage, client: Client, before: dict[str, str], decision: str, after: str
) -> None:
    put(filled, 5, due_at=None, **{"reason": None, **before})
    path = f"/deliveries/5/{decision}"
    assert path in actions(client, "/deliveries/5")
    answer = client.submit(path, page="/deliveries/5")
    assert (answer.status_code, answer.headers["location"]) == (303, "/deliveries/5")
    assert row(filled, 5).state == after
    assert row(filled, 5).updated_at == filled.clock.at
    assert 'class="notice good"' in client.get("/deliveries/5").text


def test_a_decision_that_fits_no_more_changes_nothing_and_says_why(filled: RunningPage, client: Client) -> None:
    put(filled, 5, state="sent", reason=None)
    assert actions(client, "/deliveries/5") == []
    for decision in ("retry", "hold", "release", "settle-sent"):
        client.submit(f"/deliveries/5/{decision}", page="/deliveries/5")
        assert "Nothing was changed: delivery 5 is sent" in client.get("/deliveries/5").text
    assert row(filled, 5).state == "sent"
    assert client.submit("/deliveries/5/resurrect", page="/deliveries/5").status_code == 404


def test_what_has_an_unusable_address_is_not_offered_to_be_sent_again(filled: RunningPage, client: Client) -> None:
    put(filled, 5, state="quarantined", reason="unusable_address:no_domain")
    assert actions(client, "/deliveries/5") == []


def test_an_event_in_quarantine_shows_its_bytes_and_is_planned_once_more(filled: RunningPage, client: Client) -> None:
    shown = client.get("/events/197").text
    assert "In quarantine: not json" in shown
    assert r"\x1b[2Jno \xff json \x00" in Elements(shown).text
    assert "000000  1b 5b 32 4a 6e 6f 20 ff" in shown
    assert actions(client, "/events/197") == []
    with filled.ground.engine.begin() as connection:
        connection.execute(update(events).where(events.c.id == 197).values(source="ci", event_id="mended"))
    assert actions(client, "/events/197") == ["/events/197/replay"]
    client.submit("/events/197/replay", page="/events/197")
    with filled.ground.engine.connect() as connection:
        assert connection.execute(select(events.c.state).where(events.c.id == 197)).scalar() == "accepted"
    client.submit("/events/197/replay", page="/events/197")
    assert "Nothing was changed" in client.get("/events/197").text


def test_an_address_is_suppressed_and_gets_mail_again(filled: RunningPage, client: Client) -> None:
    client.submit("/silences/add", {"address": "Ann@Example.com", "days": "3", "note": "on leave"}, "/silences")
    shown = client.get("/silences").text
    assert "Ann@example.com gets no mail for 3 days." in shown
    assert "on leave" in shown
    with filled.ground.engine.connect() as connection:
        kept = connection.execute(select(suppressions).where(suppressions.c.recipient == "Ann@example.com")).one()
    assert kept.until == filled.clock.at + 3 * 86_400_000
    client.submit("/silences/remove", {"recipient": kept.recipient_key}, "/silences")
    assert "gets mail again" in client.get("/silences").text
    client.submit("/silences/remove", {"recipient": kept.recipient_key}, "/silences")
    assert "it is not suppressed any more" in client.get("/silences").text


def test_what_cannot_be_suppressed_is_said_beside_its_field_and_stays_typed(
    filled: RunningPage, client: Client
) -> None:
    fields = {"address": "not an address", "days": "many", "note": "my note"}
    answer = client.submit("/silences/add", fields, "/silences")
    assert answer.status_code == 422
    found = Elements(answer.text)
    typed = {each["name"]: each for each in found.all("input") if each.get("name") in fields}
    assert {name: typed[name]["value"] for name in fields} == fields
    assert [name for name in fields if typed[name].get("aria-invalid") == "true"] == ["address", "days"]


def test_a_mute_is_ended(filled: RunningPage, client: Client) -> None:
    assert actions(client, "/silences/mutes") == ["/silences/mutes/2/remove", "/silences/mutes/1/remove"]
    client.submit("/silences/mutes/1/remove", page="/silences/mutes")
    client.submit("/silences/mutes/1/remove", page="/silences/mutes")
    assert "it has ended before" in client.get("/silences/mutes").text
    with filled.ground.engine.connect() as connection:
        assert connection.execute(select(mutes.c.id)).scalars().all() == [2]


def test_a_reply_is_understood_again_and_its_octets_are_never_shown(filled: RunningPage, client: Client) -> None:
    with filled.ground.engine.begin() as connection:
        raw = b"From: a@example.com\r\nSubject: new\r\n\r\n<b>hidden-octets</b>\r\n\r\n> quoted-octets\r\n"
        connection.execute(update(replies).where(replies.c.id == 1).values(raw=raw, outcome="unreadable"))
        connection.execute(update(replies).where(replies.c.id == 2).values(raw=None))
    shown = client.get("/replies/1").text
    assert "hidden-octets" not in shown
    assert 'href="/replies/1"' not in shown
    client.submit("/replies/1/reclassify", page="/replies/1")
    shown = client.get("/replies/1").text
    assert "It was understood again" in shown
    assert "not for us" in shown
    assert "quoted-octets" not in shown
    assert actions(client, "/replies/2") == []
    client.submit("/replies/2/reclassify", page="/replies/2")
    assert "its octets are kept no more" in client.get("/replies/2").text


def test_an_audit_is_begun_by_an_admin(client: Client) -> None:
    assert "/audit" in actions(client, "/")
    assert client.submit("/audit", page="/").status_code == 303


def test_a_viewer_sees_everything_and_no_button_and_every_change_is_refused(filled: RunningPage) -> None:
    put(filled, 5, state="uncertain")
    with filled.ground.engine.begin() as connection:
        connection.execute(update(events).where(events.c.id == 197).values(REPLAYABLE))
        connection.execute(insert(replies).values(**REPLY))
    client = filled.viewer()
    for path in ("/", "/deliveries", "/deliveries/5", "/events/197", "/replies/1", "/silences", "/silences/mutes"):
        assert client.get(path).status_code == 200
        assert actions(client, path) == []
    for path in (
        "/deliveries/5/settle-sent",
        "/events/197/replay",
        "/replies/1/reclassify",
        "/silences/add",
        "/silences/remove",
        "/silences/mutes/1/remove",
        "/audit",
    ):
        assert client.submit(path, {"address": "ann@example.com"}, "/deliveries").status_code == 403
    assert row(filled, 5).state == "uncertain"


def test_looking_changes_nothing(client: Client) -> None:
    for path in ("/deliveries/5/retry", "/events/197/replay", "/silences/add", "/audit"):
        assert client.get(path).status_code == 405


#: An event that could be planned once more.
REPLAYABLE = {"state": "quarantined", "source": "ci", "event_id": "mended again"}
#: A kept mail that answers nothing.
REPLY = {
    "profile_id": 1,
    "profile": "QA alerts",
    "folder": "INBOX",
    "uidvalidity": 1,
    "uid": 1,
    "sha256": "0",
    "size": 1,
    "kept_at": 0,
}
