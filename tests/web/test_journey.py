"""The whole way of an admin, in a browser: no profile, the first one, mail out, an answer back, and the end of it.

Exim and Dovecot with TLS stand behind it, a worker takes events from Redis. On the way every page is looked at.
"""

from __future__ import annotations

import email
import email.policy
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from playwright.sync_api import Browser, Page, expect

from profiles.authors import PROGRAM
from profiles.page.shell.visitors import Role
from tests.inbound.acting.test_full_circle import answer, read_mailbox
from tests.rig.dovecot import Dovecot
from tests.rig.exim import Exim
from tests.rig.smtp_server import FaultySmtpServer
from tests.rig.spine import Spine, run_finished
from tests.web.eyes import Eyes
from worker.ground import lay_ground, now_milliseconds
from worker.migrate import migrate
from worker.settings import Settings
from worker.web.accounts import Accounts
from worker.web.composition import build_application
from worker.web.serve import WebServer

pytestmark = [
    pytest.mark.real("chromium"),
    pytest.mark.real("exim"),
    pytest.mark.real("dovecot"),
    pytest.mark.timeout(400),
]

SECRET = "correct horse battery"
PATIENCE = 60_000


@dataclass
class Scene:
    """Everything that runs: the page, a worker, the mail servers."""

    spine: Spine
    address: str
    exim: Exim
    dovecot: Dovecot
    eyes: Eyes
    wrong: list[str]

    def look(self, page: Page, name: str) -> None:
        """Take the pictures of a page; what is wrong with it is told at the end."""
        self.wrong += self.eyes.look(page, name)


@pytest.fixture
def scene(
    tmp_path: Path, redis_url: str, smtp_server: FaultySmtpServer, exim: Exim, dovecot: Dovecot
) -> Iterator[Scene]:
    number = redis.Redis.from_url(redis_url).incr("databases") % 500 + 1
    broker_url = f"{redis_url}/{number}"
    redis.Redis.from_url(broker_url).flushdb()
    ports = f"{exim.tls_port},{dovecot.tls_port}"
    settings = Settings(home=tmp_path / "state", database_url=None, secret_keys=None, mail_ports=ports)
    ground = lay_ground(settings)
    migrate(ground.engine)
    accounts = Accounts(ground.engine, now_milliseconds)
    accounts.add("ada", Role.ADMIN, SECRET, by=PROGRAM)
    accounts.add("victor", Role.VIEWER, SECRET, by=PROGRAM)
    spine = Spine(settings, ground, broker_url, tmp_path, smtp_server)
    server = WebServer(build_application(ground), "127.0.0.1", 0)
    port = server.start()
    spine.work()
    yield Scene(spine, f"http://127.0.0.1:{port}", exim, dovecot, Eyes.of(tmp_path), [])
    for stop in reversed(spine.stack):
        stop()
    server.stop()
    ground.engine.dispose()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    yield opened
    context.close()


def alert(event_id: str, *recipients: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": event_id,
        "source": "monitor.example.com",
        "type": "runmail.alert",
        "data": {
            "profile": "QA alerts",
            "recipients": list(recipients),
            "key": "staging-disk",
            "severity": "critical",
            "status": "firing",
            "title": "Disk of staging-db-1 is 97 % full",
            "description": "At this rate it is full in 40 minutes.",
        },
    }


def log_in(page: Page, scene: Scene, name: str) -> None:
    page.goto(scene.address)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(SECRET)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


def fill_in_port(page: Page, service: str, port: int) -> None:
    """Fill in a port, and its security after it: each is followed by the other, which the server sees to."""
    for change in (
        lambda: (page.locator(f"#{service}-port").fill(str(port)), page.locator(f"#{service}-port").press("Tab")),
        lambda: page.locator(f"#{service}-security").select_option("tls"),
    ):
        with page.expect_response(re.compile(r"/settings/email/ports")):
            change()
        # The answer is on its way into the page: a change of the fields that it replaces would be lost.
        expect(page.locator(f"#{service}-ports.htmx-request")).to_have_count(0)
    expect(page.locator(f"#{service}-port")).to_have_value(str(port))
    expect(page.locator(f"#{service}-security")).to_have_value("tls")


def fill_in(page: Page, scene: Scene) -> None:
    """Fill in the form of a profile, with a password that is wrong."""
    exim, dovecot = scene.exim, scene.dovecot
    page.locator("#name").fill("QA alerts")
    page.locator("#from").fill("QA alerts <qa@example.com>")
    page.locator("#recipients").fill("team@example.com")
    page.locator("#smtp-host").fill(exim.host)
    fill_in_port(page, "smtp", exim.tls_port)
    page.locator("#smtp-username").fill(exim.username)
    page.locator("#smtp-password").fill("not this one")
    page.get_by_text("Further settings").click()
    page.locator("#plus-addressing").check()
    page.locator("#smtp-ca-file").fill(str(exim.home.ca_file))
    page.get_by_text("IMAP – only if you receive replies").click()
    page.locator("#imap-on").check()
    page.locator("#imap-host").fill(dovecot.host)
    fill_in_port(page, "imap", dovecot.tls_port)
    page.locator("#imap-username").fill(dovecot.username)
    page.locator("#imap-password").fill(dovecot.password)
    page.locator("#imap-ca-file").fill(str(exim.home.ca_file))


