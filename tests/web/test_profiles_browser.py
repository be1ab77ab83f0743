"""Email Settings in a browser: presets and ports at once, stages as they happen, and all of it without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from consumers.ledger.states import DeliveryState
from profiles.page.shell.visitors import Role
from tests.rig.authority import Authority
from tests.rig.fixtures import StartSmtpServer
from tests.rig.smtp_server import FaultySmtpServer
from tests.web.conftest import ADMIN, RunningPage, StartPage
from tests.web.profile_desk import PASSWORD, USER, keep_mail, keep_profile
from tests.web.profile_form import LIST, NEW

pytestmark = pytest.mark.real("chromium")
#: Milliseconds a page may take on a busy machine.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture
def server(start_smtp_server: StartSmtpServer, authority: Authority) -> FaultySmtpServer:
    return start_smtp_server(security="tls", context=authority.server_context(), users={USER: PASSWORD})


@pytest.fixture
def open_page(start_page: StartPage, server: FaultySmtpServer) -> RunningPage:
    return start_page(mail_ports=f"25,465,587,{server.port}")


@contextmanager
def window(browser: Browser, page: RunningPage, **options: Any) -> Iterator[Page]:
    """Open a window of an admin; a fault of a script or of the policy fails the test."""
    page.make_account(ADMIN, Role.ADMIN)
    context = browser.new_context(base_url=page.address, **options)
    context.set_default_timeout(PATIENCE)
    context.add_cookies([{"name": "runmail", "value": page.cookie(page.accounts.find(ADMIN)), "url": page.address}])
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    yield opened
    context.close()
    assert wrong == []


def fill(opened: Page, server: FaultySmtpServer, authority: Authority, password: str = PASSWORD) -> None:
    opened.fill("#name", "QA alerts")
    opened.fill("#from", "QA alerts <qa@example.com>")
    opened.fill("#smtp-host", "localhost")
    opened.fill("#smtp-username", USER)
    opened.fill("#smtp-password", password)
    opened.locator("#more-fold > summary").click()
    opened.fill("#smtp-ca-file", str(authority.ca_file))


def test_choices_fill_the_form_at_once_and_stages_come_by_themselves(
    browser: Browser, open_page: RunningPage, server: FaultySmtpServer, authority: Authority
) -> None:
    with window(browser, open_page) as opened:
        opened.goto(LIST)
        opened.get_by_role("link", name="+ Create your first profile").click()
        opened.focus("#preset")
        opened.select_option("#preset", "microsoft365")
        expect(opened.locator("#smtp-host")).to_have_value("smtp.office365.com")
        expect(opened.locator("#preset-told")).to_contain_text("app password")
        expect(opened.locator("#preset")).to_be_focused()
        opened.select_option("#smtp-security", "tls")
        expect(opened.locator("#smtp-port")).to_have_value("465")
        expect(opened.locator("#smtp-security-hint")).to_contain_text("The port follows security")
        opened.fill("#smtp-port", str(server.port))
        opened.locator("#smtp-port").press("Tab")
        expect(opened.locator('input[name="smtp.said"]')).to_have_value("port security")

        fill(opened, server, authority, "wrong")
        opened.get_by_role("button", name="Test SMTP").click()
        test = opened.locator("#smtp-test")
        expect(test).to_contain_text("The test failed.")
        expect(test).to_contain_text("user name or password is wrong")
        expect(test).to_have_attribute("aria-live", "polite")
        opened.fill("#smtp-password", PASSWORD)
        opened.get_by_role("button", name="Test SMTP").click()
        expect(test).to_contain_text("Everything works.")
        opened.get_by_role("button", name="Create profile").click()
        expect(opened.locator("#notices")).to_contain_text("Profile “QA alerts” is created.")
        expect(opened.locator(".profile")).to_contain_text("healthy")


def test_everything_but_watching_works_without_javascript(
    browser: Browser, open_page: RunningPage, server: FaultySmtpServer, authority: Authority
) -> None:
    with window(browser, open_page, java_script_enabled=False) as opened:
        opened.goto(NEW)
        opened.select_option("#preset", "fastmail")
        opened.get_by_role("button", name="Use preset").click()
        expect(opened.locator("#smtp-host")).to_have_value("smtp.fastmail.com")
        opened.fill("#smtp-port", str(server.port))
        fill(opened, server, authority)
        opened.get_by_role("button", name="Test SMTP").click()
        # The port was chosen, security follows: that is told first, and chosen back; the password stays kept.
        expect(opened.locator("main")).to_contain_text("security follows the port")
        opened.select_option("#smtp-security", "tls")
        opened.get_by_role("button", name="Test SMTP").click()
        expect(opened.locator("#smtp-test")).to_contain_text("Everything works.")
        opened.locator("#name").press("Enter")  # what Enter does is saving
        expect(opened.locator("#notices")).to_contain_text("is created")
        opened.get_by_role("link", name="Rotate credential of QA alerts").click()
        opened.fill("#smtp-password", "wrong")
        opened.get_by_role("button", name="Test and replace").click()
        expect(opened.locator("#rotate-test")).to_contain_text("The old credential stays")
        opened.get_by_role("button", name="Use it anyway").click()
        expect(opened.locator("#rotate-test")).to_contain_text("The new credential is kept")
        opened.goto(LIST)
        opened.get_by_role("button", name="Disable QA alerts").click()
        expect(opened.locator("#notices")).to_contain_text("is disabled")
        opened.get_by_role("link", name="Delete QA alerts").click()
        opened.get_by_role("button", name="Delete profile").click()
        expect(opened.locator("#notices")).to_contain_text("is deleted")
        expect(opened.locator("main")).to_contain_text("No email profiles configured")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (375, "dark")])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(
    browser: Browser, open_page: RunningPage, server: FaultySmtpServer, authority: Authority, width: int, scheme: Any
) -> None:
    with window(browser, open_page, viewport={"width": width, "height": 900}, color_scheme=scheme) as opened:
        found = []

        def look(path: str) -> None:
            results = Axe().run(opened)
            found.extend(
                f"{path}: {each['id']}: {each['nodes'][0]['html'][:200]}"
                for each in results.response["violations"]
                if each["impact"] in ("serious", "critical")
            )
            if opened.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                found.append(f"{path} is wider than {width}")

        opened.goto(LIST)
        look("empty")
        profile = keep_profile(open_page, server, authority)
        keep_mail(open_page.ground.engine, profile, DeliveryState.PENDING, taken=3)
        keep_profile(open_page, server, authority, "Spare")
        for path in ("", f"/{profile.id}/rotate", f"/{profile.id}/delete", "/history"):
            opened.goto(f"{LIST}{path}")
            look(path)
        opened.goto(f"{LIST}/{profile.id}/edit")
        for fold in ("#imap-fold", "#more-fold"):
            opened.locator(f"{fold} > summary").click()
        opened.fill("#smtp-port", "x")
        look("edit")
        opened.get_by_role("button", name="Save").last.click()
        expect(opened.locator("#faults")).to_be_visible()
        look("faults")
        opened.goto(LIST)
        opened.get_by_role("button", name="Test QA alerts").click()
        expect(opened.locator("#test")).to_contain_text("Everything works.")
        look("test")
        assert found == []
