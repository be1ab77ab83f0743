"""What the pages are given by the program: bells that ring on a real broker, and an admin's own templates."""

from __future__ import annotations

from pathlib import Path

import redis
from sqlalchemy import select, update

from consumers.ledger.tables import events
from tests.rig.waiting import wait_until
from tests.web.conftest import StartPage
from tests.web.filling import fill
from tests.web.view_pages import Elements


def test_an_event_that_is_planned_once_more_rings_the_planner(start_page: StartPage, redis_url: str) -> None:
    address = f"{redis_url}/78"
    page = start_page(broker_url=address)
    fill(page.ground.engine, 3, now=page.clock.at)
    with page.ground.engine.begin() as connection:
        connection.execute(update(events).where(events.c.id == 2).values(state="quarantined", reason="unknown_profile"))
    assert page.admin().submit("/events/2/replay", page="/events/2").status_code == 303
    with page.ground.engine.connect() as connection:
        assert connection.execute(select(events.c.state).where(events.c.id == 2)).scalar() == "accepted"
    client = redis.Redis.from_url(address)
    (body,) = wait_until(lambda: client.hvals("dramatiq:deliveries.msgs"))
    assert b'"actor_name":"plan"' in body
    assert b'"args":[[2]]' in body


def test_an_event_is_planned_once_more_although_the_broker_is_away(start_page: StartPage) -> None:
    page = start_page(broker_url="redis://127.0.0.1:1/0")
    fill(page.ground.engine, 3, now=page.clock.at)
    with page.ground.engine.begin() as connection:
        connection.execute(update(events).where(events.c.id == 2).values(state="skipped", reason="empty"))
    assert page.admin().submit("/events/2/replay", page="/events/2").status_code == 303
    with page.ground.engine.connect() as connection:
        assert connection.execute(select(events.c.state).where(events.c.id == 2)).scalar() == "accepted"


def test_an_admins_templates_are_listed_and_previewed_by_set(start_page: StartPage, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    for name, text in (
        ("alert/subject.txt", "OUR {{ view.title }}"),
        ("alert/body.txt", "our text"),
        ("sets/ops/alert/subject.txt", "OPS {{ subject is defined }}"),
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    client = start_page(templates=folder).admin()
    shown = Elements(client.get("/templates?type=runmail.alert&set=folder").text)
    assert "OUR Disk almost full" in shown.text
    assert "replaced here" in shown.text
    assert "replaced in the folder" in shown.text
    assert "OPS " in Elements(client.get("/templates?type=runmail.alert&set=set:ops").text).text
    assert "OUR" not in Elements(client.get("/templates?type=runmail.alert").text).text.replace("OUR {{", "")


def test_templates_that_a_worker_would_refuse_leave_the_page_with_the_built_in_ones(
    start_page: StartPage, tmp_path: Path
) -> None:
    path = tmp_path / "templates" / "alert" / "subject.txt"
    path.parent.mkdir(parents=True)
    path.write_text("{{ view.nothing }}")
    client = start_page(templates=path.parent.parent).admin()
    shown = Elements(client.get("/templates?type=runmail.alert").text)
    assert "Disk almost full" in shown.text
    assert "runmail templates check" in shown.text