def test_from_no_profile_to_an_answered_alert_and_back(scene: Scene, page: Page) -> None:
    console: list[str] = []
    page.on("console", lambda message: console.append(message.text) if message.type == "error" else None)
    page.goto(scene.address)
    scene.look(page, "login")
    log_in(page, scene, "ada")
    scene.look(page, "overview-empty")

    page.get_by_role("link", name="Email settings").first.click()
    expect(page.get_by_text("No email profiles configured")).to_be_visible()
    scene.look(page, "settings-empty")
    page.get_by_role("link", name="+ Create your first profile").click()
    fill_in(page, scene)
    page.get_by_role("button", name="Test SMTP").click()
    expect(page.get_by_text("The test failed.")).to_be_visible()
    expect(page.locator(".stage-advice").first).to_be_visible()
    scene.look(page, "form-failing-test")
    page.locator("#smtp-password").fill(scene.exim.password)
    page.get_by_role("button", name="Test SMTP").click()
    expect(page.locator("#smtp-test").get_by_text("Everything works.")).to_be_visible()
    page.get_by_role("button", name="Test IMAP").click()
    expect(page.locator("#imap-test").get_by_text("Everything works.")).to_be_visible()
    scene.look(page, "form-tested")
    assert scene.exim.password not in page.content()
    page.get_by_role("button", name="Create profile").click()
    expect(page.get_by_role("heading", name="QA alerts")).to_be_visible()
    scene.look(page, "settings")

    scene.spine.publish(alert("disk-1", "eva@example.com"), run_finished("run-1", "eva@example.com"))
    scene.spine.settled(sent=2)
    received = [
        email.message_from_bytes(raw, policy=email.policy.default) for raw in scene.exim.wait_for(2, seconds=60)
    ]
    (about,) = [mail for mail in received if "staging-db-1" in mail["Subject"]]
    answer(scene.exim, about, "ack", "eva@example.com")
    scene.exim.wait_for(3, seconds=60)
    read_mailbox(scene.spine)

    page.get_by_role("link", name="Deliveries").first.click()
    scene.look(page, "deliveries")
    page.get_by_role("row", name=re.compile("Alert")).get_by_role("link", name="eva@example.com").click()
    expect(page.get_by_text("Taken in hand by eva@example.com")).to_be_visible()
    page.locator("iframe").first.scroll_into_view_if_needed()
    expect(page.frame_locator("iframe").first.get_by_text("Disk of staging-db-1").first).to_be_visible()
    scene.look(page, "delivery")
    for place in ("Replies", "Events", "Silences", "Templates", "Overview", "Accounts"):
        page.get_by_role("link", name=place, exact=True).first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(place)
        scene.look(page, place.lower())
    page.get_by_role("link", name="Replies", exact=True).first.click()
    page.get_by_role("link", name="eva@example.com").first.click()
    scene.look(page, "reply")

    page.get_by_role("link", name="Email settings").first.click()
    page.get_by_role("link", name="Rotate credential of QA alerts").click()
    page.locator("#smtp-password").fill(scene.exim.password)
    page.get_by_role("button", name="Test and replace").click()
    expect(page.get_by_text("The new credential is kept, sealed.", exact=False)).to_be_visible()
    scene.look(page, "rotated")
    page.get_by_role("link", name="Back to the list").click()
    page.get_by_role("button", name="Disable QA alerts").click()
    expect(page.get_by_role("button", name="Enable QA alerts")).to_be_visible()
    scene.spine.publish(run_finished(f"run-{secrets.token_hex(2)}", "eva@example.com"))
    scene.spine.settled(held=1)
    page.get_by_role("link", name="Delete QA alerts").click()
    expect(page.get_by_text("Where its waiting mail goes")).to_be_visible()
    scene.look(page, "delete")
    page.get_by_label("It fails", exact=False).check()
    page.get_by_role("button", name="Delete profile").click()
    expect(page.get_by_text("No email profiles configured")).to_be_visible()
    scene.spine.settled(sent=2, failed=1)
    page.get_by_role("link", name="History").click()
    expect(page.get_by_role("row", name=re.compile("remove"))).to_contain_text("ada")
    scene.look(page, "history")

    scene.spine.balanced()
    assert scene.wrong == []
    assert console == []


def test_a_viewer_sees_and_is_offered_nothing_to_change(scene: Scene, page: Page) -> None:
    log_in(page, scene, "victor")
    page.get_by_role("link", name="Email settings").first.click()

    expect(page.get_by_text("An admin can create one.")).to_be_visible()
    answered = page.goto(f"{scene.address}/settings/email/new")
    assert answered is not None
    assert answered.status == 403
    scene.look(page, "viewer-refused")
    page.get_by_role("button", name="Log out").first.click()
    page.goto(f"{scene.address}/deliveries")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    assert scene.wrong == []
