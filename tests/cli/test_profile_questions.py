"""The questions of `runmail profiles new`: few, with sensible proposals, and asked again after a wrong answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from worker.cli.profile_questions import ask_settings


def ask(*answers: str, table: dict[str, Any] | None = None) -> tuple[dict[str, Any], str]:
    """Answer the questions line by line; return the settings and what stood on the screen."""
    given: dict[str, Any] = json.loads(json.dumps(table or {}))
    app = typer.Typer()

    @app.command()
    def answer() -> None:
        ask_settings(given, {"Taken"})

    done = CliRunner().invoke(app, input="".join(f"{line}\n" for line in answers), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return given, done.output


def test_enter_takes_what_is_proposed() -> None:
    found, screen = ask("", "qa@example.com", "", "smtp.example.com", "", "", "", "n")
    assert found == {
        "name": "QA alerts",
        "from": "qa@example.com",
        "recipients": [],
        "smtp": {"host": "smtp.example.com", "security": "tls", "port": 465},
    }
    assert "SMTP port [465]" in screen


def test_the_port_follows_the_security_and_imap_the_smtp_user() -> None:
    found, _ = ask("A", "a@x.org", "b@x.org, C@X.org", "h", "starttls", "", "user", "y", "i", "", "", "")
    assert found["recipients"] == ["b@x.org", "C@x.org"]
    assert found["smtp"] == {"host": "h", "security": "starttls", "port": 587, "username": "user"}
    assert found["imap"] == {"host": "i", "security": "tls", "port": 993, "username": "user"}


def test_the_security_follows_a_port_given_as_option() -> None:
    found, screen = ask("n", table={"name": "A", "from": "a@x.org", "recipients": [], "smtp": {
        "host": "h", "port": 587, "security": "starttls", "username": "u"}})  # fmt: skip
    assert "security" not in screen
    found, screen = ask("", "", "n", table={"name": "A", "from": "a@x.org", "recipients": [], "smtp": {
        "host": "h", "port": 587}})  # fmt: skip
    assert "SMTP security (tls, starttls, none) [starttls]" in screen
    assert found["smtp"]["port"] == 587


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        (("Taken", "A", "a@x.org", "", "h", "", "", "", "n"), "a profile “Taken” exists already"),
        (("A", "nobody", "a@x.org", "", "h", "", "", "", "n"), "an address is name@domain"),
        (("A", "a@x.org", "b@x.org, c d@x.org", "", "h", "", "", "", "n"), "cannot safely be sent to"),
        (("A", "a@x.org", "", "h h", "h", "", "", "", "n"), "no host name or IP address"),
        (("A", "a@x.org", "", "h", "ssl", "tls", "", "", "n"), "must be tls, starttls or none"),
        (("A", "a@x.org", "", "h", "", "99999", "465", "", "n"), "must be at most 65535"),
        (("A", "a@x.org", "", "h", "", "x", "465", "", "n"), "must be a whole number"),
    ],
)
def test_a_wrong_answer_is_explained_and_asked_for_again(answers: tuple[str, ...], says: str) -> None:
    found, screen = ask(*answers)
    assert says in screen
    assert (found["name"], found["from"]) == ("A", "a@x.org")
    assert (found["smtp"]["host"], found["smtp"]["port"]) == ("h", 465)


def test_what_options_gave_is_not_asked_for() -> None:
    table = {
        "name": "A",
        "from": "a@x.org",
        "recipients": ["b@x.org"],
        "smtp": {"host": "h", "port": 465, "security": "tls", "username": "u"},
        "imap": {"host": "i", "port": 993, "security": "tls", "username": "u"},
    }
    assert ask(table=table) == (table, "")
