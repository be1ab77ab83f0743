"""A mail on the page: made by the code that makes it for sending, in a frame that can do nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from consumers.ledger.tables import deliveries, events
from consumers.mails.template_samples import samples
from consumers.views.web.shown_mail import inert
from tests.web.conftest import Client, RunningPage
from tests.web.filling import fill
from tests.web.view_pages import Elements, running


def prepare(engine: Any, now: int) -> None:
    fill(engine, 10, now=now)
    summary = next(sample.event for sample in samples() if sample.event.type == "runmail.summary.ready")
    document = {**json.loads(json.dumps(summary.to_json())), "id": "week-47"}
    document["data"]["profile"] = "QA alerts"
    with engine.begin() as connection:
        body = json.dumps(document).encode()
        connection.execute(update(events).where(events.c.id == 3).values(type=summary.type, body=body))
        connection.execute(update(deliveries).where(deliveries.c.id == 4).values(profile_id=99, profile="Gone"))
        connection.execute(update(events).where(events.c.id == 5).values(body=b"{}"))


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    with running(tmp_path_factory.mktemp("mails"), prepare) as page:
        yield page


@pytest.fixture(scope="module")
def client(mails: RunningPage) -> Client:
    return mails.admin()


@pytest.mark.parametrize("path", ["/deliveries/1/mail", "/templates/mail?type=runmail.alert"])
def test_the_document_of_a_mail_may_do_nothing_but_be_looked_at(client: Client, path: str) -> None:
    answer = client.get(path)
    policy = dict(part.split(" ", 1) if " " in part else (part, "") for part in POLICY(answer))
    assert policy["sandbox"] == ""
    assert policy["default-src"] == "'none'"
    assert policy["img-src"] == "data:"
    assert policy["frame-ancestors"] == "'self'"
    assert "script-src" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"


def POLICY(answer: Any) -> list[str]:  # noqa: N802
    return [part.strip() for part in answer.headers["Content-Security-Policy"].split(";")]


def test_the_frames_of_a_page_are_sandboxed_and_named(client: Client) -> None:
    for path in ("/deliveries/1", "/templates"):
        frames = Elements(client.get(path).text).all("iframe")
        assert [frame["sandbox"] for frame in frames] == ["", ""]
        assert [frame["width"] for frame in frames] == ["375", "800"]
        assert all(frame["title"] for frame in frames)
        for frame in frames:
            assert client.get(str(frame["src"])).status_code == 200


def test_the_mail_is_the_one_that_is_sent(mails: RunningPage, client: Client) -> None:
    page = client.get("/deliveries/1").text
    assert "search · main · 1 of 9 failed" in page
    assert "test_refund" in client.get("/deliveries/1/mail").text
    assert "assert 1 == 2" in page


def test_pictures_by_content_id_are_inside_the_document(client: Client) -> None:
    images = Elements(client.get("/deliveries/3/mail").text).all("img")
    assert images
    assert all(str(image["src"]).startswith("data:image/png;base64,") for image in images)


def test_a_mail_whose_profile_is_gone_or_whose_event_makes_none_says_so(client: Client) -> None:
    assert "Its profile was removed" in client.get("/deliveries/4").text
    assert client.get("/deliveries/4/mail").status_code == 404
    assert "The event makes no mail" in client.get("/deliveries/5").text
    assert client.get("/deliveries/5/mail").status_code == 404


def test_every_link_of_a_mail_would_open_a_window_that_the_sandbox_forbids() -> None:
    page = inert('<!doctype html><html><HEAD lang=en><title>x</title></HEAD><body><a target="_self" href="http://x">')
    assert '<HEAD lang=en><base target="_blank">' in page
    assert "_self" not in page
    assert inert("<body class=x><a href=y>").startswith('<base target="_blank"><body')
    assert inert("text").startswith('<!doctype html><base target="_blank">')


@pytest.mark.parametrize("kind", ["runmail.run.finished", "runmail.summary.ready", "runmail.alert"])
def test_every_sample_of_every_type_is_previewed(client: Client, kind: str) -> None:
    for sample in samples():
        if sample.event.type == kind:
            answer = client.get("/templates/mail", params={"type": kind, "event": f"sample:{sample.name}"})
            assert answer.status_code == 200, sample.name


def test_a_stored_event_is_offered_and_previewed(client: Client) -> None:
    page = client.get("/templates?type=runmail.run.finished&event=1").text
    assert '<option value="1" selected>run-1</option>' in page
    assert "search · main · 1 of 9 failed" in page
    assert "The event cannot be read" in client.get("/templates?type=runmail.run.finished&event=5").text
    assert "There is no such event" in client.get("/templates?type=runmail.alert&event=999").text
