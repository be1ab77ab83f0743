"""The pages in a browser: live rows that wait for who is busy, frames that can do nothing, and no script needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from sqlalchemy import insert, select, update

from consumers.ledger.tables import deliveries
from tests.web.conftest import RunningPage
from tests.web.filling import fill, silence_some
from tests.web.view_pages import running

pytestmark = pytest.mark.real("chromium")
PHONE, DESK = {"width": 375, "height": 800}, {"width": 1280, "height": 900}
SHOWN = (
    "/",
    "/deliveries",
    "/deliveries/10",
    "/events",
    "/events/10",
    "/replies",
    "/replies/1",
    "/silences",
    "/templates",
)


def prepare(engine: Any, now: int) -> None:
    fill(engine, 120, now=now)
    silence_some(engine, 3, now=now)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    with running(tmp_path_factory.mktemp("browser"), prepare) as page:
        yield page


def enter(page: RunningPage, browser: Browser, **options: Any) -> BrowserContext:
    """Return a window of an admin."""
    context = browser.new_context(base_url=page.address, **options)
    cookie = next(iter(page.admin().cookies.jar))
    context.add_cookies([{"name": cookie.name, "value": str(cookie.value), "url": page.address}])
    return context


def test_rows_change_by_themselves_and_wait_for_who_fills_in_a_filter(filled: RunningPage, browser: Browser) -> None:
    with enter(filled, browser, viewport=DESK) as context:
        window = context.new_page()
        window.goto("/deliveries")
        expect(window.get_by_role("status")).to_have_text("Live")
        window.get_by_label("Suite").focus()
        expect(window.get_by_role("status")).to_have_text("Paused")
        add(filled, "fresh-1@example.com")
        with pytest.raises(AssertionError):
            expect(window.get_by_text("fresh-1@example.com")).to_be_visible(timeout=6_000)
        window.evaluate("document.activeElement.blur()")
        expect(window.get_by_role("status")).to_have_text("Live")
        expect(window.get_by_text("fresh-1@example.com")).to_be_visible(timeout=30_000)


def add(page: RunningPage, recipient: str) -> None:
    with page.ground.engine.begin() as connection:
        row = connection.execute(select(deliveries).where(deliveries.c.id == 1)).mappings().one()
        new = {**row, "id": None, "recipient": recipient, "recipient_key": recipient}
        connection.execute(insert(deliveries).values({name: value for name, value in new.items() if name != "id"}))


def test_a_mail_in_its_frame_is_shown_and_runs_nothing(filled: RunningPage, browser: Browser) -> None:
    with enter(filled, browser, viewport=DESK) as context:
        window = context.new_page()
        said: list[str] = []
        window.on("console", lambda message: said.append(message.text))
        window.goto("/deliveries/10")
        frame = window.get_by_title("The mail as on a phone")
        frame.scroll_into_view_if_needed()
        expect(frame.content_frame.get_by_text("test_refund", exact=True)).to_be_visible()
        window.get_by_text("Desktop", exact=True).click()
        desk = window.get_by_title("The mail as on a desktop")
        expect(desk.content_frame.get_by_text("test_refund", exact=True)).to_be_visible()
        window.get_by_text("Text", exact=True).click()
        expect(window.get_by_label("The mail as text")).to_contain_text("test_refund")
        assert said == []


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_no_page_is_wider_than_the_screen_or_breaks_its_own_policy(
    filled: RunningPage, browser: Browser, viewport: Any
) -> None:
    with enter(filled, browser, viewport=viewport) as context:
        window = context.new_page()
        said: list[str] = []
        window.on("console", lambda message: said.append(message.text))
        for path in SHOWN:
            window.goto(path)
            assert window.evaluate("document.documentElement.scrollWidth") <= viewport["width"], path
        assert said == []


def test_filters_pages_and_decisions_need_no_script(filled: RunningPage, browser: Browser) -> None:
    with filled.ground.engine.begin() as connection:
        connection.execute(update(deliveries).where(deliveries.c.id == 18).values(state="failed"))
    with enter(filled, browser, viewport=PHONE, java_script_enabled=False) as context:
        window = context.new_page()
        window.goto("/deliveries")
        window.get_by_role("link", name="Older").click()
        assert "before=" in window.url
        window.get_by_label("State").select_option("failed")
        window.get_by_role("button", name="Filter").click()
        assert "state=failed" in window.url
        window.goto("/deliveries/18")
        window.get_by_role("button", name="Send again").click()
        expect(window.get_by_text("It will be sent now.")).to_be_visible()
        expect(window.get_by_role("button", name="Hold")).to_be_visible()
