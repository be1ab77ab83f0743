"""The overview as a page: what the broker holds, what a person should look at, and its picture."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import insert, update

from consumers.contract import Publisher, read_event
from consumers.ledger.tables import breakers, deliveries, events
from tests.web.conftest import StartPage
from tests.web.filling import fill, run_event
from tests.web.view_pages import Elements


def test_what_waits_on_the_queues_is_told_with_its_age(start_page: StartPage, redis_url: str) -> None:
    address = f"{redis_url}/77"
    page = start_page(broker_url=address)
    with Publisher(address) as publisher:
        publisher.publish_many([read_event(run_event(n, "QA alerts", "checkout")) for n in (1, 2)])
    page.clock.at = time.time_ns() // 1_000_000 + 150_000
    text = " ".join(Elements(page.admin().get("/").text).text.split())
    assert "2 on the queues, the first for 2 min" in text
    assert "What waits on the queues waits for 2 min" in text
    assert "The broker does not answer" not in text


def test_a_broker_that_is_not_there_is_said_and_keeps_nobody_waiting(start_page: StartPage) -> None:
    page = start_page(broker_url="redis://127.0.0.1:1/0")
    client = page.admin()
    client.get("/")
    begun = time.monotonic()
    assert "The broker does not answer" in client.get("/").text
    assert time.monotonic() - begun < 10


def test_what_a_person_should_look_at_is_named_and_leads_there(start_page: StartPage) -> None:
    page = start_page()
    fill(page.ground.engine, 40, now=page.clock.at)
    with page.ground.engine.begin() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id == 1).values(state="uncertain"))
        connection.execute(update(deliveries).where(deliveries.c.id == 2).values(state="held"))
        connection.execute(
            update(deliveries).where(deliveries.c.id == 3).values(state="pending", due_at=page.clock.at - 300_000)
        )
        connection.execute(update(events).where(events.c.id == 4).values(state="accepted"))
        values: dict[str, Any] = {"failures": 3, "openings": 1, "slow_level": 0, "epoch": "x", "updated_at": 1}
        connection.execute(insert(breakers).values(profile_id=1, reason="connection_refused", opened_at=1, **values))
    html = page.admin().get("/").text
    shown = Elements(html)
    text = " ".join(shown.text.split())
    assert "1 mail of which nobody knows whether it was taken." in text
    assert "1 mail held by a person" in text
    assert "1 event without a plan" in text
    assert "is left alone for now: connection refused" in text
    assert "5 min is overdue the longest" in text
    links = [link["href"] for link in shown.all("a")]
    assert {"/deliveries?state=uncertain", "/deliveries?state=held", "/events?state=accepted"} <= set(links)


def test_the_picture_says_in_words_and_numbers_what_it_shows(start_page: StartPage) -> None:
    page = start_page()
    fill(page.ground.engine, 40, now=page.clock.at, spread=20 * 3_600_000)
    shown = Elements(page.admin().get("/").text)
    (picture,) = [each for each in shown.all("svg") if each.get("role") == "img"]
    assert picture["aria-labelledby"] == "chart-title chart-desc"
    assert "40 mails in 24 hours: 34 sent, 2 waiting, 2 suppressed, 2 failed. The table below" in shown.text
    assert len(shown.all("rect")) >= 20
    assert not [each for _, each in shown.found if "style" in each]


def test_an_empty_installation_has_an_overview(start_page: StartPage) -> None:
    text = Elements(start_page().admin().get("/").text).text
    assert "0 mails in 24 hours" in text
