"""The profile form as a browser fills and sends it, without a screen."""

from __future__ import annotations

import html
import re
import time
from typing import Any

import httpx

from tests.rig.authority import Authority
from tests.rig.smtp_server import FaultySmtpServer
from tests.web.conftest import Client

LIST = "/settings/email"
NEW = f"{LIST}/new"
#: Seconds a test may take on a busy machine.
PATIENCE = 60.0


def filled(server: FaultySmtpServer, authority: Authority, **more: str) -> dict[str, str]:
    """Return a form that works with a server."""
    return {
        "name": "QA alerts",
        "from": "QA alerts <qa@example.com>",
        "recipients": "team@example.com",
        "smtp.host": "localhost",
        "smtp.port": str(server.port),
        "smtp.security": server.security,
        "smtp.username": "qa@example.com",
        "smtp.password": "sesame",
        "smtp.ca_file": str(authority.ca_file),
        "timezone": "UTC",
        "on_uncertain": "resend",
        **{name.replace("__", "."): value for name, value in more.items()},
    }


def shown(page: str) -> dict[str, str]:
    """Return the fields that a page's form shows, as a browser would send them again; passwords are among them."""
    form = page.partition('id="profile-form"')[2]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input [^>]*>", form):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if given.get("type") == "checkbox" and not re.search(r"\schecked(?=[\s>])", tag):
            continue
        found[given["name"]] = html.unescape(given.get("value", ""))
    for name, text in re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', form, re.DOTALL):
        found[name] = html.unescape(text)
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    return found


def send(client: Client, path: str, fields: dict[str, Any], action: str = "save") -> httpx.Response:
    return client.submit(path, {**fields, "action": action})


def follow(client: Client, answer: httpx.Response) -> httpx.Response:
    """Go where an answer leads."""
    assert answer.status_code == 303, answer.text[:2000]
    return client.get(answer.headers["location"].partition("#")[0])


def wait_for_test(client: Client, path: str) -> str:
    """Return the page of a form once its test has ended."""
    path = path.partition("#")[0]
    deadline = time.monotonic() + PATIENCE
    while "Testing …" in (text := client.get(path).text):
        assert time.monotonic() < deadline, text
        time.sleep(0.05)
    return text


def fault_at(page: str, field_id: str) -> str:
    """Return what a page says is wrong with a field, empty when nothing is."""
    found = re.search(rf'<p class="fault" id="{field_id}-fault">.*?<span>(.*?)</span>', page, re.DOTALL)
    return html.unescape(found[1]) if found else ""
